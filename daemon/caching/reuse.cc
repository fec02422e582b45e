#include "daemon/caching/reuse.h"

#include <algorithm>
#include <optional>

#include "daemon/caching/freshness.h"

namespace ringwall::caching {
namespace {

using cache::Use;

bool refused_to_credentials(const cache::Facts& stored, const Plan& plan) {
  return plan.authorized && !has(stored, Flag::for_credentials);
}

/// The directive of the request that a response of this age, with so much left of its lifetime,
/// does not satisfy (RFC 9111 sections 5.2.1.1, 5.2.1.3 and 5.2.1.4); empty: none.
std::string_view unsatisfied(const Demands& demands, uint32_t age, int64_t left) {
  if (demands.no_cache) return "request-no-cache";
  // max-age=0 is a reload, also in the second in which the response came.
  if (demands.max_age && (*demands.max_age == 0 || age > *demands.max_age)) {
    return "request-max-age";
  }
  if (demands.min_fresh && left < *demands.min_fresh) return "min-fresh";
  return {};
}

/// Whether the request asks for a fresh response: max-age does so without max-stale (section
/// 5.2.1.1), min-fresh always.
std::string_view wants_fresh(const Demands& demands) {
  bool takes_stale = demands.max_stale_any || demands.max_stale;
  if (demands.max_age && !takes_stale) return "request-max-age";
  return demands.min_fresh ? std::string_view("min-fresh") : std::string_view();
}

Reuse judge_fresh(const cache::Candidate& stored, const conf::RouteCache& settings, int64_t left,
                  base::WallSeconds now) {
  bool soon = left <= seconds_of(settings.refresh_ahead);
  if (soon && stored.hits >= popular_hits && stored.held_off_until <= now) {
    return {Use::serve_and_refresh, false, "refresh-ahead"};
  }
  return {Use::serve, false, "fresh"};
}

/// The rule that lets it be served although it has been stale for `staleness` seconds; empty: none.
std::string_view allowed_stale(const cache::Candidate& stored, const Demands& demands,
                               const conf::RouteCache& settings, int64_t staleness) {
  const cache::Facts& facts = stored.facts;
  auto within = [staleness](uint32_t window) { return window > 0 && staleness <= window; };
  if (within(facts.stale_while_revalidate_s)) return "stale-while-revalidate";
  if (within(seconds_of(settings.grace))) return "grace";
  // What was purged is stale for a reason that no client knows of.
  if (stored.purged_soft) return {};
  if (demands.max_stale_any) return "max-stale";
  if (demands.max_stale && staleness <= *demands.max_stale) return "max-stale";
  return {};
}

Reuse judge_stale(const cache::Candidate& stored, const Plan& plan,
                  const conf::RouteCache& settings, int64_t staleness, base::WallSeconds now) {
  // Section 4.2.4: no allowance stands against these.
  if (has(stored.facts, Flag::must_revalidate)) return {Use::replace, false, "must-revalidate"};
  std::string_view wanted = wants_fresh(plan.demands);
  if (!wanted.empty()) return {Use::replace, false, wanted};
  std::string_view rule = allowed_stale(stored, plan.demands, settings, staleness);
  // The origin has just failed: it gets some rest.
  bool rests = rule.empty() && stored.held_off_until > now;
  if (rests && usable_on_error(stored.facts, plan, settings, now)) {
    return {Use::serve, true, "stale-if-error"};
  }
  if (rule.empty()) return {Use::replace, false, stored.purged_soft ? "purged" : "stale"};
  // The client that allows it asks for no refresh, and whoever asks for less will bring it about.
  bool refresh = rule != "max-stale" && stored.held_off_until <= now;
  return {refresh ? Use::serve_and_refresh : Use::serve, true, rule};
}

Reuse judge(const cache::Candidate& stored, const Plan& plan, const conf::RouteCache& settings,
            base::WallSeconds now) {
  const cache::Facts& facts = stored.facts;
  if (refused_to_credentials(facts, plan)) return {Use::alone, false, "authorization"};
  if (has(facts, Flag::always_validate)) return {Use::alone, false, "no-cache"};
  int64_t left = remaining(facts, now);
  if (stored.purged_soft) left = std::min<int64_t>(left, 0);
  std::string_view rule = unsatisfied(plan.demands, current_age(facts, now), left);
  if (!rule.empty()) return {Use::replace, false, rule};
  if (left <= 0) return judge_stale(stored, plan, settings, -left, now);
  return judge_fresh(stored, settings, left, now);
}

}  // namespace

Reuse reuse(const cache::Candidate& stored, const Plan& plan, const conf::RouteCache& settings,
            base::WallSeconds now) {
  Reuse judged = judge(stored, plan, settings, now);
  // Section 5.2.1.7: nothing will be fetched, so no permit to do so must be taken from others.
  if (plan.demands.only_if_cached && judged.use == Use::replace) judged.use = Use::alone;
  if (plan.demands.only_if_cached && judged.use == Use::serve_and_refresh) judged.use = Use::serve;
  return judged;
}

bool usable_on_error(const cache::Facts& stored, const Plan& plan, const conf::RouteCache& settings,
                     base::WallSeconds now) {
  if (has(stored, Flag::must_revalidate) || has(stored, Flag::always_validate)) return false;
  if (refused_to_credentials(stored, plan)) return false;
  int64_t left = remaining(stored, now);
  if (!unsatisfied(plan.demands, current_age(stored, now), left).empty()) return false;
  uint32_t window = std::max({stored.stale_if_error_s, plan.demands.stale_if_error.value_or(0),
                              seconds_of(settings.grace)});
  // A request that asks for fresh responses but allows stale ones on errors means these.
  if (!wants_fresh(plan.demands).empty() && !plan.demands.stale_if_error) return false;
  return window > 0 && -left <= window;
}

}  // namespace ringwall::caching
