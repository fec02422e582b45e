#include <utility>

#include "cache/object.h"
#include "cache/pin.h"
#include "cache/process.h"
#include "cache/store.h"

namespace ringwall::cache {

Hit& Hit::operator=(Hit&& other) noexcept {
  if (this == &other) return *this;
  release();
  process_ = other.process_;
  entry_ = std::exchange(other.entry_, nullptr);
  return *this;
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

std::string_view Hit::selectors() const {
  return selectors_of(*process_, *entry_);
}

bool Hit::purged_soft() const {
  return is_marked(*entry_, mark::soft);
}

Hit Hit::share() const {
  pin(*process_, *entry_);
  return Hit(process_, entry_);
}

void Hit::hold_off(base::WallSeconds until) {
  entry_->link.store(static_cast<uint32_t>(until), std::memory_order_relaxed);
}

}  // namespace ringwall::cache
