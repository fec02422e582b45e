#include "conf/schema.h"

#include <gtest/gtest.h>

#include <set>
#include <string>

#include "conf/value.h"
#include "tests/unit/conf/config_text.h"

namespace ringwall::conf {
namespace {

std::string full_name(const Section& section, const Key& key) {
  return std::string(section.name) + "." + std::string(key.name);
}

TEST(schema, each_key_stands_once_and_has_help) {
  std::set<std::string> seen;
  for (const Section& section : schema()) {
    EXPECT_FALSE(section.help.empty()) << section.name;
    for (const Key& key : section.keys) {
      EXPECT_TRUE(seen.insert(full_name(section, key)).second) << full_name(section, key);
      EXPECT_TRUE(key.help.ends_with('.')) << full_name(section, key);
      EXPECT_FALSE(expected_text(key).empty()) << full_name(section, key);
    }
  }
}

TEST(schema, numbers_have_bounds_and_choices_have_words) {
  for (const Section& section : schema()) {
    for (const Key& key : section.keys) {
      bool number = key.type == Type::integer || key.type == Type::cpus || key.type == Type::size ||
                    key.type == Type::duration;
      bool choice = key.type == Type::choice;
      EXPECT_TRUE(!number || key.most > key.least) << full_name(section, key);
      EXPECT_TRUE(!number || key.least > 0) << full_name(section, key) << ": 0 is or_zero()";
      EXPECT_TRUE(!choice || words_of(key).size() >= 2) << full_name(section, key);
    }
  }
}

TEST(schema, help_that_gives_zero_a_meaning_allows_it) {
  for (const Section& section : schema()) {
    for (const Key& key : section.keys) {
      bool explained = key.help.find("0: ") != std::string_view::npos;
      EXPECT_TRUE(!explained || key.zero_allowed) << full_name(section, key);
    }
  }
}

TEST(schema, keys_that_need_a_restart_can_be_compared) {
  for (const Section& section : schema()) {
    for (const Key& key : section.keys) {
      if (key.reload != Reload::restart) continue;
      EXPECT_NE(key.binding.same, nullptr) << full_name(section, key);
    }
  }
}

TEST(schema, every_default_is_valid) {
  // Reading an empty table stores all defaults and asserts that each is valid.
  Problems problems;
  Node nothing;
  Upstream upstream;
  read_section("upstream", nothing, "upstream.x", upstream, problems);
  EXPECT_EQ(problems.size(), 1u);  // backends
  Listener listener;
  read_section("listener", nothing, "listener", listener, problems);
  FixedAnswer answer;
  read_section("respond", nothing, "respond", answer, problems);
  RouteCache cache;
  read_section("route_cache", nothing, "cache", cache, problems);
  EXPECT_EQ(problems.size(), 2u);  // address
  EXPECT_TRUE(load_text(least).ok());
}

}  // namespace
}  // namespace ringwall::conf
