"""A changed cache.size is brought about by a reload; the cache serves on and keeps what it can."""
import os
import pathlib
import re

from client import content
from programs import failures, wait_until

from a52_upgrade import upgrade

MIB = 1 << 20
FRESH = "cc=max-age=600"
LOAD = [f"/b/{size}/size{n}?{cc}" for n, size in enumerate((10, 3000, 200_000))
        for cc in (FRESH, "cc=no-store")]


def paths(name, count, size=100_000):
    return [f"/b/{size}/{name}{n}?{FRESH}" for n in range(count)]


def fill(rw, targets):
    with rw.client() as client:
        for target in targets:
            assert client.ask(target).status == 200


def stored(rw, targets):
    """Which of the targets are answered from the cache; a miss stores nothing anew."""
    found = []
    with rw.client() as client:
        for target in targets:
            answer = client.ask(target, Cache_Control="only-if-cached")
            if answer.status == 504:
                continue
            assert answer.hit and answer.body == content(target.partition("?")[0])
            found.append(target)
    return found


def usage(rw):
    return rw.ctl("cache", "usage", json_output=True).json


def resize(rw, size, code=0):
    rw.sections["cache"]["size"] = f"{size // MIB}MiB"
    rw.write_config()
    answer = rw.ctl("reload")
    assert answer.code == code, answer
    return answer


def wait_settled(rw, size):
    def settled():
        now = usage(rw)
        return (now["resizing"] == "no" and now["reserved_bytes"] == now["arena_bytes"] == size
                and now)
    return wait_until(settled, f"the cache has its {size >> 20} MiB")


def memory(rw):
    """What the system has charged for the segment."""
    for fd in pathlib.Path(f"/proc/{rw.master}/fd").iterdir():
        try:
            if os.readlink(fd).startswith("/memfd:ringwall-cache"):
                return os.stat(fd).st_blocks * 512
        except OSError:
            continue
    raise AssertionError("the master has no cache")


def test_memory_is_taken_for_the_size_and_little_for_the_largest(ringwall):
    rw = ringwall(cache={"size": "16MiB", "size_max": "1GiB"})
    wait_settled(rw, 16 * MIB)
    assert 16 * MIB < memory(rw) < 34 * MIB
    fill(rw, paths("a", 300))
    assert memory(rw) < 34 * MIB


def test_a_cache_grows_under_load_and_loses_nothing(ringwall):
    rw = ringwall(workers=2, cache={"size": "16MiB", "size_max": "64MiB"})
    wait_settled(rw, 16 * MIB)
    first, second = paths("first", 100), paths("second", 300)
    fill(rw, first)
    before = memory(rw)
    run = rw.begin_load(LOAD, conns=16)
    resize(rw, 64 * MIB)
    wait_settled(rw, 64 * MIB)
    fill(rw, second)
    run.wait_ok(200)
    result = run.finish()
    assert not failures(result), failures(result)
    assert memory(rw) == before + 48 * MIB
    assert stored(rw, first + second) == first + second
    assert usage(rw)["evictions"] == 0
    assert rw.ctl("cache", "verify").code == 0
    assert "cache: grows from 16MiB to 64MiB" in rw.log_text()


def test_a_cache_shrinks_under_load_and_keeps_the_rest(ringwall):
    rw = ringwall(workers=2, cache={"size": "64MiB"})
    wait_settled(rw, 64 * MIB)
    targets = paths("much", 800)
    fill(rw, targets)
    before, objects = memory(rw), usage(rw)["objects"]
    run = rw.begin_load(LOAD, conns=16)
    resize(rw, 40 * MIB)
    wait_settled(rw, 40 * MIB)
    run.wait_ok(200)
    result = run.finish()
    assert not failures(result), failures(result)
    assert memory(rw) == before - 24 * MIB
    # Of 64 MiB 40 are left; a fourth is allowed for what the load has stored and evicted.
    assert len(stored(rw, targets)) > objects * 40 / 64 * 3 / 4
    assert rw.ctl("cache", "verify").code == 0
    assert "cache: shrinks from 64MiB to 40MiB" in rw.log_text()
    removed = rw.wait_log(r"cache: has 40MiB now; (\d+) responses with \d+ bytes were removed")
    assert 0 < int(removed[1]) < objects


def test_a_response_that_is_being_read_is_read_to_its_end(ringwall):
    rw = ringwall(workers=2, cache={"size": "64MiB"})
    wait_settled(rw, 64 * MIB)
    targets = [f"/b/8000000/big{n}?{FRESH}" for n in range(4)]
    fill(rw, paths("small", 10) + targets)
    clients = [rw.client(receive_buffer=4096) for _ in targets]
    for client, target in zip(clients, targets):
        client.request(target)
        client.head()
    resize(rw, 8 * MIB)
    wait_until(lambda: usage(rw)["limbo"] > 0, "what is read was removed")
    now = usage(rw)
    assert now["resizing"] == "shrinking" and now["reserved_bytes"] > 8 * MIB
    assert "shrinking to size" in rw.ctl("cache", "usage").out
    for client, target in zip(clients, targets):
        path = target.partition("?")[0]
        assert client.exactly(8_000_000) == content(path)
        client.close()
    wait_settled(rw, 8 * MIB)
    assert rw.ctl("cache", "verify").code == 0


def test_how_large_a_response_may_be_follows_the_size(ringwall):
    rw = ringwall(cache={"size": "16MiB"})
    one, two, three = paths("large", 3, 3_000_000)
    fill(rw, [one])
    assert stored(rw, [one]) == [one]
    resize(rw, 8 * MIB)
    fill(rw, [two])
    assert stored(rw, [two]) == []
    resize(rw, 16 * MIB)
    fill(rw, [three])
    assert stored(rw, [three]) == [three]


def test_a_change_of_mind_is_followed(ringwall):
    rw = ringwall(workers=2, cache={"size": "64MiB"})
    targets = paths("mind", 100)
    fill(rw, targets)
    run = rw.begin_load(LOAD, conns=8)
    for size in (16, 128, 12, 64):
        resize(rw, size * MIB)
    wait_settled(rw, 64 * MIB)
    run.wait_ok(50)
    result = run.finish()
    assert not failures(result), failures(result)
    stored(rw, targets)
    assert rw.ctl("cache", "verify").code == 0


def test_a_worker_that_dies_meanwhile_is_no_harm(ringwall):
    rw = ringwall(workers=2, cache={"size": "64MiB"})
    run = rw.begin_load(LOAD, conns=8)
    for size in (16, 64, 12, 40):
        fill(rw, paths("dying", 200))
        resize(rw, size * MIB)
        rw.wait_workers(2, [rw.kill_worker()])
        wait_settled(rw, size * MIB)
    run.wait_ok(50)
    result = run.finish()
    assert result["mismatch"] == result["status"] == 0, failures(result)
    assert rw.ctl("cache", "verify").code == 0


def test_what_the_cache_cannot_become_needs_a_restart(ringwall):
    rw = ringwall(cache={"size": "32MiB"})
    target = paths("kept", 1)
    fill(rw, target)
    answer = resize(rw, 65 * MIB, code=7)
    assert re.search(r"needs a restart to take effect: cache\.size$", answer.out, re.M)
    assert "65MiB is more than the 64MiB" in answer.err and "cache.size_max" in answer.err
    rw.sections["cache"]["size_max"] = "128MiB"
    answer = resize(rw, 65 * MIB, code=7)
    assert "cache.size_max" in answer.out
    del rw.sections["cache"]["size_max"]
    answer = resize(rw, 0, code=7)
    assert "begins and ends only with the daemon" in answer.err
    assert usage(rw)["arena_bytes"] == 32 * MIB and usage(rw)["arena_bytes_max"] == 64 * MIB
    assert stored(rw, target) == target
    resize(rw, 64 * MIB)
    wait_settled(rw, 64 * MIB)
    assert stored(rw, target) == target


def test_an_upgrade_goes_on_with_another_size_that_fits(ringwall):
    rw = ringwall(workers=2, cache={"size": "32MiB"})
    targets = paths("upgraded", 50)
    fill(rw, targets)
    rw.sections["cache"]["size"] = "64MiB"
    rw.write_config()
    upgrade(rw)
    wait_settled(rw, 64 * MIB)
    assert stored(rw, targets) == targets
    rw.sections["cache"]["size"] = "65MiB"
    rw.write_config()
    upgrade(rw)
    wait_settled(rw, 65 * MIB)
    assert stored(rw, targets) == []
    assert "the cache starts empty" in rw.log_text()
