// The part of Commands that lists stored responses. The walk runs on a thread of its own.
#include <fmt/format.h>

#include "daemon/master/background.h"
#include "daemon/master/commands.h"
#include "daemon/master/listing.h"
#include "daemon/master/master.h"
#include "daemon/master/routed_keys.h"
#include "daemon/master/walk.h"

namespace ringwall::master {

using control::Outcome;
using control::RpcError;

namespace {

constexpr uint64_t listed_max = 10'000;
constexpr uint64_t ranked_max = 1'000;

RpcError bad_limit(uint64_t max) {
  return RpcError(Outcome::usage, fmt::format("the limit is 1 to {}", max));
}

base::WallSeconds wall_seconds() {
  return base::wall_now_ns() / 1'000'000'000;
}

/// Feeds stored responses to `kept` until that has enough, on a thread. Empty, or what went wrong.
template <class Kept>
io::Task<std::string> walk_into(Master& master, Kept& kept) {
  Walk walk(master.estate());
  std::function<void()> work = [&] {
    walk.run([&](cache::Store& store) {
      auto take = [](const cache::Store::Listed& entry, void* context) {
        return static_cast<Kept*>(context)->take(entry);
      };
      store.walk(take, &kept);
    });
  };
  bool ran = co_await in_background(master.loop(), std::move(work));
  co_return ran ? walk.failure : "no thread can be had";
}

}  // namespace

io::Task<control::Answer> Commands::cache_list(const Call& call) {
  auto params = control::read_params<control::ListParams>(call.request);
  if (!params) co_return base::fail(std::move(params.error()));
  if (params->limit < 1 || params->limit > listed_max) co_return base::fail(bad_limit(listed_max));
  if (!master_.estate().observer) co_return base::fail(no_cache());
  std::vector<std::string> prefixes;
  if (params->prefix) {
    prefixes = routed_keys().below(*params->prefix);
    if (prefixes.empty()) {
      co_return base::fail(
          RpcError(Outcome::usage, fmt::format("\"{}\" is no URL", *params->prefix)));
    }
  }
  Listing listing(std::move(prefixes), params->limit, wall_seconds());
  std::string failure = co_await walk_into(master_, listing);
  if (!failure.empty()) co_return base::fail(RpcError(Outcome::failed, failure));
  co_return control::encode(listing.take_report());
}

io::Task<control::Answer> Commands::cache_top(const Call& call) {
  auto params = control::read_params<control::TopParams>(call.request);
  if (!params) co_return base::fail(std::move(params.error()));
  if (params->limit < 1 || params->limit > ranked_max) co_return base::fail(bad_limit(ranked_max));
  auto by = Ranking::by_name(params->by);
  if (!by) {
    co_return base::fail(
        RpcError(Outcome::usage, "responses are ranked by hits, bytes or origin-time"));
  }
  if (!master_.estate().observer) co_return base::fail(no_cache());
  Ranking ranking(*by, params->limit, wall_seconds());
  std::string failure = co_await walk_into(master_, ranking);
  if (!failure.empty()) co_return base::fail(RpcError(Outcome::failed, failure));
  co_return control::encode(ranking.take_report());
}

}  // namespace ringwall::master
