#include "cli/completion.h"

#include <gtest/gtest.h>

#include <cstdlib>
#include <fstream>

#include "cli/commands.h"
#include "tests/unit/cli/program.h"

namespace ringwall::cli {
namespace {

TEST(Completion, every_command_and_option_is_in_every_script) {
  for (std::string shell : {"bash", "zsh", "fish"}) {
    std::string script = completion_script(shell);
    for (const Command& command : commands()) {
      EXPECT_NE(script.find(command.words), std::string::npos) << shell << ": " << command.words;
      for (const Option& option : command.options) {
        std::string flag = (shell == "fish" ? "-l " : "--") + std::string(option.name);
        EXPECT_NE(script.find(flag), std::string::npos) << shell << ": " << option.name;
      }
    }
  }
  EXPECT_TRUE(completion_script("tcsh").empty());
}

TEST(Completion, help_texts_fit_between_single_quotes_and_behind_a_colon) {
  auto fits = [](std::string_view help) {
    return help.find('\'') == std::string_view::npos && help.find(':') == std::string_view::npos;
  };
  for (const Command& command : commands()) {
    EXPECT_TRUE(fits(command.help)) << command.help;
    for (const Option& option : command.options) EXPECT_TRUE(fits(option.help)) << option.help;
  }
  for (const Option& option : common_options()) EXPECT_TRUE(fits(option.help)) << option.help;
  for (const Noun& noun : nouns()) EXPECT_TRUE(fits(noun.help)) << noun.help;
}

/// What bash offers after these words; the last may be the beginning of one.
std::string offered(const std::string& words) {
  TemporaryDirectory directory;
  std::string script = directory.path() + "/script", out = directory.path() + "/out";
  std::ofstream(script) << completion_script("bash")
                        // Stands for the program, which is asked for the backends.
                        << "ringwallctl() { printf 'app/a:1\\tready\\n'; }\n"
                        << "COMP_WORDS=(ringwallctl " << words << ")\n"
                        << "COMP_CWORD=$((${#COMP_WORDS[@]} - 1))\n_ringwallctl\n"
                        << "echo \"${COMPREPLY[*]}\"\n";
  std::string command = "bash '" + script + "' >'" + out + "'";
  EXPECT_EQ(std::system(command.c_str()), 0);
  return file_text(out);
}

TEST(Completion, bash_offers_what_may_follow) {
  EXPECT_EQ(offered("back"), "backend\n");
  EXPECT_EQ(offered("backend dr"), "drain\n");
  EXPECT_EQ(offered("backend drain --w"), "--wait\n");
  EXPECT_EQ(offered("backend drain a"), "app/a:1\n");
  EXPECT_EQ(offered("--socket /x cache pu"), "purge\n");
  EXPECT_EQ(offered("cache sn"), "snapshot\n");
  EXPECT_EQ(offered("cache snapshot sa"), "save\n");
  EXPECT_EQ(offered("cache snapshot load --so"), "--soft --socket\n");
  EXPECT_EQ(offered("completion z"), "zsh\n");
  EXPECT_EQ(offered("cache purge -f /dev/nul"), "/dev/null\n");
  EXPECT_EQ(offered("cache purge --file /dev/null --sof"), "--soft\n");
  EXPECT_EQ(offered("cache top --by o"), "origin-time\n");
  EXPECT_EQ(offered("cache top --by hits --l"), "--limit\n");
  EXPECT_EQ(offered("cache explain -H x --hea"), "--head\n");
  EXPECT_EQ(offered("status extra \"\""), "\n");
}

TEST(Completion, the_program_prints_it) {
  Ran ran = run_program({"completion", "fish"});
  EXPECT_EQ(ran.code, 0);
  EXPECT_EQ(ran.out, completion_script("fish"));
}

}  // namespace
}  // namespace ringwall::cli
