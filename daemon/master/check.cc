#include "daemon/master/check.h"

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <poll.h>
#include <sys/wait.h>

#include <csignal>

#include "daemon/control/link.h"
#include "daemon/io/operations.h"
#include "daemon/master/spawn.h"

namespace ringwall::master {
namespace {

using namespace std::chrono_literals;

constexpr base::Duration limit_least = 30s;
constexpr base::Duration limit_per_gib = 10s;
constexpr size_t findings_in_text = 5;

Check undecided(std::string why) {
  Check check;
  check.findings.push_back(std::move(why));
  return check;
}

Check damaged(std::string finding) {
  Check check = undecided(std::move(finding));
  check.verdict = Check::Verdict::damaged;
  return check;
}

std::vector<std::string> lines_of(const std::string& text) {
  std::vector<std::string> lines;
  for (size_t from = 0; from < text.size();) {
    size_t end = std::min(text.find('\n', from), text.size());
    lines.push_back(text.substr(from, end - from));
    from = end + 1;
  }
  return lines;
}

Check judge(const base::Result<control::Message>& said, const siginfo_t& end) {
  bool fault = end.si_code != CLD_EXITED && is_fault(end.si_status);
  std::string how = describe_end(end.si_code, end.si_status);
  if (fault) return damaged("the checker died of what it met: " + how);
  if (said && said->verb == control::Verb::failed) return undecided(said->text);
  bool told = said && said->verb == control::Verb::checked && said->numbers.size() == 2;
  bool orderly = end.si_code == CLD_EXITED && end.si_status == 0;
  if (!told || !orderly) return undecided("the checker ended by " + how);
  Check check;
  check.objects = said->numbers[0];
  check.findings = lines_of(said->text);
  bool complete = said->numbers[1] != 0;
  if (!check.findings.empty()) {
    check.verdict = Check::Verdict::damaged;
  } else if (complete) {
    check.verdict = Check::Verdict::sound;
  } else {
    check.held = true;
    check.findings.emplace_back("a process that lives holds a lock of it");
  }
  return check;
}

}  // namespace

std::string Check::text() const {
  size_t shown = std::min(findings.size(), findings_in_text);
  std::string text = fmt::format(
      "{}", fmt::join(findings.begin(), findings.begin() + static_cast<long>(shown), "; "));
  if (shown < findings.size()) text += "; and more";
  return text;
}

base::Duration check_limit(uint64_t cache_bytes) {
  return limit_least + limit_per_gib * static_cast<int64_t>(cache_bytes >> 30);
}

io::Task<Check> run_check(io::Loop& loop, CheckRun run, io::Stop& stop) {
  auto ends = control::make_link();
  if (!ends) co_return undecided(ends.error().what);
  run.heritage.link = ends->theirs.get();
  auto spawned = spawn(run.path, run.arguments, run.heritage);
  ends->theirs.reset();
  if (!spawned) co_return undecided(spawned.error().what);
  control::Link link(loop, std::move(ends->ours));
  io::Until until(loop.now() + run.limit, &stop);
  auto said = co_await link.receive(until);
  int ended = co_await io::Poll(loop, spawned->pidfd.get(), POLLIN, until);
  if (ended < 0) {
    ::kill(spawned->pid, SIGKILL);
    co_await io::Poll(loop, spawned->pidfd.get(), POLLIN, io::Until());
  }
  siginfo_t info = {};
  waitid(P_PIDFD, static_cast<id_t>(spawned->pidfd.get()), &info, WEXITED);
  if (ended < 0 && stop.requested()) co_return undecided("the daemon is stopping");
  if (ended < 0) {
    co_return damaged(fmt::format("the check did not come to an end within {} ms",
                                  run.limit.count() / 1'000'000));
  }
  co_return judge(said, info);
}

}  // namespace ringwall::master
