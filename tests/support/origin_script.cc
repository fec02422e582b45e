#include "tests/support/origin_script.h"

namespace ringwall::support {

void override_options(std::multimap<std::string, std::string>& to,
                      const std::multimap<std::string, std::string>& from) {
  for (const auto& [name, value] : from) to.erase(name);
  to.insert(from.begin(), from.end());
}

std::multimap<std::string, std::string> options_for(const Request& request,
                                                    const std::string& prefix) {
  std::multimap<std::string, std::string> found;
  for (const auto& [name, value] : request.options) {
    if (name.starts_with(prefix)) found.emplace(name.substr(prefix.size()), value);
  }
  return found;
}

void Script::apply(Request& request) {
  {
    const std::lock_guard lock(mutex_);
    const auto found = paths_.find(request.path);
    if (found != paths_.end()) override_options(request.options, found->second);
  }
  override_options(request.options, options_for(request, request.method + "."));
}

void Script::set(const std::string& path,
                 const std::multimap<std::string, std::string>& options) {
  const std::lock_guard lock(mutex_);
  override_options(paths_[path], options);
}

void Script::unset(const std::string& path) {
  const std::lock_guard lock(mutex_);
  paths_.erase(path);
}

void Script::reset() {
  const std::lock_guard lock(mutex_);
  paths_.clear();
}

}  // namespace ringwall::support
