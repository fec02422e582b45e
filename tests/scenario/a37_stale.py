"""Stale responses: while they are refreshed, when the origin fails, and where that is forbidden
(RFC 5861, RFC 9111 sections 4.2.4 and 5.2.2)."""
import itertools

import pytest

from asking import at_once, clients, elapse, follows, told, url
from client import content
from programs import Origin, wait_until

SETTINGS = {"workers": 2}
serial = itertools.count()
primed = {}

REFRESHED = "max-age=1, stale-while-revalidate=600"
FORGIVING = "max-age=1, stale-if-error=600"
BOTH = "max-age=1, stale-while-revalidate=600, stale-if-error=600"
STRICT = [f"{BOTH}, must-revalidate", f"{BOTH}, proxy-revalidate", f"{BOTH}, no-cache",
          "s-maxage=1, stale-while-revalidate=600, stale-if-error=600"]
LISTED = [REFRESHED, FORGIVING, BOTH, "max-age=1", *STRICT]
EACH = 30


def is_old(answer):
    """The stored answer, served although it is stale."""
    return answer.status == 200 and told(answer).status != 200 and told(answer).ttl <= 0


@pytest.fixture(name="stale")
def fixture_stale(shared, origin):
    """stale(cc): a target whose response is stored and stale. All are made at once, so that their
    lifetimes pass together; what the origin counts begins anew behind that."""
    if shared not in primed:
        primed.clear()
        primed[shared] = {cc: [url(f"/b/1000/t{next(serial)}", cc=cc, etag='"{seed}"')
                               for _ in range(EACH)] for cc in LISTED}
        for target in itertools.chain(*primed[shared].values()):
            assert told(shared.get(target)).stored, target
        elapse(2.1)
        origin.reset()
    return lambda cc: primed[shared][cc].pop()


def made_stale(rw, **options):
    """The same on a daemon of the test's own."""
    target = url(f"/b/1000/t{next(serial)}", **{"etag": '"{seed}"', **options})
    assert told(rw.get(target)).stored
    elapse(2.1)
    return target


def test_one_refresh_in_the_background_while_all_are_served_stale(ringwall, origin):
    """RFC 5861 section 3."""
    rw = ringwall(workers=2)
    target = made_stale(rw, cc=REFRESHED)
    origin.set(target, gate="refresh", version=2, cc="max-age=600")
    answers = at_once([lambda: rw.get(target)] * 50)
    assert all(is_old(a) and a.body == content(target) for a in answers), "while the gate is shut"
    assert all(told(a).hit and told(a).detail == "stale-while-revalidate" for a in answers)
    origin.wait_waiting("refresh")
    assert origin.count(target) == 2
    origin.open("refresh")
    wait_until(lambda: rw.get(target).body == content(target, version=2), "the new one is stored")
    assert told(rw.get(target)).hit and origin.count(target) == 2


def test_a_refresh_validates(shared, origin, stale):
    target = stale(REFRESHED)
    origin.set(target, **{"304_cc": "max-age=600"})
    assert is_old(shared.get(target))
    wait_until(lambda: told(shared.get(target)).ttl > 500, "the fields of the 304 are stored")
    assert origin.asked(target)[0].get("If-None-Match")
    assert origin.count(target) == 1 and shared.get(target).body == content(target)


def test_a_refresh_that_brings_nothing_storable_ends_the_stale_one(shared, origin, stale):
    target = stale(REFRESHED)
    origin.set(target, cc="no-store", version=2)
    shared.get(target)
    wait_until(lambda: shared.get(target).body == content(target, version=2), "the old one is gone")


def test_what_is_stale_for_too_long_is_fetched_first(ringwall, origin):
    rw = ringwall()
    short = made_stale(rw, cc="max-age=1, stale-while-revalidate=1, stale-if-error=1")
    elapse(1.1)
    answer = rw.get(short)
    assert told(answer).fwd == "stale" and answer.get("X-Count") == "2"
    elapse(3.1)
    origin.set(short, status=503)
    assert rw.get(short).status == 503


@pytest.mark.parametrize("cc", STRICT + ["max-age=1"])
def test_stale_responses_are_not_used_where_that_is_forbidden(shared, origin, stale, cc):
    """RFC 9111 sections 4.2.4, 5.2.2.2, 5.2.2.4, 5.2.2.8 and 5.2.2.10."""
    target = stale(cc)
    answer = shared.get(target)
    assert told(answer).fwd in ("stale", "request") and told(answer).status == 304, answer
    failing = stale(cc)
    origin.set(failing, status=503)
    assert shared.get(failing).status == 503
    broken = stale(cc)
    origin.set(broken, fail="close-before-head")
    assert shared.get(broken).status in (502, 504)
    assert told(shared.get(stale(cc), Cache_Control="max-stale")).hit == (cc == "max-age=1")


FAILURES = [{"status": 500}, {"status": 502}, {"status": 503}, {"status": 504},
            {"fail": "close-before-head"}, {"fail": "reset"}, {"fail": "reset-head"},
            {"fail": "cut-head"}, {"fail": "garbage"}, {"fail": "both-lengths"},
            {"status": 503, "cc": "no-store"}, {"status": 503, "cc": "max-age=100"}]


@pytest.mark.parametrize("failure", FAILURES)
def test_a_stale_response_stands_in_for_each_kind_of_failure(shared, origin, stale, failure):
    """RFC 5861 section 4."""
    target = stale(FORGIVING)
    origin.set(target, **failure)
    for _ in range(3):
        answer = shared.get(target)
        assert is_old(answer) and answer.body == content(target), answer
    origin.unset(target)
    wait_until(lambda: told(shared.get(target)).status == 304, "it is asked again", 30)


@pytest.mark.parametrize("status", [400, 403, 404, 410, 429, 501, 505])
def test_other_statuses_are_no_failure(shared, origin, stale, status):
    target = stale(FORGIVING)
    origin.set(target, status=status, cc="no-store")
    assert shared.get(target).status == status


def test_a_stale_response_stands_in_for_an_origin_that_is_gone(ringwall):
    gone = Origin("gone")
    rw = ringwall(gone)
    target = made_stale(rw, cc=FORGIVING)
    gone.stop()
    for _ in range(3):
        assert is_old(rw.get(target))
    assert rw.get(url("/b/10/never-seen", cc="max-age=1")).status in (502, 503)


def test_a_stale_response_stands_in_for_an_origin_that_hangs(ringwall, origin):
    rw = ringwall(upstream={"first_byte_timeout": "300ms"})
    target = made_stale(rw, cc=FORGIVING)
    origin.set(target, fail="never")
    assert is_old(rw.get(target))


def test_the_request_too_may_allow_it_on_errors(shared, origin, stale):
    """RFC 5861 section 4: stale-if-error in requests."""
    target = stale("max-age=1")
    origin.set(target, status=503)
    assert is_old(shared.get(target, Cache_Control="stale-if-error=600"))
    assert shared.get(target).status == 503


def test_a_request_that_demands_validation_gets_no_stale_response(shared, origin, stale):
    """RFC 9111 section 5.2.1.4."""
    for cc in (BOTH, FORGIVING):
        target = stale(cc)
        origin.set(target, status=503)
        assert shared.get(target, Cache_Control="no-cache").status == 503


def test_grace_is_the_operators_word(ringwall, origin):
    rw = ringwall(route={"cache": {"grace": "1h"}})
    target = url("/b/1000/grace", cc="max-age=1", etag='"{seed}"')
    strict = [url(f"/b/1000/grace{n}", cc=cc, etag='"{seed}"') for n, cc in enumerate(STRICT)]
    for each in (target, *strict):
        assert told(rw.get(each)).stored
    elapse(2.1)
    origin.set(target, status=503)
    for _ in range(3):
        assert is_old(rw.get(target))
    origin.set(target, status=200, version=2, cc="max-age=600")
    wait_until(lambda: rw.get(target).body == content(target, version=2), "it is refreshed", 30)
    for each in strict:
        assert rw.get(each).get("X-Count") == "2"


def test_what_is_popular_is_refreshed_ahead(ringwall, origin):
    rw = ringwall(route={"cache": {"refresh_ahead": "1h"}})
    target, rare = (url(f"/b/1000/ahead{n}", cc="max-age=600", etag='"{seed}"') for n in (1, 2))
    rw.get(rare)
    assert told(rw.get(rare)).hit
    rw.get(target)

    def refreshed():
        answer = rw.get(target)
        assert told(answer).hit, "nobody waits"
        return answer.get("X-Count") != "1"
    wait_until(refreshed, "it is refreshed though it is fresh")
    assert origin.count(rare) == 1


def test_after_a_failed_refresh_the_origin_has_some_rest(shared, origin, stale):
    for cc in (BOTH, FORGIVING):
        target = stale(cc)
        origin.set(target, status=503)
        before = origin.count(target)
        for _ in range(40):
            assert is_old(shared.get(target))
        assert origin.count(target) - before <= 4, cc


UNSTORED = {"cc": "no-store"}


@pytest.mark.parametrize("failure, status, most", [
    ({"status": 500, **UNSTORED}, 500, 3), ({"status": 502, **UNSTORED}, 502, 3),
    ({"status": 503, **UNSTORED}, 503, 3), ({"status": 504, **UNSTORED}, 504, 3),
    # Each of these tries once more where nothing came.
    ({"fail": "close-before-head"}, 502, 6), ({"fail": "garbage"}, 502, 6),
])
def test_a_failing_origin_is_not_asked_by_each_who_waited(shared, origin, failure, status, most):
    """The leader asks, and at most one of each worker's followers again."""
    target = url(f"/b/1000/t{next(serial)}", cc="max-age=600", gate="failing")
    origin.set(target, **failure)
    before = follows(shared)
    with clients(shared, 30) as waiting:
        for client in waiting:
            client.request(target)
        origin.wait_waiting("failing")
        wait_until(lambda: follows(shared) >= before + 29, "all follow")
        origin.open("failing")
        assert {client.response().status for client in waiting} == {status}
    assert origin.count(target) <= most


@pytest.mark.parametrize("failure", [{"status": 503, **UNSTORED}, {"status": 500, **UNSTORED},
                                     {"fail": "close-before-head"}])
def test_when_the_origin_fails_once_another_takes_over_for_all(shared, origin, failure):
    target = url(f"/b/1000/t{next(serial)}", cc="max-age=600", gate="once-failing")
    origin.set(target, **failure)
    before = follows(shared)
    with clients(shared, 30) as waiting:
        for client in waiting:
            client.request(target)
        origin.wait_waiting("once-failing")
        wait_until(lambda: follows(shared) >= before + 29, "all follow")
        origin.unset(target)
        origin.open("once-failing")
        answers = [client.response() for client in waiting]
    # It failed for one, or, where the try after that found it well again, for nobody.
    well = [answer for answer in answers if answer.status == 200]
    assert len(well) >= 29
    assert all(answer.body == content(target) for answer in well)
    assert origin.count(target) <= 2
    assert told(shared.get(target)).hit


def test_those_who_waited_for_a_failing_origin_get_what_is_stored(shared, origin, stale):
    target = stale(FORGIVING)
    before = origin.count(target)
    origin.set(target, status=503, gate="standing-in")
    with clients(shared, 30) as waiting:
        for client in waiting:
            client.request(target)
        origin.wait_waiting("standing-in")
        origin.open("standing-in")
        assert all(is_old(client.response()) for client in waiting)
    assert origin.count(target) - before <= 4


# Stale responses and what else a request may ask for.

def test_a_range_of_a_stale_response_is_one_of_the_validated(shared, origin, stale):
    same, changed = stale("max-age=1"), stale("max-age=1")
    answer = shared.get(same, Range="bytes=10-19")
    assert answer.status == 206 and answer.body == content(same)[10:20]
    asked = origin.asked(same)[-1]
    assert asked.get("If-None-Match") and asked.get("Range") is None
    origin.set(changed, version=2)
    answer = shared.get(changed, Range="bytes=10-19")
    assert answer.status == 206 and answer.body == content(changed, version=2)[10:20]


def test_if_range_is_held_against_what_the_origin_has_now(shared, origin, stale):
    """RFC 9110 section 13.1.5: a part of the new can not complete the old."""
    target = stale("max-age=1")
    old = shared.get(target, Cache_Control="only-if-cached, max-stale").get("ETag")
    origin.set(target, version=2)
    answer = shared.get(target, Range="bytes=10-19", If_Range=old)
    assert answer.status == 200 and answer.body == content(target, version=2)


def test_a_condition_is_held_against_what_the_origin_has_now(shared, origin, stale):
    same, changed = stale("max-age=1"), stale("max-age=1")
    tags = [shared.get(t, Cache_Control="only-if-cached, max-stale").get("ETag")
            for t in (same, changed)]
    assert shared.get(same, If_None_Match=tags[0]).status == 304
    origin.set(changed, version=2)
    answer = shared.get(changed, If_None_Match=tags[1])
    assert answer.status == 200 and answer.body == content(changed, version=2)


def test_a_condition_is_held_against_what_stands_in(shared, origin, stale):
    target = stale(FORGIVING)
    tag = shared.get(target, Cache_Control="only-if-cached, max-stale").get("ETag")
    origin.set(target, status=503)
    assert shared.get(target, If_None_Match=tag).status == 304
    part = shared.get(target, Range="bytes=0-9")
    assert part.status == 206 and part.body == content(target)[:10]


def test_head_of_a_stale_response_is_one_too(shared, origin, stale):
    refreshed, forgiving, plain = stale(REFRESHED), stale(FORGIVING), stale("max-age=1")
    assert told(shared.get(refreshed, "HEAD")).hit
    origin.set(forgiving, status=503)
    answer = shared.get(forgiving, "HEAD")
    assert answer.status == 200 and answer.get("Content-Length") == "1000"
    origin.set(plain, status=503)
    assert shared.get(plain, "HEAD").status == 503


def test_a_request_with_credentials_gets_nothing_stale_that_is_not_for_it(shared, origin, stale):
    for cc in (REFRESHED, FORGIVING):
        target = stale(cc)
        answer = shared.get(target, Authorization="Basic eDp5")
        assert not told(answer).hit and told(answer).status == 200
        origin.set(target, status=503)
        assert shared.get(target, Authorization="Basic eDp5").status == 503
