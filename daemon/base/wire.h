// Writer and Reader: values to bytes and back, for messages between processes of one release on
// one machine (the link, the heritage). Numbers in the machine's own order, strings with their
// length in front. A Reader never goes past the end: what is missing reads as zero and is told.
#pragma once

#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>

namespace ringwall::base {

class Writer {
 public:
  void number(uint64_t value) {
    char bytes[sizeof(value)];
    std::memcpy(bytes, &value, sizeof(value));
    out_.append(bytes, sizeof(bytes));
  }
  void signed_number(int64_t value) { number(static_cast<uint64_t>(value)); }
  void string(std::string_view text) {
    number(text.size());
    out_.append(text);
  }
  std::string take() { return std::move(out_); }

 private:
  std::string out_;
};

class Reader {
 public:
  explicit Reader(std::string_view bytes) : rest_(bytes) {}

  uint64_t number() {
    uint64_t value = 0;
    if (rest_.size() < sizeof(value)) return stop();
    std::memcpy(&value, rest_.data(), sizeof(value));
    rest_.remove_prefix(sizeof(value));
    return value;
  }
  int64_t signed_number() { return static_cast<int64_t>(number()); }
  std::string string() {
    uint64_t size = number();
    if (size > rest_.size()) return stop(), std::string();
    std::string text(rest_.substr(0, size));
    rest_.remove_prefix(size);
    return text;
  }
  /// A count of things that follow, each at least one byte long: never more than there can be.
  uint64_t count() {
    uint64_t value = number();
    return value <= rest_.size() ? value : stop();
  }

  /// Something was missing.
  bool damaged() const { return damaged_; }
  /// All was there and nothing is left.
  bool complete() const { return !damaged_ && rest_.empty(); }

 private:
  uint64_t stop() {
    damaged_ = true;
    rest_ = {};
    return 0;
  }
  std::string_view rest_;
  bool damaged_ = false;
};

}  // namespace ringwall::base
