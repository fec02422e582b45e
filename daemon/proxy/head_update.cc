#include "daemon/proxy/head_update.h"

#include "daemon/caching/validation.h"
#include "daemon/proxy/labels.h"
#include "daemon/proxy/lead.h"
#include "daemon/proxy/pass.h"
#include "daemon/proxy/respond.h"
#include "daemon/proxy/synthetic.h"
#include "daemon/proxy/upload.h"

namespace ringwall::proxy {
namespace {

constexpr http::FieldMask preconditions = {
    http::FieldName::if_none_match, http::FieldName::if_modified_since, http::FieldName::if_match,
    http::FieldName::if_unmodified_since, http::FieldName::range};

void update(Exchange& x, Question& question, const cache::Hit& stored, const Source& source) {
  const http::ResponseHead& head = source.client.head();
  if (!caching::same_representation(head, stored.head(), stored.content_length())) {
    cache::Purge purge;
    purge.text = question.key();
    purge.soft = true;
    x.facilities.store->purge(purge);
    return;
  }
  RenewedHead renewed(x, stored.head(), stored.facts().status, head);
  if (!renewed.ok()) return;
  caching::Verdict verdict = question.judge(renewed.head(), source.asked_at_s);
  if (!verdict.store) return;
  verdict.facts.origin_ms = stored.facts().origin_ms;
  StoredHead head_to_store(x, question, renewed.head(), verdict);
  if (!head_to_store.ok()) return;
  cache::Found found = question.find_late();
  auto* fill = std::get_if<cache::Fill>(&found.way);
  if (fill == nullptr) return;
  if (fill->renew(stored, verdict.facts, head_to_store.lines(), head_to_store.labels())) {
    x.facilities.stats.add(stats::Counter::cache_validations);
  }
}

}  // namespace

io::Task<void> pass_head(Exchange& x, Question& question, std::optional<cache::Hit> stored) {
  if (x.request().fields.present().intersects(preconditions)) stored.reset();
  Ask ask;
  ask.normalised = true;
  Upload none;
  FetchResult fetched = co_await fetch(x, ask, none);
  unsigned status = fetched.source == nullptr ? fetched.status : fetched.source->client.head().status;
  bool failed = caching::is_origin_failure(status);
  if (failed && stored && question.serves_on_error(stored->facts())) {
    if (fetched.source != nullptr) fetched.source->lease.close();
    x.record.cache = CacheOutcome::stale;
    x.told.forward_status = status;
    x.told.detail = "stale-if-error";
    stored->hold_off(x.loop().wall_seconds() + hold_off_s);
    co_await respond_hit(x, std::move(*stored), x.told);
    co_return;
  }
  if (fetched.source == nullptr) {
    co_await respond_error(x, fetched.status, fetched.why);
    co_return;
  }
  Source& source = *fetched.source;
  if (stored && source.client.head().status == 200) update(x, question, *stored, source);
  x.told.forward_status = source.client.head().status;
  co_await relay(x, source, x.told, true);
  finish_source(source);
}

}  // namespace ringwall::proxy
