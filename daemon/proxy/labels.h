// What goes into the segment with a response: its head as serialised lines, the selectors of its
// variant, the hashes it can be purged by.
#pragma once

#include <string_view>
#include <vector>

#include "cache/store.h"
#include "daemon/caching/storable.h"
#include "daemon/http/response.h"
#include "daemon/proxy/question.h"

namespace ringwall::proxy {

class StoredHead {
 public:
  StoredHead(const Exchange& exchange, const Question& question, const http::ResponseHead& head,
             const caching::Verdict& verdict);

  /// False: it cannot be selected again (Vary), or there is no memory for it.
  bool ok() const { return ok_; }
  std::string_view lines() const { return lines_; }
  const cache::Labels& labels() const { return labels_; }
  /// Gives the buffers back; the views are gone.
  void release();

 private:
  void collect_tags(const Exchange& exchange, const http::ResponseHead& head);

  io::Chunk room_;
  io::Chunk selectors_room_;
  std::string_view lines_;
  std::vector<uint64_t> tags_;
  cache::Labels labels_;
  bool ok_ = false;
};

/// The stored head with the fields of a 304 in it (RFC 9111 section 3.2).
class RenewedHead {
 public:
  RenewedHead(const Exchange& exchange, std::string_view stored_lines, uint16_t status,
              const http::ResponseHead& update);

  bool ok() const { return ok_; }
  std::string_view lines() const { return lines_; }
  const http::ResponseHead& head() const { return head_; }

 private:
  io::Chunk room_;
  std::string_view lines_;
  http::ResponseHead head_;
  bool ok_ = false;
};

/// The space of cache::Store::hash_tag for tags, and for the groups of an origin (RFC 9875 section
/// 2: they are scoped to it).
inline constexpr std::string_view tag_space = "tag";
std::string group_space(const Exchange& exchange);

}  // namespace ringwall::proxy
