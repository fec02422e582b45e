#include "conf/assemble.h"

#include <fmt/format.h>

#include <algorithm>
#include <unordered_set>

#include "daemon/base/limits.h"
#include "daemon/base/text.h"

namespace ringwall::conf {
namespace {

using Kind = Node::Kind;

/// The value of an unbound key, if it is there in the right form (its absence of form is reported
/// by read_table already).
const Node* formed(std::string_view section, const Node& table, std::string_view name) {
  const Entry* entry = table.find(name);
  if (entry == nullptr) return nullptr;
  Problems ignored;
  const Key* key = find_key(section_named(section), name);
  return has_form(*key, entry->value, "", ignored) ? &entry->value : nullptr;
}

template <class Struct>
void read_single(const Node& tree, std::string_view name, Struct& target, Problems& problems) {
  const Entry* entry = tree.find(name);
  Node nothing;
  nothing.where = tree.where;
  const Node* table = entry != nullptr ? &entry->value : &nothing;
  if (table->kind != Kind::table) {
    problems.push_back({table->where, std::string(name), table->described(),
                        fmt::format("a table, [{}]", name), "", ""});
    table = &nothing;
  }
  read_section(name, *table, std::string(name), target, problems);
}

/// The tables of a list of tables ([[listener]], [[route]]).
std::vector<const Node*> tables_of(const Node& tree, std::string_view name, Problems& problems) {
  std::vector<const Node*> tables;
  const Entry* entry = tree.find(name);
  if (entry == nullptr) return tables;
  auto wrong = [&](const Node& node) {
    problems.push_back({node.where, std::string(name), node.described(), "a list of tables", "",
                        fmt::format("write [[{}]]", name)});
  };
  if (entry->value.kind != Kind::list) return wrong(entry->value), tables;
  for (const Node& item : entry->value.items) {
    if (item.kind == Kind::table) {
      tables.push_back(&item);
    } else {
      wrong(item);
    }
  }
  return tables;
}

void read_listeners(Assembly& assembly, Problems& problems) {
  assembly.listeners = tables_of(*assembly.tree, "listener", problems);
  for (const Node* table : assembly.listeners) {
    Listener& listener = assembly.config.listeners.emplace_back();
    read_section("listener", *table, "listener", listener, problems);
    const Entry* address = table->find("address");
    if (listener.name.empty() && address != nullptr) listener.name = address->value.text;
  }
}

void read_backend(const Node& node, const std::string& label, Upstream& upstream,
                  Problems& problems) {
  Backend backend;
  const Node* written = &node;
  if (node.kind == Kind::table) {
    read_section("backend", node, label, backend, problems);
    written = formed("backend", node, "address");
    if (written == nullptr) return;
  } else if (node.kind != Kind::string) {
    problems.push_back({node.where, label, node.described(),
                        "\"host:port\" or { address = \"host:port\", weight = 2 }", "", ""});
    return;
  }
  auto parsed = parse_backend(written->text);
  if (!parsed) {
    problems.push_back({written->where, label, written->described() + ": " + parsed.error().what,
                        "\"192.0.2.1:80\", \"[2001:db8::1]:80\", \"app.example:80\" or "
                        "\"unix:/path\"",
                        "", ""});
    return;
  }
  parsed->weight = node.kind == Kind::table ? backend.weight : 1;
  upstream.backends.push_back(std::move(*parsed));
}

void read_upstream(const Entry& entry, Assembly& assembly, Problems& problems) {
  std::string label = "upstream." + entry.name;
  if (entry.value.kind != Kind::table) {
    problems.push_back({entry.value.where, label, entry.value.described(),
                        fmt::format("a table, [{}]", label), "",
                        "settings of an upstream stand below [upstream.NAME]"});
    return;
  }
  Upstream& upstream = assembly.config.upstreams.emplace_back();
  assembly.upstreams.push_back(&entry.value);
  std::vector<Where>& places = assembly.backends.emplace_back();
  upstream.name = entry.name;
  read_section("upstream", entry.value, label, upstream, problems);
  const Node* backends = formed("upstream", entry.value, "backends");
  if (backends == nullptr) return;
  for (const Node& item : backends->items) {
    read_backend(item, label + ".backends", upstream, problems);
    places.resize(upstream.backends.size(), item.where);
  }
  if (backends->items.empty()) {
    problems.push_back(
        {backends->where, label + ".backends", "an empty list", "at least one backend", "", ""});
  }
  for (Backend& backend : upstream.backends) backend.index = assembly.config.backend_count++;
}

void read_upstreams(Assembly& assembly, Problems& problems) {
  const Entry* entry = assembly.tree->find("upstream");
  if (entry == nullptr) return;
  if (entry->value.kind != Kind::table) {
    problems.push_back({entry->value.where, "upstream", entry->value.described(),
                        "tables with a name, [upstream.NAME]", "", ""});
    return;
  }
  for (const Entry& upstream : entry->value.entries) read_upstream(upstream, assembly, problems);
}

/// The index of the thing called `node.text` in `list`; reports a name that nothing has, unless a
/// part of the config is missing, which may be where it stands.
template <class Named>
std::optional<uint32_t> resolve(const std::vector<Named>& list, const Node& node,
                                std::string_view noun, bool complete, Problems& problems) {
  for (size_t i = 0; i < list.size(); ++i) {
    if (list[i].name == node.text) return static_cast<uint32_t>(i);
  }
  if (!complete) return std::nullopt;
  std::vector<std::string_view> names;
  for (const Named& each : list) names.push_back(each.name);
  auto near = base::nearest(node.text, names);
  std::string message = fmt::format("there is no {} \"{}\"", noun, base::escaped(node.text));
  std::string label = noun == "listener" ? "route.listeners" : "route.upstream";
  Problem problem{node.where, label, message, "", "", ""};
  if (near) {
    problem.hint = *near;
  } else if (names.empty()) {
    problem.mend = fmt::format("the config has no {} at all", noun);
  } else {
    problem.expected = fmt::format("one of {}", fmt::join(names, ", "));
  }
  problems.push_back(std::move(problem));
  return std::nullopt;
}

void read_fields(const Node& table, FixedAnswer& answer, Problems& problems) {
  for (const Entry& entry : table.entries) {
    std::vector<const Node*> values{&entry.value};
    if (entry.value.kind == Kind::list) {
      values.clear();
      for (const Node& item : entry.value.items) values.push_back(&item);
    }
    for (const Node* value : values) {
      if (value->kind == Kind::string) {
        answer.fields.emplace_back(entry.name, value->text);
      } else {
        problems.push_back({value->where, "route.respond.fields." + entry.name, value->described(),
                            "a string or a list of strings", "", ""});
      }
    }
  }
}

/// Exactly one of upstream, respond and metrics.
void read_action(const Node& table, const Assembly& assembly, Route& route, Problems& problems) {
  std::vector<std::string> actions;
  if (table.find("upstream") != nullptr) actions.push_back("upstream");
  if (const Node* upstream = formed("route", table, "upstream")) {
    auto index =
        resolve(assembly.config.upstreams, *upstream, "upstream", assembly.complete, problems);
    route.upstream = index.value_or(0);
  }
  if (table.find("respond") != nullptr) actions.push_back("respond");
  if (const Node* respond = formed("route", table, "respond")) {
    route.action = Route::Action::respond;
    read_section("respond", *respond, "route.respond", route.answer, problems);
    const Node* fields = formed("respond", *respond, "fields");
    if (fields != nullptr) read_fields(*fields, route.answer, problems);
  }
  const Node* metrics = formed("route", table, "metrics");
  if (metrics != nullptr && metrics->boolean) {
    route.action = Route::Action::metrics;
    actions.push_back("metrics");
  }
  if (actions.size() == 1) return;
  Problem problem{table.where,
                  "route",
                  "has no action",
                  "one of upstream = \"NAME\", respond = { … }, metrics = true",
                  "",
                  ""};
  if (!actions.empty()) {
    problem.message = fmt::format("has {} actions: {}", actions.size(), fmt::join(actions, ", "));
    problem.expected = "exactly one";
  }
  problems.push_back(std::move(problem));
}

/// `negative` of a route's cache: statuses with lifetimes.
void read_lifetimes(const Node& table, RouteCache& cache, Problems& problems) {
  for (const Entry& entry : table.entries) {
    std::string label = "route.cache.negative." + base::escaped(entry.name);
    auto status = base::parse_decimal(entry.name);
    if (!status || *status < 200 || *status > 599 || entry.name.size() != 3) {
      problems.push_back({entry.where, label, "not a status",
                          "a final status from 200 to 599, such as 404", "", ""});
      continue;
    }
    auto value = read_value(*find_key(section_named("route_cache"), "default_lifetime"),
                            entry.value, label, problems);
    if (!value) continue;
    cache.negative.push_back({static_cast<unsigned>(*status), std::get<Duration>(*value)});
  }
}

void read_route_cache(const Node& table, RouteCache& cache, Problems& problems) {
  Node defaults;
  const Node* written = formed("route", table, "cache");
  bool is_table = written != nullptr && written->kind == Kind::table;
  const Node& settings = is_table ? *written : defaults;
  read_section("route_cache", settings, "route.cache", cache, problems);
  if (written != nullptr && !is_table) cache.enabled = written->boolean;
  const Node* key = formed("route_cache", settings, "key");
  read_section("cache_key", key != nullptr ? *key : defaults, "route.cache.key", cache.key,
               problems);
  const Node* negative = formed("route_cache", settings, "negative");
  if (negative != nullptr) read_lifetimes(*negative, cache, problems);
}

void read_routes(Assembly& assembly, Problems& problems) {
  assembly.routes = tables_of(*assembly.tree, "route", problems);
  for (const Node* table : assembly.routes) {
    Route& route = assembly.config.routes.emplace_back();
    read_section("route", *table, "route", route, problems);
    route.host = base::to_lower(route.host);
    if (route.host.ends_with('.')) route.host.pop_back();
    if (const Node* names = formed("route", *table, "listeners")) {
      for (const Node& name : names->items) {
        auto index =
            resolve(assembly.config.listeners, name, "listener", assembly.complete, problems);
        if (index) route.listeners.push_back(*index);
      }
      std::sort(route.listeners.begin(), route.listeners.end());
      auto end = std::unique(route.listeners.begin(), route.listeners.end());
      route.listeners.erase(end, route.listeners.end());
    }
    read_action(*table, assembly, route, problems);
    read_route_cache(*table, route.cache, problems);
  }
}

/// Routes without a name are called after host and path; a second of that name gets a number.
void name_routes(std::vector<Route>& routes) {
  std::unordered_set<std::string> taken;
  for (const Route& route : routes) taken.insert(route.name);
  for (Route& route : routes) {
    if (!route.name.empty()) continue;
    std::string plain = route.host + route.path;
    std::string name = plain;
    for (unsigned n = 2; !taken.insert(name).second; ++n) name = fmt::format("{}#{}", plain, n);
    route.name = name;
  }
}

/// What may stand at the top of a file: its own keys and the tables that have a heading of theirs.
std::vector<std::string_view> top_names() {
  std::vector<std::string_view> names;
  for (const Key& key : section_named("").keys) names.push_back(key.name);
  for (const Section& section : schema()) {
    if (section.heading.starts_with('[')) names.push_back(section.name);
  }
  return names;
}

void report_unknown_sections(const Node& tree, Problems& problems) {
  std::vector<std::string_view> names = top_names();
  for (const Entry& entry : tree.entries) {
    if (std::find(names.begin(), names.end(), entry.name) != names.end()) continue;
    auto near = base::nearest(entry.name, names);
    Problem problem{entry.where, entry.name, "unknown key or table", "", "", ""};
    if (near) {
      problem.hint = *near;
    } else {
      problem.expected = fmt::format("one of {}", fmt::join(names, ", "));
    }
    problems.push_back(std::move(problem));
  }
}

}  // namespace

base::Result<Backend> parse_backend(std::string_view text) {
  Backend backend;
  backend.name = text;
  size_t colon = text.rfind(':');
  std::string_view host = text.substr(0, colon);
  bool numeric = host.starts_with('[') || text.starts_with("unix:") ||
                 host.find_first_not_of("0123456789.") == std::string_view::npos;
  if (numeric && !host.empty()) {
    auto address = base::Address::parse(text);
    if (!address) return base::fail(address.error());
    if (is_relative_socket(text)) return base::fail("not an absolute path");
    if (address->family() != AF_UNIX && address->port() == 0) return base::fail("port 0");
    backend.address = *address;
    return backend;
  }
  if (colon == std::string_view::npos) return base::fail("no port: write host:port");
  auto port = base::parse_decimal(text.substr(colon + 1));
  if (!port || *port == 0 || *port > 65535) {
    return base::fail("the port is not a number from 1 to 65535");
  }
  if (host.empty() || host.size() > 253) return base::fail("no host before the port");
  for (char c : host) {
    bool letter = base::ascii_lower(c) >= 'a' && base::ascii_lower(c) <= 'z';
    if (letter || base::is_digit(c) || c == '-' || c == '.' || c == '_') continue;
    return base::fail("not a host name (an IPv6 address goes in brackets)");
  }
  backend.host = host;
  backend.port = static_cast<uint16_t>(*port);
  return backend;
}

Assembly assemble(const Node& tree, unsigned cpu_count, bool complete, Problems& problems) {
  Assembly assembly;
  assembly.complete = complete;
  assembly.tree = &tree;
  Config& config = assembly.config;
  report_unknown_sections(tree, problems);
  read_single(tree, "process", config.process, problems);
  read_single(tree, "control", config.control, problems);
  read_single(tree, "log", config.log, problems);
  read_single(tree, "cache", config.cache, problems);
  read_single(tree, "http", config.http, problems);
  read_listeners(assembly, problems);
  read_upstreams(assembly, problems);
  read_routes(assembly, problems);
  name_routes(config.routes);
  if (config.process.workers == 0) {
    config.process.workers = std::min(cpu_count, base::workers_max);
  }
  if (config.cache.object_size_max == 0) config.cache.object_size_max = config.cache.size / 4;
  return assembly;
}

}  // namespace ringwall::conf
