// ask(): what almost every command is: one call to the daemon, its report printed.
#pragma once

#include <utility>

#include "cli/commands.h"
#include "cli/output.h"
#include "daemon/control/encoding.h"
#include "daemon/control/params.h"

namespace ringwall::cli {

/// The result of `method`, or the error, which has been printed.
base::Result<control::Json, control::RpcError> call(const Invocation& invocation, Output& output,
                                                    control::Method method,
                                                    const control::Json& params,
                                                    base::Duration silence_max);

/// Without a message for so long the daemon counts as stuck: those methods that tell their steps
/// may be silent for longer.
base::Duration silence_max(const Invocation& invocation, control::Method method);

/// Calls `method` and hands its report to `show`, whose value is the exit code. `show_failure`
/// gets the report that came with an error.
template <class Report, class Show, class ShowFailure>
control::Outcome ask(const Invocation& invocation, Output& output, control::Method method,
                     const control::Json& params, Show show, ShowFailure show_failure) {
  auto result = call(invocation, output, method, params, silence_max(invocation, method));
  if (!result) {
    if (auto report = control::decode<Report>(result.error().data)) show_failure(*report);
    return control::outcome_of(result.error());
  }
  auto report = control::decode<Report>(*result);
  if (!report) {
    output.problem({control::Outcome::failed,
                    "the daemon's answer is not understood: " + report.error().what});
    return control::Outcome::failed;
  }
  output.json(*result);
  return show(*report);
}

template <class Report, class Show>
control::Outcome ask(const Invocation& invocation, Output& output, control::Method method,
                     const control::Json& params, Show show) {
  return ask<Report>(invocation, output, method, params, std::move(show), [](const Report&) {});
}

}  // namespace ringwall::cli
