// A cache whose size changes, for its tests: what memory the system has charged for it, what is
// stored in it, and where that lies.
#pragma once

#include <sys/stat.h>

#include "cache/index.h"
#include "cache/object.h"
#include "cache/pages.h"
#include "tests/unit/cache/cache_fixture.h"

namespace ringwall::cache::test {

constexpr base::Duration one_step{0};

class ResizeTest : public CacheTest {
 protected:
  void open_sizes(uint64_t size, uint64_t size_max) {
    SegmentOptions options;
    options.size = size;
    options.size_max = size_max;
    options.reserve_at_start = size;
    CacheTest::open(options);
    auto mapping = map_segment(segment_.get());
    ASSERT_TRUE(mapping);
    mapping_.emplace(std::move(*mapping));
    watcher_.emplace(observer());
  }
  /// What the system has charged for the segment, without its tables.
  uint64_t memory() const {
    struct stat status {};
    EXPECT_EQ(fstat(segment_.get(), &status), 0);
    const auto tables = uint64_t{mapping_->super->first_page} * unit_bytes;
    return static_cast<uint64_t>(status.st_blocks) * 512 - tables;
  }
  bool resize(uint64_t size) { return CacheTest::resize(*watcher_, size, progress_); }
  Resized step() {
    auto resized = watcher_->resize(progress_, one_step);
    EXPECT_TRUE(resized) << resized.error().what;
    return resized ? *resized : Resized::done;
  }
  static std::string key(int i) { return "key" + std::to_string(i); }
  static size_t size_of(int i) { return 200 + static_cast<size_t>(i) * 7919 % 20'000; }
  static void put(Worker& worker, int from, int to) {
    for (int i = from; i < to; ++i) ASSERT_TRUE(worker.put(key(i), size_of(i), i % 3 != 0)) << i;
  }
  /// How many of the keys are there; what is there must be right.
  static uint64_t stored(Worker& worker, int from, int to) {
    uint64_t found = 0;
    for (int i = from; i < to; ++i) {
      if (!worker.has(key(i))) continue;
      ++found;
      EXPECT_TRUE(worker.proves(key(i), size_of(i))) << i;
    }
    return found;
  }

  /// In which pages the key's entry and the end of its content lie.
  std::pair<uint32_t, uint32_t> pages_of(const std::string& key) {
    auto process = Process::attach(segment_.get(), 7, doorbells_);
    EXPECT_TRUE(process);
    Process& own = **process;
    const uint32_t hash = hash_key(own.super(), key);
    Entry& entry = own.entry(find_in_chain(own, own.bucket(own.bucket_of(hash)), hash, key));
    iovec last{};
    content_spans(own, entry, entry.content_length.load() - 1, 1, {&last, 1});
    return {own.page_of(own.ref(&entry)), own.page_of(own.ref(last.iov_base))};
  }

  std::optional<Mapping> mapping_;
  std::optional<Store> watcher_;
  ResizeProgress progress_;
};

}  // namespace ringwall::cache::test
