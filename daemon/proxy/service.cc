#include "daemon/proxy/service.h"

#include <algorithm>

#include "daemon/proxy/connection.h"
#include "daemon/proxy/facilities.h"
#include "daemon/upstream/upstreams.h"

namespace ringwall::proxy {
namespace {

// After a drain has begun, an idle client still gets so long to send one more request, which is
// answered with "Connection: close": closing at once would cut off requests that are on their way.
constexpr base::Duration drain_patience = std::chrono::seconds(2);

}  // namespace

struct Service::State {
  explicit State(const Parts& given)
      : parts(given),
        upstreams(*given.loop, *given.stats, *given.own, given.resolved),
        facilities{*given.loop, *given.stats,           *given.own,
                   given.store, AccessLog(*given.loop, given.access_log, *given.own),
                   io::Event(*given.loop)},
        room(*given.loop) {}

  Parts parts;
  upstream::Upstreams upstreams;
  Facilities facilities;
  base::IntrusiveList<Connection> connections;
  io::TaskGroup group;     // a task a connection
  io::TaskGroup helpers;   // doorbell, log, drain
  io::Stop helpers_stop;
  io::Event room;
  size_t open = 0;
  bool finished = false;
  std::vector<std::string> listener_names;  // by the id that connections carry

  uint32_t id_of(const std::string& listener);
  io::Task<void> run_connection(std::unique_ptr<Connection> connection);
  io::Task<void> run_doorbell();
  io::Task<void> run_drain();
};

uint32_t Service::State::id_of(const std::string& listener) {
  auto at = std::find(listener_names.begin(), listener_names.end(), listener);
  if (at == listener_names.end()) at = listener_names.insert(at, listener);
  return static_cast<uint32_t>(at - listener_names.begin());
}

io::Task<void> Service::State::run_connection(std::unique_ptr<Connection> connection) {
  Connection& c = *connection;
  co_await serve_connection(facilities, c);
  connection.reset();
  facilities.stats.subtract(stats::Counter::connections_open);
  --open;
  room.notify_one();
}

/// Another worker's (or our own) fill has moved: everybody who follows one looks again.
io::Task<void> Service::State::run_doorbell() {
  uint64_t rings = 0;
  auto bytes = std::as_writable_bytes(std::span(&rings, 1));
  while (!helpers_stop.requested()) {
    io::Until until(&helpers_stop);
    int n = co_await io::Read(*parts.loop, parts.cache_doorbell, bytes, until);
    if (n < 0) co_return;
    parts.store->acknowledge_wakeup();
    facilities.fills_moved.notify_all();
  }
}

io::Task<void> Service::State::run_drain() {
  io::Until until(parts.loop->now() + drain_patience, &helpers_stop);
  co_await io::Sleep(*parts.loop, until);
  connections.for_each([](Connection& c) { c.idle_end.request(); });
}

Service::Service(const Parts& parts) : state_(std::make_unique<State>(parts)) {
  State& s = *state_;
  if (parts.store != nullptr && parts.cache_doorbell >= 0) s.helpers.spawn(s.run_doorbell());
  s.helpers.spawn(s.facilities.log.run(s.helpers_stop));
}

Service::~Service() {
  RW_ASSERT(state_->open == 0);
  RW_ASSERT(state_->finished);
}

base::Result<std::shared_ptr<const Snapshot>> Service::prepare(const conf::Config& config) {
  auto set = state_->upstreams.prepare(config);
  if (!set) return base::fail(std::move(set.error()));
  auto snapshot = std::make_shared<Snapshot>();
  snapshot->config = config;
  snapshot->router = route::Router(config);
  snapshot->upstreams = *set;
  std::vector<std::string_view> names;
  for (const conf::Route& route : config.routes) names.push_back(route.name);
  snapshot->route_places = state_->parts.stats->find_routes(names);
  snapshot->via_line = "Via: 1.1 " + config.http.via + "\r\n";
  for (uint32_t i = 0; i < config.listeners.size(); ++i) {
    uint32_t id = state_->id_of(config.listeners[i].name);
    if (snapshot->listener_index.size() <= id) snapshot->listener_index.resize(id + 1, no_listener);
    snapshot->listener_index[id] = i;
  }
  return std::shared_ptr<const Snapshot>(std::move(snapshot));
}

void Service::commit(std::shared_ptr<const Snapshot> snapshot) {
  State& s = *state_;
  s.upstreams.commit(snapshot->upstreams);
  s.facilities.log.set_format(snapshot->config.log.format);
  s.facilities.current = std::move(snapshot);
  s.room.notify_all();  // connections_max may have grown
}

void Service::serve(base::UniqueFd fd, const base::Address& peer, uint32_t listener) {
  State& s = *state_;
  net::set_stream_options(fd.get());
  uint32_t id = s.id_of(s.facilities.current->config.listeners.at(listener).name);
  auto connection = std::make_unique<Connection>(*s.parts.loop, std::move(fd), peer, id);
  s.connections.push_back(*connection);
  if (!s.group.spawn(s.run_connection(std::move(connection)))) return;  // no memory: closed
  ++s.open;
  s.facilities.stats.add(stats::Counter::connections_accepted);
  s.facilities.stats.add(stats::Counter::connections_open);
}

namespace {

using WhenWarmed = std::function<void(const Warmed&)>;

io::Task<void> run_warm(Facilities& f, std::string head, WhenWarmed done) {
  Warmed warmed = co_await warm(f, std::move(head));
  done(warmed);
}

}  // namespace

void Service::warm(std::string head, std::function<void(const Warmed&)> done) {
  Facilities& f = state_->facilities;
  Warmed failed;
  failed.why = f.draining ? "stopped" : "no-memory";
  // A task that has no frame leaves its own `done` unused.
  if (f.draining || !f.background.spawn(run_warm(f, std::move(head), done))) done(failed);
}

size_t Service::connections() const {
  return state_->open;
}

bool Service::full() const {
  uint64_t most = state_->facilities.current->config.process.connections_max;
  return most != 0 && state_->open >= most;
}

io::Event& Service::room_event() {
  return state_->room;
}

void Service::count_accept_pause() {
  state_->facilities.stats.add(stats::Counter::accept_pauses);
}

void Service::drain() {
  State& s = *state_;
  if (s.facilities.draining) return;
  s.facilities.draining = true;
  s.helpers.spawn(s.run_drain());
}

void Service::abort() {
  State& s = *state_;
  s.facilities.draining = true;
  s.facilities.cut.request();
  s.connections.for_each([](Connection& c) {
    c.idle_end.request();
    c.stream.shut_down();
  });
}

io::Task<void> Service::finish() {
  State& s = *state_;
  co_await s.group.wait();
  co_await s.facilities.background.wait();
  co_await s.upstreams.close();
  s.helpers_stop.request();
  co_await s.helpers.wait();
  s.finished = true;
}

void Service::set_access_log(int fd) {
  state_->facilities.log.set_descriptor(fd);
}

}  // namespace ringwall::proxy
