#include "daemon/upstream/attempt.h"

#include "daemon/upstream/backend.h"
#include "daemon/upstream/upstream.h"

namespace ringwall::upstream {

std::string_view name_of(Failure failure) {
  switch (failure) {
    case Failure::connect:
      return "connect";
    case Failure::connect_timeout:
      return "connect timeout";
    case Failure::closed:
      return "closed";
    case Failure::send:
      return "send";
    case Failure::first_byte_timeout:
      return "first byte timeout";
    case Failure::bad_response:
      return "bad response";
    case Failure::cut:
      return "cut";
  }
  return "unknown";
}

Attempt& Attempt::operator=(Attempt&& other) noexcept {
  if (this != &other) {
    end();
    upstream_ = other.upstream_;
    backend_ = std::exchange(other.backend_, nullptr);
    standing_ = other.standing_;
    verdict_ = other.verdict_;
  }
  return *this;
}

void Attempt::begin() {
  standing_ = backend_->begin(upstream_->settings());
}

void Attempt::succeeded(uint64_t first_byte_us) {
  if (backend_ == nullptr || verdict_ != Verdict::none) return;
  verdict_ = Verdict::success;
  backend_->counters().add_first_byte(first_byte_us);
  if (standing_ == Standing::normal) return;
  backend_->succeeded(standing_);
  standing_ = Standing::normal;
}

void Attempt::failed(Failure failure) {
  if (backend_ == nullptr || verdict_ == Verdict::failure) return;
  verdict_ = Verdict::failure;
  backend_->failed(standing_, failure, upstream_->settings());
}

void Attempt::end() {
  Backend* backend = std::exchange(backend_, nullptr);
  if (backend == nullptr) return;
  if (verdict_ == Verdict::success) backend->succeeded(standing_);
  if (verdict_ == Verdict::none) backend->abandoned(standing_);
  backend->leave(upstream_->settings().connections_max);
}

}  // namespace ringwall::upstream
