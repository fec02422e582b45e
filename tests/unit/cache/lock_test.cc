#include "cache/lock.h"

#include <gtest/gtest.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

namespace ringwall::cache::test {
namespace {

/// A lock and some fields in memory that a forked child shares.
struct Shared {
  Lock lock;
  uint64_t wide;
  uint16_t narrow;
  std::atomic<uint32_t> atomic;
};

class LockTest : public ::testing::Test {
 protected:
  void SetUp() override {
    void* memory =
        mmap(nullptr, sizeof(Shared), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    ASSERT_NE(memory, MAP_FAILED);
    shared_ = static_cast<Shared*>(memory);
    init_robust_mutex(shared_->lock.mutex);
  }
  void TearDown() override { munmap(shared_, sizeof(Shared)); }
  std::byte* base() { return reinterpret_cast<std::byte*>(shared_); }

  /// Runs `body` inside a section of a child, which then dies by `signal` with the lock held.
  template <class Body>
  pid_t hold_in_child(Body body, int signal) {
    int ready[2];
    EXPECT_EQ(pipe(ready), 0);
    const pid_t pid = fork();
    if (pid == 0) {
      Section section(base(), shared_->lock);
      body(section);
      EXPECT_EQ(write(ready[1], "x", 1), 1);
      kill(getpid(), signal);
      for (;;) pause();
    }
    char byte = 0;
    EXPECT_EQ(read(ready[0], &byte, 1), 1);
    close(ready[0]);
    close(ready[1]);
    return pid;
  }

  Shared* shared_ = nullptr;
};

TEST_F(LockTest, a_section_that_ends_keeps_its_stores) {
  {
    Section section(base(), shared_->lock);
    ASSERT_TRUE(section);
    section.set(shared_->wide, 7);
    section.add(shared_->wide, 1);
    section.set(shared_->narrow, 3);
    section.set(shared_->atomic, 5);
  }
  EXPECT_EQ(shared_->wide, 8u);
  EXPECT_EQ(shared_->narrow, 3u);
  EXPECT_EQ(shared_->atomic.load(), 5u);
  EXPECT_EQ(shared_->lock.generation, 1u);
}

TEST_F(LockTest, the_stores_of_a_dead_owner_are_undone) {
  shared_->wide = 1;
  shared_->narrow = 2;
  shared_->atomic = 3;
  const pid_t pid = hold_in_child(
      [&](Section& section) {
        section.set(shared_->wide, 100);
        section.set(shared_->wide, 200);
        section.set(shared_->narrow, 300);
        section.set(shared_->atomic, 400);
      },
      SIGKILL);
  waitpid(pid, nullptr, 0);
  EXPECT_EQ(shared_->wide, 200u);
  Section section(base(), shared_->lock);
  ASSERT_TRUE(section);
  EXPECT_EQ(shared_->wide, 1u);
  EXPECT_EQ(shared_->narrow, 2u);
  EXPECT_EQ(shared_->atomic.load(), 3u);
}

TEST_F(LockTest, a_lock_that_a_stopped_process_holds_is_given_up_until_it_dies) {
  const pid_t pid =
      hold_in_child([&](Section& section) { section.set(shared_->wide, 9); }, SIGSTOP);
  EXPECT_FALSE(Section(base(), shared_->lock));
  kill(pid, SIGKILL);
  waitpid(pid, nullptr, 0);
  EXPECT_TRUE(Section(base(), shared_->lock));
  EXPECT_EQ(shared_->wide, 0u);
}

TEST_F(LockTest, two_processes_lose_no_store_to_each_other) {
  constexpr int rounds = 20'000;
  const auto count = [&] {
    for (int i = 0; i < rounds;) {
      Section section(base(), shared_->lock);
      if (!section) continue;
      section.add(shared_->wide, 1);
      ++i;
    }
  };
  const pid_t pid = fork();
  if (pid == 0) {
    count();
    _exit(0);
  }
  count();
  waitpid(pid, nullptr, 0);
  EXPECT_EQ(shared_->wide, 2u * rounds);
}

}  // namespace
}  // namespace ringwall::cache::test
