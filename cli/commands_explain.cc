// cache explain: a table of what the daemon says, one fact a row.
#include <fmt/format.h>

#include "cli/ask.h"
#include "cli/units.h"
#include "daemon/control/reports_explain.h"

namespace ringwall::cli {

using control::ExplainedEntry;
using control::ExplainReport;
using control::Method;
using control::Outcome;

namespace {

std::string joined(const std::vector<std::string>& words, std::string_view gap) {
  std::string out;
  for (const std::string& word : words) {
    if (!out.empty()) out += gap;
    out += word;
  }
  return out;
}

/// A key has a line for each of its fields and cookies.
std::string in_one_line(std::string text) {
  for (size_t at = 0; (at = text.find('\n', at)) != std::string::npos;) text.replace(at, 1, " | ");
  return text;
}

/// The rows of one entry, "#1 status" and so on.
class EntryRows {
 public:
  EntryRows(Table& table, size_t number, const Output& output)
      : table_(table), name_(fmt::format("#{} ", number)), output_(output) {}

  void add(const ExplainedEntry& entry) {
    row(entry.kind, entry.selected ? "selected" : entry.why_not);
    if (!entry.selectors.empty()) row("selectors", joined(entry.selectors, " | "));
    if (entry.kind == "marker") return row("left", output_.seconds(entry.marked_s));
    if (entry.status == 0) return row("status", "no head yet");
    row("status", std::to_string(entry.status));
    add_age(entry);
    if (!entry.flags.empty()) row("flags", joined(entry.flags, ", "));
    if (!entry.etag.empty()) row("etag", entry.etag);
    if (!entry.last_modified.empty()) row("last modified", entry.last_modified);
    row("size", output_.bytes(entry.bytes));
    if (entry.kind == "fill") return;
    row("hits", fmt::format("{}{}", entry.hits, entry.used_again ? "" : ", on probation"));
    row("unused for", output_.microseconds(entry.idle_ms * 1000));
    row("origin took", output_.microseconds(uint64_t{entry.origin_ms} * 1000));
    if (entry.tags > 0) row("tags", std::to_string(entry.tags));
    if (entry.purged_soft) row("purged", "soft");
    if (entry.held_off_s > 0) row("held off", output_.seconds(entry.held_off_s));
    if (!entry.use.empty()) row("use", fmt::format("{} ({})", entry.use, entry.rule));
    if (entry.usable_on_error) row("on error", "it may be served");
  }

 private:
  void row(std::string_view what, std::string value) {
    table_.add({name_ + std::string(what), std::move(value)});
  }
  void add_age(const ExplainedEntry& entry) {
    row("age", fmt::format("{} = {} when it came + {} since", output_.seconds(entry.age_s),
                           output_.seconds(entry.age_at_response_s),
                           output_.seconds(entry.age_s - entry.age_at_response_s)));
    row("lifetime", fmt::format("{} ({})", output_.seconds(entry.lifetime_s), entry.lifetime_from));
    bool fresh = entry.remaining_s > 0;
    row(fresh ? "fresh for" : "stale for",
        output_.seconds(fresh ? entry.remaining_s : -entry.remaining_s));
    if (entry.stale_while_revalidate_s > 0) {
      row("stale while revalidated", output_.seconds(entry.stale_while_revalidate_s));
    }
    if (entry.stale_if_error_s > 0) row("stale if error", output_.seconds(entry.stale_if_error_s));
  }

  Table& table_;
  std::string name_;
  const Output& output_;
};

Table table_of(const ExplainReport& report, const Output& output) {
  Table table({{"REQUEST"}, {report.method}});
  table.add({"url", report.url});
  table.add({"now", report.reason.empty() ? report.outcome
                                          : fmt::format("{} ({})", report.outcome, report.reason)});
  if (!report.on_error.empty()) table.add({"if the origin fails", report.on_error});
  if (!report.route.empty()) table.add({"route", report.route});
  if (!report.listener.empty()) table.add({"listener", report.listener});
  if (report.action != "proxy") return table;
  table.add({"key", in_one_line(report.key)});
  table.add({"plan", report.detail.empty() ? report.plan
                                           : fmt::format("{} ({})", report.plan, report.detail)});
  for (const control::NamedValue& setting : report.settings) {
    table.add({"cache." + setting.name, setting.value});
  }
  size_t number = 0;
  for (const ExplainedEntry& entry : report.entries) {
    EntryRows(table, ++number, output).add(entry);
  }
  return table;
}

}  // namespace

Outcome explain(const Invocation& invocation, Output& output) {
  control::ExplainParams params;
  params.url = invocation.operands.at(0);
  params.fields = invocation.values("field");
  params.head = invocation.has("head");
  if (invocation.has("listener")) params.listener = invocation.value("listener");
  return ask<ExplainReport>(invocation, output, Method::cache_explain, control::encode(params),
                            [&output](const ExplainReport& report) {
                              output.table(table_of(report, output));
                              return Outcome::done;
                            });
}

}  // namespace ringwall::cli
