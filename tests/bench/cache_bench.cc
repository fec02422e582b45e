// Measures the segment alone: hot hits, hits over many objects, fills at a full cache, one and two
// processes. Not a test: prints nanoseconds per operation, the mean and the best 100 ms window
// of processor time.
//
//   cache_bench [MiB of arena for the large cases: 2048; 0: without them]
#include <pthread.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <random>
#include <string>
#include <vector>

#include "cache/store.h"

namespace {

using namespace ringwall;

constexpr uint64_t MiB = uint64_t{1} << 20;

cache::Use always(const cache::Candidate&, const void*) {
  return cache::Use::serve;
}

cache::Lookup lookup(std::string_view key) {
  cache::Lookup lookup;
  lookup.key = key;
  lookup.now = 1000;
  lookup.use = always;
  return lookup;
}

struct Figures {
  double mean = 0;
  double best = 1e9;
};

// Processor time of this process: the figures hold on a busy machine too.
base::Instant cpu_now() {
  timespec time{};
  clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time);
  return {time.tv_sec * int64_t{1'000'000'000} + time.tv_nsec};
}

// Runs `step` in batches for about a second.
template <class Step>
Figures measure(Step step, int batch = 1000) {
  Figures figures;
  uint64_t steps = 0;
  const auto begin = cpu_now();
  auto window = begin;
  uint64_t window_steps = 0;
  for (;;) {
    for (int i = 0; i < batch; ++i) step();
    steps += static_cast<uint64_t>(batch);
    window_steps += static_cast<uint64_t>(batch);
    const auto now = cpu_now();
    const double in_window = static_cast<double>((now - window).count());
    if (in_window >= 1e8) {
      figures.best = std::min(figures.best, in_window / static_cast<double>(window_steps));
      window = now;
      window_steps = 0;
    }
    if ((now - begin).count() > 1'500'000'000) {
      figures.mean = static_cast<double>((now - begin).count()) / static_cast<double>(steps);
      return figures;
    }
  }
}

void print(const char* name, Figures figures) {
  printf("%-58s %8.1f ns  best %8.1f\n", name, figures.mean, figures.best);
  fflush(stdout);
}

cache::Store attach(const base::UniqueFd& segment, unsigned slot) {
  auto store = cache::Store::attach(segment.get(), slot, {});
  if (!store) {
    fprintf(stderr, "%s\n", store.error().what.c_str());
    exit(1);
  }
  return std::move(*store);
}

base::UniqueFd make(uint64_t bytes, bool literal = false) {
  cache::SegmentOptions options;
  options.size = bytes;
  options.literal_lru = literal;
  const auto begin = cpu_now();
  auto fd = cache::create_segment(options);
  if (!fd) {
    fprintf(stderr, "%s\n", fd.error().what.c_str());
    exit(1);
  }
  const auto made = cpu_now();
  auto watcher = cache::Store::attach(fd->get(), std::nullopt, {});
  const auto attached = cpu_now();
  cache::ResizeProgress progress;
  while (*watcher->resize(progress, std::chrono::seconds(1)) != cache::Resized::done) {
  }
  const auto reserved = cpu_now();
  printf("segment of %lu MiB: made in %.1f ms, attached in %.2f ms, reserved in %.0f ms\n",
         bytes / MiB, static_cast<double>((made - begin).count()) / 1e6,
         static_cast<double>((attached - made).count()) / 1e6,
         static_cast<double>((reserved - attached).count()) / 1e6);
  return std::move(*fd);
}

std::string key_of(uint64_t n) {
  return "http://www.example.org/some/path/to/an/object/" + std::to_string(n);
}

bool put(cache::Store& store, std::string_view key, std::string_view head, std::string_view content,
         bool known = true) {
  cache::Found found = store.find(lookup(key));
  auto* fill = std::get_if<cache::Fill>(&found.way);
  if (fill == nullptr) return false;
  if (!fill->begin_head({}, head, known ? std::optional(content.size()) : std::nullopt))
    return false;
  if (!fill->append(content)) return false;
  fill->finish();
  return true;
}

/// Indices with probability ~ 1/rank, drawn ahead so that drawing is not measured.
std::vector<uint32_t> zipf(uint32_t n, size_t draws) {
  std::vector<double> sums(n);
  double sum = 0;
  for (uint32_t i = 0; i < n; ++i) sums[i] = sum += 1.0 / (i + 1);
  std::mt19937 random(1);
  std::uniform_real_distribution<double> uniform(0, sum);
  std::vector<uint32_t> out(draws);
  for (auto& one : out) {
    one = static_cast<uint32_t>(std::lower_bound(sums.begin(), sums.end(), uniform(random)) -
                                sums.begin());
  }
  return out;
}

void run_hits(cache::Store& store, const char* name, uint32_t objects) {
  std::vector<std::string> keys;
  for (uint32_t i = 0; i < objects; ++i) keys.push_back(key_of(i));
  const auto order = zipf(objects, 1 << 20);
  size_t at = 0;
  uint64_t missed = 0;
  const Figures figures = measure([&] {
    const cache::Found found = store.find(lookup(keys[order[++at & (order.size() - 1)]]));
    missed += !std::holds_alternative<cache::Hit>(found.way);
  });
  print(name, figures);
  if (missed > 0) printf("  (missed %lu)\n", missed);
}

// What one robust lock costs here and now: the yardstick for all else.
void yardstick() {
  pthread_mutexattr_t attributes;
  pthread_mutexattr_init(&attributes);
  pthread_mutexattr_setrobust(&attributes, PTHREAD_MUTEX_ROBUST);
  pthread_mutex_t mutex;
  pthread_mutex_init(&mutex, &attributes);
  print("yardstick: robust mutex, lock and unlock", measure([&] {
          pthread_mutex_trylock(&mutex);
          pthread_mutex_unlock(&mutex);
        }));
}

void hot_hits() {
  const auto segment = make(64 * MiB);
  auto store = attach(segment, 0);
  const std::string head(300, 'h');
  const std::string content(1024, 'c');
  for (int i = 0; i < 1000; ++i) put(store, key_of(static_cast<uint64_t>(i)), head, content);
  run_hits(store, "hit, one hot key", 1);
  run_hits(store, "hit, 1,000 keys, Zipf 1.0", 1000);
  std::vector<cache::Hit> held;
  for (uint32_t i = 0; i < 1000; ++i) {
    cache::Found found = store.find(lookup(key_of(i)));
    held.push_back(std::move(std::get<cache::Hit>(found.way)));
  }
  run_hits(store, "hit, 1,000 keys that this worker pins already", 1000);
}

// A purge that concerns nothing: what it costs to look at every entry once.
void sweep(cache::Store& store, uint32_t objects) {
  const auto begin = cpu_now();
  cache::Purge purge;
  purge.kind = cache::Purge::Kind::tag;
  purge.tag = store.hash_tag("tag", "none");
  store.purge(purge);
  const auto recorded = cpu_now();
  store.sweep();
  printf("purge by tag in %.1f us, swept in %.1f ms, %.0f ns an object\n",
         static_cast<double>((recorded - begin).count()) / 1e3,
         static_cast<double>((cpu_now() - recorded).count()) / 1e6,
         static_cast<double>((cpu_now() - recorded).count()) / objects);
}

void many_hits(uint64_t arena) {
  const auto segment = make(arena);
  auto store = attach(segment, 0);
  const auto objects = static_cast<uint32_t>(std::min<uint64_t>(1'000'000, arena / 2200));
  const std::string head(300, 'h');
  const std::string content(1024, 'c');
  for (uint32_t i = 0; i < objects; ++i) put(store, key_of(i), head, content);
  printf("%lu objects stored\n", store.usage().objects);
  run_hits(store, "hit, a million objects", objects);
  sweep(store, objects);
  const pid_t pid = fork();
  if (pid == 0) {
    {
      auto own = attach(segment, 1);
      run_hits(own, "hit, a million objects, two processes: one", objects);
    }
    _exit(0);
  }
  run_hits(store, "hit, a million objects, two processes: other", objects);
  waitpid(pid, nullptr, 0);
}

void fills(uint64_t arena) {
  const auto segment = make(arena);
  auto store = attach(segment, 0);
  const std::string head(300, 'h');
  uint64_t n = 0;
  for (const size_t size : {size_t{1024}, size_t{16'384}, size_t{262'144}, size_t{1024}}) {
    const std::string content(size, 'c');
    while (store.counters().evictions == 0 || n % 5000 != 0) put(store, key_of(n++), head, content);
    char name[80];
    snprintf(name, sizeof(name), "fill and evict, %zu bytes", size);
    print(name, measure([&] { put(store, key_of(n++), head, content); }, 100));
    printf("  arena used %.1f %%, content %.1f %%\n",
           100.0 * static_cast<double>(store.usage().used_bytes) / static_cast<double>(arena),
           100.0 * static_cast<double>(store.usage().content_bytes) / static_cast<double>(arena));
  }
  std::mt19937 random(7);
  std::lognormal_distribution<double> sizes(std::log(12'000.0), 1.8);
  const std::string content(5'000'000, 'c');
  const auto mixed = [&] {
    const auto size = static_cast<size_t>(std::clamp(sizes(random), 200.0, 5e6));
    ++n;
    put(store, key_of(n), head, std::string_view(content).substr(0, size), n % 2 == 0);
  };
  print("fill and evict, lognormal 200 B to 5 MB, median 12 KB", measure(mixed, 100));
  printf("  arena used %.1f %%, content %.1f %%, no room %lu\n",
         100.0 * static_cast<double>(store.usage().used_bytes) / static_cast<double>(arena),
         100.0 * static_cast<double>(store.usage().content_bytes) / static_cast<double>(arena),
         store.counters().no_room);
  const size_t breaches = store.verify().breaches.size();
  printf("  breaches found by verify: %zu\n", breaches);
}

}  // namespace

int main(int argc, char** argv) {
  const uint64_t arena = (argc > 1 ? std::strtoull(argv[1], nullptr, 10) : 2048) * MiB;
  yardstick();
  hot_hits();
  if (arena == 0) return 0;
  many_hits(arena);
  fills(std::min<uint64_t>(arena, 256 * MiB));
  return 0;
}
