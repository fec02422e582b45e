#include "daemon/caching/accept.h"

#include <array>

#include "daemon/base/text.h"
#include "daemon/http/grammar.h"

namespace ringwall::caching {
namespace {

using http::FieldName;

/// One member: what is accepted, and how much, in thousandths.
struct Wish {
  std::string_view what;
  unsigned weight = 1000;
};

/// RFC 9110 section 12.4.2: "0" to "1" with at most three decimals.
std::optional<unsigned> parse_weight(std::string_view text) {
  if (text.empty() || text.size() > 5 || (text[0] != '0' && text[0] != '1')) return std::nullopt;
  if (text.size() > 1 && text[1] != '.') return std::nullopt;
  unsigned weight = static_cast<unsigned>(text[0] - '0');
  for (size_t at = 2; at < 5; ++at) {
    char digit = at < text.size() ? text[at] : '0';
    if (!base::is_digit(digit)) return std::nullopt;
    weight = weight * 10 + static_cast<unsigned>(digit - '0');
  }
  if (weight > 1000) return std::nullopt;
  return weight;
}

std::optional<Wish> parse_wish(std::string_view member) {
  http::ListElements parts(member, ';');
  Wish wish{parts.next().value_or("")};
  if (!http::is_token(wish.what)) return std::nullopt;
  while (auto part = parts.next()) {
    http::Parameter parameter = http::parse_parameter(*part);
    if (!parameter.valid || !base::equal_ignoring_case(parameter.name, "q")) return std::nullopt;
    auto weight = parse_weight(parameter.value);
    if (!weight) return std::nullopt;
    wish.weight = *weight;
  }
  return wish;
}

/// Calls f(wish) for each member of the field; false when one is malformed or all are too long.
template <class F>
bool each_wish(const http::FieldSection& request, FieldName name, F f) {
  size_t bytes = 0;
  for (std::string_view value : request.values(name)) {
    bytes += value.size();
    if (bytes > accept_bytes_max) return false;
    http::ListElements members(value);
    while (auto member = members.next()) {
      auto wish = parse_wish(*member);
      if (!wish) return false;
      f(*wish);
    }
  }
  return true;
}

enum class Said : uint8_t { nothing, no, yes };

/// How well a range fits a language: 0 not at all, else more for what is more specific.
size_t fit(std::string_view range, std::string_view language) {
  if (range == "*") return 1;
  std::string_view shorter = range.size() < language.size() ? range : language;
  std::string_view longer = range.size() < language.size() ? language : range;
  bool begins = base::equal_ignoring_case(longer.substr(0, shorter.size()), shorter);
  if (!begins) return 0;
  if (longer.size() == shorter.size()) return SIZE_MAX;
  return longer[shorter.size()] == '-' ? 1 + shorter.size() : 0;
}

/// The wish that decides about one language.
struct Decided {
  size_t fit = 0;
  unsigned weight = 0;
  size_t position = 0;

  bool better_than(const Decided& other) const {
    if (weight != other.weight) return weight > other.weight;
    if (weight == 0) return false;
    return position < other.position;
  }
};

}  // namespace

std::optional<std::string_view> accepted_encodings(const http::FieldSection& request) {
  static constexpr std::array<std::string_view, 8> texts = {
      "", "br", "gzip", "br, gzip", "zstd", "br, zstd", "gzip, zstd", "br, gzip, zstd"};
  static constexpr std::array<std::string_view, 4> codings = {"br", "gzip", "zstd", "identity"};
  constexpr size_t identity = 3;
  std::array<Said, 4> said = {};
  Said any = Said::nothing;
  bool fine = each_wish(request, FieldName::accept_encoding, [&](const Wish& wish) {
    Said word = wish.weight > 0 ? Said::yes : Said::no;
    if (wish.what == "*") any = word;
    std::string_view coding = wish.what;
    // RFC 9110 section 8.4.1.3.
    if (base::equal_ignoring_case(coding, "x-gzip")) coding = "gzip";
    for (size_t i = 0; i < codings.size(); ++i) {
      if (base::equal_ignoring_case(coding, codings[i])) said[i] = word;
    }
  });
  if (!fine) return std::nullopt;
  for (Said& word : said) {
    if (word == Said::nothing) word = any;
  }
  if (said[identity] == Said::no) return std::nullopt;
  size_t taken = 0;
  for (size_t i = 0; i < identity; ++i) {
    if (said[i] == Said::yes) taken |= size_t{1} << i;
  }
  return texts[taken];
}

std::optional<std::string_view> best_language(const http::FieldSection& request,
                                              const std::vector<std::string>& offered) {
  std::string_view best;
  Decided decided_best;
  for (const std::string& language : offered) {
    Decided decided;
    size_t position = 0;
    bool fine = each_wish(request, FieldName::accept_language, [&](const Wish& wish) {
      size_t fits = fit(wish.what, language);
      // Who refuses "de-CH" has not refused "de".
      if (wish.weight == 0 && wish.what.size() > language.size()) fits = 0;
      if (fits > decided.fit) decided = {fits, wish.weight, position};
      ++position;
    });
    if (!fine) return std::nullopt;
    if (!decided.better_than(decided_best)) continue;
    decided_best = decided;
    best = language;
  }
  return best;
}

}  // namespace ringwall::caching
