"""What is stored and for how long: RFC 9111 sections 3, 4.2 and 5, case by case.

A hit tells in Cache-Status what is left of its lifetime and in Age what has passed; their sum is
the lifetime that ringwall counts with, exactly and without waiting for its end.
"""
import itertools

import pytest

from asking import dated, exact, is_stored, lifetime, told, url

SETTINGS = {"workers": 2}
serial = itertools.count()


def fresh_path(size=100):
    return f"/b/{size}/s{next(serial)}"


def second_of_two(rw, origin, **options):
    """The answer to the second of two equal requests, and how often the origin was asked."""
    path = fresh_path()
    rw.get(url(path, **options))
    return rw.get(url(path, **options)), origin.count(path)


LIFETIMES = [
    ("4.2.1", 60, {"cc": "max-age=60"}),
    ("4.2.1", 30, {"cc": "s-maxage=30, max-age=60"}),
    ("5.2.2.10", 90, {"cc": "max-age=0, s-maxage=90"}),
    ("5.3", 60, {"cc": "max-age=60", "expires": 600}),
    ("5.3", 60, {"cc": "max-age=60", "field": "Expires: 0"}),
    ("5.2.2.10", 40, {"cc": "s-maxage=40", "expires": 600}),
    ("5.3", 600, {"expires": 600}),
    ("5.3", 600, {"expires": 600, "cc": "public"}),
    ("5.3", 600, {"expires": 600, "cc": "foo=5"}),
    ("5.2", 60, {"cc": "MAX-AGE=60"}),
    ("5.2", 60, {"cc": "Public, Max-Age=60"}),
    ("5.2", 60, {"cc": 'max-age="60"'}),
    ("5.2", 70, {"cc": 's-maxage="70"'}),
    ("5.2.3", 60, {"cc": "foo, max-age=60"}),
    ("5.2.3", 60, {"cc": "foo=bar, max-age=60"}),
    ("5.2.3", 60, {"cc": 'foo="a, max-age=5", max-age=60'}),
    ("5.2.3", 60, {"cc": 'foo="\\", no-store, ", max-age=60'}),
    ("5.2.3", 60, {"cc": 'foo="no-store", max-age=60'}),
    ("5.2.3", 60, {"cc": "max-age-x=5, x-max-age=6, max-age=60"}),
    ("RFC 9110 5.6.1.2", 60, {"cc": ", ,max-age=60,, "}),
    ("RFC 9110 5.6.1.2", 60, {"cc": "public ,\tmax-age=60"}),
    ("RFC 9110 5.3", 60, {"field": ["Cache-Control: public", "Cache-Control: max-age=60"]}),
    ("RFC 9110 5.1", 60, {"field": "CACHE-control: max-age=60"}),
    ("RFC 9110 5.3", 30, {"field": ["cache-control: max-age=60", "Cache-Control: s-maxage=30"]}),
    ("4.2.1", 30, {"cc": "max-age=60, max-age=30"}),
    ("4.2.1", 30, {"cc": "max-age=30, max-age=60"}),
    ("4.2.1", 30, {"field": ["Cache-Control: max-age=30", "Cache-Control: max-age=60"]}),
    ("1.2.2", 1 << 31, {"cc": "max-age=2147483648"}),
    ("1.2.2", 1 << 31, {"cc": "max-age=99999999999"}),
    ("1.2.2", 1 << 31, {"cc": "s-maxage=18446744073709551617"}),
    ("1.2.2", 60, {"cc": "max-age=0000000000000000000060"}),
    ("5.4", 60, {"cc": "max-age=60", "field": "Pragma: no-cache"}),
    ("RFC 8246 2", 60, {"cc": "max-age=60, immutable"}),
    ("5.2.2.3", 60, {"cc": "must-understand, max-age=60"}),
    ("5.2.2.3", 60, {"cc": "must-understand, no-store, max-age=60"}),
    ("5.2.2.6", 60, {"cc": "no-transform, max-age=60"}),
]


@pytest.mark.parametrize("section, seconds, options", LIFETIMES)
def test_a_response_is_fresh_for_as_long_as_it_says(shared, origin, section, seconds, options):
    answer, count = second_of_two(shared, origin, **options)
    assert told(answer).hit and count == 1, (section, answer)
    assert lifetime(answer) == seconds, (section, answer)


NEVER = [
    ("5.2.2.5", {"cc": "no-store"}),
    ("5.2.2.5", {"cc": "no-store, max-age=60"}),
    ("5.2.2.5", {"cc": "No-Store, max-age=60"}),
    ("5.2.2.5", {"cc": "max-age=60,no-store"}),
    ("5.2.2.5", {"field": ["Cache-Control: max-age=60", "cache-control: no-store"]}),
    ("5.2.2.5", {"cc": "no-store=1, max-age=60"}),
    ("5.2.2.5", {"cc": 'no-store="x", max-age=60'}),
    ("5.2.2.7", {"cc": "private"}),
    ("5.2.2.7", {"cc": "private, max-age=60"}),
    ("5.2.2.7", {"cc": "private, s-maxage=60"}),
    ("5.2.2.7", {"cc": "private, public, max-age=60"}),
    ("5.2.2.7", {"cc": "PRIVATE, max-age=60"}),
    ("5.2.2.7", {"cc": 'private="", private, max-age=60'}),
    ("5.2.2.4", {"cc": "no-cache, max-age=60"}),
    ("4.1", {"cc": "max-age=60", "vary": "*"}),
    ("4.1", {"cc": "max-age=60", "field": ["Vary: Accept", "Vary: *"]}),
    ("4.2", {"cc": "max-age=0"}),
    ("4.2", {"cc": "s-maxage=0, max-age=60"}),
    ("4.2.1", {"cc": "max-age=x"}),
    ("4.2.1", {"cc": "max-age=-5"}),
    ("4.2.1", {"cc": "max-age=+60"}),
    ("4.2.1", {"cc": "max-age=1.5"}),
    ("4.2.1", {"cc": "max-age=60s"}),
    ("4.2.1", {"cc": "max-age="}),
    ("4.2.1", {"cc": "max-age"}),
    ("4.2.1", {"cc": "max-age=0x3c"}),
    ("4.2.1", {"cc": "max-age='60'"}),
    ("5.3", {"expires": 0}),
    ("5.3", {"expires": -60}),
    ("5.3", {"field": "Expires: 0"}),
    ("5.3", {"field": "Expires: -1"}),
    ("5.3", {"field": "Expires: tomorrow"}),
    ("5.3", {"field": "Expires:"}),
    ("4.2.3", {"cc": "max-age=60", "age": 60}),
    ("4.2.3", {"cc": "max-age=60", "age": 100}),
    ("1.2.2", {"cc": "max-age=60", "age": 99999999999999999999}),
    ("3", {}),
    ("3", {"cc": "public"}),
    ("3", {"cc": "foo"}),
    ("3", {"cc": "max-age=60", "status": 206, "field": "Content-Range: bytes 0-99/1000"}),
    ("3", {"cc": "max-age=60", "status": 304}),
    ("5.2.2.3", {"cc": "must-understand, max-age=60", "status": 299}),
    ("5.2.2.3", {"cc": "must-understand, no-store, max-age=60", "status": 299}),
    ("7.3", {"cc": "max-age=60", "cookie": 1}),
]


@pytest.mark.parametrize("section, options", NEVER)
def test_what_may_not_be_reused_is_fetched_each_time(shared, origin, section, options):
    path = fresh_path()
    for n in (1, 2, 3):
        answer = shared.get(url(path, **options))
        assert not told(answer).hit, (section, answer)
        assert answer.get("X-Count") == str(n), (section, answer)
    assert origin.count(path) == 3


@pytest.mark.parametrize("broken", ['max-age=60, foo="bar', 'max-age=60, private="x'])
def test_a_quote_that_is_not_closed_hides_nothing(shared, origin, broken):
    """What stands behind the quote may have been no-store: nothing is stored."""
    answer, count = second_of_two(shared, origin, cc=broken)
    assert count == 2 and not told(answer).hit


FORMS = ["%a, %d %b %Y %H:%M:%S GMT", "%A, %d-%b-%y %H:%M:%S GMT", "%a %b %e %H:%M:%S %Y"]


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("base", ["today", "a while ago"])
def test_all_three_forms_of_dates_are_read(shared, origin, form, base):
    """RFC 9110 section 5.6.7; RFC 9111 section 4.2.1: Expires counts from Date."""
    ago = 0 if base == "today" else 100
    date = dated(-ago, form)
    answer, count = second_of_two(shared, origin, nodate=1,
                                  field=[f"Date: {date}", "Expires: " + dated(500, form)])
    assert told(answer).hit and count == 1, answer
    assert 500 + ago - 1 <= lifetime(answer) <= 500 + ago + 1
    assert ago <= answer.age <= ago + 3


def test_names_in_dates_are_read_in_any_case(shared, origin):
    """RFC 9111 section 4.2: caches should match them so."""
    answer, _ = second_of_two(shared, origin, field="Expires: " + dated(500).lower())
    assert told(answer).hit, answer


WRONG_DATES = [
    "%Y-%m-%dT%H:%M:%SZ", "%a, %d %b %Y %H:%M:%S UTC", "%a, %d %b %Y %H:%M:%S +0000",
    "%a, %d %b %Y %H:%M:%S", "%a, %d %b %Y %H:%M GMT", "%d %b %Y %H:%M:%S GMT", "%s",
    "%a, %d %m %Y %H:%M:%S GMT", "%a, %d %b %Y %H:%M:%S GMT x", "%a, 32 %b %Y %H:%M:%S GMT",
    "%a, %d %b %Y 24:61:00 GMT", "%a, %d %b %Y  %H:%M:%S GMT", "%a, %d %b %Y %H:%M:%S CET",
]


@pytest.mark.parametrize("form", WRONG_DATES)
def test_any_other_form_of_expires_is_in_the_past(shared, origin, form):
    """RFC 9111 section 5.3: invalid dates represent a time in the past."""
    answer, count = second_of_two(shared, origin, field="Expires: " + dated(50000, form))
    assert count == 2 and not told(answer).hit, answer


def test_a_two_digit_year_far_in_the_future_is_in_the_past(shared, origin):
    """RFC 9110 section 5.6.7."""
    far = dated(60 * 365 * 86400, "%A, %d-%b-%y %H:%M:%S GMT")
    _, count = second_of_two(shared, origin, field="Expires: " + far)
    assert count == 2


def test_of_two_expires_no_more_than_the_first_counts(shared, origin):
    """RFC 9111 section 4.2.1: the first, or stale."""
    answer, count = second_of_two(shared, origin, field=["Expires: " + dated(100),
                                                         "Expires: " + dated(5000)])
    assert count == 2 or lifetime(answer) <= 101


AGES = [
    ("5.1", ["Age: 10"], 10), ("5.1", ["Age: 10, 20"], 10), ("5.1", ["Age: 10", "Age: 20"], 10),
    ("5.1", ["Age: x"], 0), ("5.1", ["Age: -7"], 0), ("5.1", ["Age: 1.5"], 0), ("5.1", ["Age:"], 0),
    ("4.2.3", ["Age: 0"], 0), ("1.2.2", ["Age: 0000000030"], 30),
]


@pytest.mark.parametrize("section, lines, age", AGES)
def test_age_of_the_origin_is_counted_where_it_is_a_number(shared, origin, section, lines, age):
    answer, count = second_of_two(shared, origin, cc="max-age=600", field=lines)
    assert count == 1 and told(answer).hit, (section, answer)
    assert age <= answer.age <= age + 5, (section, answer)
    assert len(answer.all("Age")) == 1


def test_date_counts_where_it_is_older_than_age(shared, origin):
    """RFC 9111 section 4.2.3: the larger of apparent and told age."""
    for told_age, ago, age in ((10, 50, 50), (50, 10, 50)):
        answer, _ = second_of_two(shared, origin, cc="max-age=600", nodate=1, age=told_age,
                                  field="Date: " + dated(-ago))
        assert age <= answer.age <= age + 3


@pytest.mark.parametrize("date", ["nonsense", "0", dated(5000), ""])
def test_a_date_that_can_not_be_counts_as_now(shared, origin, date):
    answer, count = second_of_two(shared, origin, cc="max-age=600", nodate=1, field="Date: " + date)
    assert count == 1 and 0 <= answer.age <= 3 and lifetime(answer) == 600


def test_a_response_without_date_gets_one(shared, origin):
    """RFC 9110 section 6.6.1."""
    answer, _ = second_of_two(shared, origin, cc="max-age=600", nodate=1)
    assert len(answer.all("Date")) == 1


@pytest.mark.parametrize("status", [200, 203, 204, 300, 301, 308, 404, 405, 410, 414, 501])
def test_a_lifetime_is_guessed_for_statuses_that_allow_it(shared, origin, status):
    """RFC 9111 section 4.2.2, RFC 9110 section 15.1: a tenth of the time since Last-Modified."""
    answer, count = second_of_two(shared, origin, lm=10000, status=status)
    assert count == 1 and told(answer).hit, answer
    assert 1000 <= lifetime(answer) <= 1030


@pytest.mark.parametrize("options", [
    {"status": 302}, {"status": 307}, {"status": 400}, {"status": 403}, {"status": 500},
    {"status": 503}, {"status": 201}, {"status": 299}, {"lm": dated(1000)}, {"lm": "nonsense"},
    {"cc": "max-age=0"}, {"expires": 0}, {"field": "Expires: x"}, {"age": 2000}, {"cc": "no-store"},
])
def test_no_lifetime_is_guessed_where_that_is_not_allowed(shared, origin, options):
    """RFC 9111 section 4.2.2: not for other statuses, nor where one was given."""
    answer, count = second_of_two(shared, origin, **{"lm": 10000, **options})
    assert count == 2 and not told(answer).hit, answer


def test_a_guess_has_its_settings(ringwall, origin):
    rw = ringwall(route={"cache": {"heuristic_percent": 50, "heuristic_max": "1h"}})
    for lm, seconds in ((1000, 500), (100_000, 3600)):
        answer, _ = second_of_two(rw, origin, lm=lm)
        assert seconds <= lifetime(answer) <= seconds + 10
    off = ringwall(route={"cache": {"heuristic_percent": 0}})
    assert second_of_two(off, origin, lm=10000)[1] == 2


def test_a_guess_is_bounded_by_a_day(shared, origin):
    answer, _ = second_of_two(shared, origin, lm=10_000_000)
    assert lifetime(answer) == 86400


@pytest.mark.parametrize("status", [200, 201, 202, 203, 204, 299, 300, 301, 302, 303, 307, 308,
                                    400, 401, 403, 404, 405, 410, 418, 429, 451, 499, 500, 501, 503,
                                    599])
def test_any_final_status_is_stored_with_an_explicit_lifetime(shared, origin, status):
    """RFC 9111 section 3."""
    answer, count = second_of_two(shared, origin, cc="max-age=60", status=status)
    assert count == 1 and answer.status == status and told(answer).hit


AUTHORIZED = [("3.5", "public, max-age=60", True), ("3.5", "s-maxage=60", True),
              ("3.5", "must-revalidate, max-age=60", True), ("3.5", "max-age=60", False),
              ("3.5", "proxy-revalidate, max-age=60", False), ("3.5", "private, max-age=60", False)]


@pytest.mark.parametrize("section, cc, shares", AUTHORIZED)
def test_answers_to_credentials_are_shared_where_they_say_so(shared, origin, section, cc, shares):
    target = url(fresh_path(), cc=cc)
    first = shared.get(target, Authorization="Basic YTpi")
    second = shared.get(target, Authorization="Basic Yzpk")
    third = shared.get(target)
    assert told(first).stored == shares, (section, first)
    assert [told(a).hit for a in (second, third)] == [shares, shares], section
    assert origin.asked(target)[0].get("Authorization") == "Basic YTpi"


def test_what_was_stored_for_others_is_no_answer_to_credentials(shared, origin):
    target = url(fresh_path(), cc="max-age=60")
    shared.get(target)
    assert not told(shared.get(target, Authorization="Basic YTpi")).hit
    assert told(shared.get(target)).hit
    assert origin.count(target) == 2


@pytest.mark.parametrize("directive", ["private", "no-cache"])
@pytest.mark.parametrize("names", ['"X-Mine"', '"x-mine"', '"X-Other, X-Mine"', '"x-mine ,x-other"',
                                   "X-Mine"])
def test_fields_named_by_private_or_no_cache_reach_only_who_asked(shared, origin, directive, names):
    """RFC 9111 sections 5.2.2.4 and 5.2.2.7."""
    target = url(fresh_path(), cc=f"max-age=60, {directive}={names}",
                 field=["X-Mine: secret", "X-Shared: all"])
    first = shared.get(target)
    assert first.get("X-Mine") == "secret" and first.get("X-Shared") == "all"
    again = shared.get(target)
    assert again.get("X-Shared") == "all"
    assert not told(again).hit or again.get("X-Mine") is None
    if '"' in names:
        assert told(again).hit and origin.count(target) == 1


def test_a_cookie_set_for_one_client_is_never_anothers(shared):
    for cc in ("max-age=60", "public, max-age=60", 's-maxage=60, no-cache="Set-Cookie"',
               "s-maxage=60"):
        target = url(fresh_path(), cc=cc, cookie=1)
        cookies = [shared.get(target).get("Set-Cookie") for _ in range(4)]
        assert cookies[0] == "id=1"
        given = [c for c in cookies if c]
        assert len(set(given)) == len(given), (cc, cookies)


def test_what_belongs_to_a_connection_is_not_stored(shared):
    """RFC 9111 section 3.1, RFC 9110 section 7.6.1."""
    target = url(fresh_path(), cc="max-age=60", hop=1, field=[
        "Proxy-Authentication-Info: x", "Warning: 110 - \"x\"", "Proxy-Connection: keep-alive",
        "X-Kept: yes"])
    shared.get(target)
    answer = shared.get(target)
    assert told(answer).hit and answer.get("X-Kept") == "yes"
    for name in ("X-Hop", "X-Other", "Keep-Alive", "Proxy-Authenticate", "Proxy-Connection",
                 "Proxy-Authentication-Info", "Warning", "Transfer-Encoding"):
        assert answer.get(name) is None, name


def test_fields_are_stored_as_they_came(shared):
    """Order, case, repetition and unusual values of fields are the origin's."""
    lines = ["X-b: 2", "x-A: 1", "X-b: 3", "Link: <a>; rel=x", "link: <b>", "X-Empty:",
             "X-Utf: \xe9"]
    target = url(fresh_path(), cc="max-age=60") + "".join(
        "&field=" + line.replace(" ", "%20").replace("\xe9", "%E9") for line in lines)
    for _ in range(3):
        answer = shared.get(target)
        ours = [(k, v) for k, v in answer.fields if k.lower()[:2] == "x-" or k.lower() == "link"]
        assert ours[2:] == [tuple(part.strip() for part in line.split(":", 1))
                            for line in lines]


def test_a_request_that_may_not_be_stored_leaves_nothing(shared, origin):
    """RFC 9111 section 5.2.1.5; RFC 9110 section 9.3.1: content in a GET has no meaning."""
    for n, (lines, body) in enumerate(((["Cache-Control: no-store"], b""),
                                       (["Content-Length: 3"], b"abc"))):
        target = url(f"/b/100/leaves-nothing{n}", cc="max-age=60")
        exact(shared, target, *lines, body=body)
        assert not is_stored(shared, target)
        assert not told(shared.get(target)).hit
        assert origin.count(target) == 2


def test_a_url_that_was_not_storable_is_stored_when_that_changes(shared, origin):
    """That it was not is remembered for a while, so that nobody waits for others in vain."""
    path = fresh_path()
    origin.set(path, cc="no-store")
    assert not told(shared.get(path)).stored and not told(shared.get(path)).stored
    origin.set(path, cc="max-age=60")
    assert told(shared.get(path)).stored
    assert told(shared.get(path)).hit and origin.count(path) == 3


def test_a_url_that_was_stored_is_not_when_that_changes(shared, origin):
    path = fresh_path()
    origin.set(path, cc="max-age=60", etag='"a"')
    shared.get(path)
    origin.set(path, cc="no-store", etag='"b"', version=2)
    changed = shared.get(path, Cache_Control="no-cache")
    assert changed.get("ETag") == '"b"' and not told(changed).stored
    assert [told(shared.get(path)).hit for _ in range(2)] == [False, False], "the old one is gone"
