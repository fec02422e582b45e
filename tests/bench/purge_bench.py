#!/usr/bin/python3
"""Measures purges of a large cache: what they take, and how long after the command the last purged
response is served. Not a test: prints a line for each purge.

    RINGWALL_BUILD=build tests/bench/purge_bench.py [OBJECTS: 1000000]

Fills the cache with that many objects of 100 bytes; a tenth of them have the tag "many". During each
purge one connection to each worker asks for a purged URL without a pause.
"""
import pathlib
import sys
import threading
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "scenario"))

# pylint: disable=wrong-import-position
from asking import clients_of_different_workers, url  # noqa: E402
from harness import Ringwall  # noqa: E402
from programs import Origin, load, wait_until  # noqa: E402

WORKERS = 2
BULK = 100_000
HOST = "http://localhost"
PLAIN = {"cc": "max-age=86400"}
TAGGED = {"cc": "max-age=86400", "field": "Cache-Tag: many"}


def address(name, number, options):
    return url(f"/b/100/{name}{number}", **options)


class Asker(threading.Thread):
    """Asks for one URL until told to end; remembers when which answer came."""

    def __init__(self, client, target):
        super().__init__(daemon=True)
        self.client, self.target = client, target
        self.seen = []  # (sent, received, the origin's count of the request it is from)
        self.over = False

    def run(self):
        while not self.over:
            sent = time.monotonic()
            answer = self.client.ask(self.target)
            self.seen.append((sent, time.monotonic(), answer.get("X-Count")))

    def newest(self):
        return self.seen[-1][2] if self.seen else None


def measure(rw, name, target, *command):
    """Runs the purge while `target` is asked for, and prints what was seen."""
    rw.get(target)
    askers = [Asker(client, target) for client in clients_of_different_workers(rw, WORKERS).values()]
    for asker in askers:
        asker.start()
    wait_until(lambda: all(len(asker.seen) > 100 for asker in askers), "answers")
    old = askers[0].newest()
    begin = time.monotonic()
    answer = rw.ctl("cache", "purge", *command, json_output=True)
    end = time.monotonic()
    assert answer.code == 0, answer
    wait_until(lambda: all(asker.newest() != old for asker in askers), "another answer")
    for asker in askers:
        asker.over = True
        asker.join()
    stale = [seen for asker in askers for seen in asker.seen if seen[2] == old]
    last = max(received for _, received, _ in stale)
    late = sum(sent > end for sent, _, _ in stale)
    counts = {key: answer.json[key] for key in ("objects", "effective_ms", "counted_ms")}
    print(f"{name}: {counts}; answered after {1000 * (end - begin):.1f} ms, the last old "
          f"response came {1000 * (last - begin):.1f} ms after the command's begin; asked for "
          f"after its answer and old: {late}", flush=True)


def fill(rw, name, objects, options):
    path = address(name, "%d", options)
    begin = time.monotonic()
    result = load(rw.port, path, conns=32, requests=objects, timeout=60)
    assert result["ok"] == objects, result
    print(f"filled {objects} in {time.monotonic() - begin:.0f} s", flush=True)


def bulk(rw, objects):
    """Purges by URL from a file: those that are stored, a tenth of all."""
    listed = rw.dir / "urls"
    listed.write_text("".join(f"{HOST}{address('plain', n, PLAIN)}\n" for n in range(objects)))
    begin = time.monotonic()
    answer = rw.ctl("cache", "purge", "--file", str(listed), json_output=True)
    seconds = time.monotonic() - begin
    assert answer.code == 0, answer
    print(f"{objects} URLs from a file: {answer.json['objects']} objects; {seconds:.2f} s, "
          f"{objects / seconds:.0f} URLs/s", flush=True)


def main():
    objects = int(sys.argv[1]) if len(sys.argv) > 1 else 1_000_000
    origin = Origin()
    route = {"cache": {"tag_fields": ["Cache-Tag"]}}
    settings = {"workers": WORKERS, "cache": {"size": "2GiB", "purge_soft": False}, "route": route}
    try:
        with Ringwall(origin, **settings) as rw:
            fill(rw, "many", objects // 10, TAGGED)
            fill(rw, "plain", objects - objects // 10, PLAIN)
            print(rw.ctl("cache", "usage").out)
            one, tagged = address("plain", 7, PLAIN), address("many", 7, TAGGED)
            measure(rw, "one URL", one, HOST + one)
            measure(rw, f"tag on {objects // 10}", tagged, "--tag", "many")
            bulk(rw, min(BULK, objects // 10))
            measure(rw, "prefix", one, "--prefix", HOST + "/b/100/plain")
            measure(rw, "all", one, "--all")
    finally:
        origin.stop()


if __name__ == "__main__":
    main()
