"""USR2: a new master with the same sockets takes over and no request is lost."""
import os
import pathlib
import signal

from client import content
from programs import failures, wait_until

FRESH = "cc=max-age=600"
MIXED = [f"/b/{size}/up{n}?{cc}" for n, size in enumerate((10, 3000, 200_000))
         for cc in (FRESH, "cc=no-store")]


def upgrade(rw):
    """Sends USR2 and waits until the new master says that it is the main process and ready."""
    old = rw.master
    rw.send_signal(signal.SIGUSR2)
    line = rw.notify.wait("MAINPID=", lambda: True)
    rw.master = int(line.partition("=")[2])
    assert rw.master != old
    wait_until(lambda: rw.process.poll() is not None if old == rw.process.pid
               else not pathlib.Path(f"/proc/{old}").exists(), "the old master has ended", 40)
    return old


def test_an_upgrade_replaces_master_and_workers_and_keeps_the_cache(ringwall):
    rw = ringwall(workers=2)
    rw.get(f"/b/1000/kept?{FRESH}")
    before = set(rw.workers())
    upgrade(rw)
    after = set(rw.wait_workers(2, before))
    assert not after & before
    assert all(os.stat(f"/proc/{pid}") for pid in after)
    for _ in range(4):
        answer = rw.get(f"/b/1000/kept?{FRESH}")
        assert answer.hit and answer.body == content("/b/1000/kept")


def test_upgrades_under_load_fail_no_request(ringwall):
    rw = ringwall(workers=2)
    run = rw.begin_load(MIXED, conns=24, close=5)
    for _ in range(2):
        upgrade(rw)
        run.wait_ok(200)
    result = run.finish()
    assert not failures(result), failures(result)
    assert rw.ctl("cache", "verify").code == 0


def test_an_exchange_in_flight_outlives_an_upgrade(ringwall, origin):
    rw = ringwall(workers=1)
    with rw.client() as client:
        client.request("/b/100000/inflight?cc=no-store&half=inflight")
        origin.wait_waiting("inflight")
        old = rw.master
        rw.send_signal(signal.SIGUSR2)
        line = rw.notify.wait("MAINPID=", lambda: True)
        rw.master = int(line.partition("=")[2])
        assert rw.get("/b/10/new").status == 200
        origin.open("inflight")
        assert client.response().body == content("/b/100000/inflight")
    wait_until(lambda: rw.process.poll() is not None, f"the old master {old} has ended")


def test_an_upgrade_to_a_broken_config_is_given_up(ringwall):
    rw = ringwall(workers=1)
    pids = set(rw.workers())
    good = rw.config_path.read_text()
    rw.config_path.write_text("[nonsense")
    rw.send_signal(signal.SIGUSR2)
    rw.wait_log("upgrade failed, serving goes on")
    for _ in range(5):
        assert rw.get("/b/10/x").status == 200
    rw.config_path.write_text(good)
    assert set(rw.wait_workers(1)) == pids
    rw.reload()
