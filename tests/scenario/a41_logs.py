"""Access log and error log: one line per exchange with its facts, opened anew on USR1."""
import json
import re
import signal

import pytest

from client import BadMessage
from programs import wait_until

FRESH = "cc=max-age=600"
COMBINED = re.compile(
    r'(?P<client>\S+) - - \[(?P<time>[^\]]+)\] "(?P<method>\S+) (?P<target>\S+) HTTP/1\.\d" '
    r'(?P<status>\d+) (?P<bytes>\d+) "(?P<referer>[^"]*)" "(?P<agent>[^"]*)" "(?P<host>[^"]*)" '
    r'(?P<cache>\S+) (?P<backend>\S+) (?P<total>\d+) (?P<connect>-?\d+) (?P<first>-?\d+) '
    r'(?P<end>\S+)\Z')


def lines_of(path, n):
    """Waits until the log has n whole lines and returns them."""
    def enough():
        text = path.read_text() if path.exists() else ""
        return text.splitlines() if text.count("\n") >= n else None
    return wait_until(enough, f"{n} lines in {path.name}")


def logged(ringwall, **log):
    rw = ringwall(workers=1, log={"access_file": "$dir/access.log", **log})
    return rw, rw.dir / "access.log"


def test_a_combined_line_holds_the_facts_of_the_exchange(ringwall, origin):
    rw, path = logged(ringwall)
    rw.get(f"/b/123/log?{FRESH}", Referer="http://r/", User_Agent="tester/1", Host="h.test")
    rw.get(f"/b/123/log?{FRESH}")
    first, second = (COMBINED.match(line) for line in lines_of(path, 2))
    assert first and second, path.read_text()
    assert first["client"] == "127.0.0.1" and first["target"] == f"/b/123/log?{FRESH}"
    assert (first["method"], first["status"], first["bytes"]) == ("GET", "200", "123")
    assert (first["referer"], first["agent"], first["host"]) == ("http://r/", "tester/1", "h.test")
    assert first["cache"] == "miss"
    assert first["backend"] == f"app/127.0.0.1:{origin.port}"
    assert int(first["total"]) >= int(first["first"]) >= 0
    assert first["end"] == "-"
    assert (second["referer"], second["backend"]) == ("-", "-") or second["cache"] == "miss"


def test_a_json_line_is_json_with_the_outcome_of_the_cache(ringwall, origin):
    rw, path = logged(ringwall, format="json")
    for target in (f"/b/50/j?{FRESH}", f"/b/50/j?{FRESH}", "/b/50/k?cc=no-store"):
        rw.get(target, Host="j.test")
    entries = [json.loads(line) for line in lines_of(path, 3)]
    assert [e["cache"] for e in entries][:2] == ["miss", "hit"]
    assert entries[0]["upstream"] == "app" and entries[0]["backend"] == f"127.0.0.1:{origin.port}"
    assert "upstream" not in entries[1]
    for entry in entries:
        assert entry["status"] == 200 and entry["content_bytes"] == 50 and entry["completed"]
        assert entry["host"] == "j.test" and entry["method"] == "GET"
        assert entry["total_us"] >= 0


def test_failed_exchanges_are_logged_too(ringwall):
    rw, path = logged(ringwall, format="json")
    rw.exchange("GET / HTTP/1.1\r\nHost : x\r\n\r\n")
    rw.get("/x?fail=reset")
    with pytest.raises(BadMessage):
        rw.get("/x?fail=cut-body")
    entries = [json.loads(line) for line in lines_of(path, 3)]
    assert [e["status"] for e in entries] == [400, 502, 200]
    assert not entries[2]["completed"]
    assert all(e.get("error") for e in entries[1:])


def test_a_client_that_left_is_logged(ringwall, origin):
    rw, path = logged(ringwall, format="json")
    with rw.client() as client:
        client.request("/b/50000/left?cc=no-store&half=left")
        origin.wait_waiting("left")
        client.reset()
    entry = json.loads(lines_of(path, 1)[0])
    assert entry["target"].startswith("/b/50000/left") and not entry["completed"]


def test_what_a_client_sends_cannot_forge_a_line(ringwall):
    for kind in ("combined", "json"):
        rw, path = logged(ringwall, format=kind)
        rw.get('/b/1/"x"?a=\\', User_Agent='a" 200 "\xff\\', Referer="\t-")
        line = lines_of(path, 1)[0]
        assert len(lines_of(path, 1)) == 1
        assert COMBINED.match(line) if kind == "combined" else json.loads(line)


@pytest.mark.parametrize("how", ["USR1", "ctl"])
def test_logs_are_opened_anew_after_a_rename_and_no_line_is_lost(ringwall, how):
    rw, path = logged(ringwall, error_file="$dir/own-error.log")
    rw.get("/b/1/before")
    old = path.rename(rw.dir / "access.log.1")
    old_errors = (rw.dir / "own-error.log").rename(rw.dir / "own-error.log.1")
    if how == "USR1":
        rw.send_signal(signal.SIGUSR1)
    else:
        assert rw.ctl("log", "reopen").code == 0
    wait_until(path.exists, "the log is made anew")

    def lands():
        rw.get("/b/1/after")
        return path.read_text()
    wait_until(lands, "lines land in the new log")
    # A line that was still gathered may go to either, but to one.
    assert (old.read_text() + path.read_text()).count("/b/1/before") == 1
    assert (rw.dir / "own-error.log").exists() and old_errors.exists()


def test_no_line_is_lost_under_load(ringwall):
    rw = ringwall(workers=2, log={"access_file": "$dir/access.log"})
    result = rw.load(f"/b/100/x?{FRESH}", conns=16, requests=5000)
    assert result["ok"] == 5000
    lines = lines_of(rw.dir / "access.log", 5000)
    assert len(lines) == 5000 and all(COMBINED.match(line) for line in lines)


def test_lines_that_wait_are_written_before_the_end(ringwall):
    rw = ringwall(workers=2, log={"access_file": "$dir/access.log"})
    for n in range(20):
        rw.get(f"/b/1/end{n}")
    path = rw.dir / "access.log"
    clean, rw.clean = rw.clean, lambda: None
    rw.stop()
    assert len(path.read_text().splitlines()) == 20
    clean()


def test_the_error_log_keeps_to_its_level(ringwall):
    rw = ringwall(workers=1, log={"level": "error"})
    rw.get("/x?fail=reset")
    rw.reload()
    assert not re.search(r"(?i)\b(notice|info|debug)\b", rw.log_text()), rw.log_text()
