// Purges and sweeps: what the store's face calls, over the records of cache/purges.h. A walk goes
// over the chains of all shards, in slices of bounded time under each lock.
//
// A fill under way that a hard purge meets is hidden: who follows it goes on, but it is not stored
// and nobody else finds it. One that a soft purge meets is stored as purged softly.
#include <openssl/sha.h>

#include <algorithm>
#include <array>
#include <string>

#include "cache/index.h"
#include "cache/lru.h"
#include "cache/object.h"
#include "cache/pin.h"
#include "cache/process.h"
#include "cache/purges.h"
#include "cache/store.h"
#include "cache/visit.h"

namespace ringwall::cache {
namespace {

// Tries for a lock that is held (5 ms each) before a walk leaves the shard out.
constexpr unsigned tries_max = 20;

/// All buckets. False: some were left out.
template <class Visit>
bool visit_all(Process& process, Visit visit) {
  bool complete = true;
  for (uint32_t i = 0; i < process.super().shard_count; ++i) {
    const uint32_t first = i * process.buckets_per_shard();
    const uint32_t end = first + process.buckets_per_shard();
    complete = visit_buckets(process, i, first, end, tries_max, visit) && complete;
  }
  return complete;
}

bool is_live(const Entry& entry) {
  return entry.state.load(std::memory_order_relaxed) == State::live;
}

void count(const Entry& entry, PurgeCount& purged) {
  ++purged.objects;
  purged.bytes += entry.head_length + entry.content_length.load(std::memory_order_relaxed);
}

// An entry of the purged key; whether it was removed.
bool purge_entry(Process& process, Section& section, Entry& entry, const Purge& purge,
                 PurgeCount& purged) {
  const State state = entry.state.load(std::memory_order_relaxed);
  if (is_live(entry)) count(entry, purged);
  if (purge.dry_run || (purge.soft && state == State::marker)) return false;
  if (is_live(entry)) process.count(Count::purged);
  if (purge.soft || is_fill(state)) {
    // Not logged: marking what need not be marked harms nobody.
    entry.marks.fetch_or(purge.soft ? mark::soft : mark::hidden, std::memory_order_release);
    kill_point();
    return false;
  }
  take_out(process, section, entry);
  return true;
}

PurgeCount purge_key(Process& process, const Purge& purge) {
  const uint32_t hash = hash_key(process.super(), purge.text);
  const uint32_t bucket = process.bucket_of(hash);
  PurgeCount purged;
  const auto visit = [&](Section& section, Entry& entry) {
    if (entry.hash != hash || key_of(entry) != purge.text) return false;
    return purge_entry(process, section, entry, purge, purged);
  };
  purged.complete =
      visit_buckets(process, process.shard_of_bucket(bucket), bucket, bucket + 1, 1, visit);
  return purged;
}

bool concerns(const Process& process, const Purge& purge, const Entry& entry) {
  if (purge.kind == Purge::Kind::prefix) return key_of(entry).starts_with(purge.text);
  if (purge.kind == Purge::Kind::all) return true;
  for (unsigned i = 0; i < entry.tags; ++i) {
    if (tag_of(process, entry, i) == purge.tag) return true;
  }
  return false;
}

PurgeCount count_concerned(Process& process, const Purge& purge) {
  PurgeCount counted;
  counted.complete = visit_all(process, [&](Section&, Entry& entry) {
    if (is_live(entry) && concerns(process, purge, entry) &&
        purged_since_checked(process, entry) != Verdict::hard) {
      count(entry, counted);
    }
    return false;
  });
  return counted;
}

bool sweep_all(Process& process, uint32_t epoch) {
  return visit_all(process, [&](Section& section, Entry& entry) {
    if (!is_newer(epoch, entry.checked) || !catch_up(process, entry, epoch)) return false;
    if (is_live(entry)) count_purged(process, entry);
    take_out(process, section, entry);
    return true;
  });
}

}  // namespace

PurgeCount Store::purge(const Purge& purge) {
  const Condemned condemned = process_->super().condemned.load(std::memory_order_relaxed);
  if (condemned != Condemned::no) {
    // What is stored serves nobody; but another segment may have the response by now.
    PurgeCount none;
    none.complete = condemned != Condemned::superseded;
    return none;
  }
  if (purge.kind == Purge::Kind::key) return purge_key(*process_, purge);
  if (purge.dry_run) return count_concerned(*process_, purge);
  PurgeCount purged;
  purged.complete = record_purge(*process_, purge);
  return purged;
}

PurgeCount Store::sweep() {
  Process& process = *process_;
  PurgeTable& table = process.purges();
  PurgeCount purged;
  if (process.condemned()) return purged;
  const TryHold sweeping(table.sweeping);
  if (!sweeping) {
    purged.complete = false;
    return purged;
  }
  if (table.pending.load() > 0) {
    const uint32_t epoch = purge_epoch(process);
    // What was swept and not cleared waits for fills only.
    if (table.swept.load() != epoch) purged.complete = sweep_all(process, epoch);
    kill_point();
    if (purged.complete) {
      table.swept.store(epoch);
      kill_point();
      clear_swept(process, epoch);
    }
  }
  purged.objects = table.objects.exchange(0);
  purged.bytes = table.bytes.exchange(0);
  return purged;
}

// Everybody knows how it is made, so that tags mean the same in every segment (cache/snapshot.h).
// That would let an origin look for a group of its own that collides with a tag of another, and
// have that purged by an invalidation (RFC 9875): hence a hash for which that takes 2^64 tries.
uint64_t Store::hash_tag(std::string_view space, std::string_view word) {
  std::string text(sizeof(uint64_t), '\0');
  for (size_t i = 0; i < text.size(); ++i) text[i] = static_cast<char>(space.size() >> 8 * i);
  text.append(space).append(word);
  std::array<uint8_t, SHA256_DIGEST_LENGTH> digest{};
  SHA256(reinterpret_cast<const unsigned char*>(text.data()), text.size(), digest.data());
  uint64_t tag = 0;
  for (size_t i = 0; i < sizeof(tag); ++i) tag |= uint64_t{digest[i]} << 8 * i;
  return std::max(tag, TagPurge::cleared + 1);
}

}  // namespace ringwall::cache
