// Who a child runs as. The master, if it is root, resolves the configured user and group once;
// each child becomes that identity right after exec, before it reads anything from anyone.
#pragma once

#include <sys/types.h>

#include <optional>
#include <string>
#include <vector>

#include "daemon/base/result.h"

namespace ringwall::worker {

struct Identity {
  uid_t uid = 0;
  gid_t gid = 0;
  std::vector<gid_t> groups;  // supplementary ones, `gid` included
  bool operator==(const Identity&) const = default;
};

/// The identity of `user` (and `group`, empty: the user's own). Nothing where no user is named or
/// this process is not root and so can not become another.
base::Result<std::optional<Identity>> find_identity(const std::string& user,
                                                    const std::string& group);

/// The id of a group by its name or number.
base::Result<gid_t> find_group(const std::string& group);

/// Becomes `identity` for good; nothing: stays who it is. Either way no program that this process
/// may execute gains privileges any more, and a crash still leaves a core.
base::Status drop_privileges(const std::optional<Identity>& identity);

}  // namespace ringwall::worker
