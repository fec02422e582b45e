// Reading one value, and one table of values, by the rules of the schema table.
//
// Everything that is wrong is reported, reading goes on behind it. Pure.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "conf/problem.h"
#include "conf/schema.h"
#include "conf/tree.h"

namespace ringwall::conf {

using Problems = std::vector<Problem>;

/// The value of `key` in `node`; nothing where it is not valid, which `problems` then tells.
/// `label` names the key in messages ("upstream.app.retries"). Requires: the key is bound.
std::optional<Value> read_value(const Key& key, const Node& node, const std::string& label,
                                Problems& problems);

/// Whether `node` has the form that the type of an unbound key asks for (a list of strings, …);
/// what is inside is the caller's to judge.
bool has_form(const Key& key, const Node& node, const std::string& label, Problems& problems);

/// Reads the bound keys of a section from `table` into `target`, defaults for those that are
/// missing, checks the form of the unbound ones, and reports unknown and missing keys.
void read_table(const Section& section, const Node& table, const std::string& label, void* target,
                const void* owner, Problems& problems);

template <class Struct>
void read_section(std::string_view section, const Node& table, const std::string& label,
                  Struct& target, Problems& problems) {
  read_table(section_named(section), table, label, &target, &owner_tag<Struct>, problems);
}

/// "upstream.app" and "retries" to "upstream.app.retries".
std::string join_label(std::string_view label, std::string_view key);

/// `path` as seen from the directory of the file `from`; absolute paths stay.
std::string relative_to(const std::string& from, std::string_view path);

/// "unix:run/x.sock": it would depend on the working directory, which a daemon has none of.
bool is_relative_socket(std::string_view address);

}  // namespace ringwall::conf
