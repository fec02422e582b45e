#include "daemon/checker/process.h"

#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <string>

#include "cache/store.h"
#include "daemon/base/log.h"
#include "daemon/control/link.h"

namespace ringwall::checker {
namespace {

// A few lines tell as much as all; the message has a limit.
constexpr size_t told_max = 20;
constexpr size_t line_bytes_max = 300;
// The places of those who look are few, and who has one (a sweep, a listing) leaves it soon.
constexpr unsigned attach_tries_max = 20;
constexpr unsigned attach_pause_us = 100'000;

control::Message look(int segment) {
  control::Message message(control::Verb::checked);
  if (!cache::is_segment(segment)) {
    message.numbers = {0, 1};
    message.text = "the segment's head is damaged";
    return message;
  }
  auto store = cache::Store::attach(segment, std::nullopt, {});
  for (unsigned tries = 1; !store && tries < attach_tries_max; ++tries) {
    usleep(attach_pause_us);
    store = cache::Store::attach(segment, std::nullopt, {});
  }
  if (!store) {
    message.verb = control::Verb::failed;
    message.text = store.error().what;
    return message;
  }
  cache::Verified verified = store->verify();
  message.numbers = {verified.objects, verified.complete ? uint64_t{1} : uint64_t{0}};
  for (size_t i = 0; i < std::min(verified.breaches.size(), told_max); ++i) {
    if (i > 0) message.text += '\n';
    message.text += verified.breaches[i].substr(0, line_bytes_max);
  }
  return message;
}

}  // namespace

int run_process(const Inherited& inherited) {
  // What it dies of says enough, and cores of it would push out those of workers.
  const rlimit no_core = {0, 0};
  setrlimit(RLIMIT_CORE, &no_core);
  const std::string bytes = control::encode(look(inherited.cache));
  if (send(inherited.link, bytes.data(), bytes.size(), MSG_NOSIGNAL) < 0) {
    base::log_error("{}", base::os_failure("the findings cannot be told", errno).what);
    return 1;
  }
  return 0;
}

}  // namespace ringwall::checker
