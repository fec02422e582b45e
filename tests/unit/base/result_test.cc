#include "daemon/base/result.h"

#include <errno.h>
#include <gtest/gtest.h>

#include <memory>
#include <string>

namespace ringwall::base {
namespace {

Result<int> half(int n) {
  if (n % 2 != 0) return fail("odd");
  return n / 2;
}

TEST(Result, is_a_value_or_the_reason_why_there_is_none) {
  auto four = half(8);
  ASSERT_TRUE(four.ok());
  EXPECT_TRUE(static_cast<bool>(four));
  EXPECT_EQ(*four, 4);
  auto none = half(7);
  ASSERT_FALSE(none.ok());
  EXPECT_EQ(none.error().what, "odd");
}

TEST(Result, holds_values_that_only_move) {
  Result<std::unique_ptr<int>> result(std::make_unique<int>(7));
  std::unique_ptr<int> taken = std::move(*result);
  EXPECT_EQ(*taken, 7);
}

TEST(Result, errors_may_be_of_any_type_even_that_of_the_value) {
  Result<int, int> result = fail(3);
  ASSERT_FALSE(result.ok());
  EXPECT_EQ(result.error(), 3);
}

TEST(Status, succeeds_by_default) {
  Status fine;
  EXPECT_TRUE(fine.ok());
  Status failed = fail(std::string("no"));
  ASSERT_FALSE(failed.ok());
  EXPECT_EQ(failed.error().what, "no");
}

TEST(Result, a_system_error_is_told_in_words) {
  EXPECT_EQ(os_failure("open x", ENOENT).what.find("open x"), 0u);
  EXPECT_NE(os_failure("open x", ENOENT).what.find("No such file"), std::string::npos);
}

TEST(ResultDeath, asking_for_what_is_not_there_is_a_bug) {
  EXPECT_DEATH(half(7).value(), "");
  EXPECT_DEATH(half(8).error(), "");
}

}  // namespace
}  // namespace ringwall::base
