"""A slow reader or writer costs a bounded buffer, never the body."""
import pathlib

from client import content
from programs import wait_until

SIZE = 60_000_000


def anonymous(pids):
    """Private memory of processes: what buffers would show in."""
    total = 0
    for pid in pids:
        for line in pathlib.Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines():
            if line.startswith("Anonymous:"):
                total += int(line.split()[1]) * 1024
    return total


def stalled(value):
    """Waits until value() has not changed for a while, and returns it."""
    last = [value(), 0]

    def still():
        now = value()
        last[1] = last[1] + 1 if now == last[0] else 0
        last[0] = now
        return last[1] >= 60
    wait_until(still, "it comes to a stand")
    return last[0]


def test_readers_that_stop_cost_a_bounded_buffer_each(ringwall, origin):
    rw = ringwall(workers=1)
    rw.get("/b/3000000/warm?cc=no-store")
    before = anonymous(rw.workers())
    clients = [rw.client(receive_buffer=4096) for _ in range(8)]
    for n, client in enumerate(clients):
        client.request(f"/b/{SIZE}/slow{n}?cc=no-store")
        client.head()
    after = stalled(lambda: anonymous(rw.workers()))
    assert after - before < 8 * (4 << 20), "buffered much more than a few chunks each"
    assert rw.get("/b/1000/other").status == 200
    path = f"/b/{SIZE}/slow0"
    assert clients[0].exactly(1 << 20) == content(path, 1 << 20)
    for client in clients:
        client.reset()
    wait_until(lambda: origin.stats()["open"] <= 1, "the exchanges are given up")


def test_an_upload_to_a_slow_origin_is_held_back(ringwall, origin):
    rw = ringwall(workers=1)
    rw.get("/b/1000/warm")
    before = anonymous(rw.workers())
    with rw.client() as client:
        # The origin answers first and reads the content only when the gate opens.
        client.request("/b/10/upload?early=1&gate=upload", "POST", Content_Length=SIZE)
        origin.wait_waiting("upload")
        client.socket.setblocking(False)
        sent = [0]

        def push():
            try:
                sent[0] += client.socket.send(b"x" * 262_144)
            except BlockingIOError:
                pass
            return sent[0]
        stalled(push)
        assert sent[0] < SIZE, "ringwall took the whole body from the client"
        assert anonymous(rw.workers()) - before < 8 << 20
        origin.open("upload")


def test_a_slow_reader_of_a_stored_answer_gets_it_whole(ringwall):
    rw = ringwall(workers=1, cache={"size": "64MiB"})
    path = "/b/8000000/stored-slow"
    rw.get(f"{path}?cc=max-age=60")
    with rw.client(receive_buffer=4096) as client:
        client.request(f"{path}?cc=max-age=60")
        assert client.head().hit
        body = b"".join(client.exactly(50_000) for _ in range(160))
    assert body == content(path)
