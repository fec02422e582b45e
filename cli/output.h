// Output: where a command's words go. Text for a terminal, text for a pipe, or JSON: a command says
// all it has to say, and what does not fit the chosen form is left out here.
#pragma once

#include <fmt/format.h>

#include <cstdio>
#include <string>
#include <string_view>

#include "cli/table.h"
#include "daemon/control/protocol.h"

namespace ringwall::cli {

class Output {
 public:
  struct Form {
    bool json = false;
    bool terminal = false;  // standard output is one
    bool progress = false;  // show the steps of something long
  };
  Output(std::FILE* out, std::FILE* err, Form form) : out_(out), err_(err), form_(form) {}

  bool terminal() const { return form_.terminal && !form_.json; }
  bool is_json() const { return form_.json; }

  /// A line of the result; left out of JSON.
  template <class... Args>
  void say(fmt::format_string<Args...> format, Args&&... args) {
    if (!form_.json) write(out_, fmt::format(format, std::forward<Args>(args)...) + "\n");
  }
  /// As it is; left out of JSON.
  void text(std::string_view bytes) {
    if (!form_.json) write(out_, bytes);
  }
  void table(const Table& table);
  /// The result; left out of text.
  void json(const control::Json& value);

  /// What went wrong, to standard error; in JSON to standard output as well.
  void problem(const control::RpcError& error);
  /// A line to standard error; left out of JSON.
  void warn(std::string_view line);
  void progress(std::string_view line);

  // Numbers, for people on a terminal and bare in a pipe.
  std::string bytes(uint64_t count) const;
  std::string seconds(int64_t count) const;
  std::string microseconds(uint64_t count) const;

 private:
  static void write(std::FILE* to, std::string_view bytes) {
    std::fwrite(bytes.data(), 1, bytes.size(), to);
    std::fflush(to);
  }
  std::FILE* out_;
  std::FILE* err_;
  Form form_;
};

}  // namespace ringwall::cli
