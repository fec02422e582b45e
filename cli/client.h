// Client: asks the daemon one thing at a time over its control socket. Blocking, with timeouts:
// ringwallctl has nothing else to do. Every failure is an RpcError whose code is an exit code.
#pragma once

#include <functional>
#include <string>
#include <string_view>

#include "daemon/base/result.h"
#include "daemon/base/time.h"
#include "daemon/base/unique_fd.h"
#include "daemon/control/protocol.h"

namespace ringwall::cli {

class Client {
 public:
  /// The error says whether the daemon does not run or may not be asked, and by whom it may.
  static base::Result<Client, control::RpcError> connect(const std::string& path);

  using OnProgress = std::function<void(std::string_view text)>;
  /// The result of `method`. `silence_max`: longest time without a message from the daemon; zero
  /// for as long as it takes. `descriptor`: a file for the daemon to read or write; -1: none.
  base::Result<control::Json, control::RpcError> call(std::string_view method,
                                                      const control::Json& params,
                                                      base::Duration silence_max,
                                                      const OnProgress& on_progress,
                                                      int descriptor = -1);

 private:
  explicit Client(base::UniqueFd fd) : fd_(std::move(fd)) {}
  base::Result<std::string, control::RpcError> read_line(base::Duration silence_max);
  base::Result<void, control::RpcError> send(std::string_view bytes, base::Duration patience,
                                             int descriptor);

  base::UniqueFd fd_;
  control::LineBuffer lines_;
  int64_t last_id_ = 0;
};

}  // namespace ringwall::cli
