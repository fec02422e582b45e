"""Purging by requests (PURGE), by tag and by group, soft and hard, during fills too."""
import itertools
import json

import pytest

from asking import clients, exact, follows, is_stored, told, url
from client import content
from programs import wait_until

ALLOWED = {"cache": {"purge_from": ["127.0.0.0/8"]}}
SETTINGS = {"workers": 2, **ALLOWED,
            "route": {"cache": {"tag_fields": ["Cache-Tag", "Surrogate-Key", "xkey"]}}}
serial = itertools.count()


def fresh_path(size=100):
    return f"/b/{size}/p{next(serial)}"


def stored(rw, **options):
    target = url(fresh_path(), **{"cc": "max-age=600", "etag": '"{seed}"', **options})
    assert told(rw.get(target)).stored
    return target


def purge(rw, target="/", status=200, **fields):
    answer = rw.get(target, "PURGE", **fields)
    assert answer.status == status, answer
    return answer


# Who may.

def test_without_purge_from_it_is_a_request_like_any_other(ringwall, origin):
    rw = ringwall()
    target = stored(rw)
    rw.get(target, "PURGE")
    assert origin.asked(target)[-1].method == "PURGE"


def test_only_the_named_networks_may_purge(ringwall, origin):
    rw = ringwall(cache={"purge_from": ["192.0.2.0/24", "::1/128"]})
    target = stored(rw)
    purge(rw, target, 403)
    purge(rw, target, 403, X_Forwarded_For="192.0.2.1", Forwarded="for=192.0.2.1")
    assert told(rw.get(target)).hit and origin.count(target) == 1


@pytest.mark.parametrize("token, status", [
    (None, 403), ("Bearer wrong", 403), ("Bearer secre", 403), ("Bearer secrets", 403),
    ("Bearer", 403), ("Bearer ", 403), ("Basic secret", 403), ("secret", 403),
    ("Bearer SECRET", 403),
    ("Bearer secret", 200), ("bearer secret", 200), ("BEARER  secret", 200),
])
def test_a_token_is_demanded_where_one_is_set(ringwall, token, status):
    rw = ringwall(cache={"purge_from": ["127.0.0.1"], "purge_token": "secret"}, workers=1)
    target = stored(rw)
    purge(rw, target, status, Authorization=token)
    assert is_stored(rw, target) == (status == 403)


def test_the_origin_never_sees_a_purge_or_its_token(shared, origin):
    target = stored(shared)
    purge(shared, target, Authorization="Bearer x")
    purge(shared, "/", Cache_Tag="nothing")
    assert [a.method for a in origin.asked(target)] == ["GET"] and origin.stats()["requests"] == 1


# By URL.

def test_a_url_is_purged_with_all_variants_and_nothing_else(shared):
    target = stored(shared, vary="X-Kind", varyby="X-Kind")
    shared.get(target, X_Kind="b")
    other = stored(shared)
    answer = purge(shared, target)
    assert json.loads(answer.body)["objects"] == 2
    assert not is_stored(shared, target) and not is_stored(shared, target, X_Kind="b")
    assert is_stored(shared, other)
    assert json.loads(purge(shared, target).body)["objects"] == 0


def test_the_url_counts_in_any_spelling_and_with_its_host(shared):
    target = stored(shared)
    path, _, query = target.partition("?")
    purge(shared, target, Host="other.test")
    assert is_stored(shared, target)
    exact(shared, f"http://LOCALHOST:80/x/..{path.replace('p', '%70')}?{query}", method="PURGE")
    assert not is_stored(shared, target)


def test_a_soft_purge_makes_stale_and_a_hard_one_removes(shared, origin):
    soft, hard, usual = stored(shared), stored(shared), stored(shared)
    purge(shared, soft, Purge="soft")
    purge(shared, hard, Purge="hard")
    purge(shared, usual)
    again = shared.get(soft)
    assert told(again).fwd == "stale" and told(again).status == 304
    assert told(shared.get(soft)).hit, "validated, it is fresh again"
    for gone in (hard, usual):
        assert told(shared.get(gone)).fwd == "uri-miss"
        assert origin.asked(gone)[-1].get("If-None-Match") is None


def test_what_was_purged_softly_may_serve_as_stale_responses_may(shared, origin):
    target = stored(shared, cc="max-age=600, stale-if-error=600")
    strict = stored(shared, cc="max-age=600, stale-if-error=600, must-revalidate")
    for each in (target, strict):
        purge(shared, each, Purge="soft")
        origin.set(each, status=503)
    assert shared.get(target).body == content(target)
    assert shared.get(strict).status == 503


def test_a_soft_purge_is_refreshed_in_the_background_where_that_is_allowed(shared, origin):
    target = stored(shared, cc="max-age=600, stale-while-revalidate=600")
    purge(shared, target, Purge="soft")
    origin.set(target, gate="soft", version=2)
    assert shared.get(target).body == content(target)
    origin.wait_waiting("soft")
    origin.open("soft")
    while shared.get(target).body != content(target, version=2):
        assert origin.count(target) == 2
    assert told(shared.get(target)).hit


# By tag.

TAGS = [
    (["Cache-Tag: a1,b1"], {"Cache_Tag": "a1"}, True),
    (["Cache-Tag: a2, b2"], {"Cache_Tag": "b2"}, True),
    (["Cache-Tag: a3", "cache-tag: b3"], {"Cache_Tag": "b3"}, True),
    (["Surrogate-Key: a4 b4  c4"], {"Surrogate_Key": "c4"}, True),
    (["xkey: a5 b5"], {"xkey": "b5"}, True),
    (["Cache-Tag: a6"], {"xkey": "a6"}, True),
    (["Cache-Tag: a7"], {"Cache_Tag": "x7, y7, a7"}, True),
    (["Cache-Tag: a8"], {"Cache_Tag": "A8"}, False),
    (["Cache-Tag: a9"], {"Cache_Tag": "a"}, False),
    (["Cache-Tag: a10"], {"Cache_Tag": "a10b"}, False),
    (["Cache-Tag: \xe4/\xf6-11"], {"Cache_Tag": "\xe4/\xf6-11"}, True),
    (["Other-Tag: a12"], {"Cache_Tag": "a12"}, False),
    (["Cache-Tag: " + ",".join(f"t13-{n}" for n in range(200))], {"Cache_Tag": "t13-199"}, True),
]


@pytest.mark.parametrize("lines, by, gone", TAGS)
def test_responses_are_purged_by_their_tags(shared, origin, lines, by, gone):
    path = fresh_path()
    target = url(path, cc="max-age=600") + "".join(
        "&field=" + line.replace(" ", "%20").replace("\xe4", "%E4").replace("\xf6", "%F6")
        for line in lines)
    shared.get(target)
    other = stored(shared, field="Cache-Tag: other")
    purge(shared, Purge="hard", **by)
    assert told(shared.get(target)).hit != gone
    assert told(shared.get(other)).hit and origin.count(other) == 1


def test_purges_by_tag_are_soft_unless_said_otherwise(ringwall):
    for setting, field, soft in ((True, None, True), (True, "hard", False), (False, None, False),
                                 (False, "soft", True)):
        rw = ringwall(cache={**ALLOWED["cache"], "purge_soft": setting}, workers=1,
                      route=SETTINGS["route"])
        target = stored(rw, field="Cache-Tag: t")
        purge(rw, Cache_Tag="t", Purge=field)
        assert told(rw.get(target)).status == (304 if soft else 200), (setting, field)


def test_a_tag_concerns_what_was_stored_before_the_purge_only(shared):
    old = stored(shared, field="Cache-Tag: timely")
    purge(shared, Cache_Tag="timely", Purge="hard")
    new = stored(shared, field="Cache-Tag: timely")
    assert not is_stored(shared, old) and is_stored(shared, new)
    purge(shared, Cache_Tag="timely", Purge="hard")
    assert not is_stored(shared, new)


def test_all_hosts_and_workers_share_tags(ringwall):
    rw = ringwall(workers=3, cache=ALLOWED["cache"], route=SETTINGS["route"])
    targets = [url(fresh_path(), cc="max-age=600", field="Cache-Tag: all") for _ in range(20)]
    for n, target in enumerate(targets):
        rw.get(target, Host=f"h{n % 3}.test")
    purge(rw, Cache_Tag="all", Purge="hard", Host="elsewhere.test")
    answers = [rw.get(target, Host=f"h{n % 3}.test") for n, target in enumerate(targets)]
    assert not any(told(answer).hit for answer in answers)


@pytest.mark.parametrize("sent", [False, True])
def test_tags_are_sent_on_only_if_wanted(ringwall, sent):
    rw = ringwall(route={"cache": {"tag_fields": ["Cache-Tag", "xkey"], "tags_sent": sent}})
    lines = ["Cache-Tag: a", "xkey: b", "Surrogate-Key: c"]
    for options in ({"cc": "max-age=600"}, {"cc": "no-store"}):
        target = url(fresh_path(), field=lines, **options)
        for method in ("GET", "GET", "HEAD", "POST"):
            answer = rw.get(target, method)
            told_tags = [answer.get(name) for name in ("Cache-Tag", "xkey", "Surrogate-Key")]
            assert told_tags == (["a", "b", "c"] if sent else [None, None, "c"]), (options, method)


def test_however_many_purges_come_each_takes_effect(shared):
    for n in range(300):
        target = stored(shared, field=f"Cache-Tag: many{n}")
        purge(shared, Cache_Tag=f"many{n}", Purge="hard")
        assert not is_stored(shared, target), n


def sliced(rw, origin, number):
    """Paths of which a slice is stored, of a version that the origin has no more."""
    paths = [fresh_path(100_000) for _ in range(number)]
    for path in paths:
        origin.set(path, cc="max-age=600", etag='"{seed}"')
        assert rw.get(path, Range="bytes=0-9").body == content(path)[:10]
        rw.get(path, Range="bytes=0-9")
        assert origin.count(path) == 1, "the slice is stored"
        origin.set(path, version=2)
    return paths


@pytest.mark.parametrize("method", ["POST", "PURGE"])
def test_slices_are_invalid_with_their_url_however_many_there_are(ringwall, origin, method):
    """RFC 9111 section 4.4. A purge may be refused for the moment, but not be lost."""
    rw = ringwall(**ALLOWED, route={"cache": {"slice_size": "4KiB"}})
    paths = sliced(rw, origin, 300)
    with rw.client() as client:
        done = [path for path in paths if client.ask(path, method).status == 200]
    assert len(done) > 50
    old = [path for path in done
           if rw.get(path, Range="bytes=0-9").body != content(path, version=2)[:10]]
    assert not old, f"{len(old)} of {len(done)}"


# While a fill is under way.

HOWS = [{"Purge": "hard"}, {"Purge": "soft"}]


@pytest.mark.parametrize("fields", HOWS)
@pytest.mark.parametrize("by_tag", [False, True])
@pytest.mark.parametrize("held", ["gate", "half"])
def test_what_is_purged_while_it_is_fetched_is_not_stored_as_fresh(shared, origin, fields, by_tag,
                                                                   held):
    tag = f"filling{next(serial)}"
    path = fresh_path(100_000)
    origin.set(path, cc="max-age=600", etag='"{seed}"', field=f"Cache-Tag: {tag}", **{held: tag})
    with clients(shared, 3) as asking:
        for client in asking:
            client.request(path)
        origin.wait_waiting(tag)
        if by_tag:
            purge(shared, Cache_Tag=tag, **fields)
        else:
            purge(shared, path, **fields)
        origin.open(tag)
        for client in asking:
            assert client.response().body == content(path), "who reads it still gets it whole"
    if by_tag and held == "gate":
        return  # its tags were not known yet: the origin has answered after the purge
    answer = shared.get(path)
    assert not told(answer).hit and answer.body == content(path)
    assert told(shared.get(path)).hit


@pytest.mark.parametrize("fields", HOWS)
@pytest.mark.parametrize("held", ["gate", "half"])
def test_who_comes_after_a_purge_gets_nothing_from_before(shared, origin, fields, held):
    gate = f"before{next(serial)}"
    path = fresh_path(100_000)
    origin.set(path, cc="max-age=600", etag='"{version}"', **{held: gate})
    before = follows(shared)
    with clients(shared, 12) as (leader, follower, *later):
        for client in (leader, follower):
            client.request(path)
        origin.wait_waiting(gate)
        wait_until(lambda: follows(shared) > before, "one follows")
        purge(shared, path, **fields)
        origin.set(path, version=2)
        before = follows(shared)
        for client in later:
            client.request(path)
        wait_until(lambda: follows(shared) >= before + len(later) - 1, "they wait")
        origin.open(gate)
        for client in (leader, follower):
            assert client.response().body == content(path)
        for client in later:
            assert client.response().body == content(path, version=2)
    assert origin.count(path) <= 3


# Groups (RFC 9875).

def invalidating(rw, value, method="POST", host="localhost", **options):
    target = url(fresh_path(), cc="no-store", field=f"Cache-Group-Invalidation: {value}", **options)
    return rw.get(target, method, Host=host)


def grouped(rw, value, host="localhost"):
    target = url(fresh_path(), cc="max-age=600", field=f"Cache-Groups: {value}")
    rw.get(target, Host=host)
    assert is_stored(rw, target, Host=host)
    return target


@pytest.mark.parametrize("groups, invalid, gone", [
    ('"g1"', '"g1"', True), ('"g2", "h2"', '"h2"', True), ('"g3"', '"x3", "g3"', True),
    ('"g4";p=1', '"g4"', True), ('"g5"', '"G5"', False), ('"g6"', '"g"', False),
    ("g7", '"g7"', False), ('"g8"', "g8", False), ('"g9", oops', '"g9"', False),
    ('"g10"', '"g10", (', False), ('"g\\"11"', '"g\\"11"', True),
])
def test_an_unsafe_request_may_invalidate_groups(shared, groups, invalid, gone):
    """RFC 9875 sections 2 and 3."""
    target = grouped(shared, groups)
    other = grouped(shared, '"another"')
    invalidating(shared, invalid)
    assert told(shared.get(target)).hit != gone
    assert told(shared.get(other)).hit


def test_groups_are_of_one_origin(shared):
    """RFC 9875 section 2: they are scoped to it."""
    here, there = grouped(shared, '"o"'), grouped(shared, '"o"', "other.test")
    invalidating(shared, '"o"')
    assert not told(shared.get(here)).hit
    assert told(shared.get(there, Host="other.test")).hit


@pytest.mark.parametrize("method, options", [("GET", {}), ("HEAD", {}), ("OPTIONS", {}),
                                             ("POST", {"status": 500}), ("POST", {"status": 404})])
def test_safe_and_failed_requests_invalidate_no_groups(shared, method, options):
    """RFC 9875 section 3."""
    group = f'"s{next(serial)}"'
    target = grouped(shared, group)
    invalidating(shared, group, method, **options)
    assert told(shared.get(target)).hit


def test_however_many_groups_are_invalidated_each_is(shared):
    for n in range(300):
        target = grouped(shared, f'"many{n}"')
        invalidating(shared, f'"many{n}"')
        assert not is_stored(shared, target), n


def test_groups_are_passed_on(shared):
    target = grouped(shared, '"on"')
    assert shared.get(target).get("Cache-Groups") == '"on"'
    assert invalidating(shared, '"on"').get("Cache-Group-Invalidation") == '"on"'


@pytest.mark.parametrize("method", ["POST", "PURGE"])
def test_a_key_of_cookies_goes_whatever_the_cookies(ringwall, method):
    """RFC 9111 section 4.4: the target is invalid, not only as this client sees it."""
    rw = ringwall(workers=2, cache={"purge_from": ["127.0.0.0/8"]},
                  route={"cache": {"key": {"cookies": ["lang"]}}})
    target = url(fresh_path(), cc="max-age=600")
    for cookie in ("lang=de", "lang=en", "other=1"):
        rw.get(target, Cookie=cookie)
        assert told(rw.get(target, Cookie=cookie)).hit
    assert rw.get(target, method, Cookie="lang=de").status == 200
    for cookie in ("lang=de", "lang=en", "other=1"):
        assert not told(rw.get(target, Cookie=cookie)).hit, cookie
