// Dates: what is read is written and read to the same; what is written from any number is read.
#include "daemon/http/date.h"

#include <time.h>

#include <algorithm>
#include <cstring>

#include "daemon/base/text.h"
#include "tests/fuzz/fuzz.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace ringwall::http;
  std::string_view text = ringwall::fuzz::text_of(data, size);
  constexpr int64_t now = 1700000000;
  auto parsed = parse_date(text, now);
  char out[date_bytes];
  if (parsed) {
    write_date(*parsed, out);
    CHECK(parse_date({out, date_bytes}, now) == parsed);
    CHECK(size >= 24 && size <= 33);
    if (text[3] == ',') {
      // IMF-fixdate: but for case, the day's name and a leap second the same text comes back.
      std::string_view written(out, date_bytes);
      CHECK(ringwall::base::equal_ignoring_case(text.substr(3, 19), written.substr(3, 19)));
    }
  }
  if (size >= 8) {
    int64_t time = 0;
    std::memcpy(&time, data, 8);
    write_date(time, out);
    auto again = parse_date({out, date_bytes}, now);
    CHECK(again.has_value());
    constexpr int64_t first = -62167219200;
    constexpr int64_t last = 253402300799;
    CHECK(*again == std::clamp(time, first, last));
    // The system's calendar agrees.
    time_t system_time = *again;
    tm parts;
    gmtime_r(&system_time, &parts);
    char expected[64];
    strftime(expected, sizeof(expected), "%d %b", &parts);
    CHECK(std::string_view(out + 5, 6) == expected);
  }
  return 0;
}
