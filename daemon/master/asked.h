// Asked: a request that nobody has sent: the one that an operator describes by a URL and some
// fields, read by the same parser as those of clients.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "daemon/base/result.h"
#include "daemon/caching/key.h"
#include "daemon/http/request.h"

namespace ringwall::master {

class Asked {
 public:
  /// `fields`: lines such as "Accept-Encoding: br". `head`: the method is HEAD, else GET. The error
  /// says what of it no client could send.
  static base::Result<std::unique_ptr<Asked>> make(std::string_view url,
                                                   const std::vector<std::string>& fields,
                                                   bool head);
  Asked(const Asked&) = delete;
  Asked& operator=(const Asked&) = delete;

  const http::RequestHead& request() const { return request_; }
  std::string_view scheme() const { return scheme_; }  // http, https
  std::string_view head() const { return text_; }      // as a client would send it
  std::string_view path() const { return path_; }  // normalised
  /// As the proxy makes them; `group` as in caching::KeyParts.
  caching::KeyParts key_parts(std::string_view group) const;
  /// The URL as it was understood.
  std::string url() const;

 private:
  Asked() = default;

  std::string_view scheme_ = "http";
  std::string text_;  // the head that request_ views
  std::string path_;
  http::RequestHead request_;
};

}  // namespace ringwall::master
