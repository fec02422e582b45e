#include "daemon/proxy/access_log.h"

#include <fmt/compile.h>
#include <fmt/format.h>

#include <unistd.h>

#include <algorithm>
#include <ctime>
#include <iterator>

namespace ringwall::proxy {
namespace {

constexpr size_t gathered_bytes_max = 1 << 20;
// Written at once when so much is there, else once a second.
constexpr size_t write_bytes = 64 * 1024;
constexpr base::Duration write_pause = std::chrono::seconds(1);

/// For a quoted place in either format: escapes what could end the quotes or the line.
void append_escaped(std::string& out, std::string_view text, bool json) {
  constexpr char digits[] = "0123456789abcdef";
  for (char c : text) {
    auto byte = static_cast<unsigned char>(c);
    if (byte >= 0x20 && byte < 0x7f && c != '"' && c != '\\') {
      out += c;
    } else {
      out += json ? "\\u00" : "\\x";
      out += digits[byte >> 4];
      out += digits[byte & 15];
    }
  }
}

void append_quoted(std::string& out, std::string_view text) {
  out += '"';
  if (text.empty()) out += '-';
  append_escaped(out, text, false);
  out += '"';
}

void append_member(std::string& out, std::string_view name, std::string_view text) {
  if (text.empty()) return;
  fmt::format_to(std::back_inserter(out), FMT_COMPILE(",\"{}\":\""), name);
  append_escaped(out, text, true);
  out += '"';
}

int64_t total_us(const Record& record, int64_t now_wall_ns) {
  return (now_wall_ns - record.started_wall_ns) / 1000;
}

/// The stamp of the last second, kept: the same for thousands of lines.
std::string_view stamp_of(int64_t wall_ns, bool json) {
  thread_local time_t last[2] = {-1, -1};
  thread_local char text[2][40];
  thread_local size_t length[2];
  time_t seconds = wall_ns / 1'000'000'000;
  size_t which = json ? 1 : 0;
  if (seconds != last[which]) {
    last[which] = seconds;
    tm utc = {};
    gmtime_r(&seconds, &utc);
    length[which] = strftime(text[which], sizeof(text[which]),
                             json ? "%Y-%m-%dT%H:%M:%S" : "%d/%b/%Y:%H:%M:%S +0000", &utc);
  }
  return {text[which], length[which]};
}

}  // namespace

void format_combined(const Record& record, int64_t now_wall_ns, std::string& out) {
  char ip[48];
  std::string_view client(ip, record.client.write_ip(ip));
  auto to = std::back_inserter(out);
  fmt::format_to(to, FMT_COMPILE("{} - - [{}] \""), client, stamp_of(now_wall_ns, false));
  append_escaped(out, record.method, false);
  out += ' ';
  append_escaped(out, record.target, false);
  fmt::format_to(to, FMT_COMPILE(" HTTP/1.{}\" {} {} "), record.version_minor, record.status,
                 record.content_bytes);
  append_quoted(out, record.referer);
  out += ' ';
  append_quoted(out, record.user_agent);
  out += ' ';
  append_quoted(out, record.host);
  out += ' ';
  out += name_of(record.cache);
  out += ' ';
  if (record.backend.empty()) {
    out += '-';
  } else {
    out.append(record.upstream).append(1, '/').append(record.backend);
  }
  fmt::format_to(to, FMT_COMPILE(" {} {} {}"), total_us(record, now_wall_ns), record.connect_us,
                 record.first_byte_us);
  fmt::format_to(to, FMT_COMPILE(" {}\n"),
                 !record.error.empty() ? record.error
                 : record.completed    ? std::string_view("-")
                                       : std::string_view("cut"));
}

void format_json(const Record& record, int64_t now_wall_ns, std::string& out) {
  char ip[48];
  std::string_view client(ip, record.client.write_ip(ip));
  auto to = std::back_inserter(out);
  fmt::format_to(to, FMT_COMPILE("{{\"time\":\"{}.{:06}Z\",\"client\":\"{}\""),
                 stamp_of(now_wall_ns, true), now_wall_ns / 1000 % 1'000'000, client);
  append_member(out, "method", record.method);
  append_member(out, "host", record.host);
  append_member(out, "target", record.target);
  fmt::format_to(to, FMT_COMPILE(",\"protocol\":\"HTTP/1.{}\",\"status\":{},\"content_bytes\":{},"
                                 "\"bytes_sent\":{},\"bytes_received\":{},\"cache\":\"{}\""),
                 record.version_minor, record.status, record.content_bytes, record.bytes_sent,
                 record.bytes_received, name_of(record.cache));
  append_member(out, "cache_reason", record.cache_why);
  append_member(out, "route", record.route);
  append_member(out, "upstream", record.upstream);
  append_member(out, "backend", record.backend);
  fmt::format_to(to, FMT_COMPILE(",\"attempts\":{},\"total_us\":{}"), record.attempts,
                 total_us(record, now_wall_ns));
  if (record.connect_us >= 0) fmt::format_to(to, FMT_COMPILE(",\"connect_us\":{}"), record.connect_us);
  if (record.first_byte_us >= 0) {
    fmt::format_to(to, FMT_COMPILE(",\"first_byte_us\":{}"), record.first_byte_us);
  }
  append_member(out, "referer", record.referer);
  append_member(out, "user_agent", record.user_agent);
  append_member(out, "error", record.error);
  fmt::format_to(to, FMT_COMPILE(",\"completed\":{}}}\n"), record.completed);
}

void AccessLog::write(const Record& record) {
  if (fd_ < 0) return;
  if (gathered_.size() >= gathered_bytes_max) {
    stats_.add(stats::Counter::log_lines_dropped);
    return;
  }
  if (format_ == conf::Log::Format::json) {
    format_json(record, loop_.wall_ns(), gathered_);
  } else {
    format_combined(record, loop_.wall_ns(), gathered_);
  }
  if (gathered_.size() >= write_bytes) more_.notify_one();
}

void AccessLog::drop(std::string_view lines) {
  auto count = std::count(lines.begin(), lines.end(), '\n');
  if (count > 0) stats_.add(stats::Counter::log_lines_dropped, static_cast<uint64_t>(count));
}

void AccessLog::set_descriptor(int fd) {
  if (fd_ >= 0 && !gathered_.empty()) {
    ssize_t n = ::write(fd_, gathered_.data(), gathered_.size());
    drop(std::string_view(gathered_).substr(n > 0 ? static_cast<size_t>(n) : 0));
  }
  gathered_.clear();
  fd_ = fd;
}

io::Task<void> AccessLog::run(io::Stop& stop) {
  for (;;) {
    if (gathered_.size() < write_bytes && !stop.requested()) {
      io::Until until(loop_.now() + write_pause, &stop);
      co_await more_.wait(until);
    }
    if (gathered_.empty()) {
      if (stop.requested()) co_return;
      continue;
    }
    writing_.swap(gathered_);
    gathered_.clear();
    std::string_view rest = writing_;
    while (!rest.empty() && fd_ >= 0) {
      int n = co_await io::Write(loop_, fd_, rest, io::Until());
      if (n <= 0) break;  // a full disk: these lines are lost, later ones may be written
      rest.remove_prefix(static_cast<size_t>(n));
    }
    drop(rest);
  }
}

}  // namespace ringwall::proxy
