// Compiled into the test-only library alone; see cache/kill_point.h.
#include "cache/kill_point.h"

#ifdef RINGWALL_KILL_POINTS
namespace ringwall::cache {
KillPoints kill_points;
}
#endif
