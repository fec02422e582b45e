// encode() and decode(): a struct to a JSON object and back, from one description of its members:
//
//   template <class Self, class Visit>
//   static void members(Self& self, Visit&& visit) { visit("pid", self.pid); ... }
//
// Members are numbers, booleans, strings, such structs, and vectors, maps and optionals of these.
// An absent member keeps its default, so that releases may add some; one of the wrong type or out
// of range is an error that names it. Whether an unknown member is one is the caller's to say.
#pragma once

#include <concepts>
#include <limits>
#include <map>
#include <optional>
#include <string>
#include <type_traits>
#include <vector>

#include "daemon/base/result.h"
#include "daemon/control/protocol.h"

namespace ringwall::control {

template <class T>
concept Described = requires(T& value) {
  T::members(value, [](const char*, auto&) {});
};

template <class T>
struct IsOptional : std::false_type {};
template <class T>
struct IsOptional<std::optional<T>> : std::true_type {};

template <class T>
Json encode(const T& value) {
  if constexpr (Described<T>) {
    Json object = Json::object();
    T::members(value, [&object](const char* name, const auto& member) {
      if constexpr (IsOptional<std::decay_t<decltype(member)>>::value) {
        if (member) object[name] = encode(*member);
      } else {
        object[name] = encode(member);
      }
    });
    return object;
  } else if constexpr (requires { typename T::mapped_type; }) {
    Json object = Json::object();
    for (const auto& [name, member] : value) object[name] = encode(member);
    return object;
  } else if constexpr (requires { typename T::value_type; } && !std::is_same_v<T, std::string>) {
    Json list = Json::array();
    for (const auto& member : value) list.push_back(encode(member));
    return list;
  } else {
    return value;
  }
}

enum class Unknown : uint8_t { ignored, refused };

/// Reads `json` into `value`; empty, or what is wrong.
template <class T>
std::string decode_into(const Json& json, T& value, Unknown unknown);

template <class T>
std::string decode_struct(const Json& json, T& value, Unknown unknown) {
  if (!json.is_object()) return "must be an object";
  std::string wrong;
  size_t known = 0;
  T::members(value, [&](const char* name, auto& member) {
    auto found = json.find(name);
    if (found == json.end()) return;
    ++known;
    std::string inner = decode_into(*found, member, unknown);
    if (wrong.empty() && !inner.empty()) wrong = std::string(name) + ": " + inner;
  });
  if (!wrong.empty() || unknown == Unknown::ignored || known == json.size()) return wrong;
  for (const auto& [name, inner] : json.items()) {
    bool listed = false;
    T::members(value, [&](const char* member, auto&) { listed = listed || name == member; });
    if (!listed) return "there is no parameter \"" + name + "\"";
  }
  return wrong;
}

template <class T>
std::string decode_list(const Json& json, T& value, Unknown unknown) {
  if (!json.is_array()) return "must be a list";
  value.clear();
  for (const Json& element : json) {
    std::string inner = decode_into(element, value.emplace_back(), unknown);
    if (!inner.empty()) return inner;
  }
  return {};
}

template <class T>
std::string decode_integer(const Json& json, T& value) {
  constexpr const char* range = "is out of range";
  if (!json.is_number_integer()) return "must be a whole number";
  if (json.is_number_unsigned()) {
    uint64_t number = json.get<uint64_t>();
    if (!std::in_range<T>(number)) return range;
    value = static_cast<T>(number);
    return {};
  }
  int64_t number = json.get<int64_t>();
  if (!std::in_range<T>(number)) return range;
  value = static_cast<T>(number);
  return {};
}

template <class T>
std::string decode_into(const Json& json, T& value, Unknown unknown) {
  if constexpr (Described<T>) {
    return decode_struct(json, value, unknown);
  } else if constexpr (IsOptional<T>::value) {
    if (json.is_null()) return {};
    return decode_into(json, value.emplace(), unknown);
  } else if constexpr (requires { typename T::mapped_type; }) {
    if (!json.is_object()) return "must be an object";
    for (const auto& [name, inner] : json.items()) {
      std::string wrong = decode_into(inner, value[name], unknown);
      if (!wrong.empty()) return name + ": " + wrong;
    }
    return {};
  } else if constexpr (std::is_same_v<T, std::string>) {
    if (!json.is_string()) return "must be a string";
    value = json.get<std::string>();
    return {};
  } else if constexpr (std::is_same_v<T, bool>) {
    if (!json.is_boolean()) return "must be true or false";
    value = json.get<bool>();
    return {};
  } else if constexpr (std::integral<T>) {
    return decode_integer(json, value);
  } else if constexpr (std::floating_point<T>) {
    if (!json.is_number()) return "must be a number";
    value = json.get<T>();
    return {};
  } else {
    return decode_list(json, value, unknown);
  }
}

/// `json` as a T.
template <Described T>
base::Result<T> decode(const Json& json, Unknown unknown = Unknown::ignored) {
  T value;
  std::string wrong = decode_into(json, value, unknown);
  if (!wrong.empty()) return base::fail(std::move(wrong));
  return value;
}

}  // namespace ringwall::control
