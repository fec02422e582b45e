// The part of Commands that purges. What is purged is out of reach of all workers when it says so;
// a purge of more than keys is counted by the sweep that follows it (daemon/master/sweeper.h).
#include <fmt/format.h>

#include "daemon/base/log.h"
#include "daemon/master/background.h"
#include "daemon/master/commands.h"
#include "daemon/master/master.h"
#include "daemon/master/routed_keys.h"
#include "daemon/master/walk.h"
#include "daemon/proxy/labels.h"

namespace ringwall::master {

using control::Outcome;
using control::RpcError;
using Kind = cache::Purge::Kind;

namespace {

// Sweeps that one purge waits for until the store has room for it among those that are pending.
constexpr unsigned tries_max = 20;
// Thousands of URLs must not hold the loop.
constexpr size_t items_per_turn = 256;

RpcError no_url(std::string_view text) {
  return RpcError(Outcome::usage, fmt::format("\"{}\" is no URL", text));
}

double ms_since(base::Instant begun) {
  return static_cast<double>((base::monotonic_now() - begun).count()) / 1e6;
}

}  // namespace

/// One thing to purge, and of which URL of the call.
struct Commands::PurgeItem {
  Kind kind = Kind::key;
  std::string text;    // key, prefix or word
  std::string space;   // of the word
  size_t url = SIZE_MAX;

  cache::Purge purge(const cache::Store& store, bool soft, bool dry_run) const {
    cache::Purge purge;
    purge.kind = kind;
    purge.text = text;
    if (kind == Kind::tag) purge.tag = store.hash_tag(space, text);
    purge.soft = soft;
    purge.dry_run = dry_run;
    return purge;
  }
};

/// A purge as it goes.
struct Commands::PurgeRun {
  base::Instant begun = base::monotonic_now();
  bool soft = false;
  bool complete = true;  // all items are in force
  bool to_sweep = false;
  std::vector<PurgeItem> items;
  control::PurgeReport report;

  void count(const PurgeItem& item, const cache::PurgeCount& count) {
    report.objects += count.objects;
    report.bytes += count.bytes;
    if (item.url >= report.urls.size()) return;
    report.urls[item.url].objects += count.objects;
    report.urls[item.url].bytes += count.bytes;
  }
};

namespace {

/// Where the command does not say: what is named by itself is to be gone, what is named by what it
/// has in common with others is as the config says.
bool usually_soft(const control::PurgeParams& params, const conf::Cache& settings) {
  return (params.prefix || params.group || !params.tags.empty()) && settings.purge_soft;
}

}  // namespace

/// The items of all URLs; the error names the first that is none, in bulk none.
base::Result<void, RpcError> Commands::find_urls(const control::PurgeParams& params,
                                                 PurgeRun& run) {
  for (size_t i = 0; i < params.urls.size(); ++i) {
    RoutedKeys::Keys found = routed_keys().keys_of_url(params.urls[i]);
    if (found.keys.empty()) {
      if (!params.bulk) return base::fail(no_url(params.urls[i]));
      run.report.wrong.push_back(params.urls[i]);
    }
    for (std::string& key : found.keys) {
      // Slices go with their manifest.
      std::string manifest = key;
      manifest += caching::slices_mark;
      manifest += caching::manifest_name;
      run.items.push_back({Kind::key, std::move(key), {}, i});
      run.items.push_back({Kind::key, std::move(manifest), {}, i});
    }
    for (std::string& prefix : found.prefixes) {
      run.items.push_back({Kind::prefix, std::move(prefix), {}, i});
    }
    if (!params.bulk) run.report.urls.push_back({params.urls[i], 0, 0});
  }
  return {};
}

base::Result<void, RpcError> Commands::find_items(const control::PurgeParams& params,
                                                  PurgeRun& run) {
  if (!params.urls.empty()) return find_urls(params, run);
  auto add_prefixes = [&run](std::vector<std::string> prefixes) {
    for (std::string& prefix : prefixes) run.items.push_back({Kind::prefix, std::move(prefix), {}});
  };
  if (params.prefix) {
    add_prefixes(routed_keys().below(*params.prefix));
    if (run.items.empty()) return base::fail(no_url(*params.prefix));
  } else if (params.host) {
    add_prefixes(routed_keys().at_host(*params.host));
    if (run.items.empty()) {
      return base::fail(RpcError(Outcome::usage, fmt::format("\"{}\" is no host", *params.host)));
    }
  } else if (params.group) {
    std::string space = group_space_of(*params.origin);
    if (space.empty()) {
      return base::fail(RpcError(Outcome::usage, fmt::format("\"{}\" is no origin, such as "
                                                             "http://example.org:8080",
                                                             *params.origin)));
    }
    run.items.push_back({Kind::tag, *params.group, std::move(space)});
  } else if (params.all) {
    run.items.push_back({Kind::all, {}, {}});
  }
  for (const std::string& tag : params.tags) {
    run.items.push_back({Kind::tag, tag, std::string(proxy::tag_space)});
  }
  return {};
}

/// Puts all items in force.
io::Task<void> Commands::purge_items(PurgeRun& run, io::Stop& gone) {
  size_t done = 0;
  for (const PurgeItem& item : run.items) {
    if (++done % items_per_turn == 0) co_await io::YieldTurn();
    run.complete = master_.estate().observer.has_value();
    if (!run.complete) co_return;
    cache::Purge purge = item.purge(*master_.estate().observer, run.soft, false);
    for (unsigned tries = 1;; ++tries) {
      cache::PurgeCount count;
      count.complete = false;
      auto& store = master_.estate().observer;
      if (store) count = store->purge(purge);
      run.count(item, count);
      if (item.kind != Kind::key) run.to_sweep = true;
      if (count.complete) break;
      bool swept = tries < tries_max;
      if (swept) swept = co_await master_.sweeper().sweep(gone);
      if (!swept) {
        run.complete = false;
        co_return;
      }
    }
  }
}

/// Counts only, on a thread: each item walks the cache. What two items match is counted twice.
io::Task<std::string> Commands::count_items(PurgeRun& run) {
  Walk walk(master_.estate());
  std::function<void()> work = [&] {
    walk.run([&](cache::Store& store) {
      for (const PurgeItem& item : run.items) {
        run.count(item, store.purge(item.purge(store, run.soft, true)));
      }
    });
  };
  bool ran = co_await in_background(master_.loop(), std::move(work));
  co_return ran ? walk.failure : "no thread can be had";
}

io::Task<control::Answer> Commands::cache_purge(const Call& call) {
  PurgeRun run;
  auto params = control::read_params<control::PurgeParams>(call.request);
  if (!params) co_return base::fail(std::move(params.error()));
  if (!params->valid()) {
    co_return base::fail(RpcError(control::rpc_invalid_params,
                                  "one of urls, prefix, host, tags, group with origin, and all"));
  }
  if (!master_.estate().observer) co_return base::fail(no_cache());
  auto found = find_items(*params, run);
  if (!found) co_return base::fail(std::move(found.error()));
  run.soft = params->soft.value_or(usually_soft(*params, master_.generation().config.cache));
  run.report.mode = run.soft ? "soft" : "hard";
  run.report.dry_run = params->dry_run;
  if (params->dry_run) {
    std::string failure = co_await count_items(run);
    if (!failure.empty()) co_return base::fail(RpcError(Outcome::failed, std::move(failure)));
    run.report.counted_ms = ms_since(run.begun);
    co_return outcome_of(run);
  }
  cache::PurgeCount before = master_.sweeper().swept();
  co_await purge_items(run, call.gone);
  run.report.effective_ms = ms_since(run.begun);
  if (run.to_sweep) {
    call.progress(fmt::format("in force after {:.3f} ms; counting", run.report.effective_ms));
    bool swept = co_await master_.sweeper().sweep(call.gone);
    run.complete = run.complete && swept;
    run.report.objects += master_.sweeper().swept().objects - before.objects;
    run.report.bytes += master_.sweeper().swept().bytes - before.bytes;
  }
  run.report.counted_ms = ms_since(run.begun);
  base::log_info("purged {} responses, {} bytes, {}", run.report.objects, run.report.bytes,
                 run.report.mode);
  co_return outcome_of(run);
}

control::Answer Commands::outcome_of(const PurgeRun& run) {
  control::Json report = control::encode(run.report);
  if (!run.complete) {
    return base::fail(RpcError(Outcome::partly, "not all could be purged or counted: too many "
                                                "purges are pending, a worker holds a lock, or the "
                                                "error log says why; try again",
                               std::move(report)));
  }
  if (!run.report.wrong.empty()) {
    return base::fail(RpcError(
        Outcome::partly, fmt::format("{} of the URLs are none", run.report.wrong.size()),
        std::move(report)));
  }
  if (run.report.objects > 0) return report;
  return base::fail(RpcError(Outcome::nothing_matched, "nothing matched", std::move(report)));
}

}  // namespace ringwall::master
