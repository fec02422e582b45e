#include "daemon/worker/listening.h"

#include <algorithm>
#include <cstring>

#include <poll.h>

#include "daemon/base/log.h"
#include "daemon/io/operations.h"

namespace ringwall::worker {
namespace {

using namespace std::chrono_literals;

// Descriptors and memory come back when connections end; asking more often only burns time.
constexpr base::Duration shortage_pause = 100ms;
// What one worker takes from a backlog that closes; a backlog is at most 65535 long.
constexpr unsigned backlog_taken_max = 65536;
// And when it only looks: others look too, and more will come of accepting as usual.
constexpr unsigned backlog_looked_max = 64;
// An accept that finds a connection ends at once; this only ends one that somebody else was faster
// than.
constexpr base::Duration backlog_wait = 1ms;

bool has_backlog(int fd) {
  pollfd one = {.fd = fd, .events = POLLIN, .revents = 0};
  return ::poll(&one, 1, 0) > 0;
}

bool is_shortage(int error) {
  return error == EMFILE || error == ENFILE || error == ENOBUFS || error == ENOMEM;
}

/// The socket itself is of no use (our bug or the master's), as opposed to one bad connection.
bool is_lasting(int error) {
  return error == EBADF || error == EINVAL || error == ENOTSOCK || error == EOPNOTSUPP;
}

}  // namespace

io::Task<void> Listening::accept_from(Door& door) {
  bool woken = false;  // perhaps: by a connection that our last accept did not take
  while (!door.stop.requested()) {
    if (service_.full()) {
      service_.count_accept_pause();
      io::Until until(&door.stop);
      co_await service_.room_event().wait(until);
      continue;
    }
    io::Accept accept(loop_, door.fd.get(), io::Until(&door.stop));
    int fd = co_await accept;
    woken = accept.stopped();
    if (fd >= 0) {
      service_.serve(base::UniqueFd(fd), accept.peer(), door.index);
    } else if (is_lasting(-fd)) {
      base::log_error("listener {}: accept: {}; not accepted from any more", door.index,
                      std::strerror(-fd));
      co_return;
    } else if (is_shortage(-fd)) {
      co_await pause(door, -fd);
    }
  }
  // The kernel wakes one waiter for each connection. One that came just when our accept was being
  // cancelled has woken nobody else, and would wait for the next one to come.
  co_await take_backlog(door, door.empty_backlog ? backlog_taken_max : woken ? 1 : 0);
}

io::Task<void> Listening::pause(Door& door, int error) {
  service_.count_accept_pause();
  base::log_warning("listener {}: accept: {}; trying again in 100 ms", door.index,
                    std::strerror(error));
  io::Until until(loop_.now() + shortage_pause, &door.stop);
  co_await io::Sleep(loop_, until);
}

io::Task<void> Listening::take_backlog(Door& door, unsigned most) {
  // Looked at after each accept that was cancelled, for the reason above.
  while (most > 0 && has_backlog(door.fd.get())) {
    io::Accept accept(loop_, door.fd.get(), io::Until(loop_.now() + backlog_wait));
    int fd = co_await accept;
    if (fd == -ETIME || fd == -ECONNABORTED || fd == -EINTR) continue;
    if (fd < 0) co_return;
    service_.serve(base::UniqueFd(fd), accept.peer(), door.index);
    --most;
  }
}

io::Task<void> Listening::look_at(Door& door) {
  if (!service_.full()) co_await take_backlog(door, backlog_looked_max);
  door.looking = false;
}

void Listening::look() {
  for (auto& door : doors_) {
    if (door->looking || door->stop.requested() || !has_backlog(door->fd.get())) continue;
    door->looking = true;
    if (!door->loop.spawn(look_at(*door))) door->looking = false;
  }
}

io::Task<void> Listening::shut(std::vector<std::unique_ptr<Door>> doors, bool for_good) {
  for (auto& door : doors) {
    door->empty_backlog = for_good;
    door->stop.request();
  }
  for (auto& door : doors) co_await door->loop.wait();
}

io::Task<void> Listening::retire(std::vector<uint64_t> kept) {
  std::vector<std::unique_ptr<Door>> gone;
  for (auto& door : doors_) {
    if (std::find(kept.begin(), kept.end(), door->id) == kept.end()) {
      gone.push_back(std::move(door));
    }
  }
  std::erase(doors_, nullptr);
  co_await shut(std::move(gone), true);
}

void Listening::adopt(std::vector<ListeningSocket> sockets) {
  for (uint32_t index = 0; index < sockets.size(); ++index) {
    ListeningSocket& socket = sockets[index];
    auto same = [&](const auto& door) { return door->id == socket.id; };
    auto known = std::find_if(doors_.begin(), doors_.end(), same);
    if (known != doors_.end()) {
      (*known)->index = index;
      continue;
    }
    auto door = std::make_unique<Door>();
    door->id = socket.id;
    door->fd = std::move(socket.fd);
    door->index = index;
    RW_ASSERT(door->loop.spawn(accept_from(*door)));
    doors_.push_back(std::move(door));
  }
}

io::Task<void> Listening::close(bool for_good) {
  std::vector<std::unique_ptr<Door>> all = std::move(doors_);
  doors_.clear();
  co_await shut(std::move(all), for_good);
}

}  // namespace ringwall::worker
