#include "daemon/proxy/reply.h"

#include <gtest/gtest.h>

#include <string>

namespace ringwall::proxy {
namespace {

http::Selected ranges_of(std::initializer_list<http::ByteRange> list) {
  http::Selected selected;
  for (const http::ByteRange& range : list) selected.ranges[selected.count++] = range;
  return selected;
}

TEST(multipart, tells_its_length_to_the_byte) {
  http::Selected ranges = ranges_of({{0, 9}, {90, 99}, {50, 50}});
  Multipart parts(ranges, "text/plain", 100);
  std::string all;
  for (size_t i = 0; i < ranges.count; ++i) {
    all += parts.before(i);
    all.append(ranges.ranges[i].length(), 'x');
  }
  all += parts.before(ranges.count);
  EXPECT_EQ(all.size(), parts.total());
}

TEST(multipart, is_what_rfc_2046_wants) {
  Multipart parts(ranges_of({{0, 1}, {4, 5}}), "text/plain", 10);
  std::string boundary = parts.content_type().substr(parts.content_type().find('=') + 1);
  EXPECT_EQ(parts.content_type(), "multipart/byteranges; boundary=" + boundary);
  EXPECT_EQ(parts.before(0), "--" + boundary + "\r\nContent-Type: text/plain\r\n"
                                 "Content-Range: bytes 0-1/10\r\n\r\n");
  EXPECT_EQ(parts.before(1), "\r\n--" + boundary + "\r\nContent-Type: text/plain\r\n"
                                 "Content-Range: bytes 4-5/10\r\n\r\n");
  EXPECT_EQ(parts.before(2), "\r\n--" + boundary + "--\r\n");
}

TEST(multipart, has_a_boundary_of_its_own_each_time) {
  http::Selected ranges = ranges_of({{0, 1}, {4, 5}});
  EXPECT_NE(Multipart(ranges, "", 10).content_type(), Multipart(ranges, "", 10).content_type());
}

TEST(lines, are_left_out_by_name_in_any_case) {
  std::string lines = "A: 1\r\nContent-Type: x\r\nB: 2\r\ncontent-type: y\r\n";
  EXPECT_EQ(without_line(lines, "content-type"), "A: 1\r\nB: 2\r\n");
  EXPECT_EQ(without_line(lines, "content"), lines);
  EXPECT_EQ(without_line("", "a"), "");
}

}  // namespace
}  // namespace ringwall::proxy
