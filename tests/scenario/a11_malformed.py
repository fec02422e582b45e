"""Malformed requests: refused with the right status, the connection closed, no byte to an origin."""
import pytest

import harness
from client import BadMessage, Client, Ended
from programs import Sink


@pytest.fixture(scope="module")
def sink():
    sink = Sink()
    yield sink
    sink.stop()


@pytest.fixture(scope="module")
def guarded(sink):
    """A daemon whose origin keeps every byte."""
    with harness.Ringwall(sink, workers=1, http={"body_size_max": "64KiB"},
                          upstream={"first_byte_timeout": "300ms"}) as daemon:
        yield daemon


HOST = "Host: x\r\n"
POST = "POST / HTTP/1.1\r\n" + HOST

HEADS = {
    # request line
    "no version": ("GET /\r\n" + HOST + "\r\n", 400),
    "no target": ("GET HTTP/1.1\r\n" + HOST + "\r\n", 400),
    "two spaces": ("GET  / HTTP/1.1\r\n" + HOST + "\r\n", 400),
    "tab for space": ("GET\t/ HTTP/1.1\r\n" + HOST + "\r\n", 400),
    "space behind the version": ("GET / HTTP/1.1 \r\n" + HOST + "\r\n", 400),
    "space in the target": ("GET /a b HTTP/1.1\r\n" + HOST + "\r\n", 400),
    "control in the target": ("GET /a\x01b HTTP/1.1\r\n" + HOST + "\r\n", 400),
    "nul in the target": ("GET /a\0b HTTP/1.1\r\n" + HOST + "\r\n", 400),
    "target without slash": ("GET a/b HTTP/1.1\r\n" + HOST + "\r\n", 400),
    "fragment in the target": ("GET /a#b HTTP/1.1\r\n" + HOST + "\r\n", 400),
    "bad percent-encoding": ("GET /a%zz HTTP/1.1\r\n" + HOST + "\r\n", 400),
    "encoded nul": ("GET /a%00b HTTP/1.1\r\n" + HOST + "\r\n", 400),
    "asterisk for GET": ("GET * HTTP/1.1\r\n" + HOST + "\r\n", 400),
    "bad method": ("G@T / HTTP/1.1\r\n" + HOST + "\r\n", 400),
    "empty method": (" / HTTP/1.1\r\n" + HOST + "\r\n", 400),
    "lower case http": ("GET / http/1.1\r\n" + HOST + "\r\n", 400),
    "bad version": ("GET / HTTP/1.x\r\n" + HOST + "\r\n", 400),
    "version 2.0": ("GET / HTTP/2.0\r\n" + HOST + "\r\n", 505),
    "version 3.1": ("GET / HTTP/3.1\r\n" + HOST + "\r\n", 505),
    "version 0.9": ("GET / HTTP/0.9\r\n" + HOST + "\r\n", 505),
    "preface of HTTP/2": ("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", 505),
    "a TLS client": ("\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n", 400),
    "another protocol": ("SSH-2.0-OpenSSH_9.2\r\n\r\n", 400),
    # line ends
    "bare LF": ("GET / HTTP/1.1\nHost: x\n\n", 400),
    "bare LF behind a field": ("GET / HTTP/1.1\r\nHost: x\nX: y\r\n\r\n", 400),
    "bare CR in a field": ("GET / HTTP/1.1\r\nHost: x\r\nX: a\rb\r\n\r\n", 400),
    "bare CR in the line": ("GET /\r HTTP/1.1\r\nHost: x\r\n\r\n", 400),
    # fields
    "no host": ("GET / HTTP/1.1\r\n\r\n", 400),
    "two hosts": ("GET / HTTP/1.1\r\nHost: x\r\nHost: x\r\n\r\n", 400),
    "bad host": ("GET / HTTP/1.1\r\nHost: a b\r\n\r\n", 400),
    "host with a path": ("GET / HTTP/1.1\r\nHost: a/b\r\n\r\n", 400),
    "host with user": ("GET / HTTP/1.1\r\nHost: u@a\r\n\r\n", 400),
    "host with a bad port": ("GET / HTTP/1.1\r\nHost: a:b\r\n\r\n", 400),
    "a list of hosts": ("GET / HTTP/1.1\r\nHost: a,b\r\n\r\n", 400),
    "space before the colon": ("GET / HTTP/1.1\r\nHost : x\r\n\r\n", 400),
    "no colon": ("GET / HTTP/1.1\r\nHost: x\r\nnocolon\r\n\r\n", 400),
    "empty name": ("GET / HTTP/1.1\r\nHost: x\r\n: y\r\n\r\n", 400),
    "bad name": ("GET / HTTP/1.1\r\nHost: x\r\nX(Y): z\r\n\r\n", 400),
    "name of high bytes": ("GET / HTTP/1.1\r\nHost: x\r\nX\xe9: z\r\n\r\n", 400),
    "folded field": ("GET / HTTP/1.1\r\nHost: x\r\nX: a\r\n b\r\n\r\n", 400),
    "space before the first field": ("GET / HTTP/1.1\r\n Host: x\r\n\r\n", 400),
    "nul in a value": ("GET / HTTP/1.1\r\nHost: x\r\nX: a\0b\r\n\r\n", 400),
    "control in a value": ("GET / HTTP/1.1\r\nHost: x\r\nX: a\x07b\r\n\r\n", 400),
    "delete in a value": ("GET / HTTP/1.1\r\nHost: x\r\nX: a\x7fb\r\n\r\n", 400),
    # framing
    "both length and coding": (POST + "Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n"
                               "0\r\n\r\n", 400),
    "two lengths": (POST + "Content-Length: 5\r\nContent-Length: 6\r\n\r\nhello!", 400),
    "a list of two lengths": (POST + "Content-Length: 5, 6\r\n\r\nhello!", 400),
    "a negative length": (POST + "Content-Length: -5\r\n\r\nhello", 400),
    "a length with plus": (POST + "Content-Length: +5\r\n\r\nhello", 400),
    "a length with letters": (POST + "Content-Length: 5x\r\n\r\nhello", 400),
    "a hexadecimal length": (POST + "Content-Length: 0x5\r\n\r\nhello", 400),
    "an empty length": (POST + "Content-Length: \r\n\r\n", 400),
    "a length beyond 64 bits": (POST + "Content-Length: 18446744073709551621\r\n\r\nhello",
                                (400, 413)),
    "an unknown coding": (POST + "Transfer-Encoding: zippy\r\n\r\nhello", (400, 501)),
    "chunked is not last": (POST + "Transfer-Encoding: chunked, gzip\r\n\r\n0\r\n\r\n", (400, 501)),
    "chunked twice": (POST + "Transfer-Encoding: chunked, chunked\r\n\r\n0\r\n\r\n", (400, 501)),
    "two codings": (POST + "Transfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n", (400, 501)),
    "two coding fields": (POST + "Transfer-Encoding: chunked\r\nTransfer-Encoding: identity\r\n\r\n"
                          "0\r\n\r\n", (400, 501)),
    "chunked in quotes": (POST + "Transfer-Encoding: \"chunked\"\r\n\r\n0\r\n\r\n", (400, 501)),
    "chunked with a tab before": (POST + "Transfer-Encoding: \x0bchunked\r\n\r\n0\r\n\r\n",
                                  (400, 501)),
    "a coding in HTTP/1.0": ("POST / HTTP/1.0\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n"
                             "0\r\n\r\n", 400),
    # limits
    "a long target": ("GET /" + "a" * 9000 + " HTTP/1.1\r\n" + HOST + "\r\n", 414),
    "an endless target": ("GET /" + "a" * 100_000, 414),
    "a long field": ("GET / HTTP/1.1\r\n" + HOST + "X: " + "a" * 40_000 + "\r\n\r\n", 431),
    "many fields": ("GET / HTTP/1.1\r\n" + HOST + "X: a\r\n" * 200 + "\r\n", 431),
    "an endless field": ("GET / HTTP/1.1\r\n" + HOST + "X: " + "a" * 100_000, 431),
    "content over the limit": (POST + "Content-Length: 70000\r\n\r\n", 413),
}


@pytest.mark.parametrize("name", HEADS)
def test_a_malformed_head_is_refused(guarded, sink, name):
    raw, statuses = HEADS[name]
    seen = len(sink.connections)
    with Client(guarded.port) as client:
        client.send(raw)
        answer = client.response()
        assert answer.status in (statuses if isinstance(statuses, tuple) else (statuses,))
        assert answer.get("Connection") == "close"
        client.expect_end()
    assert len(sink.connections) == seen, "the origin was reached"


BODIES = {
    "no chunk size": "\r\nabc\r\n0\r\n\r\n",
    "a bad chunk size": "xyz\r\nabc\r\n0\r\n\r\n",
    "a chunk size with 0x": "0x3\r\nabc\r\n0\r\n\r\n",
    "a negative chunk size": "-3\r\nabc\r\n0\r\n\r\n",
    "a chunk size with space before": " 3\r\nabc\r\n0\r\n\r\n",
    "a chunk size beyond 64 bits": "10000000000000003\r\nabc\r\n0\r\n\r\n",
    "a chunk longer than its size": "3\r\nabcd\r\n0\r\n\r\n",
    "a chunk shorter than its size": "5\r\nabc\r\n0\r\n\r\n",
    "LF behind a chunk size": "3\nabc\r\n0\r\n\r\n",
    "LF behind a chunk": "3\r\nabc\n0\r\n\r\n",
    "bare CR behind a chunk size": "3\rabc\r\n0\r\n\r\n",
    "an endless chunk extension": "3;" + "a" * 100_000,
    "a bad chunk extension": "3;\0\r\nabc\r\n0\r\n\r\n",
    "a bad trailer": "3\r\nabc\r\n0\r\nno colon\r\n\r\n",
    "a trailer with space before the colon": "3\r\nabc\r\n0\r\nX : y\r\n\r\n",
    "LF behind a trailer": "3\r\nabc\r\n0\r\nX: y\n\r\n",
    "endless trailers": "3\r\nabc\r\n0\r\n" + "X: y\r\n" * 20_000,
    "content over the limit": "8000\r\n" + "a" * 32768 + "\r\n8001\r\n" + "a" * 32769 +
                              "\r\n0\r\n\r\n",
}


@pytest.mark.parametrize("name", BODIES)
def test_malformed_content_never_makes_a_whole_request_at_the_origin(guarded, sink, name):
    before = len(sink.connections)
    with Client(guarded.port) as client:
        client.request("/bad-body", "POST", Transfer_Encoding="chunked")
        try:
            client.send(BODIES[name])
            answer = client.response()
            assert answer.status in (400, 413, 431), answer
            assert (answer.status == 413) == ("over the limit" in name)
        except (Ended, BrokenPipeError, ConnectionResetError):
            pass  # closed without an answer is right too once the request was under way
        client.expect_end()
    for kept in sink.connections[before:]:
        assert b"0\r\n\r\n" not in kept, "the origin saw the end of a broken request"


def test_what_follows_a_refused_request_is_not_served(guarded, sink):
    with Client(guarded.port) as client:
        client.send("GET / HTTP/1.1\r\nHost : x\r\n\r\nGET /smuggled HTTP/1.1\r\nHost: x\r\n\r\n")
        assert client.response().status == 400
        client.expect_end()
    assert b"smuggled" not in sink.bytes


def test_content_that_ends_early_never_makes_a_whole_request(guarded, sink):
    before = len(sink.connections)
    with Client(guarded.port) as client:
        client.request("/cut", "POST", Content_Length=1000)
        client.send(b"x" * 500)
    for kept in sink.connections[before:]:
        assert kept.partition(b"\r\n\r\n")[2].count(b"x") < 1000


def test_a_daemon_that_refused_all_this_still_serves(ringwall, origin):
    rw = ringwall(workers=1)
    for raw, _ in HEADS.values():
        with Client(rw.port) as client:
            try:
                client.send(raw)
                client.response()
            except (BadMessage, OSError):
                pass
    assert rw.get("/b/100/after").status == 200
    assert origin.stats()["requests"] >= 1
