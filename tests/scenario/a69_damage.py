"""A damaged cache segment is found, never trusted again, and replaced; a sound one is kept whatever
befalls the workers."""
import functools
import mmap
import os
import pathlib
import re
import signal
import struct

import pytest

from client import content
from programs import failures, wait_until

FRESH = "cc=max-age=600"
COUNT = 40
PATHS = [f"/b/2000/d%d?{FRESH}", f"/b/70000/e%d?{FRESH}"]
HEAD = 120  # bytes of an entry before its key
NODE, CHAIN, STATE = 0, 8, 48  # of them: list links, next of the bucket, state and list
MUTEX_KIND = struct.pack("<i", 0x90)  # robust and shared between processes
LIVE = 3  # of the states
LOCK_BYTES = 64 + 92 * 16


@pytest.fixture(name="ringwall")
def fixture_ringwall(ringwall):
    """With workers whose faults on damaged memory are faults under a sanitizer too, not reports."""
    options = "detect_leaks=1:exitcode=99:abort_on_error=0:handle_segv=0:handle_sigbus=0"
    return functools.partial(ringwall, env={"ASAN_OPTIONS": options})


class Segment:
    """The memory that all workers share, as its master has it open."""

    def __init__(self, rw):
        self.inodes = set()
        for file in pathlib.Path(f"/proc/{rw.master}/fd").iterdir():
            try:
                if "memfd:ringwall-cache" not in os.readlink(file):
                    continue
                fd = os.open(file, os.O_RDWR)
            except FileNotFoundError:  # closed meanwhile
                continue
            self.inodes.add(os.fstat(fd).st_ino)
            self.memory = mmap.mmap(fd, 0)
            os.close(fd)
        assert len(self.inodes) == 1

    def entries(self, word):
        """Where the live entries begin whose key holds the word (free memory holds old ones)."""
        at, found = self.memory.find(word), []
        while at >= 0:
            for start in range(at // 64 * 64, at - 2048, -64):
                if self.memory[start + HEAD:start + HEAD + 4] == b"http":
                    if self.memory[start + STATE] == LIVE:
                        found.append(start)
                    break
            at = self.memory.find(word, at + 1)
        return found

    def write(self, at, data):
        self.memory[at:at + len(data)] = data

    def shards(self):
        """Where shards begin: a lock, then three lists whose sentinels name themselves."""
        found = []
        for at in range(4096, len(self.memory) - 4096, 64):
            if self.memory[at + 16:at + 20] != MUTEX_KIND:
                continue
            limbo = (at + LOCK_BYTES) // 64 + 2
            if self.memory[limbo * 64:limbo * 64 + 8] == struct.pack("<II", limbo, limbo):
                found.append(at)
        return found


def inode_of(rw):
    return Segment(rw).inodes


def fill(rw):
    for n in range(COUNT):
        assert rw.get(f"/b/2000/d{n}?{FRESH}").body == content(f"/b/2000/d{n}")


def damage(rw):
    """Breaks the list links of some entries: any walk that trusts them leaves the segment."""
    segment = Segment(rw)
    entries = segment.entries(b"/b/2000/d")
    assert len(entries) >= COUNT
    for at in entries[::4]:
        segment.write(at + NODE, struct.pack("<II", 0x7fffffff, 0x7ffffff0))


def expect_no_hit(rw, n):
    answer = rw.get(f"/b/2000/d{n}?{FRESH}")
    assert answer.status == 200 and answer.body == content(f"/b/2000/d{n}")
    return not answer.hit


def expect_hits_again(rw):
    fill(rw)
    for n in range(COUNT):
        answer = rw.get(f"/b/2000/d{n}?{FRESH}")
        assert answer.hit and answer.body == content(f"/b/2000/d{n}")
    verified = rw.ctl("cache", "verify", json_output=True)
    assert verified.code == 0, verified
    assert verified.json["breaches"] == [] and verified.json["segment"] == "kept"


def given_up(rw):
    text = rw.ctl("metrics").out
    return {m[1]: int(m[2]) for m in re.finditer(
        r'(?m)^ringwall_cache_segments_given_up_total\{cause="(\w+)"\} (\d+)', text)}


def settled(rw):
    """Nobody starts or drains any more."""
    wait_until(lambda: len(rw.worker_list()) == len(rw.workers()) == 2, "two workers serve, no others")


def crash(rw, pid=None):
    rw.deaths_expected = True
    pid = pid or rw.workers()[0]
    os.kill(pid, signal.SIGSEGV)
    return pid


def checks(rw):
    return int(re.search(r'(?m)^ringwall_cache_checks_total\{verdict="sound"\} (\d+)',
                         rw.ctl("metrics").out)[1])


def test_verify_finds_damage_and_another_segment_takes_its_place(ringwall):
    rw = ringwall(workers=2)
    fill(rw)
    before, workers = inode_of(rw), rw.workers()
    damage(rw)
    verified = rw.ctl("cache", "verify", json_output=True)
    assert verified.code == 1, verified
    assert verified.json["segment"] == "replaced" and verified.json["breaches"]
    assert inode_of(rw) != before
    rw.wait_workers(2, workers)
    assert "the segment is damaged and is replaced" in rw.log_text()
    assert given_up(rw) == {"damage": 1, "crashes": 0}
    stats = rw.ctl("cache", "stats", json_output=True).json
    assert stats["segments_given_up"] == 1
    assert stats["stored"] >= COUNT, "numbers go on"
    assert expect_no_hit(rw, 1)
    expect_hits_again(rw)


def test_damage_under_load_costs_no_request(ringwall):
    # So large that nothing is evicted meanwhile.
    rw = ringwall(workers=2, cache={"size": "256MiB"})
    fill(rw)
    paths = PATHS + ["/b/3000/f%d?cc=no-store"]
    before, old = inode_of(rw), rw.workers()
    run = rw.begin_load(paths, conns=4, close=5)
    # Entries that nobody asks for meanwhile: what is asked for would crash who follows its links.
    segment = Segment(rw)
    for at in segment.entries(b"/b/2000/d3")[:1]:
        segment.write(at + STATE + 3, b"\xff")  # shape: says nonsense of where its content lies
        segment.write(at + NODE + 4, struct.pack("<I", 0x7ffffff0))
    assert rw.ctl("cache", "verify").code == 1
    run.wait_ok(500)
    rw.wait_workers(2, old)
    result = run.finish()
    assert result["mismatch"] == 0 and not failures(result), failures(result)
    assert inode_of(rw) != before
    expect_hits_again(rw)


def test_a_fault_of_a_worker_has_the_segment_checked(ringwall):
    rw = ringwall(workers=2)
    fill(rw)
    before, old = inode_of(rw), rw.workers()
    run = rw.begin_load([f"/b/3000/x%d?{FRESH}"], conns=16, close=5)
    damage(rw)
    crash(rw, old[0])
    rw.wait_log("the segment is damaged and is replaced")
    run.wait_ok(500)
    rw.wait_workers(2, old)
    result = run.finish()
    assert result["mismatch"] == result["status"] == result["timeout"] == result["connect"] == 0, result
    # What the crashed workers had under way; the damage may crash the other too.
    assert result["reset"] + result["lost"] + result["broken"] <= 16 * 4, result
    assert inode_of(rw) != before
    assert given_up(rw)["damage"] == 1
    expect_hits_again(rw)


def test_what_may_be_damaged_is_not_followed_by_the_master(ringwall):
    """The dead worker's part of the cache is found by following these links."""
    rw = ringwall(workers=2)
    fill(rw)
    before, old = inode_of(rw), rw.workers()
    segment = Segment(rw)
    for at in segment.entries(b"/b/2000/d"):
        segment.write(at + CHAIN, struct.pack("<I", 0x7fffffff))
    crash(rw, old[0])
    rw.wait_log("the segment is damaged and is replaced")
    rw.wait_workers(2, old)
    assert rw.process.poll() is None
    assert inode_of(rw) != before
    settled(rw)
    expect_hits_again(rw)


def test_a_fault_without_damage_keeps_the_cache(ringwall, origin):
    rw = ringwall(workers=2)
    fill(rw)
    before, asked = inode_of(rw), origin.stats()["requests"]
    for n in range(2):
        gone = crash(rw)
        rw.wait_workers(2, [gone])
        wait_until(lambda n=n: checks(rw) > n, "the segment was checked")
    assert inode_of(rw) == before
    for n in range(COUNT):
        answer = rw.get(f"/b/2000/d{n}?{FRESH}")
        assert answer.hit and answer.body == content(f"/b/2000/d{n}")
    assert origin.stats()["requests"] == asked
    assert given_up(rw) == {"damage": 0, "crashes": 0}


def test_a_kill_has_nothing_checked(ringwall):
    rw = ringwall(workers=2)
    gone = rw.kill_worker()
    rw.wait_workers(2, [gone])
    assert rw.ctl("cache", "verify").code == 0
    assert checks(rw) == 1  # the one that was asked for


def test_repeated_faults_empty_the_cache_once_as_a_precaution(ringwall):
    rw = ringwall(workers=2)
    fill(rw)
    before = inode_of(rw)
    for _ in range(3):
        gone = crash(rw)
        rw.wait_workers(2, [gone])
    rw.wait_log("as a precaution")
    wait_until(lambda: given_up(rw) == {"damage": 0, "crashes": 1}, "the segment is given up")
    wait_until(lambda: inode_of(rw) != before, "another segment")
    settled(rw)
    expect_hits_again(rw)
    kept, checked = inode_of(rw), checks(rw)
    for _ in range(3):
        gone = crash(rw)
        rw.wait_workers(2, [gone])
    wait_until(lambda: checks(rw) > checked, "the segment was checked")
    assert rw.ctl("cache", "verify").code == 0
    assert inode_of(rw) == kept


def test_damage_that_comes_back_switches_the_cache_off(ringwall, origin):
    rw = ringwall(workers=2)
    for outcome in ("replaced", "replaced", "replaced", "off"):
        old = rw.workers()
        fill(rw)
        damage(rw)
        verified = rw.ctl("cache", "verify", json_output=True)
        assert verified.code == 1 and verified.json["segment"] == outcome, verified
        rw.wait_workers(2, old)
    assert "switched off" in rw.log_text()
    asked = origin.stats()["requests"]
    for _ in range(2):
        assert expect_no_hit(rw, 1)
    assert origin.stats()["requests"] == asked + 2
    assert rw.ctl("cache", "verify").code == 5
    assert rw.ctl("cache", "purge", "--all").code == 5
    assert rw.ctl("reload").code == 0
    assert expect_no_hit(rw, 1)


def test_a_lock_that_a_living_process_holds_is_waited_for(ringwall):
    """As if a stopped process held it: no damage while it may come back."""
    rw = ringwall(workers=2)
    fill(rw)
    segment, before = Segment(rw), inode_of(rw)
    shards = segment.shards()
    assert shards
    for at in shards:
        segment.write(at, struct.pack("<I", os.getpid()))
    assert expect_no_hit(rw, 1)
    crash(rw)
    rw.wait_log(r"signal 11")
    # The first look has begun, and ends without an answer.
    wait_until(lambda: any("checker" in line for line in rw.children().values()), "a checker looks")
    wait_until(lambda: not any("checker" in line for line in rw.children().values()), "it has ended")
    for at in shards:
        segment.write(at, struct.pack("<I", 0))
    wait_until(lambda: checks(rw) == 1, "the segment was checked")
    assert inode_of(rw) == before
    assert not expect_no_hit(rw, 1)


def test_checks_under_load_find_nothing_and_cost_nothing(ringwall):
    rw = ringwall(workers=2, cache={"size": "16MiB"})
    run = rw.begin_load(PATHS + [f"/b/300000/g%d?{FRESH}", "/b/9000/h%d?cc=no-store"], conns=24, abort=10)
    before = inode_of(rw)
    for _ in range(30):
        verified = rw.ctl("cache", "verify")
        assert verified.code == 0, verified
    result = run.finish()
    assert result["mismatch"] == result["status"] == result["broken"] == 0, result
    assert inode_of(rw) == before
    assert "damage found" not in rw.log_text()


def test_an_upgrade_takes_no_damaged_segment_over_for_long(ringwall):
    rw = ringwall(workers=2)
    fill(rw)
    before = inode_of(rw)
    damage(rw)
    rw.send_signal(signal.SIGUSR2)
    line = rw.notify.wait("MAINPID=", lambda: True)
    old, rw.master = rw.master, int(line.partition("=")[2])
    wait_until(lambda: rw.process.poll() is not None, f"the old master {old} has ended", 40)
    rw.deaths_expected = True  # who meets the damage first
    rw.wait_log("the segment is damaged and is replaced")
    wait_until(lambda: given_up(rw)["damage"] == 1 and inode_of(rw) != before, "another segment")
    settled(rw)
    expect_hits_again(rw)
