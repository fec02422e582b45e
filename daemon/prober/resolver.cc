#include "daemon/prober/resolver.h"

#include <ares.h>
#include <sys/epoll.h>
#include <sys/stat.h>

#include <algorithm>
#include <array>
#include <cstring>

#include "daemon/base/unique_fd.h"

namespace ringwall::prober {
namespace {

constexpr const char* resolv_conf = "/etc/resolv.conf";

/// What tells one state of the file from another; zeros when there is none.
timespec changed_at(const char* path) {
  struct stat facts = {};
  return ::stat(path, &facts) == 0 ? facts.st_mtim : timespec();
}

/// Initialises the library once in a process; it is never given back.
base::Status initialise_library() {
  static const int status = ares_library_init(ARES_LIB_INIT_ALL);
  if (status != ARES_SUCCESS) return base::fail(std::string("c-ares: ") + ares_strerror(status));
  return {};
}

/// Order by family and bytes, so that answers in another order compare equal.
bool before(const base::Address& a, const base::Address& b) {
  if (a.size() != b.size()) return a.size() < b.size();
  return std::memcmp(a.data(), b.data(), a.size()) < 0;
}

Answer answer_of(int status, const ares_addrinfo* info) {
  Answer answer;
  if (status != ARES_SUCCESS) {
    answer.failure = ares_strerror(status);
    return answer;
  }
  int shortest = INT32_MAX;
  for (const auto* node = info->nodes; node != nullptr; node = node->ai_next) {
    if (node->ai_family != AF_INET && node->ai_family != AF_INET6) continue;
    base::Address address(node->ai_addr, node->ai_addrlen);
    address.set_port(0);
    answer.addresses.push_back(address);
    shortest = std::min(shortest, node->ai_ttl);
  }
  for (const auto* alias = info->cnames; alias != nullptr; alias = alias->next) {
    shortest = std::min(shortest, alias->ttl);
  }
  std::sort(answer.addresses.begin(), answer.addresses.end(), before);
  auto end = std::unique(answer.addresses.begin(), answer.addresses.end());
  answer.addresses.erase(end, answer.addresses.end());
  if (answer.addresses.empty()) answer.failure = "the answer has no address";
  answer.lifetime = std::chrono::seconds(std::max(shortest, 0));
  return answer;
}

}  // namespace

struct Resolver::State {
  Client& client;
  base::UniqueFd epoll;  // all of c-ares' sockets, so that one poll sees them
  ares_channel channel = nullptr;
  timespec read_at = {};
  bool system_servers = true;
  bool closing = false;
  size_t in_flight = 0;

  struct Lookup {
    State* state;
    void* what;
  };

  explicit State(Client& given) : client(given) {}
};

namespace {

/// c-ares opens, changes or is about to close a socket.
void watch(void* data, ares_socket_t socket, int readable, int writable) {
  int epoll = static_cast<base::UniqueFd*>(data)->get();
  epoll_event event = {};
  event.data.fd = socket;
  if (readable) event.events |= EPOLLIN;
  if (writable) event.events |= EPOLLOUT;
  if (event.events == 0) {
    ::epoll_ctl(epoll, EPOLL_CTL_DEL, socket, nullptr);
  } else if (::epoll_ctl(epoll, EPOLL_CTL_MOD, socket, &event) != 0) {
    ::epoll_ctl(epoll, EPOLL_CTL_ADD, socket, &event);
  }
}

}  // namespace

base::Result<std::unique_ptr<Resolver>> Resolver::create(const ResolverOptions& options,
                                                         Client& client) {
  if (auto ready = initialise_library(); !ready) return base::fail(ready.error());
  auto state = std::make_unique<State>(client);
  state->epoll.reset(::epoll_create1(EPOLL_CLOEXEC));
  if (!state->epoll) return base::fail(base::os_failure("cannot resolve names", errno));
  state->system_servers = options.servers.empty();
  state->read_at = changed_at(resolv_conf);
  ares_options given = {};
  given.timeout = static_cast<int>(
      std::chrono::duration_cast<std::chrono::milliseconds>(options.try_timeout).count());
  given.tries = options.tries;
  given.sock_state_cb = watch;
  given.sock_state_cb_data = &state->epoll;
  int status = ares_init_options(&state->channel, &given,
                                 ARES_OPT_TIMEOUTMS | ARES_OPT_TRIES | ARES_OPT_SOCK_STATE_CB);
  if (status == ARES_SUCCESS && !state->system_servers) {
    status = ares_set_servers_ports_csv(state->channel, options.servers.c_str());
    if (status != ARES_SUCCESS) ares_destroy(state->channel);
  }
  if (status != ARES_SUCCESS) {
    return base::fail(std::string("cannot resolve names: ") + ares_strerror(status));
  }
  return std::unique_ptr<Resolver>(new Resolver(std::move(state)));
}

Resolver::Resolver(std::unique_ptr<State> state) : state_(std::move(state)) {}

Resolver::~Resolver() {
  state_->closing = true;
  ares_destroy(state_->channel);
}

void Resolver::start(const std::string& host, void* lookup) {
  ares_addrinfo_hints hints = {};
  // Unsorted: c-ares would open a connection to each address to sort them.
  hints.ai_flags = ARES_AI_NOSORT;
  hints.ai_family = AF_UNSPEC;
  hints.ai_socktype = SOCK_STREAM;
  ++state_->in_flight;
  auto ended = [](void* argument, int status, int, ares_addrinfo* info) {
    std::unique_ptr<State::Lookup> lookup(static_cast<State::Lookup*>(argument));
    --lookup->state->in_flight;
    if (!lookup->state->closing) {
      lookup->state->client.resolved(lookup->what, answer_of(status, info));
    }
    if (info != nullptr) ares_freeaddrinfo(info);
  };
  ares_getaddrinfo(state_->channel, host.c_str(), nullptr, &hints, ended,
                   new State::Lookup{state_.get(), lookup});
}

size_t Resolver::in_flight() const {
  return state_->in_flight;
}

int Resolver::descriptor() const {
  return state_->epoll.get();
}

base::Status Resolver::watch_also(int fd) {
  epoll_event event = {};
  event.events = EPOLLIN;
  event.data.fd = ARES_SOCKET_BAD;
  if (::epoll_ctl(state_->epoll.get(), EPOLL_CTL_ADD, fd, &event) != 0) {
    return base::fail(base::os_failure("cannot watch a descriptor", errno));
  }
  return {};
}

base::Instant Resolver::deadline(base::Instant now) const {
  timeval left = {};
  if (ares_timeout(state_->channel, nullptr, &left) == nullptr) return base::Instant::never();
  return now + std::chrono::seconds(left.tv_sec) + std::chrono::microseconds(left.tv_usec);
}

void Resolver::process() {
  std::array<epoll_event, 16> events;
  int count = ::epoll_wait(state_->epoll.get(), events.data(), events.size(), 0);
  for (int i = 0; i < count; ++i) {
    auto has = [&](uint32_t bits) { return (events[i].events & bits) != 0; };
    int socket = events[i].data.fd;
    ares_process_fd(state_->channel, has(EPOLLIN | EPOLLERR | EPOLLHUP) ? socket : ARES_SOCKET_BAD,
                    has(EPOLLOUT) ? socket : ARES_SOCKET_BAD);
  }
  // Timeouts are looked at here even when no socket is ready.
  if (count <= 0) ares_process_fd(state_->channel, ARES_SOCKET_BAD, ARES_SOCKET_BAD);
}

bool Resolver::outdated() const {
  if (!state_->system_servers) return false;
  timespec now = changed_at(resolv_conf);
  return now.tv_sec != state_->read_at.tv_sec || now.tv_nsec != state_->read_at.tv_nsec;
}

}  // namespace ringwall::prober
