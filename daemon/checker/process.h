// The checker: a process that looks once at the whole cache segment, tells the master what it found
// and ends. Apart from all others because a damaged segment may crash who reads it, or keep him for
// ever: that is a finding too, which the master makes by its limit of time. It holds no part of the
// cache and serves nobody.
#pragma once

namespace ringwall::checker {

struct Inherited {
  int link = -1;   // control::Link's other end: one message goes out
  int cache = -1;  // the segment
};

/// The process's life; gives its exit code, 0 when it has told what it found.
int run_process(const Inherited& inherited);

}  // namespace ringwall::checker
