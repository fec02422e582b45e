"""The cache in the hands of its operator: purge, explain, list, top and stats of ringwallctl."""
import itertools

import pytest

from asking import told, url
from programs import wait_until

SETTINGS = {"workers": 2, "route": {"cache": {"tag_fields": ["Cache-Tag"]}}}
serial = itertools.count()


def stored(rw, **options):
    """The target of a response that is stored now."""
    target = url(f"/c{next(serial)}/x", **{"cc": "max-age=600", **options})
    assert told(rw.get(target)).stored
    return target


def absolute(target):
    return f"http://localhost{target}"


def purge(rw, *args, code=0):
    done = rw.ctl("cache", "purge", *args, json_output=True)
    assert done.code == code, done
    return done.json if code == 0 else None


def is_hit(rw, target, **fields):
    return told(rw.get(target, **fields)).hit


def test_a_url_goes_and_only_that(shared):
    one, other = stored(shared), stored(shared)
    report = purge(shared, absolute(one))
    assert report["objects"] == 1 and report["mode"] == "hard" and report["effective_ms"] >= 0
    assert not is_hit(shared, one) and is_hit(shared, other)
    purge(shared, absolute(url("/never/asked")), code=4)


def test_all_variants_of_a_url_go(shared):
    target = stored(shared, vary="Accept-Language")
    shared.get(target, Accept_Language="de")
    assert purge(shared, absolute(target))["objects"] == 2


def test_a_dry_run_counts_and_changes_nothing(shared):
    target = stored(shared, field="Cache-Tag: trial")
    assert purge(shared, "--tag", "trial", "--dry-run")["objects"] == 1
    assert is_hit(shared, target)


@pytest.mark.parametrize("mode", ["--soft", "--hard"])
def test_a_tag_takes_what_carries_it(shared, mode):
    tag = f"tag{mode}"
    with_it = [stored(shared, field=f"Cache-Tag: a, {tag}") for _ in range(3)]
    without = stored(shared, field="Cache-Tag: a")
    report = purge(shared, "--tag", tag, mode)
    assert report["objects"] == 3 and report["mode"] == mode[2:]
    assert not any(is_hit(shared, target) for target in with_it) and is_hit(shared, without)


def test_a_softly_purged_response_is_validated(shared, origin):
    target = stored(shared, etag='"v"')
    purge(shared, absolute(target), "--soft")
    answer = shared.get(target)
    assert told(answer).status == 304 and told(answer).fwd == "stale"
    assert is_hit(shared, target)


def test_a_host_goes_with_all_its_paths(shared):
    targets = [stored(shared) for _ in range(3)]
    for target in targets:
        shared.get(target, Host="other.test")
    assert purge(shared, "--host", "other.test")["objects"] == 3
    assert all(is_hit(shared, target) for target in targets)
    assert not is_hit(shared, targets[0], Host="other.test")


def test_a_prefix_takes_what_lies_below(shared):
    below = [stored(shared) for _ in range(2)]
    for target in below:
        shared.get("/deep" + target)
    report = purge(shared, "--prefix", "http://localhost/deep/", "--hard")
    assert report["objects"] == 2
    assert all(is_hit(shared, target) for target in below)


def test_groups_are_purged_by_their_origin(shared):
    target = stored(shared, field='Cache-Groups: "g"')
    purge(shared, "--group", "g", "--origin", "http://other.test", code=4)
    assert purge(shared, "--group", "g", "--origin", "http://localhost")["objects"] == 1
    assert not is_hit(shared, target)


def test_many_urls_come_from_a_file(shared, tmp_path):
    targets = [stored(shared) for _ in range(20)]
    urls = tmp_path / "urls"
    urls.write_text("".join(absolute(t) + "\n" for t in targets)
                    + "".join(f"http://localhost/none/{n}\n" for n in range(3000)))
    assert purge(shared, "-f", urls)["objects"] == 20
    assert not any(is_hit(shared, target) for target in targets)


def test_explain_tells_what_a_request_would_meet(shared):
    target = stored(shared, vary="Accept-Language", etag='"e"')
    explained = shared.ctl("cache", "explain", absolute(target), json_output=True).json
    assert explained["outcome"] == "hit" and len(explained["entries"]) == 1
    entry = explained["entries"][0]
    assert entry["selected"] and entry["lifetime_s"] == 600 and entry["etag"] == '"e"'
    other = shared.ctl("cache", "explain", absolute(target), "-H", "Accept-Language: de",
                       json_output=True).json
    assert other["outcome"] != "hit" and not other["entries"][0]["selected"]
    passed = shared.ctl("cache", "explain", absolute(target), "-H",
                        "Cache-Control: no-store", json_output=True).json
    assert passed["plan"] == "pass" and passed["detail"] == "no-store"


def test_what_is_used_most_is_on_top(shared):
    target = stored(shared)
    for _ in range(50):
        shared.get(target)
    top = shared.ctl("cache", "top", "--by", "hits", "--limit", "3", json_output=True).json
    assert any(target in one["url"] for one in top["responses"]), top
    listed = shared.ctl("cache", "list", "--prefix", absolute(target), json_output=True)
    assert listed.code == 0 and target in listed.out


def test_stats_are_kept_by_route(ringwall):
    rw = ringwall(workers=2, route={"name": "site"})
    target = stored(rw)
    for _ in range(3):
        assert is_hit(rw, target)
    rw.get(url("/private", cc="private"))

    def site():
        stats = rw.ctl("cache", "stats", json_output=True).json
        return next(route for route in stats["routes"] if route["route"] == "site")
    wait_until(lambda: site()["hits"] == 3 and site()["requests"] == 5, "all are counted")
    reasons = {r["reason"]: r["requests"] for r in
               rw.ctl("cache", "stats", json_output=True).json["reasons"]}
    assert reasons["private"] == 1 and reasons["uri-miss"] == 1


def test_a_sweep_follows_a_purge_by_a_worker(ringwall):
    """Purges that came as requests are in force at once, and are swept by the master."""
    rw = ringwall(workers=2, cache={"purge_from": ["127.0.0.0/8"]},
                  route={"cache": {"tag_fields": ["Cache-Tag"]}})
    target = stored(rw, field="Cache-Tag: t")
    assert rw.get("/", "PURGE", Cache_Tag="t", Purge="hard").status == 200
    assert not is_hit(rw, target)
    usage = lambda: rw.ctl("cache", "usage", json_output=True).json
    wait_until(lambda: usage()["purges_pending"] == 0, "it is swept")
