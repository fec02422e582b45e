#include "tests/unit/worker/service_double.h"

#include <functional>

namespace ringwall::proxy {

struct Service::State {
  explicit State(const Parts& parts) : room(*parts.loop), ended(*parts.loop) {}
  io::Event room;
  io::Event ended;
  bool finished = false;
};

namespace {
std::function<void()> finish_now;
}  // namespace

Service::Service(const Parts& parts) : state_(std::make_unique<State>(parts)) {
  told.clear();
  kept.clear();
  refuse_next = pretend_full = false;
  finish_now = [state = state_.get()] {
    state->finished = true;
    state->ended.notify_all();
  };
}

Service::~Service() = default;

void let_finish() {
  finish_now();
}

base::Result<std::shared_ptr<const Snapshot>> Service::prepare(const conf::Config& config) {
  told.push_back("prepare " + config.http.via);
  if (std::exchange(refuse_next, false)) return base::fail("the double refuses");
  auto snapshot = std::make_shared<Snapshot>();
  snapshot->word = config.http.via;
  return std::shared_ptr<const Snapshot>(std::move(snapshot));
}

void Service::commit(std::shared_ptr<const Snapshot> snapshot) {
  told.push_back("commit " + snapshot->word);
}

void Service::serve(base::UniqueFd fd, const base::Address&, uint32_t listener) {
  told.push_back("serve " + std::to_string(listener));
  kept.push_back(std::move(fd));
}

void Service::warm(std::string head, std::function<void(const Warmed&)> done) {
  told.push_back("warm " + head);
  Warmed warmed;
  warmed.outcome = Warmed::Outcome::uncacheable;
  warmed.why = "private";
  warmed.bytes = 7;
  done(warmed);
}

size_t Service::connections() const {
  return kept.size();
}

bool Service::full() const {
  return pretend_full;
}

io::Event& Service::room_event() {
  return state_->room;
}

void Service::drain() {
  told.push_back("drain");
}

void Service::count_accept_pause() {}

void Service::abort() {
  told.push_back("abort");
  let_finish();
}

io::Task<void> Service::finish() {
  while (!state_->finished) co_await state_->ended.wait(io::Until());
}

void Service::set_access_log(int fd) {
  told.push_back(fd >= 0 ? "log" : "no log");
}

}  // namespace ringwall::proxy
