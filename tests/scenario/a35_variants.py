"""Variants of a response by Vary: RFC 9111 section 4.1. The origin makes another content for each
value of the selecting fields, so that any mix-up shows in the bytes."""
import itertools

import pytest

from asking import clients, elapse, exact, is_stored, told, url
from client import content

SETTINGS = {"workers": 2}
FRESH = {"cc": "max-age=600"}
serial = itertools.count()


def fresh_path(size=100):
    return f"/b/{size}/k{next(serial)}"


def by_kind(**more):
    return url(fresh_path(), **{**FRESH, "vary": "X-Kind", "varyby": "X-Kind", "etag": '"{seed}"',
                                **more})


def check(rw, target, value, hit=None):
    answer = rw.get(target, X_Kind=value)
    assert answer.body == content(target, by=(value or "",)), (value, answer)
    assert hit is None or told(answer).hit == hit, (value, answer)
    return answer


def test_several_variants_are_kept_side_by_side(shared, origin):
    target = by_kind()
    kinds = [f"kind{n}" for n in range(20)]
    for kind in kinds:
        check(shared, target, kind, hit=False)
    for _ in range(2):
        for kind in reversed(kinds):
            check(shared, target, kind, hit=True)
    assert origin.count(target) == 20


def test_cache_status_tells_that_another_variant_is_there(shared):
    """RFC 9211 section 2.2."""
    target = by_kind()
    assert told(check(shared, target, "a")).fwd == "uri-miss"
    assert told(check(shared, target, "b")).fwd == "vary-miss"


NAMES = [
    ["Vary: X-A, X-B"], ["Vary: X-B,X-A"], ["Vary: X-A", "Vary: X-B"], ["vary: x-a,x-b"],
    ["Vary: , X-A ,, X-B,"], ["Vary: X-A, X-B, X-A, x-a"], ["Vary: X-Nobody-Sends-It, X-A, X-B"],
    ["VARY: X-A", "vary:X-B , X-C"],
]


@pytest.mark.parametrize("lines", NAMES)
def test_any_names_in_any_order_and_number_of_lines_select(shared, origin, lines):
    target = url(fresh_path(), varyby="X-A,X-B", field=lines, **FRESH)
    asked = [("1", "1"), ("1", "2"), ("2", "1"), ("2", "2")]
    for turn in range(2):
        for a, b in asked:
            answer = shared.get(target, X_A=a, X_B=b)
            assert answer.body == content(target, by=(a, b))
            assert told(answer).hit == (turn == 1)
    assert origin.count(target) == 4


@pytest.mark.parametrize("name", ["Cookie", "User-Agent", "Origin", "Accept", "Referer", "Host",
                                  "Cache-Control", "X!#$%&'*+.^_`|~1", "Sec-Fetch-Mode"])
def test_any_field_may_select(shared, name):
    target = url(fresh_path(), varyby=name, vary=name, **FRESH)
    for _ in range(2):
        for value in ("foo", "bar"):
            lines = [f"{name}: {value}"]
            head = "\r\n".join([f"GET {target} HTTP/1.1", "Connection: close", *lines,
                                *([] if name == "Host" else ["Host: localhost"])])
            answer = shared.exchange(head.encode() + b"\r\n\r\n")
            assert answer.body == content(target, by=(value,))


@pytest.mark.parametrize("lines", [["Vary: *"], ["Vary: X-Kind, *"], ["Vary: *, X-Kind"],
                                   ["Vary: X-Kind", "Vary: *"], ["Vary: X-Kind,*,Accept"]])
def test_a_star_in_any_position_selects_nothing(shared, origin, lines):
    target = url(fresh_path(), field=lines, **FRESH)
    for _ in range(3):
        answer = shared.get(target, X_Kind="a")
        assert not told(answer).hit and not told(answer).stored
    assert origin.count(target) == 3


@pytest.mark.parametrize("vary", ["X Kind", "X-Kind;q=1", "(x)", "X-Kind, @"])
def test_a_vary_that_is_none_is_not_stored(shared, origin, vary):
    target = url(fresh_path(), vary=vary, **FRESH)
    for _ in range(2):
        assert not told(shared.get(target)).hit
    assert origin.count(target) == 2


def test_an_empty_vary_varies_by_nothing(shared):
    target = url(fresh_path(), field="Vary:", **FRESH)
    shared.get(target, X_Kind="a")
    assert told(shared.get(target, X_Kind="b")).hit


def test_an_absent_field_matches_absence_only(shared):
    target = by_kind()
    check(shared, target, None, hit=False)
    check(shared, target, "", hit=False)
    check(shared, target, "x", hit=False)
    for value in (None, "", "x"):
        check(shared, target, value, hit=True)


EQUAL = [["X-Kind: a, b"], ["X-Kind: a,b"], ["X-Kind:   a ,\tb  "], ["X-Kind: a", "X-Kind: b"],
         ["x-kind: a", "X-KIND: b"]]
DIFFERENT = [["X-Kind: b, a"], ["X-Kind: A, b"], ["X-Kind: a b"], ["X-Kind: ab"],
             ["X-Kind: a, b, c"], ["X-Kind: a"], ['X-Kind: "a, b"']]


def test_lines_are_joined_and_white_space_around_commas_does_not_count(shared, origin):
    target = url(fresh_path(), vary="X-Kind", **FRESH)
    exact(shared, target, *EQUAL[0])
    for lines in EQUAL:
        assert told(exact(shared, target, *lines)).hit, lines
    for lines in DIFFERENT:
        assert not told(exact(shared, target, *lines)).hit, lines
    assert origin.count(target) == 1 + len(DIFFERENT)


# Accept-Encoding as sent by clients, and as it counts and is sent to the origin.
ENCODINGS = [
    ("gzip", "gzip"), ("GZIP", "gzip"), ("gzip, deflate", "gzip"), ("br, gzip", "br, gzip"),
    ("gzip, deflate, br", "br, gzip"), ("gzip;q=0.5, br;q=1.0", "br, gzip"),
    ("gzip, br, zstd", "br, gzip, zstd"), ("zstd ;q=0.1,gzip;q=1", "gzip, zstd"),
    ("gzip;q=0, br", "br"), ("gzip;q=0.000, br", "br"), ("identity, gzip", "gzip"),
    ("identity", "identity"), ("deflate", "identity"), ("gzip;q=0", "identity"),
    ("*", "br, gzip, zstd"), ("*, gzip;q=0", "br, zstd"),
    ("br, *;q=0", "br, *;q=0"),  # refuses the identity too, which the short form could not say
]


@pytest.mark.parametrize("sent, counts", ENCODINGS)
def test_accept_encoding_is_sent_as_it_counts(shared, origin, sent, counts):
    target = url(fresh_path(), vary="Accept-Encoding", varyby="Accept-Encoding", **FRESH)
    answer = shared.get(target, Accept_Encoding=sent)
    assert origin.asked(target)[0].get("Accept-Encoding") == counts
    assert answer.body == content(target, by=(counts,))


def test_accept_encodings_that_count_the_same_share_a_variant(shared, origin):
    target = url(fresh_path(), vary="Accept-Encoding", varyby="Accept-Encoding", **FRESH)
    for _ in range(2):
        for sent, counts in ENCODINGS:
            assert shared.get(target, Accept_Encoding=sent).body == content(target, by=(counts,))
    assert origin.count(target) == len({counts for _, counts in ENCODINGS})


def test_without_accept_encoding_none_is_sent(shared, origin):
    target = url(fresh_path(), vary="Accept-Encoding", varyby="Accept-Encoding", **FRESH)
    assert shared.get(target).body == content(target, by=("",))
    assert origin.asked(target)[0].get("Accept-Encoding") is None
    assert not told(shared.get(target, Accept_Encoding="gzip")).hit


def test_accept_encoding_can_be_left_as_sent(ringwall, origin):
    rw = ringwall(route={"cache": {"accept_encoding": "as-sent"}})
    target = url("/b/100/as-sent", vary="Accept-Encoding", varyby="Accept-Encoding", **FRESH)
    for sent in ("gzip, deflate", "deflate, gzip;q=0.5"):
        assert rw.get(target, Accept_Encoding=sent).body == content(target, by=(sent,))
        assert origin.asked(target)[-1].get("Accept-Encoding") == sent
    assert origin.count(target) == 2


LANGUAGES = [
    ("de", "de"), ("de-AT, de;q=0.9, en;q=0.1", "de"), ("en-US,en;q=0.5", "en"), ("EN", "en"),
    ("fr;q=1.0, de;q=0.2, en;q=0.1", "de"), ("en;q=0, de;q=0.1", "de"), ("fr", None),
    ("en;q=0.3, de;q=0.7", "de"),
]


def test_languages_are_narrowed_to_the_best_of_the_routes(ringwall, origin):
    rw = ringwall(route={"cache": {"languages": ["en", "de"]}})
    target = url("/b/100/languages", vary="Accept-Language", varyby="Accept-Language", **FRESH)
    for sent, counts in LANGUAGES:
        answer = rw.get(target, Accept_Language=sent)
        assert answer.body == content(target, by=(counts or "",)), sent
    assert {a.get("Accept-Language") for a in origin.asked(target)} == {"en", "de", None}
    assert origin.count(target) == 3


def test_languages_are_as_sent_where_the_route_names_none(shared, origin):
    target = url(fresh_path(), vary="Accept-Language", varyby="Accept-Language", **FRESH)
    for sent in ("de-AT, de;q=0.9", "de"):
        assert shared.get(target, Accept_Language=sent).body == content(target, by=(sent,))
    assert origin.count(target) == 2


def test_of_too_many_variants_the_least_recently_used_goes(ringwall, origin):
    rw = ringwall(route={"cache": {"variants_max": 3}})
    target = by_kind()
    for kind in ("a", "b", "c"):
        check(rw, target, kind, hit=False)
    check(rw, target, "a", hit=True)
    check(rw, target, "d", hit=False)
    assert [is_stored(rw, target, X_Kind=k) for k in "abcd"] == [True, False, True, True]
    assert origin.count(target) == 4


def test_head_gets_the_fields_of_its_variant(shared, origin):
    target = by_kind()
    tags = {kind: check(shared, target, kind).get("ETag") for kind in "ab"}
    assert tags["a"] != tags["b"]
    for kind in "ab":
        answer = shared.get(target, "HEAD", X_Kind=kind)
        assert told(answer).hit and answer.get("ETag") == tags[kind]
    assert not told(shared.get(target, "HEAD", X_Kind="c")).hit
    assert origin.asked(target)[-1].method == "HEAD"


def test_a_purge_of_the_url_takes_all_variants(shared):
    target = by_kind()
    for kind in "abc":
        check(shared, target, kind)
    answer = shared.ctl("cache", "purge", f"http://localhost{target}")
    assert answer.code == 0 and "3" in answer.out, answer
    for kind in "abc":
        check(shared, target, kind, hit=False)


def test_an_unsafe_request_makes_all_variants_invalid(shared):
    """RFC 9111 section 4.4."""
    target = by_kind()
    for kind in "abc":
        check(shared, target, kind)
    shared.get(target, "POST", X_Kind="a")
    for kind in "abc":
        check(shared, target, kind, hit=False)


def test_only_the_matching_variant_is_validated(shared, origin):
    """RFC 9111 sections 4.1 and 4.3.1."""
    target = by_kind(cc="max-age=1")
    tags = {kind: check(shared, target, kind).get("ETag") for kind in "ab"}
    elapse(2)
    for kind in "ab":
        answer = check(shared, target, kind)
        assert told(answer).status == 304 and answer.get("ETag") == tags[kind]
        assert tags[kind] in origin.asked(target)[-1].get("If-None-Match")


def test_different_variants_do_not_wait_for_each_other(shared, origin):
    target = by_kind()
    check(shared, target, "known")
    origin.set(target, gate="variants")
    with clients(shared, 9) as asking:
        for n, client in enumerate(asking):
            client.request(target, X_Kind=f"k{n % 3}")
        origin.wait_waiting("variants", 3)
        origin.open("variants")
        for n, client in enumerate(asking):
            assert client.response().body == content(target, by=(f"k{n % 3}",))
    assert origin.count(target) == 4, "one for each variant"


def test_requests_that_collapsed_before_vary_was_known_get_their_own(shared, origin):
    target = by_kind()
    origin.set(target, gate="cold")
    with clients(shared, 12) as asking:
        for n, client in enumerate(asking):
            client.request(target, X_Kind=f"k{n % 4}")
        origin.wait_waiting("cold")
        origin.open("cold")
        for n, client in enumerate(asking):
            assert client.response().body == content(target, by=(f"k{n % 4}",))
    for n in range(4):
        check(shared, target, f"k{n}", hit=True)


def test_a_vary_that_changes_never_mixes_answers_up(shared, origin):
    path = fresh_path()
    for names in ("X-A", "X-B", "X-A, X-B", "", "X-B"):
        origin.set(path, cc="max-age=600", vary=names, varyby=names, etag='"{seed}"')
        shared.ctl("cache", "purge", f"http://localhost{path}")
        for _ in range(2):
            for a, b in (("1", "1"), ("1", "2"), ("2", "1"), ("2", "2")):
                picked = {"X-A": a, "X-B": b}
                by = tuple(picked[n] for n in names.split(", ") if n)
                assert shared.get(path, X_A=a, X_B=b).body == content(path, by=by), names


def test_of_responses_that_match_the_youngest_is_used(shared, origin):
    """RFC 9111 section 4.1: here an older one with Vary and a younger one without."""
    path = fresh_path()
    origin.set(path, cc="max-age=600", vary="X-Kind", version=1)
    shared.get(path, X_Kind="a")
    origin.set(path, vary="", version=2)
    shared.get(path, X_Kind="b")
    for kind in ("a", "b"):
        assert shared.get(path, X_Kind=kind).body == content(path, version=2)
