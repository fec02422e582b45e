"""Purging by the CLI: exactly what was named, from all workers, with the number told."""
import re

import pytest

from client import content

FRESH = "cc=max-age=600"


@pytest.fixture
def filled(ringwall):
    rw = ringwall(workers=3)
    for host in ("one.test", "two.test"):
        for n in range(5):
            assert rw.get(f"/b/100/p{n}?{FRESH}", Host=host).status == 200
    return rw


def is_stored(rw, target, host="one.test"):
    """Whether a fetch from each worker would be a hit; asks once, so it may fill."""
    return rw.get(target, Host=host).hit


def test_a_url_is_purged_and_nothing_else(filled):
    answer = filled.ctl("cache", "purge", f"http://one.test/b/100/p1?{FRESH}")
    assert answer.code == 0, answer
    assert "1" in answer.out
    assert not is_stored(filled, f"/b/100/p1?{FRESH}")
    assert is_stored(filled, f"/b/100/p1?{FRESH}", "two.test")
    assert is_stored(filled, f"/b/100/p2?{FRESH}")


def test_several_urls_are_purged_at_once(filled):
    urls = [f"http://one.test/b/100/p{n}?{FRESH}" for n in (0, 2, 4)]
    answer = filled.ctl("cache", "purge", *urls)
    assert answer.code == 0 and re.search(r"\b3\b", answer.out), answer
    assert [is_stored(filled, f"/b/100/p{n}?{FRESH}") for n in range(5)] == [
        False, True, False, True, False]


def test_a_url_is_purged_in_any_spelling(filled):
    answer = filled.ctl("cache", "purge", f"HTTP://ONE.test:80/b/x/../100/%703?{FRESH}")
    assert answer.code == 0, answer
    assert not is_stored(filled, f"/b/100/p3?{FRESH}")


def test_a_prefix_is_purged_and_nothing_else(filled):
    answer = filled.ctl("cache", "purge", "--prefix", "http://one.test/b/100/")
    assert answer.code == 0 and re.search(r"\b5\b", answer.out), answer
    assert not any(is_stored(filled, f"/b/100/p{n}?{FRESH}") for n in range(5))
    assert all(is_stored(filled, f"/b/100/p{n}?{FRESH}", "two.test") for n in range(5))


def test_all_is_purged(filled):
    answer = filled.ctl("cache", "purge", "--all")
    assert answer.code == 0 and re.search(r"\b10\b", answer.out), answer
    for host in ("one.test", "two.test"):
        assert not any(is_stored(filled, f"/b/100/p{n}?{FRESH}", host) for n in range(5))


def test_what_is_not_stored_is_said_with_exit_code_4(filled):
    answer = filled.ctl("cache", "purge", "http://one.test/b/100/nothing")
    assert answer.code == 4, answer


def test_a_purge_needs_to_be_told_what(filled):
    assert filled.ctl("cache", "purge").code == 2
    assert is_stored(filled, f"/b/100/p0?{FRESH}")


def test_what_is_being_filled_while_it_is_purged_is_not_found_afterwards(ringwall, origin):
    rw = ringwall(workers=2)
    target = f"/b/100000/filling?{FRESH}&half=filling"
    with rw.client() as client:
        client.request(target, Host="one.test")
        origin.wait_waiting("filling")
        rw.ctl("cache", "purge", f"http://one.test{target}")
        origin.open("filling")
        assert client.response().body == content(target), "who reads it still gets it whole"
    assert not is_stored(rw, target)
    assert is_stored(rw, target)
    assert origin.count(target) == 2


def test_a_purge_does_not_break_those_who_read(ringwall):
    rw = ringwall(workers=2)
    target = f"/b/4000000/reading?{FRESH}"
    rw.get(target, Host="one.test")
    with rw.client(receive_buffer=4096) as client:
        client.request(target, Host="one.test")
        head = client.head()
        assert head.hit
        begun = client.exactly(10_000)
        assert rw.ctl("cache", "purge", "--all").code == 0
        for n in range(20):
            rw.get(f"/b/1000000/other{n}?{FRESH}")
        assert begun + client.exactly(4_000_000 - 10_000) == content(target)
