"""Validation towards the origin, preconditions of clients, invalidation: RFC 9111 sections 4.3 and
4.4, RFC 9110 section 13."""
import itertools

import pytest

from asking import clients, dated, elapse, exact, lifetime, peek, seconds_of, told, url
from client import content

SETTINGS = {"workers": 2}
ALWAYS = "max-age=600, no-cache"  # stored, and validated at every use
serial = itertools.count()


def fresh_path(size=100):
    return f"/b/{size}/v{next(serial)}"


@pytest.mark.parametrize("options, sent", [
    ({"etag": '"a"'}, {"If-None-Match": '"a"', "If-Modified-Since": None}),
    ({"etag": 'W/"a"'}, {"If-None-Match": 'W/"a"'}),
    ({"lm": 5000}, {"If-None-Match": None, "If-Modified-Since": "Last-Modified"}),
    ({"etag": '"a"', "lm": 5000}, {"If-None-Match": '"a"', "If-Modified-Since": "Last-Modified"}),
    ({"etag": '"with,comma"'}, {"If-None-Match": '"with,comma"'}),
])
def test_the_origin_is_asked_with_the_stored_validators(shared, origin, options, sent):
    """RFC 9111 section 4.3.1."""
    target = url(fresh_path(), cc=ALWAYS, **options)
    first = shared.get(target)
    assert told(first).stored, first
    again = shared.get(target)
    assert again.status == 200 and again.body == content(target)
    assert told(again).status == 304 and again.get("X-Count") == "2"
    asked = origin.asked(target)[1]
    for name, value in sent.items():
        assert asked.get(name) == (first.get(value) if value == "Last-Modified" else value)


def test_a_conditional_request_of_a_client_is_not_the_origins_business(shared, origin):
    """The origin is asked for the whole, or by what is stored; the client is answered from that."""
    target = url(fresh_path(), cc=ALWAYS, etag='"a"')
    answer = shared.get(target, If_None_Match='"a", "b"', If_Modified_Since=dated(0))
    assert answer.status == 304
    assert shared.get(target, If_None_Match='"zzz"').body == content(target)
    first, second = origin.asked(target)
    assert first.get("If-None-Match") is None and first.get("If-Modified-Since") is None
    assert second.get("If-None-Match") == '"a"'


def test_a_304_updates_fields_but_not_what_describes_the_content(shared, origin):
    """RFC 9111 section 3.2."""
    path = fresh_path()
    old = ["X-Old: 1", "X-Same: 1", "X-Same: 2", "Content-Type: text/a", "Content-Language: de"]
    origin.set(path, cc=ALWAYS, etag='"a"', field=old, f304=[
        "X-Same: 3", "X-New: 4", "Content-Type: text/b", "Content-Encoding: gzip",
        "Content-Range: bytes 0-1/2", "Content-Length: 7", "Connection: X-Hop", "X-Hop: 1",
        "Age: 30"])
    shared.get(path)
    for _ in range(2):
        answer = shared.get(path)
        assert answer.body == content(path) and answer.get("Content-Length") == "100"
        assert answer.all("X-Same") == ["3"] and answer.get("X-New") == "4"
        assert answer.get("X-Old") == "1" and answer.get("Content-Language") == "de"
        assert answer.get("Content-Type") == "text/a"
        assert answer.get("Content-Encoding") is None and answer.get("Content-Range") is None
        assert answer.get("X-Hop") is None
        assert 30 <= answer.age <= 35


def test_a_304_gives_a_new_lifetime(shared, origin):
    """RFC 9111 section 4.3.4."""
    path = fresh_path()
    origin.set(path, cc="max-age=1", etag='"a"')
    shared.get(path)
    elapse(2)
    origin.set(path, **{"304_cc": "max-age=500"})
    again = shared.get(path)
    assert told(again).fwd == "stale" and told(again).status == 304
    hit = shared.get(path)
    assert told(hit).hit and lifetime(hit) == 500 and hit.age < 5
    assert origin.count(path) == 2


def test_a_304_without_cache_control_keeps_the_stored_one(shared, origin):
    path = fresh_path()
    origin.set(path, cc="max-age=600", etag='"a"')
    shared.get(path)
    origin.set(path, **{"304_cc": ""})
    assert told(shared.get(path, Cache_Control="no-cache")).status == 304
    hit = shared.get(path)
    assert told(hit).hit and lifetime(hit) == 600


def test_a_304_that_forbids_storing_ends_the_storing(shared, origin):
    path = fresh_path()
    origin.set(path, cc="max-age=600", etag='"a"')
    shared.get(path)
    origin.set(path, **{"304_cc": "no-store"})
    answer = shared.get(path, Cache_Control="no-cache")
    assert answer.status == 200 and answer.body == content(path)
    assert peek(shared, path).status == 504


@pytest.mark.parametrize("stored, validated", [
    ({"etag": '"a"'}, {"304_etag": '"b"'}), ({"etag": 'W/"a"'}, {"304_etag": '"a"'}),
    ({"etag": '"a"'}, {"304_etag": 'W/"b"'}), ({"lm": 5000}, {"304_lm": 4000}),
])
def test_a_304_about_another_response_is_not_about_this_one(shared, origin, stored, validated):
    """RFC 9111 section 4.3.3: then the whole is asked for without conditions."""
    path = fresh_path()
    origin.set(path, cc="max-age=600", **stored)
    shared.get(path)
    origin.set(path, version=2, always304=1, **validated)
    answer = shared.get(path, Cache_Control="no-cache")
    assert answer.status == 200 and answer.body == content(path, version=2), answer
    last = origin.asked(path)[-1]
    assert last.get("If-None-Match") is None and last.get("If-Modified-Since") is None
    assert shared.get(path).body == content(path, version=2)


@pytest.mark.parametrize("stored, validated", [
    ({"etag": '"a"'}, {"304_etag": ""}), ({"etag": 'W/"a"'}, {"304_etag": 'W/"a"'}),
    ({"etag": '"a"', "lm": 5000}, {"304_etag": "", "304_lm": ""}), ({"lm": 5000}, {"304_lm": ""}),
])
def test_a_304_about_this_response_renews_it(shared, origin, stored, validated):
    path = fresh_path()
    origin.set(path, cc="max-age=600", **stored)
    shared.get(path)
    origin.set(path, always304=1, **validated)
    answer = shared.get(path, Cache_Control="no-cache")
    assert told(answer).status == 304 and answer.body == content(path)
    assert origin.count(path) == 2


def test_a_new_version_replaces_the_old(shared, origin):
    path = fresh_path()
    origin.set(path, cc=ALWAYS, etag='"{seed}"')
    for version in (1, 1, 2, 2, 3):
        origin.set(path, version=version)
        assert shared.get(path).body == content(path, version=version)
    statuses = [a.get("If-None-Match") is not None for a in origin.asked(path)]
    assert statuses == [False, True, True, True, True]


def test_no_cache_responses_are_validated_at_every_use(shared, origin):
    """RFC 9111 section 5.2.2.4."""
    target = url(fresh_path(), cc=ALWAYS, etag='"a"')
    for n in range(1, 6):
        answer = shared.get(target)
        assert answer.get("X-Count") == str(n) and answer.body == content(target)
        assert told(answer).status == (200 if n == 1 else 304)


def test_validations_of_no_cache_responses_do_not_wait_for_each_other(shared, origin):
    path = fresh_path()
    origin.set(path, cc=ALWAYS, etag='"a"')
    shared.get(path)
    origin.set(path, gate="each")
    with clients(shared, 8) as waiting:
        for client in waiting:
            client.request(path)
        origin.wait_waiting("each", 8)
        origin.open("each")
        for client in waiting:
            assert client.response().body == content(path)
    assert origin.count(path) == 9


def test_validations_of_stale_responses_are_one(shared, origin):
    path = fresh_path()
    origin.set(path, cc="max-age=1", etag='"a"')
    shared.get(path)
    elapse(2)
    origin.set(path, gate="one", **{"304_cc": "max-age=600"})
    with clients(shared, 12) as waiting:
        for client in waiting:
            client.request(path)
        origin.wait_waiting("one")
        origin.open("one")
        for client in waiting:
            assert client.response().body == content(path)
    assert origin.count(path) == 2


# Preconditions of clients, answered from what is stored: (RFC 9110 section, lines, status).
ETAG, WEAK = '"tag"', 'W/"weak"'
CONDITIONS = [
    ("13.1.2", ETAG, ['If-None-Match: "tag"'], 304),
    ("13.1.2", ETAG, ['If-None-Match: W/"tag"'], 304),
    ("13.1.2", WEAK, ['If-None-Match: W/"weak"'], 304),
    ("13.1.2", WEAK, ['If-None-Match: "weak"'], 304),
    ("13.1.2", ETAG, ['If-None-Match: "other"'], 200),
    ("13.1.2", ETAG, ["If-None-Match: *"], 304),
    ("13.1.2", ETAG, ['If-None-Match: "a", "tag" ,"b"'], 304),
    ("13.1.2", ETAG, ['If-None-Match: "a"', 'If-None-Match: "tag"'], 304),
    ("13.1.2", ETAG, ['If-None-Match: "a,tag"'], 200),
    ("8.8.3.2", ETAG, ['If-None-Match: "TAG"'], 200),
    ("8.8.3", ETAG, ["If-None-Match: tag"], 200),
    ("8.8.3", ETAG, ['If-None-Match: w/"tag"'], 200),
    ("13.1.3", ETAG, ["If-Modified-Since: {lm}"], 304),
    ("13.1.3", ETAG, ["If-Modified-Since: {before}"], 200),
    ("13.1.3", ETAG, ["If-Modified-Since: {after}"], 304),
    ("13.1.3", ETAG, ["If-Modified-Since: nonsense"], 200),
    ("13.1.3", ETAG, ["If-Modified-Since: {lm}", 'If-None-Match: "other"'], 200),
    ("13.1.3", ETAG, ["If-Modified-Since: {before}", 'If-None-Match: "tag"'], 304),
    ("13.2.2", ETAG, ['If-None-Match: "tag"', "Range: bytes=0-9"], 304),
    ("13.2.2", ETAG, ['If-None-Match: "other"', "Range: bytes=0-9"], 206),
]


@pytest.mark.parametrize("section, etag, lines, status", CONDITIONS)
@pytest.mark.parametrize("method", ["GET", "HEAD"])
def test_preconditions_are_answered_from_what_is_stored(shared, origin, method, section, etag,
                                                        lines, status):
    path = fresh_path()
    target = url(path, cc="max-age=600", etag=etag, lm=5000, vary="X-None",
                 field=["Content-Location: /here", "X-Other: 1"])
    modified = shared.get(target).get("Last-Modified")
    near = {"lm": modified, "before": dated(seconds_of(modified) - 100 - seconds_of(dated(0))),
            "after": dated(-10)}
    answer = exact(shared, target, *[line.format(**near) for line in lines], method=method)
    if status == 206 and method == "HEAD":
        status = 200
    assert answer.status == status, (section, answer)
    assert origin.count(path) == 1 and told(answer).hit
    if status == 304:
        # RFC 9110 section 15.4.5: what a 200 would have said of these.
        assert answer.get("ETag") == etag and answer.get("Cache-Control") == "max-age=600"
        assert answer.get("Vary") == "X-None" and answer.get("Content-Location") == "/here"
        assert answer.get("Date") and answer.get("Age") and answer.body == b""
        assert answer.get("Content-Length") in (None, "100")


def test_a_precondition_holds_on_a_miss_too(shared, origin):
    target = url(fresh_path(), cc="max-age=600", etag='"a"')
    assert shared.get(target, If_None_Match='"a"').status == 304
    assert told(shared.get(target)).hit and origin.count(target) == 1


def test_if_modified_since_counts_from_date_where_nothing_tells_more(shared):
    """RFC 9111 section 4.3.2: without Last-Modified the Date of the stored response counts."""
    target = url(fresh_path(), cc="max-age=600")
    shared.get(target)
    assert shared.get(target, If_Modified_Since=dated(100)).status == 304
    assert shared.get(target, If_Modified_Since=dated(-1000)).status == 200


def test_preconditions_on_errors_are_not_evaluated(shared):
    """RFC 9110 section 13.2.1: only where the answer without them were a 2xx."""
    target = url(fresh_path(), cc="max-age=600", etag='"a"', status=404)
    for _ in range(2):
        assert shared.get(target, If_None_Match='"a"').status == 404


@pytest.mark.parametrize("line", ['If-Match: "a"', 'If-Match: "b"', "If-Match: *",
                                  "If-Unmodified-Since: " + dated(-9000)])
def test_if_match_and_its_like_are_the_origins_business(shared, origin, line):
    """RFC 9111 section 4.3.2."""
    target = url(fresh_path(), cc="max-age=600", etag='"a"', lm=5000)
    shared.get(target)
    answer = exact(shared, target, line)
    name, _, value = line.partition(": ")
    assert origin.asked(target)[-1].get(name) == value and origin.count(target) == 2
    assert answer.status == (200 if value in ('"a"', "*") else 412)


def test_the_answer_to_a_head_updates_what_is_stored(shared, origin):
    """RFC 9111 section 4.3.5."""
    path = fresh_path()
    origin.set(path, cc="max-age=1", etag='"a"', field="X-Is: old")
    shared.get(path)
    elapse(2)
    origin.set(path, cc="max-age=600", field="X-Is: new", f304="X-Is: new")
    answer = shared.get(path, "HEAD")
    assert answer.status == 200 and origin.asked(path)[-1].method == "HEAD"
    hit = shared.get(path)
    assert told(hit).hit and hit.get("X-Is") == "new" and hit.body == content(path)
    assert origin.count(path) == 2


def test_a_head_that_tells_of_another_response_makes_the_stored_one_stale(shared, origin):
    """RFC 9111 section 4.3.5: it must not be used as if nothing had happened."""
    path = fresh_path()
    origin.set(path, cc="max-age=1", etag='"a"')
    shared.get(path)
    elapse(2)
    origin.set(path, cc="max-age=600", etag='"b"', version=2)
    shared.get(path, "HEAD")
    assert shared.get(path).body == content(path, version=2)
    assert peek(shared, path).get("ETag") == '"b"'


UNSAFE = ["POST", "PUT", "DELETE", "PATCH", "FOO"]


@pytest.mark.parametrize("method", UNSAFE)
def test_a_successful_unsafe_request_makes_the_target_invalid(shared, method):
    """RFC 9111 section 4.4."""
    target = url(fresh_path(), cc="max-age=600", etag='"a"')
    shared.get(target)
    assert told(shared.get(target)).hit
    shared.get(target, method)
    assert not told(shared.get(target)).hit


@pytest.mark.parametrize("status", [400, 401, 404, 409, 500, 503])
def test_an_unsafe_request_that_failed_makes_nothing_invalid(shared, status):
    """RFC 9111 section 4.4: a non-error response is one of 2xx and 3xx."""
    target = url(fresh_path(), cc="max-age=600", POST_status=status)
    shared.get(target)
    assert shared.get(target, "POST").status == status
    assert told(shared.get(target)).hit


def test_an_unsafe_request_that_redirects_makes_the_target_invalid(shared):
    target = url(fresh_path(), cc="max-age=600", POST_status=303)
    shared.get(target)
    shared.get(target, "POST")
    assert not told(shared.get(target)).hit


@pytest.mark.parametrize("method", ["OPTIONS", "HEAD"])
def test_safe_methods_make_nothing_invalid(shared, method):
    target = url(fresh_path(), cc="max-age=600")
    shared.get(target)
    shared.get(target, method)
    assert told(shared.get(target)).hit


@pytest.mark.parametrize("name", ["Location", "Content-Location"])
@pytest.mark.parametrize("reference, gone", [
    ("{path}", True), ("http://localhost{path}", True), ("http://LOCALHOST:80{path}", True),
    ("{path}#part", True), ("../100/./{last}", True), ("{last}", True), ("//localhost{path}", True),
    ("https://localhost{path}", False), ("http://other.test{path}", False),
    ("http://localhost:81{path}", False), ("//other.test{path}", False), ("{path}?x", False),
])
def test_what_an_unsafe_answer_names_is_invalid_on_the_same_origin(shared, name, reference, gone):
    """RFC 9111 section 4.4."""
    path, doing = fresh_path(), fresh_path()
    shared.get(path + "?cc=max-age%3D600")  # to show that only what is named goes
    named = "/b/100/named" + path.rpartition("/")[2]
    last = named.rpartition("/")[2]
    origin_says = f"{name}: " + reference.format(path=named, last=last)
    shared.get(url(named, cc="max-age=600"))
    assert peek(shared, url(named, cc="max-age=600")).status == 200
    query = "" if "?" in reference else url("", cc="max-age=600")
    shared.get(url(doing, cc="no-store", POST_field=origin_says.replace("#", query + "#")
                   if "#" in reference else origin_says + query), "POST")
    assert (peek(shared, url(named, cc="max-age=600")).status == 504) == gone
    assert told(shared.get(path + "?cc=max-age%3D600")).hit


def test_the_answer_to_a_post_is_never_stored(shared, origin):
    target = url(fresh_path(), cc="max-age=600", etag='"a"')
    path = target.partition("?")[0]
    shared.get(target, "POST", body=b"x")
    assert not told(shared.get(target)).hit
    assert origin.count(path) == 2
