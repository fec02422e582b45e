// cache warm: URLs of the command line or of a file; of a file one call for each batch.
#include <fmt/format.h>

#include "cli/ask.h"
#include "cli/client.h"
#include "cli/units.h"
#include "cli/url_batches.h"
#include "daemon/base/text.h"
#include "daemon/control/reports_filling.h"

namespace ringwall::cli {

using control::Method;
using control::Outcome;
using control::RpcError;
using control::WarmReport;

namespace {

void show(const WarmReport& report, Output& output) {
  Table table({{"WARMED"}, {"URLS", Align::right}});
  auto row = [&table](const char* name, uint64_t value) {
    table.add({name, std::to_string(value)});
  };
  row("stored", report.stored);
  row("fresh already", report.fresh);
  row("not to be stored", report.uncacheable);
  row("failed", report.failed);
  row("no route", report.no_route);
  row("no URL", report.wrong);
  table.add({"content", output.bytes(report.bytes)});
  output.table(table);
  for (const auto& problem : report.problems) {
    output.warn(fmt::format("{}: {}", problem.url, problem.why));
  }
}

void add(const WarmReport& one, WarmReport& all) {
  all.stored += one.stored;
  all.fresh += one.fresh;
  all.uncacheable += one.uncacheable;
  all.failed += one.failed;
  all.no_route += one.no_route;
  all.wrong += one.wrong;
  all.bytes += one.bytes;
  all.took_ms += one.took_ms;
  for (const auto& problem : one.problems) all.add_problem(problem.url, problem.why);
}

uint64_t came_to_nothing(const WarmReport& report) {
  return report.failed + report.no_route + report.wrong;
}

/// What the call with these URLs did; an error where it did not even run.
base::Result<WarmReport, RpcError> warm_batch(Client& client, const Invocation& invocation,
                                              Output& output, const control::WarmParams& params) {
  auto result = client.call(control::row_of(Method::cache_warm).name, control::encode(params),
                            silence_max(invocation, Method::cache_warm),
                            [&output](std::string_view text) { output.progress(text); });
  bool partly = !result && control::outcome_of(result.error()) == Outcome::partly;
  if (!result && !partly) return base::fail(result.error());
  auto report = control::decode<WarmReport>(result ? *result : result.error().data);
  if (!report) return base::fail(RpcError(Outcome::failed, "the daemon's answer is not understood"));
  return std::move(*report);
}

Outcome finish(const WarmReport& all, Output& output) {
  uint64_t nothing = came_to_nothing(all);
  if (nothing == 0) output.json(control::encode(all));
  show(all, output);
  if (nothing == 0) return Outcome::done;
  RpcError error(Outcome::partly, fmt::format("{} came to nothing", counted(nothing, "URL")),
                 control::encode(all));
  output.problem(error);
  return Outcome::partly;
}

/// False: it is no number from 1 to the highest.
bool read_rate(const Invocation& invocation, uint64_t& rate) {
  if (!invocation.has("rate")) return true;
  auto read = base::parse_decimal(invocation.value("rate"));
  if (!read || *read < 1 || *read > control::WarmParams::rate_max) return false;
  rate = *read;
  return true;
}

}  // namespace

Outcome warm(const Invocation& invocation, Output& output) {
  WarmReport all;
  auto fail = [&](const RpcError& error) {
    if (all.stored + all.fresh + all.uncacheable + came_to_nothing(all) > 0) show(all, output);
    output.problem(error);
    return control::outcome_of(error);
  };
  control::WarmParams params;
  params.urls = invocation.operands;
  params.fields = invocation.values("field");
  if (!read_rate(invocation, params.rate)) {
    return fail({Outcome::usage, fmt::format("--rate is a number of requests a second, 1 to {}",
                                             control::WarmParams::rate_max)});
  }
  bool of_file = invocation.has("file");
  if (of_file != params.urls.empty()) {
    return fail({Outcome::usage, "say what to warm: URLs, or a --file of them"});
  }
  auto batches = of_file ? UrlBatches::open(invocation.value("file")) : base::fail("");
  if (of_file && !batches) return fail({Outcome::usage, batches.error().what});
  auto client = Client::connect(invocation.socket);
  if (!client) return fail(client.error());
  for (uint64_t urls = 0;;) {
    if (of_file) {
      auto batch = batches->next();
      if (!batch) return fail({Outcome::failed, batch.error().what});
      if (batch->empty()) break;
      params.urls = std::move(*batch);
    }
    urls += params.urls.size();
    auto report = warm_batch(*client, invocation, output, params);
    if (!report) return fail(report.error());
    add(*report, all);
    if (!of_file) break;
    output.progress(fmt::format("{} done", counted(urls, "URL")));
  }
  return finish(all, output);
}

}  // namespace ringwall::cli
