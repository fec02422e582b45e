// in_background: runs work that takes long on a thread of its own, while the loop goes on. For the
// master's rare heavy commands; the work must touch nothing that the loop's thread uses.
#pragma once

#include <sys/eventfd.h>
#include <unistd.h>

#include <cstdint>
#include <functional>
#include <span>
#include <system_error>
#include <thread>

#include "daemon/base/unique_fd.h"
#include "daemon/io/operations.h"
#include "daemon/io/task.h"

namespace ringwall::master {

/// Ends when `work` has. False: there was no thread for it, nothing was done.
inline io::Task<bool> in_background(io::Loop& loop, std::function<void()> work) {
  base::UniqueFd done(eventfd(0, EFD_CLOEXEC));
  if (!done) co_return false;
  std::thread thread;
  try {
    thread = std::thread([&work, &done] {
      work();
      uint64_t one = 1;
      [[maybe_unused]] ssize_t written = ::write(done.get(), &one, sizeof(one));
    });
  } catch (const std::system_error&) {
    co_return false;
  }
  uint64_t count = 0;
  io::Read read(loop, done.get(), std::as_writable_bytes(std::span(&count, 1)), io::Until());
  co_await read;
  thread.join();
  co_return true;
}

}  // namespace ringwall::master
