// What a test changes at the origin while it runs: options of a path, set and taken back through
// /_ctl/, which count before those of a request's query. So an origin fails, recovers, gets a new
// version or other fields without that the URL, and with it the cache key, changes.
//
//   /_ctl/set/PATH?name=value…   these options count for PATH from now on (others stay as they are)
//   /_ctl/unset/PATH             the path is as its query says again
//   /_ctl/reset                  so are all (with what the ledger resets)
//
// An option "METHOD.name" (in either place) is the option `name` for requests of that method only.
// One Script per process, used by all connection threads; one mutex.
#pragma once

#include <map>
#include <mutex>
#include <string>

#include "tests/support/origin_request.h"

namespace ringwall::support {

class Script {
 public:
  /// Puts the options set for its path into a request.
  void apply(Request& request);
  void set(const std::string& path, const std::multimap<std::string, std::string>& options);
  void unset(const std::string& path);
  void reset();

 private:
  std::mutex mutex_;
  std::map<std::string, std::multimap<std::string, std::string>> paths_;
};

/// Replaces by those of `from` all options of the same names in `to`.
void override_options(std::multimap<std::string, std::string>& to,
                      const std::multimap<std::string, std::string>& from);

/// The options that are named with `prefix`, without it.
std::multimap<std::string, std::string> options_for(const Request& request,
                                                    const std::string& prefix);

}  // namespace ringwall::support
