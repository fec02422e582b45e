// The access log of a worker: one line per exchange, combined or JSON, gathered in memory and
// written through the ring, so that no exchange ever waits for a disk. When the writer cannot keep
// up, whole lines are dropped and counted; the log never blocks or grows.
//
// The descriptor is opened (O_APPEND) and reopened by the master and belongs to the worker's
// heritage. Line formats: ringwalld(8), section "Access log".
#pragma once

#include <string>

#include "conf/model.h"
#include "daemon/io/event.h"
#include "daemon/io/operations.h"
#include "daemon/io/loop.h"
#include "daemon/io/task.h"
#include "daemon/proxy/record.h"
#include "daemon/stats/segment.h"

namespace ringwall::proxy {

/// Appends the line of `record` (with its newline) to `out`. Pure.
void format_combined(const Record& record, int64_t now_wall_ns, std::string& out);
void format_json(const Record& record, int64_t now_wall_ns, std::string& out);

class AccessLog {
 public:
  AccessLog(io::Loop& loop, int fd, stats::WorkerStats& stats)
      : loop_(loop), fd_(fd), more_(loop), stats_(stats) {}

  bool enabled() const { return fd_ >= 0; }
  void set_format(conf::Log::Format format) { format_ = format; }
  /// Lines from now on go to `fd`. What is gathered still goes to the old one, at once and
  /// blocking: this happens when an operator rotates logs, not in the course of a request.
  void set_descriptor(int fd);
  void write(const Record& record);

  /// Writes out what is gathered, again and again, until stop is requested and all is out.
  io::Task<void> run(io::Stop& stop);

 private:
  void drop(std::string_view lines);

  io::Loop& loop_;
  int fd_;
  conf::Log::Format format_ = conf::Log::Format::combined;
  std::string gathered_;
  std::string writing_;
  io::Event more_;
  stats::WorkerStats& stats_;
};

}  // namespace ringwall::proxy
