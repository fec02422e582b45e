// The part of Commands that warms the cache.
#include <fmt/format.h>

#include "daemon/base/log.h"
#include "daemon/control/reports_filling.h"
#include "daemon/master/asked.h"
#include "daemon/master/commands.h"
#include "daemon/master/master.h"

namespace ringwall::master {

using control::Outcome;
using control::RpcError;

namespace {

// Thousands of URLs must not hold the loop.
constexpr size_t items_per_turn = 256;

/// Empty: the item is one to request.
std::string read_item(const std::string& url, const control::WarmParams& params,
                      Warmer::Item& item) {
  auto asked = Asked::make(url, params.fields, false);
  if (!asked) return asked.error().what;
  item.url = url;
  item.head = (*asked)->head();
  return item.head.size() > control::message_text_max ? "the request is too long" : "";
}

/// No listener speaks https: what is stored has http in its key.
bool is_https(const std::string& url) {
  auto asked = Asked::make(url, {}, false);
  return asked && (*asked)->scheme() == "https";
}

}  // namespace

/// The items of the run; what is none is counted.
io::Task<void> Commands::find_warm_items(const control::WarmParams& params, Warmer::Run& run) {
  size_t done = 0;
  for (const std::string& url : params.urls) {
    if (++done % items_per_turn == 0) co_await io::YieldTurn();
    Warmer::Item item;
    std::string wrong = read_item(url, params, item);
    if (!wrong.empty()) {
      ++run.report.wrong;
      run.report.add_problem(url, std::move(wrong));
    } else if (is_https(url)) {
      ++run.report.no_route;
      run.report.add_problem(url, "no listener speaks https");
    } else {
      run.items.push_back(std::move(item));
    }
  }
}

io::Task<control::Answer> Commands::cache_warm(const Call& call) {
  auto params = control::read_params<control::WarmParams>(call.request);
  if (!params) co_return base::fail(std::move(params.error()));
  if (params->urls.empty() || params->rate < 1 || params->rate > control::WarmParams::rate_max) {
    co_return base::fail(RpcError(control::rpc_invalid_params,
                                  fmt::format("urls, and a rate of 1 to {} a second",
                                              control::WarmParams::rate_max)));
  }
  if (!master_.estate().observer) co_return base::fail(no_cache());
  // A field that is none would make every URL wrong.
  auto fields = Asked::make("http://localhost/", params->fields, false);
  if (!fields) co_return base::fail(RpcError(Outcome::usage, fields.error().what));
  base::Instant begun = base::monotonic_now();
  Warmer::Run run;
  run.rate = params->rate;
  co_await find_warm_items(*params, run);
  run.tell = [&run, &call] {
    call.progress(fmt::format("{} of {} requests done", run.done, run.items.size()));
  };
  co_await master_.warmer().warm(run, call.gone);
  control::WarmReport& report = run.report;
  report.took_ms = static_cast<double>((base::monotonic_now() - begun).count()) / 1e6;
  base::log_info("warmed the cache: {} stored, {} fresh, {} not to be stored, {} failed",
                 report.stored, report.fresh, report.uncacheable, report.failed);
  if (run.done < run.items.size()) {
    co_return base::fail(RpcError(Outcome::failed, "stopped before the end",
                                  control::encode(report)));
  }
  uint64_t nothing = report.failed + report.no_route + report.wrong;
  if (nothing == 0) co_return control::encode(report);
  co_return base::fail(RpcError(Outcome::partly,
                                fmt::format("{} of the URLs came to nothing", nothing),
                                control::encode(report)));
}

}  // namespace ringwall::master
