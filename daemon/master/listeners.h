// Listeners: the listening sockets, bound and kept by the master for as long as a config names
// them, so that no worker's death and no reload ever closes a backlog.
//
// A generation of the config holds the set of its listeners; a listener that two generations have
// in common is one object in both. The last generation that lets go of a socket closes it.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "conf/model.h"
#include "daemon/base/address.h"
#include "daemon/base/result.h"
#include "daemon/base/unique_fd.h"

namespace ringwall::master {

class Listener {
 public:
  /// Takes over a socket that listens already.
  Listener(uint64_t id, base::UniqueFd fd, const base::Address& configured, bool ipv6_only)
      : id_(id), fd_(std::move(fd)), configured_(configured), ipv6_only_(ipv6_only) {}
  Listener(const Listener&) = delete;
  Listener& operator=(const Listener&) = delete;
  /// Closes the socket, and removes its name if it is a Unix socket and not left to another.
  ~Listener();

  /// The same through all reloads and upgrades.
  uint64_t id() const { return id_; }
  int fd() const { return fd_.get(); }
  /// The address as the config has it.
  const base::Address& configured() const { return configured_; }
  /// The address it is really bound to; differs where the config asks for port 0.
  base::Address bound() const;
  bool ipv6_only() const { return ipv6_only_; }

  void set_backlog(unsigned backlog);
  /// Lets no new connection begin, while those under way come to their end: for a socket that is
  /// about to close, so that whoever is connected is served. resume() takes it back.
  void hold();
  void resume();
  /// Closes the socket for good, though generations still name it.
  void close();
  /// The socket's name belongs to another process now (upgrade).
  void leave() { left_ = true; }
  /// It is ours again.
  void claim() { left_ = false; }

 private:
  std::string path() const;

  uint64_t id_;
  base::UniqueFd fd_;
  base::Address configured_;
  bool ipv6_only_;
  bool held_ = false;
  bool left_ = false;
};

using ListenerSet = std::vector<std::shared_ptr<Listener>>;

/// The sockets for `wanted`, in its order: those of `current` that have the same address, and newly
/// bound ones for the rest, with ids from `next_id` on. `fixed` gets a sentence for each setting
/// that a socket which stays can not change.
base::Result<ListenerSet> bind_listeners(const std::vector<conf::Listener>& wanted,
                                         const ListenerSet& current, uint64_t& next_id,
                                         std::vector<std::string>& fixed);

/// What of `before` is not in `after`.
ListenerSet removed(const ListenerSet& before, const ListenerSet& after);

}  // namespace ringwall::master
