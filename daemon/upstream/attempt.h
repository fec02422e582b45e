// Attempt: one exchange's claim on a backend, from the choice to the end: its slot among the
// backend's connections, and the verdict on how it went. Gives the slot back when it goes.
#pragma once

#include <cstdint>
#include <string_view>
#include <utility>

namespace ringwall::upstream {

class Backend;
class Upstream;

/// What went wrong with a backend; each counts towards its ejection.
enum class Failure : uint8_t {
  connect,             // refused, unreachable, reset while connecting
  connect_timeout,     // no answer to the connect
  closed,              // ended or reset before a complete response head
  send,                // took no more of the request
  first_byte_timeout,  // no response in time
  bad_response,        // a head or framing that breaks RFC 9112
  cut,                 // the content ended too early or stalled
};
std::string_view name_of(Failure failure);

/// What the attempt is to a backend's health (health.h).
enum class Standing : uint8_t { normal, trial, forced };

class Attempt {
 public:
  Attempt() = default;  // empty
  /// Requires: a slot of `backend` is taken for it.
  Attempt(Upstream& upstream, Backend& backend) : upstream_(&upstream), backend_(&backend) {}
  Attempt(Attempt&& other) noexcept
      : upstream_(other.upstream_),
        backend_(std::exchange(other.backend_, nullptr)),
        standing_(other.standing_),
        verdict_(other.verdict_) {}
  Attempt& operator=(Attempt&& other) noexcept;
  ~Attempt() { end(); }

  Upstream& upstream() const { return *upstream_; }
  Backend& backend() const { return *backend_; }

  /// The backend is really tried; it may be the trial that decides its return.
  void begin();
  /// The verdict. A success is final for a trial, which may return the backend at once; otherwise
  /// it counts at the end, and a failure after it (content cut short) stands instead.
  void succeeded(uint64_t first_byte_us);
  void failed(Failure failure);
  /// Gives the slot back. Empties the attempt.
  void end();

 private:
  Upstream* upstream_ = nullptr;
  Backend* backend_ = nullptr;
  Standing standing_ = Standing::normal;
  enum class Verdict : uint8_t { none, success, failure } verdict_ = Verdict::none;
};

}  // namespace ringwall::upstream
