#include <unistd.h>

#include <array>
#include <cerrno>

#include "cache/keeper.h"
#include "cache/snapshot.h"
#include "cache/snapshot_format.h"

namespace ringwall::cache {
namespace {

constexpr size_t write_bytes = 512 * 1024;
constexpr size_t pieces_max = 16;
// Tries for a response whose lock is held (5 ms each) before it is left out.
constexpr unsigned tries_max = 20;

class Saving {
 public:
  Saving(int fd, SnapshotProgress& progress) : fd_(fd), progress_(progress) {}

  base::Result<Saved> run(Keeper& keeper) {
    write_start(buffer_);
    for (const Keeper::Place& place : keeper.places()) {
      if (progress_.stop.load(std::memory_order_relaxed)) return base::fail("stopped");
      const bool kept = keep(keeper, place);
      if (!failure_.what.empty()) return base::fail(std::move(failure_));
      if (!kept) ++saved_.gone;
    }
    block(BlockKind::end, payload_of(SnapshotEnd{saved_.responses, content_bytes_}));
    flush();
    if (!failure_.what.empty()) return base::fail(std::move(failure_));
    return saved_;
  }

 private:
  // Whether it is still there, and written.
  bool keep(Keeper& keeper, const Keeper::Place& place) {
    for (unsigned tries = 0; tries < tries_max; ++tries) {
      const auto taken = keeper.take(place);
      if (const Kept* kept = std::get_if<Kept>(&taken)) {
        write(*kept);
        return true;
      }
      if (std::get<Keeper::Missing>(taken) == Keeper::Missing::gone) return false;
    }
    return false;
  }

  void write(const Kept& kept) {
    SnapshotResponse response;
    response.key = kept.key();
    response.selectors = kept.selectors();
    response.head = kept.head();
    response.tags = kept.tags();
    response.facts = kept.facts();
    response.content_length = kept.content_length();
    response.used_at_ms =
        base::wall_now_ns() / 1'000'000 - static_cast<int64_t>(kept.idle_ms());
    response.hits = kept.hits();
    response.again = kept.again();
    response.purged_soft = kept.purged_soft();
    block(BlockKind::response, payload_of(response));
    for (uint64_t at = 0; at < response.content_length; at += content_block_bytes) {
      if (!failure_.what.empty() || progress_.stop.load(std::memory_order_relaxed)) return;
      collect(kept, at);
      block(BlockKind::content, content_);
    }
    ++saved_.responses;
    saved_.bytes += response.head.size() + response.content_length;
    content_bytes_ += response.content_length;
    progress_.responses.store(saved_.responses, std::memory_order_relaxed);
    progress_.bytes.store(saved_.bytes, std::memory_order_relaxed);
  }

  // One block's worth of content from `at` on.
  void collect(const Kept& kept, uint64_t at) {
    content_.clear();
    std::array<iovec, pieces_max> pieces;
    while (content_.size() < content_block_bytes) {
      const size_t n = kept.content(at + content_.size(), content_block_bytes - content_.size(),
                                    pieces);
      if (n == 0) return;
      for (size_t i = 0; i < n; ++i) {
        content_.append(static_cast<const char*>(pieces[i].iov_base), pieces[i].iov_len);
      }
    }
  }

  void block(BlockKind kind, std::string_view payload) {
    write_block(buffer_, blocks_++, kind, payload);
    if (buffer_.size() >= write_bytes) flush();
  }

  void flush() {
    std::string_view rest = buffer_;
    while (!rest.empty() && failure_.what.empty()) {
      const ssize_t n = ::write(fd_, rest.data(), rest.size());
      if (n < 0 && errno == EINTR) continue;
      if (n <= 0) {
        failure_ = base::os_failure("cannot write the snapshot", n < 0 ? errno : ENOSPC);
        return;
      }
      saved_.file_bytes += static_cast<uint64_t>(n);
      rest.remove_prefix(static_cast<size_t>(n));
    }
    buffer_.clear();
  }

  int fd_;
  SnapshotProgress& progress_;
  Saved saved_;
  uint64_t content_bytes_ = 0;
  uint64_t blocks_ = 0;
  std::string buffer_;
  std::string content_;
  base::Error failure_;
};

}  // namespace

base::Result<Saved> save_snapshot(Store& store, int fd, SnapshotProgress& progress) {
  Keeper keeper(store);
  return Saving(fd, progress).run(keeper);
}

}  // namespace ringwall::cache
