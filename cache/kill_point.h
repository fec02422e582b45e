// A kill point: a place between two stores where a test lets the process die.
//
// In the shipped library it is nothing. The second, test-only library of the same sources defines
// RINGWALL_KILL_POINTS and counts the points; tests/stress/cache_kill_points_test.cc raises SIGKILL
// at each of them in turn. All logged stores pass one by way of Section::set (cache/lock.h).
#pragma once

#include <cstdint>

namespace ringwall::cache {

#ifdef RINGWALL_KILL_POINTS

/// Points passed since the last reset, and the point at which to act (0: none). Of this process.
struct KillPoints {
  uint64_t passed = 0;
  uint64_t at = 0;
  void (*act)() = nullptr;
};
extern KillPoints kill_points;

inline void kill_point() {
  if (++kill_points.passed == kill_points.at) kill_points.act();
}

#else

inline void kill_point() {}

#endif

}  // namespace ringwall::cache
