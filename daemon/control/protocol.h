// The control protocol: JSON-RPC 2.0, one message a line, over a Unix stream socket. Shared by the
// master, which answers, and ringwallctl, which asks; specified in ringwall-control(7).
//
// Values only: text to message and back, the table of methods, the outcomes. Nothing here waits,
// and no exception leaves: what a peer sends wrong is a Result. What methods take and give is in
// control/params.h and control/reports.h.
#pragma once

#include <cstdint>
#include <nlohmann/json.hpp>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <variant>

#include "daemon/base/limits.h"
#include "daemon/base/result.h"

namespace ringwall::control {

using Json = nlohmann::json;

// --- outcomes ------------------------------------------------------------------------------------

/// What came of a command: the exit code of ringwallctl, and the `code` of an error reply.
enum class Outcome : int {
  done = 0,
  failed = 1,
  usage = 2,
  not_running = 3,
  nothing_matched = 4,
  refused = 5,
  config_invalid = 6,
  partly = 7,
  timed_out = 8,
};

struct OutcomeRow {
  Outcome outcome;
  std::string_view name;
  std::string_view help;  // for the manual
};
std::span<const OutcomeRow> outcomes();
std::string_view name_of(Outcome outcome);

// The codes that JSON-RPC 2.0 itself defines (its section 5.1).
constexpr int rpc_parse_error = -32700;
constexpr int rpc_invalid_request = -32600;
constexpr int rpc_method_not_found = -32601;
constexpr int rpc_invalid_params = -32602;
constexpr int rpc_internal_error = -32603;

/// An error reply: `code` is an Outcome's number or one of the above.
struct RpcError {
  int code = static_cast<int>(Outcome::failed);
  std::string message;
  Json data;  // null, or the report that tells more

  RpcError() = default;
  RpcError(int code_in, std::string text) : code(code_in), message(std::move(text)) {}
  RpcError(Outcome outcome, std::string text, Json more = nullptr)
      : code(static_cast<int>(outcome)), message(std::move(text)), data(std::move(more)) {}
};

/// The exit code for an error reply: invalid params are a wrong usage, other codes that are no
/// outcome a failure.
Outcome outcome_of(const RpcError& error);

// --- methods -------------------------------------------------------------------------------------

/// What a peer may do, by its credentials; each level includes those before it.
enum class Level : uint8_t {
  view,     // look
  operate,  // reload, purge, drain
  admin,    // stop and replace the daemon
};
std::string_view name_of(Level level);

enum class Method : uint8_t {
  status,
  stats,
  metrics,
  reload,
  reopen_logs,
  cache_usage,
  cache_verify,
  cache_purge,
  cache_stats,
  cache_explain,
  cache_list,
  cache_top,
  cache_snapshot_save,
  cache_snapshot_load,
  cache_warm,
  backend_list,
  backend_drain,
  backend_ready,
  worker_list,
  stop,
  upgrade,
};

struct MethodRow {
  Method method;
  std::string_view name;  // "cache.purge"
  Level level;
  bool progress;            // sends progress notifications before its reply
  std::string_view params;  // as the manual writes them; empty: none
  std::string_view result;  // name of its report in control/reports.h
  std::string_view help;
};
/// In the order of the enumerators.
std::span<const MethodRow> methods();
const MethodRow& row_of(Method method);
const MethodRow* find_method(std::string_view name);

// --- messages ------------------------------------------------------------------------------------

struct Request {
  Json id;  // a number or a string; null: a notification, which gets no reply
  std::string method;
  Json params;  // an object, perhaps empty
};

struct Reply {
  Json id;
  std::variant<Json, RpcError> answer;

  bool ok() const { return answer.index() == 0; }
};

/// A step of something long, sent before the reply to the request with this id.
struct Progress {
  Json id;
  std::string text;  // a sentence
};

/// What a server gets. The error is to be sent back, with the id null.
base::Result<Request, RpcError> parse_request(std::string_view line);
/// What a client gets.
base::Result<std::variant<Reply, Progress>> parse_answer(std::string_view line);

/// Messages as text, each with its newline. Bytes that are not UTF-8 are replaced.
std::string request_text(const Json& id, std::string_view method, const Json& params);
std::string result_text(const Json& id, const Json& result);
std::string error_text(const Json& id, const RpcError& error);
std::string progress_text(const Json& id, std::string_view text);

/// Cuts a stream into lines. Bounded: a peer that sends no newline in control_message_bytes_max is
/// to be cut off.
class LineBuffer {
 public:
  void append(std::string_view bytes);
  /// The next line without its newline; valid until the next call of append.
  std::optional<std::string_view> next();
  /// next() gave none because the line is too long; there will be no further one.
  bool overflowed() const { return overflowed_; }

 private:
  std::string text_;
  size_t begin_ = 0;     // of what next() has not given yet
  size_t searched_ = 0;  // no newline from begin_ to here
  bool overflowed_ = false;
};

}  // namespace ringwall::control
