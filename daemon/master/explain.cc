#include "daemon/master/explain.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "daemon/caching/freshness.h"
#include "daemon/caching/preconditions.h"
#include "daemon/caching/reuse.h"
#include "daemon/caching/storable.h"
#include "daemon/caching/validation.h"
#include "daemon/caching/vary.h"

namespace ringwall::master {
namespace {

using cache::Use;
using control::ExplainedEntry;
using control::ExplainReport;
using Kind = cache::Store::Listed::Kind;
using Way = caching::Plan::Way;

std::vector<std::string> lines_of(std::string_view text) {
  std::vector<std::string> lines;
  while (!text.empty()) {
    size_t end = std::min(text.find('\n'), text.size());
    lines.emplace_back(text.substr(0, end));
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return lines;
}

std::string_view word_of(Use use) {
  switch (use) {
    case Use::serve: return "serve";
    case Use::serve_and_refresh: return "serve and refresh";
    case Use::replace: return "replace";
    case Use::alone: return "alone";
  }
  return "";
}

std::vector<std::string> flag_words(const cache::Facts& facts) {
  constexpr std::pair<caching::Flag, const char*> words[] = {
      {caching::must_revalidate, "never served stale (must-revalidate, s-maxage or the like)"},
      {caching::always_validate, "validated at each use"},
      {caching::validator, "has a validator"},
      {caching::strong_validator, "its entity tag is strong"},
      {caching::heuristic, "its lifetime is a guess"},
      {caching::operators, "its lifetime is the operator's"},
      {caching::for_credentials, "may answer requests with Authorization"},
      {caching::error, "an origin's failure, not a response"},
      {caching::error_again, "of the second that asked for all who wait"},
      {caching::targeted, "a targeted field decided (CDN-Cache-Control)"}};
  std::vector<std::string> out;
  for (const auto& [flag, word] : words) {
    if (caching::has(facts, flag)) out.emplace_back(word);
  }
  return out;
}

/// What gave the lifetime: judged again from the stored head where that comes to the same, which it
/// does unless settings have changed since.
std::string lifetime_source(const Inspected& stored, const conf::RouteCache& settings) {
  const cache::Facts& facts = stored.entry.facts;
  http::ResponseHead head;
  head.status = facts.status;
  if (caching::read_lines(stored.head, head.fields)) {
    caching::Times times{facts.response_time_s, facts.response_time_s};
    caching::Verdict verdict = caching::judge(head, false, times, settings);
    if (verdict.store && verdict.facts.lifetime_s == facts.lifetime_s) {
      return std::string(verdict.reason);
    }
  }
  if (caching::has(facts, caching::operators)) return "operator";
  return caching::has(facts, caching::heuristic) ? "heuristic" : "response";
}

/// The first selecting field in which the request differs from what the response is for.
std::string difference(const std::string& selectors, const http::FieldSection& request,
                       const conf::RouteCache& settings) {
  std::array<char, cache::selectors_bytes_max> room;
  size_t length = caching::describe_like(selectors, request, settings, room);
  std::vector<std::string> theirs = lines_of(selectors);
  std::vector<std::string> ours = lines_of({room.data(), length});
  for (size_t i = 0; i < std::min(theirs.size(), ours.size()); ++i) {
    if (theirs[i] == ours[i]) continue;
    return fmt::format("it is for \"{}\", the request counts as \"{}\"", theirs[i], ours[i]);
  }
  return "its selecting fields differ from the request's";
}

/// Everything about one entry that has nothing to do with others.
class Describer {
 public:
  Describer(const Explaining& explaining, const caching::Plan& plan)
      : request_(explaining.asked.request()),
        settings_(explaining.route->cache),
        plan_(plan),
        now_(explaining.now) {}

  bool fits(const Inspected& one) const {
    return one.selectors.empty() || caching::selects(one.selectors, request_.fields, settings_);
  }

  caching::Reuse reuse(const Inspected& one) const {
    cache::Candidate candidate{one.entry.facts, one.entry.hits, one.entry.purged_soft,
                               one.entry.held_off_until};
    return caching::reuse(candidate, plan_, settings_, now_);
  }

  bool usable_on_error(const Inspected& one) const {
    return caching::usable_on_error(one.entry.facts, plan_, settings_, now_);
  }

  ExplainedEntry describe(const Inspected& one) const {
    ExplainedEntry out;
    out.selectors = lines_of(one.selectors);
    out.tags = one.entry.tags;
    out.idle_ms = one.entry.idle_ms;
    if (one.is(Kind::marker)) {
      out.kind = "marker";
      out.marked_s = std::max<int64_t>(one.entry.marked_until - now_, 0);
      return out;
    }
    out.kind = one.is(Kind::fill) ? "fill" : "stored";
    out.bytes = one.is(Kind::fill) ? one.entry.content_length : one.entry.bytes;
    describe_facts(one, out);
    if (one.is(Kind::stored) && fits(one)) {
      caching::Reuse judged = reuse(one);
      out.use = word_of(judged.use);
      out.rule = judged.rule;
      out.usable_on_error = usable_on_error(one);
    }
    return out;
  }

 private:
  void describe_facts(const Inspected& one, ExplainedEntry& out) const {
    const cache::Facts& facts = one.entry.facts;
    out.status = facts.status;
    if (facts.status == 0) return;  // a fill without a head yet
    out.received_at = facts.response_time_s;
    out.age_at_response_s = facts.age_at_response_s;
    out.age_s = caching::current_age(facts, now_);
    out.lifetime_s = facts.lifetime_s;
    out.lifetime_from = lifetime_source(one, settings_);
    out.remaining_s = caching::remaining(facts, now_);
    out.stale_while_revalidate_s = facts.stale_while_revalidate_s;
    out.stale_if_error_s = facts.stale_if_error_s;
    out.flags = flag_words(facts);
    out.etag = caching::stored_value(one.head, "etag");
    out.last_modified = caching::stored_value(one.head, "last-modified");
    out.origin_ms = facts.origin_ms;
    out.hits = one.entry.hits;
    out.purged_soft = one.entry.purged_soft;
    out.used_again = one.entry.protected_;
    out.held_off_s = std::max<int64_t>(int64_t{one.entry.held_off_until} - now_, 0);
  }

  const http::RequestHead& request_;
  const conf::RouteCache& settings_;
  const caching::Plan& plan_;
  base::WallSeconds now_;
};

/// What of a key's entries counts for the request.
struct Choice {
  bool variants = false;              // something is stored, whether it fits or not
  const Inspected* stored = nullptr;  // the youngest that fits
  const Inspected* fill = nullptr;
  const Inspected* marker = nullptr;
};

Choice choose(const std::vector<Inspected>& entries, const Describer& describer,
              base::WallSeconds now) {
  Choice choice;
  for (const Inspected& one : entries) {
    bool is_marker = one.is(Kind::marker);
    if (is_marker && one.entry.marked_until > now) choice.marker = &one;
    choice.variants = choice.variants || one.is(Kind::stored);
    if (is_marker || !describer.fits(one)) continue;
    const Inspected*& place = one.is(Kind::fill) ? choice.fill : choice.stored;
    if (place == nullptr) place = &one;
  }
  return choice;
}

std::string why_not(const Inspected& one, const ExplainedEntry& described, const Choice& choice,
                    bool passes, const http::FieldSection& request,
                    const conf::RouteCache& settings) {
  if (described.selected) return {};
  if (passes) return "the request passes by the cache";
  if (one.is(Kind::marker)) {
    return &one == choice.marker ? "it counts where there is nothing to answer or wait for"
                                 : "it has run out";
  }
  bool fits = one.selectors.empty() || caching::selects(one.selectors, request, settings);
  if (!fits) return difference(one.selectors, request, settings);
  if (one.is(Kind::fill)) return "a stored response answers";
  return "a younger one fits too";
}

struct Outcome {
  std::string_view what;
  std::string_view reason;
};

bool serves(Use use) {
  return use == Use::serve || use == Use::serve_and_refresh;
}

Outcome served(const caching::Reuse& reuse, bool refreshed) {
  bool refresh = reuse.use == Use::serve_and_refresh && !refreshed;
  if (reuse.stale) return {refresh ? "stale hit and refresh" : "stale hit", reuse.rule};
  return {refresh ? "hit and refresh" : "hit", reuse.rule};
}

/// What the proxy does with what it finds: its ways in daemon/proxy/lookup.cc.
Outcome outcome_of(const Explaining& explaining, const caching::Plan& plan, const Choice& choice,
                   const caching::Reuse& reuse) {
  if (plan.way == Way::pass) return {"pass", plan.detail};
  bool head = explaining.asked.request().method == http::Method::head;
  // These look without taking a permit to refresh.
  bool only_looks = plan.demands.only_if_cached || head || plan.way == Way::alone;
  if (choice.stored != nullptr && serves(reuse.use)) {
    return served(reuse, only_looks || choice.fill != nullptr);
  }
  if (plan.demands.only_if_cached) return {"refuse", "only-if-cached"};
  bool validates =
      choice.stored != nullptr && caching::has(choice.stored->entry.facts, caching::validator);
  // Where nothing fits, the words of RFC 9211 that Cache-Status has.
  std::string_view rule = choice.stored != nullptr ? reuse.rule
                          : choice.variants        ? "vary-miss"
                                                   : "uri-miss";
  if (head) {
    return {validates ? "validate" : "fetch alone", "head"};
  }
  if (plan.way == Way::alone) {
    bool may = validates && caching::has(choice.stored->entry.facts, caching::for_credentials);
    return {may ? "validate" : "fetch alone", plan.detail};
  }
  if (choice.stored != nullptr && reuse.use == Use::alone) {
    return {validates ? "validate" : "fetch alone", rule};
  }
  if (choice.fill != nullptr) return {"follow", rule};
  if (choice.marker != nullptr) return {"fetch alone", "uncacheable"};
  return {validates ? "validate" : "fetch", rule};
}

void explain_entries(const Explaining& explaining, const Planned& planned,
                     const std::vector<Inspected>& entries, ExplainReport& report) {
  const http::FieldSection& fields = explaining.asked.request().fields;
  Describer describer(explaining, planned.plan);
  Choice choice = choose(entries, describer, explaining.now);
  caching::Reuse reuse;
  if (choice.stored != nullptr) reuse = describer.reuse(*choice.stored);
  Outcome outcome = outcome_of(explaining, planned.plan, choice, reuse);
  bool follows = outcome.what == "follow";
  bool marked = outcome.what == "fetch alone" && outcome.reason == "uncacheable";
  bool passes = planned.plan.way == Way::pass;
  for (const Inspected& one : entries) {
    ExplainedEntry described = describer.describe(one);
    described.selected =
        !passes && (&one == choice.stored || (follows && &one == choice.fill) ||
                    (marked && &one == choice.marker));
    described.why_not = why_not(one, described, choice, passes, fields, explaining.route->cache);
    report.entries.push_back(std::move(described));
  }
  report.outcome = outcome.what;
  report.reason = outcome.reason;
  bool asks = !outcome.what.starts_with("hit") && !outcome.what.starts_with("stale") &&
              outcome.what != "refuse" && outcome.what != "pass";
  bool falls_back = choice.stored != nullptr && describer.usable_on_error(*choice.stored);
  if (asks) report.on_error = falls_back ? "stale" : "error";
}

}  // namespace

Planned plan_of(const Explaining& explaining) {
  Planned planned;
  const conf::RouteCache& settings = explaining.route->cache;
  planned.plan = caching::plan(explaining.asked.request(), settings);
  auto pass = [&planned](caching::Plan::Why why, std::string_view detail) {
    if (planned.plan.way == Way::pass) return;
    planned.plan.way = Way::pass;
    planned.plan.why = why;
    planned.plan.detail = detail;
  };
  if (!explaining.cache) {
    pass(caching::Plan::Why::route, "off");
    return planned;
  }
  // Also of what passes: it is of interest what others may find there.
  std::array<char, caching::key_bytes_max> room;
  size_t length = caching::write_key(explaining.asked.key_parts(explaining.route->name),
                                     settings.key, explaining.asked.request().fields, room.data());
  planned.key.assign(room.data(), length);
  if (length == 0) pass(caching::Plan::Why::request, "key-too-long");
  return planned;
}

ExplainReport explain(const Explaining& explaining, const Planned& planned,
                      const std::vector<Inspected>& entries) {
  ExplainReport report;
  report.now = explaining.now;
  report.method = explaining.asked.request().method_text;
  report.url = explaining.asked.url();
  if (explaining.route == nullptr) {
    report.outcome = "no route";
    return report;
  }
  using Action = conf::Route::Action;
  report.route = explaining.route->name;
  report.action = explaining.route->action == Action::proxy     ? "proxy"
                  : explaining.route->action == Action::respond ? "respond"
                                                                : "metrics";
  if (explaining.route->action != Action::proxy) {
    report.outcome = "answer";
    report.reason = report.action;
    return report;
  }
  report.settings = settings_of(explaining.route->cache);
  report.key = planned.key;
  report.plan = planned.plan.way == Way::pass    ? "pass"
                : planned.plan.way == Way::alone ? "alone"
                                                 : "collapse";
  report.detail = planned.plan.detail;
  explain_entries(explaining, planned, entries, report);
  return report;
}

}  // namespace ringwall::master
