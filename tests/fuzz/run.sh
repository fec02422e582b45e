#!/bin/sh
# Fuzzes every target (or those named) for SECONDS each with libFuzzer under ASan and UBSan, then
# merges what is new into the corpus. Usage: tests/fuzz/run.sh SECONDS [TARGET...]
# BUILD names a directory for the binaries, CXX another clang.
set -eu
seconds=${1:?usage: run.sh SECONDS [TARGET...]}
shift
here=$(cd "$(dirname "$0")" && pwd)
root=$(cd "$here/../.." && pwd)
build=${BUILD:-/tmp/ringwall-fuzz}
cxx=${CXX:-clang++-14}
command -v "$cxx" > /dev/null || {
  echo "missing $cxx: apt-get install clang-14 libclang-rt-14-dev" >&2
  exit 1
}
flags="-std=c++20 -g -O1 -D_GNU_SOURCE -fno-omit-frame-pointer -fno-sanitize-recover=all
  -fsanitize=address,undefined -I$root"
mkdir -p "$build/objects"
for source in "$root"/daemon/http/*.cc "$root"/daemon/caching/*.cc "$root"/daemon/route/path.cc \
  "$root"/daemon/base/address.cc "$root"/daemon/base/log.cc "$root"/daemon/base/text.cc \
  "$root"/cache/snapshot_format.cc; do
  object="$build/objects/$(basename "$(dirname "$source")")-$(basename "$source" .cc).o"
  # shellcheck disable=SC2086
  "$cxx" $flags -fsanitize=fuzzer-no-link -c "$source" -o "$object"
done
[ $# -gt 0 ] || set -- request_head response_head chunked cache_control date target forwarded \
  structured range selection snapshot
for target in "$@"; do
  # shellcheck disable=SC2086
  "$cxx" $flags -fsanitize=fuzzer "$here/$target.cc" "$build"/objects/*.o -lfmt -lxxhash \
    -o "$build/$target"
  corpus="$here/corpus/$target"
  finds="$build/finds/$target"
  mkdir -p "$corpus" "$finds"
  echo "== $target for $seconds s"
  dictionary=
  [ ! -f "$here/$target.dict" ] || dictionary="-dict=$here/$target.dict"
  "$build/$target" -max_total_time="$seconds" -max_len=4096 -timeout=5 -print_final_stats=1 \
    -artifact_prefix="$build/crash-$target-" $dictionary "$finds" "$corpus"
  # What covers something new joins the corpus; what is there stays.
  "$build/$target" -merge=1 -max_len=1024 "$corpus" "$finds"
done
