#include "daemon/http/status.h"

#include <gtest/gtest.h>

namespace ringwall::http {
namespace {

TEST(Status, registered_codes_have_their_phrase) {
  EXPECT_EQ(reason_phrase(100), "Continue");
  EXPECT_EQ(reason_phrase(200), "OK");
  EXPECT_EQ(reason_phrase(304), "Not Modified");
  EXPECT_EQ(reason_phrase(413), "Content Too Large");
  EXPECT_EQ(reason_phrase(431), "Request Header Fields Too Large");
  EXPECT_EQ(reason_phrase(508), "Loop Detected");
}

TEST(Status, other_codes_have_that_of_their_class_and_none_is_empty) {
  EXPECT_EQ(reason_phrase(299), "Success");
  EXPECT_EQ(reason_phrase(499), "Client Error");
  EXPECT_EQ(reason_phrase(599), "Server Error");
  for (unsigned status = 0; status < 1100; ++status) EXPECT_FALSE(reason_phrase(status).empty());
}

TEST(Status, interim_204_and_304_never_have_content) {
  EXPECT_TRUE(never_has_content(100) && never_has_content(103) && never_has_content(204) &&
              never_has_content(304));
  EXPECT_FALSE(never_has_content(200) || never_has_content(205) || never_has_content(404));
}

TEST(Status, classes_begin_and_end_at_the_hundreds) {
  EXPECT_TRUE(is_interim(100) && is_interim(199) && !is_interim(200) && !is_interim(99));
  EXPECT_TRUE(is_success(200) && is_success(299) && !is_success(300));
  EXPECT_TRUE(is_redirect(300) && !is_redirect(400));
  EXPECT_TRUE(is_client_error(400) && !is_client_error(500));
  EXPECT_TRUE(is_server_error(500) && is_server_error(599) && !is_server_error(600));
}

}  // namespace
}  // namespace ringwall::http
