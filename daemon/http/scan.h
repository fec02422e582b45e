// Searches over bytes that heads are made of: sixteen bytes a step with SSE2, which every x86-64
// has, one at a time elsewhere and over the last few. They never read at or beyond `end`. Internal
// to this folder.
#pragma once

#if defined(__SSE2__)
#include <emmintrin.h>
#endif

namespace ringwall::http {
namespace scan_detail {

/// Control characters other than tab (RFC 9110 section 5.5).
inline bool not_value(char c) {
  auto byte = static_cast<unsigned char>(c);
  return (byte < 0x20 && byte != '\t') || byte == 0x7f;
}
/// Anything but 0x21 to 0x7e.
inline bool not_visible(char c) {
  auto byte = static_cast<unsigned char>(c);
  return byte <= 0x20 || byte >= 0x7f;
}

}  // namespace scan_detail

/// The first byte that may not stand in a field value, or `end`.
inline const char* find_not_value(const char* at, const char* end) {
#if defined(__SSE2__)
  const __m128i highest_control = _mm_set1_epi8(0x1f);
  const __m128i tab = _mm_set1_epi8('\t');
  const __m128i del = _mm_set1_epi8(0x7f);
  for (; end - at >= 16; at += 16) {
    __m128i bytes = _mm_loadu_si128(reinterpret_cast<const __m128i*>(at));
    __m128i control = _mm_cmpeq_epi8(_mm_min_epu8(bytes, highest_control), bytes);
    __m128i bad = _mm_or_si128(_mm_andnot_si128(_mm_cmpeq_epi8(bytes, tab), control),
                               _mm_cmpeq_epi8(bytes, del));
    auto mask = static_cast<unsigned>(_mm_movemask_epi8(bad));
    if (mask != 0) return at + __builtin_ctz(mask);
  }
#endif
  while (at != end && !scan_detail::not_value(*at)) ++at;
  return at;
}

/// The first byte outside visible ASCII, or `end`.
inline const char* find_not_visible(const char* at, const char* end) {
#if defined(__SSE2__)
  const __m128i space = _mm_set1_epi8(0x20);
  const __m128i del = _mm_set1_epi8(0x7f);
  for (; end - at >= 16; at += 16) {
    __m128i bytes = _mm_loadu_si128(reinterpret_cast<const __m128i*>(at));
    // Signed: bytes from 0x80 on are negative and so not above the space either.
    __m128i fine = _mm_cmpgt_epi8(bytes, space);
    __m128i bad = _mm_cmpeq_epi8(bytes, del);
    auto mask = static_cast<unsigned>(_mm_movemask_epi8(_mm_andnot_si128(bad, fine))) ^ 0xffffu;
    if (mask != 0) return at + __builtin_ctz(mask);
  }
#endif
  while (at != end && !scan_detail::not_visible(*at)) ++at;
  return at;
}

}  // namespace ringwall::http
