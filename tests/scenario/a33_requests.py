"""What a request may demand of the cache: RFC 9111 sections 5.2.1 and 5.4."""
import itertools

import pytest

from asking import elapse, exact, is_stored, peek, told, url

SETTINGS = {"workers": 2}
serial = itertools.count()


def fresh_path():
    return f"/b/100/r{next(serial)}"


def stored(rw, **options):
    """A path whose response is stored, by default for an hour and with a validator."""
    path = fresh_path()
    target = url(path, **{"cc": "max-age=3600", "etag": '"v"', **options})
    assert told(rw.get(target)).stored
    return target


def stored_and_stale(rw, *all_options):
    """The same, but stale for at least two seconds."""
    targets = [stored(rw, **{"cc": "max-age=1", **options}) for options in all_options]
    elapse(3.1)
    return targets


VALIDATING = [
    ("5.2.1.4", ["Cache-Control: no-cache"]),
    ("5.2.1.4", ["cache-control: NO-CACHE"]),
    ("5.2.1.4", ["Cache-Control: foo, no-cache, bar=1"]),
    ("5.2.1.4", ["Cache-Control: foo", "Cache-Control: no-cache"]),
    ("5.2.1.1", ["Cache-Control: max-age=0"]),
    ("5.2.1.1", ['Cache-Control: max-age="0"']),
    ("5.2.1.1", ["Cache-Control: max-age=0, max-stale"]),
    ("5.4", ["Pragma: no-cache"]),
    ("5.4", ["pragma: foo, NO-CACHE"]),
]


@pytest.mark.parametrize("section, lines", VALIDATING)
def test_a_request_may_demand_validation(shared, origin, section, lines):
    target = stored(shared)
    answer = exact(shared, target, *lines)
    assert answer.status == 200 and not told(answer).hit, section
    assert told(answer).fwd == "request" and told(answer).status == 304, answer
    assert origin.asked(target)[1].get("If-None-Match") == '"v"'
    assert origin.count(target) == 2
    assert told(shared.get(target)).hit, "it goes on being used for others"


@pytest.mark.parametrize("section, lines", VALIDATING)
def test_without_validator_the_demand_fetches_it_anew(shared, origin, section, lines):
    target = stored(shared, etag="")
    answer = exact(shared, target, *lines)
    assert answer.get("X-Count") == "2" and told(answer).status == 200, section
    again = shared.get(target)
    assert told(again).hit and again.get("X-Count") == "2", "what came new is stored"
    assert origin.count(target) == 2


@pytest.mark.parametrize("section, lines", [
    ("5.4", ["Pragma: no-cache", "Cache-Control: max-age=1000"]),
    ("5.4", ["Pragma: no-cache", "Cache-Control: foo"]),
    ("5.4", ["Pragma: foo"]),
    ("5.2.3", ["Cache-Control: no-cache-at-all"]),
    ("5.2.3", ['Cache-Control: foo="no-cache"']),
    ("5.2.1", ["Cache-Control: max-age=100"]),
    ("5.2.1", ["Cache-Control: max-age=99999999999999"]),
    ("5.2.1.3", ["Cache-Control: min-fresh=10"]),
    ("5.2.1.2", ["Cache-Control: max-stale"]),
    ("5.2.1.2", ["Cache-Control: max-stale=0"]),
    ("5.2.1.7", ["Cache-Control: only-if-cached"]),
    ("5.2.1.6", ["Cache-Control: no-transform"]),
    ("5.2.2", ["Cache-Control: private, must-revalidate, s-maxage=0"]),
])
def test_other_directives_let_a_fresh_response_be_used(shared, origin, section, lines):
    target = stored(shared)
    assert told(exact(shared, target, *lines)).hit, section
    assert origin.count(target) == 1


def test_max_age_bounds_the_age_that_is_taken(shared, origin):
    """Section 5.2.1.1."""
    target = stored(shared, age=50)
    assert told(shared.get(target, Cache_Control="max-age=100")).hit
    assert not told(shared.get(target, Cache_Control="max-age=20")).hit
    assert origin.count(target) == 2


def test_min_fresh_bounds_what_must_be_left(shared, origin):
    """Section 5.2.1.3."""
    target = stored(shared, cc="max-age=100")
    assert told(shared.get(target, Cache_Control="min-fresh=50")).hit
    assert not told(shared.get(target, Cache_Control="min-fresh=200")).hit
    assert origin.count(target) == 2


def test_max_stale_takes_stale_responses_as_far_as_it_says(shared, origin):
    """Section 5.2.1.2; never against must-revalidate and its like (section 4.2.4)."""
    plain, must, proxy, shared_age, no_cache = stored_and_stale(
        shared, {}, {"cc": "max-age=1, must-revalidate"}, {"cc": "max-age=1, proxy-revalidate"},
        {"cc": "s-maxage=1"}, {"cc": "max-age=1, no-cache"})
    for directive in ("max-stale", "max-stale=1000", 'max-stale="1000"', "MAX-STALE=99999999999"):
        answer = shared.get(plain, Cache_Control=directive)
        assert told(answer).hit and told(answer).ttl < 0, answer
    for target in (must, proxy, shared_age, no_cache):
        assert not told(shared.get(target, Cache_Control="max-stale")).hit, target
    answer = shared.get(plain, Cache_Control="max-stale=1")
    assert told(answer).fwd in ("stale", "request") and origin.count(plain) == 2


def test_max_age_counts_beside_max_stale(shared):
    """Section 5.2.1.2: max-stale extends the lifetime, max-age bounds the age all the same."""
    target, = stored_and_stale(shared, {"age": 1, "cc": "max-age=2"})
    assert not told(shared.get(target, Cache_Control="max-stale, max-age=1")).hit


def test_what_is_stale_is_not_used_without_max_stale(shared):
    target, = stored_and_stale(shared, {})
    answer = shared.get(target)
    assert told(answer).fwd == "stale" and told(answer).status == 304


def test_only_if_cached_never_asks_the_origin(shared, origin):
    """Section 5.2.1.7: a stored response or 504."""
    path = fresh_path()
    answer = peek(shared, url(path, cc="max-age=60"))
    assert answer.status == 504 and origin.count(path) == 0
    assert not told(answer).hit
    target, = stored_and_stale(shared, {})
    assert peek(shared, target).status == 504
    assert told(shared.get(target, Cache_Control="only-if-cached, max-stale")).hit
    assert shared.get(target, Cache_Control="only-if-cached, no-cache").status == 504
    assert origin.count(target) == 1


def test_only_if_cached_does_not_wait_for_a_fill(shared, origin):
    target = url(fresh_path(), cc="max-age=60", gate="oic")
    with shared.client() as client:
        client.request(target)
        origin.wait_waiting("oic")
        assert peek(shared, target).status == 504
        origin.open("oic")
        assert client.response().status == 200
    assert is_stored(shared, target)


def test_no_store_stores_nothing_and_removes_nothing(shared, origin):
    """Section 5.2.1.5."""
    target = url(fresh_path(), cc="max-age=60")
    for _ in range(2):
        assert not told(shared.get(target, Cache_Control="no-store")).stored
    assert origin.count(target) == 2 and not is_stored(shared, target)
    shared.get(target)
    shared.get(target, Cache_Control="no-store")
    assert told(shared.get(target)).hit


def test_clients_can_be_denied_any_say(ringwall, origin):
    """`client_directives`: no client can make the origin work."""
    rw = ringwall(route={"cache": {"client_directives": False}})
    target = url("/b/100/denied", cc="max-age=3600", etag='"v"')
    rw.get(target)
    for lines in (["Cache-Control: no-cache"], ["Cache-Control: no-store"], ["Pragma: no-cache"],
                  ["Cache-Control: max-age=0"], ["Cache-Control: min-fresh=9999"]):
        assert told(exact(rw, target, *lines)).hit, lines
    assert origin.count(target) == 1
    cold = url("/b/100/denied-cold", cc="max-age=1")
    assert rw.get(cold, Cache_Control="only-if-cached").status == 200
    elapse(2)
    assert not told(rw.get(cold, Cache_Control="max-stale=100")).hit
    assert told(rw.get(url("/b/100/denied-none", cc="max-age=60"), Cache_Control="no-store")).stored


def test_what_the_client_demands_is_passed_on(shared, origin):
    """Section 5.2.1: other caches on the way may follow it too."""
    target = url(fresh_path(), cc="no-store")
    exact(shared, target, "Cache-Control: no-cache, foo=1", "Pragma: no-cache")
    asked = origin.asked(target)[0]
    assert asked.get("Cache-Control") == "no-cache, foo=1" and asked.get("Pragma") == "no-cache"
