// A cache whose workers die at a chosen kill point, with what must hold after each death; and some
// of the work they die at.
#pragma once

#include <sys/mman.h>
#include <sys/stat.h>

#include <cstdlib>
#include <cstring>

#include "cache/kill_point.h"
#include "cache/process.h"
#include "cache/units.h"
#include "tests/unit/cache/cache_fixture.h"

namespace ringwall::cache::test {

constexpr unsigned victim_slot = 0;
constexpr unsigned witness_slot = 1;
constexpr unsigned other_slot = 2;
constexpr unsigned look_slot = 3;
constexpr int points_max = 20'000;
#ifdef __SANITIZE_ADDRESS__
constexpr int late_step = 7;  // a fork is slow then, and long operations repeat themselves
#else
constexpr int late_step = 1;
#endif

inline void die() {
  kill(getpid(), SIGKILL);
  for (;;) pause();
}

inline void arm(int point) {
  kill_points = {0, static_cast<uint64_t>(point), die};
}
inline void disarm() {
  kill_points.at = 0;
}

/// The segment's bytes as they are, to be put back.
class Snapshot {
 public:
  explicit Snapshot(int fd) {
    struct stat status {};
    fstat(fd, &status);
    bytes_.resize(static_cast<size_t>(status.st_size));
    live_ = mmap(nullptr, bytes_.size(), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
  }
  ~Snapshot() { munmap(live_, bytes_.size()); }
  void take() { std::memcpy(bytes_.data(), live_, bytes_.size()); }
  void put_back() { std::memcpy(live_, bytes_.data(), bytes_.size()); }

 private:
  std::vector<char> bytes_;
  void* live_ = nullptr;
};

inline int inherited_segment = -1;

class DyingTest : public CacheTest {
 protected:
  void SetUp() override {
    SegmentOptions options;
    options.size = 1 * MiB;
    options.size_max = 2 * MiB;
    open(options);
    inherited_segment = segment_.get();
    snapshot_ = std::make_unique<Snapshot>(segment_.get());
    watcher_ = std::make_unique<Store>(observer());
    witness_ = worker(witness_slot);
    look_ = std::move(*Process::attach(segment_.get(), look_slot, doorbells_));
    ASSERT_TRUE(witness_->put("pinned", 5000));
    pinned_.emplace(*witness_->hit("pinned"));
    full_ = std::getenv("RINGWALL_STRESS") != nullptr &&
            std::string_view(std::getenv("RINGWALL_STRESS")) == "full";
  }

  bool killed(pid_t pid) {
    const int status = wait_for(pid);
    if (WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL) return true;
    EXPECT_TRUE(WIFEXITED(status) && WEXITSTATUS(status) == 0) << "status " << status;
    return false;
  }

  bool recovery_dies_at(int point) {
    return killed(fork_worker([&] {
      Store recoverer = observer();
      arm(point);
      recoverer.recover(victim_slot);
      disarm();
    }));
  }

  void check_all() {
    const Usage usage = watcher_->usage();
    EXPECT_EQ(usage.filling, 0u);
    EXPECT_LE(usage.limbo, 3u);  // "pinned" may have been purged, the renewed have bodies
    EXPECT_EQ(usage.pinned, 1u);
    EXPECT_EQ(breaches(*watcher_), "");
    for (unsigned i = slots_max; i < slots_max + observers_max; ++i) {
      EXPECT_EQ(look_->slot(i).reclaim.load(), 0u) << "observer " << i << " left this half freed";
    }
    EXPECT_EQ(read_content(*pinned_, 0, 5000), content_of("pinned", 5000));
    check_contents();
  }

  struct Listed {
    std::string key;
    size_t size;
    Fields fields;
  };

  void check_contents() {
    std::vector<Listed> all;
    watcher_->walk(
        [](const Store::Listed& entry, void* context) {
          // Selectors are "n=1;".
          Fields fields;
          if (!entry.selectors.empty()) fields["n"] = entry.selectors.substr(2, 1);
          static_cast<std::vector<Listed>*>(context)->push_back(
              {std::string(entry.key), entry.facts.lifetime_s, fields});
          return true;
        },
        &all);
    for (const auto& [key, size, fields] : all) {
      witness_->fields = fields;
      auto found = witness_->store().peek(witness_->lookup(key));
      ASSERT_TRUE(found) << key;
      // A younger one may stand before what its fill had no time left to remove.
      const uint64_t length = fields.empty() ? size : found->content_length();
      EXPECT_EQ(read_content(*found, 0, length), content_of(key, length)) << key;
    }
  }

  void kill_recoveries(int step) {
    snapshot_->take();
    for (int point = 1; point < points_max; point += point < 16 ? 1 : step) {
      snapshot_->put_back();
      const bool died = recovery_dies_at(point);
      ASSERT_TRUE(watcher_->recover(victim_slot)) << "recovery point " << point;
      ASSERT_TRUE(watcher_->recover(other_slot));
      check_all();
      if (HasFailure()) FAIL() << "recovery point " << point;
      if (!died) return;
    }
  }

  std::unique_ptr<Snapshot> snapshot_;
  std::unique_ptr<Store> watcher_;
  std::unique_ptr<Worker> witness_;
  std::unique_ptr<Process> look_;
  std::optional<Hit> pinned_;
  bool full_ = false;
};

inline void renew(Worker& worker, const std::string& key) {
  Found found = worker.find(key, never);
  auto* fill = std::get_if<Fill>(&found.way);
  if (fill == nullptr || !found.stored) return;
  fill->renew(*found.stored, found.stored->facts(), "renewed");
}

// Content of a variant is its key's, at a size of its own.
inline void put_variants(Worker& worker, int n) {
  for (int i = 0; i < n; ++i) {
    worker.put_variant("t/v", 1000 + static_cast<size_t>(i), {{"n", std::to_string(i)}});
  }
}

inline void fill_cache(Worker& worker) {
  for (int i = 0; i < 100; ++i) worker.put("old" + std::to_string(i), 12'000);
}

// As far as it gets at once; whether that is all the way.
inline bool change_size(Store& store, uint64_t size) {
  ResizeProgress progress;
  if (!store.set_size(size)) return false;
  for (;;) {
    const auto resized = store.resize(progress, base::Duration(0));
    if (!resized || *resized != Resized::more) return resized && *resized == Resized::done;
  }
}

}  // namespace ringwall::cache::test
