#include "daemon/master/generation.h"

#include "conf/bundle.h"
#include "conf/files.h"
#include "conf/load.h"

namespace ringwall::master {

Loaded load_config(const std::string& path) {
  Loaded loaded;
  conf::DiskFiles files;
  conf::LoadResult result = conf::load(path, files);
  loaded.errors = std::move(result.errors);
  loaded.warnings = std::move(result.warnings);
  if (!result.config) return loaded;
  auto bundle = conf::write_bundle(files.bundle(path));
  if (!bundle) {
    loaded.failure = bundle.error().what;
    return loaded;
  }
  loaded.bundle = std::move(*bundle);
  loaded.config = std::move(result.config);
  return loaded;
}

}  // namespace ringwall::master
