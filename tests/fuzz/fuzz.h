// What the fuzz targets of this folder share. A target is one LLVMFuzzerTestOneInput that parses
// its input and checks what must hold whatever the bytes are; CHECK ends the process when it does
// not.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <string_view>

#define CHECK(condition)                                                                  \
  do {                                                                                    \
    if (!(condition)) {                                                                   \
      std::fprintf(stderr, "%s:%d: does not hold: %s\n", __FILE__, __LINE__, #condition); \
      std::abort();                                                                       \
    }                                                                                     \
  } while (false)

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size);

namespace ringwall::fuzz {

inline std::string_view text_of(const uint8_t* data, size_t size) {
  return {reinterpret_cast<const char*>(data), size};
}

/// Where to cut: splits that depend on the input only, so that a find can be replayed.
class Cuts {
 public:
  explicit Cuts(std::string_view text) {
    for (char c : text) state_ = (state_ ^ static_cast<unsigned char>(c)) * 1099511628211u;
  }
  /// From 1 to `most`.
  size_t next(size_t most) {
    state_ = state_ * 6364136223846793005u + 1442695040888963407u;
    return 1 + (state_ >> 33) % most;
  }

 private:
  uint64_t state_ = 14695981039346656037u;
};

}  // namespace ringwall::fuzz
