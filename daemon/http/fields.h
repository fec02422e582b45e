// FieldSection: the field lines of a head (RFC 9110 section 5) as offsets into its raw bytes. The
// bytes belong to the caller and must stay; when they move, `rebase` follows them. Values are
// without surrounding whitespace and free of control characters but tab. Trivially copyable, no
// allocation; the array of records is not initialised, so that a head on the stack costs nothing.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>

#include "daemon/base/limits.h"
#include "daemon/http/field_name.h"

namespace ringwall::http {

/// One field line.
struct Field {
  uint16_t name_at;
  uint16_t name_length;
  uint16_t value_at;
  uint16_t value_length;
  FieldName name;
};

class FieldSection {
 public:
  FieldSection() {}  // NOLINT: leaves fields_ uninitialised on purpose

  /// Begins anew over a head at `raw`.
  void reset(const char* raw) {
    raw_ = raw;
    present_ = FieldMask();
    count_ = 0;
  }
  /// The head now lies at `raw`, with the same bytes.
  void rebase(const char* raw) { raw_ = raw; }
  /// False when there is no room for one more. Requires: the offsets lie in the head.
  bool add(const Field& field) {
    if (count_ == base::fields_max) return false;
    fields_[count_++] = field;
    present_.add(field.name);
    return true;
  }

  size_t size() const { return count_; }
  bool empty() const { return count_ == 0; }
  /// Over all field lines, in the order received.
  const Field* begin() const { return fields_; }
  const Field* end() const { return fields_ + count_; }

  std::string_view name(const Field& field) const {
    return {raw_ + field.name_at, field.name_length};
  }
  std::string_view value(const Field& field) const {
    return {raw_ + field.value_at, field.value_length};
  }
  /// The whole line without its CRLF, as received.
  std::string_view line(const Field& field) const {
    return {raw_ + field.name_at,
            static_cast<size_t>(field.value_at) + field.value_length - field.name_at};
  }

  bool has(FieldName name) const { return present_.has(name); }
  FieldMask present() const { return present_; }
  /// How many field lines have this name.
  unsigned count(FieldName name) const;
  /// The value of the first line with this name.
  std::optional<std::string_view> first(FieldName name) const;
  /// The value when there is exactly one line with this name, as singleton fields demand.
  std::optional<std::string_view> only(FieldName name) const;
  /// By text in any case, for names that FieldName does not know.
  std::optional<std::string_view> first(std::string_view name) const;

  class Values;
  /// The values of all lines with this name: `for (std::string_view value : fields.values(via))`.
  Values values(FieldName name) const;

 private:
  const char* raw_ = nullptr;
  FieldMask present_;
  uint32_t count_ = 0;
  Field fields_[base::fields_max];
};

/// The range of FieldSection::values. The section must outlive it.
class FieldSection::Values {
 public:
  class iterator {
   public:
    iterator(const FieldSection& section, const Field* at, FieldName name)
        : section_(&section), at_(at), name_(name) {
      skip();
    }
    std::string_view operator*() const { return section_->value(*at_); }
    const Field& field() const { return *at_; }
    iterator& operator++() {
      ++at_;
      skip();
      return *this;
    }
    bool operator==(const iterator& other) const { return at_ == other.at_; }

   private:
    void skip() {
      while (at_ != section_->end() && at_->name != name_) ++at_;
    }
    const FieldSection* section_;
    const Field* at_;
    FieldName name_;
  };

  Values(const FieldSection& section, FieldName name) : section_(section), name_(name) {}
  iterator begin() const {
    return {section_, section_.has(name_) ? section_.begin() : section_.end(), name_};
  }
  iterator end() const { return {section_, section_.end(), name_}; }

 private:
  const FieldSection& section_;
  FieldName name_;
};

inline FieldSection::Values FieldSection::values(FieldName name) const {
  return {*this, name};
}

}  // namespace ringwall::http
