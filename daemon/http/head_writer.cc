#include "daemon/http/head_writer.h"

#include <charconv>
#include <cstring>

#include "daemon/base/assert.h"
#include "daemon/http/grammar.h"
#include "daemon/http/scan.h"
#include "daemon/http/status.h"

namespace ringwall::http {
namespace {

constexpr size_t digits_max = 20;  // of a 64-bit number

/// `number` as digits at the end of `room`.
std::string_view digits_of(uint64_t number, char (&room)[digits_max]) {
  char* end = std::to_chars(room, room + digits_max, number).ptr;
  return {room, static_cast<size_t>(end - room)};
}

}  // namespace

bool HeadWriter::fits(size_t bytes) {
  if (bytes > room_ - size_) ok_ = false;
  return ok_;
}

void HeadWriter::put(std::string_view text) {
  if (text.empty()) return;
  std::memcpy(begin_ + size_, text.data(), text.size());
  size_ += text.size();
}

void HeadWriter::request_line(std::string_view method, std::string_view target) {
  const char* end = target.data() + target.size();
  if (!is_token(method) || target.empty() || find_not_visible(target.data(), end) != end) {
    ok_ = false;
  }
  if (!fits(method.size() + target.size() + 12)) return;
  put(method);
  put(" ");
  put(target);
  put(" HTTP/1.1\r\n");
}

void HeadWriter::status_line(unsigned status, std::string_view reason) {
  if (reason.empty()) reason = reason_phrase(status);
  if (status < 100 || status > 999 || !is_field_value(reason)) ok_ = false;
  if (!fits(reason.size() + 15)) return;
  char room[digits_max];
  put("HTTP/1.1 ");
  put(digits_of(status, room));
  put(" ");
  put(reason);
  put("\r\n");
}

void HeadWriter::field(FieldName name, std::string_view value) {
  std::string_view text = text_of(name);
  if (!is_field_value(value)) ok_ = false;
  if (!fits(text.size() + value.size() + 4)) return;
  put(text);
  put(": ");
  put(value);
  put("\r\n");
}

void HeadWriter::field(std::string_view name, std::string_view value) {
  if (!is_token(name) || !is_field_value(value)) ok_ = false;
  if (!fits(name.size() + value.size() + 4)) return;
  put(name);
  put(": ");
  put(value);
  put("\r\n");
}

void HeadWriter::field(FieldName name, uint64_t number) {
  char room[digits_max];
  field(name, digits_of(number, room));
}

void HeadWriter::field(const FieldSection& from, const Field& field) {
  this->field(from.name(field), from.value(field));
}

void HeadWriter::begin_field(FieldName name) {
  std::string_view text = text_of(name);
  line_at_ = size_;
  if (!fits(text.size() + 2)) return;
  put(text);
  put(": ");
}

void HeadWriter::value(std::string_view piece) {
  if (!is_field_value(piece)) ok_ = false;
  if (fits(piece.size())) put(piece);
}

void HeadWriter::value(uint64_t number) {
  char room[digits_max];
  value(digits_of(number, room));
}

void HeadWriter::end_field() {
  if (fits(2)) {
    put("\r\n");
  } else {
    size_ = line_at_;  // no half line is left behind
  }
}

void HeadWriter::raw(std::string_view lines) {
  if (fits(lines.size())) put(lines);
}

void HeadWriter::finish() {
  if (fits(2)) put("\r\n");
}

}  // namespace ringwall::http
