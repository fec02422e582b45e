"""Starts the real daemon for a test, talks to it, and ends it with every check that always holds:
exit code 0, no sanitizer report, no failed assertion, no worker that died on its own.

    with Ringwall(origin) as rw:             # everything forwarded to the origin
        assert rw.get("/b/100/x").status == 200

A whole config may be given as text; in it $web is the port of the (first) listener, $web2 that of
a second, $dir the private directory, $NAME the port of an origin given as keyword NAME=origin.
"""
import json
import os
import pathlib
import re
import shutil
import signal
import socket
import string
import subprocess
import tempfile
import time

from client import Client
from programs import CTL, DAEMON, Load, free_port, load, wait_until

FORWARD = """
[[listener]]
name = "web"
address = "127.0.0.1:$web"
$listener
[upstream.app]
backends = ["127.0.0.1:$origin"]
$upstream
[[route]]
upstream = "app"
$route
"""

# What must never stand in the error log, whatever a test did.
ALARMS = re.compile(r"AddressSanitizer|LeakSanitizer|runtime error:|UndefinedBehavior|"
                    r"[Aa]ssertion|assert failed|terminate called|stack smashing")


def toml(value):
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, dict):
        return "{ " + ", ".join(f"{k} = {toml(v)}" for k, v in value.items()) + " }"
    return json.dumps(value)


def keys(settings):
    return "\n".join(f"{k} = {toml(v)}" for k, v in (settings or {}).items())


class Notify:
    """The end of systemd's notification socket: what a Type=notify service says."""

    def __init__(self, path):
        self.path = str(path)
        self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.socket.bind(self.path)
        self.lines = []

    def wait(self, line, alive, deadline=30):
        """Waits for a line such as "READY=1"; alive() says whether to go on waiting."""
        self.socket.settimeout(0.1)
        end = time.monotonic() + deadline
        while True:
            for i, seen in enumerate(self.lines):
                if seen.startswith(line):
                    del self.lines[:i + 1]
                    return seen
            assert alive(), f"the daemon ended before {line}"
            assert time.monotonic() < end, f"no {line} within {deadline} s; seen: {self.lines}"
            try:
                self.lines += self.socket.recv(4096).decode().splitlines()
            except socket.timeout:
                pass


class Ctl:
    """The outcome of one call of ringwallctl."""

    def __init__(self, process):
        self.code = process.returncode
        self.out = process.stdout
        self.err = process.stderr

    @property
    def json(self):
        return json.loads(self.out)

    def __repr__(self):
        return f"<ringwallctl: code {self.code}\n{self.out}{self.err}>"


def ctl(*args, socket_path=None, json_output=False, env=None):
    command = [str(CTL)]
    if socket_path:
        command += ["--socket", str(socket_path)]
    if json_output:
        command.append("--json")
    done = subprocess.run(command + [str(a) for a in args], capture_output=True, text=True,
                          timeout=120, env={**os.environ, **(env or {})}, check=False)
    return Ctl(done)


class Ringwall:
    def __init__(self, origin=None, text=FORWARD, *, workers=2, process=None, http=None, cache=None,
                 log=None, upstream=None, route=None, listener=None, start=True, wrapper=(),
                 env=None, **origins):
        self.dir = pathlib.Path(tempfile.mkdtemp(prefix="ringwall-"))
        self.dir.chmod(0o755)
        self.port, self.port2 = free_port(), free_port()
        self.socket_path = self.dir / "control.sock"
        self.config_path = self.dir / "ringwall.toml"
        self.log_path = self.dir / "error.log"
        self.sections = {"process": {"workers": workers, "stop_deadline": "10s", **(process or {})},
                         "control": {"socket": str(self.socket_path)},
                         "cache": {"size": "64MiB", **(cache or {})},
                         "http": http or {}, "log": {"level": "info", **(log or {})}}
        if origin is not None:
            origins["origin"] = origin
        self.names = {"web": self.port, "web2": self.port2, "dir": self.dir,
                      "listener": keys(listener), "upstream": keys(upstream), "route": keys(route)}
        self.names.update({name: getattr(o, "port", o) for name, o in origins.items()})
        self.text = text
        self.wrapper = list(wrapper)
        self.env = env or {}
        self.process = self.master = None
        self.deaths_expected = False
        self.checked = False
        self.write_config()
        if start:
            self.start()

    def __enter__(self):
        return self

    def __exit__(self, kind, *_):
        if kind is None:
            self.stop()
        else:
            self.abandon()

    # Config and processes.

    def render(self):
        head = "".join(f"[{name}]\n{keys(values)}\n" for name, values in self.sections.items())
        body = string.Template(self.text)
        text = head + body.substitute(self.names)
        # Settings of a template may hold names themselves.
        return string.Template(text).safe_substitute(self.names)

    def write_config(self):
        self.config_path.write_text(self.render())

    def launch(self):
        """Starts the daemon without waiting for it."""
        self.notify = Notify(self.dir / f"notify-{time.monotonic_ns()}")
        env = {**os.environ, "NOTIFY_SOCKET": self.notify.path,
               "ASAN_OPTIONS": "detect_leaks=1:exitcode=99:abort_on_error=0",
               "UBSAN_OPTIONS": "halt_on_error=1:print_stacktrace=1:exitcode=99", **self.env}
        with open(self.log_path, "ab") as log:
            self.process = subprocess.Popen(
                [*map(str, self.wrapper), DAEMON, "-c", self.config_path], cwd=self.dir, env=env,
                stdin=subprocess.DEVNULL, stdout=log, stderr=log)
        self.master = self.process.pid

    def start(self):
        self.launch()
        try:
            self.wait_ready()
        except AssertionError as error:
            text = self.log_text()
            self.abandon()
            raise AssertionError(f"{error}\n{text}") from None

    def wait_ready(self):
        self.notify.wait("READY=1", lambda: self.process.poll() is None)

    def log_text(self):
        return self.log_path.read_text(errors="replace") if self.log_path.exists() else ""

    def wait_log(self, pattern, deadline=20):
        return wait_until(lambda: re.search(pattern, self.log_text()), f"log line {pattern!r}",
                          deadline)

    def children(self):
        """The master's child processes with their command lines."""
        found = {}
        for stat in pathlib.Path("/proc").glob("[0-9]*/stat"):
            try:
                fields = stat.read_text().rpartition(")")[2].split()
                if int(fields[1]) == self.master and fields[0] != "Z":
                    found[int(stat.parent.name)] = (stat.parent / "cmdline").read_text()
            except (OSError, IndexError):
                continue
        return found

    def workers(self):
        """Process ids of the workers that serve, by the master's word."""
        return [w["pid"] for w in self.worker_list() if w["state"] == "ready"]

    def worker_list(self):
        answer = self.ctl("worker", "list", json_output=True)
        assert answer.code == 0, answer
        return answer.json["workers"]

    def send_signal(self, number):
        os.kill(self.master, number)

    def kill_worker(self, pid=None):
        pid = pid or self.workers()[0]
        self.deaths_expected = True
        os.kill(pid, signal.SIGKILL)
        return pid

    def wait_workers(self, n, gone=()):
        """Waits until n workers run and none of `gone` is left."""
        def settled():
            pids = self.workers()
            return len(pids) == n and not set(pids) & set(gone) and pids
        return wait_until(settled, f"{n} workers run, without {gone}")

    def ended(self):
        """Whether the master has ended (an upgraded one is no child of this process)."""
        if self.process.poll() is None and self.master == self.process.pid:
            return False
        return self.master == self.process.pid or not pathlib.Path(f"/proc/{self.master}").exists()

    def stop(self, how=signal.SIGQUIT, deadline=30):
        if not self.ended():
            self.send_signal(how)
        wait_until(self.ended, "the daemon ends", deadline)
        self.check_end()

    def check_end(self):
        self.checked = True
        code = self.process.wait(10)
        text = self.log_text()
        alarm = ALARMS.search(text)
        assert not alarm, f"alarm in the log:\n{text[max(0, alarm.start() - 500):][:6000]}"
        assert code == 0, f"exit code {code}:\n{text[-4000:]}"
        if not self.deaths_expected:
            died = re.search(r"(?i)worker \d+.*\b(died|killed by)", text)
            assert not died, f"a worker died:\n{text[-4000:]}"
        self.clean()

    def abandon(self):
        """Ends what still runs, without checks (the test has failed already)."""
        if self.process is None or self.checked:
            return
        pids = [self.master, self.process.pid, *self.children()]
        for pid in pids:
            try:
                os.kill(pid, signal.SIGKILL)
            except ProcessLookupError:
                pass
        self.process.wait(10)
        print(f"--- config\n{self.config_path.read_text()}\n--- error log\n{self.log_text()[-8000:]}")
        self.checked = True
        self.clean()

    def clean(self):
        self.notify.socket.close()
        shutil.rmtree(self.dir, ignore_errors=True)

    # Talking to it.

    def client(self, **more):
        return Client(self.port, **more)

    def get(self, target="/", method="GET", **more):
        with Client(self.port) as client:
            return client.ask(target, method, Connection="close", **more)

    def exchange(self, raw, method="GET"):
        """Sends exact bytes on a fresh connection and returns the response."""
        with Client(self.port) as client:
            client.send(raw)
            return client.response(method)

    def load(self, paths, **options):
        return load(self.port, paths, **options)

    def begin_load(self, paths, **options):
        run = Load(self.port, paths, until_eof=True, **options)
        run.wait_ok(20)
        return run

    def ctl(self, *args, json_output=False, env=None):
        return ctl(*args, socket_path=self.socket_path, json_output=json_output, env=env)

    def reload(self):
        answer = self.ctl("reload")
        assert answer.code == 0, answer
        return answer

    def status(self):
        return self.ctl("status", json_output=True).json
