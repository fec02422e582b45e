// A small language over the cache for its tests: a segment, workers attached to it (several in one
// process, or forked ones), content made from the key so that every byte proves itself.
#pragma once

#include <gtest/gtest.h>
#include <poll.h>
#include <signal.h>
#include <sys/eventfd.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "cache/store.h"

namespace ringwall::cache::test {

constexpr uint64_t MiB = uint64_t{1} << 20;

inline Use always(const Candidate&, const void*) {
  return Use::serve;
}
inline Use never(const Candidate&, const void*) {
  return Use::replace;
}
inline Use refreshing(const Candidate&, const void*) {
  return Use::serve_and_refresh;
}
inline Use alone(const Candidate&, const void*) {
  return Use::alone;
}
/// As the caching rules do: what was purged softly is to be replaced, and not while held off.
inline Use unless_purged(const Candidate& candidate, const void*) {
  return candidate.purged_soft ? Use::replace : Use::serve;
}
using Rule = Use (*)(const Candidate&, const void*);

/// The fields of a request, and selectors as these tests write them: "name=value;name=value;".
using Fields = std::map<std::string, std::string>;

inline size_t describe(std::string_view model, std::span<char> out, const void* context) {
  const auto& fields = *static_cast<const Fields*>(context);
  std::string text;
  while (!model.empty()) {
    const std::string name(model.substr(0, model.find('=')));
    const auto field = fields.find(name);
    text += name + "=" + (field == fields.end() ? "" : field->second) + ";";
    model.remove_prefix(model.find(';') + 1);
  }
  if (text.size() > out.size()) return 0;
  std::copy(text.begin(), text.end(), out.begin());
  return text.size();
}
inline bool selects(std::string_view selectors, const void* context) {
  std::string own(selectors_bytes_max, ' ');
  own.resize(describe(selectors, own, context));
  return own == selectors;
}

inline Purge by_key(std::string_view key, bool soft = false) {
  return {Purge::Kind::key, key, 0, soft, false};
}
inline Purge by_prefix(std::string_view prefix, bool soft = false) {
  return {Purge::Kind::prefix, prefix, 0, soft, false};
}
inline Purge by_tag(uint64_t tag, bool soft = false) {
  return {Purge::Kind::tag, {}, tag, soft, false};
}
inline Purge of_all(bool soft = false) {
  return {Purge::Kind::all, {}, 0, soft, false};
}

/// Content of `size` bytes that no other key has.
inline std::string content_of(const std::string& key, size_t size) {
  std::string text;
  text.reserve(size + key.size() + 24);
  for (size_t i = 0; text.size() < size; ++i) text += key + "@" + std::to_string(i) + ";";
  text.resize(size);
  return text;
}
inline std::string head_for(const std::string& key) {
  return "Content-Type: a/b\r\nX-Key: " + key + "\r\n";
}

inline Facts facts_for(size_t size) {
  Facts facts;
  facts.status = 200;
  facts.lifetime_s = static_cast<uint32_t>(size);
  return facts;
}

template <class View>
std::string read_content(const View& view, uint64_t offset, uint64_t length) {
  std::string text;
  for (;;) {
    std::array<iovec, 3> pieces{};
    const size_t n = view.content(offset + text.size(), length - text.size(), pieces);
    if (n == 0) return text;
    for (size_t i = 0; i < n; ++i) {
      text.append(static_cast<const char*>(pieces[i].iov_base), pieces[i].iov_len);
    }
  }
}

/// A store attached to one slot, with short words for what tests do.
class Worker {
 public:
  explicit Worker(Store store) : store_(std::move(store)) {}

  Store& store() { return store_; }
  Lookup lookup(std::string_view key, Rule use = always) const {
    return {key, now, &fields, selects, use, describe, false, variants_max};
  }
  Found find(const std::string& key, Rule use = always) { return store_.find(lookup(key, use)); }
  /// The permit for the key; fails the test when there is none.
  std::optional<Fill> permit(const std::string& key, Rule use = always) {
    Found found = find(key, use);
    if (auto* fill = std::get_if<Fill>(&found.way)) return std::move(*fill);
    ADD_FAILURE() << key << ": no permit but outcome " << found.way.index();
    return std::nullopt;
  }
  std::optional<Hit> hit(const std::string& key) {
    Found found = find(key);
    if (auto* hit = std::get_if<Hit>(&found.way)) return std::move(*hit);
    return std::nullopt;
  }
  std::optional<Follow> follow(const std::string& key) {
    Found found = find(key);
    if (auto* follow = std::get_if<Follow>(&found.way)) return std::move(*follow);
    return std::nullopt;
  }
  std::optional<Busy> busy(const std::string& key) {
    Found found = find(key);
    if (auto* busy = std::get_if<Busy>(&found.way)) return *busy;
    return std::nullopt;
  }
  /// Fills the key with its content; whether it is stored.
  bool put(const std::string& key, size_t size, bool known_length = true, Rule use = always,
           const Labels& labels = {}) {
    Found found = find(key, use);
    auto* fill = std::get_if<Fill>(&found.way);
    return fill != nullptr && complete(*fill, key, size, known_length, labels);
  }
  static bool complete(Fill& fill, const std::string& key, size_t size, bool known_length = true,
                       const Labels& labels = {}) {
    if (!fill.begin_head(facts_for(size), head_for(key),
                         known_length ? std::optional<uint64_t>(size) : std::nullopt, labels)) {
      return false;
    }
    if (!fill.append(content_of(key, size))) return false;
    fill.finish();
    return fill.storable();
  }
  /// A response to requests with these fields, whose selectors they are.
  bool put_variant(const std::string& key, size_t size, const Fields& own) {
    fields = own;
    std::string text;
    for (const auto& [name, value] : own) text += name + "=" + value + ";";
    return put(key, size, true, always, {text, {}});
  }
  bool has(const std::string& key) { return store_.peek(lookup(key)).has_value(); }
  /// Whether a hit on the key gives exactly what put() stored.
  bool proves(const std::string& key, size_t size) {
    auto found = hit(key);
    if (!found) return false;
    return found->head() == head_for(key) && found->content_length() == size &&
           found->facts().lifetime_s == size &&
           read_content(*found, 0, size) == content_of(key, size);
  }

  base::WallSeconds now = 1000;
  Fields fields;  // of the requests
  unsigned variants_max = 64;

 private:
  Store store_;
};

class CacheTest : public ::testing::Test {
 protected:
  void open(uint64_t size = 8 * MiB, bool literal_lru = false) {
    SegmentOptions options;
    options.size = size;
    options.literal_lru = literal_lru;
    open(options);
  }
  void open(const SegmentOptions& options) {
    auto fd = create_segment(options);
    ASSERT_TRUE(fd) << fd.error().what;
    segment_ = std::move(*fd);
    for (int& bell : doorbells_) {
      bells_.emplace_back(eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC));
      bell = bells_.back().get();
    }
  }
  std::unique_ptr<Worker> worker(unsigned slot) {
    auto store = Store::attach(segment_.get(), slot, doorbells_);
    if (!store) {
      ADD_FAILURE() << store.error().what;
      return nullptr;
    }
    return std::make_unique<Worker>(std::move(*store));
  }
  Store observer() {
    auto store = Store::attach(segment_.get(), std::nullopt, doorbells_);
    EXPECT_TRUE(store);
    return std::move(*store);
  }
  /// A change of size to its end, or until it has to wait for somebody; whether it is done.
  static bool resize(Store& store, uint64_t size, ResizeProgress& progress) {
    if (auto set = store.set_size(size); !set) {
      ADD_FAILURE() << set.error().what;
      return false;
    }
    for (;;) {
      auto resized = store.resize(progress, std::chrono::seconds(1));
      if (!resized) ADD_FAILURE() << resized.error().what;
      if (!resized || *resized != Resized::more) return resized && *resized == Resized::done;
    }
  }
  bool resize(uint64_t size) {
    Store store = observer();
    ResizeProgress progress;
    return resize(store, size, progress);
  }
  /// Waits for the doorbell of a slot to ring; false after ten seconds.
  bool rung(unsigned slot) {
    pollfd wait{doorbells_[slot], POLLIN, 0};
    if (poll(&wait, 1, 10'000) != 1) return false;
    uint64_t count = 0;
    return read(doorbells_[slot], &count, sizeof(count)) == sizeof(count);
  }
  bool silent(unsigned slot) {
    pollfd wait{doorbells_[slot], POLLIN, 0};
    return poll(&wait, 1, 0) == 0;
  }
  static std::string breaches(Store& store) {
    std::string all;
    for (const std::string& line : store.verify().breaches) all += line + "\n";
    return all;
  }
  /// Nothing is pinned, under way or waiting to be reclaimed (but for `bodies` whose content
  /// renewed responses share), and all invariants hold.
  void expect_at_rest(Store& store, uint64_t bodies = 0) {
    const Usage usage = store.usage();
    EXPECT_EQ(usage.pinned, 0u);
    EXPECT_EQ(usage.filling, 0u);
    EXPECT_EQ(usage.limbo, bodies);
    EXPECT_EQ(breaches(store), "");
  }
  /// Also: with everything purged, every byte is free again.
  void expect_nothing_lost(Store& store, uint64_t bodies = 0) {
    expect_at_rest(store, bodies);
    store.purge(of_all());
    store.sweep();
    EXPECT_EQ(store.usage().used_bytes, 0u);
    EXPECT_EQ(breaches(store), "");
  }

  /// Runs `body` in a forked process that ends by exit, or stays until killed when it pauses.
  template <class Body>
  pid_t fork_worker(Body body) {
    const pid_t pid = fork();
    if (pid != 0) return pid;
    body();
    _exit(::testing::Test::HasFailure() ? 1 : 0);
  }
  static int wait_for(pid_t pid) {
    int status = 0;
    EXPECT_EQ(waitpid(pid, &status, 0), pid);
    return status;
  }

  base::UniqueFd segment_;
  std::array<int, 8> doorbells_{};
  std::vector<base::UniqueFd> bells_;
};

}  // namespace ringwall::cache::test
