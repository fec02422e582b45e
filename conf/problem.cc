#include "conf/problem.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <tuple>

namespace ringwall::conf {

std::string Problem::text() const {
  std::string out = where.file;
  if (where.line != 0) out += fmt::format(":{}:{}", where.line, where.column);
  if (!out.empty()) out += ": ";
  if (!key.empty()) out += key + ": ";
  out += message;
  if (!expected.empty()) out += "; expected " + expected;
  if (!hint.empty()) out += fmt::format("; did you mean \"{}\"?", hint);
  if (!mend.empty()) out += "; " + mend;
  return out;
}

void sort_problems(std::vector<Problem>& problems) {
  std::map<std::string, size_t> order;
  for (const Problem& problem : problems) order.emplace(problem.where.file, order.size());
  auto rank = [&](const Problem& p) {
    return std::tuple(order.at(p.where.file), p.where.line, p.where.column);
  };
  std::stable_sort(problems.begin(), problems.end(),
                   [&](const Problem& a, const Problem& b) { return rank(a) < rank(b); });
  auto same = [](const Problem& a, const Problem& b) { return a.text() == b.text(); };
  problems.erase(std::unique(problems.begin(), problems.end(), same), problems.end());
}

}  // namespace ringwall::conf
