#include "daemon/caching/vary.h"

#include <array>

#include "tests/unit/caching/heads.h"

namespace ringwall::caching {
namespace {

/// The selectors of a request by the Vary of a response; "none" where it cannot be selected.
std::string selectors(const std::string& request, const std::string& response,
                      const conf::RouteCache& settings = {}, size_t size = 1000) {
  std::array<char, 1000> room;
  auto written =
      write_selectors(Request("GET /", request).head.fields, Response(200, response).head.fields,
                      settings, std::span(room).first(size));
  return std::string(written.value_or("none"));
}

bool fits(const std::string& text, const std::string& request,
          const conf::RouteCache& settings = {}) {
  return selects(text, Request("GET /", request).head.fields, settings);
}

// RFC 9111 section 4.1.
TEST(Vary, selectors_are_a_line_for_each_name_in_order) {
  EXPECT_EQ(selectors("Foo: 1\r\n", "Vary: Foo\r\n"), "foo:1\n");
  EXPECT_EQ(selectors("A: 1\r\nb: 2\r\n", "Vary: B, a\r\n"), "a:1\nb:2\n");
  EXPECT_EQ(selectors("A: 1\r\n", "Vary: B\r\nVary: A,b, ,a\r\n"), "a:1\nb\n");
  EXPECT_EQ(selectors("A:\r\n", "Vary: A\r\n"), "a:\n");
  EXPECT_EQ(selectors("User-Agent: x\r\n", "Vary: user-agent\r\n"), "user-agent:x\n");
  EXPECT_EQ(selectors("A: 1\r\n", ""), "");
  EXPECT_EQ(selectors("A: 1\r\n", "Vary:\r\nVary: ,\r\n"), "");
}

TEST(Vary, a_star_anywhere_selects_nothing) {
  for (const char* value : {"*", "*, *", ", *", "*, Foo", "Foo, *", "a b", "\"Foo\"", "Foo;x"}) {
    EXPECT_EQ(selectors("Foo: 1\r\n", line("Vary", value)), "none") << value;
  }
  EXPECT_EQ(selectors("Foo: 1\r\n", "Vary: Foo\r\nVary: *\r\n"), "none");
}

TEST(Vary, lines_and_white_space_do_not_count) {
  std::string one = selectors("Foo: 1, 2,3\r\n", "Vary: Foo\r\n");
  EXPECT_EQ(one, "foo:1, 2, 3\n");
  for (const char* request :
       {"Foo: 1,2, 3\r\n", "Foo: 1 ,\t2\r\nfoo: 3\r\n", "Foo: 1\r\nX: y\r\nFOO: 2\r\nFoo: 3\r\n"}) {
    EXPECT_EQ(selectors(request, "Vary: Foo\r\n"), one) << request;
    EXPECT_TRUE(fits(one, request)) << request;
  }
  for (const char* request : {"Foo: 1, 2\r\n", "Foo: 1, 2, 3, 4\r\n", "Foo: 1, 3, 2\r\n",
                              "Foo: 1,,2,3\r\n", "", "Foo:\r\n", "Foo: 1, 2, 3 4\r\n"}) {
    EXPECT_FALSE(fits(one, request)) << request;
  }
}

TEST(Vary, the_absent_and_the_empty_differ) {
  EXPECT_TRUE(fits("foo\n", ""));
  EXPECT_FALSE(fits("foo\n", "Foo:\r\n"));
  EXPECT_FALSE(fits("foo\n", "Foo: 1\r\n"));
  EXPECT_TRUE(fits("foo:\n", "Foo:\r\n"));
  EXPECT_FALSE(fits("foo:\n", ""));
}

TEST(Vary, all_names_must_fit_in_exactly_this_case_of_value) {
  EXPECT_TRUE(fits("a:1\nb:2\n", "A: 1\r\nB: 2\r\n"));
  EXPECT_FALSE(fits("a:1\nb:2\n", "A: 1\r\nB: 3\r\n"));
  EXPECT_FALSE(fits("a:x\n", "A: X\r\n"));
  EXPECT_FALSE(fits("a:1", "A: 1\r\n"));  // no line that was written
}

TEST(Vary, a_request_is_described_by_the_names_of_another) {
  std::array<char, 100> room;
  Request request("GET /", "A: 2\r\nB: 3\r\n");
  size_t length = describe_like("a:1\nc\n", request.head.fields, {}, room);
  EXPECT_EQ(std::string_view(room.data(), length), "a:2\nc\n");
  EXPECT_EQ(describe_like("a:1\nc\n", request.head.fields, {}, std::span(room).first(5)), 0u);
}

TEST(Vary, what_does_not_fit_is_not_selected) {
  EXPECT_EQ(selectors("A: 1\r\n", "Vary: A\r\n", {}, 4), "a:1\n");
  EXPECT_EQ(selectors("A: 1\r\n", "Vary: A\r\n", {}, 3), "none");
  std::string names;
  for (int i = 0; i < 40; ++i) names += "a" + std::to_string(i) + ",";
  EXPECT_EQ(selectors("", line("Vary", names)), "none");
  EXPECT_EQ(selectors("", line("Vary", std::string(300, 'x'))), "none");
}

TEST(Vary, accept_encoding_counts_as_what_it_comes_down_to) {
  conf::RouteCache settings;
  std::string one = selectors("Accept-Encoding: gzip, br;q=0.5, deflate\r\n",
                              "Vary: Accept-Encoding\r\n", settings);
  EXPECT_EQ(one, "accept-encoding:br, gzip\n");
  EXPECT_TRUE(fits(one, "Accept-Encoding: br,gzip\r\n", settings));
  EXPECT_FALSE(fits(one, "Accept-Encoding: gzip\r\n", settings));
  EXPECT_FALSE(fits(one, "", settings));
  EXPECT_FALSE(fits("accept-encoding\n", "Accept-Encoding: identity\r\n", settings));
  settings.accept_encoding = conf::RouteCache::Encodings::as_sent;
  EXPECT_EQ(selectors("Accept-Encoding: gzip,br;q=0.5\r\n", "Vary: Accept-Encoding\r\n", settings),
            "accept-encoding:gzip, br;q=0.5\n");
}

TEST(Vary, accept_language_counts_as_the_best_of_the_routes_languages) {
  conf::RouteCache settings;
  EXPECT_EQ(selectors("Accept-Language: de-AT, en\r\n", "Vary: Accept-Language\r\n", settings),
            "accept-language:de-AT, en\n");
  settings.languages = {"en", "de"};
  EXPECT_EQ(selectors("Accept-Language: de-AT, en\r\n", "Vary: Accept-Language\r\n", settings),
            "accept-language:de\n");
  EXPECT_TRUE(fits("accept-language:\n", "Accept-Language: it\r\n", settings));
}

TEST(Vary, what_is_sent_on_is_what_was_selected_by) {
  conf::RouteCache settings;
  Request request("GET /", "Accept-Encoding: zstd, gzip\r\nAccept-Language: it\r\nFoo: 1\r\n");
  const http::FieldSection& fields = request.head.fields;
  EXPECT_EQ(normalised(http::FieldName::accept_encoding, fields, settings), "gzip, zstd");
  EXPECT_EQ(normalised(http::FieldName::accept_language, fields, settings), std::nullopt);
  EXPECT_EQ(normalised(http::FieldName::other, fields, settings), std::nullopt);
  EXPECT_EQ(normalised(http::FieldName::accept_encoding, Request("GET /").head.fields, settings),
            std::nullopt);
}

}  // namespace
}  // namespace ringwall::caching
