"""The cache filled by its operator: cache snapshot, which outlives the daemon, and cache warm."""
import itertools
import json
import os
import pathlib
import signal
import stat
import subprocess

from asking import told, url
from client import content
from programs import CTL, failures, free_port, wait_until

SETTINGS = {"workers": 2, "route": {"cache": {"tag_fields": ["Cache-Tag"]}}}
serial = itertools.count()


def target_of(size=1000, **options):
    return url(f"/b/{size}/s{next(serial)}", **{"cc": "max-age=600", "etag": '"e"', **options})


def stored(rw, size=1000, **options):
    """The target of a response that is stored now."""
    target = target_of(size, **options)
    assert told(rw.get(target)).stored
    return target


def snapshot(rw, verb, path, *options, code=0):
    done = rw.ctl("cache", "snapshot", verb, *options, path, json_output=True)
    assert done.code == code, done
    return done.json if code == 0 else done.json["error"]


def save(rw, path, **more):
    return snapshot(rw, "save", path, **more)


def load(rw, path, *options, **more):
    return snapshot(rw, "load", path, *options, **more)


def restart(rw):
    """The same daemon anew, with an empty cache."""
    rw.send_signal(signal.SIGQUIT)
    wait_until(rw.ended, "the daemon ends")
    rw.notify.socket.close()
    rw.write_config()
    rw.start()
    assert rw.ctl("cache", "usage", json_output=True).json["objects"] == 0


def serves(rw, target, **fields):
    answer = rw.get(target, **fields)
    assert answer.body == content(target)
    return told(answer).hit


def purge_all(rw):
    rw.ctl("cache", "purge", "--all")


def test_a_restart_keeps_what_was_stored(ringwall, origin, tmp_path):
    rw = ringwall(**SETTINGS)
    sizes = (0, 1, 1000, 300_000, 3_000_000)
    targets = [stored(rw, size, field="Cache-Tag: t") for size in sizes]
    saved = save(rw, tmp_path / "snap")
    assert saved["responses"] == len(sizes) and saved["gone"] == 0
    assert saved["bytes"] > sum(sizes) and saved["took_ms"] > 0
    assert saved["file_bytes"] == (tmp_path / "snap").stat().st_size
    restart(rw)
    asked = len(origin.log())
    loaded = load(rw, tmp_path / "snap")
    assert loaded["responses"] == len(sizes) and loaded["bytes"] == saved["bytes"], loaded
    assert loaded["damage"] == "" and loaded["present"] == loaded["no_room"] == 0
    assert all(serves(rw, target) for target in targets)
    assert len(origin.log()) == asked, "the first requests are hits"
    assert rw.ctl("cache", "verify").code == 0
    # Tags mean the same in the new cache.
    assert rw.ctl("cache", "purge", "--tag", "t", "--hard", json_output=True).json["objects"] == 5
    assert not serves(rw, targets[2])


def test_groups_variants_and_slices_come_back(ringwall, origin, tmp_path):
    rw = ringwall(**SETTINGS)
    group = stored(rw, field='Cache-Groups: "g"')
    variant = target_of(vary="Accept-Language")
    for language in ("de", "en"):
        rw.get(variant, Accept_Language=language)
    large = target_of(5_000_000)
    part = rw.get(large, Range="bytes=2000000-2000099")
    assert part.status == 206 and part.body == content(large)[2_000_000:2_000_100]
    wait_until(lambda: rw.ctl("cache", "usage", json_output=True).json["filling"] == 0, "stored")
    saved = save(rw, tmp_path / "snap")
    restart(rw)
    assert load(rw, tmp_path / "snap")["responses"] == saved["responses"]
    asked = len(origin.log())
    part = rw.get(large, Range="bytes=2000000-2000099")
    assert part.status == 206 and part.body == content(large)[2_000_000:2_000_100]
    assert told(part).hit
    assert all(serves(rw, variant, Accept_Language=language) for language in ("de", "en"))
    assert len(origin.log()) == asked
    assert not serves(rw, variant, Accept_Language="fr")
    done = rw.ctl("cache", "purge", "--group", "g", "--origin", "http://localhost",
                  json_output=True)
    assert done.json["objects"] == 1 and not serves(rw, group)


def test_a_smaller_cache_takes_what_was_used_last(ringwall, tmp_path):
    rw = ringwall(**SETTINGS)
    targets = [stored(rw, 100_000) for _ in range(60)]
    save(rw, tmp_path / "snap")
    rw.sections["cache"]["size"] = "4MiB"
    restart(rw)
    loaded = load(rw, tmp_path / "snap")
    assert 20 < loaded["responses"] < 45 and loaded["no_room"] > 0, loaded
    assert rw.ctl("cache", "usage", json_output=True).json["evictions"] == 0
    assert serves(rw, targets[-1]) and not serves(rw, targets[0])


def test_what_the_cache_has_stays_and_a_second_load_changes_nothing(shared, tmp_path):
    purge_all(shared)
    old, other = stored(shared), stored(shared)
    save(shared, tmp_path / "snap")
    shared.ctl("cache", "purge", f"http://localhost{old}")
    assert told(shared.get(old)).stored
    assert load(shared, tmp_path / "snap")["present"] == 2
    younger = shared.get(old)
    assert told(younger).hit and younger.get("X-Count") == "2", "not the saved one"
    purge_all(shared)
    assert load(shared, tmp_path / "snap")["responses"] == 2
    again = load(shared, tmp_path / "snap")
    assert again["responses"] == 0 and again["present"] == 2
    assert serves(shared, other)


def test_softly_loaded_responses_are_validated(shared, tmp_path):
    purge_all(shared)
    target = stored(shared)
    save(shared, tmp_path / "snap")
    purge_all(shared)
    assert load(shared, tmp_path / "snap", "--soft")["responses"] == 1
    answer = told(shared.get(target))
    assert answer.status == 304 and answer.fwd == "stale"
    assert serves(shared, target)


def test_the_file_is_private_and_there_as_a_whole_or_not_at_all(shared, tmp_path):
    stored(shared)
    path = tmp_path / "snap"
    path.write_text("older")
    path.chmod(0o644)
    save(shared, path)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert os.listdir(tmp_path) == ["snap"], "no other file is left"
    error = save(shared, tmp_path / "none" / "snap", code=1)
    assert "none" in error["message"]
    assert save(shared, tmp_path, code=1), "a directory"
    gone = tmp_path / "late"
    limited = subprocess.run([CTL, "--socket", tmp_path / "no.sock", "cache", "snapshot", "save",
                              gone], capture_output=True, check=False)
    assert limited.returncode == 3 and os.listdir(tmp_path) == ["snap"]


def test_only_administrators_read_and_write_it(shared, tmp_path):
    """Nor may a user have the daemon open for him what he cannot open himself."""
    if os.geteuid() != 0:
        return
    stored(shared)
    save(shared, tmp_path / "snap")
    for path in [tmp_path, *tmp_path.parents]:
        if path != pathlib.Path("/"):
            path.chmod(path.stat().st_mode | 0o055)
    shared.socket_path.chmod(0o666)

    def as_nobody(verb, path):
        return subprocess.run([CTL, "--socket", shared.socket_path, "cache", "snapshot", verb, path],
                              capture_output=True, text=True, check=False, user=65534, group=65534)
    denied = as_nobody("load", tmp_path / "snap")
    assert denied.returncode == 1 and "Permission denied" in denied.stderr, denied
    (tmp_path / "snap").chmod(0o644)
    refused = as_nobody("load", tmp_path / "snap")
    assert refused.returncode == 5 and "admin" in refused.stderr, refused
    (tmp_path / "open").mkdir()
    (tmp_path / "open").chmod(0o777)
    refused = as_nobody("save", tmp_path / "open" / "snap")
    assert refused.returncode == 5 and not os.listdir(tmp_path / "open"), refused


def test_a_damaged_file_is_told_and_its_sound_part_loaded(shared, tmp_path):
    purge_all(shared)
    targets = [stored(shared, 50_000) for _ in range(10)]
    path, whole = tmp_path / "snap", tmp_path / "whole"
    save(shared, whole)
    data = whole.read_bytes()

    def load_bytes(changed, code):
        purge_all(shared)
        path.write_bytes(changed)
        return load(shared, path, code=code)
    cut = load_bytes(data[:len(data) // 2], 7)
    assert "cut off" in cut["message"] and 3 <= cut["data"]["responses"] <= 6
    assert serves(shared, targets[-1])
    assert "cut off" in load_bytes(data[:-1], 7)["message"]
    flipped = bytearray(data)
    flipped[len(data) // 2] ^= 1
    damaged = load_bytes(bytes(flipped), 7)
    assert "damaged" in damaged["message"] and 3 <= damaged["data"]["responses"] <= 6
    for target in targets:
        serves(shared, target)  # with the right body
    assert "no snapshot" in load_bytes(b"GIF89a" + data[6:], 1)["message"]
    assert "version" in load_bytes(data[:8] + b"\x09" + data[9:], 1)["message"]
    assert "no snapshot" in load_bytes(b"", 1)["message"]
    assert "No such file" in load(shared, tmp_path / "none", code=1)["message"]
    assert load(shared, "/dev/null", code=2)
    assert shared.ctl("cache", "verify").code == 0


def test_requests_are_served_while_it_is_saved_and_loaded(ringwall, origin, tmp_path):
    rw = ringwall(**SETTINGS)
    targets = [stored(rw, 20_000) for _ in range(100)]
    run = rw.begin_load([target_of(10_000) for _ in range(300)], conns=4)
    for n in range(5):
        assert save(rw, tmp_path / f"snap{n}")["responses"] >= 100
        purge_all(rw)
        assert load(rw, tmp_path / f"snap{n}")["responses"] >= 50
    assert not failures(run.finish())
    assert rw.ctl("cache", "verify").code == 0
    rw.wait_log("loaded")
    assert sum(serves(rw, target) for target in targets) >= 50


def test_one_at_a_time_and_a_stop_ends_it(ringwall, tmp_path):
    rw = ringwall(workers=1, cache={"size": "256MiB"})
    for _ in range(20):
        stored(rw, 8_000_000)
    path = tmp_path / "snap"
    command = [CTL, "--socket", rw.socket_path, "cache", "snapshot", "save"]
    with subprocess.Popen([*command, path], stderr=subprocess.PIPE, text=True) as first:
        refused = wait_until(lambda: first.poll() is not None or
                             "another" in rw.ctl("cache", "snapshot", "save",
                                                 tmp_path / "other").err, "the second is refused")
        assert refused
        rw.send_signal(signal.SIGTERM)
        first.wait(20)
    rw.stop()
    assert not list(tmp_path.glob("snap.*")), "nothing half-done is left"


def test_without_a_cache_there_is_nothing_to_save(ringwall, tmp_path):
    rw = ringwall(cache={"size": 0})
    assert "no cache" in save(rw, tmp_path / "snap", code=5)["message"]
    assert not os.listdir(tmp_path)


def warm(rw, *args, code=0):
    done = rw.ctl("cache", "warm", *args, json_output=True)
    assert done.code == code, done
    return done.json if code == 0 else done.json["error"]["data"]


def absolute(target):
    return f"http://localhost{target}"


def url_list(tmp_path, urls):
    path = tmp_path / "list"
    path.write_text("# pages\n\n" + "".join(u + "\n" for u in urls))
    return path


def test_warmed_urls_are_hits(shared, origin, tmp_path):
    targets = [target_of(n * 5000) for n in range(30)]
    report = warm(shared, "-f", url_list(tmp_path, map(absolute, targets)), "--rate", "1000")
    assert report["stored"] == 30 and report["failed"] == 0 and report["problems"] == [], report
    assert report["bytes"] == sum(n * 5000 for n in range(30))
    asked = len(origin.log())
    assert all(serves(shared, target) for target in targets)
    assert len(origin.log()) == asked
    again = warm(shared, "-f", url_list(tmp_path, map(absolute, targets)), "--rate", "1000")
    assert again["fresh"] == 30 and again["stored"] == 0 and len(origin.log()) == asked


def test_warming_says_what_came_to_nothing(shared):
    good, private = target_of(), target_of(cc="private")
    missing, broken = target_of(status=404, cc="no-store"), target_of(status=503, cc="no-store")
    report = warm(shared, *map(absolute, (good, private, missing, broken)), "https://localhost/x",
                  "ftp://localhost/", "-H", "Accept-Language: de", code=7)
    counts = {name: report[name] for name in
              ("stored", "fresh", "uncacheable", "failed", "no_route", "wrong")}
    assert counts == {"stored": 1, "fresh": 0, "uncacheable": 2, "failed": 1, "no_route": 1,
                      "wrong": 1}, report
    why = {problem["url"]: problem["why"] for problem in report["problems"]}
    assert why[absolute(private)] == "private" and "503" in why[absolute(broken)], why
    assert "https" in why["https://localhost/x"] and "no URL" in why["ftp://localhost/"]
    assert serves(shared, good)
    assert shared.ctl("cache", "warm", absolute(good), "-H", "no field").code == 2
    assert shared.ctl("cache", "warm", absolute(good), "--rate", "0").code == 2
    assert shared.ctl("cache", "warm").code == 2


def test_a_variant_is_warmed_by_its_fields(shared):
    target = target_of(vary="Accept-Language")
    warm(shared, absolute(target), "-H", "Accept-Language: de")
    assert serves(shared, target, Accept_Language="de")
    assert not serves(shared, target, Accept_Language="en")


def test_warming_keeps_to_its_rate(shared, tmp_path):
    urls = url_list(tmp_path, [absolute(target_of()) for _ in range(40)])
    report = warm(shared, "-f", urls, "--rate", "20")
    assert report["stored"] == 40 and 1900 < report["took_ms"] < 6000, report


def test_warming_is_no_request_of_a_client(ringwall):
    rw = ringwall(workers=2, log={"access_file": "$dir/access.log"}, route={"name": "site"})
    report = warm(rw, *(absolute(target_of()) for _ in range(3)))
    assert report["stored"] == 3
    stats = rw.ctl("cache", "stats", json_output=True).json
    assert stats["all"]["requests"] == 0 and stats["stored"] == 3
    assert rw.get(target_of()).status == 200
    wait_until(lambda: (rw.dir / "access.log").read_text().count("\n") == 1, "one line, the client's")


def test_what_is_asked_for_seldom_is_warmed_too(ringwall):
    rw = ringwall(workers=1, route={"cache": {"min_uses": 3}})
    target = target_of()
    assert warm(rw, absolute(target))["stored"] == 1
    assert serves(rw, target)


def test_an_origin_that_is_gone_is_told(ringwall, tmp_path):
    rw = ringwall(free_port())
    report = warm(rw, "-f", url_list(tmp_path, [absolute(target_of()) for _ in range(50)]),
                  "--rate", "1000", code=7)
    assert report["failed"] == 50 and len(report["problems"]) == 20, report
    assert all(problem["why"] for problem in report["problems"])


def test_a_url_without_a_route_is_told(ringwall):
    rw = ringwall(route={"host": "localhost"})
    report = warm(rw, "http://other.test/x", code=7)
    assert report["no_route"] == 1 and report["problems"][0]["why"] == "no-route"


def test_a_worker_that_dies_meanwhile_is_made_up_for(ringwall, origin):
    rw = ringwall(workers=1)
    target = target_of(gate="late")
    command = [CTL, "--socket", rw.socket_path, "--json", "cache", "warm", absolute(target)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as warming:
        origin.wait_waiting("late")
        killed = rw.kill_worker()
        rw.wait_workers(1, gone=[killed])
        wait_until(lambda: origin.count(target) >= 2, "it is requested again")
        origin.open("late")
        out, _ = warming.communicate(timeout=20)
    assert warming.returncode == 0 and json.loads(out)["stored"] == 1, out
    assert serves(rw, target)


def test_warming_ends_with_its_client(ringwall, origin, tmp_path):
    rw = ringwall(workers=1)
    urls = url_list(tmp_path, [absolute(target_of(n=n)) for n in range(500)])
    command = [CTL, "--socket", rw.socket_path, "cache", "warm", "-f", urls, "--rate", "20"]
    with subprocess.Popen(command) as warming:
        wait_until(lambda: len(origin.log()) >= 3, "it has begun")
        warming.terminate()
    rw.wait_log("warmed the cache")
    assert len(origin.log()) < 250
