#include "tests/support/origin_ledger.h"

#include <poll.h>

#include <chrono>
#include <cstdio>

namespace ringwall::support {
namespace {

constexpr size_t seen_max = 4096;

bool hung_up(int fd) {
  pollfd p{fd, POLLRDHUP, 0};
  return poll(&p, 1, 0) > 0 && (p.revents & (POLLRDHUP | POLLHUP | POLLERR)) != 0;
}

}  // namespace

std::string json_string(std::string_view text) {
  std::string out = "\"";
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (byte < 32 || byte > 126 || c == '"' || c == '\\') {
      char escaped[8];
      std::snprintf(escaped, sizeof escaped, "\\u%04x", byte);
      out += escaped;
    } else {
      out += c;
    }
  }
  return out + "\"";
}

void Ledger::add(uint64_t& counter, int64_t by) {
  const std::lock_guard lock(mutex_);
  counter += static_cast<uint64_t>(by);
}

uint64_t Ledger::begin(const Request& request, uint64_t connection) {
  const std::lock_guard lock(mutex_);
  ++requests_;
  if (seen_.size() == seen_max) seen_.pop_front();
  seen_.push_back({connection, request.path, request.head});
  return ++counts_[request.path];
}

void Ledger::note_body(const Request& request, uint64_t connection) {
  const std::lock_guard lock(mutex_);
  for (auto seen = seen_.rbegin(); seen != seen_.rend(); ++seen) {
    if (seen->connection != connection) continue;
    seen->body_size = request.body_size;
    seen->body_crc = request.body_crc;
    seen->body_whole = request.body_whole;
    seen->trailers = request.trailers;
    return;
  }
}

bool Ledger::wait(const std::string& gate, int fd) {
  std::unique_lock lock(mutex_);
  ++waiting_[gate];
  changed_.notify_all();
  bool gone = false;
  while (!open_gates_.contains(gate) && !gone) {
    changed_.wait_for(lock, std::chrono::milliseconds(20));
    gone = hung_up(fd);
  }
  --waiting_[gate];
  return !gone;
}

std::string Ledger::stats() {
  std::string out = "{\"connections\": " + std::to_string(connections_) +
                    ", \"open\": " + std::to_string(open_) +
                    ", \"requests\": " + std::to_string(requests_) +
                    ", \"cut\": " + std::to_string(cut_) + ", \"waiting\": {";
  bool first = true;
  for (const auto& [gate, n] : waiting_) {
    out += (first ? "" : ", ") + json_string(gate) + ": " + std::to_string(n);
    first = false;
  }
  return out + "}}\n";
}

std::string Ledger::log(const std::string& path) {
  std::string out = "[";
  for (const Seen& seen : seen_) {
    if (!path.empty() && seen.path != path) continue;
    if (out.size() > 1) out += ",\n";
    out += "{\"connection\": " + std::to_string(seen.connection) +
           ", \"head\": " + json_string(seen.head) +
           ", \"body_size\": " + std::to_string(seen.body_size) +
           ", \"body_crc\": " + std::to_string(seen.body_crc) +
           ", \"body_whole\": " + (seen.body_whole ? "true" : "false") +
           ", \"trailers\": " + json_string(seen.trailers) + "}";
  }
  return out + "]\n";
}

std::string Ledger::control(std::string_view path) {
  const std::lock_guard lock(mutex_);
  if (path.starts_with("count/")) {
    const auto found = counts_.find(std::string(path.substr(5)));
    return std::to_string(found == counts_.end() ? 0 : found->second) + "\n";
  }
  if (path.starts_with("open/")) {
    open_gates_.insert(std::string(path.substr(5)));
    changed_.notify_all();
    return "open\n";
  }
  if (path == "reset") {
    counts_.clear();
    seen_.clear();
    open_gates_.clear();  // requests that wait go on waiting until their peer hangs up
    connections_ = open_;
    requests_ = cut_ = 0;
    return "reset\n";
  }
  if (path == "log" || path.starts_with("log/")) return log(std::string(path.substr(3)));
  return stats();
}

}  // namespace ringwall::support
