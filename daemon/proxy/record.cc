#include "daemon/proxy/record.h"

#include <algorithm>
#include <array>
#include <cstring>

namespace ringwall::proxy {

std::string_view name_of(CacheOutcome outcome) {
  constexpr std::array<std::string_view, 10> names = {
      "-",         "hit",  "stale",       "revalidated", "miss",
      "collapsed", "pass", "uncacheable", "busy",        "no-room"};
  return names[static_cast<size_t>(outcome)];
}

size_t Record::describe(char* out, size_t room) const {
  // Runs inside a signal handler: plain copies only.
  size_t used = 0;
  auto put = [&](std::string_view text) {
    size_t n = std::min(text.size(), room - used);
    for (size_t i = 0; i < n; ++i) {
      auto c = static_cast<unsigned char>(text[i]);
      out[used++] = c < 0x20 || c >= 0x7f ? '?' : text[i];
    }
  };
  put(method);
  put(" ");
  put(host);
  put(target);
  if (!backend.empty()) {
    put(" to ");
    put(upstream);
    put("/");
    put(backend);
  }
  return used;
}

}  // namespace ringwall::proxy
