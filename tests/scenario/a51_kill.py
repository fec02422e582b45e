"""kill -9 of workers: only what was in flight inside them fails, and nothing is lost for good."""
import os
import re
import signal
import subprocess
import time

from client import content
from programs import LONG, failures, wait_until

FRESH = "cc=max-age=600"
MIXED = [f"/b/{size}/kill{n}-%d?{cc}" for n, size in enumerate((10, 5000, 70_000, 500_000))
         for cc in (FRESH, "cc=no-store")] + [f"/b/{size}/hot?{FRESH}" for size in (100, 9000, 250_000)]


def only_in_flight(result, connections, kills):
    """A killed worker fails at most what its connections had under way."""
    assert result["mismatch"] == result["status"] == result["timeout"] == 0, failures(result)
    assert result["connect"] == 0, failures(result)
    assert result["reset"] + result["lost"] + result["broken"] <= connections * kills, result


def settled_usage(rw):
    """The cache's accounting when nothing is under way any more."""
    def quiet():
        usage = rw.ctl("cache", "usage", json_output=True).json
        return usage if usage["filling"] == usage["pinned"] == usage["limbo"] == 0 else None
    return wait_until(quiet, "no fill, no pin and no limbo is left")


def test_a_killed_worker_is_back_within_a_second_and_the_cache_answers(ringwall, origin):
    rw = ringwall(workers=2)
    for n in range(20):
        rw.get(f"/b/1000/c{n}?{FRESH}")
    for _ in range(3):
        began = time.monotonic()
        gone = rw.kill_worker()
        rw.wait_workers(2, [gone])
        assert time.monotonic() - began < 1
        for n in range(20):
            answer = rw.get(f"/b/1000/c{n}?{FRESH}")
            assert answer.hit and answer.body == content(f"/b/1000/c{n}")
    assert origin.stats()["requests"] == 20


def test_the_only_worker_may_be_killed_and_connections_wait_in_the_backlog(ringwall):
    rw = ringwall(workers=1)
    rw.get(f"/b/1000/only?{FRESH}")
    for _ in range(3):
        gone = rw.kill_worker()
        wait_until(lambda pid=gone: pid not in rw.children(), "the worker is gone")
        answer = rw.get(f"/b/1000/only?{FRESH}")
        assert answer.hit and answer.body == content("/b/1000/only")


def test_the_crash_is_reported(ringwall):
    rw = ringwall(workers=1)
    rw.kill_worker()
    rw.wait_log(r"(?i)worker.*(killed|signal 9|SIGKILL)")


CULPRIT = """
[[listener]]
address = "127.0.0.1:$web"
[[route]]
path = "/culprit"
metrics = true
"""


def gets_served(rw):
    text = rw.ctl("metrics").out
    return int(re.search(r'(?m)^ringwall_requests_total\{method="get"\} (\d+)', text)[1])


def test_a_crash_report_names_the_request_that_was_served(ringwall):
    """A fault strikes wherever the worker is. An answer that takes it long to write (all metrics) is
    where it is nearly always."""
    rw = ringwall(workers=1, text=CULPRIT)
    rw.deaths_expected = True
    load = subprocess.Popen(["wrk", "-t1", "-c32", "-d60", f"http://127.0.0.1:{rw.port}/culprit"],
                            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        for _ in range(40):  # on a busy machine the worker waits for the load more often than not
            before = gets_served(rw)
            wait_until(lambda n=before: gets_served(rw) > n + 20, "the worker is busy")
            gone = rw.workers()[0]
            os.kill(gone, signal.SIGSEGV)
            rw.wait_workers(1, [gone])
            if "GET " in rw.log_text():
                break
    finally:
        load.kill()
        load.wait()
    assert "signal 11" in rw.log_text()
    assert "/culprit" in rw.log_text(), rw.log_text()


def test_a_worker_that_hangs_is_killed_and_replaced(ringwall):
    rw = ringwall(workers=1, process={"heartbeat_deadline": "1s"})
    rw.deaths_expected = True
    hung = rw.workers()[0]
    os.kill(hung, signal.SIGSTOP)
    rw.wait_workers(1, [hung])
    assert rw.get("/b/10/x").status == 200


def test_others_go_on_with_what_a_killed_worker_was_filling(ringwall, origin):
    rw = ringwall(workers=2)
    path = "/b/300000/orphan"
    for n in range(4):
        target = f"{path}{n}?{FRESH}&half=orphan{n}"
        with rw.client() as client:
            client.request(target)
            origin.wait_waiting(f"orphan{n}")
            gone = set(rw.workers())
            for pid in gone:
                rw.kill_worker(pid)
            rw.wait_workers(2, gone)
            origin.open(f"orphan{n}")
        assert rw.get(target).body == content(target)
        assert rw.get(target).hit
    usage = settled_usage(rw)
    assert usage["objects"] == 4


def test_kills_under_load_fail_only_what_was_in_flight(ringwall):
    conns, kills = 16, 100 if LONG else 12
    rw = ringwall(workers=2, cache={"size": "32MiB"})
    run = rw.begin_load(MIXED, conns=conns)
    for _ in range(kills):
        gone = rw.kill_worker()
        rw.wait_workers(2, [gone])
        run.wait_ok(30)
    result = run.finish()
    only_in_flight(result, conns, kills)
    assert result["gap_ms"] < 1000
    settled_usage(rw)
    verified = rw.ctl("cache", "verify")
    assert verified.code == 0, verified
    assert rw.ctl("cache", "purge", "--all").code in (0, 4)
    empty = settled_usage(rw)
    assert empty["objects"] == empty["used_bytes"] == 0, empty


def test_kills_reloads_and_aborting_clients_together_never_corrupt(ringwall):
    conns, kills = 16, 30 if LONG else 6
    rw = ringwall(workers=3, cache={"size": "16MiB"})
    run = rw.begin_load(MIXED, conns=conns, abort=20, close=10)
    for n in range(kills):
        gone = rw.kill_worker()
        if n % 2:
            rw.ctl("reload")
        rw.wait_workers(3, [gone])
        run.wait_ok(30)
    result = run.finish()
    only_in_flight(result, conns, kills)
    settled_usage(rw)
    verified = rw.ctl("cache", "verify")
    assert verified.code == 0, verified


def test_workers_outlive_their_master_and_end_when_told(ringwall):
    rw = ringwall(workers=2)
    rw.get(f"/b/1000/outlive?{FRESH}")
    children = list(rw.children())
    pids = rw.workers()
    os.kill(rw.master, signal.SIGKILL)
    rw.process.wait()
    try:
        for _ in range(10):
            assert rw.get(f"/b/1000/outlive?{FRESH}").hit
    finally:
        for pid in pids:
            os.kill(pid, signal.SIGTERM)
    wait_until(lambda: not any(os.path.exists(f"/proc/{pid}") for pid in children),
               "all children have ended")
    rw.checked = True
    rw.clean()
