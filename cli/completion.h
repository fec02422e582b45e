// Completion scripts for shells, made from the table of commands. Names of backends are asked of
// the running daemon.
#pragma once

#include <string>
#include <string_view>

namespace ringwall::cli {

/// For "bash", "zsh" or "fish"; empty for any other shell.
std::string completion_script(std::string_view shell);

}  // namespace ringwall::cli
