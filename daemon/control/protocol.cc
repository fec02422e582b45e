#include "daemon/control/protocol.h"

#include <array>

namespace ringwall::control {
namespace {

constexpr std::array outcome_table = {
    OutcomeRow{Outcome::done, "done", "Done."},
    OutcomeRow{Outcome::failed, "failed", "Failed; the message says why."},
    OutcomeRow{Outcome::usage, "usage", "Wrong usage: an unknown command, option or parameter."},
    OutcomeRow{Outcome::not_running, "not running",
               "The daemon does not run, or not at this socket."},
    OutcomeRow{Outcome::nothing_matched, "nothing matched",
               "Nothing matched, so nothing was changed."},
    OutcomeRow{Outcome::refused, "refused", "Refused: no permission, or not in the present state."},
    OutcomeRow{Outcome::config_invalid, "config invalid",
               "The config is invalid; nothing was changed."},
    OutcomeRow{Outcome::partly, "partly applied",
               "Applied in part; the output says what is missing."},
    OutcomeRow{Outcome::timed_out, "timed out",
               "It took too long; what was begun may still go on."},
};

constexpr std::array method_table = {
    MethodRow{Method::status, "status", Level::view, false, "", "StatusReport",
              "What runs: the release, the config in force, workers, listeners, load."},
    MethodRow{Method::stats, "stats", Level::view, false, "", "StatsReport",
              "Every counter, summed over all workers."},
    MethodRow{Method::metrics, "metrics", Level::view, false, "", "MetricsReport",
              "The same in the Prometheus text format, with those of each backend."},
    MethodRow{Method::reload, "reload", Level::operate, true, "", "ReloadReport",
              "Reads the config again and puts it in force everywhere or nowhere."},
    MethodRow{Method::reopen_logs, "reopen-logs", Level::operate, false, "", "ReopenReport",
              "Opens the log files anew, after they were moved away."},
    MethodRow{Method::cache_usage, "cache.usage", Level::view, false, "", "CacheReport",
              "What the cache holds and what it did."},
    MethodRow{Method::cache_verify, "cache.verify", Level::operate, true, "", "VerifyReport",
              "Checks the cache's structure in shared memory while it is in use."},
    MethodRow{Method::cache_purge, "cache.purge", Level::operate, true,
              "urls: list | prefix: string | host: string | tags: list | group and origin: string "
              "| all: true; soft, dry_run, bulk: bool",
              "PurgeReport",
              "Takes stored responses out, or marks them stale: by URL, prefix, host, tag or group."},
    MethodRow{Method::cache_stats, "cache.stats", Level::view, false, "", "CacheStatsReport",
              "How much the cache does, by route, and why it does not do more."},
    MethodRow{Method::cache_explain, "cache.explain", Level::view, false,
              "url: string, fields: list, head: bool, listener: string", "ExplainReport",
              "What a request would meet in the cache now, and why."},
    MethodRow{Method::cache_list, "cache.list", Level::operate, true,
              "prefix: string, limit: number", "StoredListReport", "Stored responses."},
    MethodRow{Method::cache_top, "cache.top", Level::operate, true, "by: string, limit: number",
              "StoredListReport", "The stored responses that count most."},
    MethodRow{Method::cache_snapshot_save, "cache.snapshot.save", Level::admin, true, "",
              "SnapshotSaveReport",
              "Writes all stored responses to the file whose descriptor comes with the request."},
    MethodRow{Method::cache_snapshot_load, "cache.snapshot.load", Level::admin, true, "soft: bool",
              "SnapshotLoadReport",
              "Stores the responses of the file whose descriptor comes with the request."},
    MethodRow{Method::cache_warm, "cache.warm", Level::operate, true,
              "urls: list, fields: list, rate: number", "WarmReport",
              "Requests URLs as clients would, so that the responses are stored."},
    MethodRow{Method::backend_list, "backend.list", Level::view, false, "", "BackendListReport",
              "Every backend with its state, load and failures."},
    MethodRow{Method::backend_drain, "backend.drain", Level::operate, true,
              "backend: string, wait: bool, timeout_ms: number", "BackendChangeReport",
              "Gives a backend no further requests; with wait, until it has none."},
    MethodRow{Method::backend_ready, "backend.ready", Level::operate, false, "backend: string",
              "BackendChangeReport", "Takes a drain back."},
    MethodRow{Method::worker_list, "worker.list", Level::view, false, "", "WorkerListReport",
              "Every worker process with its state and load."},
    MethodRow{Method::stop, "stop", Level::admin, false, "graceful: bool", "StopReport",
              "Stops the daemon: after the requests under way (graceful, the default) or at once."},
    MethodRow{Method::upgrade, "upgrade", Level::admin, true, "", "UpgradeReport",
              "Starts the binary anew as a new daemon, which takes over without a lost request."},
};

constexpr bool in_order() {
  for (size_t i = 0; i < method_table.size(); ++i) {
    if (static_cast<size_t>(method_table[i].method) != i) return false;
  }
  for (size_t i = 0; i < outcome_table.size(); ++i) {
    if (static_cast<size_t>(outcome_table[i].outcome) != i) return false;
  }
  return true;
}
static_assert(in_order());
static_assert(method_table.size() == static_cast<size_t>(Method::upgrade) + 1);

std::string text_of(const Json& message) {
  return message.dump(-1, ' ', false, Json::error_handler_t::replace) + "\n";
}

// Copying or writing a value is recursive in the library; no message of ours is half as deep.
constexpr int depth_max = 16;

/// Discarded when it is no JSON or nested too deep.
Json parse_json(std::string_view line) {
  bool deep = false;
  auto keep = [&deep](int depth, Json::parse_event_t, Json&) {
    deep = deep || depth > depth_max;
    return depth <= depth_max;
  };
  Json message = Json::parse(line, keep, false);
  return deep ? Json(Json::value_t::discarded) : message;
}

bool is_of_protocol(const Json& message) {
  if (!message.is_object()) return false;
  auto version = message.find("jsonrpc");
  return version != message.end() && *version == "2.0";
}

bool is_id(const Json& id) {
  return id.is_null() || id.is_string() || id.is_number();
}

base::Result<RpcError> parse_error(const Json& error) {
  auto code = error.find("code");
  auto message = error.find("message");
  if (!error.is_object() || code == error.end() || !code->is_number_integer() ||
      message == error.end() || !message->is_string()) {
    return base::fail("an error reply without code and message");
  }
  RpcError parsed(code->get<int>(), message->get<std::string>());
  if (auto data = error.find("data"); data != error.end()) parsed.data = *data;
  return parsed;
}

}  // namespace

std::span<const OutcomeRow> outcomes() {
  return outcome_table;
}

std::string_view name_of(Outcome outcome) {
  return outcome_table[static_cast<size_t>(outcome)].name;
}

Outcome outcome_of(const RpcError& error) {
  if (error.code == rpc_invalid_params) return Outcome::usage;
  if (error.code > 0 && error.code <= static_cast<int>(Outcome::timed_out)) {
    return static_cast<Outcome>(error.code);
  }
  return Outcome::failed;
}

std::string_view name_of(Level level) {
  switch (level) {
    case Level::view:
      return "view";
    case Level::operate:
      return "operate";
    case Level::admin:
      return "admin";
  }
  return "admin";
}

std::span<const MethodRow> methods() {
  return method_table;
}

const MethodRow& row_of(Method method) {
  return method_table[static_cast<size_t>(method)];
}

const MethodRow* find_method(std::string_view name) {
  for (const MethodRow& row : method_table) {
    if (row.name == name) return &row;
  }
  return nullptr;
}

base::Result<Request, RpcError> parse_request(std::string_view line) {
  Json message = parse_json(line);
  if (message.is_discarded())
    return base::fail(RpcError(rpc_parse_error, "this is no JSON, or nested too deep"));
  if (message.is_array()) {
    return base::fail(RpcError(rpc_invalid_request, "batches are not taken; send one a line"));
  }
  if (!is_of_protocol(message)) {
    return base::fail(RpcError(rpc_invalid_request, "this is no JSON-RPC 2.0 request"));
  }
  Request request;
  if (auto id = message.find("id"); id != message.end()) request.id = *id;
  auto method = message.find("method");
  if (!is_id(request.id) || method == message.end() || !method->is_string()) {
    return base::fail(RpcError(rpc_invalid_request, "this is no JSON-RPC 2.0 request"));
  }
  request.method = method->get<std::string>();
  request.params = Json::object();
  if (auto params = message.find("params"); params != message.end()) request.params = *params;
  if (!request.params.is_object()) {
    return base::fail(RpcError(rpc_invalid_params, "params must be an object"));
  }
  return request;
}

base::Result<std::variant<Reply, Progress>> parse_answer(std::string_view line) {
  using Answer = std::variant<Reply, Progress>;
  Json message = parse_json(line);
  if (!is_of_protocol(message)) return base::fail("the daemon's answer is no JSON-RPC 2.0 message");
  if (auto method = message.find("method"); method != message.end()) {
    auto params = message.find("params");
    if (*method != "progress" || params == message.end() || !params->is_object()) {
      return base::fail("the daemon sent a notification that is unknown");
    }
    Progress progress;
    if (auto id = params->find("id"); id != params->end()) progress.id = *id;
    if (auto text = params->find("text"); text != params->end() && text->is_string()) {
      progress.text = text->get<std::string>();
    }
    return Answer(std::move(progress));
  }
  Reply reply;
  if (auto id = message.find("id"); id != message.end()) reply.id = *id;
  auto result = message.find("result");
  auto error = message.find("error");
  if ((result == message.end()) == (error == message.end())) {
    return base::fail("the daemon's answer has no result or error");
  }
  if (result != message.end()) {
    reply.answer = std::move(*result);
    return Answer(std::move(reply));
  }
  auto parsed = parse_error(*error);
  if (!parsed) return base::fail(parsed.error());
  reply.answer = std::move(*parsed);
  return Answer(std::move(reply));
}

std::string request_text(const Json& id, std::string_view method, const Json& params) {
  return text_of({{"jsonrpc", "2.0"}, {"id", id}, {"method", method}, {"params", params}});
}

std::string result_text(const Json& id, const Json& result) {
  return text_of({{"jsonrpc", "2.0"}, {"id", id}, {"result", result}});
}

std::string error_text(const Json& id, const RpcError& error) {
  Json body = {{"code", error.code}, {"message", error.message}};
  if (!error.data.is_null()) body["data"] = error.data;
  return text_of({{"jsonrpc", "2.0"}, {"id", id}, {"error", std::move(body)}});
}

std::string progress_text(const Json& id, std::string_view text) {
  return text_of(
      {{"jsonrpc", "2.0"}, {"method", "progress"}, {"params", {{"id", id}, {"text", text}}}});
}

void LineBuffer::append(std::string_view bytes) {
  text_.erase(0, begin_);
  searched_ -= begin_;
  begin_ = 0;
  text_.append(bytes);
}

std::optional<std::string_view> LineBuffer::next() {
  size_t end = text_.find('\n', searched_);
  if (end == std::string::npos) {
    searched_ = text_.size();
    overflowed_ = searched_ - begin_ > base::control_message_bytes_max;
    return std::nullopt;
  }
  overflowed_ = end - begin_ > base::control_message_bytes_max;
  if (overflowed_) return std::nullopt;
  std::string_view line = std::string_view(text_).substr(begin_, end - begin_);
  begin_ = searched_ = end + 1;
  return line;
}

}  // namespace ringwall::control
