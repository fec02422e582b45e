#include "daemon/caching/validation.h"

#include <array>

#include "tests/unit/caching/heads.h"

namespace ringwall::caching {
namespace {

const std::string tag = "ETag: \"v1\"\r\n";
const std::string weak_tag = "ETag: W/\"v1\"\r\n";
const std::string modified = "Last-Modified: Sun, 06 Nov 1994 08:49:37 GMT\r\n";

std::string conditions(const std::string& lines) {
  std::array<char, 1000> room;
  http::HeadWriter writer{std::span<char>(room)};
  bool any = write_conditions(writer, lines);
  EXPECT_EQ(any, writer.size() > 0);
  return std::string(writer.text());
}

bool confirmed(const std::string& fields, const std::string& lines) {
  return confirms(Response(304, fields).head.fields, lines);
}

std::string updated(const std::string& lines, const std::string& update, size_t size = 1000) {
  std::array<char, 1000> room;
  Response response(304, update);
  return std::string(update_fields(lines, response.head, std::span(room).first(size)));
}

// RFC 9111 section 4.3.1.
TEST(Validation, asks_with_each_validator_there_is) {
  EXPECT_EQ(conditions(tag), "If-None-Match: \"v1\"\r\n");
  EXPECT_EQ(conditions(weak_tag), "If-None-Match: W/\"v1\"\r\n");
  EXPECT_EQ(conditions(modified), "If-Modified-Since: Sun, 06 Nov 1994 08:49:37 GMT\r\n");
  EXPECT_EQ(conditions("A: b\r\n" + modified + tag),
            "If-None-Match: \"v1\"\r\nIf-Modified-Since: Sun, 06 Nov 1994 08:49:37 GMT\r\n");
  EXPECT_EQ(conditions("ETag: v1\r\nLast-Modified: x\r\nDate: y\r\n"), "");
}

// Sections 4.3.3 and 4.3.4.
TEST(Validation, a_304_is_about_the_response_whose_validators_it_has) {
  struct {
    std::string update;
    std::string stored;
    bool confirmed;
  } cases[] = {{tag, tag, true},
               {tag, weak_tag, false},  // a strong one must be matched strongly
               {weak_tag, tag, true},
               {weak_tag, weak_tag, true},
               {"ETag: \"v2\"\r\n", tag, false},
               {"ETag: W/\"v2\"\r\n", tag, false},
               {tag, modified, false},
               {weak_tag, modified, false},
               {tag + modified, tag, true},
               {modified, modified, true},
               {modified, tag + modified, true},
               {"Last-Modified: Sunday, 06-Nov-94 08:49:37 GMT\r\n", modified, true},
               {"Last-Modified: Sun, 06 Nov 1994 08:49:38 GMT\r\n", modified, false},
               {modified, tag, false},
               {"", tag, true},
               {"", "", true},
               {"ETag: v1\r\n", tag, true}};  // no validator: malformed
  for (const auto& c : cases) {
    EXPECT_EQ(confirmed(c.update, c.stored), c.confirmed) << c.update << "/ " << c.stored;
  }
}

// Section 4.3.5.
TEST(Validation, a_head_is_about_the_response_that_it_describes) {
  std::string stored = tag + modified;
  auto same = [&stored](const std::string& fields) {
    return same_representation(Response(200, fields).head, stored, 100);
  };
  EXPECT_TRUE(same(""));
  EXPECT_TRUE(same(tag + modified + "Content-Length: 100\r\n"));
  EXPECT_FALSE(same(tag + modified + "Content-Length: 101\r\n"));
  EXPECT_FALSE(same("ETag: \"v2\"\r\n"));
  EXPECT_FALSE(same(weak_tag));
  EXPECT_FALSE(same("Last-Modified: Sun, 06 Nov 1994 08:49:38 GMT\r\n"));
}

// Section 3.2.
TEST(Validation, an_update_replaces_fields_by_name) {
  EXPECT_EQ(updated("A: 1\r\nB: 2\r\nb: 3\r\nC: 4\r\n", "B: 5\r\nD: 6\r\nd: 7\r\n"),
            "A: 1\r\nC: 4\r\nB: 5\r\nD: 6\r\nd: 7\r\n");
  EXPECT_EQ(updated("Cache-Control: a\r\nDate: x\r\n", "cache-control: b\r\n"),
            "Date: x\r\ncache-control: b\r\n");
  EXPECT_EQ(updated("A: 1\r\n", ""), "A: 1\r\n");
  EXPECT_EQ(updated("A:\r\n", "B:\r\n"), "A: \r\nB: \r\n");
}

TEST(Validation, an_update_leaves_what_describes_the_content) {
  std::string stored =
      "Content-Length: 5\r\nContent-Encoding: gzip\r\nContent-Type: a\r\nContent-Range: x\r\n";
  EXPECT_EQ(updated(stored,
                    "Content-Length: 0\r\nContent-Encoding: br\r\nContent-Type: b\r\n"
                    "Content-Range: y\r\nAge: 5\r\nWarning: 110 - \"x\"\r\n"),
            stored);
  EXPECT_EQ(updated("Content-Language: a\r\nContent-Location: /a\r\n",
                    "Content-Language: b\r\nContent-Location: /b\r\n"),
            "Content-Language: b\r\nContent-Location: /b\r\n");
}

TEST(Validation, an_update_leaves_the_fields_of_its_connection) {
  EXPECT_EQ(updated("A: 1\r\nB: 2\r\n",
                    "Connection: a, keep-alive\r\nA: 9\r\nKeep-Alive: x\r\nUpgrade: y\r\n"
                    "Proxy-Authenticate: z\r\nB: 3\r\n"),
            "A: 1\r\nB: 3\r\n");
}

TEST(Validation, an_update_that_does_not_fit_is_none) {
  EXPECT_EQ(updated("A: 1\r\n", "B: 2\r\n", 12), "A: 1\r\nB: 2\r\n");
  EXPECT_EQ(updated("A: 1\r\n", "B: 2\r\n", 11), "");
}

TEST(Validation, stored_lines_are_read_back) {
  http::FieldSection fields;
  std::string lines = "A: 1\r\nETag:  \"v1\" \r\nempty:\r\nblank:  \r\n";
  ASSERT_TRUE(read_lines(lines, fields));
  EXPECT_EQ(fields.size(), 4u);
  EXPECT_EQ(fields.first(http::FieldName::etag), "\"v1\"");
  EXPECT_EQ(fields.first("a"), "1");
  EXPECT_EQ(fields.first("empty"), "");
  EXPECT_EQ(fields.first("blank"), "");
  ASSERT_TRUE(read_lines("", fields));
  EXPECT_TRUE(fields.empty());
}

TEST(Validation, what_are_no_lines_is_refused) {
  http::FieldSection fields;
  for (const char* lines : {"A: 1", "A 1\r\n", ": 1\r\n", "A : 1\r\n", "\r\n", "A: 1\r\n\r\n",
                            "A: \x01\r\n", "A: 1\n\r\n", " A: 1\r\n"}) {
    EXPECT_FALSE(read_lines(lines, fields)) << lines;
  }
  std::string many;
  for (size_t i = 0; i <= base::fields_max; ++i) many += "A: 1\r\n";
  EXPECT_FALSE(read_lines(many, fields));
  EXPECT_FALSE(read_lines("A: " + std::string(base::head_bytes_max, 'x') + "\r\n", fields));
}

}  // namespace
}  // namespace ringwall::caching
