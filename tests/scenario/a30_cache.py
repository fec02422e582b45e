"""The shared cache: what is stored and what never is, Age and Cache-Status, one fetch for all."""
import email.utils
import time

import pytest

from client import content, crc
from programs import Origin, failures, load, wait_until

SETTINGS = {"workers": 2}
FRESH = "cc=max-age=60"


def test_a_miss_is_stored_and_a_hit_is_served_from_memory(shared, origin):
    first = shared.get(f"/b/5000/hit?{FRESH}")
    assert first.cache.startswith("fwd=uri-miss") and "stored" in first.cache
    assert first.get("Cache-Status").startswith("ringwall;")
    for _ in range(6):
        again = shared.get(f"/b/5000/hit?{FRESH}")
        assert again.hit, again
        assert again.body == content("/b/5000/hit")
        assert again.get("X-Count") == "1"
        assert again.age >= 0
    assert origin.count("/b/5000/hit") == 1


@pytest.mark.parametrize("size", [0, 1, 16, 4095, 4096, 65536, 65537, 1 << 20, 5_000_001])
@pytest.mark.parametrize("query", ["", "&chunked=1", "&close=1", "&h10=1&close=1"])
def test_stored_content_is_the_origins_however_it_was_framed(shared, origin, size, query):
    path = f"/b/{size}/stored{query.replace('&', '-')}"
    for n in range(3):
        answer = shared.get(f"{path}?{FRESH}{query}")
        assert answer.body == content(path), n
    assert origin.count(path) == 1
    assert shared.get(f"{path}?{FRESH}{query}").get("Content-Length") == str(size)


@pytest.mark.parametrize("query", [
    "cc=no-store", "cc=max-age=60,no-store", "cc=private", "cc=private,max-age=60",
    "cc=no-cache,max-age=60", "cc=max-age=0", "cc=s-maxage=0,max-age=60",
    "cc=max-age=60&cookie=1", "cc=max-age=60&vary=*", "", "cc=public", "expires=0",
    "cc=max-age=60&age=60", "cc=max-age=60&age=100", "cc=max-age=x", "cc=max-age=-5",
    "cc=No-Store,max-age=60",
    "cc=max-age=60&status=206&field=Content-Range:%20bytes%200-9/100",
    "field=Expires:%200", "field=Expires:%20yesterday", "cc=must-understand,max-age=60&status=299",
])
def test_what_may_not_be_stored_is_fetched_each_time(shared, origin, query):
    path = "/b/100/never-" + f"{crc(query.encode()):x}"
    for n in range(1, 4):
        answer = shared.get(f"{path}?{query}")
        assert not answer.hit and "stored" not in answer.cache, answer
        assert answer.get("X-Count") == str(n)
    assert origin.count(path) == 3


@pytest.mark.parametrize("query", [
    "cc=max-age=60", "cc=public,max-age=60", "cc=s-maxage=60", "cc=s-maxage=60,max-age=0",
    "cc=MAX-AGE=60", "cc=foo,max-age=60", "expires=60", "cc=max-age=60&expires=0",
    "cc=max-age=60&age=10", "cc=max-age=99999999999", "cc=max-age=60&status=404",
    "cc=max-age=60&status=301&field=Location:%20/x", "cc=max-age=%2260%22",
])
def test_what_may_be_stored_is_fetched_once(shared, origin, query):
    path = "/b/100/ever-" + f"{crc(query.encode()):x}"
    for _ in range(4):
        shared.get(f"{path}?{query}")
    assert origin.count(path) == 1


@pytest.mark.parametrize("fields", [
    {"Authorization": "Basic Zm9vOmJhcg=="}, {"Cache_Control": "no-store"},
])
def test_what_a_request_makes_private_is_not_stored(shared, origin, fields):
    path = f"/b/100/private-{next(iter(fields)).lower()}"
    for _ in range(2):
        answer = shared.get(f"{path}?{FRESH}", **fields)
        assert "stored" not in answer.cache
    shared.get(f"{path}?{FRESH}")
    assert origin.count(path) == 3, "nothing of it was stored"


def test_authorized_answers_are_never_shared_with_others(shared, origin):
    assert shared.get(f"/b/100/auth?{FRESH}", Authorization="Basic eA==").status == 200
    assert not shared.get(f"/b/100/auth?{FRESH}").hit
    assert origin.count("/b/100/auth") == 2


def test_variants_are_never_mixed_up(shared):
    for n in range(3):
        for language in ("de", "en"):
            answer = shared.get(f"/echo/vary?{FRESH}&vary=Accept-Language", Accept_Language=language)
            assert f'"{language}"'.encode() in answer.body, (n, language)


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "PATCH", "OPTIONS"])
def test_other_methods_pass_by_the_cache(shared, origin, method):
    path = f"/b/100/method-{method}"
    for _ in range(2):
        assert not shared.get(f"{path}?{FRESH}", method).hit
    assert not shared.get(f"{path}?{FRESH}").hit, "a GET is not answered from them"
    assert origin.count(path) == 3


def test_an_unsafe_method_invalidates_what_is_stored(shared, origin):
    target = f"/b/100/unsafe?{FRESH}"
    shared.get(target)
    assert shared.get(target).hit
    shared.get(target, "POST")
    assert not shared.get(target).hit


def test_head_is_answered_from_a_stored_get(shared, origin):
    target = f"/b/1234/head?{FRESH}"
    shared.get(target)
    answer = shared.get(target, "HEAD")
    assert answer.hit and answer.get("Content-Length") == "1234" and answer.body == b""
    assert origin.count("/b/1234/head") == 1


def test_a_head_on_a_miss_stores_no_empty_answer(shared):
    target = f"/b/777/head-first?{FRESH}"
    shared.get(target, "HEAD")
    assert shared.get(target).body == content("/b/777/head-first")


def test_age_counts_from_the_origins_own(shared):
    target = "/b/10/age?cc=max-age=3600&age=100"
    shared.get(target)
    assert 100 <= shared.get(target).age <= 105


def test_what_is_stale_is_fetched_again(shared, origin):
    target = "/b/10/stale?cc=max-age=1"
    first = shared.get(target)
    assert first.get("X-Count") == "1"
    again = wait_until(lambda: (a := shared.get(target)).get("X-Count") == "2" and a, "a new fetch")
    assert not again.hit and again.cache.startswith("fwd=stale"), again.cache


def test_a_date_in_the_past_counts_as_age(shared, origin):
    old = email.utils.formatdate(time.time() - 100, usegmt=True).replace(" ", "%20")
    path = "/b/10/date"
    for _ in range(2):
        shared.get(f"{path}?cc=max-age=60&nodate=1&field=Date:%20{old}")
    assert origin.count(path) == 2


def test_equal_spellings_of_a_url_share_an_answer(shared, origin):
    for target, host in (("/b/10/%7Ekey", "example.org"), ("/b/10/~key", "EXAMPLE.org"),
                         ("/b/x/../10/~key", "example.org:80")):
        assert shared.get(f"{target}?{FRESH}", Host=host).status == 200
    assert origin.stats()["requests"] == 1


def test_different_urls_share_nothing(shared, origin):
    for path, query, host in (("/b/10/k", "a=1", "one.test"), ("/b/10/k", "a=2", "one.test"),
                              ("/b/10/K", "a=1", "one.test"), ("/b/10/k", "a=1", "two.test"),
                              ("/b/10/k/", "a=1", "one.test"), ("/b/10/k%2F", "a=1", "one.test")):
        assert not shared.get(f"{path}?{FRESH}&{query}", Host=host).hit
    assert origin.stats()["requests"] == 6


def test_a_route_without_cache_stores_nothing(ringwall, origin):
    rw = ringwall(route={"cache": False})
    for _ in range(3):
        assert not rw.get(f"/b/10/off?{FRESH}").hit
    assert origin.count("/b/10/off") == 3


def test_default_lifetime_applies_where_the_origin_names_none(ringwall, origin):
    rw = ringwall(route={"cache": {"default_lifetime": "60s"}})
    for target in ("/b/10/plain", "/b/10/no?cc=no-store", "/b/10/cookie?cookie=1"):
        for _ in range(2):
            rw.get(target)
    assert [origin.count(p) for p in ("/b/10/plain", "/b/10/no", "/b/10/cookie")] == [1, 2, 2]


def test_without_cache_memory_everything_passes(ringwall, origin):
    rw = ringwall(cache={"size": 0})
    for _ in range(2):
        assert rw.get(f"/b/1000/x?{FRESH}").body == content("/b/1000/x")
    assert origin.count("/b/1000/x") == 2


def test_object_size_max_lets_larger_answers_pass(ringwall, origin):
    rw = ringwall(cache={"object_size_max": "100KiB"})
    for query in ("", "&chunked=1"):
        for size, fetches in ((90_000, 1), (200_000, 3)):
            path = f"/b/{size}/max{query[1:8]}"
            for _ in range(3):
                assert rw.get(f"{path}?{FRESH}{query}").body == content(path)
            assert origin.count(path) == fetches, (size, query)


def test_those_who_share_an_answer_that_turns_out_too_large_get_all_of_it(ringwall, origin):
    rw = ringwall(cache={"object_size_max": "100KiB"}, workers=2)
    path = "/b/400000/large"
    target = f"{path}?{FRESH}&chunked=1&gate=large"
    clients = [rw.client() for _ in range(6)]
    for client in clients:
        client.request(target)
    origin.wait_waiting("large")
    wait_until(lambda: rw.ctl("cache", "usage", json_output=True).json["follows"] >= 5,
               "all follow")
    origin.open("large")
    for client in clients:
        assert client.response().body == content(path)
        client.close()
    assert origin.count(path) == 1
    for fetches in (2, 3):
        assert rw.get(f"{path}?{FRESH}&chunked=1&gate=large").body == content(path)
        assert origin.count(path) == fetches, "it was not stored, and is not shared any more"


def test_the_least_recently_used_makes_room(ringwall, origin):
    rw = ringwall(cache={"size": "8MiB", "object_size_max": "1MiB"})
    hot = f"/b/50000/hot?{FRESH}"
    rw.get(hot)
    for n in range(400):
        rw.get(f"/b/50000/cold{n}?{FRESH}")
        if n % 5 == 0:
            assert rw.get(hot).body == content(hot)
    assert origin.count("/b/50000/hot") <= 2, "what is used often stays"
    assert rw.get(f"/b/50000/cold0?{FRESH}").get("X-Count") == "2", "the oldest has gone"


@pytest.mark.parametrize("workers", [1, 2, 4])
def test_a_herd_on_one_cold_key_makes_one_origin_request(ringwall, origin, workers):
    rw = ringwall(workers=workers)
    result = load(rw.port, f"/b/20000/herd?{FRESH}&delay=200", conns=500, herd=True)
    assert not failures(result) and result["ok"] == 500
    assert origin.count("/b/20000/herd") == 1


def test_followers_stream_what_has_arrived_while_the_rest_is_awaited(ringwall, origin):
    rw = ringwall(workers=4)
    size, path = 400_000, "/b/400000/follow"
    target = f"{path}?{FRESH}&half=follow"
    clients = [rw.client() for _ in range(12)]
    for client in clients:
        client.request(target)
    halves = []
    for client in clients:
        head = client.head()
        assert head.status == 200
        halves.append((client, head, client.exactly(100_000)))
    origin.wait_waiting("follow")
    origin.open("follow")
    for client, head, half in halves:
        if head.get("Content-Length"):
            rest = client.exactly(size - len(half))
            assert half + rest == content(path)
        client.close()
    assert origin.count(path) == 1


@pytest.mark.parametrize("workers", [1, 3])
def test_followers_get_everything_when_the_first_client_goes_away(ringwall, origin, workers):
    rw = ringwall(workers=workers)
    path = "/b/300000/leader"
    target = f"{path}?{FRESH}&half=leader"
    leader = rw.client()
    leader.request(target)
    origin.wait_waiting("leader")
    followers = [rw.client() for _ in range(6)]
    for follower in followers:
        follower.request(target)
        assert follower.head().status == 200
    leader.reset()
    origin.open("leader")
    for follower in followers:
        assert follower.exactly(300_000) == content(path)
        follower.close()
    assert origin.count(path) == 1


def test_followers_of_what_proves_private_fetch_for_themselves(ringwall, origin):
    rw = ringwall(workers=2)
    path = "/b/2000/unshared"
    result = load(rw.port, f"{path}?cc=private&delay=50", conns=40, herd=True)
    assert not failures(result)
    assert origin.count(path) == 40
    counts = {rw.get(f"{path}?cc=private").get("X-Count") for _ in range(3)}
    assert len(counts) == 3


def test_followers_of_a_broken_fill_never_get_a_whole_answer_of_it(ringwall, origin):
    rw = ringwall(workers=2)
    path = "/b/1000/brokenfill"
    result = load(rw.port, f"{path}?{FRESH}&delay=100&fail=cut-body&first=1", conns=40, herd=True)
    assert result["mismatch"] == 0 and result["status"] == 0
    assert result["ok"] + result["broken"] == 40, result
    assert rw.get(f"{path}?{FRESH}").body == content(path)


def test_a_slow_head_delays_collapsed_requests_no_longer_than_lock_timeout(ringwall, origin):
    rw = ringwall(workers=1, route={"cache": {"lock_timeout": "200ms"}})
    path = "/b/100/locked"
    with rw.client() as first, rw.client() as second:
        first.request(f"{path}?{FRESH}&gate=locked")
        origin.wait_waiting("locked")
        second.request(f"{path}?{FRESH}&gate=locked")
        origin.wait_waiting("locked", 2)
        origin.open("locked")
        led, late = first.response(), second.response()
        assert led.body == late.body == content(path)
        assert "detail=busy" in late.get("Cache-Status"), "late, which says nothing of the response"


def test_a_stored_answer_is_served_while_the_origin_is_gone(ringwall):
    gone = Origin("gone")
    rw = ringwall(gone)
    rw.get(f"/b/1000/kept?{FRESH}")
    gone.stop()
    for _ in range(10):
        assert rw.get(f"/b/1000/kept?{FRESH}").body == content("/b/1000/kept")


def test_a_fill_ends_well_though_every_client_went_away(ringwall, origin):
    """Whether the fetch goes on or is dropped: afterwards the answer is right."""
    rw = ringwall(workers=2)
    path = "/b/200000/alone"
    with rw.client() as client:
        client.request(f"{path}?{FRESH}&half=alone")
        origin.wait_waiting("alone")
        client.reset()
    origin.open("alone")
    assert rw.get(f"{path}?{FRESH}").body == content(path)
    assert rw.get(f"{path}?{FRESH}").hit


def test_a_stored_answer_survives_a_client_that_breaks_off(shared, origin):
    path = "/b/3000000/brokenoff"
    shared.get(f"{path}?{FRESH}")
    for _ in range(5):
        with shared.client(receive_buffer=4096) as client:
            client.request(f"{path}?{FRESH}")
            client.exactly(1000)
            client.reset()
    assert shared.get(f"{path}?{FRESH}").body == content(path)
