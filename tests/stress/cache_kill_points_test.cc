// Kills a worker at every kill point of every operation, one after another: a forked child does the
// operation and raises SIGKILL at point n; then the slot is recovered, all invariants are checked,
// every stored byte is read, and nothing may be left pinned, under way or lost. Then the same with
// the recovery itself killed at its points, from a copy of the segment as the dead worker left it.
//
// RINGWALL_STRESS=full kills at every point of the recoveries too instead of a sample.
#include <sys/mman.h>
#include <sys/stat.h>

#include <cstdlib>
#include <cstring>

#include "cache/keeper.h"
#include "cache/kill_point.h"
#include "tests/unit/cache/cache_fixture.h"

namespace ringwall::cache::test {
namespace {

constexpr unsigned victim_slot = 0;
constexpr unsigned witness_slot = 1;
constexpr unsigned other_slot = 2;
constexpr int points_max = 20'000;
#ifdef __SANITIZE_ADDRESS__
constexpr int late_step = 7;  // a fork is slow then, and long operations repeat themselves
#else
constexpr int late_step = 1;
#endif

void die() {
  kill(getpid(), SIGKILL);
  for (;;) pause();
}

void arm(int point) {
  kill_points = {0, static_cast<uint64_t>(point), die};
}
void disarm() {
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

int inherited_segment = -1;

struct Operation {
  const char* name;
  void (*prepare)(Worker& worker);  // before the kill points count
  void (*run)(Worker& worker);
};

class KillPointsTest : public CacheTest, public ::testing::WithParamInterface<Operation> {
 protected:
  void SetUp() override {
    open(1 * MiB);
    inherited_segment = segment_.get();
    snapshot_ = std::make_unique<Snapshot>(segment_.get());
    watcher_ = std::make_unique<Store>(observer());
    witness_ = worker(witness_slot);
    ASSERT_TRUE(witness_->put("pinned", 5000));
    pinned_.emplace(*witness_->hit("pinned"));
    full_ = std::getenv("RINGWALL_STRESS") != nullptr &&
            std::string_view(std::getenv("RINGWALL_STRESS")) == "full";
  }

  /// The operation in a child that dies at `point`; false when it has fewer points.
  bool die_at(const Operation& operation, int point) {
    const pid_t pid = fork_worker([&] {
      auto victim = worker(victim_slot);
      victim->store().purge(by_prefix("t/"));
      victim->store().sweep();
      operation.prepare(*victim);
      arm(point);
      operation.run(*victim);
      disarm();
    });
    return killed(pid);
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
  std::optional<Hit> pinned_;
  bool full_ = false;
};

TEST_P(KillPointsTest, leaves_nothing_behind_at_any_point) {
  const Operation& operation = GetParam();
  int point = 1;
  for (int n = 1; point < points_max && die_at(operation, point);
       ++n, point += full_ || point < 200 ? 1 : late_step) {
    if (full_ || n % 40 == 20) {
      kill_recoveries(full_ ? 3 : 37);
      if (HasFailure()) FAIL() << operation.name << " at point " << point;
      snapshot_->put_back();
    }
    ASSERT_TRUE(watcher_->recover(victim_slot));
    ASSERT_TRUE(watcher_->recover(other_slot));
    check_all();
    if (HasFailure()) FAIL() << operation.name << " at point " << point;
  }
  ASSERT_LT(point, points_max);
  EXPECT_GT(point, 2) << "no kill points: is the test linked with the right library?";
  RecordProperty("points", point - 1);
  printf("%s: to point %d\n", operation.name, point - 1);
  pinned_.reset();
  witness_.reset();
  watcher_->purge(of_all());
  watcher_->sweep();
  expect_nothing_lost(*watcher_);
}

void nothing(Worker&) {}

void put_tagged(Worker& worker, const std::string& key, const std::string& word) {
  const uint64_t tag = worker.store().hash_tag("tag", word);
  worker.put(key, 2000, true, always, {{}, {&tag, 1}});
}

void renew(Worker& worker, const std::string& key) {
  Found found = worker.find(key, never);
  auto* fill = std::get_if<Fill>(&found.way);
  if (fill == nullptr || !found.stored) return;
  fill->renew(*found.stored, found.stored->facts(), "renewed");
}

void put_back(Worker& worker, const std::string& key) {
  auto way = Keeper(worker.store()).put_back({key, {}, 60'000, 3, true, false}, worker.now);
  if (auto* fill = std::get_if<Fill>(&way)) Worker::complete(*fill, key, 100'000);
}

// Content of a variant is its key's, at a size of its own.
void put_variants(Worker& worker, int n) {
  for (int i = 0; i < n; ++i) {
    worker.put_variant("t/v", 1000 + static_cast<size_t>(i), {{"n", std::to_string(i)}});
  }
}

void fill_cache(Worker& worker) {
  for (int i = 0; i < 100; ++i) worker.put("old" + std::to_string(i), 12'000);
}

// In a child of the child: attaches to another slot and dies in the middle of much.
void leave_a_dead_worker_behind(Worker& worker) {
  worker.put("t/shared", 10'000);
  const pid_t pid = fork();
  if (pid == 0) {
    auto store = Store::attach(inherited_segment, other_slot, {});
    if (!store) _exit(1);
    Worker other(std::move(*store));
    auto hit = other.hit("t/shared");
    auto fill = other.permit("t/half");
    if (fill && fill->begin_head({}, "head", 100'000)) fill->append(content_of("t/half", 50'000));
    auto waiting = other.permit("t/waiting");
    other.store().purge(by_key("t/shared"));
    die();
  }
  int status = 0;
  waitpid(pid, &status, 0);
}

// All keys but the pinned and the old one begin with "t/": they are purged before each run.
const Operation operations[] = {
    {"fill", nothing, [](Worker& w) { w.put("t/fill", 1024); }},
    {"fill_of_unknown_length", nothing, [](Worker& w) { w.put("t/unknown", 30'000, false); }},
    {"fill_in_many_extents", nothing, [](Worker& w) { w.put("t/many", 400'000, false); }},
    {"abandoned_fill", nothing,
     [](Worker& w) {
       auto fill = w.permit("t/abandoned");
       if (!fill || !fill->begin_head({}, "head", 1000)) return;
       fill->append(content_of("t/abandoned", 500));
     }},
    {"uncacheable", nothing,
     [](Worker& w) {
       Found found = w.find("t/marked");
       if (auto* fill = std::get_if<Fill>(&found.way)) fill->uncacheable(5);
       w.now += 10;
       Found again = w.find("t/marked");
       if (auto* fill = std::get_if<Fill>(&again.way)) fill->uncacheable(5);
       w.store().purge(by_key("t/marked"));
     }},
    {"replace", [](Worker& w) { w.put("t/twice", 2000); },
     [](Worker& w) { w.put("t/twice", 2000, true, never); }},
    {"replace_what_is_pinned", [](Worker& w) { w.put("pinned", 5000); },
     [](Worker& w) { w.put("pinned", 5000, true, never); }},
    {"put_back", nothing, [](Worker& w) { put_back(w, "t/back"); }},
    {"evict", fill_cache, [](Worker& w) { w.put("t/new", 20'000); }},
    {"evict_for_a_large_one", fill_cache, [](Worker& w) { w.put("t/large", 100'000); }},
    {"purge", [](Worker& w) { w.put("t/purged", 70'000); },
     [](Worker& w) { w.store().purge(by_key("t/purged")); }},
    {"purge_by_prefix",
     [](Worker& w) {
       w.put("t/p/1", 700);
       w.put("t/p/2", 90'000);
       w.put("t/q", 7);
     },
     [](Worker& w) {
       w.store().purge(by_prefix("t/p/"));
       w.store().purge(by_prefix("t/p/", true));
       w.hit("t/p/1");
       w.store().sweep();
     }},
    {"purge_by_tag",
     [](Worker& w) {
       put_tagged(w, "t/red/1", "red");
       put_tagged(w, "t/red/2", "red");
       put_tagged(w, "t/blue", "blue");
     },
     [](Worker& w) {
       w.store().purge(by_tag(w.store().hash_tag("tag", "red")));
       w.store().purge(by_tag(w.store().hash_tag("tag", "blue"), true));
       auto again = w.permit("t/red/1");
       w.hit("t/blue");
       w.store().sweep();
     }},
    {"purge_by_tag_during_a_fill", nothing,
     [](Worker& w) {
       auto red = w.permit("t/red");
       auto blue = w.permit("t/blue");
       if (!red || !blue) return;
       const uint64_t tag = w.store().hash_tag("tag", "red");
       if (!red->begin_head(facts_for(3), "head", 3, {{}, {&tag, 1}})) return;
       w.store().purge(by_tag(tag));
       w.store().purge(of_all(true));
       w.store().sweep();
       Worker::complete(*blue, "t/blue", 500);
       red->append("abc");
       red->finish();
       w.store().sweep();
     }},
    {"purge_during_a_fill", nothing,
     [](Worker& w) {
       auto fill = w.permit("t/hidden");
       if (!fill) return;
       w.store().purge(by_key("t/hidden"));
       auto second = w.permit("t/hidden");
       if (fill->begin_head({}, "head", 10) && fill->append("0123456789")) fill->finish();
     }},
    {"hit_and_unpin",
     [](Worker& w) {
       w.put("t/hit", 1000);
       w.put("t/hit2", 1000);
     },
     [](Worker& w) {
       auto one = w.hit("t/hit");
       auto two = w.hit("t/hit2");
       auto again = w.hit("t/hit");
     }},
    {"unpin_of_a_purged_one", [](Worker& w) { w.put("t/gone", 100'000); },
     [](Worker& w) {
       auto hit = w.hit("t/gone");
       w.store().purge(by_key("t/gone"));
     }},
    {"follow", nothing,
     [](Worker& w) {
       auto fill = w.permit("t/followed");
       auto follow = w.follow("t/followed");
       if (!fill || !follow) return;
       follow->arm(Follow::State::waiting, 0);
       fill->begin_head({}, "head", std::nullopt);
       follow->arm(Follow::State::filling, 0);
       fill->append(content_of("t/followed", 40));
       fill->finish();
     }},
    {"variants", [](Worker& w) { put_variants(w, 4); },
     [](Worker& w) {
       w.variants_max = 3;
       put_variants(w, 5);
       w.fields = {{"n", "3"}};
       auto follow = w.permit("t/v", never);
     }},
    {"one_for_all_variants", [](Worker& w) { put_variants(w, 6); },
     [](Worker& w) {
       w.fields = {{"n", "none"}};
       w.put("t/v", 500);
     }},
    {"refresh", [](Worker& w) { w.put("t/refresh", 1000); },
     [](Worker& w) {
       Found found = w.find("t/refresh", refreshing);
       if (found.refresh) Worker::complete(*found.refresh, "t/refresh", 30'000);
     }},
    {"renew", [](Worker& w) { w.put("t/renewed", 70'000); },
     [](Worker& w) {
       renew(w, "t/renewed");
       renew(w, "t/renewed");
     }},
    {"renew_what_is_pinned", [](Worker& w) { w.put("pinned", 5000); },
     [](Worker& w) { renew(w, "pinned"); }},
    {"purge_of_a_renewed_one",
     [](Worker& w) {
       w.put("t/renewed", 70'000);
       renew(w, "t/renewed");
     },
     [](Worker& w) {
       auto hit = w.hit("t/renewed");
       w.store().purge(by_key("t/renewed"));
     }},
    {"evict_a_renewed_one",
     [](Worker& w) {
       w.put("t/renewed", 300'000);
       renew(w, "t/renewed");
       for (int i = 0; i < 10; ++i) w.put("old" + std::to_string(i), 64'000);
     },
     [](Worker& w) { w.put("t/large", 200'000); }},
    {"attach_and_detach", nothing,
     [](Worker&) { auto store = Store::attach(inherited_segment, other_slot, {}); }},
    {"recovery_of_another", leave_a_dead_worker_behind,
     [](Worker& w) { w.store().recover(other_slot); }},
};

INSTANTIATE_TEST_SUITE_P(Operations, KillPointsTest, ::testing::ValuesIn(operations),
                         [](const auto& info) { return std::string(info.param.name); });

}  // namespace
}  // namespace ringwall::cache::test
