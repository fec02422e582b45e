#include "daemon/http/head_writer.h"

#include <gtest/gtest.h>

#include <array>
#include <string>

#include "tests/unit/http/parsed.h"

namespace ringwall::http {
namespace {

using namespace std::string_literals;

class HeadWriterTest : public testing::Test {
 protected:
  std::array<char, 256> room_;
  HeadWriter out_{room_};
};

TEST_F(HeadWriterTest, a_request_head_is_written) {
  out_.request_line("GET", "/a?b");
  out_.field(FieldName::host, "example.org");
  out_.field("X-Own", "y z");
  out_.field(FieldName::content_length, 12345678901234567890u);
  out_.finish();
  EXPECT_TRUE(out_.ok());
  EXPECT_EQ(out_.text(),
            "GET /a?b HTTP/1.1\r\nHost: example.org\r\nX-Own: y z\r\n"
            "Content-Length: 12345678901234567890\r\n\r\n");
  EXPECT_EQ(out_.size() + out_.left(), room_.size());
}

TEST_F(HeadWriterTest, a_response_head_is_written_in_pieces) {
  out_.status_line(404);
  out_.status_line(200, "Fine");
  out_.begin_field(FieldName::age);
  out_.value(uint64_t{7});
  out_.value("x");
  out_.end_field();
  out_.raw("A: b\r\n");
  EXPECT_EQ(out_.text(), "HTTP/1.1 404 Not Found\r\nHTTP/1.1 200 Fine\r\nAge: 7x\r\nA: b\r\n");
}

TEST_F(HeadWriterTest, a_received_field_is_copied) {
  WithFields parsed("X-Own:  y \r\n");
  for (const Field& field : parsed.fields()) out_.field(parsed.fields(), field);
  EXPECT_EQ(out_.text(), "Host: a\r\nX-Own: y\r\n");
}

TEST_F(HeadWriterTest, nothing_that_would_break_the_head_is_written) {
  for (const auto& value : {"a\r\nb"s, "a\nb"s, "a\rb"s, "a\0b"s, "\x7f"s, "\x1b"s}) {
    HeadWriter out(room_);
    out.field(FieldName::via, value);
    EXPECT_FALSE(out.ok());
    out.field(FieldName::age, 1);
    EXPECT_EQ(out.text(), "") << "a failure is for good";
    HeadWriter by_name(room_);
    by_name.field("X", value);
    EXPECT_FALSE(by_name.ok());
    HeadWriter pieces(room_);
    pieces.begin_field(FieldName::via);
    pieces.value(value);
    pieces.end_field();
    EXPECT_EQ(pieces.text(), "");
    EXPECT_FALSE(pieces.ok());
    HeadWriter phrase(room_);
    phrase.status_line(200, value);
    EXPECT_EQ(phrase.text(), "");
  }
  for (const char* name : {"", "a b", "a:", "a\r\n"}) {
    HeadWriter out(room_);
    out.field(name, "x");
    EXPECT_FALSE(out.ok()) << name;
  }
  for (const char* target : {"", "/a b", "/a\r\n", "/\xff"}) {
    HeadWriter out(room_);
    out.request_line("GET", target);
    EXPECT_FALSE(out.ok()) << target;
  }
  HeadWriter method(room_);
  method.request_line("G T", "/");
  EXPECT_FALSE(method.ok());
}

TEST_F(HeadWriterTest, room_is_used_to_the_last_byte_and_not_beyond) {
  std::string expected = "HTTP/1.1 200 OK\r\nAge: 5\r\nX: y\r\n\r\n";
  for (size_t size = 0; size <= expected.size(); ++size) {
    std::string room(size, '#');
    HeadWriter out{std::span<char>(room)};
    out.status_line(200);
    out.field(FieldName::age, 5);
    out.field("X", "y");
    out.finish();
    EXPECT_EQ(out.ok(), size == expected.size()) << size;
    EXPECT_TRUE(expected.starts_with(out.text()));
  }
}

}  // namespace
}  // namespace ringwall::http
