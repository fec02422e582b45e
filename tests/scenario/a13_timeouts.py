"""Each phase of an exchange has a timeout of its own, and each ends as the manual says."""
import pytest

from client import BadMessage, content
from programs import SilentListener, wait_until

SHORT = "300ms"


def test_a_head_that_does_not_end_gets_408(ringwall):
    rw = ringwall(workers=1, http={"head_timeout": SHORT})
    with rw.client() as client:
        client.send("GET / HTTP/1.1\r\nHost:")
        answer = client.response()
        assert answer.status == 408 and answer.get("Connection") == "close"
        client.expect_end()


def test_a_head_that_trickles_gets_408(ringwall):
    """The head's timeout counts from its first byte: each further byte buys no time."""
    rw = ringwall(workers=1, http={"head_timeout": SHORT})
    with rw.client() as client:
        client.send("GET / HTTP/1.1\r\nX: ")

        def refused():
            try:
                client.send("a")
            except OSError:
                return True
            client.socket.settimeout(0.02)
            try:
                return not client.more() or client.buffer
            except (OSError, BadMessage):
                return False
        wait_until(refused, "408 although bytes keep coming", 10)
        assert client.buffer.startswith(b"HTTP/1.1 408 ")


def test_a_connection_without_a_request_is_closed_silently(ringwall):
    rw = ringwall(workers=1, http={"idle_timeout": SHORT})
    with rw.client() as client:
        client.expect_end()
    with rw.client() as client:
        assert client.ask("/b/10/x").status == 200
        client.expect_end()


def test_request_content_that_stalls_gets_408(ringwall, origin):
    rw = ringwall(workers=1, http={"body_timeout": SHORT})
    with rw.client() as client:
        client.request("/echo", "POST", Content_Length=100)
        client.send(b"x" * 50)
        assert client.response().status == 408
        client.expect_end()
    wait_until(lambda: origin.stats()["open"] == 0, "the half request is closed at the origin")


def test_a_client_that_does_not_read_is_cut_off(ringwall, origin):
    rw = ringwall(workers=1, http={"send_timeout": SHORT})
    with rw.client(receive_buffer=4096) as client:
        client.request("/b/50000000/unread?cc=no-store")
        origin.wait_count("/b/50000000/unread")
        wait_until(lambda: origin.stats()["open"] == 0, "the exchange is given up")


def test_an_exchange_that_takes_too_long_is_ended(ringwall, origin):
    rw = ringwall(workers=1, http={"exchange_timeout": SHORT})
    with rw.client() as client:
        client.request("/b/1000/long?cc=no-store&gate=never")
        assert client.response().status in (503, 504)
    with rw.client() as client:
        client.request("/b/1000/long?cc=no-store&half=never")
        with pytest.raises(BadMessage):
            client.response()
    wait_until(lambda: origin.stats()["open"] == 0, "both exchanges ended at the origin")


def test_an_origin_without_a_first_byte_gives_504(ringwall, origin):
    rw = ringwall(workers=1, upstream={"first_byte_timeout": SHORT, "retries": 0})
    with rw.client() as client:
        assert client.ask("/x?fail=never").status == 504
        client.expect_open()


def test_an_origin_that_does_not_accept_gives_504(ringwall):
    silent = SilentListener()
    rw = ringwall(silent, workers=1, upstream={"connect_timeout": SHORT, "retries": 0})
    with rw.client() as client:
        assert client.ask("/").status == 504
    silent.stop()


def test_an_answer_that_stalls_is_never_whole(ringwall, origin):
    rw = ringwall(workers=1, upstream={"idle_timeout": SHORT})
    path = "/b/100000/stall"
    with rw.client() as client:
        client.request(f"{path}?cc=max-age=60&half=stall")
        with pytest.raises(BadMessage):
            client.response()
    origin.open("stall")
    assert rw.get(f"{path}?cc=max-age=60&half=stall").body == content(path)


def test_a_kept_connection_to_the_origin_is_closed_when_unused(ringwall, origin):
    rw = ringwall(workers=1, upstream={"pool_idle_timeout": SHORT})
    assert rw.get("/b/10/x").status == 200
    wait_until(lambda: origin.stats()["open"] == 0, "the kept connection is closed")
    assert rw.get("/b/10/y").status == 200


def test_slow_is_not_stalled(ringwall):
    """Pieces that keep coming within the timeouts make no timeout, however long it all takes."""
    rw = ringwall(workers=1, http={"head_timeout": "1s", "body_timeout": "1s", "send_timeout": "1s"},
                  upstream={"idle_timeout": "1s", "first_byte_timeout": "1s"})
    path = "/b/4000/slow"
    assert rw.get(f"{path}?cc=no-store&slow=60&pieces=20").body == content(path)
