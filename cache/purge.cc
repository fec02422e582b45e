// Purge and walk: everything that goes over the chains of all shards, in slices of bounded time
// under each lock. A fill under way that a purge meets is hidden: who follows it goes on, but it is
// not stored and nobody else finds it.
#include <string>

#include "cache/index.h"
#include "cache/lru.h"
#include "cache/pin.h"
#include "cache/process.h"
#include "cache/store.h"

namespace ringwall::cache {
namespace {

constexpr uint32_t slice_buckets = 256;
// Tries for a lock that is held (5 ms each) before a walk leaves the shard out.
constexpr unsigned tries_max = 20;

/// Which keys: `prefix` nothing: the one with `hash` and `key`.
struct Selection {
  std::string_view key;
  uint64_t hash = 0;
  bool prefix = false;

  bool matches(const Entry& entry) const {
    if (prefix) return key_of(entry).starts_with(key);
    return entry.hash == hash && key_of(entry) == key;
  }
};

// Hides the fills of a chain that are selected; the first other selected entry is removed. Whether
// there was one: the chain is to be looked at again then, since a section removes one at most.
bool purge_one(Process& process, Section& section, uint32_t shard_index, uint32_t bucket,
               const Selection& selection, PurgeCount& purged) {
  Shard& shard = process.shard(shard_index);
  for (Ref ref = process.bucket(bucket); ref != 0; ref = process.entry(ref).chain) {
    Entry& entry = process.entry(ref);
    if (!selection.matches(entry)) continue;
    const State state = entry.state.load(std::memory_order_relaxed);
    if (is_fill(state)) {
      // Not logged: hiding a fill that need not be hidden harms nobody.
      entry.hidden.store(1, std::memory_order_release);
      continue;
    }
    if (state == State::live) {
      ++purged.objects;
      purged.bytes += entry.head_length + entry.content_length.load(std::memory_order_relaxed);
      process.count(Count::purged);
    }
    remove(process, section, shard, entry,
           state == State::marker ? State::unmarked : State::removed);
    refresh_tail(process, shard, shard_index);
    return true;
  }
  return false;
}

/// Purges in buckets [from, end) of one shard until one entry was removed or a slice is done;
/// `from` moves on. False: the lock was busy.
bool purge_slice(Process& process, uint32_t shard_index, uint32_t& from, uint32_t end,
                 const Selection& selection, PurgeCount& purged) {
  {
    Section section(process.base(), process.shard(shard_index).lock);
    if (!section) return false;
    for (uint32_t looked = 0; from < end && looked < slice_buckets; ++looked, ++from) {
      if (purge_one(process, section, shard_index, from, selection, purged)) break;
    }
  }
  settle_reclaim(process, process.own());
  return true;
}

void purge_buckets(Process& process, uint32_t shard_index, uint32_t from, uint32_t end,
                   const Selection& selection, PurgeCount& purged) {
  for (unsigned tries = 0; from < end;) {
    if (purge_slice(process, shard_index, from, end, selection, purged)) {
      tries = 0;
    } else if (++tries >= tries_max) {
      purged.complete = false;
      return;
    }
  }
}

PurgeCount purge_where(Process& process, const Selection& selection) {
  PurgeCount purged;
  for (uint32_t i = 0; i < process.super().shard_count; ++i) {
    const uint32_t first = i * process.buckets_per_shard();
    purge_buckets(process, i, first, first + process.buckets_per_shard(), selection, purged);
  }
  return purged;
}

/// What walk gives, copied out of the segment.
struct Copied {
  size_t key_begin;
  size_t key_length;
  Facts facts;
  uint64_t bytes;
  uint64_t hits;
};

void copy_chain(const Process& process, uint32_t bucket, std::string& keys,
                std::vector<Copied>& out) {
  for (Ref ref = process.bucket(bucket); ref != 0; ref = process.entry(ref).chain) {
    const Entry& entry = process.entry(ref);
    if (entry.state.load(std::memory_order_relaxed) != State::live) continue;
    out.push_back({keys.size(), entry.key_length, entry.facts,
                   entry.head_length + entry.content_length.load(std::memory_order_relaxed),
                   entry.hits});
    keys += key_of(entry);
  }
}

}  // namespace

PurgeCount Store::purge(std::string_view key) {
  Process& process = *process_;
  const Selection selection{key, hash_key(process.super(), key), false};
  const uint32_t bucket = process.bucket_of(selection.hash);
  PurgeCount purged;
  for (uint32_t from = bucket; from == bucket;) {
    if (purge_slice(process, process.shard_of_bucket(bucket), from, bucket + 1, selection,
                    purged)) {
      continue;
    }
    purged.complete = false;
    break;
  }
  return purged;
}

PurgeCount Store::purge_prefix(std::string_view prefix) {
  return purge_where(*process_, Selection{prefix, 0, true});
}

PurgeCount Store::purge_all() {
  return purge_where(*process_, Selection{{}, 0, true});
}

void Store::walk(bool (*f)(const Listed& entry, void* context), void* context) {
  std::string keys;
  std::vector<Copied> copied;
  Process& process = *process_;
  const uint32_t buckets = process.super().bucket_count;
  unsigned tries = 0;
  for (uint32_t from = 0; from < buckets; keys.clear(), copied.clear()) {
    {
      Section section(process.base(), process.shard(process.shard_of_bucket(from)).lock);
      if (!section && ++tries < tries_max) continue;
      tries = 0;
      // buckets_per_shard and slice_buckets are powers of two: a slice stays in its shard.
      const uint32_t end = from + std::min(slice_buckets, process.buckets_per_shard());
      for (; from < end; ++from) {
        if (section) copy_chain(process, from, keys, copied);
      }
    }
    for (const Copied& one : copied) {
      const std::string_view key = std::string_view(keys).substr(one.key_begin, one.key_length);
      if (!f({key, one.facts, one.bytes, one.hits}, context)) return;
    }
  }
}

}  // namespace ringwall::cache
