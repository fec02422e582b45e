"""What the tests of caching share: URLs with options for the origin, Cache-Status taken apart,
exact requests, many requests at once, and which worker a connection is at."""
import concurrent.futures
import contextlib
import email.utils
import os
import pathlib
import re
import time

from programs import options_query, wait_until

# Cache-Status of RFC 9211: a member of a list, with parameters of RFC 8941.
PARAMETER = re.compile(r';[ ]*([a-z][a-z0-9-]*)(?:=(?:"((?:[^"\\]|\\.)*)"|([A-Za-z0-9:/.*_+-]+)))?')
FORWARDS = {"bypass", "method", "uri-miss", "vary-miss", "miss", "request", "stale", "partial"}


def url(path, **options):
    """A URL with options for the origin."""
    return path + "?" + options_query(options)


def dated(seconds, form="%a, %d %b %Y %H:%M:%S GMT"):
    """The date so many seconds from now."""
    return time.strftime(form, time.gmtime(time.time() + seconds))


def seconds_of(date):
    return email.utils.parsedate_to_datetime(date).timestamp()


class Told:
    """The member of Cache-Status that ringwall added, taken apart and checked for sense."""

    def __init__(self, response):
        lines = response.all("Cache-Status")
        assert lines, f"no Cache-Status: {response}"
        value = lines[-1]
        name = re.match(r"[A-Za-z*][\w.:/!#$%&'*+^`|~-]*", value)
        assert name, value
        rest, self.all = value[name.end():], {}
        while rest:
            match = PARAMETER.match(rest)
            assert match, f"no structured field: {value}"
            quoted, token = match[2], match[3]
            self.all[match[1]] = quoted if quoted is not None else token or True
            rest = rest[match.end():]
        self.cache = name[0]
        self.hit = "hit" in self.all
        self.fwd = self.all.get("fwd")
        self.stored = "stored" in self.all
        self.collapsed = "collapsed" in self.all
        self.detail = self.all.get("detail")
        self.ttl = int(self.all["ttl"]) if "ttl" in self.all else None
        self.status = int(self.all["fwd-status"]) if "fwd-status" in self.all else None
        # RFC 9211 section 2: hit and fwd exclude each other; the rest is about forwarding.
        assert not (self.hit and self.fwd), value
        assert self.fwd is None or self.fwd in FORWARDS, value
        assert self.fwd or not (self.stored or self.collapsed or self.status), value

    def __repr__(self):
        return f"<Cache-Status {self.all}>"


def told(response):
    return Told(response)


def lifetime(response):
    """Freshness lifetime that ringwall counts with: what is left and what has passed."""
    return told(response).ttl + response.age


def peek(rw, target, **fields):
    """What is stored, without anybody asking the origin; 504 where nothing may be used."""
    fields["Cache_Control"] = "only-if-cached"
    return rw.get(target, **fields)


def is_stored(rw, target, **fields):
    return peek(rw, target, **fields).status != 504


def elapse(seconds):
    """Lets lifetimes pass."""
    end = time.monotonic() + seconds
    wait_until(lambda: time.monotonic() >= end, f"{seconds} s pass", seconds + 10)


def exact(rw, target, *lines, method="GET", body=b""):
    """A request with these very field lines."""
    head = [f"{method} {target} HTTP/1.1", "Host: localhost", "Connection: close", *lines]
    return rw.exchange("\r\n".join(head).encode("latin-1") + b"\r\n\r\n" + body, method)


def at_once(jobs):
    """Calls all of the functions in parallel; their results in order, the first error raised."""
    with concurrent.futures.ThreadPoolExecutor(len(jobs)) as pool:
        return [done.result() for done in [pool.submit(job) for job in jobs]]


@contextlib.contextmanager
def clients(rw, n, **more):
    opened = [rw.client(**more) for _ in range(n)]
    try:
        yield opened
    finally:
        for client in opened:
            client.close()


def socket_inode(port, peer):
    """The inode of the end at 127.0.0.1:port of the connection with the local port `peer`."""
    for line in pathlib.Path("/proc/net/tcp").read_text().splitlines()[1:]:
        fields = line.split()
        here, there = (int(f.rpartition(":")[2], 16) for f in fields[1:3])
        if (here, there) == (port, peer) and fields[9] != "0":
            return fields[9]
    return None


def holds(pid, inode):
    for link in pathlib.Path(f"/proc/{pid}/fd").glob("*"):
        with contextlib.suppress(OSError):
            if os.readlink(link) == f"socket:[{inode}]":
                return True
    return False


def worker_of(rw, client):
    """The process that serves a connection."""
    peer = client.socket.getsockname()[1]

    def find():
        inode = socket_inode(rw.port, peer)
        return inode and next((pid for pid in rw.workers() if holds(pid, inode)), None)
    return wait_until(find, "a worker has the connection")


def clients_of_different_workers(rw, n=2):
    """One client at each of n workers; connections are opened until there are such."""
    found, spare = {}, []
    for _ in range(200):
        client = rw.client()
        pid = worker_of(rw, client)
        if pid in found:
            spare.append(client)
        else:
            found[pid] = client
        if len(found) == n:
            break
    for client in spare:
        client.close()
    assert len(found) == n, "all connections went to the same worker"
    return found


def head_of(client, target, **fields):
    """Sends a request and waits for the head of its answer."""
    client.request(target, **fields)
    return client.head()


def follows(rw):
    """Lookups so far that found another's fetch to wait for."""
    return rw.ctl("cache", "usage", json_output=True).json["follows"]
