#include "daemon/io/loop.h"

#include <liburing.h>
#include <poll.h>

#include <algorithm>
#include <bit>
#include <cstring>

#include "daemon/base/log.h"
#include "daemon/io/probe.h"

namespace ringwall::io {
namespace {

constexpr uint16_t chunk_group = 0;
// The ready queue may refill itself; after so many the ring is looked at again.
constexpr unsigned resumes_per_turn_max = 4096;
// A cancel that missed its operation is tried again so much later.
constexpr base::Duration cancel_retry = std::chrono::milliseconds(100);
constexpr unsigned submit_attempts_max = 1000;

}  // namespace

struct Loop::Ring {
  io_uring ring = {};
  io_uring_buf_ring* chunks = nullptr;
  unsigned chunk_entries = 0;
  bool up = false;

  ~Ring() {
    if (up) io_uring_queue_exit(&ring);
    if (chunks != nullptr) std::free(chunks);
  }
};

// --- set-up -------------------------------------------------------------------------------------

Loop::Loop(const LoopOptions& options)
    : ring_(std::make_unique<Ring>()),
      now_(base::monotonic_now()),
      wall_ns_(base::wall_now_ns()),
      wheel_(now_),
      small_(base::small_chunk_bytes, options.small_chunks_max, options.posted_chunks * 4),
      large_(base::large_chunk_bytes, options.large_chunks_max, 16) {}

base::Result<std::unique_ptr<Loop>> Loop::create(const LoopOptions& options) {
  std::unique_ptr<Loop> loop(new Loop(options));
  auto status = loop->set_up(options);
  if (!status) return base::fail(std::move(status.error()));
  return loop;
}

base::Status Loop::set_up(const LoopOptions& options) {
  RW_ASSERT(std::has_single_bit(options.posted_chunks));
  RW_ASSERT(options.small_chunks_max >= options.posted_chunks);
  io_uring_params params = {};
  params.flags = IORING_SETUP_SINGLE_ISSUER | IORING_SETUP_DEFER_TASKRUN | IORING_SETUP_SUBMIT_ALL |
                 IORING_SETUP_CLAMP | IORING_SETUP_CQSIZE;
  params.cq_entries = options.cq_entries;
  int code = io_uring_queue_init_params(options.sq_entries, &ring_->ring, &params);
  if (code < 0) return base::fail(explain_setup_failure(-code));
  ring_->up = true;
  // Worth a few percent at most; a kernel that refuses it loses nothing.
  io_uring_register_ring_fd(&ring_->ring);

  ring_->chunk_entries = options.posted_chunks;
  size_t bytes = options.posted_chunks * sizeof(io_uring_buf);
  ring_->chunks =
      static_cast<io_uring_buf_ring*>(std::aligned_alloc(4096, (bytes + 4095) & ~4095UL));
  if (ring_->chunks == nullptr) return base::fail("no memory for the ring of receive buffers");
  // liburing's header has the entries at offset 0, unlike the kernel's own in C++.
  static_assert(offsetof(io_uring_buf_ring, bufs) == 0);
  io_uring_buf_reg reg = {};
  reg.ring_addr = reinterpret_cast<uint64_t>(ring_->chunks);
  reg.ring_entries = options.posted_chunks;
  reg.bgid = chunk_group;
  code = io_uring_register_buf_ring(&ring_->ring, &reg, 0);
  if (code < 0) return base::fail(explain_setup_failure(-code));
  io_uring_buf_ring_init(ring_->chunks);
  posted_.assign(options.posted_chunks, nullptr);
  for (unsigned place = options.posted_chunks; place-- > 0;) {
    vacant_.push_back(static_cast<uint16_t>(place));
  }
  post_chunks();
  return {};
}

Loop::~Loop() {
  RW_ASSERT(pending_ == 0);
  ring_.reset();  // the kernel lets go of the posted chunks
  for (std::byte* data : posted_) {
    if (data != nullptr) Chunk(&small_, data).release();
  }
}

// --- buffers ------------------------------------------------------------------------------------

void Loop::post(unsigned place, Chunk chunk) {
  posted_[place] = chunk.detach();
  io_uring_buf_ring_add(ring_->chunks, posted_[place], base::small_chunk_bytes,
                        static_cast<uint16_t>(place), io_uring_buf_ring_mask(ring_->chunk_entries),
                        static_cast<int>(unpublished_++));
}

Chunk Loop::claim(uint32_t flags) {
  if ((flags & IORING_CQE_F_BUFFER) == 0) return {};
  unsigned place = flags >> IORING_CQE_BUFFER_SHIFT;
  RW_ASSERT(place < posted_.size());
  RW_ASSERT(posted_[place] != nullptr);
  Chunk chunk(&small_, std::exchange(posted_[place], nullptr));
  vacant_.push_back(static_cast<uint16_t>(place));
  return chunk;
}

void Loop::post_chunks() {
  while (!vacant_.empty()) {
    Chunk chunk = small_.take();
    if (!chunk) break;
    post(vacant_.back(), std::move(chunk));
    vacant_.pop_back();
  }
  if (unpublished_ > 0) {
    io_uring_buf_ring_advance(ring_->chunks, static_cast<int>(std::exchange(unpublished_, 0)));
  }
}

// --- submission and completion ------------------------------------------------------------------

io_uring_sqe* Loop::entry() {
  for (unsigned attempt = 0; attempt < submit_attempts_max; ++attempt) {
    if (io_uring_sqe* sqe = io_uring_get_sqe(&ring_->ring)) return sqe;
    ++counters_.enters;
    if (io_uring_submit(&ring_->ring) >= 0) continue;
    // No memory for requests: those that have ended give theirs back when their completions are
    // posted. Taking these only records results, so callers must merely not iterate over lists.
    io_uring_get_events(&ring_->ring);
    reap(base::completions_per_turn_max);
  }
  RW_ASSERT(!"the submission queue stays full");
  return nullptr;
}

void Loop::submit(Op& op) {
  io_uring_sqe* sqe = entry();
  op.prepare(*sqe);
  if (op.step_ == Op::Step::poll) {
    bool writes = sqe->opcode == IORING_OP_SEND || sqe->opcode == IORING_OP_SENDMSG ||
                  sqe->opcode == IORING_OP_WRITE || sqe->opcode == IORING_OP_CONNECT;
    io_uring_prep_poll_add(sqe, sqe->fd, writes ? POLLOUT : POLLIN);
  } else if (op.wants_buffer()) {
    sqe->flags |= IOSQE_BUFFER_SELECT;
    sqe->buf_group = chunk_group;
  }
  io_uring_sqe_set_data(sqe, &op);
}

/// Takes at most `most` operations out of their line and back to the ring.
void Loop::resubmit(OpQueue& line, size_t most) {
  while (most-- > 0 && !line.empty()) {
    Op& op = line.pop_front();
    op.state_ = Op::State::ring;
    submit(op);
  }
}

void Loop::resubmit_lines() {
  if (!vacant_.empty() || !starved_.empty()) post_chunks();
  // No more than there are buffers: re-arming the others would fail at once, and again in each
  // turn (measured: 1.4 M enters/s).
  if (!starved_.empty()) resubmit(starved_, posted_.size() - vacant_.size());
  if (!blocked_.empty()) resubmit(blocked_, pending_);
}

void Loop::begin_cancel(Op& op) {
  op.Timer::unlink();
  if (cancelled_.empty()) cancel_retry_at_ = now_ + cancel_retry;
  cancelled_.push_back(op);  // before the submission, which may take this operation's completion
  submit_cancel(op);
}

void Loop::submit_cancel(Op& op) {
  // By user data it has been reported to miss armed receives; the descriptor finds them all, but
  // also those of others. Hence only when it has failed twice.
  bool by_descriptor = op.cancels_ >= 2 && op.descriptor() >= 0;
  if (op.cancels_ < 2) ++op.cancels_;
  int fd = op.descriptor();
  io_uring_sqe* sqe = entry();
  if (by_descriptor) {
    io_uring_prep_cancel_fd(sqe, fd, IORING_ASYNC_CANCEL_ALL);
  } else {
    io_uring_prep_cancel(sqe, &op, 0);
  }
  io_uring_sqe_set_data(sqe, nullptr);
  sqe->flags |= IOSQE_CQE_SKIP_SUCCESS;
}

void Loop::retry_cancels() {
  if (cancelled_.empty() || now_ < cancel_retry_at_) return;
  cancel_retry_at_ = now_ + cancel_retry;
  OpQueue missed;
  missed.take(cancelled_);
  while (!missed.empty()) {
    Op& op = missed.pop_front();
    cancelled_.push_back(op);
    submit_cancel(op);
  }
}

void Loop::expire_deadlines() {
  TimerList due;
  wheel_.advance(now_, due);
  while (!due.empty()) static_cast<Op&>(due.pop_front()).cancel(Op::Why::deadline);
}

void Loop::reap(unsigned most) {
  io_uring_cqe* cqe = nullptr;
  unsigned head = 0;
  unsigned seen = 0;
  io_uring_for_each_cqe(&ring_->ring, head, cqe) {
    if (seen == most) break;
    ++seen;
    // Never submits: entry() may be who called.
    if (auto* op = static_cast<Op*>(io_uring_cqe_get_data(cqe))) op->complete(cqe->res, cqe->flags);
  }
  if (seen > 0) io_uring_cq_advance(&ring_->ring, seen);
  counters_.completions += seen;
}

void Loop::enter(bool wait) {
  ++counters_.enters;
  int code = 0;
  if (wait) {
    base::Instant next = wheel_.next();
    if (!cancelled_.empty()) next = std::min(next, cancel_retry_at_);
    __kernel_timespec timeout = {};
    __kernel_timespec* given = nullptr;
    if (!next.is_never()) {
      int64_t ns = std::max<int64_t>(next.ns - now_.ns, 0);
      timeout.tv_sec = ns / 1'000'000'000;
      timeout.tv_nsec = ns % 1'000'000'000;
      given = &timeout;
    }
    io_uring_cqe* cqe = nullptr;
    code = io_uring_submit_and_wait_timeout(&ring_->ring, &cqe, 1, given, nullptr);
  } else {
    code = io_uring_submit_and_get_events(&ring_->ring);
  }
  // EBADR, which the library may swallow, and this count both mean that the kernel lost
  // completions for want of memory. Nothing here can be trusted any more; the master starts this
  // process anew.
  bool lost = *ring_->ring.cq.koverflow != 0;
  if (!lost && (code >= 0 || code == -ETIME || code == -EINTR || code == -EAGAIN || code == -EBUSY))
    return;
  base::log_error("io_uring_enter: {}; this process ends",
                  lost ? "completions were lost" : std::strerror(-code));
  RW_ASSERT(!"the ring has failed");
}

void Loop::read_clocks() {
  now_ = base::monotonic_now();
  wall_ns_ = base::wall_now_ns();
}

void Loop::turn(bool wait) {
  ready_queue.run(resumes_per_turn_max);
  if (stopped_) return;
  resubmit_lines();
  // Asked only now: a full submission queue may have made us take completions just before.
  enter(wait && ready_queue.empty());
  read_clocks();
  if (io_uring_cq_has_overflow(&ring_->ring)) ++counters_.overflows;
  reap(base::completions_per_turn_max);
  expire_deadlines();
  retry_cancels();
}

void Loop::run() {
  while (!stopped_) turn(true);
  stopped_ = false;
}

}  // namespace ringwall::io
