#include "daemon/caching/invalidation.h"

#include "tests/unit/caching/heads.h"

namespace ringwall::caching {
namespace {

constexpr const char* base_uri = "http://example.org/a/b?q";

/// What a Location makes invalid beside the target; empty if nothing.
std::string also(const std::string& location, const char* base = base_uri) {
  Response response(201, "Location: " + location + "\r\n");
  auto uris = also_invalid(response.head.fields, base);
  EXPECT_LE(uris.size(), 1u);
  return uris.empty() ? "" : uris.front();
}

// RFC 3986 section 5.4, as far as it concerns one origin.
TEST(Invalidation, references_are_resolved_against_the_target) {
  const std::pair<const char*, const char*> cases[] = {
      {"c", "http://example.org/a/c"},
      {"./c", "http://example.org/a/c"},
      {"c/", "http://example.org/a/c/"},
      {"/c", "http://example.org/c"},
      {"?x", "http://example.org/a/b?x"},
      {"c?x", "http://example.org/a/c?x"},
      {"c#f", "http://example.org/a/c"},
      {"", ""},
      {"#f", ""},
      {"b?q", ""},
      {".", "http://example.org/a/"},
      {"..", "http://example.org/"},
      {"../c", "http://example.org/c"},
      {"../../../c", "http://example.org/c"},
      {"c/../d", "http://example.org/a/d"},
      {"/a/%7Ec", "http://example.org/a/~c"},
      {"//example.org/c", "http://example.org/c"},
      {"http://example.org/c", "http://example.org/c"},
      {"HTTP://EXAMPLE.org:80/c", "http://example.org/c"},
      {"http://example.org", "http://example.org/"},
      {"http://example.org?x", "http://example.org/?x"},
      {"c?x=http://other/", "http://example.org/a/c?x=http://other/"},
      {"./c:d", "http://example.org/a/c:d"}};
  for (auto [location, expected] : cases) EXPECT_EQ(also(location), expected) << location;
}

// RFC 9111 section 4.4: other origins' are not ours to invalidate.
TEST(Invalidation, other_origins_are_left_alone) {
  for (const char* location :
       {"http://other.org/c", "https://example.org/c", "http://example.org:8080/c", "//other.org/c",
        "http://user@example.org/c", "http://example.org.evil/c", "ftp://example.org/c", "http:/c",
        "http:c", "mailto:a@example.org", "http://", "http://a b/"}) {
    EXPECT_EQ(also(location), "") << location;
  }
  EXPECT_EQ(also("http://h:8080/c", "http://h:8080/"), "http://h:8080/c");
  EXPECT_EQ(also("https://h:443/c", "https://h/"), "https://h/c");
}

TEST(Invalidation, what_is_no_uri_is_left_alone) {
  for (const char* location : {"/a b", "/%zz", "/%00", "/\xc3\xa4"}) {
    EXPECT_EQ(also(location), "") << location;
  }
}

TEST(Invalidation, location_and_content_location_both_count) {
  Response response(200, "Content-Location: /x\r\nLocation: /y\r\nLocation: /x\r\n");
  EXPECT_EQ(also_invalid(response.head.fields, base_uri),
            (std::vector<std::string>{"http://example.org/y", "http://example.org/x"}));
  EXPECT_TRUE(also_invalid(Response(200).head.fields, base_uri).empty());
}

// RFC 9875 section 3.
TEST(Invalidation, groups_are_a_list_of_strings) {
  auto groups = [](const std::string& lines) {
    return invalid_groups(Response(200, lines).head.fields);
  };
  EXPECT_EQ(groups("Cache-Group-Invalidation: \"a\", \"b\\\"c\";x=1\r\n"),
            (std::vector<std::string>{"a", "b\"c"}));
  EXPECT_EQ(groups("Cache-Group-Invalidation: \"a\"\r\nCache-Group-Invalidation: \"b\"\r\n"),
            (std::vector<std::string>{"a", "b"}));
  EXPECT_TRUE(groups("Cache-Group-Invalidation: \"a\", b\r\n").empty());
  EXPECT_TRUE(groups("Cache-Group-Invalidation: \"a\" \"b\"\r\n").empty());
  EXPECT_TRUE(groups("Cache-Group-Invalidation: (\"a\")\r\n").empty());
  EXPECT_TRUE(groups("Cache-Groups: \"a\"\r\n").empty());
}

}  // namespace
}  // namespace ringwall::caching
