// cache snapshot: the file is opened here, with the rights of who calls; the daemon gets it open.
#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>

#include <cerrno>

#include "cli/ask.h"
#include "cli/client.h"
#include "cli/new_file.h"
#include "cli/units.h"
#include "daemon/control/reports_filling.h"

namespace ringwall::cli {

using control::Json;
using control::Method;
using control::Outcome;
using control::RpcError;

namespace {

Outcome fail(Output& output, const RpcError& error) {
  output.problem(error);
  return control::outcome_of(error);
}

base::Result<Json, RpcError> call_with(const Invocation& invocation, Output& output, Method method,
                                       const Json& params, int descriptor) {
  auto client = Client::connect(invocation.socket);
  if (!client) return base::fail(client.error());
  return client->call(control::row_of(method).name, params, silence_max(invocation, method),
                      [&output](std::string_view text) { output.progress(text); }, descriptor);
}

std::string amount(const Output& output, uint64_t responses, uint64_t bytes) {
  return fmt::format("{} ({})", counted(responses, "stored response"),
                     output.bytes(bytes) + (output.terminal() ? "" : " bytes"));
}

void show_load(const control::SnapshotLoadReport& report, Output& output) {
  output.say("loaded {} in {:.3f} s", amount(output, report.responses, report.bytes),
             report.took_ms / 1000);
  if (report.present > 0) output.say("{} left as they were", report.present);
  if (report.no_room > 0) {
    output.say("no room for {}{}", report.no_room,
               report.full ? "; the rest of the file was not tried" : "");
  }
  if (!report.damage.empty()) {
    output.warn(fmt::format("{} behind byte {}", report.damage, report.sound_bytes));
  }
}

}  // namespace

Outcome save_snapshot(const Invocation& invocation, Output& output) {
  auto file = NewFile::make(invocation.operands.at(0));
  if (!file) return fail(output, {Outcome::failed, file.error().what});
  auto result =
      call_with(invocation, output, Method::cache_snapshot_save, Json::object(), file->fd());
  if (!result) return fail(output, result.error());
  auto report = control::decode<control::SnapshotSaveReport>(*result);
  if (!report) return fail(output, {Outcome::failed, "the daemon's answer is not understood"});
  if (auto published = file->publish(); !published) {
    return fail(output, {Outcome::failed, published.error().what});
  }
  output.json(*result);
  output.say("saved {} in {:.3f} s", amount(output, report->responses, report->bytes),
             report->took_ms / 1000);
  return Outcome::done;
}

Outcome load_snapshot(const Invocation& invocation, Output& output) {
  const std::string& path = invocation.operands.at(0);
  // Of a pipe nobody writes to, opening alone would wait.
  base::UniqueFd file(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK));
  if (!file) return fail(output, {Outcome::failed, base::os_failure(path, errno).what});
  struct stat status = {};
  if (::fstat(file.get(), &status) != 0 || !S_ISREG(status.st_mode)) {
    return fail(output, {Outcome::usage, path + " is no regular file"});
  }
  control::SnapshotLoadParams params;
  params.soft = invocation.has("soft");
  auto result = call_with(invocation, output, Method::cache_snapshot_load, control::encode(params),
                          file.get());
  if (!result) {
    auto part = control::decode<control::SnapshotLoadReport>(result.error().data);
    if (part) show_load(*part, output);
    return fail(output, result.error());
  }
  auto report = control::decode<control::SnapshotLoadReport>(*result);
  if (!report) return fail(output, {Outcome::failed, "the daemon's answer is not understood"});
  output.json(*result);
  show_load(*report, output);
  return Outcome::done;
}

}  // namespace ringwall::cli
