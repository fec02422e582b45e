// Every config that is shipped loads, without an error or a warning.
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <sstream>

#include "conf/bundle.h"
#include "conf/load.h"

namespace ringwall::conf {
namespace {

std::vector<std::string> shipped() {
  std::vector<std::string> paths;
  for (const char* folder : {"/conf", "/conf/examples"}) {
    std::filesystem::directory_iterator files(std::string(RINGWALL_SOURCE_ROOT) + folder);
    for (const auto& file : files) {
      if (file.path().extension() == ".toml") paths.push_back(file.path());
    }
  }
  return paths;
}

TEST(shipped, there_are_configs) {
  EXPECT_GE(shipped().size(), 6u);
}

TEST(shipped, every_config_loads_and_comes_through_a_bundle) {
  for (const std::string& path : shipped()) {
    DiskFiles files;
    LoadResult result = load(path, files);
    EXPECT_TRUE(result.ok()) << result.error_text();
    for (const Problem& warning : result.warnings) ADD_FAILURE() << warning.text();
    auto bundle = read_bundle(write_bundle(files.bundle(path))->get());
    ASSERT_TRUE(bundle);
    LoadResult again = load(bundle->entry, *bundle);
    ASSERT_TRUE(again.ok());
    EXPECT_EQ(again.config->routes.size(), result.config->routes.size());
    EXPECT_EQ(again.config->process.workers, result.config->process.workers);
  }
}

/// The examples of the manual page are configs: each literal display that has a table.
TEST(shipped, the_examples_of_the_manual_page_are_valid) {
  std::ifstream page(std::string(RINGWALL_SOURCE_ROOT) + "/man/ringwall.toml.5");
  ASSERT_TRUE(page);
  int found = 0;
  std::string text;
  bool inside = false;
  for (std::string line; std::getline(page, line);) {
    if (line.starts_with(".Bd -literal")) {
      inside = true;
      text.clear();
    } else if (inside && line.starts_with(".Ed")) {
      inside = false;
      if (text.find("\n[[") == std::string::npos && !text.starts_with("[[")) continue;
      ++found;
      // What an example leaves out, since it is not what it shows.
      if (text.find("[[listener]]") == std::string::npos)
        text += "[[listener]]\naddress = \":80\"\n";
      bool needs_app = text.find("\"app\"") != std::string::npos &&
                       text.find("[upstream.app]") == std::string::npos;
      if (needs_app) text += "[upstream.app]\nbackends = [\"127.0.0.1:8080\"]\n";
      Bundle bundle;
      bundle.files["example"] = text;
      EXPECT_TRUE(load("example", bundle).ok()) << load("example", bundle).error_text() << text;
    } else if (inside) {
      text += line + "\n";
    }
  }
  EXPECT_GE(found, 4);
}

TEST(shipped, the_demo_is_its_own_origin) {
  DiskFiles files;
  LoadResult result = load(std::string(RINGWALL_SOURCE_ROOT) + "/conf/demo.toml", files);
  ASSERT_TRUE(result.ok());
  const Config& config = *result.config;
  EXPECT_EQ(config.upstreams.at(0).backends.at(0).address, config.listeners.at(1).address);
  for (const Listener& listener : config.listeners) EXPECT_EQ(listener.address.ip(), "127.0.0.1");
}

}  // namespace
}  // namespace ringwall::conf
