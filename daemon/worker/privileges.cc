#include "daemon/worker/privileges.h"

#include <fmt/format.h>
#include <grp.h>
#include <pwd.h>
#include <sys/prctl.h>
#include <unistd.h>

#include <cerrno>

#include "daemon/base/text.h"

namespace ringwall::worker {

base::Result<gid_t> find_group(const std::string& group) {
  if (const struct group* found = getgrnam(group.c_str())) return found->gr_gid;
  if (auto number = base::parse_decimal(group)) return static_cast<gid_t>(*number);
  return base::fail(fmt::format("there is no group \"{}\"", group));
}

base::Result<std::optional<Identity>> find_identity(const std::string& user,
                                                    const std::string& group) {
  if (user.empty() || geteuid() != 0) return std::optional<Identity>();
  const passwd* found = getpwnam(user.c_str());
  if (found == nullptr) return base::fail(fmt::format("there is no user \"{}\"", user));
  Identity identity;
  identity.uid = found->pw_uid;
  identity.gid = found->pw_gid;
  if (!group.empty()) {
    auto id = find_group(group);
    if (!id) return base::fail(std::move(id.error()));
    identity.gid = *id;
  }
  int count = 64;
  for (;;) {
    identity.groups.resize(static_cast<size_t>(count));
    int room = count;
    if (getgrouplist(user.c_str(), identity.gid, identity.groups.data(), &count) >= 0) break;
    if (count <= room) return base::fail(fmt::format("the groups of \"{}\" are not known", user));
  }
  identity.groups.resize(static_cast<size_t>(count));
  return std::optional<Identity>(std::move(identity));
}

base::Status drop_privileges(const std::optional<Identity>& identity) {
  if (identity) {
    if (setgroups(identity->groups.size(), identity->groups.data()) != 0 ||
        setresgid(identity->gid, identity->gid, identity->gid) != 0 ||
        setresuid(identity->uid, identity->uid, identity->uid) != 0) {
      return base::fail(base::os_failure("the child cannot become its user", errno));
    }
    // A change of user forbids cores; nothing of the old user's is in this fresh process.
    prctl(PR_SET_DUMPABLE, 1);
  }
  if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0) {
    return base::fail(base::os_failure("no_new_privs", errno));
  }
  return {};
}

}  // namespace ringwall::worker
