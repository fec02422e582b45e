"""HTTP/1.1 on both sides as RFC 9110 and RFC 9112 have it, seen from a client and from an origin."""
import json
import socket

import pytest

from client import Client, chunks, content, crc
from programs import wait_until

SETTINGS = {"workers": 1}


def echoed(response):
    assert response.status == 200, response
    return json.loads(response.body)


def fields_of(echo, name):
    return [v for k, v in echo["fields"] if k.lower() == name.lower()]


@pytest.mark.parametrize("query", ["", "chunked=1", "close=1", "pieces=7&slow=1", "h10=1&close=1",
                                   "h10=1", "chunked=1&pieces=50"])
@pytest.mark.parametrize("size", [0, 1, 4096, 70001])
def test_content_arrives_whole_however_the_origin_frames_it(shared, size, query):
    with shared.client() as client:
        for _ in range(2):
            answer = client.ask(f"/b/{size}/frame?cc=no-store&{query}")
            assert answer.status == 200
            assert answer.body == content(f"/b/{size}/frame")
            assert answer.framing in ("length", "chunked"), "an HTTP/1.1 client keeps its connection"


def test_method_target_and_fields_reach_the_origin_as_sent(shared):
    echo = echoed(shared.get("/echo/a%20b/c;d?q=1&r=%2F&&s", "PROPFIND", X_Test="a  b",
                             Cookie="k=v; l=w", Accept="text/*;q=0.5"))
    assert echo["method"] == "PROPFIND"
    assert echo["target"] == "/echo/a%20b/c;d?q=1&r=%2F&&s"
    assert echo["version"] == "HTTP/1.1"
    assert fields_of(echo, "X-Test") == ["a  b"]
    assert fields_of(echo, "Cookie") == ["k=v; l=w"]
    assert fields_of(echo, "Accept") == ["text/*;q=0.5"]
    assert fields_of(echo, "Host") == ["localhost"]


def test_a_get_without_content_has_no_framing_at_the_origin(shared):
    echo = echoed(shared.get("/echo"))
    assert fields_of(echo, "Content-Length") == []
    assert fields_of(echo, "Transfer-Encoding") == []


@pytest.mark.parametrize("size", [0, 1, 5000, 300_000])
@pytest.mark.parametrize("chunked", [False, True])
def test_request_content_arrives_whole(shared, size, chunked):
    body = content(f"/b/{size}/up")
    with shared.client() as client:
        if chunked:
            client.request("/echo", "POST", chunks(body, 777), Transfer_Encoding="chunked")
        else:
            client.request("/echo", "POST", Content_Length=size)
            client.send(body)
        echo = echoed(client.response())
        assert (echo["body_size"], echo["body_crc"]) == (size, crc(body))
        assert echoed(client.ask("/echo"))["body_size"] == 0


def test_large_contents_stream_both_ways(shared, origin):
    size = 8 << 20
    body = content(f"/b/{size}/big")
    assert shared.get(f"/b/{size}/big?cc=no-store").body == body
    with shared.client() as client:
        client.request("/echo", "PUT", body)
        echo = echoed(client.response())
    assert (echo["body_size"], echo["body_crc"]) == (size, crc(body))


def test_pipelined_requests_are_answered_in_order(shared):
    paths = [f"/b/{n * 13}/pipe{n}?cc=no-store" for n in range(30)]
    with shared.client() as client:
        client.send("".join(f"GET {p} HTTP/1.1\r\nHost: x\r\n\r\n" for p in paths))
        for path in paths:
            assert client.response().body == content(path)


def test_pipelined_requests_with_content_keep_their_borders(shared):
    with shared.client() as client:
        one = "POST /echo/1 HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n\r\nhello"
        two = ("POST /echo/2 HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n"
               "3\r\nabc\r\n0\r\n\r\n")
        client.send(one + two + one)
        for target, body in (("/echo/1", b"hello"), ("/echo/2", b"abc"), ("/echo/1", b"hello")):
            echo = echoed(client.response())
            assert (echo["target"], echo["body_crc"]) == (target, crc(body))


def test_a_request_may_come_byte_by_byte(shared):
    raw = b"POST /echo HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n" + chunks(b"abcdef", 2)
    with shared.client() as client:
        for i in range(len(raw)):
            client.send(raw[i:i + 1])
        assert echoed(client.response())["body_crc"] == crc(b"abcdef")


def test_an_empty_line_before_a_request_is_ignored(shared):
    with shared.client() as client:
        client.send("\r\nGET /b/5/crlf HTTP/1.1\r\nHost: x\r\n\r\n")
        assert client.response().status == 200


def test_one_connection_to_the_origin_serves_one_client_after_another(ringwall, origin):
    rw = ringwall(workers=1)
    before = origin.stats()["connections"]  # another daemon may keep one
    for n in range(5):
        with rw.client() as client:
            assert client.ask(f"/b/10/keep{n}?cc=no-store").status == 200
    assert origin.stats()["connections"] == before + 1


def test_connection_close_is_honoured_and_said(shared):
    with shared.client() as client:
        answer = client.ask("/b/10/close", Connection="close")
        assert answer.get("Connection") == "close"
        client.expect_end()


def test_an_origin_that_closes_does_not_close_the_client(shared):
    with shared.client() as client:
        answer = client.ask("/b/10/oclose?close=1&cc=no-store")
        assert "close" not in (answer.get("Connection") or "")
        client.expect_open()


def test_requests_per_connection_are_bounded_by_requests_max(ringwall):
    rw = ringwall(http={"requests_max": 3})
    with rw.client() as client:
        for n in range(3):
            answer = client.ask("/b/10/max")
            assert (answer.get("Connection") == "close") == (n == 2)
        client.expect_end()


@pytest.mark.parametrize("query", ["cc=no-store", "cc=max-age=60", "cc=no-store&chunked=1"])
def test_head_has_the_fields_of_get_and_no_content(shared, query):
    with shared.client() as client:
        answer = client.ask(f"/b/1000/head?{query}", "HEAD")
        assert answer.status == 200
        if "chunked" not in query:
            assert answer.get("Content-Length") == "1000"
        client.expect_open()


@pytest.mark.parametrize("query", ["", "chunked=1", "close=1"])
def test_a_client_of_http_10_gets_no_chunks_and_a_closed_connection(shared, query):
    with shared.client() as client:
        client.send(f"GET /b/3000/old?cc=no-store&{query} HTTP/1.0\r\nHost: x\r\n\r\n")
        answer = client.response()
        assert answer.framing in ("length", "close")
        assert answer.body == content("/b/3000/old")
        client.expect_end()


def test_a_client_of_http_10_needs_no_host(shared):
    with shared.client() as client:
        client.send("GET /b/30/old HTTP/1.0\r\n\r\n")
        assert client.response().body == content("/b/30/old")


def test_expect_100_continue_is_answered_before_the_content_is_sent(shared):
    with shared.client() as client:
        client.request("/echo", "POST", Content_Length=5, Expect="100-continue")
        interim = client.head()
        assert interim.status == 100
        client.send(b"hello")
        answer = client.response()
        assert echoed(answer)["body_crc"] == crc(b"hello")
        client.expect_open()


def test_a_refusal_instead_of_100_continue_reaches_the_client(shared):
    with shared.client() as client:
        client.request("/x?early=1&status=403", "POST", Content_Length=5, Expect="100-continue")
        assert client.response().status == 403


def test_interim_responses_are_relayed_to_http_11_clients_only(shared):
    with shared.client() as client:
        answer = client.ask("/b/10/hints?hints=1&cc=no-store")
        assert [i.status for i in answer.interim] == [103]
        assert answer.interim[0].get("Link") == "</a.css>; rel=preload"
        client.expect_open()
    with shared.client() as client:
        client.send("GET /b/10/hints?hints=1&cc=no-store HTTP/1.0\r\n\r\n")
        assert client.head().status == 200


def test_trailers_of_a_response_are_relayed(shared):
    with shared.client() as client:
        answer = client.ask("/b/100/trailers?trailers=1&cc=no-store", TE="trailers")
        assert answer.body == content("/b/100/trailers")
        assert answer.trailers == [("X-Trailer", "behind"), ("X-Sum", "42")]
        client.expect_open()


def test_trailers_of_a_request_do_not_disturb_it(shared):
    with shared.client() as client:
        client.request("/echo", "POST", b"3\r\nabc\r\n0\r\nX-T: 1\r\nContent-Length: 9\r\n\r\n",
                       Transfer_Encoding="chunked")
        echo = echoed(client.response())
        assert echo["body_crc"] == crc(b"abc")
        assert "Content-Length" not in echo["trailers"]
        client.expect_open()


def test_an_early_answer_is_relayed_while_the_content_still_streams(shared, origin):
    size = 4 << 20
    with shared.client() as client:
        client.request("/b/500/early?early=1&status=413", "POST", Content_Length=size)
        client.send(b"x" * 1000)
        answer = client.response()
        assert answer.status == 413
        assert answer.body == content("/b/500/early")


def test_hop_by_hop_fields_of_a_request_stay_here(shared):
    echo = echoed(shared.exchange(
        "GET /echo HTTP/1.1\r\nHost: x\r\nConnection: X-Secret, keep-alive\r\nX-Secret: 1\r\n"
        "Keep-Alive: timeout=5\r\nProxy-Connection: keep-alive\r\nTE: gzip\r\nUpgrade: h2c\r\n"
        "HTTP2-Settings: AAMAAABkAAQ\r\nX-Kept: 1\r\n\r\n"))
    for name in ("X-Secret", "Keep-Alive", "Proxy-Connection", "TE", "Upgrade"):
        assert fields_of(echo, name) == [], name
    assert fields_of(echo, "X-Kept") == ["1"]


def test_hop_by_hop_fields_of_a_response_stay_here(shared):
    answer = shared.get("/b/10/hop?hop=1&cc=no-store")
    for name in ("X-Hop", "X-Other", "Keep-Alive"):
        assert answer.get(name) is None, name


def test_a_connection_option_cannot_take_the_framing_away(shared):
    with shared.client() as client:
        client.send("POST /echo HTTP/1.1\r\nHost: x\r\nConnection: Content-Length, Host\r\n"
                    "Content-Length: 5\r\n\r\nhello")
        answer = client.response()
        if answer.status != 400:
            echo = echoed(answer)
            assert echo["body_crc"] == crc(b"hello")
            assert fields_of(echo, "Host") == ["x"]
            client.expect_open()


def test_via_is_added_on_both_sides(shared):
    answer = shared.get("/echo", Via="1.0 fred")
    assert fields_of(echoed(answer), "Via") in (["1.0 fred, 1.1 ringwall"],
                                                ["1.0 fred", "1.1 ringwall"])
    assert answer.get("Via") == "1.1 ringwall"


def test_forwarded_fields_of_a_stranger_are_dropped(shared):
    echo = echoed(shared.get("/echo", X_Forwarded_For="6.6.6.6", Forwarded="for=6.6.6.6"))
    assert fields_of(echo, "X-Forwarded-For") == ["127.0.0.1"]
    assert "6.6.6.6" not in json.dumps(echo)


def test_forwarded_fields_of_a_trusted_peer_are_extended(ringwall):
    rw = ringwall(listener={"trusted": ["127.0.0.0/8"]})
    echo = echoed(rw.get("/echo", X_Forwarded_For="6.6.6.6"))
    assert ", ".join(fields_of(echo, "X-Forwarded-For")) == "6.6.6.6, 127.0.0.1"


def test_a_target_in_absolute_form_names_the_host(shared):
    echo = echoed(shared.exchange(
        "GET http://Example.org/echo?q HTTP/1.1\r\nHost: other\r\nConnection: close\r\n\r\n"))
    assert echo["target"] == "/echo?q"
    assert [h.lower() for h in fields_of(echo, "Host")] == ["example.org"]


@pytest.mark.parametrize("request_line, status", [
    ("GET https://example.org/ HTTP/1.1", 421),  # secured, on a connection that is not
    ("TRACE / HTTP/1.1", 405),
])
def test_what_a_plain_reverse_proxy_does_not_do_is_refused(shared, origin, request_line, status):
    with shared.client() as client:
        client.send(f"{request_line}\r\nHost: example.org\r\n\r\n")
        assert client.response().status == status
        client.expect_end()
    assert origin.stats()["requests"] == 0


def test_options_asterisk_is_answered_and_the_connection_goes_on(shared):
    with shared.client() as client:
        client.request("*", "OPTIONS")
        assert client.response().status < 500
        client.expect_open()


def test_connect_is_refused(shared, origin):
    with shared.client() as client:
        client.send("CONNECT example.org:443 HTTP/1.1\r\nHost: example.org:443\r\n\r\n")
        assert client.response().status in (400, 405, 501)
        client.expect_end()
    assert origin.stats()["requests"] == 0


@pytest.mark.parametrize("status", [204, 304])
def test_answers_without_content_keep_the_connection(shared, status):
    with shared.client() as client:
        assert client.ask(f"/b/10/none?status={status}&cc=no-store").status == status
        client.expect_open()


@pytest.mark.parametrize("status", [201, 226, 299, 404, 418, 500, 599])
def test_any_final_status_is_relayed_with_its_content(shared, status):
    answer = shared.get(f"/b/50/status?status={status}&cc=no-store")
    assert (answer.status, answer.body) == (status, content("/b/50/status"))


def test_repeated_fields_keep_their_order_and_bytes(shared):
    answer = shared.get("/b/5/f?cc=no-store&field=Set-Cookie:%20a=1&field=Set-Cookie:%20b=%C3%A9")
    assert answer.all("Set-Cookie") == ["a=1", "b=\xc3\xa9"]


def test_a_long_response_head_is_relayed(shared):
    query = "&".join(f"field=X-{n}:%20{'y' * 100}" for n in range(60))
    with shared.client() as client:
        answer = client.ask(f"/b/10/long?cc=no-store&{query}")
    assert [answer.get(f"X-{n}") for n in range(60)] == ["y" * 100] * 60


def test_a_client_that_goes_away_ends_its_exchange_at_the_origin(shared, origin):
    with shared.client() as client:
        client.request("/b/100000/gone?cc=no-store&half=gone")
        origin.wait_waiting("gone")
        client.reset()
    wait_until(lambda: origin.stats()["open"] == 0, "the origin's connection is closed")


def test_a_client_that_ends_its_side_still_gets_the_answer(shared):
    with Client(shared.port) as client:
        client.request("/b/5000/half?cc=no-store&delay=50", Connection="close")
        client.socket.shutdown(socket.SHUT_WR)
        assert client.response().body == content("/b/5000/half")


def test_an_answer_of_ringwall_itself_is_complete(ringwall, origin):
    rw = ringwall(origin, text="""
[[listener]]
address = "127.0.0.1:$web"
[upstream.app]
backends = ["127.0.0.1:$origin"]
[[route]]
path = "/fixed"
respond = { status = 203, body = "fixed\\n", fields = { X-A = "b", X-C = ["d", "e"] } }
""")
    with rw.client() as client:
        for method in ("GET", "POST", "HEAD", "GET"):
            answer = client.ask("/fixed", method)
            assert answer.status == 203
            assert answer.body == (b"" if method == "HEAD" else b"fixed\n")
            assert answer.get("X-A") == "b" and answer.all("X-C") == ["d", "e"]
            assert answer.get("Date") is not None
