// cache purge: one call, or one for each batch of a file.
#include <fmt/format.h>

#include "cli/ask.h"
#include "cli/client.h"
#include "cli/units.h"
#include "cli/url_batches.h"
#include "daemon/control/reports_cache.h"

namespace ringwall::cli {

using control::Json;
using control::Method;
using control::Outcome;

namespace {

void show_purge(const control::PurgeReport& report, Output& output) {
  const char* done = report.mode == "soft" ? "marked stale" : "purged";
  const char* would_be = report.mode == "soft" ? "would be marked stale:" : "would be purged:";
  output.say("{} {} ({})", report.dry_run ? would_be : done,
             counted(report.objects, "stored response"),
             output.bytes(report.bytes) + (output.terminal() ? "" : " bytes"));
  if (!report.dry_run) {
    output.say("in force after {:.3f} ms, counted after {:.3f} ms", report.effective_ms,
               report.counted_ms);
  }
  for (const std::string& wrong : report.wrong) output.warn("no URL: " + wrong);
  if (report.urls.size() < 2) return;
  Table urls({{"URL"}, {"RESPONSES", Align::right}, {"SIZE", Align::right}});
  for (const auto& url : report.urls) {
    urls.add({url.url, std::to_string(url.objects), output.bytes(url.bytes)});
  }
  output.table(urls);
}

/// What many calls did, as one report. Each `effective_ms` is of its own call: the sum is the time
/// in which the daemon was at it.
void add(const control::PurgeReport& one, control::PurgeReport& all) {
  all.mode = one.mode;
  all.dry_run = one.dry_run;
  all.objects += one.objects;
  all.bytes += one.bytes;
  all.effective_ms += one.effective_ms;
  all.counted_ms += one.counted_ms;
  // Of a file that is no list of URLs at all some lines will do.
  constexpr size_t wrong_max = 1000;
  for (const std::string& url : one.wrong) {
    if (all.wrong.size() < wrong_max) all.wrong.push_back(url);
  }
}

control::RpcError in_all(const control::PurgeReport& all, bool partly, uint64_t urls) {
  if (partly) {
    return {Outcome::partly, fmt::format("not all of {} could be purged", counted(urls, "URL")),
            control::encode(all)};
  }
  return {Outcome::nothing_matched, "nothing matched", control::encode(all)};
}

/// The URLs of a file: a call for each batch over one connection.
Outcome purge_file(const Invocation& invocation, Output& output, control::PurgeParams params) {
  control::PurgeReport all;
  auto fail = [&](const control::RpcError& error) {
    if (all.objects > 0 || !all.wrong.empty()) show_purge(all, output);
    output.problem(error);
    return control::outcome_of(error);
  };
  auto batches = UrlBatches::open(invocation.value("file"));
  if (!batches) return fail({Outcome::usage, batches.error().what});
  auto client = Client::connect(invocation.socket);
  if (!client) return fail(client.error());
  params.bulk = true;
  bool partly = false;
  for (uint64_t urls = 0;;) {
    auto batch = batches->next();
    if (!batch) return fail({Outcome::failed, batch.error().what});
    if (batch->empty()) {
      if (partly || all.objects == 0) return fail(in_all(all, partly, urls));
      output.json(control::encode(all));
      show_purge(all, output);
      return Outcome::done;
    }
    urls += batch->size();
    params.urls = std::move(*batch);
    auto result = client->call(control::row_of(Method::cache_purge).name, control::encode(params),
                               silence_max(invocation, Method::cache_purge),
                               [&output](std::string_view text) { output.progress(text); });
    Outcome outcome = result ? Outcome::done : control::outcome_of(result.error());
    bool goes_on = result || outcome == Outcome::nothing_matched || outcome == Outcome::partly;
    auto report = control::decode<control::PurgeReport>(result ? *result : result.error().data);
    if (!goes_on) return fail(result.error());
    if (!report) return fail({Outcome::failed, "the daemon's answer is not understood"});
    partly = partly || outcome == Outcome::partly;
    add(*report, all);
    output.progress(fmt::format("{} done", counted(urls, "URL")));
  }
}

}  // namespace

Outcome purge(const Invocation& invocation, Output& output) {
  control::PurgeParams params;
  params.urls = invocation.operands;
  if (invocation.has("prefix")) params.prefix = invocation.value("prefix");
  if (invocation.has("host")) params.host = invocation.value("host");
  params.tags = invocation.values("tag");
  if (invocation.has("group")) params.group = invocation.value("group");
  if (invocation.has("origin")) params.origin = invocation.value("origin");
  params.all = invocation.has("all");
  params.dry_run = invocation.has("dry-run");
  bool soft = invocation.has("soft"), hard = invocation.has("hard");
  if (soft || hard) params.soft = soft;
  control::PurgeParams nothing_else = params;
  nothing_else.urls = {"of the file"};
  bool of_file = invocation.has("file");
  bool clear = of_file ? params.urls.empty() && nothing_else.valid() : params.valid();
  if (!clear || (soft && hard)) {
    output.problem({Outcome::usage,
                    "say what to purge: URLs, or one of --file, --prefix, --host, --tag, --group "
                    "with --origin, and --all; and not both --soft and --hard"});
    return Outcome::usage;
  }
  if (of_file) return purge_file(invocation, output, std::move(params));
  auto show = [&output](const control::PurgeReport& report) {
    show_purge(report, output);
    return Outcome::done;
  };
  auto show_failure = [&output](const control::PurgeReport& report) {
    if (report.objects > 0) show_purge(report, output);
  };
  return ask<control::PurgeReport>(invocation, output, Method::cache_purge, control::encode(params),
                                   show, show_failure);
}

}  // namespace ringwall::cli
