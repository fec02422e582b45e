// What the methods take. A server reads them with read_params, which refuses unknown members; the
// client encodes the same structs. Times are milliseconds.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "daemon/base/result.h"
#include "daemon/control/encoding.h"
#include "daemon/control/protocol.h"

namespace ringwall::control {

struct NoParams {
  template <class Self, class Visit>
  static void members(Self&, Visit&&) {}
};

/// Exactly one of the three; check with valid().
struct PurgeParams {
  std::vector<std::string> urls;
  std::optional<std::string> prefix;
  bool all = false;

  template <class Self, class Visit>
  static void members(Self& self, Visit&& visit) {
    visit("urls", self.urls);
    visit("prefix", self.prefix);
    visit("all", self.all);
  }
  bool valid() const { return (urls.empty() ? 0 : 1) + (prefix ? 1 : 0) + (all ? 1 : 0) == 1; }
};

struct DrainParams {
  std::string backend;      // "upstream/backend", or the backend alone where it is unique
  bool wait = false;        // until it serves no exchange any more
  uint64_t timeout_ms = 0;  // of the wait; 0: no limit

  template <class Self, class Visit>
  static void members(Self& self, Visit&& visit) {
    visit("backend", self.backend);
    visit("wait", self.wait);
    visit("timeout_ms", self.timeout_ms);
  }
};

struct ReadyParams {
  std::string backend;

  template <class Self, class Visit>
  static void members(Self& self, Visit&& visit) {
    visit("backend", self.backend);
  }
};

struct StopParams {
  bool graceful = true;

  template <class Self, class Visit>
  static void members(Self& self, Visit&& visit) {
    visit("graceful", self.graceful);
  }
};

/// The params of `request`; the error is the reply.
template <Described T>
base::Result<T, RpcError> read_params(const Request& request) {
  auto params = decode<T>(request.params, Unknown::refused);
  if (!params) return base::fail(RpcError(rpc_invalid_params, params.error().what));
  return std::move(*params);
}

/// Whether an operator who writes `text` means this backend: "upstream/backend" or "backend". The
/// second may match several; then all are named in the refusal.
inline bool means_backend(std::string_view text, std::string_view upstream,
                          std::string_view backend) {
  if (text == backend) return true;
  return text.size() == upstream.size() + 1 + backend.size() && text.starts_with(upstream) &&
         text[upstream.size()] == '/' && text.ends_with(backend);
}

}  // namespace ringwall::control
