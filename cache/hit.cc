#include <utility>

#include "cache/extents.h"
#include "cache/pin.h"
#include "cache/process.h"
#include "cache/store.h"

namespace ringwall::cache {

Hit::Hit(Hit&& other) noexcept
    : process_(other.process_), entry_(std::exchange(other.entry_, nullptr)) {}

Hit& Hit::operator=(Hit&& other) noexcept {
  if (this == &other) return *this;
  release();
  process_ = other.process_;
  entry_ = std::exchange(other.entry_, nullptr);
  return *this;
}

Hit::~Hit() {
  release();
}

void Hit::release() {
  if (entry_ != nullptr) unpin(*process_, *std::exchange(entry_, nullptr));
}

const Facts& Hit::facts() const {
  return entry_->facts;
}

std::string_view Hit::head() const {
  return head_of(*process_, *entry_);
}

uint64_t Hit::content_length() const {
  return entry_->content_length.load(std::memory_order_relaxed);
}

size_t Hit::content(uint64_t offset, uint64_t length, std::span<iovec> out) const {
  return content_spans(*process_, *entry_, offset, length, out);
}

uint64_t Hit::hits() const {
  return __atomic_load_n(&entry_->hits, __ATOMIC_RELAXED);
}

}  // namespace ringwall::cache
