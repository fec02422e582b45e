#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <thread>
#include <utility>

#include "cache/keeper.h"
#include "cache/snapshot.h"
#include "cache/snapshot_format.h"

namespace ringwall::cache {
namespace {

using namespace std::chrono_literals;

constexpr size_t buffer_bytes = 2 * block_bytes_max;
// Tries for a response whose lock is held (5 ms each) before it is left out.
constexpr unsigned tries_max = 20;
// Refused in a row for want of room: what is behind them was used longer ago.
constexpr unsigned refusals_max = 256;
constexpr auto growth_look = 20ms;
constexpr unsigned growth_looks_max = 500;  // 10 s without any growth

/// The file as blocks, in order.
class Blocks {
 public:
  explicit Blocks(int fd) : fd_(fd) { bytes_.reserve(buffer_bytes); }

  base::Status start() {
    need(snapshot_start_bytes);
    if (!failure_.empty()) return base::fail(failure_);
    if (auto read = read_start(rest()); !read) return read;
    take(snapshot_start_bytes);
    return {};
  }

  /// The next block; its payload is good until the next call. Nothing: damage() says why.
  std::optional<Block> next() {
    need(block_head_bytes);
    Block block = read_block(rest(), number_);
    if (block.state == Block::State::incomplete && block.bytes > 0) {
      need(block.bytes);
      block = read_block(rest(), number_);
    }
    if (block.state == Block::State::complete) {
      take(block.bytes);
      ++number_;
      return block;
    }
    if (!failure_.empty()) {
      damage_ = failure_;
    } else if (block.state == Block::State::damaged) {
      damage_ = "the file is damaged";
    } else {
      damage_ = "the file is cut off";
    }
    return std::nullopt;
  }
  bool at_end() {
    need(1);
    return rest().empty();
  }
  uint64_t position() const { return position_; }
  const std::string& damage() const { return damage_; }

 private:
  std::string_view rest() const { return std::string_view(bytes_).substr(taken_); }

  void take(size_t n) {
    taken_ += n;
    position_ += n;
  }

  // Reads until there are `n` bytes, or the file ends.
  void need(size_t n) {
    if (rest().size() >= n) return;
    bytes_.erase(0, taken_);
    taken_ = 0;
    while (bytes_.size() < n) {
      const size_t had = bytes_.size();
      bytes_.resize(buffer_bytes);
      const ssize_t got = ::read(fd_, bytes_.data() + had, buffer_bytes - had);
      const int error = errno;
      bytes_.resize(had + (got > 0 ? static_cast<size_t>(got) : 0));
      if (got < 0 && error == EINTR) continue;
      if (got < 0) failure_ = base::os_failure("cannot read the snapshot", error).what;
      if (got <= 0) return;
    }
  }

  int fd_;
  std::string bytes_;
  size_t taken_ = 0;
  uint64_t position_ = 0;
  uint64_t number_ = 0;
  std::string failure_;
  std::string damage_;
};

class Loading {
 public:
  Loading(Keeper& keeper, int fd, const LoadOptions& options, SnapshotProgress& progress)
      : keeper_(keeper), blocks_(fd), options_(options), progress_(progress) {}

  base::Result<Loaded> run() {
    if (auto started = blocks_.start(); !started) return base::fail(std::move(started.error()));
    while (loaded_.damage.empty() && !loaded_.full && !over_) {
      loaded_.damaged_at = blocks_.position();
      loaded_.stopped = stopping();
      if (loaded_.stopped) break;
      step();
    }
    return std::move(loaded_);
  }

 private:
  bool stopping() const { return progress_.stop.load(std::memory_order_relaxed); }

  void step() {
    const auto block = blocks_.next();
    if (!block) {
      loaded_.damage = blocks_.damage();
    } else if (block->kind == BlockKind::response) {
      const auto response = read_response(block->payload);
      if (!response) return damaged();
      load(*response);
    } else if (block->kind == BlockKind::end) {
      const auto end = read_end(block->payload);
      over_ = true;
      const bool sound = end && end->responses == seen_ && end->content_bytes == content_bytes_ &&
                         blocks_.at_end();
      if (!sound) damaged();
    } else {
      damaged();
    }
  }

  void damaged() { loaded_.damage = "the file is damaged"; }

  void load(const SnapshotResponse& response) {
    ++seen_;
    content_bytes_ += response.content_length;
    const uint64_t bytes = response.head.size() + response.content_length;
    // A payload's views end with the next block: what needs them goes first.
    std::optional<Fill> fill = begin(response);
    const bool whole = content(response.content_length, fill ? &*fill : nullptr);
    if (!whole || !fill) return;
    fill->finish();
    if (!fill->storable()) {
      ++loaded_.present;
      return;
    }
    ++loaded_.responses;
    loaded_.bytes += bytes;
    progress_.responses.store(loaded_.responses, std::memory_order_relaxed);
    progress_.bytes.store(loaded_.bytes, std::memory_order_relaxed);
  }

  // Puts the response back, up to its head. Nothing: it is counted why.
  std::optional<Fill> begin(const SnapshotResponse& response) {
    for (unsigned tries = 0; tries < tries_max && !stopping();) {
      auto way = keeper_.put_back(former_of(response), options_.now_ms / 1000);
      if (auto* fill = std::get_if<Fill>(&way)) {
        const Labels labels{response.selectors, response.tags};
        if (fill->begin_head(response.facts, response.head, response.content_length, labels)) {
          refusals_ = 0;
          return std::move(*fill);
        }
        way = Keeper::Refused::room;
      }
      const auto why = std::get<Keeper::Refused>(way);
      if (why == Keeper::Refused::present) {
        ++loaded_.present;
        return std::nullopt;
      }
      if (why == Keeper::Refused::busy) ++tries;
      if (why == Keeper::Refused::room && !await_growth()) break;
    }
    if (!stopping()) refused();
    return std::nullopt;
  }

  Keeper::Former former_of(const SnapshotResponse& response) const {
    Keeper::Former former;
    former.key = response.key;
    former.selectors = response.selectors;
    former.idle_ms =
        static_cast<uint64_t>(std::max<int64_t>(options_.now_ms - response.used_at_ms, 0));
    former.hits = response.hits;
    former.again = response.again;
    former.purged_soft = response.purged_soft || options_.soft;
    return former;
  }

  void refused() {
    ++loaded_.no_room;
    loaded_.full = ++refusals_ >= refusals_max;
  }

  // The segment of a daemon that has just been started has not all of its room yet.
  bool await_growth() {
    const uint32_t to_come = keeper_.pages_to_come();
    if (to_come != to_come_) growth_looks_ = 0;
    to_come_ = to_come;
    if (to_come == 0 || ++growth_looks_ > growth_looks_max || stopping()) return false;
    std::this_thread::sleep_for(growth_look);
    return true;
  }

  // The content blocks of a response, into `fill` where there is one. False: the file is damaged, or
  // the loading stopped.
  bool content(uint64_t length, Fill* fill) {
    for (uint64_t at = 0; at < length;) {
      if (stopping()) {
        loaded_.stopped = true;
        return false;
      }
      const auto block = blocks_.next();
      if (!block) {
        loaded_.damage = blocks_.damage();
        return false;
      }
      const uint64_t due = std::min<uint64_t>(length - at, content_block_bytes);
      if (block->kind != BlockKind::content || block->payload.size() != due) {
        damaged();
        return false;
      }
      if (fill != nullptr && !fill->append(block->payload)) {
        refused();
        fill = nullptr;
        lost_ = true;
      }
      at += due;
    }
    return !std::exchange(lost_, false);
  }

  Keeper& keeper_;
  Blocks blocks_;
  const LoadOptions& options_;
  SnapshotProgress& progress_;
  Loaded loaded_;
  uint64_t seen_ = 0;
  uint64_t content_bytes_ = 0;
  unsigned refusals_ = 0;
  unsigned growth_looks_ = 0;  // without any
  uint32_t to_come_ = 0;
  bool lost_ = false;  // there was no room for the rest of it
  bool over_ = false;
};

}  // namespace

base::Result<Loaded> load_snapshot(Store& store, int fd, const LoadOptions& options,
                                   SnapshotProgress& progress) {
  Keeper keeper(store);
  return Loading(keeper, fd, options, progress).run();
}

}  // namespace ringwall::cache
