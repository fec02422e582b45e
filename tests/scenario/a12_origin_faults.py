"""A broken origin: 502 where nothing was relayed yet, never a whole answer, never stored."""
import pytest

from client import BadMessage, content
from programs import free_port, wait_until

SETTINGS = {"workers": 1, "upstream": {"eject_after": 0, "retries": 0, "first_byte_timeout": "5s"}}

BROKEN_HEADS = [
    "reset", "reset-head", "close-before-head", "cut-head", "garbage", "garbage-line",
    "status-short", "status-long", "version", "both-lengths", "two-lengths", "bad-length",
    "plus-length", "huge-length", "bare-lf", "space-colon", "fold", "nul", "bare-cr",
    "unknown-coding", "chunked-twice", "chunked-not-last", "switching", "huge-head",
    "endless-interim",
]
BROKEN_BODIES = [
    "cut-body", "cut-chunks", "cut-in-chunk", "cut-last-chunk", "bad-chunk-size", "bad-chunk-end",
    "huge-chunk-size", "lf-chunk", "bad-trailer",
]


@pytest.mark.parametrize("kind", BROKEN_HEADS)
def test_a_broken_head_gives_502_and_is_not_stored(shared, origin, kind):
    path = f"/b/1000/head-{kind}"
    with shared.client() as client:
        answer = client.ask(f"{path}?cc=max-age=60&fail={kind}")
        assert answer.status == 502
        assert answer.get("X-Origin") is None
        again = client.ask(f"{path}?cc=max-age=60&fail={kind}")
        assert again.status == 502 and not again.hit
        client.expect_open()
    # What breaks off on a kept connection without a byte may have been asked again on a fresh one.
    assert origin.count(path) >= 2


@pytest.mark.parametrize("kind", BROKEN_BODIES)
@pytest.mark.parametrize("cc", ["max-age=60", "no-store"])
def test_broken_content_never_reaches_the_client_as_whole(shared, origin, kind, cc):
    path = f"/b/1000/body-{kind}-{cc[:2]}"
    query = f"?cc={cc}&fail={kind}&first=1"
    try:
        answer = shared.get(path + query)
    except BadMessage:
        answer = None
    assert answer is None or answer.status == 502, f"taken as whole: {answer}"
    again = shared.get(path + query)
    assert (again.status, again.body) == (200, content(path)), "the broken one was stored"
    assert origin.count(path) == 2


@pytest.mark.parametrize("kind", BROKEN_BODIES)
def test_broken_content_is_not_made_whole_for_an_http_10_client_of_the_cache(shared, kind):
    """An answer of unknown length to HTTP/1.0 ends with the connection: it must end by a reset
    or come with a length that is not reached, so that the client can tell."""
    path = f"/b/1000/old-{kind}"
    with shared.client() as client:
        client.send(f"GET {path}?cc=max-age=60&fail={kind}&first=1 HTTP/1.0\r\n\r\n")
        try:
            answer = client.response()
            assert answer.status == 502
        except BadMessage:
            pass


def test_bytes_behind_an_answer_reach_nobody(shared, origin):
    for n in range(5):
        answer = shared.get(f"/x/{n}?cc=no-store&fail=extra")
        assert answer.body == b"hello"
        after = shared.get(f"/b/100/after-extra-{n}?cc=no-store")
        assert after.body == content(f"/b/100/after-extra-{n}")


def test_a_refused_connection_gives_502(ringwall):
    rw = ringwall(None, workers=1, text="""
[[listener]]
address = "127.0.0.1:$web"
[upstream.app]
backends = ["127.0.0.1:$nobody"]
eject_after = 0
[[route]]
upstream = "app"
""", nobody=free_port())
    with rw.client() as client:
        for _ in range(3):
            assert client.ask("/").status == 502


def test_with_one_backend_its_own_failure_is_what_the_client_is_told(ringwall):
    """A retry that finds no other backend must not turn 502 and 504 into 503."""
    rw = ringwall(workers=1, upstream={"retries": 2, "eject_after": 0, "first_byte_timeout": "200ms"})
    assert rw.get("/x?fail=reset").status == 502
    assert rw.get("/x?fail=garbage").status == 502
    assert rw.get("/x?fail=never").status == 504


def test_a_gateway_error_of_ringwall_is_a_complete_answer(shared):
    answer = shared.get("/x?fail=reset")
    assert answer.status == 502
    assert answer.framing == "length" and answer.get("Date")
    assert "secret" not in str(answer.fields)


def test_the_origin_may_break_off_while_a_request_still_streams(shared, origin):
    with shared.client() as client:
        client.request("/x?fail=reset&early=1", "POST", Content_Length=1 << 20)
        try:
            client.send(b"x" * (1 << 20))
        except OSError:
            pass
        try:
            assert client.response().status == 502
        except BadMessage:
            pass
    wait_until(lambda: origin.stats()["open"] <= 1, "the broken connection is closed")
    assert shared.get("/b/10/after").status == 200
