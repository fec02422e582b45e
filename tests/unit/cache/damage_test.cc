// Whatever the segment holds, verify comes to an end: in a process of its own it says what it found
// or crashes, but never runs in circles. And what nobody has damaged it finds sound, under any
// load.
#include <sys/mman.h>
#include <sys/stat.h>

#include <random>

#include "cache/process.h"
#include "tests/unit/cache/cache_fixture.h"

namespace ringwall::cache::test {
namespace {

constexpr unsigned rounds = 150;
constexpr unsigned seconds_max = 30;

class DamageTest : public CacheTest {
 protected:
  void SetUp() override {
    open(2 * MiB);
    auto filler = worker(0);
    for (int i = 0; i < 60; ++i) {
      ASSERT_TRUE(filler->put("key" + std::to_string(i), 100u + 1700u * unsigned(i), i % 2 == 0));
    }
    Found found = filler->find("key59", never);
    ASSERT_TRUE(std::get<Fill>(found.way).renew(*found.stored, {}, "renewed"));
    found = {Busy::lock, {}, {}, false};
    auto slow = filler->permit("slow");
    ASSERT_TRUE(slow->begin_head({}, "head", std::nullopt));
    struct stat status = {};
    ASSERT_EQ(fstat(segment_.get(), &status), 0);
    bytes_ = static_cast<size_t>(status.st_size);
    memory_ = static_cast<char*>(
        mmap(nullptr, bytes_, PROT_READ | PROT_WRITE, MAP_SHARED, segment_.get(), 0));
    ASSERT_NE(memory_, MAP_FAILED);
    good_.assign(memory_, bytes_);
    find_places();
  }
  void TearDown() override { munmap(memory_, bytes_); }

  uint64_t pick(uint64_t n) { return random_() % n; }
  /// Words that verify relies on: those of the tables that are not empty, and all of the entries.
  void find_places() {
    auto process = Process::attach(segment_.get(), std::nullopt, doorbells_);
    ASSERT_TRUE(process);
    const Superblock& super = (*process)->super();
    const size_t control = size_t{super.first_page} * unit_bytes;
    const size_t secret = size_t(reinterpret_cast<const char*>(super.secret) -
                                 reinterpret_cast<const char*>((*process)->base()));
    for (size_t at = prelude_bytes; at < control; at += 8) {
      const bool empty = good_.compare(at, 8, std::string(8, '\0')) == 0;
      if (!empty && (at < secret || at >= secret + sizeof(super.secret))) tables_.push_back(at);
    }
    for (uint32_t b = 0; b < super.bucket_count; ++b) {
      for (Ref ref = (*process)->bucket(b); ref != 0; ref = (*process)->entry(ref).chain) {
        for (size_t at = 0; at < sizeof(Entry) + 40; at += 8) {
          entries_.push_back(ref * unit_bytes + at);
        }
      }
    }
  }
  size_t place() {
    const std::vector<size_t>& places = pick(2) == 0 ? tables_ : entries_;
    return places[pick(places.size())];
  }
  void damage() {
    uint64_t word = random_();
    if (pick(2) == 0) std::memcpy(&word, good_.data() + place(), sizeof(word));
    if (pick(8) == 0) word = 0;
    const size_t size = pick(2) == 0 ? 4 : 8;
    std::memcpy(memory_ + place(), &word, size);
  }
  /// How a process ends that verifies: 0 sound, 1 breaches, else by a signal.
  int verify_apart() {
    const pid_t pid = fork();
    if (pid == 0) {
      alarm(seconds_max);
      signal(SIGABRT, SIG_DFL);
      freopen("/dev/null", "w", stderr);
      auto store = Store::attach(segment_.get(), std::nullopt, {});
      _exit(store && store->verify().breaches.empty() ? 0 : 1);
    }
    return wait_for(pid);
  }

  char* memory_ = nullptr;
  size_t bytes_ = 0;
  std::string good_;
  std::vector<size_t> tables_, entries_;  // offsets
  std::mt19937_64 random_{20260101};
};

TEST_F(DamageTest, verify_always_comes_to_an_end) {
  ASSERT_EQ(verify_apart(), 0);
  unsigned found = 0;
  for (unsigned round = 0; round < rounds; ++round) {
    for (uint64_t n = 1 + pick(20); n > 0; --n) damage();
    const int status = verify_apart();
    ASSERT_FALSE(WIFSIGNALED(status) && WTERMSIG(status) == SIGALRM) << "round " << round;
    found += status != 0;
    std::memcpy(memory_, good_.data(), bytes_);
  }
  EXPECT_GT(found, rounds / 2);
  EXPECT_EQ(verify_apart(), 0);
}

TEST_F(DamageTest, a_lock_that_a_living_process_holds_is_no_damage) {
  auto process = Process::attach(segment_.get(), std::nullopt, doorbells_);
  ASSERT_TRUE(process);
  pthread_mutex_lock(&(*process)->shard(0).lock.mutex);
  Store store = observer();
  const Verified verified = store.verify();
  EXPECT_FALSE(verified.complete);
  EXPECT_TRUE(verified.breaches.empty());
  pthread_mutex_unlock(&(*process)->shard(0).lock.mutex);
  EXPECT_TRUE(store.verify().complete);
}

TEST_F(DamageTest, a_lock_that_nobody_holds_and_nobody_gets_is_damage) {
  auto process = Process::attach(segment_.get(), std::nullopt, doorbells_);
  ASSERT_TRUE(process);
  const pid_t gone = fork_worker([] {});
  wait_for(gone);
  (*process)->shard(0).lock.mutex.__data.__lock = gone;
  Store store = observer();
  const Verified verified = store.verify();
  ASSERT_FALSE(verified.breaches.empty());
  EXPECT_NE(verified.breaches[0].find("shard 0 is held by nobody"), std::string::npos);
}

TEST_F(DamageTest, verify_finds_nothing_while_workers_work) {
  std::vector<pid_t> pids;
  for (unsigned slot = 0; slot < 3; ++slot) {
    pids.push_back(fork_worker([&] {
      for (unsigned life = 0;; ++life) {
        auto own = worker(slot + 8);
        for (unsigned i = 0; i < 300; ++i) {
          const std::string key = "k" + std::to_string((i * 7 + life * 13 + slot) % 40);
          if (i % 5 == 0) own->store().purge(by_key(key));
          if (own->hit(key)) continue;
          own->put(key, 50u + i * 211u % 90'000, i % 2 == 0);
        }
      }
    }));
  }
  Store store = observer();
  for (unsigned i = 0; i < 600; ++i) {
    const std::string all = breaches(store);
    EXPECT_EQ(all, "") << "verification " << i;
    if (!all.empty()) break;
  }
  for (const pid_t pid : pids) {
    kill(pid, SIGKILL);
    wait_for(pid);
  }
}

TEST_F(DamageTest, verify_finds_nothing_while_the_arena_is_being_reserved) {
  for (unsigned round = 0; round < 2; ++round) {
    auto fd = create_segment({.size = 16 * MiB, .reserve_at_start = 1 * MiB});
    ASSERT_TRUE(fd);
    segment_ = std::move(*fd);
    Store store = observer();
    const pid_t pid = fork_worker([&] {
      Store reserver = observer();
      auto own = worker(3);
      ResizeProgress progress;
      bool all = false;
      for (unsigned i = 0; !all; ++i) {
        auto step = reserver.resize(progress, base::Duration(0));
        all = !step || *step == Resized::done;
        own->put("k" + std::to_string(i), 50'000);
      }
    });
    int status = 0;
    while (waitpid(pid, &status, WNOHANG) == 0) {
      const std::string all = breaches(store);
      EXPECT_EQ(all, "");
      if (!all.empty()) kill(pid, SIGKILL);
    }
    EXPECT_EQ(status, 0);
  }
}

}  // namespace
}  // namespace ringwall::cache::test
