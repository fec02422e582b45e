// Recovery of a slot whose process died or left in a hurry: releases its pins, ends its fills,
// finishes what it was taking apart. Each step may be interrupted by death at any point and begun
// anew by anybody. Order matters: every lock is settled before a cell of the slot is believed, or
// cells of a section that is still to be undone would be taken for committed (found at kill point
// 48 of the first operation enumerated; 31,000 random kills had missed it).
#pragma once

namespace ringwall::cache {

class Process;

/// Requires: the caller holds the slot's `life` mutex. False: a lock was busy; the slot stays
/// dirty, call again later.
bool recover_held_slot(Process& process, unsigned slot);

/// Recovers the slots of observers that died: they have at most one entry that they were taking
/// apart. False as above, of any of them.
bool recover_observers(Process& process);

}  // namespace ringwall::cache
