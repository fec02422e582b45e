// The table of every key of the config: the single source for parser, checker, defaults, messages
// and the manual page.
//
// A Section is a kind of table ([cache], [[listener]], the inline table of `respond`), a Key is one
// name in it. A key that is bound to a member of the model is read, checked and stored by
// conf/value.cc alone; the few others (references, backends, actions) are checked for their type
// there and given their meaning in conf/assemble.cc. Add a key here, run the tests, and paste what
// `ringwall-schema` prints into man/ringwall.toml.5.
#pragma once

#include <chrono>
#include <concepts>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <type_traits>
#include <variant>
#include <vector>

#include "conf/model.h"
#include "daemon/base/address.h"
#include "daemon/base/time.h"

namespace ringwall::conf {

enum class Type : uint8_t {
  string,
  path,  // relative to the directory of the file that names it
  integer,
  cpus,  // integer or "auto"
  size,
  duration,
  boolean,
  choice,  // one of some words; its Value is the index
  address,
  prefixes,        // list of network prefixes
  strings,         // list of strings
  reference,       // name of an upstream
  listener_names,  // list of names of listeners
  backends,        // list of addresses or tables of [upstream.NAME.backends]
  fields,          // table: field name to value or list of values
  answer,          // table of [route.respond]
  route_cache,     // table of [route.cache], or false
  cache_key,       // table of [route.cache.key]
  lifetimes,       // table: status to duration
};

enum class Reload : uint8_t { live, restart };

/// What a key's text means: the alternatives by Type, in the order of the first that use them.
using Value = std::variant<std::string, uint64_t, base::Duration, bool, base::Address,
                           base::PrefixSet, std::vector<std::string>>;

/// How a Value gets into the struct of its section, and how two structs are compared by it.
struct Binding {
  void (*store)(void* target, const Value& value) = nullptr;
  bool (*same)(const void* a, const void* b) = nullptr;
  const void* owner = nullptr;  // identity of the struct's type
  Type type = Type::string;     // what the member's type suggests
};

template <class Struct>
inline constexpr char owner_tag = 0;

/// Enumerations and, for Type::choice, booleans take the index of the word.
template <class Member>
Member from_value(const Value& value) {
  if constexpr (std::is_enum_v<Member>) {
    return static_cast<Member>(std::get<uint64_t>(value));
  } else if constexpr (std::is_same_v<Member, std::optional<base::Duration>>) {
    return std::get<base::Duration>(value);
  } else if constexpr (std::is_same_v<Member, bool>) {
    const bool* flag = std::get_if<bool>(&value);
    return flag != nullptr ? *flag : std::get<uint64_t>(value) != 0;
  } else if constexpr (std::is_integral_v<Member>) {
    return static_cast<Member>(std::get<uint64_t>(value));
  } else {
    return std::get<Member>(value);
  }
}

template <class Member>
constexpr Type type_of_member() {
  if constexpr (std::is_same_v<Member, bool>) return Type::boolean;
  if constexpr (std::is_same_v<Member, base::Duration>) return Type::duration;
  if constexpr (std::is_same_v<Member, std::optional<base::Duration>>) return Type::duration;
  if constexpr (std::is_same_v<Member, base::Address>) return Type::address;
  if constexpr (std::is_same_v<Member, base::PrefixSet>) return Type::prefixes;
  if constexpr (std::is_same_v<Member, std::vector<std::string>>) return Type::strings;
  if constexpr (std::is_integral_v<Member>) return Type::integer;
  if constexpr (std::is_enum_v<Member>) return Type::choice;
  return Type::string;
}

template <class Struct, class Member>
constexpr Binding make_binding(auto store, auto same) {
  return {store, same, &owner_tag<Struct>, type_of_member<Member>()};
}

/// The binding of a data member: `bind<&Http::idle_timeout>()`.
template <auto member>
constexpr Binding bind() {
  return []<class Struct, class Member>(Member Struct::*) {
    bool (*same)(const void*, const void*) = nullptr;
    if constexpr (std::equality_comparable<Member>) {
      same = [](const void* a, const void* b) {
        return static_cast<const Struct*>(a)->*member == static_cast<const Struct*>(b)->*member;
      };
    }
    return make_binding<Struct, Member>(
        +[](void* target, const Value& value) {
          static_cast<Struct*>(target)->*member = from_value<Member>(value);
        },
        same);
  }(member);
}

struct Key {
  std::string_view name;
  Type type = Type::string;
  std::string_view fallback;  // the default as written, without quotes; empty: none
  std::string_view help;
  bool required = false;
  uint64_t least = 0;  // bounds of integers, sizes (bytes) and durations (ns)
  uint64_t most = 0;
  bool zero_allowed = false;  // 0 stands for something of its own (help says what), below `least`
  std::string_view words;     // choices "a|b"; for paths: words that are no path
  Reload reload = Reload::live;
  Binding binding;

  // The builder, so that a row of the table says only what differs from the usual.
  constexpr Key is(Type other) const {
    return with([&](Key& k) { k.type = other; });
  }
  constexpr Key must() const {
    return with([&](Key& k) { k.required = true; });
  }
  constexpr Key at_restart() const {
    return with([&](Key& k) { k.reload = Reload::restart; });
  }
  constexpr Key or_zero() const {
    return with([&](Key& k) { k.zero_allowed = true; });
  }
  constexpr Key one_of(std::string_view w) const {
    return with([&](Key& k) { k.words = w; });
  }
  constexpr Key between(uint64_t from, uint64_t to) const {
    return with([&](Key& k) { k.least = from, k.most = to; });
  }
  constexpr Key between(base::Duration from, base::Duration to) const {
    return between(static_cast<uint64_t>(from.count()), static_cast<uint64_t>(to.count()));
  }

 private:
  template <class F>
  constexpr Key with(F change) const {
    Key copy = *this;
    change(copy);
    return copy;
  }
};

struct Section {
  std::string_view name;     // "cache"; "route.respond"; "" for the top of a file
  std::string_view heading;  // as an operator writes it: "[cache]", "[[listener]]"
  std::string_view help;
  std::span<const Key> keys;
};

/// All sections, in the order of the manual page.
std::span<const Section> schema();
/// Requires: a section of that name.
const Section& section_named(std::string_view name);
const Key* find_key(const Section& section, std::string_view name);

/// The words of a choice.
std::vector<std::string_view> words_of(const Key& key);
/// What may stand there, for messages and the manual: "a duration from 1ms to 1h (\"10s\")".
std::string expected_text(const Key& key);
/// The type in one or two words, for the manual.
std::string_view type_text(Type type);

}  // namespace ringwall::conf
