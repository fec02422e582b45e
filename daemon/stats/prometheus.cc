#include "daemon/stats/prometheus.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <iterator>
#include <vector>

namespace ringwall::stats {
namespace {

/// Writes HELP and TYPE where a new name begins: the format wants all lines of one metric together.
class Writer {
 public:
  explicit Writer(std::string& out) : out_(out) {}

  void begin(std::string_view name, std::string_view type, std::string_view help) {
    if (name == last_) return;
    last_ = name;
    fmt::format_to(std::back_inserter(out_), "# HELP {} {}\n# TYPE {} {}\n", name, help, name,
                   type);
  }
  template <class Number>
  void sample(std::string_view name, std::string_view labels, Number value) {
    if (labels.empty()) {
      fmt::format_to(std::back_inserter(out_), "{} {}\n", name, value);
    } else {
      fmt::format_to(std::back_inserter(out_), "{}{{{}}} {}\n", name, labels, value);
    }
  }

 private:
  std::string& out_;
  std::string_view last_;
};

std::string_view type_of(Kind kind) {
  return kind == Kind::counter ? "counter" : "gauge";
}

void render_counters(const Segment& segment, Writer& writer) {
  Totals totals = segment.totals();
  for (size_t i = 0; i < counter_count; ++i) {
    const Row& row = rows()[i];
    writer.begin(row.name, type_of(row.kind), row.help);
    writer.sample(row.name, row.labels, totals.values[i]);
  }
}

void render_histogram(const ExtraHistogram& histogram, Writer& writer) {
  writer.begin(histogram.name, "histogram", histogram.help);
  const std::string bucket = fmt::format("{}_bucket", histogram.name);
  uint64_t below = 0;
  for (size_t i = 0; i < histogram.bounds.size(); ++i) {
    below += histogram.buckets[i];
    writer.sample(bucket, fmt::format("le=\"{}\"", histogram.bounds[i]), below);
  }
  below += histogram.buckets.back();
  writer.sample(bucket, "le=\"+Inf\"", below);
  writer.sample(fmt::format("{}_sum", histogram.name), "", histogram.sum);
  writer.sample(fmt::format("{}_count", histogram.name), "", below);
}

void render_durations(const Segment& segment, Writer& writer) {
  HistogramTotals durations = segment.durations();
  std::array<double, histogram_buckets - 1> bounds;
  for (size_t i = 0; i < bounds.size(); ++i) {
    bounds[i] = static_cast<double>(histogram_bound_us(i)) / 1e6;
  }
  render_histogram({"ringwall_exchange_duration_seconds",
                    "Time from the first byte of a request to the last of its answer.", bounds,
                    durations.buckets, static_cast<double>(durations.sum_us) / 1e6},
                   writer);
}

/// One of the things that a table of rows is about, with its numbers.
struct Labelled {
  std::string labels;
  std::vector<uint64_t> values;
};

template <class Totals>
Labelled labelled(std::string labels, const Totals& totals) {
  return {std::move(labels), {totals.values.begin(), totals.values.end()}};
}

void render_table(std::span<const Row> rows, const std::vector<Labelled>& all, Writer& writer) {
  for (size_t i = 0; i < rows.size(); ++i) {
    const Row& row = rows[i];
    if (row.name.empty()) continue;
    writer.begin(row.name, type_of(row.kind), row.help);
    for (const Labelled& one : all) {
      std::string labels = one.labels;
      if (!row.labels.empty()) labels.append(",").append(row.labels);
      writer.sample(row.name, labels, one.values[i]);
    }
  }
}

void render_backends(const Segment& segment, Writer& writer) {
  std::vector<Labelled> all;
  for (const BackendPlace& place : segment.backends()) {
    std::string labels = fmt::format("upstream=\"{}\",backend=\"{}\"", escape_label(place.upstream),
                                     escape_label(place.backend));
    all.push_back(labelled(std::move(labels), segment.read_backend(place.index)));
  }
  render_table(backend_rows(), all, writer);
}

void render_routes(const Segment& segment, Writer& writer) {
  std::vector<Labelled> all;
  for (const NamedRoute& route : segment.routes()) {
    Labelled one = labelled(fmt::format("route=\"{}\"", escape_label(route.name)),
                            segment.read_route(route.index));
    bool counts = std::count(one.values.begin(), one.values.end(), 0u) !=
                  static_cast<std::ptrdiff_t>(one.values.size());
    if (route.index != other_routes || counts) all.push_back(std::move(one));
  }
  render_table(route_rows(), all, writer);
}

}  // namespace

std::string escape_label(std::string_view text) {
  std::string out;
  for (char c : text) {
    if (c == '\n') {
      out += "\\n";
      continue;
    }
    if (c == '\\' || c == '"') out += '\\';
    out += c;
  }
  return out;
}

std::string render_prometheus(const Segment& segment, std::span<const Extra> extras,
                              std::span<const ExtraHistogram> histograms) {
  std::string out;
  out.reserve(16384);
  Writer writer(out);
  writer.begin("ringwall_build_info", "gauge", "The release that runs; always 1.");
  writer.sample("ringwall_build_info", "version=\"" RINGWALL_VERSION "\"", 1);
  writer.begin("ringwall_start_time_seconds", "gauge", "When the numbers began, in Unix time.");
  writer.sample("ringwall_start_time_seconds", "", segment.created_wall_ns() / 1'000'000'000);
  writer.begin("ringwall_workers", "gauge", "Workers that live now.");
  writer.sample("ringwall_workers", "", segment.workers().size());
  render_counters(segment, writer);
  render_durations(segment, writer);
  render_backends(segment, writer);
  render_routes(segment, writer);
  for (const Extra& extra : extras) {
    writer.begin(extra.name, type_of(extra.kind), extra.help);
    writer.sample(extra.name, extra.labels, extra.value);
  }
  for (const ExtraHistogram& histogram : histograms) render_histogram(histogram, writer);
  return out;
}

}  // namespace ringwall::stats
