#include "daemon/caching/vary.h"

#include <algorithm>
#include <array>
#include <cstring>

#include "daemon/base/text.h"
#include "daemon/caching/accept.h"
#include "daemon/http/grammar.h"

namespace ringwall::caching {
namespace {

using http::FieldName;

/// Takes text by writing it, until it is full.
class Writer {
 public:
  explicit Writer(std::span<char> room) : room_(room) {}
  void put(std::string_view text) {
    if (text.size() > room_.size() - size_) ok_ = false;
    if (!ok_ || text.empty()) return;
    std::memcpy(room_.data() + size_, text.data(), text.size());
    size_ += text.size();
  }
  bool ok() const { return ok_; }
  std::string_view text() const { return {room_.data(), size_}; }

 private:
  std::span<char> room_;
  size_t size_ = 0;
  bool ok_ = true;
};

/// Takes text by comparing it with what is expected.
class Comparer {
 public:
  explicit Comparer(std::string_view expected) : rest_(expected) {}
  void put(std::string_view text) {
    ok_ = ok_ && rest_.starts_with(text);
    if (ok_) rest_.remove_prefix(text.size());
  }
  bool ok() const { return ok_; }

 private:
  std::string_view rest_;
  bool ok_ = true;
};

/// The value without white space around its commas. Empty members and quotes stay as they are: not
/// every field is a list.
template <class Sink>
void put_value(std::string_view value, Sink& sink) {
  while (sink.ok()) {
    size_t comma = value.find(',');
    sink.put(base::trim_ows(value.substr(0, comma)));
    if (comma == std::string_view::npos) return;
    sink.put(", ");
    value.remove_prefix(comma + 1);
  }
}

/// One line of selectors. `name` is in lower case.
template <class Sink>
void put_line(std::string_view name, const http::FieldSection& request,
              const conf::RouteCache& settings, Sink& sink) {
  FieldName known = http::recognise(name);
  sink.put(name);
  if (auto value = normalised(known, request, settings)) {
    sink.put(":");
    sink.put(*value);
  } else if (request.has(known)) {
    bool first = true;
    for (const http::Field& field : request) {
      if (field.name != known) continue;
      if (known == FieldName::other && !base::equal_ignoring_case(request.name(field), name)) {
        continue;
      }
      sink.put(first ? ":" : ", ");
      first = false;
      put_value(request.value(field), sink);
    }
  }
  sink.put("\n");
}

/// Writes a line for each line of `model`, by its name.
template <class Sink>
void put_like(std::string_view model, const http::FieldSection& request,
              const conf::RouteCache& settings, Sink& sink) {
  while (!model.empty() && sink.ok()) {
    std::string_view line = model.substr(0, model.find('\n'));
    put_line(line.substr(0, line.find(':')), request, settings, sink);
    model.remove_prefix(std::min(line.size() + 1, model.size()));
  }
}

bool before(std::string_view a, std::string_view b) {
  return std::lexicographical_compare(a.begin(), a.end(), b.begin(), b.end(), [](char x, char y) {
    return base::ascii_lower(x) < base::ascii_lower(y);
  });
}

struct Names {
  std::array<std::string_view, selecting_fields_max> names;
  size_t count = 0;
};

/// The members of Vary, sorted and each once; nothing where they select nothing reliably.
std::optional<Names> names_of(const http::FieldSection& response) {
  Names out;
  for (std::string_view value : response.values(FieldName::vary)) {
    http::ListElements members(value);
    while (auto member = members.next()) {
      // "*" is a token too: section 4.1, it never matches.
      if (*member == "*" || !http::is_token(*member)) return std::nullopt;
      auto end = out.names.begin() + static_cast<std::ptrdiff_t>(out.count);
      auto at = std::lower_bound(out.names.begin(), end, *member, before);
      if (at != end && base::equal_ignoring_case(*at, *member)) continue;
      if (out.count == selecting_fields_max) return std::nullopt;
      std::copy_backward(at, end, end + 1);
      *at = *member;
      ++out.count;
    }
  }
  return out;
}

}  // namespace

std::optional<std::string_view> write_selectors(const http::FieldSection& request,
                                                const http::FieldSection& response,
                                                const conf::RouteCache& settings,
                                                std::span<char> out) {
  auto names = names_of(response);
  if (!names) return std::nullopt;
  Writer writer(out);
  for (size_t i = 0; i < names->count && writer.ok(); ++i) {
    std::string_view name = names->names[i];
    std::array<char, 256> room;
    if (name.size() > room.size()) return std::nullopt;
    std::transform(name.begin(), name.end(), room.begin(), base::ascii_lower);
    put_line({room.data(), name.size()}, request, settings, writer);
  }
  if (!writer.ok()) return std::nullopt;
  return writer.text();
}

size_t describe_like(std::string_view model, const http::FieldSection& request,
                     const conf::RouteCache& settings, std::span<char> out) {
  Writer writer(out);
  put_like(model, request, settings, writer);
  return writer.ok() ? writer.text().size() : 0;
}

bool selects(std::string_view selectors, const http::FieldSection& request,
             const conf::RouteCache& settings) {
  Comparer comparer(selectors);
  // Line ends are compared too, so nothing of the selectors is left over.
  put_like(selectors, request, settings, comparer);
  return comparer.ok();
}

std::optional<std::string_view> normalised(FieldName name, const http::FieldSection& request,
                                           const conf::RouteCache& settings,
                                           std::span<char> /*room*/) {
  using Encodings = conf::RouteCache::Encodings;
  if (!request.has(name)) return std::nullopt;
  if (name == FieldName::accept_encoding && settings.accept_encoding == Encodings::canonical) {
    return accepted_encodings(request);
  }
  if (name == FieldName::accept_language && !settings.languages.empty()) {
    return best_language(request, settings.languages);
  }
  return std::nullopt;
}

}  // namespace ringwall::caching
