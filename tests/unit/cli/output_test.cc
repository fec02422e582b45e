#include "cli/output.h"

#include <gtest/gtest.h>

#include <cstdlib>

namespace ringwall::cli {
namespace {

/// An Output of some form, and what came out of it.
struct Captured {
  explicit Captured(Output::Form form)
      : out_file(::open_memstream(&out_text, &out_size)),
        err_file(::open_memstream(&err_text, &err_size)),
        output(out_file, err_file, form) {}
  ~Captured() {
    std::fclose(out_file);
    std::fclose(err_file);
    std::free(out_text);
    std::free(err_text);
  }
  std::string out() { return std::fflush(out_file) == 0 ? std::string(out_text, out_size) : ""; }
  std::string err() { return std::fflush(err_file) == 0 ? std::string(err_text, err_size) : ""; }

  char* out_text = nullptr;
  char* err_text = nullptr;
  size_t out_size = 0, err_size = 0;
  std::FILE* out_file;
  std::FILE* err_file;
  Output output;
};

void speak(Output& output) {
  Table table({{"SIZE", Align::right}});
  table.add({output.bytes(2048)});
  output.say("done {}", 1);
  output.table(table);
  output.json({{"size", 2048}});
  output.progress("a step");
}

TEST(Output, a_terminal_gets_headings_and_units) {
  Captured to({.json = false, .terminal = true, .progress = true});
  speak(to.output);
  EXPECT_EQ(to.out(), "done 1\n   SIZE\n2.0 KiB\n");
  EXPECT_EQ(to.err(), "a step\n");
}

TEST(Output, a_pipe_gets_bare_numbers) {
  Captured to({.json = false, .terminal = false, .progress = false});
  speak(to.output);
  EXPECT_EQ(to.out(), "done 1\n2048\n");
  EXPECT_EQ(to.err(), "");
}

TEST(Output, json_is_all_that_comes_when_it_was_asked_for) {
  Captured to({.json = true, .terminal = true, .progress = true});
  speak(to.output);
  EXPECT_EQ(to.out(), "{\n  \"size\": 2048\n}\n");
  EXPECT_EQ(to.err(), "");
}

TEST(Output, a_problem_is_one_line_and_in_json_an_object_too) {
  Captured text({});
  text.output.problem({control::Outcome::refused, "no\nway"});
  EXPECT_EQ(text.err(), "ringwallctl: no?way\n");
  EXPECT_EQ(text.out(), "");
  Captured json({.json = true});
  json.output.problem({control::Outcome::refused, "no way"});
  auto read = control::Json::parse(json.out(), nullptr, false);
  ASSERT_FALSE(read.is_discarded());
  EXPECT_EQ(read["error"]["code"], 5);
  EXPECT_EQ(read["error"]["outcome"], "refused");
}

}  // namespace
}  // namespace ringwall::cli
