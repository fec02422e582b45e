#include "daemon/prober/prober.h"

#include <poll.h>
#include <sys/eventfd.h>

#include <algorithm>
#include <limits>

#include "daemon/base/log.h"
#include "daemon/io/operations.h"

namespace ringwall::prober {
namespace {

constexpr base::Duration lifetime_min = std::chrono::seconds(1);
constexpr base::Duration back_off_max = std::chrono::seconds(30);
// Names looked up at the same time, so that a big config does not flood its name server.
constexpr size_t lookups_max = 64;

base::Duration back_off(unsigned failures) {
  return std::min<base::Duration>(std::chrono::seconds(1u << std::min(failures - 1, 5u)),
                                  back_off_max);
}

bool contains(const std::vector<uint32_t>& places, uint32_t place) {
  return std::find(places.begin(), places.end(), place) != places.end();
}

double in_seconds(base::Duration duration) {
  return std::chrono::duration<double>(duration).count();
}

}  // namespace

base::Result<std::unique_ptr<Prober>> Prober::create(io::Loop& loop, upstream::ResolvedTable& table,
                                                     const ResolverOptions& options) {
  std::unique_ptr<Prober> prober(new Prober(loop, table, options));
  prober->changed_.reset(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK));
  if (!prober->changed_) return base::fail(base::os_failure("cannot make an eventfd", errno));
  auto resolver = Resolver::create(options, *prober);
  if (!resolver) return base::fail(std::move(resolver.error()));
  prober->resolver_ = std::move(*resolver);
  auto watched = prober->resolver_->watch_also(prober->changed_.get());
  if (!watched) return base::fail(std::move(watched.error()));
  return prober;
}

void Prober::configure(const conf::Config& config, const IndexOf& index_of) {
  std::map<std::string, Wanted> wanted;
  for (const conf::Upstream& upstream : config.upstreams) {
    for (const conf::Backend& backend : upstream.backends) {
      if (backend.host.empty()) continue;
      std::optional<uint32_t> index = index_of(upstream, backend);
      if (!index) continue;
      Wanted& name = wanted[backend.host];
      name.places.push_back(*index);
      name.interval = std::min(name.interval, upstream.resolve_interval);
    }
  }
  // First what goes, then what comes: a place may change its name.
  forget_all_but(wanted);
  for (const auto& [host, given] : wanted) {
    std::unique_ptr<Name>& name = names_[host];
    if (name == nullptr) {
      name = std::make_unique<Name>();
      name->host = host;
      name->due = loop_.now();
    }
    name->interval = given.interval;
    name->due = std::min(name->due, loop_.now() + given.interval);
    for (uint32_t place : given.places) {
      if (!contains(name->places, place) && !name->addresses.empty()) {
        table_.write(place, host, name->addresses);
      }
    }
    name->places = given.places;
  }
  ::eventfd_write(changed_.get(), 1);
}

void Prober::forget_all_but(const std::map<std::string, Wanted>& wanted) {
  std::vector<uint32_t> in_use;
  for (const auto& [host, name] : wanted) {
    in_use.insert(in_use.end(), name.places.begin(), name.places.end());
  }
  for (auto at = names_.begin(); at != names_.end();) {
    Name& name = *at->second;
    for (uint32_t place : name.places) {
      if (!contains(in_use, place)) table_.clear(place);
    }
    if (wanted.contains(at->first)) {
      ++at;
      continue;
    }
    name.wanted = false;
    if (name.looking) forgotten_.push_back(std::move(at->second));
    at = names_.erase(at);
  }
}

io::Task<void> Prober::run(io::Stop& stop) {
  while (!stop.requested()) {
    renew_resolver();
    start_due();
    base::Instant until = std::min(next_due(), resolver_->deadline(loop_.now()));
    io::Poll poll(loop_, resolver_->descriptor(), POLLIN, io::Until(until, &stop));
    co_await poll;
    eventfd_t drained = 0;
    ::eventfd_read(changed_.get(), &drained);
    resolver_->process();
  }
}

void Prober::start_due() {
  // A lookup may end before start() returns (/etc/hosts): then its name is due later.
  for (auto& [host, name] : names_) {
    if (resolver_->in_flight() >= lookups_max) return;
    if (name->looking || name->due > loop_.now()) continue;
    name->looking = true;
    resolver_->start(host, name.get());
  }
}

base::Instant Prober::next_due() const {
  // With all lookups taken, the end of one of them is what to wait for.
  if (resolver_->in_flight() >= lookups_max) return base::Instant::never();
  base::Instant next = base::Instant::never();
  for (const auto& [host, name] : names_) {
    if (!name->looking) next = std::min(next, name->due);
  }
  return next;
}

void Prober::renew_resolver() {
  if (resolver_->in_flight() > 0 || !resolver_->outdated()) return;
  auto resolver = Resolver::create(options_, *this);
  if (resolver) {
    auto watched = (*resolver)->watch_also(changed_.get());
    if (watched) {
      resolver_ = std::move(*resolver);
      base::log_notice("the system's list of name servers has changed and was read again");
      return;
    }
  }
  base::log_error("the system's list of name servers has changed but cannot be read again");
}

void Prober::resolved(void* lookup, Answer answer) {
  Name& name = *static_cast<Name*>(lookup);
  name.looking = false;
  if (!name.wanted) {
    std::erase_if(forgotten_, [&](const auto& forgotten) { return forgotten.get() == &name; });
    return;
  }
  if (!answer.failure.empty()) return settle_failure(name, answer.failure);
  if (name.failures > 0) base::log_notice("name {} resolves again", name.host);
  name.failures = 0;
  name.due = loop_.now() + std::clamp(answer.lifetime, lifetime_min, name.interval);
  if (answer.addresses == name.addresses) return;
  name.addresses = std::move(answer.addresses);
  base::log_info("name {} resolves to {} address(es), the first is {}", name.host,
                 name.addresses.size(), name.addresses.front().ip());
  publish(name);
}

void Prober::settle_failure(Name& name, const std::string& failure) {
  ++name.failures;
  base::Duration pause = back_off(name.failures);
  name.due = loop_.now() + pause;
  auto level = name.failures == 1 ? base::LogLevel::warning : base::LogLevel::debug;
  base::log(level, "name {} does not resolve: {}; {}, next attempt in {} s", name.host, failure,
            name.addresses.empty() ? "no address is known" : "the last good answer stands",
            in_seconds(pause));
}

void Prober::publish(const Name& name) {
  for (uint32_t place : name.places) table_.write(place, name.host, name.addresses);
}

}  // namespace ringwall::prober
