#include "daemon/route/path.h"

#include <gtest/gtest.h>

#include <random>
#include <string>

namespace ringwall::route {
namespace {

/// The normal form of a path, or "!" and what is wrong with it.
std::string normal(std::string_view in) {
  std::string room(in.size(), '\0');
  NormalPath result = normalise_path(in, room.data());
  if (result.error == PathError::percent_encoding) return "!encoding";
  if (result.error == PathError::encoded_nul) return "!nul";
  return std::string(result.path);
}

bool is_untouched(std::string_view in) {
  std::string room(in.size(), '\0');
  NormalPath result = normalise_path(in, room.data());
  return result.error == PathError::none && result.path.data() == in.data() && result.path == in;
}

TEST(path, what_is_normal_is_given_back_without_a_copy) {
  for (const char* path : {"/", "/index.html", "/a/b/c", "//", "/.well-known/x", "/...", "/a..b/",
                           "/a/..b", "/%20", "/a%2Fb", "/%C3%A4", "*", "", "/a.", "/.a/.b"}) {
    EXPECT_TRUE(is_untouched(path)) << path;
  }
}

TEST(path, dot_segments_are_resolved) {
  EXPECT_EQ(normal("/a/../admin"), "/admin");
  EXPECT_EQ(normal("/a/./b"), "/a/b");
  EXPECT_EQ(normal("/a/b/.."), "/a/");
  EXPECT_EQ(normal("/a/b/."), "/a/b/");
  EXPECT_EQ(normal("/."), "/");
  EXPECT_EQ(normal("/./"), "/");
  EXPECT_EQ(normal("/a/b/c/./../../g"), "/a/g");  // RFC 3986 section 5.2.4
  EXPECT_EQ(normal("/a//../b"), "/a/b");
}

TEST(path, nothing_climbs_over_the_root) {
  EXPECT_EQ(normal("/.."), "/");
  EXPECT_EQ(normal("/../../etc/passwd"), "/etc/passwd");
  EXPECT_EQ(normal("/a/../../b"), "/b");
}

TEST(path, unreserved_characters_are_decoded_and_then_seen_as_dot_segments) {
  EXPECT_EQ(normal("/%61dmin"), "/admin");
  EXPECT_EQ(normal("/%7euser"), "/~user");
  EXPECT_EQ(normal("/a/%2e%2E/admin"), "/admin");
  EXPECT_EQ(normal("/a/.%2e/admin"), "/admin");
  EXPECT_EQ(normal("/a/%2e/b"), "/a/b");
}

TEST(path, reserved_characters_stay_encoded_in_upper_case) {
  EXPECT_EQ(normal("/a%2fb"), "/a%2Fb");
  EXPECT_EQ(normal("/a/..%2fadmin"), "/a/..%2Fadmin");
  EXPECT_EQ(normal("/%c3%a4%3f"), "/%C3%A4%3F");
}

TEST(path, an_encoded_percent_sign_is_not_decoded_twice) {
  EXPECT_EQ(normal("/%2561dmin"), "/%2561dmin");
  EXPECT_EQ(normal("/%252e%252e/x"), "/%252e%252e/x");
}

TEST(path, bad_encodings_are_refused) {
  for (const char* path : {"/%", "/%4", "/%zz", "/%4g", "/a%", "/%%41", "/%-1"}) {
    EXPECT_EQ(normal(path), "!encoding") << path;
  }
  EXPECT_EQ(normal("/a%00b"), "!nul");
}

TEST(path, what_an_origin_may_read_more_into_is_left_as_it_is) {
  // Each is a path of its own for routes, for the cache and on the way to the origin.
  for (const char* path :
       {"/a\\..\\b", "/a%5C..%5Cb", "/a/..;/b", "/a/..%2Fb", "/a/..%5Cb", "/a;/b",
        "/a/%252E%252E/b", "/a%3Fb", "/a%23b", "/%0D%0AX:%20y", "/...//...."}) {
    EXPECT_TRUE(is_untouched(path)) << path;
  }
}

TEST(path, a_nul_is_refused_in_any_spelling) {
  EXPECT_EQ(normal("/a%00"), "!nul");
  EXPECT_EQ(normal(std::string_view("/a\0b", 4)), "!nul");
  EXPECT_EQ(normal(std::string_view("/%61\0", 5)), "!nul");
  EXPECT_EQ(normal("/%2500"), "/%2500");
}

TEST(path, encodings_of_a_query_are_normalised_and_nothing_else) {
  auto encoded = [](std::string_view in) {
    std::string room(in.size(), '\0');
    room.resize(normalise_encoding(in, room.data()));
    // In place it is the same.
    std::string same(in);
    same.resize(normalise_encoding(same, same.data()));
    EXPECT_EQ(same, room);
    return room;
  };
  EXPECT_EQ(encoded("%61%2F%2f%7e"), "a%2F%2F~");
  EXPECT_EQ(encoded("%zz%4%"), "%zz%4%");
  EXPECT_EQ(encoded("/../%2e%2e/%00"), "/../../%00");
  EXPECT_EQ(encoded("%%36%31"), "%%36%31");
  EXPECT_EQ(encoded("%61&%"), "%61&%");
  EXPECT_EQ(encoded(""), "");
}

TEST(path, normalising_twice_changes_nothing_more) {
  // Paths from the pieces that matter, so that nearly every one meets several rules.
  constexpr std::string_view pieces[] = {"/",   ".",   "..", "a",   "%2e", "%2E", "%2f",  "%2F",
                                         "%61", "%25", "2e", "%7e", "//",  "/./", "/../", "b.c"};
  std::mt19937 random(20240607);
  for (int round = 0; round < 200000; ++round) {
    std::string path = "/";
    for (unsigned n = random() % 12; n > 0; --n) path += pieces[random() % std::size(pieces)];
    std::string once = normal(path);
    ASSERT_TRUE(once.starts_with('/')) << path;
    ASSERT_LE(once.size(), path.size());
    ASSERT_TRUE(is_untouched(once)) << path << " → " << once;
    std::string segments = once + "/";
    ASSERT_EQ(segments.find("/../"), std::string::npos) << path;
    ASSERT_EQ(segments.find("/./"), std::string::npos) << path;
  }
}

TEST(path, any_bytes_give_a_normal_path_or_an_error) {
  std::mt19937 random(7);
  for (int round = 0; round < 100000; ++round) {
    std::string path = "/";
    for (unsigned n = random() % 20; n > 0; --n) path += static_cast<char>(random());
    for (char& c : path) {
      if (random() % 4 == 0) c = "%./02eE"[random() % 7];
    }
    std::string once = normal(path);
    if (!path.starts_with('/') || once.starts_with('!')) continue;
    ASSERT_EQ(normal(once), once);
  }
}

}  // namespace
}  // namespace ringwall::route
