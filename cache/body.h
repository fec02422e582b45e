// Bodies: the content of a renewed response is that of an older entry, its body, which counts who
// shares it and stays in limbo as long as anybody does. Drawn in cache/entry.h.
#pragma once

#include "cache/process.h"

namespace ringwall::cache {

/// Gives `entry`, a fill whose head is placed, the content of `body`. False: the lock was busy, or
/// too many share it. Requires: both of one key, `body` pinned and without a body itself.
bool share_content(Process& process, Entry& entry, Entry& body);

/// `entry` is about to be taken apart: it shares no more. A body that nobody else shares, pins or
/// finds is taken from limbo and apart with it. Requires: the section of the shard of both.
void leave_body(Process& process, Section& section, Shard& shard, Entry& entry);

}  // namespace ringwall::cache
