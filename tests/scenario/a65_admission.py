"""What is worth storing: responses that are asked for often enough."""
import pytest

from asking import clients, told, url
from client import content
from programs import wait_until


@pytest.mark.parametrize("workers", [1, 3])
def test_a_response_is_stored_at_its_third_request(ringwall, origin, workers):
    rw = ringwall(workers=workers, route={"cache": {"min_uses": 3}})
    target = url("/b/1000/thrice", cc="max-age=600")
    for n in range(1, 4):
        answer = rw.get(target)
        assert answer.body == content(target) and answer.get("X-Count") == str(n)
        assert told(answer).stored == (n == 3), n
    assert told(rw.get(target)).hit and origin.count(target) == 3


def test_each_response_has_to_earn_it(ringwall, origin):
    rw = ringwall(workers=2, route={"cache": {"min_uses": 2}})
    targets = [url(f"/b/100/once-{n}", cc="max-age=600") for n in range(50)]
    for target in targets:
        assert not told(rw.get(target)).stored
    for target in targets:
        assert told(rw.get(target)).stored
        assert told(rw.get(target)).hit


def test_those_who_wait_share_what_is_not_stored(ringwall, origin):
    rw = ringwall(workers=2, route={"cache": {"min_uses": 15}})
    target = url("/b/100000/shared", cc="max-age=600", half="middle")
    with clients(rw, 2) as (leader, follower):
        leader.request(target)
        origin.wait_waiting("middle")
        follower.request(target)
        wait_until(lambda: rw.ctl("cache", "usage", json_output=True).json["follows"] >= 1,
                   "the other follows")
        origin.open("middle")
        for client in (leader, follower):
            assert client.response().body == content(target)
    assert origin.count(target) == 1
    assert not told(rw.get(target)).hit


def test_a_stored_response_stays_worth_it(ringwall, origin):
    """What is refreshed was asked for often enough before."""
    rw = ringwall(workers=1, route={"cache": {"min_uses": 2}})
    target = url("/b/100/kept", cc="max-age=600", etag='"a"')
    rw.get(target)
    assert told(rw.get(target)).stored
    assert told(rw.get(target, Cache_Control="no-cache")).stored
    assert told(rw.get(target)).hit
