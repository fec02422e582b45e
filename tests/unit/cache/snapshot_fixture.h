// What the tests of snapshots share: a cache to save from, another to load into, and the file.
#pragma once

#include <fcntl.h>
#include <sys/mman.h>

#include "cache/snapshot.h"
#include "tests/unit/cache/cache_fixture.h"

namespace ringwall::cache::test {

constexpr unsigned keeper_slot = 7;

class SnapshotTest : public CacheTest {
 protected:
  void SetUp() override {
    open();
    file_ = base::UniqueFd(memfd_create("snapshot", MFD_CLOEXEC));
    ASSERT_TRUE(file_);
  }
  Store keeper() {
    auto store = Store::attach(segment_.get(), keeper_slot, doorbells_);
    EXPECT_TRUE(store);
    return std::move(*store);
  }
  Saved save() {
    EXPECT_EQ(ftruncate(file_.get(), 0), 0);
    rewind();
    Store store = keeper();
    auto saved = save_snapshot(store, file_.get(), progress_);
    EXPECT_TRUE(saved) << saved.error().what;
    return saved ? *saved : Saved();
  }
  Loaded load(bool soft = false) {
    rewind();
    Store store = keeper();
    LoadOptions options;
    options.soft = soft;
    options.now_ms = base::wall_now_ns() / 1'000'000;
    auto loaded = load_snapshot(store, file_.get(), options, progress_);
    EXPECT_TRUE(loaded) << loaded.error().what;
    return loaded ? *loaded : Loaded();
  }
  std::string load_error() {
    rewind();
    Store store = keeper();
    auto loaded = load_snapshot(store, file_.get(), {}, progress_);
    return loaded ? "" : loaded.error().what;
  }
  void rewind() { ASSERT_EQ(lseek(file_.get(), 0, SEEK_SET), 0); }
  off_t size() { return lseek(file_.get(), 0, SEEK_END); }
  void change_byte(off_t at) {
    char byte = 0;
    ASSERT_EQ(pread(file_.get(), &byte, 1, at), 1);
    byte = static_cast<char>(byte ^ 1);
    ASSERT_EQ(pwrite(file_.get(), &byte, 1, at), 1);
  }
  /// A new, empty cache in the place of the one there was.
  std::unique_ptr<Worker> other(uint64_t size = 8 * MiB, bool literal_lru = false) {
    segment_.reset();
    open(size, literal_lru);
    return worker(0);
  }
  static size_t size_of(int i) { return static_cast<size_t>(i) * 997 % 20'000 + 1; }

  base::UniqueFd file_;
  SnapshotProgress progress_;
};

}  // namespace ringwall::cache::test
