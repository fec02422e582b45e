#include "daemon/master/start.h"

#include <fmt/format.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <climits>
#include <csignal>
#include <cstdio>
#include <cstdlib>

#include "daemon/base/log.h"
#include "daemon/base/text.h"
#include "daemon/io/probe.h"
#include "daemon/master/master.h"

namespace ringwall::master {
namespace {

/// As many descriptors as we may have, and cores if we may: both are inherited by the children.
void raise_limits() {
  for (auto which : {RLIMIT_NOFILE, RLIMIT_CORE}) {
    rlimit limit = {};
    if (getrlimit(which, &limit) != 0) continue;
    if (which == RLIMIT_CORE && geteuid() == 0) limit.rlim_max = RLIM_INFINITY;
    limit.rlim_cur = limit.rlim_max;
    setrlimit(which, &limit);
  }
}

bool same_file(const std::string& a, const char* b) {
  struct stat one = {};
  struct stat other = {};
  return stat(a.c_str(), &one) == 0 && stat(b, &other) == 0 && one.st_dev == other.st_dev &&
         one.st_ino == other.st_ino;
}

/// The path that an upgrade executes: as we were called, so that a link which points to another
/// release then is followed; our own file where that leads nowhere.
std::string find_executable(const std::string& name) {
  constexpr const char* self = "/proc/self/exe";
  std::vector<std::string> candidates;
  if (name.find('/') != std::string::npos) {
    std::array<char, PATH_MAX> directory;
    const char* from = name.front() == '/' ? "" : getcwd(directory.data(), directory.size());
    if (from != nullptr) candidates.push_back(name.front() == '/' ? name : from + ("/" + name));
  } else if (const char* path = std::getenv("PATH")) {
    for (std::string_view directory : base::split(path, ':')) {
      candidates.push_back(std::string(directory) + "/" + name);
    }
  }
  for (const std::string& candidate : candidates) {
    if (same_file(candidate, self)) return candidate;
  }
  std::array<char, PATH_MAX> target;
  ssize_t n = readlink(self, target.data(), target.size());
  return n > 0 ? std::string(target.data(), static_cast<size_t>(n)) : self;
}

ListenerSet take_listeners(const worker::Heritage& old) {
  ListenerSet set;
  for (const worker::InheritedListener& one : old.listeners) {
    set.push_back(
        std::make_shared<Listener>(one.id, base::UniqueFd(one.fd), one.address, one.ipv6_only));
    set.back()->leave();  // until we have taken over, the name is the old master's to remove
  }
  return set;
}

/// Everything between a good config and a master that can begin.
struct Made {
  std::shared_ptr<Generation> first;
  uint64_t next_listener_id = 1;
  Estate estate;
  control::Signals signals;
  std::unique_ptr<io::Loop> loop;
};

base::Result<Made> make(Loaded loaded, const std::optional<worker::Heritage>& old) {
  const worker::Heritage* before = old ? &*old : nullptr;
  Made made;
  raise_limits();
  io::LoopOptions options;
  options.sq_entries = 64;
  options.cq_entries = 512;
  options.posted_chunks = 8;
  options.small_chunks_max = 256;
  options.large_chunks_max = 1;
  auto loop = io::Loop::create(options);
  if (!loop) return base::fail(std::move(loop.error()));
  made.loop = std::move(*loop);
  auto signals = control::Signals::take({SIGHUP, SIGQUIT, SIGTERM, SIGINT, SIGUSR1, SIGUSR2}, {});
  if (!signals) return base::fail(std::move(signals.error()));
  made.signals = std::move(*signals);
  made.first = std::make_shared<Generation>();
  made.first->number = before != nullptr ? before->generation + 1 : 1;
  made.first->config = std::move(*loaded.config);
  made.first->bundle = std::move(loaded.bundle);
  ListenerSet inherited;
  if (before != nullptr) inherited = take_listeners(*before);
  if (before != nullptr) made.next_listener_id = before->takeover->next_listener_id;
  std::vector<std::string> fixed;
  auto listeners =
      bind_listeners(made.first->config.listeners, inherited, made.next_listener_id, fixed);
  if (!listeners) return base::fail(std::move(listeners.error()));
  made.first->listeners = std::move(*listeners);
  auto estate = make_estate(made.first->config, before);
  if (!estate) return base::fail(std::move(estate.error()));
  made.estate = std::move(*estate);
  if (auto status = made.estate.register_names(made.first->config); !status) {
    return base::fail(std::move(status.error()));
  }
  return made;
}

/// Says why there will be no master: on standard error, in the log, and to the old master.
int give_up(const std::string& why, const std::optional<worker::Heritage>& old) {
  base::log_error("cannot start: {}", why);
  if (old) {
    control::Message failed(control::Verb::failed);
    failed.text = why.substr(0, 16 * 1024);
    // A plain send: there may be no loop.
    std::string bytes = control::encode(failed);
    (void)::send(old->link, bytes.data(), bytes.size(), MSG_NOSIGNAL);
  }
  return exit_failed;
}

std::string all_texts(const std::vector<conf::Problem>& problems) {
  std::string out;
  for (const conf::Problem& problem : problems) out += problem.text() + "\n";
  return out;
}

}  // namespace

int check_config(const std::string& path) {
  Loaded loaded = load_config(path);
  std::fputs(all_texts(loaded.warnings).c_str(), stderr);
  std::fputs(all_texts(loaded.errors).c_str(), stderr);
  if (!loaded.failure.empty()) fmt::print(stderr, "{}\n", loaded.failure);
  if (!loaded.config) return exit_config_invalid;
  fmt::print("{}: good\n", path);
  return 0;
}

int run_master(const std::string& config_path, const std::vector<std::string>& arguments,
               std::optional<worker::Heritage> old) {
  base::set_log(base::LogLevel::notice, STDERR_FILENO, "master");
  if (old && !old->takeover) return give_up("the heritage names nothing to take over", {});
  Loaded loaded = load_config(config_path);
  for (const conf::Problem& warning : loaded.warnings) base::log_warning("{}", warning.text());
  if (!loaded.config) {
    std::string errors = all_texts(loaded.errors) + loaded.failure;
    return give_up(loaded.errors.empty() ? errors : "the config is invalid\n" + errors, old);
  }
  if (auto permitted = io::probe(); !permitted) return give_up(permitted.error().what, old);
  base::set_log_level(loaded.config->log.level);
  auto made = make(std::move(loaded), old);
  if (!made) return give_up(made.error().what, old);
  made->estate.program = arguments.front();
  base::set_log(made->first->config.log.level, made->estate.logs.error_fd(), "master");
  std::optional<Inheritance> inheritance;
  if (old) {
    inheritance.emplace();
    inheritance->link = std::make_unique<control::Link>(*made->loop, base::UniqueFd(old->link));
    inheritance->control.reset(old->takeover->control);
    inheritance->control_path = old->takeover->control_path;
    inheritance->slots = old->takeover->slots;
  }
  Invocation invocation{config_path, find_executable(arguments.front()), arguments};
  Master master(*made->loop, std::move(invocation), std::move(made->estate), std::move(made->first),
                made->next_listener_id, std::move(made->signals), std::move(inheritance));
  master.begin();
  made->loop->run();
  while (!master.done()) made->loop->turn(false);
  return master.exit_code();
}

}  // namespace ringwall::master
