"""The programs around ringwall: scripted origin, load generator, nginx as a static origin."""
import json
import os
import pathlib
import re
import select
import shutil
import signal
import socket
import subprocess
import tempfile
import threading
import time
import urllib.parse

from client import Client, content

BUILD = pathlib.Path(os.environ.get("RINGWALL_BUILD", "build")).resolve()
LONG = os.environ.get("RINGWALL_LONG") == "1"
ORIGIN = BUILD / "tests/support/origin"
LOAD = BUILD / "tests/support/load"
DENY_URING = BUILD / "tests/support/deny_uring"
DAEMON = BUILD / "daemon/ringwalld"
CTL = BUILD / "cli/ringwallctl"


def wait_until(condition, what, deadline=20):
    """Waits until condition() is true and returns its value; looks every few milliseconds."""
    end = time.monotonic() + deadline
    pause = threading.Event()
    while True:
        value = condition()
        if value:
            return value
        if time.monotonic() > end:
            raise AssertionError(f"did not happen within {deadline} s: {what}")
        pause.wait(0.005)


def pace(seconds):
    """Spaces repeated actions ("once a second"); never a wait for something to happen."""
    threading.Event().wait(seconds)


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


def options_query(options):
    """Options for the origin as a query ("304_cc" stands for 304.cc; a list for several)."""
    pairs = []
    for name, values in options.items():
        name = re.sub(r"^(304|[A-Z]+)_", r"\1.", name)
        pairs += [(name, value) for value in (values if isinstance(values, list) else [values])]
    return urllib.parse.urlencode(pairs, quote_via=urllib.parse.quote)


class Asked:
    """A request as the origin received it."""

    def __init__(self, head):
        line, *fields = head.removesuffix("\r\n\r\n").split("\r\n")
        self.method, self.target, _ = line.split(" ")
        self.fields = [(name.lower(), value.strip(" \t")) for name, _, value in
                       (field.partition(":") for field in fields)]

    def get(self, name):
        """The values of a field with ", " between; None: it was not sent."""
        values = [v for k, v in self.fields if k == name.lower()]
        return ", ".join(values) if values else None

    def __repr__(self):
        return f"<{self.method} {self.target} {self.fields}>"


class Origin:
    """The scripted origin (tests/support/origin.cc)."""

    def __init__(self, name="origin", port=0):
        self.name = name
        self.process = subprocess.Popen([ORIGIN, "--name", name, "--port", str(port)],
                                        stdout=subprocess.PIPE, text=True)
        line = self.process.stdout.readline()
        assert line.startswith("port "), "the origin did not start"
        self.port = int(line.split()[1])

    def stop(self):
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait()
        self.process.stdout.close()

    def control(self, what):
        with Client(self.port) as client:
            return client.ask("/_ctl/" + what).body.decode()

    def count(self, path):
        return int(self.control("count" + path.partition("?")[0]))

    def stats(self):
        return json.loads(self.control("stats"))

    def log(self, path=""):
        """The raw requests seen, oldest first; only those of the path if one is given."""
        return json.loads(self.control("log" + path.partition("?")[0]))

    def asked(self, path):
        """The requests seen for a path as (method, target, [(name in lower case, value)…])."""
        return [Asked(entry["head"]) for entry in self.log(path)]

    def set(self, path, **options):
        """From now on these options count for the path."""
        self.control("set" + path.partition("?")[0] + "?" + options_query(options))

    def unset(self, path):
        self.control("unset" + path.partition("?")[0])

    def heads(self):
        return [entry["head"] for entry in self.log()]

    def reset(self):
        self.control("reset")

    def open(self, gate):
        self.control("open/" + gate)

    def wait_waiting(self, gate, n=1):
        wait_until(lambda: self.stats()["waiting"].get(gate, 0) >= n,
                   f"{n} requests waiting at the gate {gate}")

    def wait_count(self, path, n=1):
        wait_until(lambda: self.count(path) >= n, f"{n} requests for {path} at the origin")


class Load:
    """A run of the load generator (tests/support/load.cc); options as keywords."""

    def __init__(self, port, paths, **options):
        self.ok = 0
        self.ready = threading.Event()
        self.result = None
        args = [LOAD, "--port", str(port)]
        self.list = None
        if isinstance(paths, str):
            args += ["--path", paths]
        else:
            with tempfile.NamedTemporaryFile("w", suffix=".paths", delete=False) as self.list:
                self.list.write("".join(path + "\n" for path in paths))
            args += ["--paths", self.list.name]
        for name, value in options.items():
            args.append("--" + name.replace("_", "-"))
            if value is not True:
                args.append(str(value))
        self.process = subprocess.Popen(args, stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                        text=True)
        self.reader = threading.Thread(target=self.read, daemon=True)
        self.reader.start()

    def read(self):
        for line in self.process.stdout:
            if line.startswith("ok "):
                self.ok = int(line.split()[1])
            elif line.startswith("ready"):
                self.ready.set()
            else:
                self.result = json.loads(line)

    def wait_ok(self, more):
        """Waits until so many more requests have been answered well."""
        target = self.ok + more
        wait_until(lambda: self.ok >= target or self.process.poll() is not None,
                   f"{more} more good answers under load", 60)
        assert self.process.poll() is None, "the load generator ended early"

    def finish(self, deadline=120):
        """Ends the run and returns what it counted."""
        if not self.process.stdin.closed:
            self.process.stdin.close()
        self.process.wait(deadline)
        self.reader.join()
        self.process.stdout.close()
        if self.list:
            os.unlink(self.list.name)
        assert self.result is not None, "the load generator gave no result"
        return self.result

    def stop(self):
        if self.process.poll() is None:
            self.process.kill()
            self.process.wait()


def load(port, paths, **options):
    """A load run from start to end."""
    return Load(port, paths, **options).finish()


FAILURES = ("connect", "reset", "lost", "broken", "status", "mismatch", "timeout")


def failures(result):
    """The kinds of failures that a load run saw, with examples."""
    seen = {kind: result[kind] for kind in FAILURES if result[kind]}
    return {**seen, "examples": result["examples"]} if seen else {}


class Nginx:
    """nginx as a static origin for generated files, with its own configuration and files."""

    CONFIG = """
worker_processes 1;
daemon off;
pid {dir}/nginx.pid;
error_log {dir}/error.log;
events {{ worker_connections 4096; }}
http {{
  access_log off;
  client_body_temp_path {dir}/t1; proxy_temp_path {dir}/t2; fastcgi_temp_path {dir}/t3;
  uwsgi_temp_path {dir}/t4; scgi_temp_path {dir}/t5;
  sendfile on; keepalive_requests 1000000;
  server {{
    listen 127.0.0.1:{port} backlog=4096;
    root {dir}/files;
    location / {{ add_header Cache-Control max-age=3600; }}
    location /plain/ {{ alias {dir}/files/; }}
  }}
}}
"""

    def __init__(self, sizes):
        """Makes a file /b/SIZE/N for each size, with the content of its path."""
        self.dir = pathlib.Path(tempfile.mkdtemp(prefix="ringwall-nginx-"))
        self.dir.chmod(0o755)
        self.paths = []
        for n, size in enumerate(sizes):
            path = f"/b/{size}/{n}"
            file = self.dir / "files" / path[1:]
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_bytes(content(path))
            self.paths.append(path)
        self.port = free_port()
        config = self.dir / "nginx.conf"
        config.write_text(self.CONFIG.format(dir=self.dir, port=self.port))
        binary = shutil.which("nginx") or "/usr/sbin/nginx"
        self.process = subprocess.Popen([binary, "-c", config, "-e", self.dir / "error.log"],
                                        stderr=subprocess.DEVNULL)
        wait_until(self.answers, "nginx answers")

    def answers(self):
        assert self.process.poll() is None, (self.dir / "error.log").read_text()
        try:
            Client(self.port).close()
            return True
        except OSError:
            return False

    def stop(self):
        self.process.send_signal(signal.SIGTERM)
        self.process.wait(20)
        shutil.rmtree(self.dir, ignore_errors=True)


class SilentListener:
    """Accepts nothing: its backlog is full, so that connecting to it never ends."""

    def __init__(self):
        self.socket = socket.socket()
        self.socket.bind(("127.0.0.1", 0))
        self.socket.listen(0)
        self.port = self.socket.getsockname()[1]
        self.fill = []
        for _ in range(8):
            filler = socket.socket()
            filler.setblocking(False)
            filler.connect_ex(("127.0.0.1", self.port))
            self.fill.append(filler)

    def stop(self):
        for s in [self.socket, *self.fill]:
            s.close()


def readable(sock, seconds):
    return bool(select.select([sock], [], [], seconds)[0])


class Sink:
    """An origin that keeps every byte it gets and answers nothing: shows what ringwall leaks."""

    def __init__(self):
        self.socket = socket.create_server(("127.0.0.1", 0))
        self.port = self.socket.getsockname()[1]
        self.connections = []
        self.lock = threading.Lock()
        threading.Thread(target=self.accept, daemon=True).start()

    def accept(self):
        while True:
            try:
                connection, _ = self.socket.accept()
            except OSError:
                return
            kept = bytearray()
            with self.lock:
                self.connections.append(kept)
            threading.Thread(target=self.keep, args=(connection, kept), daemon=True).start()

    @staticmethod
    def keep(connection, kept):
        with connection:
            while True:
                try:
                    data = connection.recv(65536)
                except OSError:
                    return
                if not data:
                    return
                kept += data

    @property
    def bytes(self):
        with self.lock:
            return b"".join(bytes(kept) for kept in self.connections)

    def stop(self):
        self.socket.close()
