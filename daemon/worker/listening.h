// Listening: a worker's share of the listening sockets: one coroutine per listener that accepts one
// connection after another and gives it to the service.
//
// The sockets are the master's and shared by all workers; each worker holds descriptors of its own.
// A listener keeps its id through reloads while its index in the config may change. Descriptors or
// memory running out is no reason to give up: the loop pauses and goes on. One thread.
#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "daemon/base/unique_fd.h"
#include "daemon/io/loop.h"
#include "daemon/io/task.h"
#include "daemon/proxy/service.h"

namespace ringwall::worker {

struct ListeningSocket {
  uint64_t id = 0;
  base::UniqueFd fd;
};

class Listening {
 public:
  Listening(io::Loop& loop, proxy::Service& service) : loop_(loop), service_(service) {}
  Listening(const Listening&) = delete;
  Listening& operator=(const Listening&) = delete;
  /// Requires: close() has ended, or nothing was ever adopted.
  ~Listening() = default;

  /// Stops accepting from listeners that are not among `kept`; takes what waits in their backlogs
  /// first. Ends when the last of their connections has been given to the service.
  io::Task<void> retire(std::vector<uint64_t> kept);
  /// The sockets by their index in the config that the service has just been given: begins to
  /// accept from new ones, goes on with known ids under their new index.
  void adopt(std::vector<ListeningSocket> sockets);
  /// Takes what waits in the backlogs, in the background: the kernel wakes one waiter for each
  /// connection, and that may have been a worker that died.
  void look();
  /// Stops accepting from all. `for_good`: nobody else will accept either, so take what waits.
  io::Task<void> close(bool for_good);

 private:
  struct Door {
    uint64_t id = 0;
    base::UniqueFd fd;
    uint32_t index = 0;
    bool empty_backlog = false;  // at its end
    bool looking = false;
    io::Stop stop;
    io::TaskGroup loop;
  };
  io::Task<void> accept_from(Door& door);
  io::Task<void> pause(Door& door, int error);
  io::Task<void> look_at(Door& door);
  io::Task<void> take_backlog(Door& door, unsigned most);
  io::Task<void> shut(std::vector<std::unique_ptr<Door>> doors, bool for_good);

  io::Loop& loop_;
  proxy::Service& service_;
  std::vector<std::unique_ptr<Door>> doors_;
};

}  // namespace ringwall::worker
