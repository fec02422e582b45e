#!/bin/sh
# Starts ringwall for a comparison with other proxies: everything forwarded to ORIGIN_ADDR and
# cacheable by its own fields, /p/ never cached, no access log, connections kept as long as possible
# on both sides. Stays in the foreground (exec); its children are the workers.
#
# Environment: RINGWALL_BUILD (a meson build directory), ORIGIN_ADDR (host:port), LISTEN_PORT,
# CACHE_MB, WORKERS, WORKDIR (private and empty).
set -eu
daemon=$RINGWALL_BUILD/daemon/ringwalld
if [ ! -x "$daemon" ]; then
  echo "start.sh: no $daemon" >&2
  exit 77
fi

config=$WORKDIR/ringwall.toml
cat >"$config" <<TOML
[process]
workers = ${WORKERS:-1}
connections_max = 60000

[control]
socket = "$WORKDIR/control.sock"

[cache]
size = "${CACHE_MB:-256}MiB"

[http]
idle_timeout = "3600s"
send_timeout = "3600s"
body_timeout = "3600s"
requests_max = 0

[[listener]]
address = "127.0.0.1:$LISTEN_PORT"
backlog = 65535

[upstream.origin]
backends = ["$ORIGIN_ADDR"]
pool_size = 4096
pool_idle_timeout = "3600s"
idle_timeout = "3600s"
eject_after = 0

[[route]]
upstream = "origin"
cache = { lock_timeout = "60s" }

[[route]]
path = "/p/"
upstream = "origin"
cache = false
TOML
exec "$daemon" -c "$config"
