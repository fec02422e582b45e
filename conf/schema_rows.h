// How the rows of the schema table are written; for conf/schema*.cc alone.
#pragma once

#include <span>

#include "conf/schema.h"

namespace ringwall::conf {

/// The rows of the sections about caching (conf/schema_cache.cc).
std::span<const Key> cache_rows();
std::span<const Key> route_cache_rows();
std::span<const Key> cache_key_rows();

using namespace std::chrono_literals;

inline constexpr uint64_t kib = 1024;
inline constexpr uint64_t mib = kib * kib;
inline constexpr uint64_t gib = mib * kib;
inline constexpr base::Duration day = 24h;
inline constexpr base::Duration year = 365 * day;

/// A key bound to a member of the model; its type and the bounds of timeouts follow from that.
template <auto member>
constexpr Key key(std::string_view name, std::string_view fallback, std::string_view help) {
  Key key;
  key.name = name;
  key.fallback = fallback;
  key.help = help;
  key.binding = bind<member>();
  key.type = key.binding.type;
  return key.type == Type::duration ? key.between(1ms, day) : key;
}

/// A key whose meaning conf/assemble.cc gives.
constexpr Key special(std::string_view name, Type type, std::string_view help) {
  Key key;
  key.name = name;
  key.type = type;
  key.help = help;
  return key;
}

}  // namespace ringwall::conf
