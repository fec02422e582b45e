#include "daemon/proxy/lookup.h"

#include "daemon/caching/freshness.h"
#include "daemon/caching/validation.h"
#include "daemon/proxy/detached.h"
#include "daemon/proxy/fill.h"
#include "daemon/proxy/head_update.h"
#include "daemon/proxy/lead.h"
#include "daemon/proxy/pass.h"
#include "daemon/proxy/question.h"
#include "daemon/proxy/respond.h"
#include "daemon/proxy/slices.h"
#include "daemon/proxy/synthetic.h"

namespace ringwall::proxy {
namespace {

using Forward = http::CacheStatus::Forward;

// A lookup that ends in an abandoned fill, or in one for other requests, is made again.
constexpr unsigned lookups_max = 8;
// Of these, after a part of the response was sent already.
constexpr unsigned resumes_max = 2;

http::CacheStatus hit_status(const caching::Reuse& reuse) {
  http::CacheStatus status;
  status.hit = true;
  if (reuse.stale) status.detail = reuse.rule;
  return status;
}

/// A stored response answers, fresh or stale.
io::Task<void> serve(Exchange& x, cache::Hit hit, const caching::Reuse& reuse) {
  x.record.cache = reuse.stale ? CacheOutcome::stale : CacheOutcome::hit;
  http::CacheStatus status = hit_status(reuse);
  x.told = status;
  return respond_hit(x, std::move(hit), status);
}

/// Why the request goes to the origin, for Cache-Status.
void tell(Exchange& x, const Question& question, const cache::Found& found) {
  x.told = {};
  bool stale = question.reuse().rule == "stale" || question.reuse().rule == "must-revalidate" ||
               question.reuse().rule == "no-cache" || question.reuse().rule == "purged";
  x.told.forward = found.stored      ? (stale ? Forward::stale : Forward::request)
                   : found.variants ? Forward::vary_miss
                                    : Forward::uri_miss;
  if (found.stored && question.reuse().rule != "stale") x.told.detail = question.reuse().rule;
}

std::string_view word_of(cache::Busy busy) {
  switch (busy) {
    case cache::Busy::marked: return "uncacheable";
    case cache::Busy::alone: return "alone";
    default: return "busy";
  }
}

/// Outcome of a request that goes to the origin for itself.
CacheOutcome outcome_of(cache::Busy busy) {
  switch (busy) {
    case cache::Busy::marked: return CacheOutcome::uncacheable;
    case cache::Busy::alone: return CacheOutcome::miss;
    default: return CacheOutcome::busy;
  }
}

/// The bounds of waiting are reached: stale if it may be, else as the route says.
io::Task<FollowEnd> no_more_waiting(Exchange& x, Question& question,
                                    std::optional<cache::Hit> stored) {
  if (stored && question.serves_on_error(stored->facts())) {
    x.record.cache = CacheOutcome::stale;
    x.told.detail = "lock-timeout";
    co_await respond_hit(x, std::move(*stored), x.told);
    co_return FollowEnd::answered;
  }
  x.record.cache = CacheOutcome::busy;
  if (question.settings().overflow == conf::RouteCache::Overflow::reject) {
    co_await respond_error(x, 503, "lock-timeout");
    co_return FollowEnd::answered;
  }
  x.told.detail = "busy";
  Lead alone;
  alone.stored = std::move(stored);
  co_return co_await lead(x, question, std::move(alone));
}

/// The leader's origin failed: what is stored; else one takes over, for the fault may have been of
/// that one request; or the same error.
io::Task<FollowEnd> failed_for_all(Exchange& x, Question& question, cache::Facts facts,
                                   std::optional<cache::Hit> stored) {
  if (x.client.head_sent()) {
    co_await respond_error(x, 502, "fill-abandoned");
    co_return FollowEnd::answered;
  }
  if (stored && question.serves_on_error(stored->facts())) {
    x.record.cache = CacheOutcome::stale;
    x.told.detail = "stale-if-error";
    co_await respond_hit(x, std::move(*stored), x.told);
    co_return FollowEnd::answered;
  }
  if (!caching::has(facts, caching::error_again) && !x.takes_over) {
    x.takes_over = true;
    co_return FollowEnd::abandoned;
  }
  co_await respond_error(x, facts.status, "origin-failed");
  co_return FollowEnd::answered;
}

/// Another's fill. `abandoned` and `other`: look again; `cut`: where it may be resumed.
io::Task<FollowEnd> follow(Exchange& x, Question& question, cache::Follow followed,
                           std::optional<cache::Hit> stored) {
  unsigned most = question.settings().waiters_max;
  if (most != 0 && followed.followers_here() > most) {
    co_return co_await no_more_waiting(x, question, std::move(stored));
  }
  if (followed.purged_soft()) {
    // Purged before this request came: it is stale, and there is no validating it before its end.
    bool over = co_await await_end(x, followed, x.loop().now() + x.route->cache.lock_timeout);
    if (over) co_return FollowEnd::abandoned;
    co_return co_await no_more_waiting(x, question, std::move(stored));
  }
  x.record.cache = CacheOutcome::collapsed;
  FollowEnd end = co_await respond_follow(x, followed, question, false);
  switch (end) {
    case FollowEnd::failed: {
      cache::Facts facts = followed.facts();
      co_return co_await failed_for_all(x, question, facts, std::move(stored));
    }
    case FollowEnd::late: {
      co_return co_await no_more_waiting(x, question, std::move(stored));
    }
    case FollowEnd::unshared: {
      x.record.cache = CacheOutcome::uncacheable;
      Lead alone;
      alone.stored = std::move(stored);
      co_return co_await lead(x, question, std::move(alone));
    }
    default:
      co_return end;
  }
}

/// A range of a response that must not be stored is the origin's business; so are the next ones.
io::Task<void> pass_range(Exchange& x, const Question& question) {
  auto remember = std::chrono::duration_cast<std::chrono::seconds>(
      question.settings().uncacheable_time);
  remember_uncacheable(x.facilities, question.key(), static_cast<uint32_t>(remember.count()));
  x.record.cache = CacheOutcome::uncacheable;
  PassReason reason;
  reason.forward = x.told.forward;
  reason.detail = x.told.detail;
  return pass(x, reason);
}

/// Whether slices are the way: nothing of the whole is stored, and nobody fetches it.
bool goes_in_slices(const Exchange& x, const Question& question, const cache::Found& found) {
  if (x.client.head_sent() || found.stored) return false;
  if (std::holds_alternative<cache::Fill>(found.way)) return is_sliced(x, question);
  auto* busy = std::get_if<cache::Busy>(&found.way);
  bool sliceable = busy != nullptr && (*busy == cache::Busy::alone || *busy == cache::Busy::marked);
  return sliceable && (may_slice(x) || is_sliced(x, question));
}

/// In slices, as far as they go. `other`: as a whole.
io::Task<FollowEnd> through_slices(Exchange& x, const Question& question) {
  FollowEnd end = co_await serve_slices(x, question.plan(), question.key());
  if (end == FollowEnd::unshared) {
    co_await pass_range(x, question);
    co_return FollowEnd::answered;
  }
  co_return end;
}

/// The lookup of a request that slices may serve: it takes no permit before that is settled, which
/// others would wait for.
bool asks_first(const Exchange& x) {
  return x.route->cache.slice_size != 0 && !x.client.head_sent() &&
         x.request().method == http::Method::get &&
         x.request().fields.has(http::FieldName::range);
}

/// Where the route stores only what is asked for often.
void count_use(Exchange& x, const Question& question) {
  const conf::RouteCache& settings = question.settings();
  if (settings.min_uses <= 1 || x.uses != 0) return;
  auto window = std::chrono::duration_cast<std::chrono::seconds>(settings.min_uses_time);
  x.uses = x.facilities.store->note_use(question.key(), x.loop().wall_seconds(),
                                        static_cast<uint32_t>(window.count()));
}

/// One way of what a lookup found.
io::Task<FollowEnd> take(Exchange& x, Question& question, cache::Found found) {
  if (auto* hit = std::get_if<cache::Hit>(&found.way)) {
    if (found.refresh) refresh(x, question, std::move(*found.refresh), hit->share());
    co_await serve(x, std::move(*hit), question.reuse());
    co_return FollowEnd::answered;
  }
  tell(x, question, found);
  count_use(x, question);
  if (auto* followed = std::get_if<cache::Follow>(&found.way)) {
    co_return co_await follow(x, question, std::move(*followed), std::move(found.stored));
  }
  Lead way;
  way.stored = std::move(found.stored);
  if (auto* fill = std::get_if<cache::Fill>(&found.way)) {
    x.record.cache = CacheOutcome::miss;
    way.fill = std::move(*fill);
  } else {
    cache::Busy busy = std::get<cache::Busy>(found.way);
    x.record.cache = outcome_of(busy);
    if (x.told.detail.empty()) x.told.detail = word_of(busy);
  }
  co_return co_await lead(x, question, std::move(way));
}

/// What the lookup found, and again where that came to nothing.
io::Task<void> through_cache(Exchange& x, caching::Plan plan, std::string_view key,
                             caching::Reuse reuse, cache::Found found) {
  Question question(x, plan, key);
  question.remember(reuse);
  unsigned resumes = 0;
  for (unsigned lookup = 1;; ++lookup) {
    if (goes_in_slices(x, question, found)) {
      tell(x, question, found);
      FollowEnd sliced = co_await through_slices(x, question);
      if (sliced != FollowEnd::other) co_return;
      found = question.find();
    } else if (auto* busy = std::get_if<cache::Busy>(&found.way);
               busy != nullptr && *busy == cache::Busy::alone && asks_first(x)) {
      found = question.find();  // something is stored: validated as a whole
    }
    bool led = std::holds_alternative<cache::Fill>(found.way);
    FollowEnd end = co_await take(x, question, std::move(found));
    if (end == FollowEnd::answered || end == FollowEnd::gone) co_return;
    // What we fetched ourselves in vain is tried again as often as what was cut.
    bool in_vain = end == FollowEnd::cut || (led && end == FollowEnd::abandoned);
    bool lost = end == FollowEnd::failed || (end == FollowEnd::cut && !x.resume);
    if (lost || (in_vain && ++resumes > resumes_max)) {
      co_await respond_error(x, 502, "fill-abandoned");
      co_return;
    }
    if (lookup == lookups_max) break;
    found = asks_first(x) ? question.find_without_permit() : question.find();
  }
  if (x.client.head_sent()) {
    co_await respond_error(x, 502, "fill-abandoned");
    co_return;
  }
  x.record.cache = CacheOutcome::busy;
  PassReason reason;
  reason.forward = x.told.forward;
  reason.detail = "busy";
  co_await pass(x, reason);
}

/// Requests with credentials: a stored response that is for all, or the origin for this one alone.
io::Task<void> alone(Exchange& x, caching::Plan plan, std::string_view key) {
  Question question(x, plan, key);
  auto hit = question.peek();
  if (hit && question.answers()) {
    co_await serve(x, std::move(*hit), question.reuse());
    co_return;
  }
  x.record.cache = CacheOutcome::pass;
  x.told = {};
  x.told.forward = Forward::request;
  x.told.detail = plan.detail;
  Lead way;
  // What is stored for others is not for this client even when it is validated.
  if (hit && caching::has(hit->facts(), caching::for_credentials)) way.stored = std::move(hit);
  FollowEnd end = co_await lead(x, question, std::move(way));
  if (end != FollowEnd::answered && end != FollowEnd::gone) {
    co_await respond_error(x, 502, "fill-abandoned");
  }
}

/// A stored response or 504 (RFC 9111 section 5.2.1.7).
io::Task<void> only_if_cached(Exchange& x, caching::Plan plan, std::string_view key) {
  Question question(x, plan, key);
  auto hit = question.peek();
  if (hit && question.answers()) {
    co_await serve(x, std::move(*hit), question.reuse());
    co_return;
  }
  x.record.cache = CacheOutcome::miss;
  x.told = {};
  x.told.detail = "only-if-cached";
  co_await respond_error(x, 504, "only-if-cached");
}

/// HEAD asks nothing of an origin that a stored GET can answer, but fills nothing either.
io::Task<void> look_for_head(Exchange& x, caching::Plan plan, std::string_view key) {
  Question question(x, plan, key);
  auto hit = question.peek();
  if (hit && question.answers()) {
    co_await serve(x, std::move(*hit), question.reuse());
    co_return;
  }
  x.record.cache = CacheOutcome::pass;
  x.told = {};
  x.told.forward = hit ? Forward::stale : Forward::uri_miss;
  x.told.detail = "head";
  // What one client gets for its credentials says nothing of what is stored for others.
  if (hit && plan.authorized && !caching::has(hit->facts(), caching::for_credentials)) hit.reset();
  co_await pass_head(x, question, std::move(hit));
}

}  // namespace

// A room that only decides is no coroutine of its own but gives the task of the next one: a hit, the
// most common way, costs one frame where it would cost three.
io::Task<void> look_up(Exchange& x, const caching::Plan& plan, std::string_view key) {
  if (plan.demands.only_if_cached) return only_if_cached(x, plan, key);
  if (x.request().method == http::Method::head) return look_for_head(x, plan, key);
  if (plan.way == caching::Plan::Way::alone) return alone(x, plan, key);
  Question question(x, plan, key);
  cache::Found found = asks_first(x) ? question.find_without_permit() : question.find();
  if (auto* hit = std::get_if<cache::Hit>(&found.way); hit != nullptr && !found.refresh) {
    return serve(x, std::move(*hit), question.reuse());
  }
  return through_cache(x, plan, key, question.reuse(), std::move(found));
}

}  // namespace ringwall::proxy
