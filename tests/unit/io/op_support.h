// Operations run by a task each, and how they ended; for the tests of Op.
#pragma once

#include <string>

#include "tests/unit/io/support.h"

namespace ringwall::io {

/// How an operation ended.
struct End {
  int result = 1'000'000;  // not yet
  bool timed_out = false;
  bool stopped = false;
  std::string bytes;

  bool over() const { return result != 1'000'000; }
  void note(const Op& op) {
    result = op.result();
    timed_out = op.timed_out();
    stopped = op.stopped();
  }
};

inline Task<void> receive(Loop& loop, int fd, Until until, End& end) {
  Receive op(loop, fd, until);
  int n = co_await op;
  if (n > 0) end.bytes.assign(op.chunk.chars(), static_cast<size_t>(n));
  end.note(op);
}

inline Task<void> send(Loop& loop, int fd, std::string_view bytes, Until until, End& end) {
  Send op(loop, fd, bytes, until);
  co_await op;
  end.note(op);
}

}  // namespace ringwall::io
