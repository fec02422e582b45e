#include "daemon/prober/process.h"

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <optional>

#include "conf/bundle.h"
#include "conf/load.h"
#include "daemon/base/log.h"
#include "daemon/control/link.h"
#include "daemon/control/signals.h"
#include "daemon/io/operations.h"
#include "daemon/prober/prober.h"
#include "daemon/stats/segment.h"

namespace ringwall::prober {
namespace {

using namespace std::chrono_literals;

constexpr base::Duration alive_interval = 500ms;
// Without a master: a worker that has not beaten for so long does not live.
constexpr base::Duration worker_patience = 30s;

base::Result<conf::Config> read_config(int bundle_fd) {
  auto bundle = conf::read_bundle(bundle_fd);
  if (!bundle) return base::fail(std::move(bundle.error()));
  conf::LoadResult result = conf::load(bundle->entry, *bundle);
  if (!result.config) return base::fail("the bundle holds errors: " + result.error_text());
  return std::move(*result.config);
}

class Process {
 public:
  Process(io::Loop& loop, stats::Segment stats, Prober& prober, control::Signals signals,
          const Inherited& inherited)
      : loop_(loop),
        stats_(std::move(stats)),
        prober_(prober),
        signals_(std::move(signals)),
        link_(loop, base::UniqueFd(inherited.link)) {}

  void begin(const conf::Config& config, uint64_t generation) {
    take_up(config);
    tell(control::Message(control::Verb::ready, generation));
    RW_ASSERT(duties_.spawn(prober_.run(stop_)));
    RW_ASSERT(duties_.spawn(read_link()));
    RW_ASSERT(duties_.spawn(read_signals()));
    RW_ASSERT(duties_.spawn(show_life()));
    RW_ASSERT(main_.spawn(live()));
  }
  bool done() const { return main_.empty(); }

 private:
  void take_up(const conf::Config& config) {
    base::set_log_level(config.log.level);
    prober_.configure(config, [this](const conf::Upstream& upstream, const conf::Backend& backend) {
      return stats_.find_backend(upstream.name, backend.name);
    });
  }

  void tell(const control::Message& message) {
    auto sent = link_.send(message);
    if (!sent) base::log_debug("{}", sent.error().what);
  }

  io::Task<void> live() {
    co_await duties_.wait();
    loop_.stop();
  }

  io::Task<void> read_signals() {
    int number = co_await signals_.next(loop_, io::Until(&stop_));
    if (number >= 0) stop_.request();
  }

  io::Task<void> read_link() {
    for (;;) {
      auto message = co_await link_.receive(io::Until(&stop_));
      if (!message) break;
      obey(*message);
    }
    orphan_ = true;
  }

  void obey(control::Message& message) {
    switch (message.verb) {
      case control::Verb::prepare:
        return prepare(message);
      case control::Verb::commit:
        if (!prepared_) return;
        take_up(*prepared_);
        prepared_.reset();
        return tell(control::Message(control::Verb::committed, message.generation));
      case control::Verb::abort:
        return prepared_.reset();
      case control::Verb::reopen_logs:
        if (message.descriptors.empty()) return;
        base::set_log(static_cast<base::LogLevel>(message.number), message.descriptors[0].get(),
                      "prober");
        error_log_ = std::move(message.descriptors[0]);
        return;
      default:
        stop_.request();
    }
  }

  void prepare(control::Message& message) {
    control::Message answer(control::Verb::prepared, message.generation);
    prepared_.reset();
    auto config = read_config(message.descriptors.empty() ? -1 : message.descriptors[0].get());
    if (config) {
      prepared_ = std::move(*config);
    } else {
      answer.text = config.error().what;
    }
    tell(answer);
  }

  io::Task<void> show_life() {
    while (!stop_.requested()) {
      if (!orphan_) {
        tell(control::Message(control::Verb::alive));
      } else if (!workers_live()) {
        stop_.request();
      }
      io::Until until(loop_.now() + alive_interval, &stop_);
      co_await io::Sleep(loop_, until);
    }
  }

  bool workers_live() const {
    std::vector<stats::WorkerView> workers = stats_.workers();
    return std::any_of(workers.begin(), workers.end(), [&](const stats::WorkerView& worker) {
      bool there = kill(static_cast<pid_t>(worker.pid), 0) == 0 || errno == EPERM;
      return there && loop_.now() - worker.heartbeat < worker_patience;
    });
  }

  io::Loop& loop_;
  stats::Segment stats_;
  Prober& prober_;
  control::Signals signals_;
  control::Link link_;
  base::UniqueFd error_log_;
  std::optional<conf::Config> prepared_;
  bool orphan_ = false;
  io::Stop stop_;
  io::TaskGroup duties_;
  io::TaskGroup main_;
};

int refuse(const base::Error& error) {
  base::log_error("cannot start: {}", error.what);
  return 1;
}

}  // namespace

int run_process(const Inherited& inherited, unsigned long generation) {
  auto signals = control::Signals::take({SIGTERM}, {SIGINT, SIGHUP, SIGQUIT, SIGUSR1, SIGUSR2});
  if (!signals) return refuse(signals.error());
  auto stats = stats::Segment::attach(inherited.stats, false);
  if (!stats) return refuse(stats.error());
  auto table =
      upstream::ResolvedTable::attach(inherited.resolved, upstream::ResolvedTable::Access::write);
  if (!table) return refuse(table.error());
  auto config = read_config(inherited.bundle);
  if (!config) return refuse(config.error());
  io::LoopOptions options;
  options.sq_entries = 64;
  options.cq_entries = 512;
  options.posted_chunks = 8;
  options.small_chunks_max = 64;
  options.large_chunks_max = 1;
  auto loop = io::Loop::create(options);
  if (!loop) return refuse(loop.error());
  auto prober = Prober::create(**loop, **table);
  if (!prober) return refuse(prober.error());
  Process process(**loop, std::move(*stats), **prober, std::move(*signals), inherited);
  process.begin(*config, generation);
  (*loop)->run();
  while (!process.done()) (*loop)->turn(false);
  return 0;
}

}  // namespace ringwall::prober
