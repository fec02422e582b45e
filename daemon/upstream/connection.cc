#include "daemon/upstream/connection.h"

namespace ringwall::upstream {

void Pool::sweep(base::Instant since, unsigned examined_max) {
  unsigned examined = 0;
  kept_.for_each([&](Connection& connection) {
    if (examined++ >= examined_max) return;
    if (connection.kept_since < since || connection.stream.readable_now()) remove(connection);
  });
}

}  // namespace ringwall::upstream
