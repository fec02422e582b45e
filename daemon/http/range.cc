#include "daemon/http/range.h"

#include <algorithm>

#include "daemon/base/text.h"
#include "daemon/http/grammar.h"

namespace ringwall::http {
namespace {

/// Positions beyond 64 bits lie behind the end of everything.
std::optional<uint64_t> position(std::string_view digits) {
  if (digits.empty() || !std::all_of(digits.begin(), digits.end(), base::is_digit)) return {};
  return base::parse_decimal(digits).value_or(UINT64_MAX);
}

std::optional<RangeSet::Spec> parse_spec(std::string_view text) {
  size_t dash = text.find('-');
  if (dash == std::string_view::npos) return std::nullopt;
  std::string_view behind = text.substr(dash + 1);
  auto last = position(behind);
  if (dash == 0) {
    if (!last) return std::nullopt;
    return RangeSet::Spec{0, *last, true};
  }
  auto first = position(text.substr(0, dash));
  if (!first || (!behind.empty() && !last)) return std::nullopt;
  if (last && *last < *first) return std::nullopt;
  return RangeSet::Spec{*first, last.value_or(UINT64_MAX), false};
}

/// The bytes of one spec; nothing when it is not satisfiable (section 14.1.2). Requires: length is
/// not 0.
std::optional<ByteRange> satisfied(const RangeSet::Spec& spec, uint64_t length) {
  if (spec.suffix) {
    if (spec.last == 0) return std::nullopt;
    return ByteRange{length - std::min(spec.last, length), length - 1};
  }
  if (spec.first >= length) return std::nullopt;
  return ByteRange{spec.first, std::min(spec.last, length - 1)};
}

bool overlap(const ByteRange& a, const ByteRange& b) {
  return a.first <= b.last && b.first <= a.last;
}

/// Adds one range; false when it asks again for bytes that were asked for, out of their order.
/// `before`: where the one before it began.
bool add(Selected& selected, ByteRange range, uint64_t before) {
  ByteRange* last = selected.count == 0 ? nullptr : &selected.ranges[selected.count - 1];
  bool ascending = last != nullptr && range.first >= before;
  if (ascending &&
      (range.first <= last->last || range.first - last->last - 1 <= range_gap_bytes_max)) {
    last->last = std::max(last->last, range.last);
  } else {
    last = &selected.ranges[selected.count++];
    *last = range;
  }
  for (const ByteRange* other = selected.ranges.data(); other != last; ++other) {
    if (overlap(*other, *last)) return false;
  }
  return true;
}

Resolved all_of(uint64_t length) {
  Resolved out;
  out.whole = true;
  if (length == 0) return out;
  out.selected.ranges[0] = {0, length - 1};
  out.selected.count = 1;
  return out;
}

/// Takes "bytes", in any case, and the separator behind it off `text`.
bool take_unit(std::string_view& text, char separator) {
  constexpr std::string_view unit = "bytes";
  if (text.size() <= unit.size() || text[unit.size()] != separator) return false;
  if (!base::equal_ignoring_case(text.substr(0, unit.size()), unit)) return false;
  text.remove_prefix(unit.size() + 1);
  return true;
}

void write(HeadWriter& writer, std::optional<ByteRange> range, uint64_t complete_length) {
  writer.begin_field(FieldName::content_range);
  writer.value("bytes ");
  if (range) {
    writer.value(range->first);
    writer.value("-");
    writer.value(range->last);
  } else {
    writer.value("*");
  }
  writer.value("/");
  writer.value(complete_length);
  writer.end_field();
}

}  // namespace

std::optional<RangeSet> parse_range(std::string_view value) {
  if (!take_unit(value, '=')) return std::nullopt;
  RangeSet set;
  ListElements elements(value);
  while (auto element = elements.next()) {
    auto spec = parse_spec(*element);
    if (!spec || set.count == ranges_max) return std::nullopt;
    set.specs[set.count++] = *spec;
  }
  if (set.count == 0) return std::nullopt;
  return set;
}

Resolved resolve(const RangeSet& set, uint64_t length) {
  Resolved out;
  uint64_t before = 0;
  for (size_t i = 0; i < set.count; ++i) {
    const RangeSet::Spec& spec = set.specs[i];
    if (length == 0) {
      // Section 14.1.2: satisfiable, but there are no bytes for a Content-Range to name.
      if (spec.suffix && spec.last != 0) return all_of(0);
      continue;
    }
    auto range = satisfied(spec, length);
    if (!range) continue;
    if (!add(out.selected, *range, before)) return all_of(length);
    before = range->first;
  }
  return out;
}

std::optional<ContentRange> parse_content_range(std::string_view value) {
  if (!take_unit(value, ' ')) return std::nullopt;
  size_t dash = value.find('-');
  size_t slash = value.find('/');
  if (dash == std::string_view::npos || slash == std::string_view::npos || slash < dash) return {};
  auto first = parse_digits(value.substr(0, dash));
  auto last = parse_digits(value.substr(dash + 1, slash - dash - 1));
  if (!first || !last || *last < *first || *last == UINT64_MAX) return std::nullopt;
  ContentRange out{{*first, *last}, std::nullopt};
  std::string_view complete = value.substr(slash + 1);
  if (complete == "*") return out;
  out.complete_length = parse_digits(complete);
  if (!out.complete_length || *last >= *out.complete_length) return std::nullopt;
  return out;
}

void write_content_range(HeadWriter& writer, ByteRange range, uint64_t complete_length) {
  write(writer, range, complete_length);
}

void write_unsatisfied_range(HeadWriter& writer, uint64_t complete_length) {
  write(writer, std::nullopt, complete_length);
}

}  // namespace ringwall::http
