#include "daemon/http/date.h"

#include <algorithm>
#include <array>
#include <cstring>

#include "daemon/base/text.h"

namespace ringwall::http {
namespace {

constexpr int64_t day_seconds = 86400;
constexpr std::array<std::string_view, 7> days = {"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"};
constexpr std::array<std::string_view, 7> long_days = {"Sunday",   "Monday", "Tuesday", "Wednesday",
                                                       "Thursday", "Friday", "Saturday"};
constexpr std::array<std::string_view, 12> months = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                                     "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};

struct Civil {
  int64_t year;
  int month;  // 1 to 12
  int day;
};

// Days since 1970-01-01 of the proleptic Gregorian calendar and back, by counting years from March
// so that the leap day comes last, in eras of 400 years with 146097 days each.
constexpr int64_t days_of(Civil date) {
  int64_t year = date.year - (date.month <= 2 ? 1 : 0);
  int64_t era = (year >= 0 ? year : year - 399) / 400;
  int64_t year_of_era = year - era * 400;
  int64_t month_from_march = (date.month + 9) % 12;
  int64_t day_of_year = (153 * month_from_march + 2) / 5 + date.day - 1;
  int64_t day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
  return era * 146097 + day_of_era - 719468;
}

constexpr Civil civil_of(int64_t day) {
  day += 719468;
  int64_t era = (day >= 0 ? day : day - 146096) / 146097;
  int64_t day_of_era = day - era * 146097;
  int64_t year_of_era =
      (day_of_era - day_of_era / 1460 + day_of_era / 36524 - day_of_era / 146096) / 365;
  int64_t day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
  int64_t month_from_march = (5 * day_of_year + 2) / 153;
  auto day_of_month = static_cast<int>(day_of_year - (153 * month_from_march + 2) / 5 + 1);
  auto month =
      static_cast<int>(month_from_march < 10 ? month_from_march + 3 : month_from_march - 9);
  return {year_of_era + era * 400 + (month <= 2 ? 1 : 0), month, day_of_month};
}

constexpr int64_t first_second = days_of({0, 1, 1}) * day_seconds;
constexpr int64_t last_second = days_of({10000, 1, 1}) * day_seconds - 1;

constexpr int month_days(int64_t year, int month) {
  constexpr std::array<int, 12> lengths = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
  bool leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
  return lengths[static_cast<size_t>(month - 1)] + (month == 2 && leap ? 1 : 0);
}

void put_two(char* out, int value) {
  out[0] = static_cast<char>('0' + value / 10);
  out[1] = static_cast<char>('0' + value % 10);
}

/// Reads a date from left to right; every miss is remembered, the position is then of no account.
class Reader {
 public:
  explicit Reader(std::string_view text) : rest_(text) {}

  bool at_end() const { return ok_ && rest_.empty(); }
  void literal(std::string_view text) {
    ok_ = ok_ && begins_with(text);
    if (ok_) rest_.remove_prefix(text.size());
  }
  int digits(size_t count) {
    if (rest_.size() < count) ok_ = false;
    int value = 0;
    for (size_t i = 0; ok_ && i < count; ++i) {
      ok_ = rest_[i] >= '0' && rest_[i] <= '9';
      value = value * 10 + (rest_[i] - '0');
    }
    if (ok_) rest_.remove_prefix(count);
    return value;
  }
  /// asctime pads the day with a space.
  int padded_day() {
    if (!rest_.starts_with(' ')) return digits(2);
    rest_.remove_prefix(1);
    return digits(1);
  }
  template <size_t N>
  int name(const std::array<std::string_view, N>& names) {
    for (size_t i = 0; i < N; ++i) {
      if (!begins_with(names[i])) continue;
      rest_.remove_prefix(names[i].size());
      return static_cast<int>(i);
    }
    ok_ = false;
    return 0;
  }
  int clock() {
    int hour = digits(2);
    literal(":");
    int minute = digits(2);
    literal(":");
    int second = digits(2);
    ok_ = ok_ && hour < 24 && minute < 60 && second <= 60;
    return hour * 3600 + minute * 60 + std::min(second, 59);
  }

 private:
  bool begins_with(std::string_view text) const {
    return base::equal_ignoring_case(rest_.substr(0, text.size()), text);
  }

  std::string_view rest_;
  bool ok_ = true;
};

std::optional<base::WallSeconds> assemble(const Reader& reader, Civil date, int clock) {
  if (!reader.at_end()) return std::nullopt;
  if (date.day < 1 || date.day > month_days(date.year, date.month)) return std::nullopt;
  return days_of(date) * day_seconds + clock;
}

// Sun, 06 Nov 1994 08:49:37 GMT
std::optional<base::WallSeconds> parse_imf_fixdate(std::string_view text) {
  Reader reader(text);
  Civil date = {};
  reader.name(days);
  reader.literal(", ");
  date.day = reader.digits(2);
  reader.literal(" ");
  date.month = reader.name(months) + 1;
  reader.literal(" ");
  date.year = reader.digits(4);
  reader.literal(" ");
  int clock = reader.clock();
  reader.literal(" GMT");
  return assemble(reader, date, clock);
}

// Sunday, 06-Nov-94 08:49:37 GMT
std::optional<base::WallSeconds> parse_rfc850(std::string_view text, base::WallSeconds now) {
  Reader reader(text);
  Civil date = {};
  reader.name(long_days);
  reader.literal(", ");
  date.day = reader.digits(2);
  reader.literal("-");
  date.month = reader.name(months) + 1;
  reader.literal("-");
  int year = reader.digits(2);
  reader.literal(" ");
  int clock = reader.clock();
  reader.literal(" GMT");
  // A year that seems more than 50 years ahead is the last one with these digits.
  int64_t this_year = civil_of(std::clamp(now, first_second, last_second) / day_seconds).year;
  date.year = this_year - this_year % 100 + year;
  if (date.year > this_year + 50) date.year -= 100;
  if (date.year <= this_year - 50) date.year += 100;
  return assemble(reader, date, clock);
}

// Sun Nov  6 08:49:37 1994
std::optional<base::WallSeconds> parse_asctime(std::string_view text) {
  Reader reader(text);
  Civil date = {};
  reader.name(days);
  reader.literal(" ");
  date.month = reader.name(months) + 1;
  reader.literal(" ");
  date.day = reader.padded_day();
  reader.literal(" ");
  int clock = reader.clock();
  reader.literal(" ");
  date.year = reader.digits(4);
  return assemble(reader, date, clock);
}

}  // namespace

void write_date(base::WallSeconds time, char* out) {
  time = std::clamp(time, first_second, last_second);
  int64_t day = (time >= 0 ? time : time - (day_seconds - 1)) / day_seconds;
  auto clock = static_cast<int>(time - day * day_seconds);
  Civil date = civil_of(day);
  // 1970-01-01 was a Thursday.
  int64_t weekday = (day % 7 + 7 + 4) % 7;
  std::memcpy(out, "Sun, 06 Nov 1994 08:49:37 GMT", date_bytes);
  std::memcpy(out, days[static_cast<size_t>(weekday)].data(), 3);
  put_two(out + 5, date.day);
  std::memcpy(out + 8, months[static_cast<size_t>(date.month - 1)].data(), 3);
  put_two(out + 12, static_cast<int>(date.year / 100));
  put_two(out + 14, static_cast<int>(date.year % 100));
  put_two(out + 17, clock / 3600);
  put_two(out + 20, clock / 60 % 60);
  put_two(out + 23, clock % 60);
}

std::optional<base::WallSeconds> parse_date(std::string_view text, base::WallSeconds now) {
  if (text.size() < 4) return std::nullopt;
  if (text[3] == ',') return parse_imf_fixdate(text);
  if (text[3] == ' ') return parse_asctime(text);
  return parse_rfc850(text, now);
}

}  // namespace ringwall::http
