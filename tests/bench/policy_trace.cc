#include "tests/bench/policy_trace.h"

#include <algorithm>
#include <cmath>
#include <random>

namespace ringwall::bench {
namespace {

using Random = std::mt19937_64;

double uniform(Random& random) {
  return static_cast<double>(random() >> 11) * 0x1p-53;
}

bool one_in(Random& random, double n) {
  return uniform(random) * n < 1;
}

/// Ranks from 0 on with probability ~ 1 / (rank + 1)^alpha.
class Zipf {
 public:
  Zipf(size_t ranks, double alpha) : sums_(ranks) {
    double sum = 0;
    for (size_t i = 0; i < ranks; ++i)
      sums_[i] = sum += std::pow(static_cast<double>(i + 1), -alpha);
  }
  size_t operator()(Random& random) const {
    const double at = uniform(random) * sums_.back();
    return static_cast<size_t>(std::upper_bound(sums_.begin(), sums_.end() - 1, at) -
                               sums_.begin());
  }

 private:
  std::vector<double> sums_;
};

/// Makes objects and puts requests for them in a row; numbers the objects in the end.
class Builder {
 public:
  explicit Builder(const TraceOptions& options) : options_(options), sizes_random_(options.seed) {
    trace_.requests.reserve(options.requests);
  }
  bool full() const { return trace_.requests.size() >= options_.requests; }
  size_t made() const { return trace_.requests.size(); }

  uint32_t new_object() {
    trace_.sizes.push_back(options_.constant_size ? 4096 : draw_size());
    return static_cast<uint32_t>(trace_.sizes.size() - 1);
  }
  void request(uint32_t object) {
    if (!full()) trace_.requests.push_back(object);
  }
  void request_new() { request(new_object()); }

  /// Drops what was never requested.
  Trace finish() {
    std::vector<uint32_t> number(trace_.sizes.size(), unknown);
    std::vector<uint32_t> sizes;
    for (uint32_t& object : trace_.requests) {
      if (number[object] == unknown) {
        number[object] = static_cast<uint32_t>(sizes.size());
        sizes.push_back(trace_.sizes[object]);
        trace_.footprint += trace_.sizes[object];
      }
      object = number[object];
    }
    trace_.sizes = std::move(sizes);
    return std::move(trace_);
  }

 private:
  static constexpr uint32_t unknown = ~uint32_t{0};

  uint32_t draw_size() {
    const double radius = std::sqrt(-2 * std::log(1 - uniform(sizes_random_)));
    const double normal = radius * std::cos(2 * M_PI * uniform(sizes_random_));
    const double bytes = std::clamp(4096 * std::exp(1.5 * normal), 256.0, 2.0 * 1024 * 1024);
    return static_cast<uint32_t>(bytes) / 64 * 64;  // whole units, as the arena charges
  }

  const TraceOptions& options_;
  Random sizes_random_;
  Trace trace_;
};

/// A set of objects whose popularity follows a Zipf law.
class Catalogue {
 public:
  Catalogue(Builder& builder, size_t objects, double alpha) : zipf_(objects, alpha) {
    for (size_t i = 0; i < objects; ++i) objects_.push_back(builder.new_object());
  }
  uint32_t draw(Random& random) const { return objects_[zipf_(random)]; }
  /// Gives a rank, any, to an object that was not there before.
  void replace_one(Builder& builder, Random& random) {
    objects_[random() % objects_.size()] = builder.new_object();
  }

 private:
  Zipf zipf_;
  std::vector<uint32_t> objects_;
};

template <int tenths>
Trace make_zipf(const TraceOptions& options) {
  Builder builder(options);
  Random random(options.seed + 1);
  const Catalogue catalogue(builder, options.requests / 5, tenths / 10.0);
  while (!builder.full()) builder.request(catalogue.draw(random));
  return builder.finish();
}

Trace make_one_hit(const TraceOptions& options) {
  Builder builder(options);
  Random random(options.seed + 2);
  const Catalogue catalogue(builder, options.requests / 10, 0.9);
  while (!builder.full()) {
    if (one_in(random, 2)) {
      builder.request_new();
    } else {
      builder.request(catalogue.draw(random));
    }
  }
  return builder.finish();
}

// Three scans, each as large as the whole catalogue and at every second request: each is larger
// than a cache of a quarter of the footprint.
Trace make_scans(const TraceOptions& options) {
  Builder builder(options);
  Random random(options.seed + 3);
  const Catalogue catalogue(builder, options.requests * 6 / 100, 0.9);
  const size_t period = options.requests / 3;
  const size_t scan_begin = period / 2;
  const size_t scan_end = scan_begin + options.requests * 14 / 100;
  while (!builder.full()) {
    const size_t at = builder.made() % period;
    if (at >= scan_begin && at < scan_end && builder.made() % 2 == 0) {
      builder.request_new();
    } else {
      builder.request(catalogue.draw(random));
    }
  }
  return builder.finish();
}

// Each rank changes its object twice over the trace.
Trace make_drift(const TraceOptions& options) {
  Builder builder(options);
  Random random(options.seed + 4);
  const size_t ranks = options.requests / 20;
  Catalogue catalogue(builder, ranks, 0.9);
  const size_t period = options.requests / ranks / 2;
  while (!builder.full()) {
    if (builder.made() % period == 0) catalogue.replace_one(builder, random);
    builder.request(catalogue.draw(random));
  }
  return builder.finish();
}

// Over and over through the same objects, in the same order.
Trace make_loop(const TraceOptions& options) {
  Builder builder(options);
  std::vector<uint32_t> objects(options.requests / 10);
  for (uint32_t& object : objects) object = builder.new_object();
  while (!builder.full()) builder.request(objects[builder.made() % objects.size()]);
  return builder.finish();
}

/// Items that are asked for a lot when they are new, then ever less: all times are requests.
class News {
 public:
  News(Builder& builder, Random& random, double life)
      : builder_(builder), random_(random), life_(life) {}
  uint32_t draw() {
    // One request in eight brings a new item, so an item has eight requests in the mean; how many
    // it has follows a Pareto law: most have one or two, a few have thousands.
    if (items_.empty() || one_in(random_, 8)) publish();
    return pick();
  }

 private:
  struct Item {
    uint32_t object;
    double weight;  // sum of weights up to it
  };

  void publish() {
    const double weight = std::min(std::pow(1 - uniform(random_), -1 / 1.1), 3000.0);
    const double sum = items_.empty() ? 0 : items_.back().weight;
    items_.push_back({builder_.new_object(), sum + weight});
  }
  // Ages are exponential; the weight says which of the items of that time it is.
  uint32_t pick() {
    const double age = -std::log(1 - uniform(random_)) * life_ / 8;
    const auto newest = static_cast<double>(items_.size());
    const auto to = static_cast<size_t>(std::max(1.0, newest - age));
    const size_t from = to > group ? to - group : 0;
    const double low = from == 0 ? 0 : items_[from - 1].weight;
    const double at = low + uniform(random_) * (items_[to - 1].weight - low);
    const auto found = std::upper_bound(items_.begin() + static_cast<ptrdiff_t>(from),
                                        items_.begin() + static_cast<ptrdiff_t>(to) - 1, at,
                                        [](double x, const Item& item) { return x < item.weight; });
    return found->object;
  }

  static constexpr size_t group = 200;
  Builder& builder_;
  Random& random_;
  double life_;
  std::vector<Item> items_;
};

Trace make_news(const TraceOptions& options) {
  Builder builder(options);
  Random random(options.seed + 6);
  News news(builder, random, static_cast<double>(options.requests) / 50);
  while (!builder.full()) builder.request(news.draw());
  return builder.finish();
}

// Each object is asked for three times, in all distances from nothing to a tenth of the trace.
Trace make_thrice(const TraceOptions& options) {
  Builder builder(options);
  Random random(options.seed + 8);
  const size_t total = options.requests;
  std::vector<std::pair<size_t, uint32_t>> uses;
  for (size_t i = 0; i < total / 3; ++i) {
    const uint32_t object = builder.new_object();
    double at = uniform(random) * static_cast<double>(total);
    for (int use = 0; use < 3; ++use) {
      uses.emplace_back(static_cast<size_t>(at), object);
      at += uniform(random) * static_cast<double>(total) / 10;
    }
  }
  std::ranges::sort(uses);
  for (const auto& [at, object] : uses) builder.request(object);
  return builder.finish();
}

// Half Zipf, a fifth unique, a fifth news, a tenth a loop.
Trace make_mixture(const TraceOptions& options) {
  Builder builder(options);
  Random random(options.seed + 7);
  const Catalogue catalogue(builder, options.requests / 10, 0.9);
  News news(builder, random, static_cast<double>(options.requests) / 100);
  std::vector<uint32_t> loop(options.requests / 50);
  for (uint32_t& object : loop) object = builder.new_object();
  size_t looped = 0;
  while (!builder.full()) {
    const double kind = uniform(random);
    if (kind < 0.5) {
      builder.request(catalogue.draw(random));
    } else if (kind < 0.7) {
      builder.request_new();
    } else if (kind < 0.9) {
      builder.request(news.draw());
    } else {
      builder.request(loop[looped++ % loop.size()]);
    }
  }
  return builder.finish();
}

constexpr TraceKind kinds[] = {
    {"zipf-0.7", "Zipf 0.7 over a catalogue of a fifth of the requests", make_zipf<7>},
    {"zipf-0.9", "Zipf 0.9, likewise", make_zipf<9>},
    {"zipf-1.1", "Zipf 1.1, likewise", make_zipf<11>},
    {"one-hit", "half of the requests unique, half Zipf 0.9", make_one_hit},
    {"scans", "Zipf 0.9 with three scans of never-again objects larger than the cache", make_scans},
    {"drift", "Zipf 0.9 whose ranks each change their object twice", make_drift},
    {"loop", "ten rounds through a tenth as many objects", make_loop},
    {"news", "items with a burst when they are new, a heavy tail of sizes of the burst", make_news},
    {"thrice", "each object three times, at all distances up to a tenth of the trace", make_thrice},
    {"mixture", "half Zipf 0.9, a fifth unique, a fifth news, a tenth a loop", make_mixture},
};

}  // namespace

std::span<const TraceKind> trace_kinds() {
  return kinds;
}

}  // namespace ringwall::bench
