#include "daemon/stats/segment.h"

#include <gtest/gtest.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <cstring>
#include <thread>

namespace ringwall::stats {
namespace {

constexpr base::Instant start{1'000'000'000};

Segment make() {
  auto segment = Segment::create();
  EXPECT_TRUE(segment) << segment.error().what;
  return std::move(*segment);
}

/// Bytes of memory that the segment really takes.
uint64_t held_bytes(const Segment& segment) {
  struct stat facts;
  EXPECT_EQ(::fstat(segment.fd(), &facts), 0);
  return static_cast<uint64_t>(facts.st_blocks) * 512;
}

/// Runs `work` as a worker does: another process, which attaches by the descriptor.
template <class Work>
pid_t run_worker(const Segment& segment, unsigned slot, Work work) {
  pid_t child = ::fork();
  if (child != 0) return child;
  auto mine = Segment::attach(segment.fd(), true);
  if (!mine) ::_exit(1);
  work(mine->claim(slot, 1, start));
  ::_exit(0);
}

int wait_for(pid_t child) {
  int status = 0;
  EXPECT_EQ(::waitpid(child, &status, 0), child);
  return status;
}

TEST(Segment, what_another_process_counts_is_in_the_sum) {
  Segment segment = make();
  pid_t child = run_worker(segment, 3, [](WorkerStats& own) {
    own.add(Counter::requests_get, 7);
    own.add(Counter::requests_get);
    own.set(Counter::connections_open, 5);
    own.backend(2).add(BackendCounter::requests, 4);
    own.observe_duration(100);
  });
  EXPECT_EQ(wait_for(child), 0);
  EXPECT_EQ(segment.sum(Counter::requests_get), 8u);
  EXPECT_EQ(segment.sum(Counter::connections_open), 5u);
  EXPECT_EQ(segment.read_backend(2)[BackendCounter::requests], 4u);
  EXPECT_EQ(segment.durations().sum_us, 100u);
  ASSERT_EQ(segment.workers().size(), 1u);
  WorkerView view = segment.workers()[0];
  EXPECT_EQ(view.slot, 3u);
  EXPECT_EQ(view.pid, static_cast<uint64_t>(child));
  EXPECT_EQ(view.requests, 8u);
  EXPECT_EQ(view.connections, 5u);
  EXPECT_EQ(view.heartbeat, start);
}

TEST(Segment, counters_outlive_their_worker_and_gauges_do_not) {
  Segment segment = make();
  ASSERT_TRUE(segment.assign("app", "10.0.0.1:80"));
  for (int life = 1; life <= 3; ++life) {
    pid_t child = run_worker(segment, 0, [](WorkerStats& own) {
      own.add(Counter::requests_get, 10);
      own.set(Counter::connections_open, 4);
      own.backend(0).add(BackendCounter::requests, 2);
      own.backend(0).set(BackendCounter::active, 1);
      own.backend(0).set(BackendCounter::ejected_until_ns, 99);
      own.observe_duration(1000);
    });
    EXPECT_EQ(wait_for(child), 0);
    EXPECT_EQ(segment.sum(Counter::connections_open), 4u);
    EXPECT_EQ(segment.read_backend(0)[BackendCounter::ejected_until_ns], 99u);
    segment.retire(0);
    segment.retire(0);
    EXPECT_EQ(segment.sum(Counter::requests_get), 10u * life);
    EXPECT_EQ(segment.sum(Counter::connections_open), 0u);
    BackendTotals backend = segment.read_backend(0);
    EXPECT_EQ(backend[BackendCounter::requests], 2u * life);
    EXPECT_EQ(backend[BackendCounter::active], 0u);
    EXPECT_EQ(backend[BackendCounter::ejected_until_ns], 0u);
    EXPECT_EQ(segment.durations().sum_us, 1000u * life);
    EXPECT_TRUE(segment.workers().empty());
  }
}

TEST(Segment, sums_never_go_backwards_while_workers_come_and_go) {
  Segment segment = make();
  // Many backends make a fold long enough for readers to fall into it.
  for (int i = 0; i < 256; ++i) {
    ASSERT_TRUE(segment.assign("app", "10.0.0.1:" + std::to_string(i)));
  }
  auto reader_view = Segment::attach(segment.fd(), false);
  ASSERT_TRUE(reader_view);
  std::atomic<bool> done{false};
  std::atomic<bool> fell{false};
  std::thread reader([&] {
    uint64_t last = 0;
    while (!done.load()) {
      uint64_t now = reader_view->sum(Counter::requests_get);
      if (now < last) fell = true;
      last = now;
    }
  });
  constexpr unsigned lives = 2000;
  for (unsigned life = 0; life < lives; ++life) {
    WorkerStats& own = segment.claim(life % 4, 1, start);
    for (int i = 0; i < 50; ++i) own.add(Counter::requests_get);
    segment.retire(life % 4);
  }
  done = true;
  reader.join();
  EXPECT_FALSE(fell.load());
  EXPECT_EQ(segment.sum(Counter::requests_get), lives * 50u);
}

TEST(Segment, a_crashed_worker_leaves_its_report) {
  Segment segment = make();
  pid_t child = run_worker(segment, 1, [](WorkerStats& own) {
    constexpr std::string_view report = "GET /boom from 192.0.2.1";
    std::memcpy(own.panic_page().data(), report.data(), report.size());
    own.publish_panic(report.size());
    ::raise(SIGKILL);
  });
  EXPECT_TRUE(WIFSIGNALED(wait_for(child)));
  EXPECT_EQ(segment.panic_text(1), "GET /boom from 192.0.2.1");
  segment.retire(1);
  EXPECT_EQ(segment.panic_text(1), "");
  segment.claim(1, 2, start);
  EXPECT_EQ(segment.panic_text(1), "");
}

TEST(Segment, a_report_of_impossible_length_is_cut) {
  Segment segment = make();
  segment.claim(0, 1, start).publish_panic(1'000'000);
  EXPECT_EQ(segment.panic_text(0).size(), panic_bytes);
}

TEST(Segment, costs_no_memory_for_what_nobody_uses) {
  Segment segment = make();
  WorkerStats& own = segment.claim(0, 1, start);
  own.add(Counter::requests_get);
  segment.totals();
  segment.durations();
  segment.workers();
  segment.backends();
  EXPECT_LT(held_bytes(segment), 64u * 1024);
  for (uint32_t i = 0; i < base::backends_max; ++i) own.backend(i).add(BackendCounter::requests);
  uint64_t used = held_bytes(segment);
  segment.retire(0);
  EXPECT_LT(held_bytes(segment), used / 2);
}

TEST(Segment, refuses_what_is_no_segment_of_this_release) {
  base::UniqueFd other(::memfd_create("other", MFD_CLOEXEC | MFD_ALLOW_SEALING));
  EXPECT_FALSE(Segment::attach(other.get(), false));
  ASSERT_EQ(::ftruncate(other.get(), sizeof(Layout)), 0);
  EXPECT_FALSE(Segment::attach(other.get(), false)) << "unsealed";
  EXPECT_FALSE(Segment::attach(-1, false));
}

TEST(Segment, cannot_be_shrunk_by_anyone) {
  Segment segment = make();
  EXPECT_NE(::ftruncate(segment.fd(), 0), 0);
}

TEST(Segment, the_master_counts_beside_the_workers) {
  Segment segment = make();
  segment.add(Counter::workers_crashed);
  segment.claim(0, 1, start);
  segment.add(Counter::workers_crashed, 2);
  EXPECT_EQ(segment.sum(Counter::workers_crashed), 3u);
}

}  // namespace
}  // namespace ringwall::stats
