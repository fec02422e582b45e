// The words of the schema table: what messages and the manual page say of a key.
#include <fmt/format.h>

#include "conf/schema.h"
#include "conf/units.h"
#include "daemon/base/assert.h"
#include "daemon/base/text.h"

namespace ringwall::conf {
namespace {

std::string bound_text(const Key& key, uint64_t bound) {
  if (key.type == Type::size) return size_text(bound);
  if (key.type == Type::duration) return duration_text(base::Duration(static_cast<int64_t>(bound)));
  return fmt::format("{}", bound);
}

std::string range_text(const Key& key, std::string_view noun, std::string_view example) {
  std::string out =
      fmt::format("{} from {} to {}", noun, bound_text(key, key.least), bound_text(key, key.most));
  if (!example.empty()) out += fmt::format(" (\"{}\")", example);
  if (key.zero_allowed && key.least > 0) out += " or 0";
  return out;
}

std::string choice_text(const Key& key) {
  std::string out = "one of";
  std::string_view between = " ";
  for (std::string_view word : words_of(key)) {
    out += fmt::format("{}\"{}\"", between, word);
    between = ", ";
  }
  return out;
}

}  // namespace

const Section& section_named(std::string_view name) {
  for (const Section& section : schema()) {
    if (section.name == name) return section;
  }
  base::assert_failed("a section of that name", __FILE__, __LINE__);
}

const Key* find_key(const Section& section, std::string_view name) {
  for (const Key& key : section.keys) {
    if (key.name == name) return &key;
  }
  return nullptr;
}

std::vector<std::string_view> words_of(const Key& key) {
  if (key.words.empty()) return {};
  return base::split(key.words, '|');
}

std::string expected_text(const Key& key) {
  switch (key.type) {
    case Type::string:
      return "a string";
    case Type::path:
      return "a path";
    case Type::integer:
      return range_text(key, "an integer", "");
    case Type::cpus:
      return range_text(key, "an integer", "") + " or \"auto\"";
    case Type::size:
      return range_text(key, "a size", key.most < (1 << 20) ? "16KiB" : "64MiB");
    case Type::duration:
      return range_text(key, "a duration", "10s");
    case Type::boolean:
      return "true or false";
    case Type::choice:
      return choice_text(key);
    case Type::address:
      return "an address with port such as \"192.0.2.1:80\", \"[2001:db8::1]:80\", \":80\", or "
             "\"unix:/path\"";
    case Type::prefixes:
      return "a list of prefixes such as [\"10.0.0.0/8\"]";
    case Type::strings:
      return "a list of strings";
    case Type::reference:
      return "the name of an upstream";
    case Type::listener_names:
      return "a list of names of listeners";
    case Type::backends:
      return "a list of \"host:port\" or { address, weight }";
    case Type::fields:
      return "a table such as { \"Cache-Control\" = \"max-age=60\" }";
    case Type::answer:
      return "a table such as { status = 200, body = \"hello\" }";
    case Type::route_cache:
      return "false or a table such as { default_lifetime = \"10s\" }";
    case Type::cache_key:
      return "a table such as { query_without = [\"utm_*\"] }";
    case Type::lifetimes:
      return "a table of statuses and durations such as { 404 = \"10s\" }";
  }
  return "";
}

std::string_view type_text(Type type) {
  switch (type) {
    case Type::string:
      return "string";
    case Type::path:
      return "path";
    case Type::integer:
      return "integer";
    case Type::cpus:
      return "integer or \"auto\"";
    case Type::size:
      return "size";
    case Type::duration:
      return "duration";
    case Type::boolean:
      return "boolean";
    case Type::choice:
      return "choice";
    case Type::address:
      return "address";
    case Type::prefixes:
      return "list of prefixes";
    case Type::strings:
      return "list of strings";
    case Type::reference:
      return "name of an upstream";
    case Type::listener_names:
      return "list of listeners";
    case Type::backends:
      return "list of backends";
    case Type::fields:
      return "table of fields";
    case Type::answer:
      return "table";
    case Type::route_cache:
      return "table or false";
    case Type::cache_key:
      return "table";
    case Type::lifetimes:
      return "table of durations";
  }
  return "";
}

}  // namespace ringwall::conf
