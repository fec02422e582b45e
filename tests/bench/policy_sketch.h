// Sketch: about how often a key was asked for lately. A count-min sketch of four rows of 4-bit
// counters, sixteen counters for each object that the cache may hold; after ten requests for each
// such object all counters are halved.
#pragma once

#include <algorithm>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <vector>

namespace ringwall::bench {

class Sketch {
 public:
  explicit Sketch(size_t objects) : words_(std::bit_ceil(objects)), sample_(10 * objects) {}

  void note(uint64_t hash) {
    bool grew = false;
    for (unsigned row = 0; row < rows; ++row) {
      uint64_t& word = words_[at(hash, row)];
      const unsigned shift = shift_of(hash, row);
      if ((word >> shift & 15) == 15) continue;
      word += uint64_t{1} << shift;
      grew = true;
    }
    if (grew && ++noted_ >= sample_) halve();
  }
  unsigned uses(uint64_t hash) const {
    unsigned least = 15;
    for (unsigned row = 0; row < rows; ++row) {
      least =
          std::min(least, static_cast<unsigned>(words_[at(hash, row)] >> shift_of(hash, row)) & 15);
    }
    return least;
  }

 private:
  static constexpr unsigned rows = 4;

  size_t at(uint64_t hash, unsigned row) const {
    constexpr uint64_t seeds[rows] = {0xc3a5c85c97cb3127, 0xb492b66fbe98f273, 0x9ae16a3b2f90404f,
                                      0xcbf29ce484222325};
    return ((hash * seeds[row]) >> 32) & (words_.size() - 1);
  }
  // Each row has its own four of a word's sixteen counters.
  static unsigned shift_of(uint64_t hash, unsigned row) {
    return 4 * (4 * row + static_cast<unsigned>(hash >> (2 * row) & 3));
  }
  void halve() {
    for (uint64_t& word : words_) word = word >> 1 & 0x7777777777777777;
    noted_ /= 2;
  }

  std::vector<uint64_t> words_;
  size_t sample_;
  size_t noted_ = 0;
};

}  // namespace ringwall::bench
