// Warmer: has workers request URLs so that the responses are stored, at a rate, and counts what came
// of it. Requests go round among the workers, so many at most are under way; one whose worker ends
// before it has answered is given to another, once. On the loop's thread.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "daemon/control/link.h"
#include "daemon/control/reports_filling.h"
#include "daemon/io/event.h"
#include "daemon/io/loop.h"
#include "daemon/io/task.h"

namespace ringwall::master {

class Children;

class Warmer {
 public:
  using Hear = std::function<void(const control::Message&)>;
  /// The workers: as in Children.
  struct Work {
    std::function<std::optional<pid_t>(const control::Message&)> ask;
    std::function<bool(pid_t)> lives;
    std::function<void(Hear)> listen;
  };
  static Work work_of(Children& children);

  Warmer(io::Loop& loop, Work work);
  Warmer(const Warmer&) = delete;
  Warmer& operator=(const Warmer&) = delete;

  // Of one run, whatever its rate: a worker serves clients too.
  static constexpr size_t under_way_max = 64;
  // Without any worker for so long, the rest of a run has failed.
  static constexpr base::Duration patience = std::chrono::seconds(30);

  struct Item {
    std::string url;
    std::string head;  // of the request; at most control::message_text_max bytes
  };
  /// Requests for all items.
  struct Run {
    std::vector<Item> items;
    uint64_t rate = 1;           // a second
    control::WarmReport report;  // grows
    size_t done = 0;             // items that are counted
    std::function<void()> tell;  // called about once a second
  };
  /// Ends when all are counted, or `gone` is requested: what is under way then ends uncounted.
  io::Task<void> warm(Run& run, io::Stop& gone);

 private:
  struct Asked {
    Run* run = nullptr;
    size_t item = 0;
    pid_t pid = -1;
    unsigned tries = 1;
  };
  /// How far a run has got in asking.
  struct Asking {
    size_t next = 0;
    base::Instant next_at;      // the rate allows another one
    base::Instant answered_at;  // a worker took one
    base::Instant told_at;
  };

  void hear(const control::Message& answer);
  bool ask(Asked asked);
  void ask_what_is_due(Run& run, Asking& asking);
  void look_for_lost(Run& run);
  size_t under_way(const Run& run) const;

  io::Loop& loop_;
  Work work_;
  uint64_t last_number_ = 0;
  std::map<uint64_t, Asked> asked_;  // by Message::number
  io::Event answered_;
};

}  // namespace ringwall::master
