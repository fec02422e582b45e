"""Reload is a transaction in place: nothing is lost, and a refused one changes nothing."""
import signal

import pytest

import harness
from client import content
from programs import LONG, failures, pace, wait_until

FRESH = "cc=max-age=600"
MIXED = [f"/b/{size}/reload{n}?{cc}" for n, size in enumerate((10, 1000, 30_000, 300_000))
         for cc in (FRESH, "cc=no-store", "cc=no-store&chunked=1")]


def fixed(word):
    return f"""
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
[[route]]
path = "/word"
respond = {{ body = "{word}" }}
"""


def change(rw, word):
    rw.text = fixed(word)
    rw.write_config()


def test_a_reload_takes_effect_in_all_workers_before_it_returns(ringwall, origin):
    rw = ringwall(origin, fixed("one"), workers=4)
    change(rw, "two")
    rw.reload()
    assert {rw.get("/word").body for _ in range(40)} == {b"two"}


def test_sighup_reloads(ringwall, origin):
    rw = ringwall(origin, fixed("one"))
    change(rw, "two")
    rw.send_signal(signal.SIGHUP)
    wait_until(lambda: rw.get("/word").body == b"two", "the new config is in effect")


def test_open_connections_see_the_new_config_and_stay_open(ringwall, origin):
    rw = ringwall(origin, fixed("one"), workers=1)
    with rw.client() as client:
        assert client.ask("/word").body == b"one"
        change(rw, "two")
        rw.reload()
        assert client.ask("/word").body == b"two"


def test_an_exchange_in_flight_ends_on_the_config_it_began_with(ringwall, origin):
    rw = ringwall(origin, fixed("one"), workers=1)
    with rw.client() as client:
        client.request("/b/100000/flight?cc=no-store&half=flight")
        origin.wait_waiting("flight")
        rw.text = rw.text.replace('backends = ["127.0.0.1:$origin"]', 'backends = ["127.0.0.1:1"]')
        rw.write_config()
        rw.reload()
        origin.open("flight")
        assert client.response().body == content("/b/100000/flight")
        assert client.ask("/b/10/after?cc=no-store").status in (502, 503)


def test_kept_connections_and_the_cache_outlive_a_reload(ringwall, origin):
    rw = ringwall(workers=1)
    rw.get(f"/b/1000/kept?{FRESH}")
    rw.get("/b/10/pooled?cc=no-store")
    for _ in range(3):
        rw.reload()
        assert rw.get(f"/b/1000/kept?{FRESH}").hit
        assert rw.get("/b/10/pooled?cc=no-store").status == 200
    assert origin.stats()["connections"] == 1


def test_a_refused_reload_changes_nothing_and_says_why(ringwall, origin):
    rw = ringwall(origin, fixed("one"), workers=2)
    pids = set(rw.workers())
    good = rw.config_path.read_text()
    for broken in ("[cache]\nsize = 5 parsecs\n", good + '\n[[route]]\nupstream = "nobody"\n',
                   good.replace('path = "/word"', 'pathh = "/word"')):
        rw.config_path.write_text(broken.replace('"one"', '"two"'))
        answer = rw.ctl("reload")
        assert answer.code == 6, answer
        assert str(rw.config_path) in answer.err + answer.out
        assert rw.get("/word").body == b"one"
    assert set(rw.workers()) == pids
    rw.config_path.write_text(good)
    rw.reload()


def test_a_reload_that_cannot_bind_changes_nothing(ringwall, origin):
    rw = ringwall(origin, fixed("one"))
    taken = origin.port
    rw.text = fixed("two") + f'\n[[listener]]\nname = "more"\naddress = "127.0.0.1:{taken}"\n'
    rw.write_config()
    answer = rw.ctl("reload")
    assert answer.code not in (0, 2), answer
    assert rw.get("/word").body == b"one"


def test_a_listener_comes_and_goes_by_reload(ringwall, origin):
    rw = ringwall(origin, fixed("one"), workers=2)
    rw.text = fixed("one") + '\n[[listener]]\nname = "more"\naddress = "127.0.0.1:$web2"\n'
    rw.write_config()
    rw.reload()
    for _ in range(10):
        with harness.Client(rw.port2) as client:
            assert client.ask("/word").body == b"one"
    change(rw, "two")
    rw.reload()

    def refused():
        try:
            harness.Client(rw.port2).close()
            return False
        except OSError:
            return True
    wait_until(refused, "the listener is gone")
    assert rw.get("/word").body == b"two"


@pytest.mark.parametrize("before,after", [(1, 4), (4, 1)])
def test_the_worker_count_follows_the_config_under_load(ringwall, before, after):
    rw = ringwall(workers=before)
    run = rw.begin_load(MIXED, conns=16)
    rw.sections["process"]["workers"] = after
    rw.write_config()
    rw.reload()
    rw.wait_workers(after)
    run.wait_ok(200)
    result = run.finish()
    assert not failures(result), failures(result)


def test_reloads_under_load_fail_no_request(ringwall):
    rw = ringwall(workers=2)
    run = rw.begin_load(MIXED, conns=32, close=5)
    for n in range(60 if LONG else 12):
        rw.sections["http"] = {"idle_timeout": f"{60 + n}s"}
        rw.write_config()
        if n % 2:
            rw.send_signal(signal.SIGHUP)
        else:
            rw.reload()
        if LONG:
            pace(1)
        run.wait_ok(100)
    result = run.finish()
    assert not failures(result), failures(result)
    assert rw.ctl("cache", "verify").code == 0


def test_a_reload_during_a_worker_restart_still_ends(ringwall):
    rw = ringwall(workers=2)
    run = rw.begin_load(MIXED, conns=8)
    for _ in range(3):
        gone = rw.kill_worker()
        rw.ctl("reload")
        rw.wait_workers(2, [gone])
        rw.reload()
    run.wait_ok(50)
    result = run.finish()
    assert result["mismatch"] == result["status"] == 0, failures(result)


def test_keys_that_need_a_restart_are_named(ringwall):
    rw = ringwall()
    rw.sections["cache"]["order"] = "lru"
    rw.write_config()
    answer = rw.ctl("reload")
    assert answer.code == 7, answer
    assert "cache.order" in answer.out + answer.err
    assert rw.get("/b/10/x").status == 200
