"""ringwallctl: what it shows and changes, for people, for pipes and as JSON; its exit codes."""
import json
import os
import pty
import re
import socket
import subprocess

import pytest

import harness
from programs import CTL, wait_until

LISTS = [("status",), ("stats",), ("backend", "list"), ("worker", "list"), ("cache", "usage")]


def on_terminal(rw, *args):
    """What ringwallctl writes to a terminal."""
    main, end = pty.openpty()
    with subprocess.Popen([CTL, "--socket", rw.socket_path, *args], stdout=end,
                          stdin=subprocess.DEVNULL) as process:
        os.close(end)
        shown = b""
        while True:
            try:
                piece = os.read(main, 65536)
            except OSError:  # the other end is closed
                break
            if not piece:
                break
            shown += piece
    os.close(main)
    assert process.returncode == 0
    return shown.decode().replace("\r\n", "\n")


@pytest.mark.parametrize("command", LISTS, ids=" ".join)
def test_json_of_each_list_is_one_object(shared, command):
    answer = shared.ctl(*command, json_output=True)
    assert answer.code == 0, answer
    assert isinstance(answer.json, dict)


@pytest.mark.parametrize("command", [("backend", "list"), ("worker", "list")], ids=" ".join)
def test_tables_are_aligned_on_a_terminal_and_separated_by_tabs_in_a_pipe(shared, command):
    piped = shared.ctl(*command).out
    rows = [line.split("\t") for line in piped.splitlines()]
    assert rows and len(rows[0]) > 3 and len({len(row) for row in rows}) == 1, piped
    shown = on_terminal(shared, *command)
    assert "\t" not in shown
    heads = [m.start() for m in re.finditer(r"\S+", shown.splitlines()[0])]
    assert len(heads) >= len(rows[0]) - 1, shown


def test_status_tells_what_runs(shared, origin):
    status = shared.status()
    assert status["pid"] == shared.master
    assert status["state"] == "serving"
    assert [w["state"] for w in status["workers"]] == ["ready"] * len(status["workers"])
    assert status["listeners"][0]["address"] == f"127.0.0.1:{shared.port}"
    shown = shared.ctl("status").out
    assert str(shared.master) in shown and "serving" in shown


def test_backends_are_listed_with_their_numbers(shared, origin):
    for n in range(5):
        shared.get(f"/b/10/n{n}?cc=no-store")
    backend = shared.ctl("backend", "list", json_output=True).json["backends"][0]
    assert (backend["upstream"], backend["backend"]) == ("app", f"127.0.0.1:{origin.port}")
    assert backend["state"] == "ready" and backend["requests"] >= 5


def test_workers_are_listed_with_what_they_do(shared, origin):
    with shared.client() as client:
        client.request("/b/10/held?cc=no-store&gate=held")
        origin.wait_waiting("held")
        wait_until(lambda: sum(w["exchanges"] for w in shared.worker_list()) == 1,
                   "the exchange is counted")
        origin.open("held")
        assert client.response().status == 200
    assert all(w["connections"] >= 0 and w["deaths"] == 0 for w in shared.worker_list())


def test_cache_usage_counts_what_is_stored(ringwall):
    rw = ringwall()
    before = rw.ctl("cache", "usage", json_output=True).json
    for n in range(10):
        rw.get(f"/b/10000/u{n}?cc=max-age=600")
    after = rw.ctl("cache", "usage", json_output=True).json
    assert after["objects"] - before["objects"] == 10
    assert after["content_bytes"] - before["content_bytes"] >= 100_000
    assert after["used_bytes"] <= after["arena_bytes"]


def test_cache_verify_finds_nothing_wrong(shared):
    answer = shared.ctl("cache", "verify", json_output=True)
    assert answer.code == 0 and answer.json["breaches"] == []


def test_without_a_daemon_the_exit_code_is_3(tmp_path):
    answer = harness.ctl("status", socket_path=tmp_path / "none.sock")
    assert answer.code == 3 and str(tmp_path) in answer.err, answer


@pytest.mark.parametrize("args", [["nonsense"], ["cache"], ["cache", "purge", "--al"],
                                  ["backend", "drain"], ["reload", "more"], []])
def test_a_wrong_usage_is_exit_code_2(args):
    assert harness.ctl(*args).code == 2


def test_an_unknown_backend_is_exit_code_4(shared):
    answer = shared.ctl("backend", "drain", "app/192.0.2.1:80")
    assert answer.code == 4, answer


def test_drain_says_what_changed_and_again_that_nothing_did(ringwall, origin):
    rw = ringwall()
    name = f"app/127.0.0.1:{origin.port}"
    first = rw.ctl("backend", "drain", name, json_output=True)
    assert first.code == 0 and first.json["changed"] and first.json["after"] == "drain", first
    again = rw.ctl("backend", "drain", name, json_output=True)
    assert again.code == 0 and not again.json["changed"], again
    assert rw.get("/b/10/x?cc=no-store").status == 503
    assert rw.ctl("backend", "ready", name).code == 0
    assert rw.get("/b/10/x?cc=no-store").status == 200


def test_a_reload_tells_each_workers_answer(ringwall):
    rw = ringwall(workers=3)
    done = rw.ctl("reload", json_output=True)
    assert done.code == 0, done
    lines = [json.loads(line) for line in done.out.splitlines()] if "\n{" in done.out.strip() \
        else [done.json]
    answers = lines[-1]["answers"]
    workers = [a for a in answers if a["child"].startswith("worker")]
    assert len(workers) == 3 and {a["text"] for a in workers} == {"committed"}


def test_config_check_needs_no_daemon(tmp_path):
    good = tmp_path / "good.toml"
    good.write_text('[[listener]]\naddress = ":8080"\n[upstream.a]\nbackends = ["b:80"]\n'
                    '[[route]]\nupstream = "a"\n')
    assert harness.ctl("config", "check", good).code == 0
    good.write_text("[[listener]]\n")
    assert harness.ctl("config", "check", good).code == 6
    assert harness.ctl("config", "check", tmp_path / "none.toml").code in (1, 6)


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_completion_is_printed_for_shells(shell):
    answer = harness.ctl("completion", shell)
    assert answer.code == 0 and "ringwallctl" in answer.out


def test_completion_of_bash_is_valid_and_knows_the_commands(tmp_path):
    script = tmp_path / "complete.bash"
    script.write_text(harness.ctl("completion", "bash").out)
    check = subprocess.run(["bash", "-n", script], capture_output=True, check=False)
    assert check.returncode == 0, check.stderr
    for word in ("status", "reload", "purge", "drain", "worker"):
        assert word in script.read_text()


def test_help_names_every_command():
    out = harness.ctl("--help").out
    for noun in ("status", "reload", "cache", "stats", "backend", "worker", "config", "completion"):
        assert noun in out, noun


def test_the_socket_speaks_json_rpc_one_message_a_line(shared):
    with socket.socket(socket.AF_UNIX) as s:
        s.settimeout(20)
        s.connect(str(shared.socket_path))
        reader = s.makefile("r")
        s.sendall(b'{"jsonrpc":"2.0","id":7,"method":"status","params":{}}\n'
                  b'not json\n{"jsonrpc":"2.0","id":8,"method":"no.such"}\n')
        first, second, third = (json.loads(reader.readline()) for _ in range(3))
    assert first["id"] == 7 and first["result"]["pid"] == shared.master
    assert second["error"]["code"] == -32700
    assert third["error"]["code"] == -32601 and third["id"] == 8


def test_hostile_bytes_on_the_control_socket_hurt_nobody(shared):
    for junk in (b"\0" * 100_000, b"[" * 100_000 + b"\n", b'{"id":1}\n' * 1000, b"\xff\xfe\n"):
        with socket.socket(socket.AF_UNIX) as s:
            s.settimeout(5)
            s.connect(str(shared.socket_path))
            try:
                s.sendall(junk)
                s.shutdown(socket.SHUT_WR)
                while s.recv(65536):
                    pass
            except OSError:
                pass
    assert shared.ctl("status").code == 0
