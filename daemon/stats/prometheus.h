// Renders the numbers as Prometheus text exposition format 0.0.4. Reads the segment, keeps nothing;
// any process that has it mapped may call it.
#pragma once

#include <span>
#include <string>
#include <string_view>

#include "daemon/stats/counters.h"
#include "daemon/stats/segment.h"

namespace ringwall::stats {

/// A number that stats does not count itself (usage of the cache, for one).
struct Extra {
  std::string_view name;  // ringwall_…
  Kind kind = Kind::gauge;
  std::string_view labels;  // `state="live"`, already escaped; may be empty
  std::string_view help;    // of the first row with this name; rows of one name stand together
  double value = 0;
};

/// A histogram that stats does not keep itself.
struct ExtraHistogram {
  std::string_view name;
  std::string_view help;
  std::span<const double> bounds;     // upper ones, included, rising
  std::span<const uint64_t> buckets;  // one more: for what is above; not cumulated
  double sum = 0;
};

constexpr std::string_view prometheus_media_type = "text/plain; version=0.0.4; charset=utf-8";

/// The whole text.
std::string render_prometheus(const Segment& segment, std::span<const Extra> extras,
                              std::span<const ExtraHistogram> histograms = {});

/// `text` with backslash, double quote and newline escaped, as a label's value wants it.
std::string escape_label(std::string_view text);

}  // namespace ringwall::stats
