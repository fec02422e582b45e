// Loop: one io_uring, the ready queue's driver, the timer wheel and the buffers of one thread.
//
// A process has one Loop; it is created, run and destroyed on one thread (the ring is
// SINGLE_ISSUER). A turn: run what is ready; hand buffers back to the kernel; submit and wait in
// one system call; read the clocks once; record completions; fire deadlines. Completions and
// deadlines only push to the ready queue (io/ready.h).
//
// Flags and reasons: DESIGN section 4. Kernel 6.1 is the floor; probe.h explains a refusal.
#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "daemon/base/result.h"
#include "daemon/base/time.h"
#include "daemon/io/chunk.h"
#include "daemon/io/op.h"
#include "daemon/io/timer_wheel.h"

struct io_uring_sqe;

namespace ringwall::io {

struct LoopOptions {
  unsigned sq_entries = base::sq_entries;
  unsigned cq_entries = base::cq_entries;
  unsigned posted_chunks = base::posted_chunks;        // a power of two
  unsigned small_chunks_max = base::small_chunks_max;  // posted ones included
  unsigned large_chunks_max = base::large_chunks_max;
};

class Loop {
 public:
  /// Errors say what is not permitted or missing, and what mends it.
  static base::Result<std::unique_ptr<Loop>> create(const LoopOptions& options = {});
  Loop(const Loop&) = delete;
  Loop& operator=(const Loop&) = delete;
  /// Requires: no operation pending.
  ~Loop();

  /// Runs turns until stop() is called, or has been since the last run.
  void run();
  void stop() { stopped_ = true; }
  /// One turn; waits for an event only when nothing is ready and `wait` says so. For run and tests.
  void turn(bool wait);

  /// The clocks as of this turn.
  base::Instant now() const { return now_; }
  int64_t wall_ns() const { return wall_ns_; }
  base::WallSeconds wall_seconds() const { return wall_ns_ / 1'000'000'000; }

  ChunkPool& small_chunks() { return small_; }
  ChunkPool& large_chunks() { return large_; }

  /// The chunk a buffered receive took, from its completion flags; its place is posted anew.
  Chunk claim(uint32_t flags);

  struct Counters {
    uint64_t enters = 0;
    uint64_t completions = 0;
    uint64_t overflows = 0;  // turns in which the kernel had to keep completions back
    uint64_t starved = 0;    // receives that waited in line for a chunk
    uint64_t blocked = 0;    // operations that the kernel gave back as not ready
  };
  const Counters& counters() const { return counters_; }
  /// Operations pending, of all kinds.
  size_t pending() const { return pending_; }

 private:
  friend class Op;
  using OpQueue = base::IntrusiveList<Op, QueueTag>;
  struct Ring;  // hides liburing

  explicit Loop(const LoopOptions& options);
  base::Status set_up(const LoopOptions& options);

  void submit(Op& op);
  void resubmit(OpQueue& line, size_t most);
  void resubmit_lines();
  void begin_cancel(Op& op);
  void submit_cancel(Op& op);
  void retry_cancels();
  void expire_deadlines();
  io_uring_sqe* entry();
  void reap(unsigned most);
  void enter(bool wait);
  void post_chunks();
  void post(unsigned place, Chunk chunk);
  void read_clocks();

  std::unique_ptr<Ring> ring_;
  base::Instant now_;
  int64_t wall_ns_ = 0;
  TimerWheel wheel_;
  ChunkPool small_;
  ChunkPool large_;
  std::vector<std::byte*> posted_;  // by buffer id; null: vacant
  std::vector<uint16_t> vacant_;
  unsigned unpublished_ = 0;  // chunks added to the ring, tail not yet stored
  OpQueue starved_;           // receives that found no chunk
  OpQueue blocked_;           // operations to submit again in the next turn
  OpQueue cancelled_;         // on the ring, and the kernel was asked to end them
  base::Instant cancel_retry_at_;
  size_t pending_ = 0;
  bool stopped_ = false;
  Counters counters_;
};

}  // namespace ringwall::io
