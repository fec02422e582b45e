// The manual pages name every method, command, option, exit code and counter of the tables.
#include <gtest/gtest.h>

#include <cstdlib>

#include "cli/commands.h"
#include "daemon/control/protocol.h"
#include "daemon/stats/counters.h"
#include "tests/unit/cli/program.h"

namespace ringwall::cli {
namespace {

std::string page(const std::string& name) {
  std::string text = file_text(std::string(std::getenv("RINGWALL_SOURCE")) + "/man/" + name);
  EXPECT_FALSE(text.empty()) << name;
  return text;
}

bool has(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

TEST(Manual, control_describes_every_method_with_its_level) {
  std::string text = page("ringwall-control.7");
  for (const control::MethodRow& row : control::methods()) {
    std::string item = ".It Ic " + std::string(row.name) + " Pq " + std::string(name_of(row.level));
    EXPECT_TRUE(has(text, item + "\n")) << item;
  }
}

TEST(Manual, control_and_client_list_every_outcome) {
  for (const char* name : {"ringwall-control.7", "ringwallctl.1"}) {
    std::string text = page(name);
    for (const control::OutcomeRow& row : control::outcomes()) {
      std::string item = ".It " + std::to_string(static_cast<int>(row.outcome)) + "\n" +
                         std::string(row.help) + "\n";
      EXPECT_TRUE(has(text, item)) << name << ": " << item;
    }
  }
}

TEST(Manual, client_describes_every_command_and_option) {
  std::string text = page("ringwallctl.1");
  for (const Command& command : commands()) {
    std::string item = ".It Ic " + std::string(command.words);
    EXPECT_TRUE(has(text, item)) << item;
    for (const Option& option : command.options) {
      EXPECT_TRUE(has(text, "Fl -" + std::string(option.name))) << option.name;
    }
  }
  for (const Option& option : common_options()) {
    EXPECT_TRUE(has(text, "Fl -" + std::string(option.name))) << option.name;
  }
  EXPECT_TRUE(has(text, default_socket));
}

TEST(Manual, daemon_lists_every_metric) {
  std::string text = page("ringwalld.8");
  for (auto table : {stats::rows(), stats::backend_rows(), stats::route_rows()}) {
    for (const stats::Row& row : table) {
      if (row.name.empty()) continue;
      std::string item = ".It Li " + std::string(row.name) + "\n";
      EXPECT_TRUE(has(text, item)) << item;
    }
  }
}

}  // namespace
}  // namespace ringwall::cli
