#include "daemon/master/asked.h"

#include <fmt/format.h>

#include "daemon/base/text.h"
#include "daemon/http/h1_head.h"
#include "daemon/route/path.h"

namespace ringwall::master {
namespace {

/// Takes "http://" or "https://" off `url`; empty when it has another scheme.
std::string_view take_scheme(std::string_view& url) {
  size_t at = url.find("://");
  if (at == std::string_view::npos || at > url.find_first_of("/?#")) return "http";
  std::string_view scheme = url.substr(0, at);
  url.remove_prefix(at + 3);
  if (base::equal_ignoring_case(scheme, "http")) return "http";
  return base::equal_ignoring_case(scheme, "https") ? "https" : "";
}

bool is_head(std::string_view text) {
  http::RequestHead head;
  auto parsed = http::parse_request_head(text, http::HeadLimits(), head);
  return parsed.state == http::HeadParse::State::complete && parsed.consumed == text.size();
}

}  // namespace

base::Result<std::unique_ptr<Asked>> Asked::make(std::string_view url,
                                                 const std::vector<std::string>& fields,
                                                 bool head) {
  std::unique_ptr<Asked> asked(new Asked());
  std::string_view rest = url;
  asked->scheme_ = take_scheme(rest);
  rest = rest.substr(0, rest.find('#'));
  std::string_view authority = rest.substr(0, rest.find_first_of("/?"));
  rest.remove_prefix(authority.size());
  auto no_url = [url] { return base::fail(fmt::format("\"{}\" is no URL", url)); };
  if (asked->scheme_.empty() || authority.empty()) return no_url();
  asked->text_ = fmt::format("{} {}{} HTTP/1.1\r\nHost: {}\r\n", head ? "HEAD" : "GET",
                             rest.starts_with('/') ? "" : "/", rest, authority);
  if (!is_head(asked->text_ + "\r\n")) return no_url();
  for (const std::string& field : fields) {
    if (!is_head("GET / HTTP/1.1\r\nHost: a\r\n" + field + "\r\n\r\n")) {
      return base::fail(fmt::format("\"{}\" is no field", field));
    }
    asked->text_ += field + "\r\n";
  }
  asked->text_ += "\r\n";
  auto parsed = http::parse_request_head(asked->text_, http::HeadLimits(), asked->request_);
  if (parsed.state != http::HeadParse::State::complete) {
    return base::fail(fmt::format("no client can send this: {}", parsed.reason));
  }
  std::string_view path = asked->request_.target.path;
  std::string room(path.size(), '\0');
  route::NormalPath normal = route::normalise_path(path, room.data());
  if (normal.error != route::PathError::none) return no_url();
  asked->path_ = normal.path;
  return asked;
}

caching::KeyParts Asked::key_parts(std::string_view group) const {
  const http::Target& target = request_.target;
  caching::KeyParts parts{scheme_, target.host, target.port, path_, target.query,
                          target.has_query};
  parts.group = group;
  return parts;
}

std::string Asked::url() const {
  const http::Target& target = request_.target;
  std::string text = fmt::format("{}://{}", scheme_, target.host);
  if (target.port != 0) text += fmt::format(":{}", target.port);
  text += path_;
  if (target.has_query) text.append("?").append(target.query);
  return text;
}

}  // namespace ringwall::master
