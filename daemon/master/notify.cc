#include "daemon/master/notify.h"

#include <fmt/format.h>
#include <sys/socket.h>
#include <sys/un.h>

#include <cstddef>
#include <cstdlib>
#include <cstring>

#include "daemon/base/time.h"
#include "daemon/base/unique_fd.h"

namespace ringwall::master {

Notify Notify::from_environment() {
  const char* socket = std::getenv("NOTIFY_SOCKET");
  return Notify(socket != nullptr ? socket : "");
}

void Notify::ready(std::string_view status) const {
  send(fmt::format("READY=1\nSTATUS={}", status));
}

void Notify::reloading() const {
  // Type=notify-reload wants the time too, to tell this reload from an earlier one.
  send(fmt::format("RELOADING=1\nMONOTONIC_USEC={}\nSTATUS=reloading",
                   base::monotonic_now().ns / 1000));
}

void Notify::stopping(std::string_view status) const {
  send(fmt::format("STOPPING=1\nSTATUS={}", status));
}

void Notify::status(std::string_view status) const {
  send(fmt::format("STATUS={}", status));
}

void Notify::main_pid(int pid) const {
  send(fmt::format("MAINPID={}", pid));
}

void Notify::send(std::string_view text) const {
  sockaddr_un to = {};
  if (socket_.empty() || socket_.size() >= sizeof(to.sun_path)) return;
  to.sun_family = AF_UNIX;
  std::memcpy(to.sun_path, socket_.data(), socket_.size());
  if (socket_.front() == '@') to.sun_path[0] = '\0';
  auto size = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + socket_.size());
  base::UniqueFd fd(::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0));
  // Nothing depends on being heard, and there is nobody to complain to.
  [[maybe_unused]] ssize_t sent =
      sendto(fd.get(), text.data(), text.size(), MSG_NOSIGNAL | MSG_DONTWAIT,
             reinterpret_cast<const sockaddr*>(&to), size);
}

}  // namespace ringwall::master
