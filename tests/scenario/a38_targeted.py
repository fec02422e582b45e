"""Who decides on caching and what a response is found by: targeted fields (RFC 9213), Cache-Status
(RFC 9211), the operator's lifetimes, and the cache key in all its compositions."""
import itertools
import json

import pytest

from asking import clients, elapse, exact, lifetime, told, url
from client import Ended, content

SETTINGS = {"workers": 2}
serial = itertools.count()


def fresh_path(size=100):
    return f"/b/{size}/c{next(serial)}"


TARGETED = [
    # Lines beside Cache-Control, the lifetime that counts (0: not reused), section of RFC 9213.
    ("2.1", "max-age=10", ["CDN-Cache-Control: max-age=60"], 60),
    ("2.1", "no-store", ["CDN-Cache-Control: max-age=60"], 60),
    ("2.1", "private", ["cdn-cache-control: max-age=60"], 60),
    ("2.1", "s-maxage=10, must-revalidate", ["CDN-Cache-Control: max-age=60"], 60),
    ("2.1", "max-age=60", ["CDN-Cache-Control: no-store"], 0),
    ("2.1", "max-age=60", ["CDN-Cache-Control: private"], 0),
    ("2.1", "max-age=60", ["CDN-Cache-Control: max-age=0"], 0),
    ("2.1", "max-age=10", ["CDN-Cache-Control: max-age=60, s-maxage=70"], 70),
    ("2.1", "max-age=10", ["CDN-Cache-Control: max-age=60", "Expires: 0"], 60),
    ("2.1", "max-age=10", ["CDN-Cache-Control: max-age=60", "Pragma: no-cache"], 60),
    ("2.1", "max-age=10", ["CDN-Cache-Control: public", "CDN-Cache-Control: max-age=60"], 60),
    ("2.1", "max-age=10", ["CDN-Cache-Control: max-age=60;x=1, foo=(a b), bar=?1"], 60),
    ("2.1", "max-age=10", ["CDN-Cache-Control: max-age=5, max-age=60"], 60),
    # Structured fields are strict; what is none is as if it were absent.
    ("2.1", "max-age=10", ["CDN-Cache-Control: max-age=60,"], 10),
    ("2.1", "max-age=10", ["CDN-Cache-Control: max-age = 60"], 10),
    ("2.1", "max-age=10", ["CDN-Cache-Control: no-store, ???"], 10),
    ("2.1", "max-age=10", ["CDN-Cache-Control: MAX-AGE=60"], 10),
    ("2.1", "max-age=10", ["CDN-Cache-Control: \"no-store"], 10),
    ("2.1", "max-age=10", ["CDN-Cache-Control: no-store", "CDN-Cache-Control: }"], 10),
    ("2.2", "max-age=10", ["CDN-Cache-Control:"], 10),
    # Nobody's targeted fields.
    ("2.1", "max-age=10", ["Surrogate-Control: max-age=60"], 10),
    ("2.1", "max-age=10", ["Surrogate-Control: no-store"], 10),
    ("2.1", "max-age=10", ["Other-Cache-Control: max-age=60"], 10),
]


@pytest.mark.parametrize("section, plain, lines, seconds", TARGETED)
def test_a_targeted_field_decides_alone(shared, origin, section, plain, lines, seconds):
    target = url(fresh_path(), cc=plain, field=lines)
    shared.get(target)
    answer = shared.get(target)
    assert told(answer).hit == (seconds > 0), (section, answer)
    assert seconds == 0 or lifetime(answer) == seconds, (section, answer)
    assert origin.count(target) == (1 if seconds else 2)


def test_targeted_and_plain_fields_are_passed_on(shared):
    """RFC 9213 section 2.1 and 3: a shared cache farther down may be meant as well."""
    target = url(fresh_path(), cc="max-age=10", field="CDN-Cache-Control: max-age=60")
    for _ in range(2):
        answer = shared.get(target)
        assert answer.get("Cache-Control") == "max-age=10"
        assert answer.get("CDN-Cache-Control") == "max-age=60"


def test_the_operators_targeted_field_comes_first(ringwall):
    rw = ringwall(route={"cache": {"targeted_field": "Ringwall-Cache-Control"}})
    for lines, seconds in (
            (["Ringwall-Cache-Control: max-age=90", "CDN-Cache-Control: no-store"], 90),
            (["ringwall-cache-control: no-store", "CDN-Cache-Control: max-age=60"], 0),
            (["Ringwall-Cache-Control: max-age=", "CDN-Cache-Control: max-age=60"], 60),
            (["CDN-Cache-Control: max-age=60"], 60), ([], 10)):
        target = url(fresh_path(), cc="max-age=10", field=lines)
        rw.get(target)
        answer = rw.get(target)
        assert told(answer).hit == (seconds > 0), lines
        assert seconds == 0 or lifetime(answer) == seconds, lines


def test_a_targeted_field_allows_stale_responses_and_validation(shared, origin):
    target = url(fresh_path(), cc="no-store", etag='"e"',
                 field="CDN-Cache-Control: max-age=1, stale-if-error=600")
    shared.get(target)
    elapse(2.1)
    origin.set(target, status=503)
    assert shared.get(target).body == content(target)


# Cache-Status.

def test_cache_status_tells_how_each_answer_came_to_be(ringwall, origin):
    rw = ringwall(text=TWO_ROUTES)
    target = url(fresh_path(), cc="max-age=600", vary="X-Kind", etag='"e"')
    miss = told(rw.get(target))
    assert (miss.fwd, miss.status, miss.stored, miss.collapsed) == ("uri-miss", 200, True, False)
    hit = told(rw.get(target))
    assert hit.hit and 590 <= hit.ttl <= 600 and hit.cache == "ringwall"
    other = told(rw.get(target, X_Kind="b"))
    assert (other.fwd, other.stored) == ("vary-miss", True)
    demanded = told(rw.get(target, Cache_Control="no-cache"))
    assert (demanded.fwd, demanded.status) == ("request", 304)
    for method in ("POST", "PUT", "DELETE", "OPTIONS"):
        assert told(rw.get(target, method)).fwd == "method"
    assert told(rw.get(url("/off/x", cc="max-age=600"))).fwd == "bypass"
    unstored = told(rw.get(url(fresh_path(), cc="no-store")))
    assert unstored.fwd == "uri-miss" and not unstored.stored and unstored.detail
    short = url(fresh_path(), cc="max-age=1")
    rw.get(short)
    elapse(1.1)
    stale = told(rw.get(short))
    assert (stale.fwd, stale.status, stale.stored) == ("stale", 200, True)
    missing = rw.get(url(fresh_path(), cc="max-age=1"), Cache_Control="only-if-cached")
    assert missing.status == 504 and not told(missing).hit
    assert origin.count(short) == 2


TWO_ROUTES = """
[[listener]]
address = "127.0.0.1:$web"
[upstream.app]
backends = ["127.0.0.1:$origin"]
[[route]]
upstream = "app"
[[route]]
path = "/off/"
upstream = "app"
cache = false
"""


def test_cache_status_tells_who_collapsed(shared, origin):
    target = url(fresh_path(), cc="max-age=600", gate="told")
    with clients(shared, 6) as asking:
        for client in asking:
            client.request(target)
        origin.wait_waiting("told")
        origin.open("told")
        said = [told(client.response()) for client in asking]
    assert sum(s.stored and not s.collapsed for s in said) == 1
    assert sum(s.collapsed or s.hit for s in said) == 5


def test_cache_status_of_the_origin_is_kept_before_ours(shared):
    """RFC 9211 section 2: members are in the order of the caches, the origin's first."""
    target = url(fresh_path(), cc="max-age=600", field='Cache-Status: "Upper"; hit; ttl=5')
    for _ in range(2):
        lines = shared.get(target).all("Cache-Status")
        assert ", ".join(lines).startswith('"Upper"; hit; ttl=5, ringwall;')


# The operator's lifetimes.

def test_lifetimes_by_status_for_responses_that_name_none(ringwall, origin):
    rw = ringwall(route={"cache": {"negative": {"404": "40s", "503": "5s"},
                                   "default_lifetime": "70s"}})
    for status, options, seconds in ((404, {}, 40), (503, {}, 5), (200, {}, 70), (500, {}, 0),
                                     (404, {"cc": "max-age=9"}, 9), (404, {"cc": "no-store"}, 0),
                                     (404, {"cc": "private"}, 0), (302, {}, 0)):
        target = url(fresh_path(), status=status, **options)
        rw.get(target)
        answer = rw.get(target)
        assert told(answer).hit == (seconds > 0), (status, options, answer)
        assert seconds == 0 or lifetime(answer) == seconds, (status, options, answer)


# The key.

def shares(rw, one, other):
    """Whether the second request is answered by what the first has stored; each a tuple of target
    and fields."""
    rw.ctl("cache", "purge", "--all")
    (target, fields), (other_target, other_fields) = one, other
    assert not told(rw.get(target, **fields)).hit
    return told(rw.get(other_target, **other_fields)).hit


BASE = "/b/100/key?a=1&b=2&utm_x=3"
KEYS = [
    ({}, BASE, "/b/100/key?b=2&a=1&utm_x=3", False),
    ({}, "/b/100/key?", "/b/100/key", False),
    ({"query": False}, BASE, "/b/100/key?whatever", True),
    ({"query": False}, BASE, "/b/100/key", True),
    ({"query": False}, BASE, "/b/100/other", False),
    ({"query_only": ["a", "b"]}, BASE, "/b/100/key?a=1&b=2&c=9", True),
    ({"query_only": ["a", "b"]}, BASE, "/b/100/key?a=1&b=3", False),
    ({"query_only": ["utm_*"]}, BASE, "/b/100/key?utm_x=3&z", True),
    ({"query_only": ["utm_*"]}, BASE, "/b/100/key?utm_y=3", False),
    ({"query_only": ["a"]}, "/b/100/key?a=1&a=2", "/b/100/key?a=2&a=1", False),
    ({"query_only": ["a"]}, "/b/100/key?a=1", "/b/100/key?A=1", False),
    ({"query_only": ["a"]}, "/b/100/key?a", "/b/100/key?a=", False),
    ({"query_without": ["utm_*"]}, BASE, "/b/100/key?a=1&b=2", True),
    ({"query_without": ["utm_*"]}, BASE, "/b/100/key?utm_z=1&a=1&utm_y=0&b=2", True),
    ({"query_without": ["utm_*"]}, BASE, "/b/100/key?a=1&b=3", False),
    ({"query_without": ["utm_*"]}, "/b/100/key?utm_=1", "/b/100/key?utm=1", False),
    ({"query_sorted": True}, BASE, "/b/100/key?utm_x=3&b=2&a=1", True),
    ({"query_sorted": True}, "/b/100/key?a=1&a=2", "/b/100/key?a=2&a=1", False),
    ({"query_sorted": True}, "/b/100/key?a=1&b=2", "/b/100/key?a=1b=2&", False),
    ({"path_lower_case": True}, "/b/100/key", "/b/100/KEY", True),
    ({"path_lower_case": True}, "/b/100/key?x=a", "/b/100/key?x=A", False),
    ({"path_lower_case": True}, "/b/100/%4Bey%2f", "/b/100/key%2F", True),
    ({}, "/b/100/key", "/b/100/KEY", False),
]


@pytest.mark.parametrize("key, one, other, same", KEYS)
def test_the_key_is_what_the_route_says(ringwall, key, one, other, same):
    rw = ringwall(route={"cache": {"default_lifetime": "600s", "key": key}}, workers=1)
    assert shares(rw, (one, {}), (other, {})) == same


FIELD_KEYS = [
    ({"host": False}, {"Host": "one.test"}, {"Host": "two.test"}, True),
    ({}, {"Host": "one.test"}, {"Host": "two.test"}, False),
    ({}, {"Host": "one.test"}, {"Host": "ONE.test:80"}, True),
    ({"fields": ["X-Key"]}, {"X_Key": "1"}, {"X_Key": "1"}, True),
    ({"fields": ["X-Key"]}, {"X_Key": "1"}, {"X_Key": "2"}, False),
    ({"fields": ["X-Key"]}, {"X_Key": "1"}, {}, False),
    ({"fields": ["X-Key"]}, {"X_Key": ""}, {}, False),
    ({"fields": ["X-Key", "X-More"]}, {"X_Key": "1"}, {"X_More": "1"}, False),
    ({"cookies": ["sid"]}, {"Cookie": "sid=1; z=1"}, {"Cookie": "y=2;sid=1"}, True),
    ({"cookies": ["sid"]}, {"Cookie": "sid=1"}, {"Cookie": "sid=2"}, False),
    ({"cookies": ["sid"]}, {"Cookie": "sid=1"}, {"Cookie": "xsid=1"}, False),
    ({"cookies": ["sid"]}, {"Cookie": "sid=1"}, {}, False),
    ({"cookies": ["a", "b"]}, {"Cookie": "a=1"}, {"Cookie": "b=1"}, False),
]


@pytest.mark.parametrize("key, one, other, same", FIELD_KEYS)
def test_hosts_fields_and_cookies_are_in_the_key_as_the_route_says(ringwall, key, one, other, same):
    rw = ringwall(route={"cache": {"default_lifetime": "600s", "key": key}}, workers=1)
    assert shares(rw, ("/b/100/key", one), ("/b/100/key", other)) == same


def test_values_of_a_key_can_not_be_forged_through_one_another(ringwall):
    rw = ringwall(route={"cache": {"default_lifetime": "600s",
                                   "key": {"fields": ["X-A", "X-B"], "cookies": ["c"]}}}, workers=1)
    asked = [{"X_A": "1", "X_B": "2"}, {"X_A": "1 2"}, {"X_A": "1\tX-B: 2"}, {"X_A": "1, 2"},
             {"X_B": "1", "X_A": "2"}, {"X_A": "1%0aX-B:2"}, {"X_A": "1", "Cookie": "c=2"},
             {"X_A": "1; c=2"}, {"X_B": "", "X_A": "1"}, {"X_A": "1"}, {"Cookie": "c=1"}]
    assert [told(rw.get("/b/100/forged", **fields)).hit for fields in asked] == [False] * len(asked)
    for suffix in ("%0ax-a:1", "?x-a:1", "\\nx-a:1"):
        assert not told(rw.get("/b/100/forged" + suffix)).hit


AMBIGUOUS = [
    "/echo/a/b", "/echo/a%2Fb", "/echo/a%2fb", "/echo/a%252Fb", "/echo/a//b", "/echo/./a/b",
    "/echo/x/../a/b", "/echo/%2e/a/b", "/echo/x/%2E%2e/a/b", "/echo/a\\b", "/echo/a%5Cb",
    "/echo/a/b/", "/echo/a/b/.", "/echo/a/b;x", "/echo/a/b%3Bx", "/echo/a/b%20", "/echo/a/b+",
    "/echo/%61/b", "/echo/a/b%3F", "/echo/a/b?", "/echo/a/b?/../c", "/echo/a/b%23", "/echo/A/b",
    "/echo/a%00/b", "/echo/a%/b", "/echo/a%zz/b", "/echo/..%2fa/b", "/echo/%E4/b",
    "/echo/%C3%A4", "/echo/a/b?q=%41", "/echo/a/b?q=A", "/echo/a/b?q=%2f", "/echo/a/b?q=/",
]


def test_what_is_cached_is_what_the_origin_was_asked_for(ringwall, origin):
    """Two spellings share an answer only where the origin is sent the same target for both, but for
    equal encodings in the query (RFC 3986 section 6.2.2), which it is sent as they come."""
    rw = ringwall(route={"cache": {"default_lifetime": "600s"}}, workers=2)
    sent = {}
    for turn in range(2):
        for path in AMBIGUOUS:
            try:
                answer = rw.get(path)
            except Ended:
                continue
            if answer.status == 400:
                continue
            assert answer.status == 200, (path, answer)
            said = json.loads(answer.body)["target"].replace("q=%41", "q=A")
            assert sent.setdefault(path, said) == said, (turn, path)
            assert told(answer).hit or turn == 0, path
    assert "/echo/a%00/b" not in sent, "RFC 3986 section 7.3: an encoded NUL is refused"
    same = {p for p, said in sent.items() if said == "/echo/a/b"}
    assert same <= {"/echo/a/b", "/echo/./a/b", "/echo/x/../a/b", "/echo/%2e/a/b",
                    "/echo/x/%2E%2e/a/b", "/echo/%61/b"}
    assert sent["/echo/a%2Fb"] == sent["/echo/a%2fb"] == "/echo/a%2Fb"
    assert origin.stats()["requests"] == len(set(sent.values()))


def test_absolute_and_origin_form_share_an_answer(shared, origin):
    """RFC 9112 section 3.2.2."""
    target = url(fresh_path(), cc="max-age=600")
    shared.get(target, Host="form.test")
    answer = exact(shared, "http://form.test" + target)
    assert told(answer).hit and origin.count(target) == 1
