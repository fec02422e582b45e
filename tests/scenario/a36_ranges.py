"""Ranges of stored responses and of those on their way: RFC 9110 section 14. Every answer is
checked byte by byte against the content that it says it is a part of."""
import itertools
import re

import pytest

from asking import clients, dated, exact, seconds_of, told, url
from client import Ended, content
from programs import wait_until

SETTINGS = {"workers": 2}
WHOLE = {"route": {"cache": {"slice_size": 0}}}  # what is not stored is fetched as a whole
SIZE = 10_000
BIG = 1_000_000
serial = itertools.count()


def fresh_path(size=SIZE):
    return f"/b/{size}/g{next(serial)}"


def stored(rw, size=SIZE, **options):
    target = url(fresh_path(size), **{"cc": "max-age=600", "etag": '"e"',
                                      "field": "Content-Type: text/x", **options})
    assert rw.get(target).body == content(target)
    return target


def content_range(value):
    match = re.fullmatch(r"bytes (\d+)-(\d+)/(\d+)", value)
    assert match, value
    return tuple(map(int, match.groups()))


def check_part(answer, target, first, last, size=SIZE, version=None):
    assert answer.status == 206, answer
    assert content_range(answer.get("Content-Range")) == (first, last, size)
    assert answer.get("Content-Length") == str(last - first + 1)
    assert answer.body == content(target, version=version)[first:last + 1]


def parts_of(answer, kind="text/x"):
    """The parts of a multipart/byteranges (RFC 9110 section 14.6) as (first, last, size, bytes)."""
    match = re.fullmatch(r'multipart/byteranges; *boundary="?([\w\'()+,./:=?-]{1,70})"?',
                         answer.get("Content-Type"))
    assert match, answer
    assert answer.get("Content-Range") is None, "section 15.3.7.2"
    boundary = b"--" + match[1].encode()
    body, parts = answer.body, []
    body = body.removeprefix(b"\r\n")
    assert body.startswith(boundary), body[:100]
    body = body[len(boundary):]
    while not body.startswith(b"--"):
        head, _, body = body.partition(b"\r\n\r\n")
        assert head.startswith(b"\r\n"), head
        fields = dict(line.split(": ", 1) for line in head.decode()[2:].split("\r\n"))
        fields = {k.lower(): v for k, v in fields.items()}
        assert fields.get("content-type") == kind
        first, last, size = content_range(fields["content-range"])
        length = last - first + 1
        parts.append((first, last, size, body[:length]))
        assert body[length:].startswith(b"\r\n" + boundary)
        body = body[length + 2 + len(boundary):]
    assert body in (b"--", b"--\r\n"), body[:100]
    return parts


SINGLE = [
    ("bytes=0-9", 0, 9), ("bytes=0-0", 0, 0), ("bytes=100-199", 100, 199),
    ("bytes=9999-9999", 9999, 9999), ("bytes=9990-", 9990, 9999), ("bytes=0-", 0, 9999),
    ("bytes=-1", 9999, 9999),
    ("bytes=-100", 9900, 9999), ("bytes=-10000", 0, 9999), ("bytes=-999999", 0, 9999),
    ("bytes=5000-99999999999999999999999", 5000, 9999), ("bytes=0-9999", 0, 9999),
    ("BYTES=0-9", 0, 9), ("bytes=00000000000000000000005-9", 5, 9), ("bytes=0-9,", 0, 9),
    ("bytes=, 0-9", 0, 9), ("bytes=0-9, 20000-", 0, 9), ("bytes=0-99,50-149", 0, 149),
    ("bytes=0-99,100-199", 0, 199), ("bytes=5-5,5-5", 5, 5),
]


@pytest.mark.parametrize("value, first, last", SINGLE)
def test_one_range_of_what_is_stored(shared, origin, value, first, last):
    target = stored(shared)
    answer = shared.get(target, Range=value)
    check_part(answer, target, first, last)
    assert told(answer).hit and origin.count(target) == 1
    assert answer.get("ETag") == '"e"' and answer.get("Content-Type") == "text/x"
    assert answer.get("Cache-Control") == "max-age=600"
    assert answer.get("Date") and answer.get("Age")


SEVERAL = [
    ("bytes=0-9,5000-5009", [(0, 9), (5000, 5009)]),
    ("bytes=0-9,5000-5009,-10", [(0, 9), (5000, 5009), (9990, 9999)]),
    ("bytes= 0-0 , 9999-9999", [(0, 0), (9999, 9999)]),
    ("bytes=0-9,30000-,5000-5009", [(0, 9), (5000, 5009)]),
    ("bytes=5000-5009,0-9", [(5000, 5009), (0, 9)]),
    ("bytes=0-99,50-149,5000-5001", [(0, 149), (5000, 5001)]),
]


@pytest.mark.parametrize("value, ranges", SEVERAL)
def test_several_ranges_come_as_a_multipart(shared, value, ranges):
    target = stored(shared)
    answer = shared.get(target, Range=value)
    assert answer.status == 206 and answer.get("Content-Length") == str(len(answer.body))
    parts = parts_of(answer)
    assert [(first, last) for first, last, _, _ in parts] == ranges
    for first, last, length, data in parts:
        assert length == SIZE and data == content(target)[first:last + 1]


def test_several_ranges_of_something_large(shared):
    target = stored(shared, BIG)
    answer = shared.get(target, Range="bytes=0-199999,300000-300000,600000-999998")
    whole = content(target)
    assert [(f, t, data == whole[f:t + 1]) for f, t, _, data in parts_of(answer)] == [
        (0, 199_999, True), (300_000, 300_000, True), (600_000, 999_998, True)]


def test_parts_have_a_content_type_only_where_the_whole_has_one(shared):
    target = stored(shared, field="X-No-Type: 1")
    answer = shared.get(target, Range="bytes=0-9,5000-5009")
    assert len(parts_of(answer, None)) == 2


@pytest.mark.parametrize("value", ["bytes=10000-", "bytes=10000-10010", "bytes=-0", "bytes=99999-",
                                   "bytes=10000-,20000-20001"])
def test_what_can_not_be_satisfied_is_said_with_416(shared, origin, value):
    """RFC 9110 section 15.5.17."""
    target = stored(shared)
    answer = shared.get(target, Range=value)
    assert answer.status == 416 and answer.get("Content-Range") == f"bytes */{SIZE}"
    assert content(target)[:16] not in answer.body
    assert told(answer).hit and origin.count(target) == 1


@pytest.mark.parametrize("value", [
    "lines=0-9", "bytes", "bytes=", "bytes=-", "bytes=9-0", "bytes=a-b", "bytes=0x0-9", "bytes 0-9",
    "bytes=0-9;x=1", "bytes=--9", "bytes=0-9-", "bytes=1.0-9", "bytes=0 - 9", "seconds=0-1",
    "bytes=0-9,x", "bytes=0-9 5000-5009", "bytes=100-199,50-149", "bytes=5000-5009,0-9,5005-5020",
    "bytes=" + ",".join(f"{n}-{n + 1}" for n in range(0, 9000, 300)),
])
def test_a_range_that_is_none_or_asks_too_much_is_ignored(shared, value):
    """RFC 9110 section 14.2."""
    target = stored(shared)
    answer = shared.get(target, Range=value)
    assert answer.status == 200 and answer.body == content(target)
    assert answer.get("Content-Range") is None


def test_two_lines_of_range_never_give_wrong_bytes(shared):
    target = stored(shared)
    answer = exact(shared, target, "Range: bytes=0-9", "Range: bytes=20-29")
    assert answer.status in (200, 400) and (answer.status == 400 or answer.body == content(target))


def test_ranges_of_nothing(shared):
    target = stored(shared, 0)
    for value in ("bytes=0-", "bytes=0-0", "bytes=-1"):
        answer = shared.get(target, Range=value)
        assert answer.status in (416, 200) and answer.body == b""
        assert answer.status == 200 or answer.get("Content-Range") == "bytes */0"
    assert shared.get(target, Range="bytes=0-").status == 416


def test_head_ignores_range(shared):
    """RFC 9110 section 14.2: Range means something for GET only."""
    target = stored(shared)
    answer = shared.get(target, "HEAD", Range="bytes=0-9")
    assert answer.status == 200 and answer.get("Content-Length") == str(SIZE)


@pytest.mark.parametrize("status", [404, 203, 301])
def test_only_a_200_has_ranges(shared, status):
    target = stored(shared, status=status)
    answer = shared.get(target, Range="bytes=0-9")
    assert answer.status == status and answer.body == content(target)


IF_RANGE = [
    ('"e"', '"e"', 206), ('"e"', '"other"', 200), ('"e"', 'W/"e"', 200), ('W/"e"', 'W/"e"', 200),
    ('W/"e"', '"e"', 200), ('"e"', "{lm}", 206), ('"e"', "{after}", 200), ('"e"', "{before}", 200),
    ('"e"', "nonsense", 200), ('"e"', "*", 200), ('"e"', '"x", "e"', 200),
]


@pytest.mark.parametrize("etag, value, status", IF_RANGE)
def test_if_range_holds_for_the_very_representation_only(shared, origin, etag, value, status):
    """RFC 9110 section 13.1.5."""
    target = stored(shared, etag=etag, lm=5000)
    modified = shared.get(target).get("Last-Modified")
    ago = seconds_of(modified) - seconds_of(dated(0))
    value = value.format(lm=modified, after=dated(ago + 10), before=dated(ago - 10))
    answer = shared.get(target, Range="bytes=0-9", If_Range=value)
    if status == 206:
        check_part(answer, target, 0, 9)
    else:
        assert answer.status == 200 and answer.body == content(target)
    assert origin.count(target) == 1


def test_if_range_without_range_is_ignored(shared):
    target = stored(shared)
    assert shared.get(target, If_Range='"other"').status == 200


def test_a_part_is_never_stored_as_the_whole(shared, origin):
    """RFC 9111 section 3.3. The origin sends a 206 to whoever asks for a part."""
    target = url(fresh_path(), cc="max-age=600", etag='"e"')
    check_part(shared.get(target, Range="bytes=5-9"), target, 5, 9)
    assert shared.get(target).body == content(target)
    assert shared.get(target, "HEAD").get("Content-Length") == str(SIZE)
    check_part(shared.get(target, Range="bytes=7-8"), target, 7, 8)


def test_ranges_of_what_is_not_stored_are_the_origins_business(shared, origin):
    """The first request may get the whole instead: it was asked for in the hope of storing it."""
    target = url(fresh_path(), cc="no-store")
    first = shared.get(target, Range="bytes=5-9")
    assert first.body == (content(target) if first.status == 200 else content(target)[5:10])
    for _ in range(2):
        check_part(shared.get(target, Range="bytes=5-9"), target, 5, 9)
    assert origin.asked(target)[-1].get("Range") == "bytes=5-9"


def test_a_range_by_another_method_is_passed_on(shared, origin):
    target = url(fresh_path(), cc="no-store")
    shared.get(target, "POST", Range="bytes=5-9")
    assert origin.asked(target)[0].get("Range") == "bytes=5-9"


def test_a_range_of_a_miss_fetches_and_stores_the_whole(ringwall, origin):
    rw = ringwall(**WHOLE)
    target = url(fresh_path(), cc="max-age=600", etag='"e"')
    answer = rw.get(target, Range="bytes=5-9", If_Range='"e"')
    check_part(answer, target, 5, 9)
    assert told(answer).stored and origin.asked(target)[0].get("Range") is None
    assert origin.asked(target)[0].get("If-Range") is None
    # The part is sent before the whole is there.
    wait_until(lambda: told(rw.get(target)).hit, "the whole is stored")
    assert origin.count(target) == 1


@pytest.mark.parametrize("first_asks", ["bytes=100-199", None])
def test_a_range_is_answered_as_soon_as_its_bytes_have_come(ringwall, origin, first_asks):
    rw = ringwall(**WHOLE)
    target = url(fresh_path(BIG), cc="max-age=600", etag='"e"', half="range")
    whole = content(target)
    with clients(rw, 6) as (leader, *others):
        leader.request(target, Range=first_asks)
        if first_asks:
            assert leader.response().body == whole[100:200], "before the gate is open"
        origin.wait_waiting("range")
        wanted = [("bytes=0-9", 0, 9), ("bytes=1000-399999", 1000, 399_999)]
        for client, (value, first, last) in zip(others, wanted):
            client.request(target, Range=value)
            check_part(client.response(), target, first, last, BIG)
        late = [("bytes=900000-900009", 900_000, 900_009), ("bytes=-5", BIG - 5, BIG - 1),
                ("bytes=400000-", 400_000, BIG - 1)]
        for client, (value, _, _) in zip(others[2:], late):
            client.request(target, Range=value)
        origin.open("range")
        for client, (_, first, last) in zip(others[2:], late):
            check_part(client.response(), target, first, last, BIG)
        if not first_asks:
            assert leader.response().body == whole
    wait_until(lambda: told(rw.get(target)).hit, "the whole is stored")
    assert origin.count(target) == 1


def test_ranges_of_a_fill_of_unknown_length_are_right(ringwall, origin):
    rw = ringwall(**WHOLE)
    target = url(fresh_path(BIG), cc="max-age=600", etag='"e"', half="unknown", chunked=1)
    whole = content(target)
    with clients(rw, 4) as (leader, *others):
        leader.request(target)
        origin.wait_waiting("unknown")
        for client, value in zip(others, ("bytes=0-9", "bytes=-9", "bytes=600000-600009")):
            client.request(target, Range=value)
        origin.open("unknown")
        for client in others:
            answer = client.response()
            if answer.status == 206:
                first, last, size = content_range(answer.get("Content-Range"))
                assert size == BIG and answer.body == whole[first:last + 1]
            else:
                assert answer.status == 200 and answer.body == whole
        assert leader.response().body == whole


def test_a_range_goes_on_though_the_client_of_the_whole_went_away(ringwall, origin):
    rw = ringwall(**WHOLE)
    target = url(fresh_path(BIG), cc="max-age=600", etag='"e"', half="away")
    with clients(rw, 2) as (leader, other):
        leader.request(target)
        origin.wait_waiting("away")
        other.request(target, Range="bytes=900000-")
        leader.reset()
        origin.open("away")
        check_part(other.response(), target, 900_000, BIG - 1, BIG)
    assert origin.count(target) == 1


LARGE = 20_000_000


def large(**options):
    return url(fresh_path(LARGE), **{"cc": "max-age=600", "etag": '"{seed}"', **options})


def asked_bytes(origin, target):
    """How much of the content the origin was asked for."""
    total = 0
    for asked in origin.asked(target):
        match = re.fullmatch(r"bytes=(\d+)-(\d+)", asked.get("Range") or "")
        total += int(match[2]) - int(match[1]) + 1 if match else LARGE
    return total


def test_a_range_of_something_large_costs_the_origin_a_part_of_it(shared, origin):
    target = large()
    check_part(shared.get(target, Range="bytes=-1000"), target, LARGE - 1000, LARGE - 1, LARGE)
    check_part(shared.get(target, Range="bytes=7000000-9500000"), target, 7_000_000, 9_500_000,
               LARGE)
    fetched = asked_bytes(origin, target)
    assert fetched < 8_000_000
    for _ in range(3):
        check_part(shared.get(target, Range="bytes=-900"), target, LARGE - 900, LARGE - 1, LARGE)
        check_part(shared.get(target, Range="bytes=8000000-9000000"), target, 8_000_000, 9_000_000,
                   LARGE)
    assert asked_bytes(origin, target) == fetched, "what was fetched is stored"
    assert told(shared.get(target, Range="bytes=-900")).hit, "RFC 9211 section 2.1"
    assert shared.get(target).body == content(target)


def test_many_who_want_the_same_part_make_one_request(shared, origin):
    target = large(gate="slice")
    with clients(shared, 10) as asking:
        for client in asking:
            client.request(target, Range="bytes=5000000-5000099")
        origin.wait_waiting("slice")
        origin.open("slice")
        for client in asking:
            check_part(client.response(), target, 5_000_000, 5_000_099, LARGE)
    assert asked_bytes(origin, target) <= 2 << 20


def test_parts_of_two_versions_are_never_joined(shared, origin):
    """RFC 9110 section 15.3.7.3: only with the same strong validator."""
    path = fresh_path(LARGE)
    origin.set(path, cc="max-age=600", etag='"{seed}"', version=1)
    check_part(shared.get(path, Range="bytes=0-99"), path, 0, 99, LARGE, version=1)
    origin.set(path, version=2)
    for _ in range(3):
        try:
            answer = shared.get(path, Range="bytes=0-3000000")
        except Ended:
            continue
        versions = [v for v in (1, 2) if content(path, version=v)[:3_000_001] == answer.body]
        assert len(versions) == 1, "bytes of two versions"
    assert shared.get(path, Range="bytes=0-3000000").status == 206


@pytest.mark.parametrize("options", [{"etag": 'W/"w"'}, {"etag": ""}, {"ranges": 0},
                                     {"chunked": 1}, {"cc": "no-store"}])
def test_ranges_are_right_where_slices_can_not_be_had(shared, options):
    target = large(**options)
    for value, first, last in (("bytes=5000000-5000099", 5_000_000, 5_000_099),
                               ("bytes=900000-1300000", 900_000, 1_300_000)):
        for _ in range(2):
            answer = shared.get(target, Range=value)
            if answer.status == 206:
                check_part(answer, target, first, last, LARGE)
            else:
                assert answer.status == 200 and answer.body == content(target)
