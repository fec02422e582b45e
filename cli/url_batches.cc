#include "cli/url_batches.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <poll.h>
#include <unistd.h>

#include <array>
#include <cerrno>

#include "daemon/base/text.h"

namespace ringwall::cli {
namespace {

// No request target may be longer (base::head_bytes_max).
constexpr size_t line_bytes_max = base::head_bytes_max;

}  // namespace

base::Result<UrlBatches> UrlBatches::open(const std::string& path) {
  bool standard = path == "-";
  base::UniqueFd fd(standard ? ::fcntl(STDIN_FILENO, F_DUPFD_CLOEXEC, 0)
                             : ::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  std::string name = standard ? "standard input" : path;
  if (!fd) return base::fail(base::os_failure(name, errno));
  return UrlBatches(std::move(fd), std::move(name));
}

bool UrlBatches::would_wait() const {
  pollfd polled = {fd_.get(), POLLIN, 0};
  return ::poll(&polled, 1, 0) == 0;
}

/// False at the end.
base::Result<bool> UrlBatches::read_more() {
  std::array<char, 65536> bytes;
  ssize_t got = 0;
  do {
    got = ::read(fd_.get(), bytes.data(), bytes.size());
  } while (got < 0 && errno == EINTR);
  if (got < 0) return base::fail(base::os_failure(name_, errno));
  text_.append(bytes.data(), static_cast<size_t>(got));
  return got > 0;
}

base::Result<std::vector<std::string>> UrlBatches::next() {
  std::vector<std::string> urls;
  size_t bytes = 0;
  size_t begin = 0;
  while (urls.size() < urls_max && bytes < bytes_max) {
    size_t end = text_.find('\n', searched_);
    if (end == std::string::npos && !ended_) {
      text_.erase(0, begin);
      begin = 0;
      searched_ = text_.size();
      if (text_.size() > line_bytes_max) {
        return base::fail(fmt::format("{}: line {} is too long for a URL", name_, line_ + 1));
      }
      if (!urls.empty() && would_wait()) break;
      auto more = read_more();
      if (!more) return base::fail(std::move(more.error()));
      ended_ = !*more;
      continue;
    }
    bool last = end == std::string::npos;
    if (last && begin == text_.size()) break;
    if (last) end = text_.size();
    std::string_view line = std::string_view(text_).substr(begin, end - begin);
    begin = searched_ = last ? end : end + 1;
    ++line_;
    if (line.ends_with('\r')) line.remove_suffix(1);
    line = base::trim_ows(line);
    if (line.empty() || line.starts_with('#')) continue;
    bytes += line.size();
    urls.emplace_back(line);
  }
  text_.erase(0, begin);
  searched_ = 0;
  return urls;
}

}  // namespace ringwall::cli
