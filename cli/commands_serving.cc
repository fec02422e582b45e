// Commands about the cache and the backends.
#include <fmt/format.h>

#include "cli/ask.h"
#include "cli/units.h"
#include "daemon/control/reports_serving.h"

namespace ringwall::cli {

using control::Json;
using control::Method;
using control::Outcome;

namespace {

void show_purge(const control::PurgeReport& report, Output& output) {
  output.say("purged {} ({})", counted(report.objects, "stored response"),
             output.bytes(report.bytes) + (output.terminal() ? "" : " bytes"));
  if (report.urls.size() < 2) return;
  Table urls({{"URL"}, {"RESPONSES", Align::right}, {"SIZE", Align::right}});
  for (const auto& url : report.urls) {
    urls.add({url.url, std::to_string(url.objects), output.bytes(url.bytes)});
  }
  output.table(urls);
}

std::string name_of(const control::BackendChangeReport& report) {
  return printable(report.upstream + "/" + report.backend);
}

void show_change(const control::BackendChangeReport& report, Output& output) {
  if (report.changed) {
    output.say("{}: {} -> {}, {} in flight", name_of(report), report.before, report.after,
               counted(report.active, "request"));
  } else {
    output.say("{}: {} already, {} in flight; nothing was changed", name_of(report), report.after,
               counted(report.active, "request"));
  }
}

}  // namespace

Outcome purge(const Invocation& invocation, Output& output) {
  control::PurgeParams params;
  params.urls = invocation.operands;
  if (invocation.has("prefix")) params.prefix = invocation.value("prefix");
  params.all = invocation.has("all");
  if (!params.valid()) {
    output.problem({Outcome::usage, "say what to purge: URLs, or --prefix URL, or --all"});
    return Outcome::usage;
  }
  return ask<control::PurgeReport>(invocation, output, Method::cache_purge, control::encode(params),
                                   [&output](const control::PurgeReport& report) {
                                     show_purge(report, output);
                                     return Outcome::done;
                                   });
}

Outcome show_usage(const Invocation& invocation, Output& output) {
  return ask<control::CacheReport>(
      invocation, output, Method::cache_usage, Json::object(),
      [&output](const control::CacheReport& report) {
        Table table({{"CACHE"}, {"", Align::right}});
        auto number = [&table](const char* name, uint64_t value) {
          table.add({name, std::to_string(value)});
        };
        table.add({"size", output.bytes(report.arena_bytes)});
        table.add({"used", output.bytes(report.used_bytes)});
        table.add({"content", output.bytes(report.content_bytes)});
        number("stored responses", report.objects);
        number("being stored", report.filling);
        number("being read", report.pinned);
        number("removed, still read", report.limbo);
        number("uncacheable keys", report.markers);
        number("hits", report.hits);
        number("misses", report.misses);
        number("collapsed", report.follows);
        number("fills", report.fills);
        number("stored", report.stored);
        number("abandoned", report.abandoned);
        number("uncacheable", report.uncacheable);
        number("evicted", report.evictions);
        table.add({"evicted content", output.bytes(report.evicted_bytes)});
        number("purged", report.purged);
        number("no room", report.no_room);
        number("busy", report.busy);
        number("recoveries", report.recoveries);
        output.table(table);
        return Outcome::done;
      });
}

Outcome verify(const Invocation& invocation, Output& output) {
  return ask<control::VerifyReport>(
      invocation, output, Method::cache_verify, Json::object(),
      [&output](const control::VerifyReport& report) {
        for (const std::string& breach : report.breaches) output.say("{}", printable(breach));
        output.say("{}: {} in the structure", counted(report.objects, "stored response"),
                   report.breaches.empty() ? "no fault" : counted(report.breaches.size(), "fault"));
        return report.breaches.empty() ? Outcome::done : Outcome::failed;
      });
}

Outcome list_backends(const Invocation& invocation, Output& output) {
  return ask<control::BackendListReport>(
      invocation, output, Method::backend_list, Json::object(),
      [&output](const control::BackendListReport& report) {
        constexpr Align right = Align::right;
        Table table({{"BACKEND"},
                     {"STATE"},
                     {"WEIGHT", right},
                     {"ACTIVE", right},
                     {"WAITING", right},
                     {"KEPT", right},
                     {"REQUESTS", right},
                     {"5XX", right},
                     {"FAILURES", right},
                     {"FIRST BYTE", right}});
        for (const auto& one : report.backends) {
          std::string state = one.state;
          if (output.terminal() && one.ejected_ms > 0) {
            state += fmt::format(" ({})", human_microseconds(one.ejected_ms * 1000));
          }
          table.add({one.upstream + "/" + one.backend, state, std::to_string(one.weight),
                     std::to_string(one.active), std::to_string(one.waiting),
                     std::to_string(one.kept), std::to_string(one.requests),
                     std::to_string(one.responses_5xx), std::to_string(one.failures),
                     output.microseconds(one.first_byte_us)});
        }
        output.table(table);
        return Outcome::done;
      });
}

Outcome drain(const Invocation& invocation, Output& output) {
  control::DrainParams params;
  params.backend = invocation.operands.at(0);
  params.wait = invocation.has("wait");
  // The daemon ends the wait; this end only has to outlast it.
  constexpr base::Duration no_limit = std::chrono::hours(24 * 24);
  Invocation patient = invocation;
  if (params.wait) {
    bool limited = invocation.timeout != base::Duration();
    if (limited) {
      params.timeout_ms = static_cast<uint64_t>(
          std::chrono::duration_cast<std::chrono::milliseconds>(invocation.timeout).count());
    }
    patient.timeout = limited ? invocation.timeout + std::chrono::seconds(5) : no_limit;
  }
  auto show = [&output](const control::BackendChangeReport& report) {
    show_change(report, output);
    return Outcome::done;
  };
  auto show_failure = [&output](const control::BackendChangeReport& report) {
    if (!report.backend.empty()) show_change(report, output);
  };
  return ask<control::BackendChangeReport>(patient, output, Method::backend_drain,
                                           control::encode(params), show, show_failure);
}

Outcome make_ready(const Invocation& invocation, Output& output) {
  control::ReadyParams params;
  params.backend = invocation.operands.at(0);
  return ask<control::BackendChangeReport>(invocation, output, Method::backend_ready,
                                           control::encode(params),
                                           [&output](const control::BackendChangeReport& report) {
                                             show_change(report, output);
                                             return Outcome::done;
                                           });
}

}  // namespace ringwall::cli
