// Asserts that stay on in production: a failed one is a bug of ours, never something that a peer,
// a file or an operator can cause. The process ends by SIGABRT, which leaves a crash report and
// makes the master restart the child.
#pragma once

namespace ringwall::base {

[[noreturn]] void assert_failed(const char* condition, const char* file, int line);

}  // namespace ringwall::base

#define RW_ASSERT(condition)                                                     \
  (__builtin_expect(static_cast<bool>(condition), 1)                             \
       ? static_cast<void>(0)                                                    \
       : ::ringwall::base::assert_failed(#condition, __FILE__, __LINE__))
