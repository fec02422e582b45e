// Cache-Control: more text never makes a response more cacheable, and lines count like one list.
#include "daemon/http/cache_control.h"

#include <vector>

#include "daemon/http/grammar.h"
#include "tests/fuzz/fuzz.h"

namespace ringwall::http {
namespace {

CacheControl of(std::string_view value) {
  CacheControl out;
  add_cache_control(value, out);
  return out;
}

bool at_most(std::optional<uint32_t> a, std::optional<uint32_t> b) {
  return !b || (a && *a <= *b);
}

void check_restricts(const CacheControl& more, const CacheControl& less) {
  CHECK(more.no_store || !less.no_store);
  CHECK(more.no_cache || !less.no_cache);
  CHECK(more.private_ || !less.private_);
  CHECK(more.must_revalidate || !less.must_revalidate);
  CHECK(at_most(more.max_age, less.max_age));
  CHECK(at_most(more.s_maxage, less.s_maxage));
  CHECK(at_most(more.stale_while_revalidate, less.stale_while_revalidate));
  CHECK(at_most(more.stale_if_error, less.stale_if_error));
}

}  // namespace
}  // namespace ringwall::http

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace ringwall::http;
  std::string_view text = ringwall::fuzz::text_of(data, size);
  CacheControl whole = of(text);
  for (auto value : {whole.max_age, whole.s_maxage, whole.max_stale, whole.min_fresh}) {
    CHECK(!value || *value <= delta_seconds_max);
  }
  // The elements one by one, each as a line of its own, give the same as the list.
  CacheControl by_lines;
  ListElements elements(text);
  size_t count = 0;
  while (auto element = elements.next()) {
    CHECK(!element->empty());
    add_cache_control(*element, by_lines);
    ++count;
  }
  CHECK(count <= size);
  CHECK(by_lines == whole);
  // Two lines: order does not matter, neither loosens the other.
  size_t half = size / 2;
  CacheControl first = of(text.substr(0, half));
  CacheControl second = of(text.substr(half));
  CacheControl both = first;
  add_cache_control(text.substr(half), both);
  CacheControl reversed = second;
  add_cache_control(text.substr(0, half), reversed);
  CHECK(both == reversed);
  check_restricts(both, first);
  check_restricts(both, second);
  // No prefix of text that was not read can hide a restriction put behind a comma.
  CacheControl guarded = of(std::string(text) + ", no-store");
  CHECK(guarded.no_store);
  return 0;
}
