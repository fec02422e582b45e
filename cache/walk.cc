// Walk and inspect: entries as operators see them, copied out of the segment under the shard's lock
// and shown behind it.
#include <string>

#include "cache/index.h"
#include "cache/object.h"
#include "cache/process.h"
#include "cache/purges.h"
#include "cache/store.h"

namespace ringwall::cache {
namespace {

// A section copies what lies in so many buckets.
constexpr uint32_t slice_buckets = 64;
// Tries for a lock that is held (5 ms each) before a walk leaves the slice out.
constexpr unsigned tries_max = 20;

/// What is listed; the texts stand one after another in a string of their own.
struct Copied {
  Store::Listed listed;
  size_t key_length = 0;
  size_t selectors_length = 0;
  size_t head_length = 0;
};

class Copies {
 public:
  explicit Copies(const Process& process)
      : process_(process), now_ns_(static_cast<uint64_t>(base::monotonic_now().ns)) {}

  /// Inside the section of the entry's shard.
  void add(const Entry& entry) {
    const State state = entry.state.load(std::memory_order_acquire);
    const Verdict verdict = purged_since_checked(process_, entry);
    if (verdict == Verdict::hard) return;  // no lookup finds it any more
    Copied copied;
    Store::Listed& listed = copied.listed;
    listed.hits = entry.hits;
    listed.idle_ms = now_ns_ > entry.stamp ? (now_ns_ - entry.stamp) / 1'000'000 : 0;
    listed.purged_soft = verdict == Verdict::soft || is_marked(entry, mark::soft);
    listed.protected_ = entry.list == ListName::protected_;
    copied.key_length = append(key_of(entry));
    if (state == State::marker) {
      listed.kind = Store::Listed::Kind::marker;
      listed.marked_until = entry.link.load(std::memory_order_relaxed);
    } else {
      copied.selectors_length = append(selectors_of(process_, entry));
      if (state != State::waiting) add_response(entry, copied);
      if (is_fill(state)) listed.kind = Store::Listed::Kind::fill;
      if (state == State::live) listed.held_off_until = entry.link.load(std::memory_order_relaxed);
      if (state == State::waiting) listed.idle_ms = 0;
    }
    copied_.push_back(copied);
  }

  /// Calls f for each in order until it returns false; whether it never did.
  template <class F>
  bool show(F f) {
    std::string_view texts = texts_;
    const auto next = [&](size_t length) {
      const std::string_view text = texts.substr(0, length);
      texts.remove_prefix(length);
      return text;
    };
    for (Copied& copied : copied_) {
      copied.listed.key = next(copied.key_length);
      copied.listed.selectors = next(copied.selectors_length);
      copied.listed.head = next(copied.head_length);
      if (!f(copied.listed)) return false;
    }
    return true;
  }

  void clear() {
    copied_.clear();
    texts_.clear();
  }

 private:
  size_t append(std::string_view text) {
    texts_ += text;
    return text.size();
  }

  void add_response(const Entry& entry, Copied& copied) {
    copied.listed.facts = entry.facts;
    copied.listed.content_length = entry.available.load(std::memory_order_acquire);
    copied.listed.bytes = entry.head_length + copied.listed.content_length;
    copied.listed.tags = entry.tags;
    if (entry.state.load(std::memory_order_relaxed) == State::live) {
      copied.head_length = append(head_of(process_, entry));
    }
  }

  const Process& process_;
  uint64_t now_ns_;
  std::string texts_;
  std::vector<Copied> copied_;
};

}  // namespace

void Store::walk(bool (*f)(const Listed& entry, void* context), void* context) {
  Process& process = *process_;
  Copies copies(process);
  const uint32_t buckets = process.super().bucket_count;
  unsigned tries = 0;
  for (uint32_t from = 0; from < buckets && !process.condemned(); copies.clear()) {
    {
      Section section(process.base(), process.shard(process.shard_of_bucket(from)).lock);
      if (!section && ++tries < tries_max) continue;
      tries = 0;
      // buckets_per_shard and slice_buckets are powers of two: a slice stays in its shard.
      const uint32_t end = from + std::min(slice_buckets, process.buckets_per_shard());
      for (; from < end; ++from) {
        for (Ref ref = section ? process.bucket(from) : 0; ref != 0;) {
          const Entry& entry = process.entry(ref);
          if (entry.state.load(std::memory_order_relaxed) == State::live) copies.add(entry);
          ref = entry.chain;
        }
      }
    }
    if (!copies.show([&](const Listed& listed) { return f(listed, context); })) return;
  }
}

void Store::inspect(std::string_view key, void (*f)(const Listed& entry, void* context),
                    void* context) {
  Process& process = *process_;
  Copies copies(process);
  if (process.condemned()) return;
  const uint32_t hash = hash_key(process.super(), key);
  {
    Section section(process.base(), process.shard(process.shard_index(hash)).lock);
    if (!section) return;
    for (Ref ref = process.bucket(process.bucket_of(hash)); ref != 0;) {
      ref = find_in_chain(process, ref, hash, key);
      if (ref == 0) break;
      copies.add(process.entry(ref));
      ref = process.entry(ref).chain;
    }
  }
  copies.show([&](const Listed& listed) {
    f(listed, context);
    return true;
  });
}

}  // namespace ringwall::cache
