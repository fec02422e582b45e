#include "conf/value.h"

#include <fmt/format.h>

#include "conf/units.h"
#include "daemon/base/text.h"

namespace ringwall::conf {
namespace {

using Kind = Node::Kind;

/// One key's value under examination: where to report and what to say there.
struct Case {
  const Key& key;
  const Node& node;
  const std::string& label;
  Problems& problems;

  std::nullopt_t wrong(std::string message, std::string hint = "") const {
    problems.push_back(
        {node.where, label, std::move(message), expected_text(key), std::move(hint), ""});
    return std::nullopt;
  }
  std::nullopt_t wrong_type() const { return wrong(node.described()); }
};

std::optional<Value> bounded(const Case& c, uint64_t value) {
  if (value == 0 && c.key.zero_allowed) return value;
  if (value >= c.key.least && value <= c.key.most) return value;
  return c.wrong(c.node.described() + " is out of range");
}

std::optional<Value> read_integer(const Case& c) {
  if (c.node.kind == Kind::string && base::parse_decimal(c.node.text)) {
    c.wrong(c.node.described());
    c.problems.back().mend = "write the number without quotes";
    return std::nullopt;
  }
  if (c.node.kind != Kind::integer) return c.wrong_type();
  if (c.node.integer < 0) return c.wrong(c.node.described() + " is out of range");
  return bounded(c, static_cast<uint64_t>(c.node.integer));
}

/// 0 stands for itself; "auto" is replaced by the number of processors in assemble.
std::optional<Value> read_cpus(const Case& c) {
  if (c.node.kind != Kind::string) return read_integer(c);
  if (c.node.text == "auto") return uint64_t{0};
  auto near = base::nearest(c.node.text, {"auto"});
  return c.wrong(c.node.described(), std::string(near.value_or("")));
}

std::optional<Value> without_unit(const Case& c, std::string_view usual) {
  if (c.node.integer == 0) return bounded(c, 0);
  bool positive = c.node.integer > 0;
  return c.wrong(c.node.described() + (positive ? " has no unit" : " is out of range"),
                 positive ? fmt::format("{}{}", c.node.integer, usual) : "");
}

std::optional<Value> read_size(const Case& c) {
  if (c.node.kind == Kind::integer) return without_unit(c, c.key.most < 1 << 20 ? "B" : "MiB");
  if (c.node.kind != Kind::string) return c.wrong_type();
  auto size = parse_size(c.node.text);
  if (!size) return c.wrong(c.node.described() + ": " + size.error().message, size.error().hint);
  return bounded(c, *size);
}

std::optional<Value> read_duration(const Case& c) {
  std::optional<Value> ns;
  if (c.node.kind == Kind::integer) {
    ns = without_unit(c, "s");
  } else if (c.node.kind == Kind::string) {
    auto duration = parse_duration(c.node.text);
    if (!duration) {
      return c.wrong(c.node.described() + ": " + duration.error().message, duration.error().hint);
    }
    ns = bounded(c, static_cast<uint64_t>(duration->count()));
  } else {
    return c.wrong_type();
  }
  if (!ns) return std::nullopt;
  return base::Duration(static_cast<int64_t>(std::get<uint64_t>(*ns)));
}

std::optional<Value> read_choice(const Case& c) {
  if (c.node.kind != Kind::string) return c.wrong_type();
  std::vector<std::string_view> words = words_of(c.key);
  for (size_t i = 0; i < words.size(); ++i) {
    if (words[i] == c.node.text) return uint64_t{i};
  }
  auto near = base::nearest(base::to_lower(c.node.text), words);
  return c.wrong(c.node.described(), std::string(near.value_or("")));
}

std::optional<Value> read_address(const Case& c) {
  if (c.node.kind != Kind::string) return c.wrong_type();
  auto address = base::Address::parse(c.node.text);
  if (!address) return c.wrong(c.node.described() + ": " + address.error().what);
  if (is_relative_socket(c.node.text)) {
    return c.wrong(c.node.described() + ": not an absolute path");
  }
  return *address;
}

/// The items of a list of strings; a single string where a list belongs is told apart.
bool is_list_of_strings(const Case& c) {
  if (c.node.kind == Kind::string) {
    c.wrong(c.node.described());
    c.problems.back().mend = fmt::format("write [\"{}\"]", base::escaped(c.node.text));
    return false;
  }
  if (c.node.kind != Kind::list) return c.wrong_type(), false;
  size_t before = c.problems.size();
  for (const Node& item : c.node.items) {
    if (item.kind != Kind::string) Case{c.key, item, c.label, c.problems}.wrong_type();
  }
  return c.problems.size() == before;
}

std::optional<Value> read_prefixes(const Case& c) {
  if (!is_list_of_strings(c)) return std::nullopt;
  base::PrefixSet set;
  bool good = true;
  for (const Node& item : c.node.items) {
    auto prefix = base::Prefix::parse(item.text);
    if (prefix) {
      set.add(*prefix);
    } else {
      Case{c.key, item, c.label, c.problems}.wrong(item.described() + ": " + prefix.error().what);
      good = false;
    }
  }
  if (!good) return std::nullopt;
  return set;
}

std::optional<Value> read_strings(const Case& c) {
  if (!is_list_of_strings(c)) return std::nullopt;
  std::vector<std::string> strings;
  for (const Node& item : c.node.items) strings.push_back(item.text);
  return strings;
}

std::optional<Value> read_text(const Case& c) {
  if (c.node.kind != Kind::string) return c.wrong_type();
  if (c.key.type == Type::string) return c.node.text;
  if (c.node.text.find('\0') != std::string::npos) return c.wrong("a path with a NUL in it");
  for (std::string_view word : words_of(c.key)) {
    if (word == c.node.text) return c.node.text;
  }
  return relative_to(c.node.where.file, c.node.text);
}

/// The default of a key in the form in which a file would give it.
Node fallback_node(const Key& key) {
  Node node;
  node.kind = Kind::string;
  node.text = key.fallback;
  if (key.type == Type::boolean) {
    node.kind = Kind::boolean;
    node.boolean = key.fallback == "true";
  } else if (auto number = base::parse_decimal(key.fallback);
             number && key.type != Type::string && key.type != Type::path) {
    node.kind = Kind::integer;
    node.integer = static_cast<int64_t>(*number);
  }
  return node;
}

void store_default(const Key& key, const std::string& label, void* target) {
  if (key.binding.store == nullptr || key.fallback.empty()) return;
  Problems problems;
  auto value = read_value(key, fallback_node(key), label, problems);
  RW_ASSERT(value.has_value());  // a default that is not valid is a fault of the table
  key.binding.store(target, *value);
}

void report_unknown(const Section& section, const Entry& entry, const std::string& label,
                    Problems& problems) {
  std::vector<std::string_view> names;
  for (const Key& key : section.keys) names.push_back(key.name);
  auto near = base::nearest(entry.name, names);
  Problem problem{entry.where, join_label(label, entry.name), "unknown key", "", "", ""};
  if (near) {
    problem.hint = *near;
  } else {
    problem.expected = fmt::format("one of {}", fmt::join(names, ", "));
  }
  problems.push_back(std::move(problem));
}

}  // namespace

const Entry* Node::find(std::string_view name) const {
  for (const Entry& entry : entries) {
    if (entry.name == name) return &entry;
  }
  return nullptr;
}

std::string Node::described() const {
  switch (kind) {
    case Kind::string: {
      constexpr size_t shown_max = 80;
      std::string_view shown = std::string_view(text).substr(0, shown_max);
      return fmt::format("the string \"{}{}\"", base::escaped(shown),
                         text.size() > shown_max ? "…" : "");
    }
    case Kind::integer:
      return fmt::format("the integer {}", integer);
    case Kind::boolean:
      return boolean ? "true" : "false";
    case Kind::list:
      return "a list";
    case Kind::table:
      return "a table";
    case Kind::other:
      return text;
  }
  return "";
}

std::optional<Value> read_value(const Key& key, const Node& node, const std::string& label,
                                Problems& problems) {
  Case c{key, node, label, problems};
  switch (key.type) {
    case Type::integer:
      return read_integer(c);
    case Type::cpus:
      return read_cpus(c);
    case Type::size:
      return read_size(c);
    case Type::duration:
      return read_duration(c);
    case Type::choice:
      return read_choice(c);
    case Type::address:
      return read_address(c);
    case Type::prefixes:
      return read_prefixes(c);
    case Type::strings:
      return read_strings(c);
    case Type::string:
    case Type::path:
      return read_text(c);
    case Type::boolean:
      if (node.kind != Kind::boolean) return c.wrong_type();
      return node.boolean;
    default:
      break;
  }
  base::assert_failed("a key that is bound", __FILE__, __LINE__);
}

bool has_form(const Key& key, const Node& node, const std::string& label, Problems& problems) {
  Case c{key, node, label, problems};
  auto is = [&](bool good) {
    if (!good) c.wrong_type();
    return good;
  };
  switch (key.type) {
    case Type::strings:
    case Type::listener_names:
      return is_list_of_strings(c);
    case Type::backends:
      return is(node.kind == Kind::list);
    case Type::fields:
    case Type::answer:
    case Type::cache_key:
    case Type::lifetimes:
      return is(node.kind == Kind::table);
    case Type::boolean:
      return is(node.kind == Kind::boolean);
    case Type::route_cache:
      return is(node.kind == Kind::table || node.kind == Kind::boolean);
    default:
      return is(node.kind == Kind::string);
  }
}

void read_table(const Section& section, const Node& table, const std::string& label, void* target,
                const void* owner, Problems& problems) {
  for (const Key& key : section.keys) {
    if (key.binding.store != nullptr) RW_ASSERT(key.binding.owner == owner);
    const Entry* entry = table.find(key.name);
    std::string name = join_label(label, key.name);
    if (entry == nullptr) {
      store_default(key, name, target);
      if (key.required) {
        problems.push_back({table.where, name, "is missing", expected_text(key), "", ""});
      }
    } else if (key.binding.store == nullptr) {
      has_form(key, entry->value, name, problems);
    } else if (auto value = read_value(key, entry->value, name, problems)) {
      key.binding.store(target, *value);
    } else {
      store_default(key, name, target);  // so that rules between keys do not add noise
    }
  }
  for (const Entry& entry : table.entries) {
    if (find_key(section, entry.name) == nullptr) report_unknown(section, entry, label, problems);
  }
}

bool is_relative_socket(std::string_view address) {
  return address.starts_with("unix:") && !address.starts_with("unix:/");
}

std::string join_label(std::string_view label, std::string_view key) {
  return label.empty() ? std::string(key) : fmt::format("{}.{}", label, key);
}

std::string relative_to(const std::string& from, std::string_view path) {
  size_t slash = from.rfind('/');
  if (path.empty() || path.front() == '/' || slash == std::string::npos) return std::string(path);
  while (path.starts_with("./")) path.remove_prefix(2);
  return from.substr(0, slash + 1) + std::string(path);
}

}  // namespace ringwall::conf
