// Commands about the daemon as a whole.
#include <fmt/format.h>

#include "cli/ask.h"
#include "cli/units.h"
#include "daemon/control/reports.h"

namespace ringwall::cli {

using control::Json;
using control::Method;
using control::Outcome;

namespace {

Table worker_table(const std::vector<control::WorkerReport>& workers, int64_t now,
                   const Output& output) {
  constexpr Align right = Align::right;
  Table table({{"WORKER", right},
               {"PID", right},
               {"STATE"},
               {"GENERATION", right},
               {"UP", right},
               {"CONNECTIONS", right},
               {"ACTIVE", right},
               {"REQUESTS", right},
               {"DEATHS", right}});
  for (const auto& worker : workers) {
    bool lives = worker.pid > 0;
    table.add({std::to_string(worker.slot), lives ? std::to_string(worker.pid) : "-", worker.state,
               std::to_string(worker.generation),
               lives ? output.seconds(now - worker.started_at) : "-",
               std::to_string(worker.connections), std::to_string(worker.exchanges),
               std::to_string(worker.requests), std::to_string(worker.deaths)});
  }
  return table;
}

int64_t now_s() {
  return base::wall_now_ns() / 1'000'000'000;
}

void show_answers(const control::ReloadReport& report, Output& output) {
  for (const std::string& line : report.errors) output.text(printable(line) + "\n");
  for (const std::string& line : report.warnings) output.warn("warning: " + line);
  Table answers({{"PROCESS"}, {"PID", Align::right}, {"ANSWER"}});
  for (const auto& answer : report.answers) {
    answers.add({answer.child, answer.pid > 0 ? std::to_string(answer.pid) : "-", answer.text});
  }
  output.table(answers);
}

Outcome show_reload(const control::ReloadReport& report, Output& output) {
  bool partly = report.result == "partly";
  output.say("reloaded{}: generation {} is in force", partly ? " in part" : "", report.generation);
  for (const std::string& name : report.listeners_added) output.say("listener added: {}", name);
  for (const std::string& name : report.listeners_removed) output.say("listener removed: {}", name);
  for (const std::string& key : report.needs_restart) {
    output.say("needs a restart to take effect: {}", key);
  }
  show_answers(report, output);
  return partly ? Outcome::partly : Outcome::done;
}

}  // namespace

Outcome show_status(const Invocation& invocation, Output& output) {
  return ask<control::StatusReport>(
      invocation, output, Method::status, Json::object(),
      [&output](const control::StatusReport& report) {
        Table facts({{"RINGWALL"}, {report.version}});
        facts.add({"state", report.state});
        facts.add({"pid", std::to_string(report.pid)});
        facts.add({"up", output.seconds(report.now - report.started_at)});
        facts.add({"config", report.config});
        facts.add({"generation", std::to_string(report.generation)});
        for (const auto& listener : report.listeners) {
          facts.add({"listener", fmt::format("{} {}", listener.name, listener.address)});
        }
        facts.add({"connections", std::to_string(report.connections)});
        facts.add({"active requests", std::to_string(report.exchanges)});
        facts.add({"requests", std::to_string(report.requests)});
        facts.add({"backends", std::to_string(report.backends)});
        facts.add({"backends ready", std::to_string(report.backends_ready)});
        facts.add({"cache", output.bytes(report.cache_bytes)});
        facts.add({"cache reserved", output.bytes(report.cache_reserved_bytes)});
        facts.add({"cache used", output.bytes(report.cache_used_bytes)});
        output.table(facts);
        if (output.terminal()) {
          output.say("");
          output.table(worker_table(report.workers, report.now, output));
        }
        return Outcome::done;
      });
}

Outcome list_workers(const Invocation& invocation, Output& output) {
  return ask<control::WorkerListReport>(
      invocation, output, Method::worker_list, Json::object(),
      [&output](const control::WorkerListReport& report) {
        output.table(worker_table(report.workers, now_s(), output));
        return Outcome::done;
      });
}

Outcome reload(const Invocation& invocation, Output& output) {
  return ask<control::ReloadReport>(
      invocation, output, Method::reload, Json::object(),
      [&output](const control::ReloadReport& report) { return show_reload(report, output); },
      [&output](const control::ReloadReport& report) {
        show_answers(report, output);
        output.say("nothing was changed: generation {} stays in force", report.generation);
      });
}

Outcome stop(const Invocation& invocation, Output& output) {
  control::StopParams params;
  params.graceful = !invocation.has("fast");
  return ask<control::StopReport>(invocation, output, Method::stop, control::encode(params),
                                  [&output](const control::StopReport& report) {
                                    output.say("the daemon stops ({})", report.mode);
                                    return Outcome::done;
                                  });
}

Outcome upgrade(const Invocation& invocation, Output& output) {
  return ask<control::UpgradeReport>(
      invocation, output, Method::upgrade, Json::object(),
      [&output](const control::UpgradeReport& report) {
        output.say("upgraded: the new daemon has pid {}, the old one drains", report.pid);
        return Outcome::done;
      });
}

Outcome reopen_logs(const Invocation& invocation, Output& output) {
  return ask<control::ReopenReport>(invocation, output, Method::reopen_logs, Json::object(),
                                    [&output](const control::ReopenReport& report) {
                                      output.say("{} reopened",
                                                 counted(report.files.size(), "log file"));
                                      for (const std::string& file : report.files)
                                        output.say("{}", printable(file));
                                      return Outcome::done;
                                    });
}

}  // namespace ringwall::cli
