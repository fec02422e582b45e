#include "conf/units.h"

#include <fmt/format.h>

#include <optional>
#include <span>
#include <vector>

#include "daemon/base/text.h"

namespace ringwall::conf {
namespace {

using base::Duration;
using base::fail;

struct Unit {
  std::string_view name;
  uint64_t factor;
};

constexpr uint64_t kilo = 1000;
constexpr uint64_t kibi = 1024;
constexpr uint64_t second_ns = kilo * kilo * kilo;

constexpr Unit time_units[] = {
    {"d", 24 * 3600 * second_ns}, {"h", 3600 * second_ns},
    {"m", 60 * second_ns},        {"s", second_ns},
    {"ms", kilo* kilo},           {"us", kilo},
};
constexpr Unit size_units[] = {
    {"TiB", kibi* kibi* kibi* kibi},
    {"TB", kilo* kilo* kilo* kilo},
    {"GiB", kibi* kibi* kibi},
    {"GB", kilo* kilo* kilo},
    {"MiB", kibi* kibi},
    {"MB", kilo* kilo},
    {"KiB", kibi},
    {"kB", kilo},
    {"B", 1},
};

const Unit* find_unit(std::span<const Unit> units, std::string_view name) {
  for (const Unit& unit : units) {
    if (unit.name == name) return &unit;
  }
  return nullptr;
}

std::string nearest_unit(std::span<const Unit> units, std::string_view name) {
  std::string lower = base::to_lower(name);
  // The longest unit that the word begins with ("sec" → s, "msec" → ms, "mb" → MB, "gib" → GiB).
  std::string_view best;
  for (const Unit& unit : units) {
    if (lower.starts_with(base::to_lower(unit.name)) && unit.name.size() > best.size()) {
      best = unit.name;
    }
  }
  if (!best.empty()) return std::string(best);
  for (const Unit& unit : units) {  // "k", "M", "g"
    if (base::to_lower(unit.name).starts_with(lower)) return std::string(unit.name);
  }
  return "";
}

std::string_view take(std::string_view& text, bool digits) {
  size_t n = 0;
  while (n < text.size() && base::is_digit(text[n]) == digits) ++n;
  std::string_view taken = text.substr(0, n);
  text.remove_prefix(n);
  return taken;
}

/// number × factor added to `sum`; false on overflow of 63 bits.
bool add(uint64_t& sum, uint64_t number, uint64_t factor) {
  uint64_t product = 0;
  if (__builtin_mul_overflow(number, factor, &product)) return false;
  if (__builtin_add_overflow(sum, product, &sum)) return false;
  return sum <= static_cast<uint64_t>(INT64_MAX);
}

/// Reads number-unit pairs, at most `pairs_max`.
base::Result<uint64_t, UnitError> parse(std::string_view text, std::span<const Unit> units,
                                        size_t pairs_max, std::string_view usual) {
  if (text == "0") return uint64_t{0};
  uint64_t sum = 0;
  const Unit* last = nullptr;
  std::string_view rest = text;
  for (size_t pair = 0; pair == 0 || !rest.empty(); ++pair) {
    std::string_view digits = take(rest, true);
    std::string_view word = take(rest, false);
    std::string_view name = base::trim_ows(word);
    auto number = base::parse_decimal(digits);
    if (digits.empty()) return fail(UnitError{"no whole number before the unit", ""});
    if (!number) return fail(UnitError{"too large", ""});
    if (name.empty()) return fail(UnitError{"no unit", fmt::format("{}{}", text, usual)});
    const Unit* unit = find_unit(units, name);
    if (unit == nullptr || name != word) {
      std::string better = unit != nullptr ? std::string(name) : nearest_unit(units, name);
      bool whole = pair == 0 && rest.empty() && !better.empty();
      return fail(UnitError{fmt::format("unknown unit \"{}\"", base::escaped(word)),
                            whole ? fmt::format("{}{}", digits, better) : ""});
    }
    if (pair >= pairs_max || (last != nullptr && unit->factor >= last->factor)) {
      return fail(UnitError{"more than one unit, or not from large to small", ""});
    }
    if (!add(sum, *number, unit->factor)) return fail(UnitError{"too large", ""});
    last = unit;
  }
  return sum;
}

}  // namespace

base::Result<Duration, UnitError> parse_duration(std::string_view text) {
  auto ns = parse(text, time_units, std::size(time_units), "s");
  if (!ns) return fail(ns.error());
  return Duration(static_cast<int64_t>(*ns));
}

base::Result<uint64_t, UnitError> parse_size(std::string_view text) {
  return parse(text, size_units, 1, "MiB");
}

std::string duration_text(Duration duration) {
  auto rest = static_cast<uint64_t>(duration.count());
  if (rest < kilo) return "0";
  std::string out;
  for (const Unit& unit : time_units) {
    if (rest >= unit.factor) out += fmt::format("{}{}", rest / unit.factor, unit.name);
    rest %= unit.factor;
  }
  return out;
}

std::string size_text(uint64_t bytes) {
  if (bytes == 0) return "0";
  for (const Unit& unit : size_units) {
    bool binary = unit.name.size() == 3 || unit.name == "B";
    if (binary && bytes % unit.factor == 0) {
      return fmt::format("{}{}", bytes / unit.factor, unit.name);
    }
  }
  return fmt::format("{}B", bytes);
}

}  // namespace ringwall::conf
