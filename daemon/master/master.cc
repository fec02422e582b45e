#include "daemon/master/master.h"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <csignal>

#include "daemon/base/log.h"
#include "daemon/io/operations.h"
#include "daemon/master/commands.h"

namespace ringwall::master {
namespace {

using namespace std::chrono_literals;

constexpr base::Duration start_patience = 60s;

}  // namespace

Master::Master(io::Loop& loop, Invocation invocation, Estate estate,
               std::shared_ptr<const Generation> first, uint64_t next_listener_id,
               control::Signals signals, std::optional<Inheritance> inheritance)
    : loop_(loop),
      invocation_(std::move(invocation)),
      estate_(std::move(estate)),
      current_(std::move(first)),
      last_generation_(current_->number),
      next_listener_id_(next_listener_id),
      signals_(std::move(signals)),
      inheritance_(std::move(inheritance)),
      children_(loop, estate_),
      notify_(Notify::from_environment()),
      sweeper_(loop, Sweeper::work_of(estate_)),
      heal_(loop, estate_, children_,
            {[this] { return checker(); }, [this](bool wanted) { return renew_cache(wanted); },
             [this] { return stopping(); }}),
      resizer_(loop, Resizer::work_of(estate_)),
      warmer_(loop, Warmer::work_of(children_)),
      commands_(std::make_unique<Commands>(*this)),
      started_wall_ns_(base::wall_now_ns()),
      turn_(loop),
      stop_asked_(loop) {}

Master::~Master() = default;

void Master::begin() {
  RW_ASSERT(main_.spawn(live()));
}

io::Task<void> Master::live() {
  bool up = co_await start_up();
  if (!up) {
    exit_code_ = stop_mode_ == StopMode::none ? 1 : 0;
    if (stop_mode_ == StopMode::none) stop(StopMode::fast);
  }
  while (stop_mode_ == StopMode::none) co_await stop_asked_.wait(io::Until());
  co_await wind_up();
  loop_.stop();
}

// --- start --------------------------------------------------------------------------------------

io::Task<bool> Master::start_up() {
  children_.use(current_);
  RW_ASSERT(tasks_.spawn(read_signals()));
  RW_ASSERT(tasks_.spawn(children_.watch(stop_)));
  bool inherits = inheritance_ && inheritance_->control_path == current_->config.control.socket;
  base::UniqueFd control = inherits ? std::move(inheritance_->control) : base::UniqueFd();
  auto opened = commands_->open(current_->config.control, std::move(control));
  bool slots = true;
  if (inheritance_) children_.be_provisional();
  if (opened) {
    slots = children_.keep_workers(current_->config.process.workers);
    if (!inheritance_) children_.keep_prober();
  } else {
    base::log_error("cannot start: control socket: {}", opened.error().what);
  }
  io::Until until(loop_.now() + start_patience, &hurry_);
  bool started = false;
  if (opened && slots) started = co_await children_.started(until);
  if (opened && !started && !stopping()) base::log_error("the workers cannot start");
  if (!started) {
    std::string why = !opened  ? opened.error().what
                      : !slots ? "no slots are free until older workers have drained"
                               : "its workers cannot start; see the error log";
    if (inheritance_) co_await leave_to_old_master(std::move(why));
    co_return false;
  }
  bool upgraded = inheritance_.has_value();
  if (upgraded) co_await take_over();
  auto written = pid_file_.write(current_->config.process.pid_file);
  if (!written) {
    base::log_error("{}", written.error().what);
    if (!upgraded) co_return false;
  }
  commands_->begin();
  if (estate_.observer) {
    // One that was taken over may have another size yet.
    resizer_.set(current_->config.cache.size);
    RW_ASSERT(tasks_.spawn(resizer_.keep(stop_)));
    RW_ASSERT(tasks_.spawn(sweeper_.keep(stop_)));
    RW_ASSERT(tasks_.spawn(heal_.keep(stop_, upgraded)));
  }
  notify_.ready(status_line());
  base::log_notice("ringwall " RINGWALL_VERSION " is up: {}", status_line());
  co_return true;
}

std::string Master::status_line() const {
  unsigned ready = 0;
  for (const auto& child : children_.all()) {
    if (child->kind == worker::Kind::worker && child->state == Child::State::ready) ++ready;
  }
  return fmt::format("{} workers, {} listeners, generation {}", ready, current_->listeners.size(),
                     current_->number);
}

// --- signals ------------------------------------------------------------------------------------

io::Task<void> Master::read_signals() {
  for (;;) {
    int number = co_await signals_.next(loop_, io::Until(&stop_));
    if (number < 0) co_return;
    obey_signal(number);
  }
}

void Master::obey_signal(int number) {
  switch (number) {
    case SIGHUP:
      // One that waits its turn will read the newest file anyway.
      if (reload_queued_ || stopping()) return;
      reload_queued_ = true;
      tasks_.spawn(reload_by_signal());
      return;
    case SIGUSR1:
      if (auto status = reopen_logs(); !status) base::log_error("{}", status.error().what);
      return;
    case SIGUSR2:
      if (!stopping()) tasks_.spawn(upgrade_by_signal());
      return;
    case SIGQUIT:
      return stop(StopMode::graceful);
    default:
      return stop(StopMode::fast);
  }
}

io::Task<void> Master::reload_by_signal() {
  // The outcome is in the log.
  co_await reload(Progress());
}

io::Task<void> Master::upgrade_by_signal() {
  co_await upgrade(Progress());
}

base::Status Master::reopen_logs() {
  auto logs = Logs::open(current_->config.log);
  if (!logs) return base::fail("logs not reopened: " + logs.error().what);
  Logs former = std::exchange(estate_.logs, std::move(*logs));
  base::set_log(current_->config.log.level, estate_.logs.error_fd(), "master");
  children_.hand_down_logs(current_->config.log.level);
  base::log_notice("logs reopened");
  return {};
}

// --- one change at a time -----------------------------------------------------------------------

io::Task<Master::Turn> Master::take_turn() {
  while (busy_) co_await turn_.wait(io::Until());
  busy_ = true;
  co_return Turn(*this);
}

Master::Turn::~Turn() {
  if (master_ == nullptr) return;
  master_->busy_ = false;
  master_->turn_.notify_one();
}

// --- the end ------------------------------------------------------------------------------------

void Master::stop(StopMode mode) {
  if (mode == StopMode::fast) hurry_.request();
  if (stop_mode_ != StopMode::none) return;
  stop_mode_ = mode;
  stop_asked_.notify_all();
  children_.changed().notify_all();
}

/// Once no worker accepts any more, whoever connects is refused at once instead of waiting for an
/// answer that will not come.
io::Task<void> Master::close_listeners_early() {
  while (!children_.closed()) {
    int ended = co_await children_.changed().wait(io::Until(&stop_));
    if (ended < 0) break;
  }
  for (const auto& listener : current_->listeners) listener->close();
}

io::Task<void> Master::wind_up() {
  bool handed_over = stop_mode_ == StopMode::handed_over;
  base::Duration deadline = current_->config.process.stop_deadline;
  if (!handed_over) {
    notify_.stopping(stop_mode_ == StopMode::graceful ? "finishing requests" : "stopping");
    base::log_notice("{} stop", stop_mode_ == StopMode::graceful ? "graceful" : "fast");
    RW_ASSERT(tasks_.spawn(close_listeners_early()));
  }
  co_await children_.end(deadline, !handed_over, hurry_);
  stop_.request();
  co_await commands_->end();
  co_await tasks_.wait();
  co_await children_.finish();
  base::log_notice("{}", handed_over ? "the old master ends" : "stopped");
}

}  // namespace ringwall::master
