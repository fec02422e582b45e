#include "daemon/caching/accept.h"

#include "tests/unit/caching/heads.h"

namespace ringwall::caching {
namespace {

std::string encodings(const std::string& lines) {
  return std::string(accepted_encodings(Request("GET /", lines).head.fields).value_or("as sent"));
}

std::string language(const std::string& value, const std::vector<std::string>& offered) {
  Request request("GET /", "Accept-Language: " + value + "\r\n");
  return std::string(best_language(request.head.fields, offered).value_or("as sent"));
}

// RFC 9110 section 12.5.3.
TEST(Accept, encodings_come_down_to_which_of_three_are_taken) {
  const std::pair<const char*, const char*> cases[] = {
      {"gzip, deflate, br, zstd", "br, gzip, zstd"},
      {"gzip, deflate, br", "br, gzip"},
      {"GZIP", "gzip"},
      {"x-gzip", "gzip"},
      {"deflate, gzip;q=1.0, *;q=0.5", "br, gzip, zstd"},
      {"br;q=0.1, gzip;q=0.9", "br, gzip"},
      {"br;q=0, gzip", "gzip"},
      {"br;q=0.000, gzip; q=0.001", "gzip"},
      {"zstd, br", "br, zstd"},
      {"zstd, gzip", "gzip, zstd"},
      {"*", "br, gzip, zstd"},
      {"*, br;q=0", "gzip, zstd"},
      {"identity", ""},
      {"", ""},
      {"deflate", ""}};
  for (auto [value, expected] : cases) {
    EXPECT_EQ(encodings("Accept-Encoding: " + std::string(value) + "\r\n"), expected) << value;
  }
  EXPECT_EQ(encodings("Accept-Encoding: gzip\r\nAccept-Encoding: br\r\n"), "br, gzip");
}

TEST(Accept, what_says_more_than_that_is_left_as_it_is) {
  for (const char* value :
       {"gzip, *;q=0", "gzip, identity;q=0", "gzip;q=2", "gzip;q=x", "gzip;q", "gzip;q=1.001",
        "gzip;q=0.0001", "gzip;level=1", "gz ip", "gzip;q=-1", "\"gzip\"", ";q=1"}) {
    EXPECT_EQ(encodings("Accept-Encoding: " + std::string(value) + "\r\n"), "as sent") << value;
  }
  EXPECT_EQ(encodings("Accept-Encoding: gzip, identity;q=0.1, *;q=0\r\n"), "gzip");
}

TEST(Accept, what_is_too_long_is_left_as_it_is) {
  std::string wishes = "gzip";
  while (wishes.size() + 5 <= accept_bytes_max) wishes += ",gzip";
  EXPECT_EQ(encodings("Accept-Encoding: " + wishes + "\r\n"), "gzip");
  EXPECT_EQ(encodings("Accept-Encoding: " + wishes + "\r\nAccept-Encoding: gzip\r\n"), "as sent");
}

// RFC 9110 section 12.5.4, RFC 4647 sections 3.3.1 and 3.4.
TEST(Accept, the_best_language_that_is_offered_is_chosen) {
  const std::vector<std::string> offered = {"en", "de", "fr-CH", "zh-Hant"};
  const std::pair<const char*, const char*> cases[] = {{"de", "de"},
                                                       {"DE", "de"},
                                                       {"de-AT, en;q=0.5", "de"},
                                                       {"fr", "fr-CH"},
                                                       {"fr-FR", ""},
                                                       {"zh-Hant-TW", "zh-Hant"},
                                                       {"zh-Hans", ""},
                                                       {"e", ""},
                                                       {"english", ""},
                                                       {"de;q=0.5, en;q=0.7", "en"},
                                                       {"de, en", "de"},
                                                       {"en, de", "en"},
                                                       {"*", "en"},
                                                       {"en;q=0, *", "de"},
                                                       {"de;q=0", ""},
                                                       {"de-CH;q=0, de;q=0.4, *;q=0.1", "de"},
                                                       {"it, es", ""},
                                                       {"", ""}};
  for (auto [value, expected] : cases) EXPECT_EQ(language(value, offered), expected) << value;
  EXPECT_EQ(language("de;q=x", offered), "as sent");
  EXPECT_EQ(language("de", {}), "");
}

}  // namespace
}  // namespace ringwall::caching
