"""Upstream groups: balancing, kept connections, safe retries, ejection and return, drain."""
import collections
import re

import pytest

import harness
from client import content
from programs import Origin, free_port, readable, wait_until

TWO = """
[[listener]]
address = "127.0.0.1:$web"
[upstream.app]
backends = ["127.0.0.1:$one", { address = "127.0.0.1:$two", weight = $weight }]
$upstream
[[route]]
upstream = "app"
cache = false
"""


@pytest.fixture(scope="module")
def origins():
    pair = Origin("one"), Origin("two")
    yield pair
    for origin in pair:
        origin.stop()


@pytest.fixture
def pair(origins):
    for origin in origins:
        origin.reset()
    return origins


def two(pair, weight=1, **more):
    more.setdefault("workers", 1)
    settings = harness.keys(more.pop("upstream", {}))
    text = TWO.replace("$weight", str(weight)).replace("$upstream", settings)
    return harness.Ringwall(None, text, one=pair[0], two=pair[1], **more)


def spread(rw, n, **more):
    """How many of n requests each origin answered."""
    with rw.client() as client:
        return collections.Counter(client.ask("/x", **more).get("X-Origin") for _ in range(n))


def test_round_robin_is_even(pair):
    with two(pair) as rw:
        assert spread(rw, 40) == {"one": 20, "two": 20}


def test_round_robin_respects_weights(pair):
    with two(pair, weight=3) as rw:
        assert spread(rw, 40) == {"one": 10, "two": 30}


def test_least_connections_avoids_the_busy_backend(pair):
    with two(pair, upstream={"balance": "least-connections"}) as rw:
        busy = []
        for n in range(4):
            client = rw.client()
            client.request("/x?gate=busy")
            busy.append(client)
            wait_until(lambda n=n: sum(o.stats()["waiting"].get("busy", 0) for o in pair) == n + 1,
                       "the request waits at an origin")
        assert [o.stats()["waiting"]["busy"] for o in pair] == [2, 2]
        pair[0].open("busy")
        for client in busy:
            if readable(client.socket, 1):
                assert client.response().get("X-Origin") == "one"
        assert spread(rw, 6) == {"one": 6}
        pair[1].open("busy")
        for client in busy:
            client.close()


@pytest.mark.parametrize("method,body", [("GET", b""), ("PUT", b"hello"), ("POST", b"hello"),
                                         ("POST", b"")])
def test_a_kept_connection_that_the_backend_closed_is_replaced(ringwall, origin, method, body):
    """The backend closed while nothing was under way: no request is lost, not even a POST."""
    rw = ringwall(workers=1)
    for n in range(5):
        assert rw.get(f"/x/{n}?cc=no-store&fail=drop").status == 200
        wait_until(lambda: origin.stats()["open"] == 0, "the backend has closed")
        assert rw.get("/echo", method, body=body).status == 200


def test_a_get_on_a_kept_connection_that_dies_at_that_moment_is_retried(ringwall):
    rw = ringwall(workers=1, upstream={"eject_after": 0})
    for n in range(5):
        assert rw.get(f"/x/{n}?cc=no-store&fail=drop-next").status == 200
        assert rw.get(f"/b/100/next-{n}?cc=no-store").body == content(f"/b/100/next-{n}")


def test_a_post_is_never_sent_twice(pair):
    """The origin may have acted on it: its death is reported, not hidden."""
    with two(pair, upstream={"eject_after": 0, "retries": 3}) as rw:
        for _ in range(6):
            with rw.client() as client:
                client.request("/x?fail=reset", "POST", b"hello")
                assert client.response().status == 502
    assert pair[0].count("/x") + pair[1].count("/x") == 6


def test_a_get_is_retried_on_the_other_backend(pair):
    with two(pair, upstream={"eject_after": 0, "pool_size": 0}) as rw:
        for n in range(6):
            answer = rw.get(f"/b/50/r{n}?fail=reset&at=one")
            assert (answer.status, answer.get("X-Origin")) == (200, "two")
        before = pair[0].stats()["requests"] + pair[1].stats()["requests"]
        assert rw.get("/gone?fail=reset").status == 502
        after = pair[0].stats()["requests"] + pair[1].stats()["requests"]
        assert after - before == 2, "one attempt and one retry"
        assert (pair[0].count("/gone"), pair[1].count("/gone")) == (1, 1)


def test_a_backend_that_refuses_costs_no_request(pair):
    gone = free_port()
    with two((pair[0], gone)) as rw:
        for n in range(20):
            assert rw.get(f"/b/10/refuse{n}", "POST" if n % 2 else "GET").status == 200


def test_a_failing_backend_is_ejected_and_comes_back(pair):
    port = free_port()
    with two((pair[0], port), upstream={"eject_after": 2, "eject_time": "500ms"}) as rw:
        assert spread(rw, 10) == {"one": 10}
        answer = rw.ctl("backend", "list")
        assert re.search(r"(?i)eject", answer.out), answer
        back = Origin("back", port)
        try:
            wait_until(lambda: spread(rw, 2).get("back"), "the backend comes back")
            assert spread(rw, 10)["back"] == 5
        finally:
            back.stop()


def test_without_any_backend_the_answer_is_503_with_retry_after(pair):
    with two(pair) as rw:
        for origin in pair:
            assert rw.ctl("backend", "drain", f"app/127.0.0.1:{origin.port}").code == 0
        answer = rw.get("/x")
        assert answer.status == 503
        assert int(answer.get("Retry-After")) >= 1


def test_when_all_backends_are_ejected_they_are_tried_all_the_same():
    port = free_port()
    with two((port, free_port()), upstream={"eject_after": 1, "eject_time": "1h"}) as rw:
        for _ in range(4):
            assert rw.get("/x").status in (502, 503)
        back = Origin("back", port)
        try:
            assert rw.get("/x").get("X-Origin") == "back"
        finally:
            back.stop()


def test_a_drained_backend_gets_no_new_requests_and_finishes_old_ones(pair):
    with two(pair) as rw:
        with rw.client() as client:
            client.request("/b/1000/old?half=old")
            wait_until(lambda: any(o.stats()["waiting"].get("old") for o in pair),
                       "a request is under way")
            gate = next(o for o in pair if o.stats()["waiting"].get("old"))
            name = f"127.0.0.1:{gate.port}"
            answer = rw.ctl("backend", "drain", f"app/{name}")
            assert answer.code == 0, answer
            others = spread(rw, 10)
            assert list(others) == [o.name for o in pair if o is not gate]
            gate.open("old")
            assert client.response().body == content("/b/1000/old")
        assert re.search(r"(?i)drain", rw.ctl("backend", "list").out)
        assert rw.ctl("backend", "ready", f"app/{name}").code == 0
        assert spread(rw, 10) == {"one": 5, "two": 5}


def test_a_drain_holds_in_all_workers_and_over_a_reload(pair):
    with two(pair, workers=4) as rw:
        assert rw.ctl("backend", "drain", f"app/127.0.0.1:{pair[1].port}").code == 0
        for _ in range(2):
            seen = collections.Counter(rw.get("/x").get("X-Origin") for _ in range(40))
            assert seen == {"one": 40}
            rw.reload()


def test_connections_to_a_backend_are_bounded_and_the_line_has_an_end(ringwall, origin):
    rw = ringwall(workers=1, upstream={"connections_max": 2, "queue_timeout": "300ms"})
    held = [rw.client() for _ in range(2)]
    for n, client in enumerate(held):
        client.request(f"/held/{n}?cc=no-store&gate=held")
    origin.wait_waiting("held", 2)
    late = rw.get("/late?cc=no-store")
    assert late.status == 503 and late.get("Retry-After")
    origin.open("held")
    for client in held:
        assert client.response().status == 200
        client.close()
    assert rw.get("/next?cc=no-store").status == 200
    assert origin.stats()["connections"] == 2


def test_a_request_in_line_gets_the_next_free_connection(ringwall, origin):
    rw = ringwall(workers=1, upstream={"connections_max": 1, "queue_timeout": "20s"})
    with rw.client() as held, rw.client() as waiting:
        held.request("/held?cc=no-store&gate=held")
        origin.wait_waiting("held")
        waiting.request("/in-line?cc=no-store")
        wait_until(lambda: rw.ctl("backend", "list", json_output=True).json["backends"][0]["waiting"],
                   "the request waits in line")
        origin.open("held")
        assert held.response().status == 200
        assert waiting.response().status == 200
    assert origin.stats()["connections"] == 1


def test_names_are_resolved_and_a_name_that_is_none_stops_nothing(ringwall, origin):
    rw = ringwall(origin, text="""
[[listener]]
address = "127.0.0.1:$web"
[upstream.good]
backends = ["localhost:$origin"]
[upstream.bad]
backends = ["no-such-name.invalid:80"]
[[route]]
upstream = "good"
[[route]]
path = "/bad"
upstream = "bad"
""")
    wait_until(lambda: rw.get("/b/10/x").status == 200, "the good name is resolved")
    bad = rw.get("/bad")
    assert bad.status in (502, 503)
    assert rw.get("/b/10/x").status == 200
