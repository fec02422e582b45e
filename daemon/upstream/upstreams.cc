#include "daemon/upstream/upstreams.h"

#include <chrono>
#include <map>
#include <string>
#include <unordered_set>

#include "daemon/io/operations.h"
#include "daemon/io/task_group.h"
#include "daemon/stats/segment.h"
#include "daemon/upstream/backend.h"

namespace ringwall::upstream {
namespace {

constexpr base::Duration sweep_every = std::chrono::seconds(1);

std::string key_of(const Identity& identity) {
  std::string key = identity.upstream + '\n' + identity.name + '\n';
  if (identity.host.empty()) return key + identity.address.text();
  return key + identity.host + ':' + std::to_string(identity.port);
}

}  // namespace

struct Upstreams::State {
  io::Loop& loop;
  const stats::Segment& segment;
  stats::WorkerStats& own;
  const ResolvedTable* resolved;
  std::shared_ptr<const Set> current;
  // All that live, in whatever generation; one object an identity, because it has one row of
  // counters. Entries whose backend is gone are dropped at the next prepare.
  std::map<std::string, std::weak_ptr<Backend>> backends;
  io::Stop stop;
  io::TaskGroup tasks;

  State(io::Loop& in_loop, const stats::Segment& in_segment, stats::WorkerStats& in_own,
        const ResolvedTable* in_resolved)
      : loop(in_loop), segment(in_segment), own(in_own), resolved(in_resolved) {}

  using Places = std::map<std::pair<std::string, std::string>, uint32_t>;  // upstream, backend
  base::Result<std::shared_ptr<Backend>> backend_of(const Places& places, const conf::Upstream& in,
                                                    const conf::Backend& settings);
  io::Task<void> sweep();
};

Upstreams::Upstreams(io::Loop& loop, const stats::Segment& segment, stats::WorkerStats& own,
                     const ResolvedTable* resolved)
    : state_(std::make_unique<State>(loop, segment, own, resolved)) {}

Upstreams::~Upstreams() = default;

base::Result<std::shared_ptr<Backend>> Upstreams::State::backend_of(const Places& places,
                                                                    const conf::Upstream& in,
                                                                    const conf::Backend& settings) {
  Identity identity(in, settings);
  auto place = places.find({in.name, settings.name});
  if (place == places.end()) {
    return base::fail("backend " + in.name + "/" + settings.name +
                      " has no place in the stats segment");
  }
  std::weak_ptr<Backend>& known = backends[key_of(identity)];
  auto backend = known.lock();
  // One that was gone from the config and came back may have another place now.
  if (backend && backend->index() == place->second) return backend;
  backend = std::make_shared<Backend>(loop, std::move(identity), place->second,
                                      Counters(segment, own, place->second), resolved);
  known = backend;
  return backend;
}

base::Result<std::shared_ptr<const Set>> Upstreams::prepare(const conf::Config& config) {
  std::erase_if(state_->backends, [](const auto& entry) { return entry.second.expired(); });
  State::Places places;
  for (stats::BackendPlace& place : state_->segment.backends()) {
    places[{std::move(place.upstream), std::move(place.backend)}] = place.index;
  }
  std::vector<std::unique_ptr<Upstream>> upstreams;
  for (const conf::Upstream& settings : config.upstreams) {
    std::vector<std::shared_ptr<Backend>> backends;
    for (const conf::Backend& one : settings.backends) {
      auto backend = state_->backend_of(places, settings, one);
      if (!backend) return base::fail(std::move(backend.error()));
      backends.push_back(std::move(*backend));
    }
    upstreams.push_back(std::make_unique<Upstream>(state_->loop, settings, std::move(backends)));
  }
  return std::shared_ptr<const Set>(std::make_shared<Set>(std::move(upstreams)));
}

void Upstreams::commit(std::shared_ptr<const Set> set) {
  if (state_->current == nullptr) state_->tasks.spawn(state_->sweep());
  std::unordered_set<const Backend*> in_force;
  for (size_t i = 0; i < set->size(); ++i) {
    for (const auto& backend : set->at(i).backends()) {
      backend->restore();
      in_force.insert(backend.get());
    }
  }
  for (auto& [key, known] : state_->backends) {
    auto backend = known.lock();
    if (backend && !in_force.contains(backend.get())) backend->retire();
  }
  state_->current = std::move(set);
}

io::Task<void> Upstreams::State::sweep() {
  for (;;) {
    io::Sleep sleep(loop, io::Until(loop.now() + sweep_every, &stop));
    co_await sleep;
    if (stop.requested()) co_return;
    for (size_t i = 0; i < current->size(); ++i) {
      Upstream& upstream = current->at(i);
      for (const auto& backend : upstream.backends()) backend->sweep(upstream.settings());
    }
  }
}

io::Task<void> Upstreams::close() {
  state_->stop.request();
  co_await state_->tasks.wait();
  state_->current = nullptr;
  for (auto& [key, known] : state_->backends) {
    if (auto backend = known.lock()) backend->retire();
  }
}

}  // namespace ringwall::upstream
