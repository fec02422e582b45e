#include "conf/load.h"

#include <fmt/format.h>

#include <algorithm>

#include "conf/assemble.h"
#include "conf/check.h"
#include "conf/schema.h"
#include "conf/tree.h"
#include "conf/value.h"

namespace ringwall::conf {
namespace {

constexpr size_t files_max = 1000;

/// Reads a file and those it includes into one tree.
class Reader {
 public:
  Reader(Files& files, Problems& problems) : files_(files), problems_(problems) {}

  /// `from` is the place of the include; for the first file it has no file.
  void read(const std::string& path, const Where& from) {
    if (!may_read(path, from)) return;
    seen_.push_back(path);
    auto text = files_.read(path);
    if (!text) {
      complete_ = false;
      report(from.file.empty() ? Where{path} : from,
             from.file.empty() ? text.error().what
                               : fmt::format("\"{}\" {}", path, text.error().what));
      return;
    }
    auto parsed = parse_toml(path, *text);
    if (auto* problem = std::get_if<Problem>(&parsed)) {
      complete_ = false;
      problems_.push_back(std::move(*problem));
      return;
    }
    Node& tree = std::get<Node>(parsed);
    if (tree_.where.file.empty()) tree_.where = tree.where;
    const Entry* include = tree.find("include");
    std::vector<Node> patterns;
    if (include != nullptr) patterns = patterns_of(*include);
    merge(std::move(tree));
    open_.push_back(path);
    for (const Node& pattern : patterns) follow(pattern);
    open_.pop_back();
  }

  const Node& tree() const { return tree_; }
  /// False when a part is missing, so that nothing can be said about names that are not found.
  bool complete() const { return complete_; }

 private:
  void report(const Where& where, std::string message, std::string mend = "") {
    std::string key = where.line != 0 ? "include" : "";
    problems_.push_back({where, key, std::move(message), "", "", std::move(mend)});
  }

  bool may_read(const std::string& path, const Where& from) {
    auto open = std::find(open_.begin(), open_.end(), path);
    if (open != open_.end()) {
      std::string chain = fmt::format("{} → {}", fmt::join(open, open_.end(), " → "), path);
      report(from, "files include each other in a circle: " + chain, "remove one of them");
      return false;
    }
    if (std::find(seen_.begin(), seen_.end(), path) != seen_.end()) {
      report(from, fmt::format("\"{}\" is included twice", path), "remove one of them");
      return false;
    }
    if (seen_.size() < files_max) return true;
    report(from, fmt::format("more than {} files", files_max));
    complete_ = false;
    return false;
  }

  std::vector<Node> patterns_of(const Entry& include) {
    const Key* key = find_key(section_named(""), "include");
    if (!has_form(*key, include.value, "include", problems_)) return {};
    return include.value.items;
  }

  void follow(const Node& pattern) {
    std::string path = relative_to(pattern.where.file, pattern.text);
    if (!is_pattern(path)) return read(path, pattern.where);
    auto found = files_.glob(path);
    if (!found) return report(pattern.where, fmt::format("\"{}\": {}", path, found.error().what));
    for (const std::string& each : *found) read(each, pattern.where);
  }

  /// Adds the tables of one more file. Lists of tables are joined, tables too, but what has a value
  /// in two files (a key, an upstream) is reported and keeps the first.
  void merge(Node&& from) {
    for (Entry& entry : from.entries) {
      if (entry.name == "include") continue;
      auto same = [&](const Entry& other) { return other.name == entry.name; };
      auto there = std::find_if(tree_.entries.begin(), tree_.entries.end(), same);
      if (there == tree_.entries.end()) {
        tree_.entries.push_back(std::move(entry));
      } else if (there->value.kind == Node::Kind::list && entry.value.kind == Node::Kind::list) {
        std::move(entry.value.items.begin(), entry.value.items.end(),
                  std::back_inserter(there->value.items));
      } else if (there->value.kind == Node::Kind::table && entry.value.kind == Node::Kind::table) {
        merge_table(there->value, std::move(entry.value), entry.name);
      } else {
        report_twice(*there, entry, entry.name);
      }
    }
  }

  void merge_table(Node& to, Node&& from, const std::string& label) {
    for (Entry& entry : from.entries) {
      if (const Entry* there = to.find(entry.name)) {
        report_twice(*there, entry, join_label(label, entry.name));
      } else {
        to.entries.push_back(std::move(entry));
      }
    }
  }

  void report_twice(const Entry& first, const Entry& second, std::string label) {
    problems_.push_back({second.where, std::move(label),
                         fmt::format("is set at {}:{} too", first.where.file, first.where.line), "",
                         "", "remove one of them"});
  }

  Files& files_;
  Problems& problems_;
  Node tree_;
  std::vector<std::string> open_;  // the chain of includes being read
  std::vector<std::string> seen_;
  bool complete_ = true;
};

const void* section_of(const Config& config, std::string_view name) {
  if (name == "process") return &config.process;
  if (name == "control") return &config.control;
  if (name == "log") return &config.log;
  if (name == "cache") return &config.cache;
  if (name == "http") return &config.http;
  return nullptr;
}

}  // namespace

std::string LoadResult::error_text() const {
  std::string out;
  for (const Problem& error : errors) out += error.text() + "\n";
  return out;
}

LoadResult load(std::string_view path, Files& files) {
  LoadResult result;
  Reader reader(files, result.errors);
  reader.read(std::string(path), {});
  // Of a config with a hole in it only what is there can be judged, and only key by key.
  Assembly assembly = assemble(reader.tree(), files.cpu_count(), reader.complete(), result.errors);
  if (reader.complete()) check(assembly, result.errors, result.warnings);
  sort_problems(result.errors);
  sort_problems(result.warnings);
  if (!result.errors.empty()) return result;
  for (const Problem& warning : result.warnings) {
    assembly.config.warnings.push_back(warning.text());
  }
  result.config = std::move(assembly.config);
  return result;
}

std::vector<std::string> keys_needing_restart(const Config& running, const Config& next) {
  std::vector<std::string> changed;
  for (const Section& section : schema()) {
    const void* before = section_of(running, section.name);
    const void* after = section_of(next, section.name);
    if (before == nullptr) continue;
    for (const Key& key : section.keys) {
      if (key.reload != Reload::restart || key.binding.same(before, after)) continue;
      changed.push_back(join_label(section.name, key.name));
    }
  }
  return changed;
}

}  // namespace ringwall::conf
