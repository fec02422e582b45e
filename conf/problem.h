// One thing that is wrong (or worth a warning) in a config, with its place and its mend.
#pragma once

#include <string>
#include <vector>

namespace ringwall::conf {

/// A place in a config file; line and column count from 1, 0 means the whole file.
struct Where {
  std::string file;
  unsigned line = 0;
  unsigned column = 0;
};

struct Problem {
  Where where;
  std::string key;       // "upstream.app.retries"; empty: the file itself
  std::string message;   // what was found
  std::string expected;  // what may stand there; may be empty
  std::string hint;      // nearest valid key or value, to be put in quotes; may be empty
  std::string mend;      // what to do, where it is no nearest word; may be empty

  /// `file:line:column: key: message; expected …; did you mean "…"?`, parts that are empty left
  /// out.
  std::string text() const;
};

/// Sorts by file in order of first appearance, then by line and column; drops equal ones.
void sort_problems(std::vector<Problem>& problems);

}  // namespace ringwall::conf
