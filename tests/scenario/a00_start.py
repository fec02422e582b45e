"""Starting: ready when it says so, and clear words with the right exit code when it cannot."""
import os
import pathlib
import pwd
import re
import stat
import subprocess

import pytest

import harness
from client import Client
from programs import BUILD, DAEMON, DENY_URING, wait_until

FIVE = """
[cache]
size = "5 parsecs"

[http]
head_timeot = "5s"
requests_max = "many"

[[listener]]
address = "127.0.0.1:99999"

[upstream.app]
backends = ["127.0.0.1:80"]

[[route]]
upstream = "apq"
"""


def run(*args, **more):
    """Runs the daemon to its end: for starts that fail."""
    return subprocess.run([DAEMON, *args], capture_output=True, text=True, timeout=60,
                          env={**os.environ, "ASAN_OPTIONS": "detect_leaks=1"}, check=False, **more)


def failed_start(daemon, codes):
    """Launches a daemon that cannot start; returns its error log."""
    daemon.launch()
    daemon.process.wait(30)
    text = daemon.log_text()
    code = daemon.process.returncode
    daemon.checked = True
    daemon.clean()
    assert code in codes, (code, text)
    assert not harness.ALARMS.search(text), text
    return text


def test_it_starts_says_so_and_serves(ringwall):
    rw = ringwall()
    assert rw.get("/b/100/x").status == 200
    assert len(rw.workers()) == 2


def test_the_moment_of_ready_is_not_too_early(origin):
    """Each connection that is begun after READY=1 is served, however often it starts."""
    for _ in range(5):
        with harness.Ringwall(origin, workers=4) as rw:
            for _ in range(8):
                assert rw.get("/b/10/ready").status == 200


def test_the_version_is_told():
    for program in (DAEMON, harness.CTL):
        done = subprocess.run([program, "--version"], capture_output=True, text=True, timeout=20,
                              check=False)
        assert done.returncode == 0 and done.stdout.strip(), done


def test_a_wrong_option_is_a_usage_error():
    assert run("--no-such-option").returncode == 2


def five_lines(text, path):
    lines = [line for line in text.splitlines() if re.search(rf"{path}:[0-9]", line)]
    assert len(lines) == 5, text
    for line, (row, words) in zip(lines, (
            (3, ("cache.size", "parsecs")), (6, ("head_timeot", "head_timeout")),
            (7, ("requests_max", "many")), (10, ("address", "99999")), (16, ("apq", "app")))):
        assert f"{path}:{row}:" in line, text
        for word in words:
            assert word in line, (word, line)


def test_five_mistakes_are_told_all_at_once_each_with_its_place_and_mend(tmp_path):
    path = tmp_path / "five.toml"
    path.write_text(FIVE)
    checked = harness.ctl("config", "check", path)
    assert checked.code == 6
    five_lines(checked.out + checked.err, path)
    started = run("-c", path)
    assert started.returncode in (1, 6)
    five_lines(started.stdout + started.stderr, path)


def test_a_config_that_is_missing_or_no_toml_is_told(tmp_path):
    missing = run("-c", tmp_path / "missing.toml")
    assert missing.returncode in (1, 6) and "missing.toml" in missing.stderr
    broken = tmp_path / "broken.toml"
    broken.write_text("[cache\nsize = 1")
    done = run("-c", broken)
    assert done.returncode in (1, 6) and f"{broken}:1:" in done.stderr


@pytest.mark.parametrize("error", ["EPERM", "ENOSYS"])
def test_without_io_uring_the_start_fails_with_one_clear_line(ringwall, error):
    text = failed_start(ringwall(start=False, wrapper=[DENY_URING, error]), (1,))
    told = [line for line in text.splitlines() if "io_uring" in line]
    assert len(told) == 1, text
    assert ("seccomp" if error == "EPERM" else "kernel") in told[0], told


def test_an_address_in_use_is_named(ringwall, origin):
    daemon = ringwall(start=False)
    daemon.names["web"] = origin.port
    daemon.write_config()
    text = failed_start(daemon, (1,))
    assert f"127.0.0.1:{origin.port}" in text and "in use" in text


def test_the_control_socket_is_for_owner_and_group_only(ringwall):
    rw = ringwall()
    mode = rw.socket_path.stat().st_mode
    assert stat.S_ISSOCK(mode) and stat.S_IMODE(mode) == 0o660


def test_a_control_socket_left_behind_by_a_dead_daemon_is_taken_over(ringwall):
    dead = ringwall()
    for pid in [dead.master, *dead.children()]:
        os.kill(pid, 9)
    dead.process.wait()
    dead.checked = True
    wait_until(lambda: not dead.children(), "the children are gone")
    with harness.Ringwall(dead.names["origin"], start=False) as rw:
        rw.sections["control"]["socket"] = str(dead.socket_path)
        rw.write_config()
        rw.socket_path = dead.socket_path
        rw.start()
        assert rw.ctl("status").code == 0
    dead.clean()


def test_a_second_daemon_on_the_same_control_socket_is_refused(ringwall):
    first = ringwall()
    second = ringwall(start=False)
    second.sections["control"]["socket"] = str(first.socket_path)
    second.write_config()
    failed_start(second, (1,))
    assert first.ctl("status").code == 0


def test_workers_run_as_the_configured_user(ringwall):
    name = "nobody" if os.geteuid() == 0 else pwd.getpwuid(os.geteuid()).pw_name
    rw = ringwall(process={"user": name})
    uids = {pathlib.Path(f"/proc/{pid}").stat().st_uid for pid in rw.workers()}
    assert uids == {pwd.getpwnam(name).pw_uid}
    assert rw.get("/b/10/x").status == 200


def test_a_process_holds_no_file_that_it_does_not_need(ringwall):
    """Workers open nothing themselves: config, pid file and control socket are the master's."""
    rw = ringwall(process={"pid_file": "$dir/pid"})
    for pid in rw.workers():
        targets = [os.readlink(fd) for fd in pathlib.Path(f"/proc/{pid}/fd").iterdir()]
        assert not [t for t in targets if t.endswith((".toml", "/pid"))], targets


def test_listeners_may_be_ipv6_and_several(ringwall, origin):
    rw = ringwall(origin, text="""
[[listener]]
address = "127.0.0.1:$web"
[[listener]]
address = "[::1]:$web2"
[upstream.app]
backends = ["127.0.0.1:$origin"]
[[route]]
upstream = "app"
""")
    assert rw.get("/b/10/x").status == 200
    with Client(rw.port2, address="::1") as client:
        assert client.ask("/b/10/x").status == 200


def test_the_build_under_test_is_the_one_meant():
    assert DAEMON.is_relative_to(BUILD)
