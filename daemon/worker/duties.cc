#include "daemon/worker/duties.h"

#include <csignal>

#include "conf/bundle.h"
#include "conf/load.h"
#include "daemon/base/log.h"
#include "daemon/io/operations.h"

namespace ringwall::worker {
namespace {

using namespace std::chrono_literals;

constexpr base::Duration heartbeat_interval = 250ms;

}  // namespace

base::Result<conf::Config> read_config(int bundle_fd) {
  auto bundle = conf::read_bundle(bundle_fd);
  if (!bundle) return base::fail(std::move(bundle.error()));
  conf::LoadResult result = conf::load(bundle->entry, *bundle);
  if (!result.config) return base::fail("the bundle holds errors: " + result.error_text());
  return std::move(*result.config);
}

Duties::Duties(io::Loop& loop, proxy::Service& service, stats::WorkerStats& own, Heritage heritage,
               control::Signals signals)
    : loop_(loop),
      service_(service),
      own_(own),
      heritage_(std::move(heritage)),
      signals_(std::move(signals)),
      link_(loop, base::UniqueFd(heritage_.link)),
      listening_(loop, service),
      access_log_(heritage_.access_log > 2 ? heritage_.access_log : -1),
      error_log_(heritage_.error_log > 2 ? heritage_.error_log : -1),
      change_(loop) {}

Duties::~Duties() = default;

void Duties::begin(conf::Config config) {
  config_ = std::move(config);
  std::vector<ListeningSocket> sockets;
  for (const InheritedListener& listener : heritage_.listeners) {
    sockets.push_back({listener.id, base::UniqueFd(listener.fd)});
  }
  listening_.adopt(std::move(sockets));
  tell(control::Message(control::Verb::ready, heritage_.generation));
  RW_ASSERT(duties_.spawn(beat()));
  RW_ASSERT(duties_.spawn(read_link()));
  RW_ASSERT(duties_.spawn(read_signals()));
  RW_ASSERT(main_.spawn(live()));
}

void Duties::tell(const control::Message& message) {
  // Nobody there: the master is gone, and the link's reader knows.
  auto sent = link_.send(message);
  if (!sent) base::log_debug("{}", sent.error().what);
}

io::Task<void> Duties::beat() {
  while (!stop_.requested()) {
    own_.beat(loop_.now());
    const io::Loop::Counters& ring = loop_.counters();
    own_.set(stats::Counter::ring_enters, ring.enters);
    own_.set(stats::Counter::ring_completions, ring.completions);
    own_.set(stats::Counter::ring_overflows, ring.overflows);
    own_.set(stats::Counter::ring_starved, ring.starved);
    io::Until until(loop_.now() + heartbeat_interval, &stop_);
    co_await io::Sleep(loop_, until);
  }
}

io::Task<void> Duties::read_signals() {
  for (;;) {
    int number = co_await signals_.next(loop_, io::Until(&stop_));
    if (number < 0) co_return;
    base::log_notice("told to end by a signal: finishes what is under way");
    begin_end(config_.process.stop_deadline, false);
  }
}

io::Task<void> Duties::read_link() {
  for (;;) {
    auto message = co_await link_.receive(io::Until(&stop_));
    if (!message) break;
    io::Task<void> obeying = obey(std::move(*message));
    co_await obeying;
  }
  if (stop_.requested()) co_return;
  if (heritage_.provisional) {
    base::log_warning("the new master has not taken over; ends with it");
    begin_end(config_.process.stop_deadline, false);
  } else {
    base::log_warning("the master is gone; goes on serving until SIGTERM");
  }
}

io::Task<void> Duties::obey(control::Message message) {
  switch (message.verb) {
    case control::Verb::prepare:
      prepare(message);
      break;
    case control::Verb::commit:
      co_await commit(message.generation);
      break;
    case control::Verb::abort:
      prepared_.reset();
      break;
    case control::Verb::drain:
      begin_end(base::Duration(static_cast<int64_t>(message.number)), !message.text.empty());
      break;
    case control::Verb::stop:
      at_once_ = true;
      begin_end(base::Duration::zero(), false);
      break;
    case control::Verb::settled:
      heritage_.provisional = false;
      break;
    case control::Verb::look:
      listening_.look();
      break;
    case control::Verb::reopen_logs:
      reopen_logs(message);
      break;
    case control::Verb::warm:
      warm(message);
      break;
    default:
      base::log_warning("the master sent an unexpected message: {}",
                        control::name_of(message.verb));
  }
}

// --- reload -------------------------------------------------------------------------------------

void Duties::prepare(control::Message& message) {
  control::Message answer(control::Verb::prepared, message.generation);
  prepared_.reset();
  auto config = message.descriptors.size() == message.numbers.size() + 1
                    ? read_config(message.descriptors[0].get())
                    : base::Result<conf::Config>(base::fail("descriptors are missing"));
  if (!config) {
    answer.text = config.error().what;
    return tell(answer);
  }
  auto snapshot = service_.prepare(*config);
  if (!snapshot) {
    answer.text = snapshot.error().what;
    return tell(answer);
  }
  Prepared prepared;
  prepared.generation = message.generation;
  prepared.snapshot = std::move(*snapshot);
  prepared.config = std::move(*config);
  for (size_t i = 0; i < message.numbers.size(); ++i) {
    prepared.sockets.push_back({message.numbers[i], std::move(message.descriptors[i + 1])});
  }
  prepared_ = std::move(prepared);
  tell(answer);
}

io::Task<void> Duties::commit(uint64_t generation) {
  if (!prepared_ || prepared_->generation != generation) {
    base::log_error("told to commit generation {} that was not prepared", generation);
    co_return;
  }
  Prepared next = std::move(*prepared_);
  prepared_.reset();
  std::vector<uint64_t> kept;
  for (const ListeningSocket& socket : next.sockets) kept.push_back(socket.id);
  // Connections of listeners that go are served by the config that knows these listeners.
  co_await listening_.retire(std::move(kept));
  service_.commit(std::move(next.snapshot));
  if (!ending_) listening_.adopt(std::move(next.sockets));
  config_ = std::move(next.config);
  base::set_log_level(config_.log.level);
  tell(control::Message(control::Verb::committed, generation));
}

void Duties::reopen_logs(control::Message& message) {
  if (message.descriptors.empty()) return;
  base::UniqueFd error_log = std::move(message.descriptors[0]);
  base::set_log(static_cast<base::LogLevel>(message.number), error_log.get(),
                "worker " + std::to_string(heritage_.slot));
  error_log_ = std::move(error_log);
  base::UniqueFd access_log;
  if (message.descriptors.size() > 1) access_log = std::move(message.descriptors[1]);
  service_.set_access_log(access_log.get());
  former_access_log_ = std::move(access_log_);
  access_log_ = std::move(access_log);
}

/// The service outlives what it is given here: it is waited for before the duties end.
void Duties::warm(control::Message& message) {
  uint64_t number = message.number;
  service_.warm(std::move(message.text), [this, number](const proxy::Warmed& warmed) {
    control::Message answer(control::Verb::warmed);
    answer.number = number;
    answer.numbers = {static_cast<uint64_t>(warmed.outcome), warmed.bytes};
    answer.text = warmed.why;
    tell(answer);
  });
}

// --- the end ------------------------------------------------------------------------------------

void Duties::begin_end(base::Duration deadline, bool for_good) {
  ending_ = true;
  for_good_ = for_good_ || for_good;
  deadline_ = deadline;
  change_.notify_all();
}

io::Task<void> Duties::finish_service() {
  co_await service_.finish();
  finished_ = true;
  change_.notify_all();
}

io::Task<void> Duties::live() {
  while (!ending_) co_await change_.wait(io::Until());
  own_.draining.set(1);
  co_await listening_.close(for_good_);
  tell(control::Message(control::Verb::closed));
  service_.drain();
  RW_ASSERT(main_.spawn(finish_service()));
  io::Until until(loop_.now() + deadline_);
  while (!finished_ && !at_once_) {
    int ended = co_await change_.wait(until);
    if (ended < 0) break;
  }
  control::Message drained(control::Verb::drained);
  drained.number = finished_ ? 0 : service_.connections();
  if (!finished_) service_.abort();
  while (!finished_) co_await change_.wait(io::Until());
  if (!at_once_) tell(drained);
  stop_.request();
  co_await duties_.wait();
  loop_.stop();
}

}  // namespace ringwall::worker
