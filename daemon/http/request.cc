#include "daemon/http/request.h"

#include <cstddef>
#include <cstdint>

#include "daemon/http/response.h"

namespace ringwall::http {
namespace {

// Moves a view into the old head to the same place of the new one; leaves others (a literal "/").
// The old bytes may be gone, so only their addresses are compared.
void move_view(std::string_view& view, const char* from, size_t length, const char* to) {
  size_t offset = reinterpret_cast<uintptr_t>(view.data()) - reinterpret_cast<uintptr_t>(from);
  if (view.data() != nullptr && offset <= length) view = {to + offset, view.size()};
}

}  // namespace

void RequestHead::rebase(const char* moved) {
  if (moved == raw) return;
  for (std::string_view* view :
       {&method_text, &target_text, &target.scheme, &target.host, &target.path, &target.query}) {
    move_view(*view, raw, raw_length, moved);
  }
  fields.rebase(moved);
  raw = moved;
}

void ResponseHead::rebase(const char* moved) {
  if (moved == raw) return;
  move_view(reason, raw, raw_length, moved);
  fields.rebase(moved);
  raw = moved;
}

}  // namespace ringwall::http
