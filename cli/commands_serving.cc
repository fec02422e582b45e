// Commands about the backends.
#include <fmt/format.h>

#include "cli/ask.h"
#include "cli/units.h"
#include "daemon/control/reports_serving.h"

namespace ringwall::cli {

using control::Json;
using control::Method;
using control::Outcome;

namespace {

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
