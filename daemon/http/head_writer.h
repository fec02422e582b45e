// HeadWriter: writes an HTTP/1 head into room of the caller's. When something does not fit or would
// break the head (CR, LF or NUL in a value, a name that is no token), nothing of it is written and
// `ok` is false for good: a wrong head is never sent. No allocation.
#pragma once

#include <cstdint>
#include <span>
#include <string_view>

#include "daemon/http/fields.h"
#include "daemon/http/method.h"

namespace ringwall::http {

class HeadWriter {
 public:
  explicit HeadWriter(std::span<char> room) : begin_(room.data()), room_(room.size()) {}

  /// "GET /a HTTP/1.1". Requires nothing of method and target: they are checked.
  void request_line(std::string_view method, std::string_view target);
  /// "HTTP/1.1 200 OK"; an empty reason means the registered phrase.
  void status_line(unsigned status, std::string_view reason = {});

  void field(FieldName name, std::string_view value);
  void field(std::string_view name, std::string_view value);
  void field(FieldName name, uint64_t number);
  /// A received field line as it was; its value was validated by the parser, and is again.
  void field(const FieldSection& from, const Field& field);

  /// A value in pieces: begin_field, any number of value calls, end_field.
  void begin_field(FieldName name);
  void value(std::string_view piece);
  void value(uint64_t number);
  void end_field();

  /// Appends serialised lines unchecked. Requires: they come from a HeadWriter or a validator.
  void raw(std::string_view lines);
  /// The empty line. No more after it.
  void finish();

  bool ok() const { return ok_; }
  /// What was written so far.
  std::string_view text() const { return {begin_, size_}; }
  size_t size() const { return size_; }
  size_t left() const { return room_ - size_; }

 private:
  bool fits(size_t bytes);
  void put(std::string_view text);

  char* begin_;
  size_t room_;
  size_t size_ = 0;
  size_t line_at_ = 0;  // where the field that is being written in pieces begins
  bool ok_ = true;
};

}  // namespace ringwall::http
