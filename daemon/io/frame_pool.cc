#include "daemon/io/frame_pool.h"

#include <array>
#include <cstdlib>

#include "daemon/base/limits.h"

namespace ringwall::io {
namespace {

constexpr size_t step = 64;
constexpr size_t classes = 96;  // up to 6 KiB; larger frames are rare and go to malloc

struct Free {
  Free* next;
};

struct Lists {
  std::array<Free*, classes> heads = {};
  size_t bytes = 0;
};
constinit thread_local Lists lists;

#if defined(__SANITIZE_ADDRESS__)
constexpr bool pooled = false;
#else
constexpr bool pooled = true;
#endif

}  // namespace

void* allocate_frame(size_t bytes) noexcept {
  size_t index = (bytes + step - 1) / step;
  if (!pooled || index >= classes) return std::malloc(bytes);
  if (Free* head = lists.heads[index]) {
    lists.heads[index] = head->next;
    lists.bytes -= index * step;
    return head;
  }
  return std::malloc(index * step);
}

void release_frame(void* frame, size_t bytes) noexcept {
  size_t index = (bytes + step - 1) / step;
  if (!pooled || index >= classes || lists.bytes + index * step > base::frame_pool_bytes_max) {
    return std::free(frame);
  }
  auto* head = static_cast<Free*>(frame);
  head->next = lists.heads[index];
  lists.heads[index] = head;
  lists.bytes += index * step;
}

size_t frame_pool_bytes() {
  return lists.bytes;
}

}  // namespace ringwall::io
