// Question: what one exchange asks the cache, and what the rules said of what was found. The bridge
// between the store, which knows no HTTP, and daemon/caching, which knows no store.
#pragma once

#include <string_view>

#include "cache/store.h"
#include "daemon/caching/plan.h"
#include "daemon/caching/reuse.h"
#include "daemon/caching/storable.h"
#include "daemon/proxy/exchange.h"

namespace ringwall::proxy {

class Question {
 public:
  /// All outlive it; `key` is the cache key.
  Question(const Exchange& exchange, const caching::Plan& plan, std::string_view key)
      : exchange_(exchange), plan_(plan), key_(key) {}

  const caching::Plan& plan() const { return plan_; }
  std::string_view key() const { return key_; }
  const conf::RouteCache& settings() const { return exchange_.route->cache; }

  /// The lookup; judges by the rules, whose word is in `reuse` afterwards.
  cache::Found find();
  /// The same without a permit, neither to fill nor to refresh: Busy::alone in its place.
  cache::Found find_without_permit();
  /// The stored response that matches, judged but not looked up for: no permit, no fill to follow.
  std::optional<cache::Hit> peek();
  /// A permit for a response that is there already, whatever is stored and whatever is remembered.
  cache::Found find_late();

  /// A lookup of something whose key says all: whatever is stored serves (proxy/slices.h).
  cache::Found find_as_part();

  /// The judgement of the last find or peek; use is `replace` with an empty rule where nothing
  /// matched.
  const caching::Reuse& reuse() const { return reuse_; }
  /// The last judgement was that it answers the request.
  bool answers() const {
    return reuse_.use == cache::Use::serve || reuse_.use == cache::Use::serve_and_refresh;
  }
  void remember(const caching::Reuse& reuse) { reuse_ = reuse; }
  /// What the rules say of storing `head`, which was asked for at `asked_at_s`.
  caching::Verdict judge(const http::ResponseHead& head, int64_t asked_at_s) const;
  /// Judges a response again, by its facts alone: one that has just arrived.
  bool serves(const cache::Facts& facts) const;
  /// Whether it may be sent although the origin failed.
  bool serves_on_error(const cache::Facts& facts) const;
  /// Whether a response with these selectors fits the request.
  bool selected_by(std::string_view selectors) const;

 private:
  cache::Lookup lookup() const;
  static bool selects(std::string_view selectors, const void* self);
  static cache::Use use(const cache::Candidate& candidate, const void* self);
  static size_t describe(std::string_view model, std::span<char> out, const void* self);

  const Exchange& exchange_;
  const caching::Plan& plan_;
  std::string_view key_;
  mutable caching::Reuse reuse_;
};

}  // namespace ringwall::proxy
