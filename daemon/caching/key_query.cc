#include "daemon/caching/key_query.h"

#include <algorithm>
#include <array>
#include <cstring>
#include <vector>

#include "daemon/caching/key.h"
#include "daemon/route/path.h"

namespace ringwall::caching {
namespace {

/// "utm_*" matches all that begins with "utm_", any other pattern itself.
bool matches(std::string_view pattern, std::string_view name) {
  if (!pattern.ends_with('*')) return name == pattern;
  return name.starts_with(pattern.substr(0, pattern.size() - 1));
}

bool is_named(const std::vector<std::string>& patterns, std::string_view name) {
  return std::any_of(patterns.begin(), patterns.end(),
                     [name](const std::string& pattern) { return matches(pattern, name); });
}

std::string_view name_of(std::string_view parameter) {
  return parameter.substr(0, parameter.find('='));
}

bool is_composed(const conf::CacheKey& settings) {
  return settings.query_sorted || !settings.query_only.empty() || !settings.query_without.empty();
}

bool belongs(std::string_view parameter, const conf::CacheKey& settings) {
  if (parameter.empty()) return false;
  std::string_view name = name_of(parameter);
  if (!settings.query_only.empty() && !is_named(settings.query_only, name)) return false;
  return !is_named(settings.query_without, name);
}

/// Parameters in their normal form, those that belong to the key, each behind an "&". The length,
/// or nothing when they do not fit.
std::optional<size_t> write_chosen(std::string_view query, const conf::CacheKey& settings,
                                   std::span<char> out) {
  size_t size = 0;
  for (;;) {
    std::string_view parameter = query.substr(0, query.find('&'));
    // A longer one may be left out, or become shorter: but who sends such a thing is not served
    // from a cache often.
    if (parameter.size() + 1 > out.size() - size) return std::nullopt;
    char* at = out.data() + size;
    *at = '&';
    size_t length = route::normalise_encoding(parameter, at + 1);
    if (belongs({at + 1, length}, settings)) size += length + 1;
    if (parameter.size() == query.size()) return size;
    query.remove_prefix(parameter.size() + 1);
  }
}

/// Sorts the parameters in `text` by name into `out`, which has room for as many bytes; those of
/// one name keep their order. False when there are too many.
bool sort_into(std::string_view text, char* out) {
  std::array<std::string_view, sorted_parameters_max> parameters;
  size_t count = 0;
  while (!text.empty()) {
    if (count == parameters.size()) return false;
    size_t end = std::min(text.find('&', 1), text.size());
    parameters[count++] = text.substr(0, end);
    text.remove_prefix(end);
  }
  auto end = parameters.begin() + static_cast<std::ptrdiff_t>(count);
  std::sort(parameters.begin(), end, [](std::string_view a, std::string_view b) {
    int order = name_of(a).compare(name_of(b));
    return order != 0 ? order < 0 : a.data() < b.data();
  });
  for (auto parameter = parameters.begin(); parameter != end; ++parameter) {
    std::memcpy(out, parameter->data(), parameter->size());
    out += parameter->size();
  }
  return true;
}

}  // namespace

std::optional<std::string_view> write_query(std::string_view query, const conf::CacheKey& settings,
                                            std::span<char> out) {
  if (!settings.query) return std::string_view();
  if (!is_composed(settings)) {
    if (query.size() + 1 > out.size()) return std::nullopt;
    out[0] = '?';
    return std::string_view(out.data(), 1 + route::normalise_encoding(query, out.data() + 1));
  }
  std::array<char, key_bytes_max> room;
  out = out.first(std::min(out.size(), room.size()));
  std::span<char> chosen = settings.query_sorted ? std::span(room).first(out.size()) : out;
  auto size = write_chosen(query, settings, chosen);
  if (!size) return std::nullopt;
  if (*size == 0) return std::string_view();
  if (settings.query_sorted && !sort_into({chosen.data(), *size}, out.data())) return std::nullopt;
  out[0] = '?';
  return std::string_view(out.data(), *size);
}

}  // namespace ringwall::caching
