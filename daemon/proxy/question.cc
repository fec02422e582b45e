#include "daemon/proxy/question.h"

#include "daemon/caching/freshness.h"
#include "daemon/caching/vary.h"

namespace ringwall::proxy {

cache::Lookup Question::lookup() const {
  cache::Lookup lookup;
  lookup.key = key_;
  lookup.now = exchange_.loop().wall_seconds();
  lookup.context = this;
  lookup.selects = selects;
  lookup.use = use;
  lookup.describe = describe;
  lookup.variants_max = settings().variants_max;
  return lookup;
}

cache::Found Question::find() {
  reuse_ = {};
  return exchange_.facilities.store->find(lookup());
}

cache::Found Question::find_without_permit() {
  reuse_ = {};
  cache::Lookup lookup = this->lookup();
  lookup.permit = false;
  return exchange_.facilities.store->find(lookup);
}

std::optional<cache::Hit> Question::peek() {
  reuse_ = {};
  auto hit = exchange_.facilities.store->peek(lookup());
  if (!hit) return hit;
  cache::Candidate candidate{hit->facts(), hit->hits(), hit->purged_soft(), 0};
  reuse_ = caching::reuse(candidate, plan_, settings(), exchange_.loop().wall_seconds());
  return hit;
}

cache::Found Question::find_late() {
  cache::Lookup lookup = this->lookup();
  lookup.use = [](const cache::Candidate&, const void*) { return cache::Use::replace; };
  lookup.despite_marker = true;
  return exchange_.facilities.store->find(lookup);
}

cache::Found Question::find_as_part() {
  cache::Lookup lookup = this->lookup();
  lookup.use = [](const cache::Candidate& candidate, const void*) {
    return candidate.purged_soft ? cache::Use::replace : cache::Use::serve;
  };
  return exchange_.facilities.store->find(lookup);
}

caching::Verdict Question::judge(const http::ResponseHead& head, int64_t asked_at_s) const {
  caching::Times times;
  times.requested_s = asked_at_s;
  times.received_s = exchange_.loop().wall_seconds();
  caching::Verdict verdict = caching::judge(head, plan_.authorized, times, settings());
  int64_t origin_us = std::max<int64_t>(exchange_.record.first_byte_us, 0);
  verdict.facts.origin_ms = static_cast<uint32_t>(origin_us / 1000);
  return verdict;
}

bool Question::serves(const cache::Facts& facts) const {
  cache::Candidate candidate{facts, 0, false, 0};
  caching::Reuse reuse =
      caching::reuse(candidate, plan_, settings(), exchange_.loop().wall_seconds());
  return reuse.use == cache::Use::serve || reuse.use == cache::Use::serve_and_refresh;
}

bool Question::serves_on_error(const cache::Facts& facts) const {
  return caching::usable_on_error(facts, plan_, settings(), exchange_.loop().wall_seconds());
}

bool Question::selected_by(std::string_view selectors) const {
  return selectors.empty() ||
         caching::selects(selectors, exchange_.request().fields, settings());
}

bool Question::selects(std::string_view selectors, const void* self) {
  return static_cast<const Question*>(self)->selected_by(selectors);
}

cache::Use Question::use(const cache::Candidate& candidate, const void* self) {
  const auto& question = *static_cast<const Question*>(self);
  question.reuse_ = caching::reuse(candidate, question.plan_, question.settings(),
                                   question.exchange_.loop().wall_seconds());
  return question.reuse_.use;
}

size_t Question::describe(std::string_view model, std::span<char> out, const void* self) {
  const auto& question = *static_cast<const Question*>(self);
  return caching::describe_like(model, question.exchange_.request().fields, question.settings(),
                                out);
}

}  // namespace ringwall::proxy
