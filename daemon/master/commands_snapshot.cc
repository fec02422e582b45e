// The part of Commands that saves what the cache holds, and loads it. The files are opened by the
// client, with its own rights, and come as descriptors. The work is done by a thread with a slot of
// the cache (cache/snapshot.h); one at a time.
#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>

#include "cache/snapshot.h"
#include "daemon/base/log.h"
#include "daemon/control/reports_filling.h"
#include "daemon/master/background.h"
#include "daemon/master/commands.h"
#include "daemon/master/master.h"
#include "daemon/master/walk.h"

namespace ringwall::master {

using control::Outcome;
using control::RpcError;

namespace {

using namespace std::chrono_literals;

constexpr base::Duration look_interval = 100ms;
constexpr int looks_per_progress = 10;

double ms_since(base::Instant begun) {
  return static_cast<double>((base::monotonic_now() - begun).count()) / 1e6;
}

/// A regular file: reading from anything else may take for ever. Empty: it is one that is open for
/// `access`.
std::string why_unfit(int descriptor, int access) {
  if (descriptor < 0) return "no descriptor of a file came with the request";
  struct stat status = {};
  if (fstat(descriptor, &status) != 0 || !S_ISREG(status.st_mode)) return "this is no regular file";
  int flags = fcntl(descriptor, F_GETFL);
  bool open = (flags & O_PATH) == 0 && ((flags & O_ACCMODE) == access || (flags & O_ACCMODE) == O_RDWR);
  return open ? "" : "the file is not open for what is to be done with it";
}

}  // namespace

/// One snapshot on its way.
struct Commands::SnapshotRun {
  SnapshotRun(const char* word, const Estate& estate) : done(word), walk(estate) {}

  const char* done;  // "saved", "loaded"
  Walk walk;
  cache::SnapshotProgress progress;
  base::Instant begun = base::monotonic_now();
  io::Stop over;
  std::string failure;
};

/// Tells the client how far it is, and the thread when it is to stop, until the run is over.
io::Task<void> Commands::watch_snapshot(SnapshotRun& run, const Call& call) {
  for (int looks = 1; !run.over.requested(); ++looks) {
    if (call.gone.requested() || master_.stopping()) run.progress.stop = true;
    if (looks % looks_per_progress == 0) {
      call.progress(fmt::format("{} {} stored responses, {} bytes", run.done,
                                run.progress.responses.load(), run.progress.bytes.load()));
    }
    io::Until until(master_.loop().now() + look_interval, &run.over);
    co_await io::Sleep(master_.loop(), until);
  }
}

/// Does `work` on a thread with a store of its own; run.failure says why it did not.
io::Task<void> Commands::run_snapshot(SnapshotRun& run, const Call& call,
                                      std::function<void(cache::Store&)> work) {
  auto slot = master_.estate().take_last_slot();
  if (!slot) {
    run.failure = "no slot of the cache is free until older workers have drained";
    co_return;
  }
  snapshot_runs_ = true;
  std::function<void()> on_thread = [&run, &work, &slot] {
    auto store = cache::Store::attach(run.walk.segment.get(), *slot, run.walk.doorbells);
    if (!store) {
      run.failure = store.error().what;
      return;
    }
    work(*store);
  };
  io::TaskGroup watching;
  watching.spawn(watch_snapshot(run, call));
  bool ran = co_await in_background(master_.loop(), std::move(on_thread));
  if (!ran) run.failure = "no thread can be had";
  run.over.request();
  co_await watching.wait();
  snapshot_runs_ = false;
  master_.estate().taken.reset(*slot);
}

/// Why there is no snapshot now; nothing: there may be one.
std::optional<RpcError> Commands::refuse_snapshot(const Call& call, int access) const {
  if (!master_.estate().observer) return no_cache();
  if (snapshot_runs_) {
    return RpcError(Outcome::refused, "another snapshot is being saved or loaded");
  }
  if (master_.stopping()) return RpcError(Outcome::refused, "the daemon is stopping");
  std::string unfit = why_unfit(call.descriptor, access);
  if (!unfit.empty()) return RpcError(control::rpc_invalid_params, std::move(unfit));
  return std::nullopt;
}

io::Task<control::Answer> Commands::save_snapshot(const Call& call) {
  auto none = control::read_params<control::NoParams>(call.request);
  if (!none) co_return base::fail(std::move(none.error()));
  if (auto refused = refuse_snapshot(call, O_WRONLY)) co_return base::fail(std::move(*refused));
  SnapshotRun run("saved", master_.estate());
  cache::Saved saved;
  std::function<void(cache::Store&)> work = [&](cache::Store& store) {
    auto result = cache::save_snapshot(store, call.descriptor, run.progress);
    if (result) {
      saved = *result;
    } else {
      run.failure = result.error().what;
    }
  };
  co_await run_snapshot(run, call, std::move(work));
  if (!run.failure.empty()) {
    base::log_warning("no snapshot of the cache: {}", run.failure);
    co_return base::fail(RpcError(Outcome::failed, "no snapshot: " + run.failure));
  }
  control::SnapshotSaveReport report;
  report.responses = saved.responses;
  report.bytes = saved.bytes;
  report.file_bytes = saved.file_bytes;
  report.gone = saved.gone;
  report.took_ms = ms_since(run.begun);
  base::log_info("saved {} stored responses, {} bytes, in a snapshot", saved.responses,
                 saved.bytes);
  co_return control::encode(report);
}

io::Task<control::Answer> Commands::load_snapshot(const Call& call) {
  auto params = control::read_params<control::SnapshotLoadParams>(call.request);
  if (!params) co_return base::fail(std::move(params.error()));
  if (auto refused = refuse_snapshot(call, O_RDONLY)) co_return base::fail(std::move(*refused));
  SnapshotRun run("loaded", master_.estate());
  cache::LoadOptions options;
  options.soft = params->soft;
  options.now_ms = base::wall_now_ns() / 1'000'000;
  cache::Loaded loaded;
  std::function<void(cache::Store&)> work = [&](cache::Store& store) {
    auto result = cache::load_snapshot(store, call.descriptor, options, run.progress);
    if (result) {
      loaded = std::move(*result);
    } else {
      run.failure = result.error().what;
    }
  };
  co_await run_snapshot(run, call, std::move(work));
  if (!run.failure.empty()) co_return base::fail(RpcError(Outcome::failed, run.failure));
  control::SnapshotLoadReport report;
  report.responses = loaded.responses;
  report.bytes = loaded.bytes;
  report.present = loaded.present;
  report.no_room = loaded.no_room;
  report.full = loaded.full;
  report.damage = loaded.damage;
  report.sound_bytes = loaded.damaged_at;
  report.took_ms = ms_since(run.begun);
  base::log_info("loaded {} stored responses, {} bytes, of a snapshot", loaded.responses,
                 loaded.bytes);
  if (loaded.damage.empty() && !loaded.stopped) co_return control::encode(report);
  std::string why = loaded.stopped ? "stopped before the end" : loaded.damage;
  bool nothing = loaded.responses + loaded.present + loaded.no_room == 0;
  co_return base::fail(RpcError(
      nothing ? Outcome::failed : Outcome::partly,
      fmt::format("{}; what stands before that was loaded: {} stored responses", why,
                  loaded.responses),
      control::encode(report)));
}

}  // namespace ringwall::master
