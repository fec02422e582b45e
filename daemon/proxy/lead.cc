#include "daemon/proxy/lead.h"

#include "daemon/caching/freshness.h"
#include "daemon/caching/reuse.h"
#include "daemon/caching/storable.h"
#include "daemon/caching/validation.h"
#include "daemon/proxy/fill.h"
#include "daemon/proxy/labels.h"
#include "daemon/proxy/pass.h"
#include "daemon/proxy/response_fields.h"
#include "daemon/proxy/synthetic.h"
#include "daemon/proxy/upload.h"

namespace ringwall::proxy {
namespace {

/// Those who wait get to know that the origin failed: they use what is stored, or one of them asks
/// again, and when that fails too they answer with the same error. (One of each worker may, where a
/// worker hears of the first failure only after the second.) Letting each of them ask for itself
/// would send a failing origin all that was collapsed.
void tell_failure(Exchange& x, std::optional<cache::Fill>& fill, unsigned status) {
  if (!fill) return;
  cache::Facts facts;
  facts.status = static_cast<uint16_t>(status);
  facts.flags = caching::error;
  if (x.takes_over) facts.flags |= caching::error_again;
  facts.response_time_s = static_cast<uint32_t>(x.loop().wall_seconds());
  fill->dismiss(facts);
  fill.reset();
}

/// RFC 9111 section 4.2.4, RFC 5861 section 4: the stored response although it is stale.
io::Task<void> serve_stale(Exchange& x, Lead& lead, unsigned status) {
  tell_failure(x, lead.fill, status);
  lead.stored->hold_off(x.loop().wall_seconds() + hold_off_s);
  x.record.cache = CacheOutcome::stale;
  x.facilities.stats.add(stats::Counter::cache_stale_if_error);
  x.told.forward_status = status;
  x.told.detail = "stale-if-error";
  return respond_hit(x, std::move(*lead.stored), x.told);
}

/// The content of `source` is not wanted.
void give_up(Source& source) {
  source.lease.close();
}

bool is_range_request(const Exchange& x) {
  return x.request().fields.has(http::FieldName::range);
}

/// Not to be stored: the client gets it directly.
io::Task<void> relay_unstored(Exchange& x, Source& source, std::string_view reason) {
  x.told.forward_status = source.client.head().status;
  x.told.detail = reason;
  co_await relay(x, source, x.told, true);
  finish_source(source);
}

/// The permit for a response that came without one.
void find_permit(Question& question, Lead& lead) {
  if (lead.fill) return;
  cache::Found found = question.find_late();
  if (auto* fill = std::get_if<cache::Fill>(&found.way)) lead.fill = std::move(*fill);
}

/// What stands against storing besides the rules; empty: nothing.
std::string_view too_large(const Exchange& x, std::optional<uint64_t> length) {
  return length && *length > x.object_bytes_max() ? "object-size" : std::string_view();
}

std::optional<uint64_t> known_length(const Source& source) {
  const http::Framing& framing = source.client.framing();
  bool known = framing.kind == http::Framing::Kind::length ||
               framing.kind == http::Framing::Kind::none;
  return known ? std::optional<uint64_t>(framing.length) : std::nullopt;
}

/// The response is not for the cache.
io::Task<FollowEnd> leave_unstored(Exchange& x, Question& question, Lead lead,
                                   std::unique_ptr<Source> source, std::string_view reason) {
  x.record.cache = CacheOutcome::uncacheable;
  unsigned status = source->client.head().status;
  if (caching::is_origin_failure(status)) {
    tell_failure(x, lead.fill, status);
  } else if (lead.fill) {
    auto remember = std::chrono::duration_cast<std::chrono::seconds>(
        question.settings().uncacheable_time);
    lead.fill->uncacheable(static_cast<uint32_t>(remember.count()));
    lead.fill.reset();
  }
  if (x.detached || x.client.head_sent()) {
    give_up(*source);
    if (!x.detached) x.client.abandon();  // it has the begin of something else
    co_return FollowEnd::answered;
  }
  if (is_range_request(x) && status == 200 && reason == "object-size") {
    // The whole was asked for in the hope of storing it; the client wants a part.
    give_up(*source);
    PassReason why;
    why.forward = x.told.forward;
    why.detail = reason;
    co_await pass(x, why);
    co_return FollowEnd::answered;
  }
  co_await relay_unstored(x, *source, reason);
  co_return FollowEnd::answered;
}

/// Stores the response and sends it from the segment.
io::Task<FollowEnd> store(Exchange& x, Question& question, Lead lead,
                          std::unique_ptr<Source> source, caching::Verdict verdict) {
  const http::ResponseHead& head = source->client.head();
  StoredHead stored(x, question, head, verdict);
  if (!stored.ok()) {
    co_return co_await leave_unstored(x, question, std::move(lead), std::move(source), "vary");
  }
  x.told.forward_status = head.status;
  bool began = lead.fill->begin_head(verdict.facts, stored.lines(), known_length(*source),
                                     stored.labels());
  if (!began) {
    x.record.cache = CacheOutcome::no_room;
    lead.fill.reset();
    stored.release();
    if (x.detached || x.client.head_sent()) {
      give_up(*source);
      if (!x.detached) x.client.abandon();
    } else {
      co_await relay_unstored(x, *source, "no-room");
    }
    co_return FollowEnd::answered;
  }
  if (verdict.withholds) x.withheld = withheld_lines(head, question.settings());
  stored.release();
  cache::Follow follow = lead.fill->follow();
  auto job = std::make_shared<FillJob>();
  job->source = std::move(source);
  job->leader_waits = !x.detached;
  // What is stored already has been asked for often enough.
  job->keep = question.settings().min_uses <= 1 || lead.stored || x.detached ||
              x.uses >= question.settings().min_uses;
  x.told.stored = job->keep;
  job->finish_percent = question.settings().finish_percent;
  FillBegin began_content = begin_content(x, job, std::move(*lead.fill), x.object_bytes_max());
  lead.fill.reset();
  if (began_content == FillBegin::broken) {
    co_await respond_error(x, 502, "bad-content");
    co_return FollowEnd::answered;
  }
  if (began_content == FillBegin::no_memory) {
    co_await respond_error(x, 503, "no-memory");
    co_return FollowEnd::answered;
  }
  if (x.detached) co_return FollowEnd::answered;
  bool resumed = x.client.head_sent();
  FollowEnd end = co_await respond_follow(x, follow, question, true);
  job->leader_waits = false;
  job->leader_gone = end == FollowEnd::gone;
  // No room for the rest: it goes on from the source, where all before it was sent.
  if (end == FollowEnd::cut && job->source != nullptr) {
    x.record.cache = CacheOutcome::no_room;
    if (resumed || x.record.status == 206) {
      give_up(*job->source);
      co_await respond_error(x, 502, "no-room");
      co_return FollowEnd::answered;
    }
    co_await relay_content(x, *job->source, true);
    finish_source(*job->source);
    co_return FollowEnd::answered;
  }
  co_return end;
}

/// A successful validation: the stored response goes on, with the fields of the 304.
io::Task<FollowEnd> renew(Exchange& x, Question& question, Lead lead, Source& source) {
  const http::ResponseHead& head = source.client.head();
  RenewedHead renewed(x, lead.stored->head(), lead.stored->facts().status, head);
  finish_source(source);
  x.record.cache = CacheOutcome::revalidated;
  x.facilities.stats.add(stats::Counter::cache_validations);
  x.told.forward_status = 304;
  if (!renewed.ok()) {
    // Fields that do not fit: the old ones are as good as ever, once.
    lead.fill.reset();
    co_await respond_hit(x, std::move(*lead.stored), x.told);
    co_return FollowEnd::answered;
  }
  caching::Verdict verdict = question.judge(renewed.head(), source.asked_at_s);
  caching::Times times{source.asked_at_s, x.loop().wall_seconds()};
  verdict.facts.age_at_response_s = std::max(verdict.facts.age_at_response_s,
                                             caching::initial_age(head.fields, times));
  if (verdict.store) find_permit(question, lead);
  if (verdict.store && lead.fill) {
    StoredHead stored(x, question, renewed.head(), verdict);
    bool done = stored.ok() && lead.fill->renew(*lead.stored, verdict.facts, stored.lines(),
                                                stored.labels());
    if (done) {
      x.told.stored = true;
      if (x.detached) co_return FollowEnd::answered;
      cache::Follow follow = lead.fill->follow();
      lead.fill.reset();
      stored.release();
      co_return co_await respond_follow(x, follow, question, true);
    }
  } else if (lead.fill) {
    lead.fill->uncacheable(0);
  }
  lead.fill.reset();
  if (x.detached) co_return FollowEnd::answered;
  verdict.facts.status = lead.stored->facts().status;
  co_await respond_stored(x, std::move(*lead.stored), verdict.facts, renewed.lines(), x.told);
  co_return FollowEnd::answered;
}

/// Whether those who wait would fare no better: it was not this request's own fault or time, nor
/// that its worker ends.
bool concerns_all(const FetchResult& fetched) {
  return fetched.status >= 500 && fetched.why != "exchange-timeout" && fetched.why != "stopped";
}

/// No response at all.
io::Task<FollowEnd> fail(Exchange& x, Question& question, Lead lead, FetchResult fetched) {
  bool origin = fetched.status >= 500;
  if (origin && lead.stored && question.serves_on_error(lead.stored->facts())) {
    co_await serve_stale(x, lead, fetched.status);
    co_return FollowEnd::answered;
  }
  if (concerns_all(fetched)) {
    tell_failure(x, lead.fill, fetched.status);
  } else {
    lead.fill.reset();  // another takes over
  }
  co_await respond_error(x, fetched.status, fetched.why);
  co_return FollowEnd::answered;
}

}  // namespace

io::Task<FollowEnd> lead(Exchange& x, Question& question, Lead lead) {
  Ask ask;
  ask.shared = lead.fill.has_value();
  ask.complete = lead.fill.has_value() || lead.stored.has_value();
  ask.normalised = true;
  if (lead.stored) ask.validates = lead.stored->head();
  Upload none;
  FetchResult fetched = co_await fetch(x, ask, none);
  bool conditional = !ask.validates.empty();
  if (fetched.source != nullptr && conditional && fetched.source->client.head().status == 304) {
    if (caching::confirms(fetched.source->client.head().fields, lead.stored->head())) {
      co_return co_await renew(x, question, std::move(lead), *fetched.source);
    }
    // About another response than ours (RFC 9111 section 4.3.3): the whole, then.
    finish_source(*fetched.source);
    fetched.source.reset();
    ask.validates = {};
    fetched = co_await fetch(x, ask, none);
  }
  if (fetched.source == nullptr) {
    co_return co_await fail(x, question, std::move(lead), std::move(fetched));
  }
  Source& source = *fetched.source;
  const http::ResponseHead& head = source.client.head();
  if (caching::is_origin_failure(head.status) && lead.stored &&
      question.serves_on_error(lead.stored->facts())) {
    unsigned status = head.status;
    give_up(source);
    co_await serve_stale(x, lead, status);
    co_return FollowEnd::answered;
  }
  caching::Verdict verdict = question.judge(head, source.asked_at_s);
  std::string_view reason = verdict.store ? too_large(x, known_length(source)) : verdict.reason;
  if (verdict.store && reason.empty()) {
    find_permit(question, lead);
    if (!lead.fill) reason = "busy";
  }
  if (!reason.empty()) {
    co_return co_await leave_unstored(x, question, std::move(lead), std::move(fetched.source),
                                      reason);
  }
  co_return co_await store(x, question, std::move(lead), std::move(fetched.source), verdict);
}

}  // namespace ringwall::proxy
