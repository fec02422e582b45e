// The fill of a key, from the permit to its end: publishing the entry, and the section that makes
// it live, abandoned or a marker. Fill and Follow themselves are in fill.cc and follow.cc.
//
// An end whose lock cannot be had in time is owed: the ticket stays taken and the end is tried
// again at the process's next calls (settle_owed). Nobody is misled meanwhile: content that is
// complete is known to be so by its length.
#pragma once

#include "cache/layout.h"
#include "cache/process.h"

namespace ringwall::cache {

/// Ends the fill of the own ticket `index` as `ending`, now or when the lock can be had.
void end_fill(Process& process, unsigned index, Ending ending, uint32_t remember_s = 0);

/// The Fill object of the ticket goes: ends the fill if need be, drops its pin.
void release_fill(Process& process, unsigned index, Entry& entry);

/// Tries again what is owed.
void settle_debts(Process& process);
/// The same, inlined where nothing is, as at almost every call.
inline void settle_owed(Process& process) {
  if (process.own().reclaim.load(std::memory_order_relaxed) != 0 || !process.owed.empty()) {
    settle_debts(process);
  }
}

}  // namespace ringwall::cache
