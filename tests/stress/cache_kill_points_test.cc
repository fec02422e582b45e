// Kills a worker at every kill point of every operation, one after another: a forked child does the
// operation and raises SIGKILL at point n; then the slot is recovered, all invariants are checked,
// every stored byte is read, and nothing may be left pinned, under way or lost. Then the same with
// the recovery itself killed at its points, from a copy of the segment as the dead worker left it.
//
// RINGWALL_STRESS=full kills at every point of the recoveries too instead of a sample.
#include "cache/keeper.h"
#include "tests/stress/dying_fixture.h"

namespace ringwall::cache::test {
namespace {

struct Operation {
  const char* name;
  void (*prepare)(Worker& worker);  // before the kill points count
  void (*run)(Worker& worker);
};

class KillPointsTest : public DyingTest, public ::testing::WithParamInterface<Operation> {
 protected:
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

void put_back(Worker& worker, const std::string& key) {
  auto way = Keeper(worker.store()).put_back({key, {}, 60'000, 3, true, false}, worker.now);
  if (auto* fill = std::get_if<Fill>(&way)) Worker::complete(*fill, key, 100'000);
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
    {"grow", [](Worker& w) { change_size(w.store(), 1 * MiB); },
     [](Worker& w) { change_size(w.store(), 1 * MiB + 2 * page_bytes); }},
    {"shrink",
     [](Worker& w) {
       change_size(w.store(), 1 * MiB + 3 * page_bytes);
       fill_cache(w);
       w.put("t/renewed", 70'000);
       renew(w, "t/renewed");
     },
     [](Worker& w) { change_size(w.store(), 1 * MiB); }},
    {"recovery_of_another", leave_a_dead_worker_behind,
     [](Worker& w) { w.store().recover(other_slot); }},
};

INSTANTIATE_TEST_SUITE_P(Operations, KillPointsTest, ::testing::ValuesIn(operations),
                         [](const auto& info) { return std::string(info.param.name); });

}  // namespace
}  // namespace ringwall::cache::test
