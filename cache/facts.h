// What the caching rules keep of a stored response beside its head and content. The store carries
// it and reads none of it but when the response came, to tell how old what it evicts is; its meaning
// is daemon/caching's. It lives in the segment: no pointers, and the layout is part of the segment's
// version.
#pragma once

#include <cstdint>

namespace ringwall::cache {

struct Facts {
  uint32_t response_time_s = 0;    // wall clock when the response was received
  uint32_t age_at_response_s = 0;  // corrected_initial_age of RFC 9111 section 4.2.3
  uint32_t lifetime_s = 0;         // freshness lifetime of RFC 9111 section 4.2.1
  uint32_t stale_while_revalidate_s = 0;
  uint32_t stale_if_error_s = 0;
  uint16_t status = 0;
  uint16_t flags = 0;      // caching::Flag
  uint32_t origin_ms = 0;  // from the request to the response's head
};
static_assert(sizeof(Facts) == 28);

}  // namespace ringwall::cache
