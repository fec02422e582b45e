// Explain: what a request would meet in the cache now, and why. Composes the very functions by which
// the workers judge (daemon/caching), in the order in which they ask them (daemon/proxy/exchange.cc
// and lookup.cc), so that it can not say something else than they do. Pure.
#pragma once

#include <string>
#include <vector>

#include "cache/store.h"
#include "conf/model.h"
#include "daemon/base/time.h"
#include "daemon/caching/plan.h"
#include "daemon/control/reports_explain.h"
#include "daemon/master/asked.h"

namespace ringwall::master {

/// What Store::inspect told of one entry, kept.
struct Inspected {
  cache::Store::Listed entry;  // its views are of the strings below
  std::string selectors;
  std::string head;

  explicit Inspected(const cache::Store::Listed& listed)
      : entry(listed), selectors(listed.selectors), head(listed.head) {}
  bool is(cache::Store::Listed::Kind kind) const { return entry.kind == kind; }
};

struct Explaining {
  const Asked& asked;
  const conf::Route* route = nullptr;  // null: none answers
  bool cache = true;                   // there is one
  base::WallSeconds now = 0;
};

/// The plan as the proxy makes it, and the key, empty where there can be none.
struct Planned {
  caching::Plan plan;
  std::string key;
};
/// Requires: there is a route.
Planned plan_of(const Explaining& explaining);

/// `entries`: all of the key, youngest first as Store::inspect tells them.
control::ExplainReport explain(const Explaining& explaining, const Planned& planned,
                               const std::vector<Inspected>& entries);

/// The settings of a route's cache that are not at their defaults, and those that always matter, as
/// the config writes them.
std::vector<control::NamedValue> settings_of(const conf::RouteCache& cache);

}  // namespace ringwall::master
