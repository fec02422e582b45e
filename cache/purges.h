// What the pending purges (cache/purge_table.h) mean for an entry; recording and clearing them.
#pragma once

#include "cache/process.h"

namespace ringwall::cache {

enum class Verdict : uint8_t { untouched, soft, hard };

/// What purges after the epoch that the entry was checked up to say of it; of its tags where its
/// head is there. No side effect; without a lock for who fills the entry, else in its section.
Verdict purged_since_checked(const Process& process, const Entry& entry);

/// Brings the entry up to `epoch`, which was read before: marks it where purges say so. Whether it
/// is a response or a marker that was purged hard: to be removed, and never to be served.
/// Requires: the section of the entry's shard.
bool catch_up(Process& process, Entry& entry, uint32_t epoch);

/// The filler of `entry`, whose head has just been placed: hides or marks it if a purge met it.
void test_own_fill(Process& process, Entry& entry, Ticket& ticket);

/// Counts a response that a purge took out or marked for the next sweep to tell.
void count_purged(Process& process, const Entry& entry);

/// Records a purge that is not by key, in force from then on. False: too many are pending, or the
/// table's lock was busy.
bool record_purge(Process& process, const Purge& purge);

/// Clears the records up to `epoch` that no fill still waits to be tested against.
void clear_swept(Process& process, uint32_t epoch);

inline uint32_t purge_epoch(const Process& process) {
  return process.super().epoch.load(std::memory_order_acquire);
}

}  // namespace ringwall::cache
