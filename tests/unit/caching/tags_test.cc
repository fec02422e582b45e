#include "daemon/caching/tags.h"

#include "tests/unit/caching/heads.h"

namespace ringwall::caching {
namespace {

conf::RouteCache with_fields(std::vector<std::string> names) {
  conf::RouteCache settings;
  settings.tag_fields = std::move(names);
  return settings;
}

std::vector<std::string> tags(const std::string& lines, const conf::RouteCache& settings) {
  std::vector<std::string> out;
  Response response(200, lines);
  each_tag(response.head.fields, settings, [&out](std::string_view tag) { out.emplace_back(tag); });
  return out;
}

using Words = std::vector<std::string>;

TEST(Tags, are_the_words_of_the_fields_that_the_route_names) {
  conf::RouteCache settings = with_fields({"Cache-Tag", "surrogate-key"});
  EXPECT_EQ(tags("cache-tag: a,b , c\r\nX: d\r\nSurrogate-Key: e  f\tA\r\nxkey: g\r\n", settings),
            (Words{"a", "b", "c", "e", "f", "A"}));
  EXPECT_EQ(tags("Cache-Tag: ,, ,\r\nCache-Tag:\r\n", settings), Words());
  EXPECT_EQ(tags("Cache-Tag: a\r\n", {}), Words());
  EXPECT_EQ(tags("ETag: a\r\n", with_fields({"etag"})), Words{"a"});
}

TEST(Tags, are_bounded_in_length_and_number) {
  conf::RouteCache settings = with_fields({"xkey"});
  std::string longest(tag_bytes_max, 'x');
  EXPECT_EQ(tags("xkey: " + longest + " " + longest + "y z\r\n", settings), (Words{longest, "z"}));
  std::string many;
  for (size_t i = 0; i < cache::tags_max + 5; ++i) many += "t" + std::to_string(i) + " ";
  EXPECT_EQ(tags("xkey: " + many + "\r\nxkey: more\r\n", settings).size(), cache::tags_max);
}

TEST(Tags, go_on_to_clients_only_where_the_route_says_so) {
  conf::RouteCache settings = with_fields({"Cache-Tag"});
  Response response(200, "CACHE-TAG: a\r\nX: b\r\n");
  const http::FieldSection& fields = response.head.fields;
  EXPECT_TRUE(is_tag_field(fields, fields.begin()[0], settings));
  EXPECT_FALSE(is_tag_field(fields, fields.begin()[1], settings));
  settings.tags_sent = true;
  EXPECT_FALSE(is_tag_field(fields, fields.begin()[0], settings));
}

// RFC 9875 section 2.
TEST(Tags, groups_are_a_list_of_strings) {
  EXPECT_EQ(groups_of(Response(200, "Cache-Groups: \"scripts\", \"a b\"\r\n").head.fields),
            (Words{"scripts", "a b"}));
  EXPECT_EQ(groups_of(Response(200, "Cache-Groups: scripts\r\n").head.fields), Words());
  EXPECT_EQ(groups_of(Response(200, "Cache-Groups: \"a\", 1\r\n").head.fields), Words());
  EXPECT_EQ(groups_of(Response(200).head.fields), Words());
}

}  // namespace
}  // namespace ringwall::caching
