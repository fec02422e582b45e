// cache list and cache top: stored responses, a row each.
#include <fmt/format.h>

#include "cli/ask.h"
#include "cli/units.h"
#include "daemon/base/text.h"
#include "daemon/control/reports_list.h"

namespace ringwall::cli {

using control::Method;
using control::Outcome;
using control::StoredListReport;

namespace {

/// What tells responses of one URL apart.
std::string variant_of(const control::StoredReport& one) {
  std::string out;
  for (const auto* lines : {&one.key_lines, &one.selectors}) {
    for (const std::string& line : *lines) out += (out.empty() ? "" : " | ") + line;
  }
  return out.empty() ? "-" : out;
}

std::string left_of(const control::StoredReport& one, const Output& output) {
  if (!output.terminal()) return std::to_string(one.remaining_s);
  if (one.purged_soft) return "purged";
  return one.remaining_s > 0 ? output.seconds(one.remaining_s)
                             : "stale " + output.seconds(-one.remaining_s);
}

Outcome show_rows(const StoredListReport& report, Output& output) {
  constexpr Align right = Align::right;
  Table table({{"URL"},
               {"VARIANT"},
               {"STATUS", right},
               {"AGE", right},
               {"LEFT", right},
               {"SIZE", right},
               {"HITS", right},
               {"UNUSED", right},
               {"FETCH", right},
               {"SAVED", right}});
  for (const auto& one : report.responses) {
    table.add({one.url, variant_of(one), std::to_string(one.status), output.seconds(one.age_s),
               left_of(one, output), output.bytes(one.bytes), std::to_string(one.hits),
               output.microseconds(one.idle_ms * 1000),
               output.microseconds(uint64_t{one.origin_ms} * 1000),
               output.microseconds(one.saved_ms * 1000)});
  }
  output.table(table);
  if (output.terminal()) {
    output.say("{} of {} looked at{}", report.responses.size(),
               counted(report.walked, "stored response"), report.more ? "; there are more" : "");
  }
  return Outcome::done;
}

/// The limit if it was given; false: it is none.
bool read_limit(const Invocation& invocation, Output& output, uint64_t& limit) {
  if (!invocation.has("limit")) return true;
  auto number = base::parse_decimal(invocation.value("limit"));
  if (number) {
    limit = *number;
    return true;
  }
  output.problem({Outcome::usage, "--limit takes a number"});
  return false;
}

}  // namespace

Outcome list_stored(const Invocation& invocation, Output& output) {
  control::ListParams params;
  if (invocation.has("prefix")) params.prefix = invocation.value("prefix");
  if (!read_limit(invocation, output, params.limit)) return Outcome::usage;
  return ask<StoredListReport>(
      invocation, output, Method::cache_list, control::encode(params),
      [&output](const StoredListReport& report) { return show_rows(report, output); });
}

Outcome show_top(const Invocation& invocation, Output& output) {
  control::TopParams params;
  if (invocation.has("by")) params.by = invocation.value("by");
  if (!read_limit(invocation, output, params.limit)) return Outcome::usage;
  return ask<StoredListReport>(
      invocation, output, Method::cache_top, control::encode(params),
      [&output](const StoredListReport& report) { return show_rows(report, output); });
}

}  // namespace ringwall::cli
