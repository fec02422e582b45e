// Result<T, E>: a value or the reason why there is none.
//
// Errors that an operator, a peer or a file can cause travel as values through this type; no
// exception crosses a coroutine. Asserts (base/assert.h) are for our own bugs only.
#pragma once

#include <optional>
#include <string>
#include <utility>
#include <variant>

#include "daemon/base/assert.h"

namespace ringwall::base {

/// A sentence for an operator: what failed and, where it is known, what mends it.
struct Error {
  std::string what;
  Error() = default;
  explicit Error(std::string text) : what(std::move(text)) {}
};

/// An error whose text ends in the system's words for `os_error` (an errno value).
Error os_failure(std::string_view what, int os_error);

template <class E>
struct Failure {
  E error;
};

/// `return fail("...")` or `return fail(error)` from a function that gives a Result.
inline Failure<Error> fail(std::string text) {
  return {Error(std::move(text))};
}
inline Failure<Error> fail(const char* text) {
  return {Error(text)};
}
template <class E>
Failure<E> fail(E error) {
  return {std::move(error)};
}

template <class T, class E = Error>
class [[nodiscard]] Result {
 public:
  Result(T value) : state_(std::in_place_index<0>, std::move(value)) {}  // NOLINT: by intent
  Result(Failure<E> failure) : state_(std::in_place_index<1>, std::move(failure.error)) {}  // NOLINT

  explicit operator bool() const { return state_.index() == 0; }
  bool ok() const { return state_.index() == 0; }

  /// Requires: ok().
  T& value() {
    RW_ASSERT(ok());
    return *std::get_if<0>(&state_);
  }
  const T& value() const {
    RW_ASSERT(ok());
    return *std::get_if<0>(&state_);
  }
  T& operator*() { return value(); }
  const T& operator*() const { return value(); }
  T* operator->() { return &value(); }
  const T* operator->() const { return &value(); }

  /// Requires: !ok().
  E& error() {
    RW_ASSERT(!ok());
    return *std::get_if<1>(&state_);
  }
  const E& error() const {
    RW_ASSERT(!ok());
    return *std::get_if<1>(&state_);
  }

 private:
  std::variant<T, E> state_;
};

/// The Result of an act that gives nothing but its success.
template <class E>
class [[nodiscard]] Result<void, E> {
 public:
  Result() = default;
  Result(Failure<E> failure) : error_(std::move(failure.error)) {}  // NOLINT: by intent

  explicit operator bool() const { return !error_; }
  bool ok() const { return !error_; }
  E& error() {
    RW_ASSERT(error_.has_value());
    return *error_;
  }
  const E& error() const {
    RW_ASSERT(error_.has_value());
    return *error_;
  }

 private:
  std::optional<E> error_;
};

using Status = Result<void, Error>;

}  // namespace ringwall::base
