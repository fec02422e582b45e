// Configs as text in memory, for tests: a bundle without a disk, and short ways to ask what the
// loader says of a text.
#pragma once

#include <string>
#include <vector>

#include "conf/bundle.h"
#include "conf/load.h"

namespace ringwall::conf {

/// The least that is a valid config; tests add to it.
inline const std::string least = R"(
[[listener]]
name = "web"
address = ":80"
[upstream.app]
backends = ["127.0.0.1:8080"]
[[route]]
upstream = "app"
)";

inline LoadResult load_text(const std::string& text) {
  Bundle files;
  files.cpus = 3;
  files.files["c.toml"] = text;
  return load("c.toml", files);
}

/// The errors as the operator reads them, without the file's name.
inline std::vector<std::string> errors_of(const std::string& text) {
  std::vector<std::string> lines;
  for (const Problem& error : load_text(text).errors) {
    std::string line = error.text();
    lines.push_back(line.starts_with("c.toml:") ? line.substr(7) : line);
  }
  return lines;
}

/// The errors of a valid config to which `text` is added, without their places.
inline std::vector<std::string> errors_with(const std::string& text) {
  std::vector<std::string> lines;
  for (Problem error : load_text(least + text).errors) {
    error.where = {};
    lines.push_back(error.text());
  }
  return lines;
}

inline std::vector<std::string> warnings_of(const std::string& text) {
  std::vector<std::string> lines;
  for (const Problem& warning : load_text(text).warnings) {
    lines.push_back(warning.key + ": " + warning.message);
  }
  return lines;
}

}  // namespace ringwall::conf
