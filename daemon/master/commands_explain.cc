// The part of Commands that explains what a request would meet in the cache.
#include <fmt/format.h>

#include "daemon/master/commands.h"
#include "daemon/master/explain.h"
#include "daemon/master/master.h"
#include "daemon/master/routed_keys.h"

namespace ringwall::master {

using control::Outcome;
using control::RpcError;

namespace {

/// A key has as many variants as its route allows; more than this is nothing to read.
constexpr size_t entries_max = 1000;

std::vector<Inspected> entries_of(cache::Store& store, const std::string& key) {
  std::vector<Inspected> entries;
  if (key.empty()) return entries;
  auto keep = [](const cache::Store::Listed& entry, void* context) {
    auto& kept = *static_cast<std::vector<Inspected>*>(context);
    if (kept.size() < entries_max) kept.emplace_back(entry);
  };
  store.inspect(key, keep, &entries);
  return entries;
}

/// The listener of that name; nothing: there is none.
std::optional<uint32_t> find_listener(const conf::Config& config, const std::string& name) {
  for (uint32_t i = 0; i < config.listeners.size(); ++i) {
    if (config.listeners[i].name == name) return i;
  }
  return std::nullopt;
}

}  // namespace

/// The listener that the request comes to, and its route: where none is named, the first at which
/// there is one.
base::Result<Commands::Routed, RpcError> Commands::route_asked(
    const std::optional<std::string>& name, const Asked& asked) {
  const RoutedKeys& keys = routed_keys();
  const conf::Config& config = keys.config();
  RoutedKeys::Place place{std::string(asked.request().target.host), std::string(asked.path())};
  uint32_t begin = 0, end = static_cast<uint32_t>(config.listeners.size());
  if (name) {
    auto only = find_listener(config, *name);
    if (!only) {
      return base::fail(RpcError(Outcome::usage, fmt::format("there is no listener \"{}\"", *name)));
    }
    begin = *only;
    end = *only + 1;
  }
  for (uint32_t listener = begin; listener < end; ++listener) {
    auto route = keys.route_at(place, listener);
    if (route) return Routed{config.listeners[listener].name, &config.routes[*route]};
  }
  return Routed{name.value_or(""), nullptr};
}

control::Answer Commands::cache_explain(const Call& call) {
  auto params = control::read_params<control::ExplainParams>(call.request);
  if (!params) return base::fail(std::move(params.error()));
  auto asked = Asked::make(params->url, params->fields, params->head);
  if (!asked) return base::fail(RpcError(Outcome::usage, asked.error().what));
  auto routed = route_asked(params->listener, **asked);
  if (!routed) return base::fail(std::move(routed.error()));
  auto& observer = master_.estate().observer;
  Explaining explaining{**asked, routed->route, observer.has_value(),
                        base::wall_now_ns() / 1'000'000'000};
  Planned planned;
  std::vector<Inspected> entries;
  if (routed->route != nullptr) planned = plan_of(explaining);
  if (observer) entries = entries_of(*observer, planned.key);
  control::ExplainReport report = explain(explaining, planned, entries);
  report.listener = routed->listener;
  return control::encode(report);
}

}  // namespace ringwall::master
