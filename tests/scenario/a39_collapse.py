"""One fetch for all who want the same, and what becomes of it when clients, workers or the origin
fail or are slow. Gates at the origin hold each fetch where a test wants it."""
import itertools
import os
import signal

import pytest

from asking import (clients, clients_of_different_workers, elapse, follows, is_stored, told,
                    url)
from client import BadMessage, Ended, content
from programs import wait_until

SETTINGS = {"workers": 3}
FRESH = {"cc": "max-age=600"}
serial = itertools.count()


def fresh_path(size=100_000):
    return f"/b/{size}/w{next(serial)}"


def all_follow(rw, before, n):
    wait_until(lambda: follows(rw) >= before + n, f"{n} follow")


def test_many_clients_of_all_workers_make_one_request(shared, origin):
    target = url(fresh_path(), gate="many", **FRESH)
    apart = clients_of_different_workers(shared, 2).values()
    before = follows(shared)
    with clients(shared, 58) as asking:
        asking += apart
        for client in asking:
            client.request(target)
        origin.wait_waiting("many")
        all_follow(shared, before, 59)
        origin.open("many")
        for client in asking:
            assert client.response().body == content(target)
    assert origin.count(target) == 1


@pytest.mark.parametrize("framing", [{}, {"chunked": 1}, {"close": 1}])
def test_who_joins_in_the_middle_gets_what_is_there_at_once(shared, origin, framing):
    target = url(fresh_path(), half="joining", **FRESH, **framing)
    with clients(shared, 9) as asking:
        asking[0].request(target)
        origin.wait_waiting("joining")
        heads = []
        for client in asking[1:]:
            client.request(target)
            heads.append(client.head())
            assert client.buffer or client.more(), "while the gate is shut"
        origin.open("joining")
        assert asking[0].response().body == content(target)
        for client, head in zip(asking[1:], heads):
            client.read_body(head, "GET")
            assert head.body == content(target)
    assert origin.count(target) == 1


def test_a_leading_client_that_goes_away_aborts_nothing(shared, origin):
    target = url(fresh_path(), half="leaving", **FRESH)
    before = follows(shared)
    with clients(shared, 7) as (leader, *others):
        leader.request(target)
        origin.wait_waiting("leaving")
        for client in others:
            client.request(target)
        all_follow(shared, before, 6)
        leader.reset()
        others[0].reset()
        origin.open("leaving")
        for client in others[1:]:
            assert client.response().body == content(target)
    assert origin.count(target) == 1


def test_a_leading_client_that_goes_away_before_the_head_harms_nobody(shared, origin):
    target = url(fresh_path(), gate="early", **FRESH)
    before = follows(shared)
    with clients(shared, 7) as (leader, *others):
        leader.request(target)
        origin.wait_waiting("early")
        for client in others:
            client.request(target)
        all_follow(shared, before, 6)
        leader.reset()
        origin.open("early")
        for client in others:
            assert client.response().body == content(target)
    assert origin.count(target) <= 2


def test_a_fill_goes_on_though_all_clients_went_away(shared, origin):
    target = url(fresh_path(), half="alone", **FRESH)
    with clients(shared, 1) as (leader,):
        leader.request(target)
        origin.wait_waiting("alone")
        leader.reset()
    origin.open("alone")
    wait_until(lambda: is_stored(shared, target), "it is stored all the same")
    assert shared.get(target).body == content(target) and origin.count(target) == 1


def test_a_slow_leading_client_slows_nobody(shared, origin):
    target = url(fresh_path(8_000_000), **FRESH)
    with clients(shared, 1, receive_buffer=4096) as (leader,), clients(shared, 4) as others:
        leader.request(target)
        head = leader.head()
        for client in others:
            client.request(target)
        for client in others:
            assert client.response().body == content(target)
        leader.read_body(head, "GET")
        assert head.body == content(target)
    assert origin.count(target) == 1


def test_a_slow_follower_slows_nobody(shared, origin):
    target = url(fresh_path(8_000_000), gate="slow-follower", **FRESH)
    with clients(shared, 2) as (leader, other), clients(shared, 1, receive_buffer=4096) as (slow,):
        leader.request(target)
        origin.wait_waiting("slow-follower")
        slow.request(target)
        other.request(target)
        origin.open("slow-follower")
        assert leader.response().body == other.response().body == content(target)
        assert slow.response().body == content(target)


def kill(rw, pid):
    rw.deaths_expected = True
    os.kill(pid, signal.SIGKILL)


def led_and_followed(rw, origin, target, gate):
    """A leader and a follower at different workers; the leader's worker."""
    found = clients_of_different_workers(rw, 2)
    (pid, leader), (_, follower) = found.items()
    leader.request(target)
    origin.wait_waiting(gate)
    before = follows(rw)
    follower.request(target)
    all_follow(rw, before, 1)
    return pid, leader, follower


def test_followers_of_a_killed_worker_get_all_where_nothing_was_sent(ringwall, origin):
    rw = ringwall(workers=2)
    target = url(fresh_path(), gate="killed", **FRESH)
    pid, leader, follower = led_and_followed(rw, origin, target, "killed")
    kill(rw, pid)
    origin.wait_count(target, 2)
    origin.open("killed")
    assert follower.response().body == content(target)
    wait_until(lambda: is_stored(rw, target), "it is stored")
    leader.close()
    follower.close()


@pytest.mark.parametrize("framing", [{}, {"chunked": 1}])
def test_followers_of_a_killed_worker_go_on_with_the_same_representation(ringwall, origin, framing):
    """A strong ETag says that the second fetch brings the same bytes (RFC 9110 section 8.8.1)."""
    rw = ringwall(workers=2)
    target = url(fresh_path(1_000_000), half="killed-half", etag='"{seed}"', **FRESH, **framing)
    pid, leader, follower = led_and_followed(rw, origin, target, "killed-half")
    head = follower.head()
    got = follower.exactly(1000)
    kill(rw, pid)
    origin.open("killed-half")
    if framing:  # of unknown length: whether it ends well or not, nothing wrong comes
        follower.buffer = got + follower.buffer
        try:
            follower.read_body(head, "GET")
            assert head.body == content(target)
        except Ended as ended:
            assert content(target).startswith(ended.got)
    else:
        assert got + follower.exactly(1_000_000 - 1000) == content(target)
    assert rw.get(target).body == content(target)
    leader.close()
    follower.close()


@pytest.mark.parametrize("options", [{}, {"etag": 'W/"weak"'}, {"etag": '"{seed}"'}])
def test_followers_of_a_killed_worker_never_get_two_halves_of_different_things(ringwall, origin,
                                                                              options):
    rw = ringwall(workers=2)
    target = url(fresh_path(1_000_000), half="changed", **FRESH, **options)
    pid, leader, follower = led_and_followed(rw, origin, target, "changed")
    assert follower.head().status == 200
    got = follower.exactly(1000)
    origin.set(target, version=2)
    kill(rw, pid)
    origin.open("changed")
    with pytest.raises(BadMessage) as broken:
        follower.exactly(1_000_000 - 1000)
    assert content(target).startswith(got + broken.value.got)
    assert rw.get(target).body == content(target, version=2)
    leader.close()
    follower.close()


@pytest.mark.parametrize("options", [{}, {"chunked": 1}, {"etag": '"{seed}"'},
                                     {"chunked": 1, "etag": '"{seed}"'}])
def test_an_answer_that_the_origin_cuts_is_never_taken_for_whole(shared, origin, options):
    path = fresh_path()
    origin.set(path, cut=60_000, half="cut", after=30_000, **FRESH, **options)
    before = follows(shared)
    with clients(shared, 12) as asking:
        for client in asking:
            client.request(path)
        origin.wait_waiting("cut")
        all_follow(shared, before, 11)
        origin.open("cut")
        for client in asking:
            with pytest.raises(BadMessage) as broken:
                answer = client.response()
                assert answer.status in (502, 504), "nothing of it was sent"
                raise BadMessage("an error")
            assert content(path).startswith(getattr(broken.value, "got", b""))
    asked = origin.count(path)
    assert asked < 12, "not each who waited asks for itself"
    assert not is_stored(shared, path)
    origin.unset(path)
    origin.set(path, **FRESH)
    assert shared.get(path).body == content(path)
    assert told(shared.get(path)).hit


def test_an_origin_that_cuts_once_is_asked_again_for_those_who_can_go_on(shared, origin):
    path = fresh_path()
    origin.set(path, cut=60_000, half="once", after=30_000, etag='"{seed}"', **FRESH)
    with clients(shared, 6) as asking:
        for client in asking:
            client.request(path)
        origin.wait_waiting("once")
        origin.unset(path)
        origin.set(path, etag='"{seed}"', **FRESH)
        origin.open("once")
        whole = 0
        for client in asking:
            try:
                assert client.response().body == content(path)
                whole += 1
            except Ended as ended:
                assert content(path).startswith(ended.got)
        assert whole >= 5, "all but who led, at most"
    assert origin.count(path) <= 3


@pytest.mark.parametrize("overflow", ["fetch", "reject"])
def test_more_than_waiters_max_do_not_wait(ringwall, origin, overflow):
    rw = ringwall(workers=1, route={"cache": {"waiters_max": 3, "overflow": overflow}})
    target = url(fresh_path(), gate="waiters", **FRESH)
    with clients(rw, 8) as asking:
        asking[0].request(target)
        origin.wait_waiting("waiters")
        for client in asking[1:4]:
            before = follows(rw)
            client.request(target)
            all_follow(rw, before, 1)
        for client in asking[4:]:
            client.request(target)
        if overflow == "fetch":
            origin.wait_waiting("waiters", 5)
        else:
            for client in asking[4:]:
                assert client.response().status == 503
        origin.open("waiters")
        for client in asking[:8 if overflow == "fetch" else 4]:
            assert client.response().body == content(target)
    assert origin.count(target) == (5 if overflow == "fetch" else 1)


@pytest.mark.parametrize("overflow", ["fetch", "reject"])
def test_nobody_waits_longer_than_lock_timeout(ringwall, origin, overflow):
    rw = ringwall(workers=2, route={"cache": {"lock_timeout": "300ms", "overflow": overflow}})
    target = url(fresh_path(), gate="late", **FRESH)
    with clients(rw, 3) as asking:
        asking[0].request(target)
        origin.wait_waiting("late")
        for client in asking[1:]:
            client.request(target)
        if overflow == "fetch":
            origin.wait_waiting("late", 3)
        else:
            assert [client.response().status for client in asking[1:]] == [503, 503]
        origin.open("late")
        for client in asking[:3 if overflow == "fetch" else 1]:
            assert client.response().body == content(target)


def test_who_waited_too_long_gets_what_is_stale_where_that_is_allowed(ringwall, origin):
    rw = ringwall(workers=2, route={"cache": {"lock_timeout": "300ms", "overflow": "reject"}})
    target = url(fresh_path(), cc="max-age=1, stale-if-error=600", etag='"{seed}"')
    rw.get(target)
    elapse(2.1)
    origin.set(target, gate="stale-late", version=2)
    with clients(rw, 2) as (leader, late):
        leader.request(target)
        origin.wait_waiting("stale-late")
        late.request(target)
        assert late.response().body == content(target)
        origin.open("stale-late")
        assert leader.response().body == content(target, version=2)


@pytest.mark.parametrize("cc", ["no-store", "private", "max-age=0", ""])
def test_what_is_known_not_to_be_storable_is_not_waited_for(shared, origin, cc):
    path = fresh_path()
    origin.set(path, cc=cc)
    shared.get(path)
    origin.set(path, gate="unstorable")
    with clients(shared, 10) as asking:
        for client in asking:
            client.request(path)
        origin.wait_waiting("unstorable", 10)
        origin.open("unstorable")
        assert len({client.response().get("X-Count") for client in asking}) == 10


def test_what_turns_out_not_to_be_storable_is_fetched_by_all_at_once(shared, origin):
    path = fresh_path()
    origin.set(path, cc="private", gate="first")
    before = follows(shared)
    with clients(shared, 10) as asking:
        for client in asking:
            client.request(path)
        origin.wait_waiting("first")
        all_follow(shared, before, 9)
        origin.set(path, gate="others")
        origin.open("first")
        origin.wait_waiting("others", 9)
        origin.open("others")
        assert len({client.response().get("X-Count") for client in asking}) == 10


def test_requests_with_credentials_do_not_wait_for_each_other(shared, origin):
    target = url(fresh_path(), gate="credentials", **FRESH)
    with clients(shared, 8) as asking:
        for n, client in enumerate(asking):
            client.request(target, Authorization=f"Basic {n}")
        origin.wait_waiting("credentials", 8)
        origin.open("credentials")
        assert len({client.response().get("X-Count") for client in asking}) == 8
    assert not is_stored(shared, target)


def test_a_fill_that_nobody_waits_for_can_be_given_up(ringwall, origin):
    rw = ringwall(workers=1, route={"cache": {"finish_percent": 90}})
    target = url(fresh_path(1_000_000), slow=10, pieces=2000, **FRESH)
    with clients(rw, 1) as (leader,):
        leader.request(target)
        leader.head()
        leader.reset()
        wait_until(lambda: origin.stats()["cut"] == 1, "the fetch is dropped, whose end is far")
    origin.set(target, slow=0)
    assert rw.get(target).body == content(target) and origin.count(target) == 2
