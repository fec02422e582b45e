#include "daemon/http/method.h"

#include <gtest/gtest.h>

namespace ringwall::http {
namespace {

TEST(Method, every_registered_method_is_known_by_its_text) {
  for (int i = 0; i < static_cast<int>(Method::other); ++i) {
    auto method = static_cast<Method>(i);
    EXPECT_EQ(method_of(text_of(method)), method) << text_of(method);
  }
}

TEST(Method, case_matters_and_unknown_text_is_other) {
  for (const char* text : {"", "get", "Get", "GETS", "GE", "PRI", "XXXX", "TRACK", "PATCHED",
                           "DELETED", "CONNECTS", "LINK", "BREW"}) {
    EXPECT_EQ(method_of(text), Method::other) << text;
  }
}

TEST(Method, safe_and_idempotent_are_those_of_rfc_9110) {
  EXPECT_TRUE(is_safe(Method::get) && is_safe(Method::head) && is_safe(Method::options) &&
              is_safe(Method::trace));
  for (Method method : {Method::post, Method::put, Method::delete_, Method::connect, Method::patch,
                        Method::other}) {
    EXPECT_FALSE(is_safe(method)) << text_of(method);
  }
  EXPECT_TRUE(is_idempotent(Method::put) && is_idempotent(Method::delete_));
  EXPECT_TRUE(is_idempotent(Method::get));
  for (Method method : {Method::post, Method::connect, Method::patch, Method::other}) {
    EXPECT_FALSE(is_idempotent(method)) << text_of(method);
  }
}

}  // namespace
}  // namespace ringwall::http
