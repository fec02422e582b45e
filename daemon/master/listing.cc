#include "daemon/master/listing.h"

#include <algorithm>

#include "daemon/base/text.h"
#include "daemon/caching/freshness.h"

namespace ringwall::master {
namespace {

using control::StoredReport;

// Names and numbers of a row in JSON.
constexpr size_t row_bytes = 250;

void add_lines(std::string_view text, std::vector<std::string>& lines) {
  while (!text.empty()) {
    size_t end = std::min(text.find('\n'), text.size());
    lines.emplace_back(text.substr(0, end));
    text.remove_prefix(std::min(end + 1, text.size()));
  }
}

size_t bytes_of(const cache::Store::Listed& entry) {
  return row_bytes + entry.key.size() + entry.selectors.size();
}

uint64_t saved_ms(const cache::Store::Listed& entry) {
  return entry.hits * entry.facts.origin_ms;
}

StoredReport report_of(const cache::Store::Listed& entry, base::WallSeconds now) {
  StoredReport report;
  std::string_view key = entry.key;
  std::string_view url = key.substr(0, key.find('\n'));
  report.url = url;
  add_lines(key.substr(std::min(url.size() + 1, key.size())), report.key_lines);
  add_lines(entry.selectors, report.selectors);
  report.status = entry.facts.status;
  report.age_s = caching::current_age(entry.facts, now);
  report.remaining_s = caching::remaining(entry.facts, now);
  report.bytes = entry.bytes;
  report.hits = entry.hits;
  report.idle_ms = entry.idle_ms;
  report.origin_ms = entry.facts.origin_ms;
  report.saved_ms = saved_ms(entry);
  report.tags = entry.tags;
  report.purged_soft = entry.purged_soft;
  return report;
}

}  // namespace

bool Listing::matches(std::string_view key) const {
  if (prefixes_.empty()) return true;
  auto begins = [key](const std::string& prefix) { return key.starts_with(prefix); };
  return std::any_of(prefixes_.begin(), prefixes_.end(), begins);
}

bool Listing::take(const cache::Store::Listed& entry) {
  ++report_.walked;
  if (!matches(entry.key)) return true;
  bytes_ += bytes_of(entry);
  if (report_.responses.size() == limit_ || bytes_ > listed_bytes_max) {
    report_.more = true;
    return false;
  }
  report_.responses.push_back(report_of(entry, now_));
  return true;
}

control::StoredListReport Listing::take_report() {
  std::stable_sort(report_.responses.begin(), report_.responses.end(),
                   [](const StoredReport& a, const StoredReport& b) { return a.url < b.url; });
  return std::move(report_);
}

std::optional<Ranking::By> Ranking::by_name(std::string_view name) {
  if (name == "hits") return By::hits;
  if (name == "bytes") return By::bytes;
  if (name == "origin-time") return By::origin_time;
  return std::nullopt;
}

uint64_t Ranking::score(const cache::Store::Listed& entry) const {
  switch (by_) {
    case By::hits: return entry.hits;
    case By::bytes: return entry.bytes;
    case By::origin_time: return saved_ms(entry);
  }
  return 0;
}

bool Ranking::take(const cache::Store::Listed& entry) {
  ++walked_;
  uint64_t points = score(entry);
  if (rows_.size() == limit_) {
    if (points <= rows_.front().score) return true;
    std::pop_heap(rows_.begin(), rows_.end());
    rows_.pop_back();
  }
  rows_.push_back({points, report_of(entry, now_)});
  std::push_heap(rows_.begin(), rows_.end());
  return true;
}

control::StoredListReport Ranking::take_report() {
  control::StoredListReport report;
  report.walked = walked_;
  std::sort_heap(rows_.begin(), rows_.end());
  size_t bytes = 0;
  for (Row& row : rows_) {
    bytes += row_bytes + row.report.url.size();
    for (const auto* lines : {&row.report.key_lines, &row.report.selectors}) {
      for (const std::string& line : *lines) bytes += line.size() + 1;
    }
    if (bytes > listed_bytes_max) break;
    report.responses.push_back(std::move(row.report));
  }
  report.more = walked_ > report.responses.size();
  return report;
}

}  // namespace ringwall::master
