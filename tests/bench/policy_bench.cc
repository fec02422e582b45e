// Compares orders of eviction and filters in front of them: runs made-up traces through plain LRU,
// the cache's own order, what it could be instead, the best known policies and bounds from the
// whole trace, at caches of 2, 10 and 25 % of a trace's footprint. Prints Markdown: hit ratios by
// objects and by bytes, every request counted from an empty cache on. The same arguments give the
// same figures, times apart. That the cache's own order is what the store does is held by
// tests/unit/cache/order_test.cc.
//
//   policy_bench [requests a trace: 1000000] [lognormal | constant] [seed: 1]
#include <time.h>

#include <array>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <string>

#include "tests/bench/policy_offline.h"
#include "tests/bench/policy_trace.h"

namespace ringwall::bench {
namespace {

constexpr std::array percents = {2, 10, 25};  // of the footprint

constexpr Candidate candidates[] = {
    {"plain LRU", make_lru},
    {"segmented 50/50", make_segmented},
    {"segmented + sketch filter", make_sketch_filter},
    {"segmented + ghost filter", make_ghost_filter},
    {"ghosts, boundary stays at 20/80", make_ghosted},
    {"**boundary learns (cache/lru.cc)**", make_learning},
    {"SIEVE", make_sieve},
    {"S3-FIFO", make_s3_fifo},
    {"ARC", make_arc},
    {"LIRS", make_lirs},
    {"W-TinyLFU, window 1 %", make_w_tiny_lfu},
    {"W-TinyLFU, window climbs", make_climbing_w_tiny_lfu},
    {"GDSF", make_gdsf},
    {"Belady (knows the trace)", make_belady},
};
constexpr size_t candidates_count = std::size(candidates);
constexpr size_t lru_index = 0;
constexpr size_t segmented_index = 1;

/// Hit ratios in percent, by size of cache.
struct Ratios {
  std::array<double, percents.size()> objects{};
  std::array<double, percents.size()> bytes{};
};

struct Worst {
  double points = 100;
  std::string where;
};

struct Summary {
  double objects = 0;
  double bytes = 0;
  Worst than_lru;
  Worst than_segmented;
  double seconds = 0;
};

// Processor time of this process: the figures hold on a busy machine too.
double cpu_seconds() {
  timespec time{};
  clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time);
  return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_nsec) / 1e9;
}

uint64_t capacity_of(const Trace& trace, int percent) {
  return trace.footprint / 100 * static_cast<uint64_t>(percent);
}

Ratios run(const Candidate& candidate, const Trace& trace) {
  Ratios ratios;
  for (size_t i = 0; i < percents.size(); ++i) {
    const auto policy = candidate.make(trace, capacity_of(trace, percents[i]));
    uint64_t hits = 0;
    uint64_t hit_bytes = 0;
    uint64_t bytes = 0;
    for (const uint32_t object : trace.requests) {
      bytes += trace.sizes[object];
      if (!policy->request(object)) continue;
      ++hits;
      hit_bytes += trace.sizes[object];
    }
    ratios.objects[i] =
        100.0 * static_cast<double>(hits) / static_cast<double>(trace.requests.size());
    ratios.bytes[i] = 100.0 * static_cast<double>(hit_bytes) / static_cast<double>(bytes);
  }
  return ratios;
}

Ratios bound_of(const Trace& trace) {
  Ratios ratios;
  for (size_t i = 0; i < percents.size(); ++i) {
    const Bound bound = compute_bound(trace, capacity_of(trace, percents[i]));
    ratios.objects[i] = 100 * bound.objects;
    ratios.bytes[i] = 100 * bound.bytes;
  }
  return ratios;
}

void print_row(const char* name, const Ratios& ratios) {
  printf("| %s |", name);
  for (const double ratio : ratios.objects) printf(" %.2f |", ratio);
  for (const double ratio : ratios.bytes) printf(" %.2f |", ratio);
  printf("\n");
}

void compare(Worst& worst, const Ratios& ratios, const Ratios& other, const char* trace) {
  for (size_t i = 0; i < percents.size(); ++i) {
    const double points = ratios.objects[i] - other.objects[i];
    if (points >= worst.points) continue;
    worst.points = points;
    worst.where = std::string(trace) + " " + std::to_string(percents[i]);
  }
}

void run_trace(const TraceKind& kind, const TraceOptions& options,
               std::array<Summary, candidates_count>& summaries) {
  const Trace trace = kind.make(options);
  printf("\n### %s: %s\n\n%zu requests, %zu objects, %.0f MiB\n\n", kind.name, kind.what,
         trace.requests.size(), trace.objects(), static_cast<double>(trace.footprint) / 1048576);
  printf(
      "| | objects 2 %% | 10 %% | 25 %% | bytes 2 %% | 10 %% | 25 %% |\n"
      "|---|---|---|---|---|---|---|\n");
  std::array<Ratios, candidates_count> all;
  for (size_t c = 0; c < candidates_count; ++c) {
    const double begin = cpu_seconds();
    all[c] = run(candidates[c], trace);
    Summary& summary = summaries[c];
    summary.seconds += cpu_seconds() - begin;
    for (size_t i = 0; i < percents.size(); ++i) {
      summary.objects += all[c].objects[i];
      summary.bytes += all[c].bytes[i];
    }
    compare(summary.than_lru, all[c], all[lru_index], kind.name);
    if (c >= segmented_index)
      compare(summary.than_segmented, all[c], all[segmented_index], kind.name);
    print_row(candidates[c].name, all[c]);
  }
  print_row("bound (PFOO)", bound_of(trace));
  fflush(stdout);
}

void print_summary(const std::array<Summary, candidates_count>& summaries, size_t requests) {
  const auto runs = static_cast<double>(trace_kinds().size() * percents.size());
  printf(
      "\n### All traces\n\nMeans over traces and sizes; worst difference in points of the object "
      "hit ratio,\nwith its trace and size of cache.\n\n"
      "| | objects | bytes | worst against LRU | worst against 50/50 | ns a request |\n"
      "|---|---|---|---|---|---|\n");
  for (size_t c = 0; c < candidates_count; ++c) {
    const Summary& summary = summaries[c];
    printf("| %s | %.2f | %.2f | %+.2f %s | ", candidates[c].name, summary.objects / runs,
           summary.bytes / runs, summary.than_lru.points, summary.than_lru.where.c_str());
    if (c >= segmented_index)
      printf("%+.2f %s", summary.than_segmented.points, summary.than_segmented.where.c_str());
    printf(" | %.0f |\n", summary.seconds * 1e9 / runs / static_cast<double>(requests));
  }
}

int run_all(const TraceOptions& options) {
  printf(
      "## Policies\n\nseed %lu, sizes %s\n", options.seed,
      options.constant_size ? "4 KiB each" : "lognormal, median 4 KiB, sigma 1.5, 256 B to 2 MiB");
  std::array<Summary, candidates_count> summaries;
  for (const TraceKind& kind : trace_kinds()) run_trace(kind, options, summaries);
  print_summary(summaries, options.requests);
  return 0;
}

}  // namespace
}  // namespace ringwall::bench

int main(int argc, char** argv) {
  ringwall::bench::TraceOptions options;
  if (argc > 1) options.requests = std::strtoull(argv[1], nullptr, 10);
  if (argc > 2) options.constant_size = std::strcmp(argv[2], "constant") == 0;
  if (argc > 3) options.seed = std::strtoull(argv[3], nullptr, 10);
  // Below, a catalogue of a tenth of the requests is no longer one; above, numbers overflow.
  constexpr size_t requests_min = 10'000;
  constexpr size_t requests_max = 1'000'000'000;
  if (options.requests < requests_min || options.requests > requests_max) {
    fprintf(stderr, "policy_bench: between %zu and %zu requests\n", requests_min, requests_max);
    return 2;
  }
  return ringwall::bench::run_all(options);
}
