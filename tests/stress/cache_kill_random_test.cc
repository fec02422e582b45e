// Random sudden death under load: workers hit, fill, follow, purge and evict in a small full
// segment, whose size another process changes all the time, while one after another is killed with
// SIGKILL at a random time, the one that changes the size too; a quarter of the recoveries are
// killed as well. Every few kills all are killed and the segment must be flawless, hold nothing
// back and take any size. Content proves itself on every hit.
//
// RINGWALL_STRESS_SECONDS: how long (10).
#include <sys/prctl.h>

#include <chrono>
#include <cstdlib>
#include <random>

#include "cache/layout.h"
#include "tests/unit/cache/cache_fixture.h"

namespace ringwall::cache::test {
namespace {

constexpr unsigned workers = 3;
constexpr int keys = 400;
constexpr int wrong_content = 42;

size_t size_of(int key) {
  if (key % 50 == 0) return 350'000;
  return key % 7 == 0 ? 30'000 : 200 + static_cast<size_t>(key) * 7;
}

/// What a worker does until it is killed.
class Load {
 public:
  Load(Worker& worker, unsigned seed) : worker_(worker), random_(seed) {}

  [[noreturn]] void run() {
    for (;;) step();
  }

 private:
  int pick(int n) { return std::uniform_int_distribution<int>(0, n - 1)(random_); }

  void step() {
    worker_.now += pick(50) == 0;
    const int number = std::min(pick(keys), pick(keys));
    const std::string key = "key" + std::to_string(number);
    purge(key);
    tags_ = {tag(number % 40), tag(100 + pick(3))};
    // Every fifth key has variants.
    worker_.fields = {{"n", std::to_string(pick(3))}};
    selectors_ = number % 5 == 0 ? "n=" + worker_.fields["n"] + ";" : "";
    const int rule = pick(40);
    request(key, size_of(number), rule < 2 ? never : rule < 4 ? refreshing : unless_purged);
    if (held_.size() > 16) held_.erase(held_.begin());
    if (follows_.size() > 8) follows_.erase(follows_.begin());
  }

  uint64_t tag(int n) { return worker_.store().hash_tag("tag", std::to_string(n)); }

  void purge(const std::string& key) {
    if (pick(300) == 0) worker_.store().purge(by_key(key, pick(2) == 0));
    if (pick(1000) == 0) worker_.store().purge(by_tag(tag(pick(40)), pick(2) == 0));
    if (pick(3000) == 0) worker_.store().sweep();
    if (pick(5000) != 0) return;
    worker_.store().purge(by_prefix("key" + std::to_string(pick(10)), pick(2) == 0));
  }

  void request(const std::string& key, size_t size, Rule use) {
    Found found = worker_.find(key, use);
    if (auto* hit = std::get_if<Hit>(&found.way)) {
      prove(*hit, key, size, hit->content_length());
      if (found.refresh) run_fill(*found.refresh, key, size);
      held_.push_back(std::move(*hit));
    } else if (auto* follow = std::get_if<Follow>(&found.way)) {
      const auto state = follow->state();
      if (state == Follow::State::filling || state == Follow::State::complete) {
        prove(*follow, key, size, follow->available());
      }
      follow->arm(state, follow->available());
      follows_.push_back(std::move(*follow));
    } else if (auto* fill = std::get_if<Fill>(&found.way)) {
      if (found.stored && pick(2) == 0) {
        fill->renew(*found.stored, {}, head_for(key), {selectors_, tags_});
      } else {
        run_fill(*fill, key, size);
      }
    }
    if (found.stored) prove(*found.stored, key, size, found.stored->content_length());
  }

  template <class View>
  void prove(const View& view, const std::string& key, size_t size, uint64_t length) {
    const std::string expected = content_of(key, size).substr(0, length);
    if (view.head() != head_for(key) || read_content(view, 0, length) != expected) {
      _exit(wrong_content);
    }
  }

  void run_fill(Fill& fill, const std::string& key, size_t size) {
    if (pick(30) == 0) return fill.uncacheable(static_cast<uint32_t>(pick(3)));
    const auto length = pick(2) == 0 ? std::optional<uint64_t>(size) : std::nullopt;
    if (!fill.begin_head({}, head_for(key), length, {selectors_, tags_})) return;
    const std::string content = content_of(key, size);
    for (size_t done = 0; done < size;) {
      if (pick(100) == 0) return;
      const size_t part = std::min<size_t>(size - done, 1 + static_cast<size_t>(pick(60'000)));
      if (!fill.append(std::string_view(content).substr(done, part))) return;
      done += part;
    }
    fill.finish();
  }

  Worker& worker_;
  std::mt19937 random_;
  std::vector<Hit> held_;
  std::vector<Follow> follows_;
  std::vector<uint64_t> tags_;
  std::string selectors_;
};

class KillRandomTest : public CacheTest {
 protected:
  pid_t start(unsigned slot) {
    const unsigned seed = static_cast<unsigned>(random_());
    return fork_worker([&, slot, seed] {
      prctl(PR_SET_PDEATHSIG, SIGKILL);
      auto own = worker(slot);
      Load(*own, seed).run();
    });
  }

  static uint64_t random_size(std::mt19937& random) { return (2 + random() % 7) * MiB; }

  pid_t start_resizer() {
    const unsigned seed = static_cast<unsigned>(random_());
    return fork_worker([&, seed] {
      prctl(PR_SET_PDEATHSIG, SIGKILL);
      Store store = observer();
      std::mt19937 random(seed);
      ResizeProgress progress;
      for (;;) {
        if (random() % 100 == 0) (void)store.set_size(random_size(random));
        const auto resized = store.resize(progress, base::Duration(0));
        if (!resized || *resized != Resized::more) usleep(100);
      }
    });
  }

  void end(pid_t pid) {
    kill(pid, SIGKILL);
    const int status = wait_for(pid);
    ASSERT_FALSE(WIFEXITED(status) && WEXITSTATUS(status) == wrong_content) << "wrong content";
    ASSERT_TRUE(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL) << "status " << status;
    ++kills_;
  }

  void nap(unsigned most_us) {
    usleep(std::uniform_int_distribution<unsigned>(100, most_us)(random_));
  }

  // A recoverer that may be killed, then one that is not.
  void recover(Store& store, unsigned slot) {
    if (random_() % 4 == 0) {
      const pid_t pid = fork_worker([&] { observer().recover(slot); });
      nap(600);
      kill(pid, SIGKILL);
      wait_for(pid);
    }
    // Busy locks of workers that are not scheduled are no failure: once more.
    for (int i = 0; i < 100 && !store.recover(slot); ++i) usleep(1000);
  }

  // In limbo are at most the bodies of renewed responses: with all purged nothing stays.
  void expect_whole(Store& watcher) {
    const Usage usage = watcher.usage();
    EXPECT_EQ(usage.pinned, 0u);
    EXPECT_EQ(usage.filling, 0u);
    EXPECT_LE(usage.limbo, usage.objects);
    EXPECT_EQ(usage.purges_pending, 0u);
    EXPECT_EQ(breaches(watcher), "");
    if (random_() % 8 == 0) expect_nothing_stays(watcher);
    // Killed recoverers were observers, and may hold back what they took apart.
    for (unsigned i = 1; i < observers_max; ++i) EXPECT_TRUE(watcher.recover(slots_max + i));
    const uint64_t size = random_size(random_);
    ResizeProgress progress;
    EXPECT_TRUE(resize(watcher, size, progress));
    EXPECT_EQ(watcher.usage().reserved_bytes, size);
    EXPECT_EQ(breaches(watcher), "");
  }

  void expect_nothing_stays(Store& watcher) {
    watcher.purge(of_all());
    watcher.sweep();
    expect_nothing_lost(watcher);
  }

  std::mt19937 random_{std::random_device{}()};
  uint64_t kills_ = 0;
};

TEST_F(KillRandomTest, the_segment_stays_whole_under_random_kills) {
  SegmentOptions options;
  options.size = 4 * MiB;
  options.size_max = 8 * MiB;
  open(options);
  const char* text = std::getenv("RINGWALL_STRESS_SECONDS");
  const auto until = std::chrono::steady_clock::now() +
                     std::chrono::seconds(text != nullptr ? std::atoi(text) : 10);
  Store watcher = observer();
  std::array<pid_t, workers> pids{};
  for (unsigned i = 0; i < workers; ++i) pids[i] = start(i);
  pid_t resizer = start_resizer();
  uint64_t rounds = 0;
  for (; std::chrono::steady_clock::now() < until && !HasFailure(); ++rounds) {
    for (int i = 0; i < 8; ++i) {
      nap(20'000);
      const unsigned slot = static_cast<unsigned>(random_()) % workers;
      end(pids[slot]);
      recover(watcher, slot);
      pids[slot] = start(slot);
      if (random_() % 2 != 0) continue;
      end(resizer);
      resizer = start_resizer();
    }
    nap(5000);
    end(resizer);
    for (unsigned i = 0; i < workers; ++i) end(pids[i]);
    for (unsigned i = 0; i < workers; ++i) recover(watcher, i);
    watcher.sweep();
    expect_whole(watcher);
    resizer = start_resizer();
    for (unsigned i = 0; i < workers; ++i) pids[i] = start(i);
  }
  end(resizer);
  for (const pid_t pid : pids) end(pid);
  for (unsigned i = 0; i < workers; ++i) recover(watcher, i);
  const Counters counters = watcher.counters();
  printf("%lu kills, %lu rounds, %lu hits, %lu stored, %lu evictions, %lu follows\n", kills_,
         rounds, counters.hits, counters.stored, counters.evictions, counters.follows);
  EXPECT_GT(counters.evictions, 0u);
  EXPECT_GT(counters.follows, 0u);
  EXPECT_GT(counters.purged, 0u);
  expect_nothing_stays(watcher);
}

}  // namespace
}  // namespace ringwall::cache::test
