"""Every byte of thousands of real files is the same behind ringwall as before it."""
import hashlib
import random
import subprocess

import pytest

from programs import LONG, Nginx, failures, load

SIZES = [0, 1, 2, 15, 16, 17, 255, 511, 512, 513, 1023, 1024, 4095, 4096, 4097, 16_383, 16_384,
         65_535, 65_536, 65_537, 131_072, 262_144, 1_000_000, 3_000_000]


@pytest.fixture(scope="module")
def nginx():
    chance = random.Random(20240501)
    sizes = SIZES + [int(2 ** chance.uniform(0, 17)) for _ in range(4000 if LONG else 2000)]
    sizes += [5_000_000, 9_999_999] + ([100_000_000] if LONG else [])
    origin = Nginx(sizes)
    yield origin
    origin.stop()


def plain(paths):
    """The same files where nginx says nothing about their freshness: not cached."""
    return ["/plain" + path for path in paths]


@pytest.mark.parametrize("workers", [1, 2, 8])
@pytest.mark.parametrize("cached", [True, False])
def test_every_file_is_identical(ringwall, nginx, workers, cached):
    rw = ringwall(nginx, workers=workers, cache={"size": "64MiB" if cached else 0})
    for n in range(2 if cached else 1):
        result = load(rw.port, nginx.paths, conns=24, requests=len(nginx.paths), seed=n + 1)
        assert not failures(result), failures(result)
        assert result["ok"] == len(nginx.paths)


def test_curl_gets_the_same_files(ringwall, nginx):
    rw = ringwall(nginx, workers=2)
    chosen = nginx.paths[:24] + nginx.paths[-2:]
    for path in chosen:
        for prefix in ("", "/plain"):
            sums = []
            for port in (nginx.port, rw.port, rw.port):
                got = subprocess.run(["curl", "-sSf", f"http://127.0.0.1:{port}{prefix}{path}"],
                                     capture_output=True, check=True, timeout=60).stdout
                sums.append(hashlib.sha256(got).hexdigest())
            assert len(set(sums)) == 1, prefix + path


def test_every_byte_is_right_while_clients_abort(ringwall, nginx):
    rw = ringwall(nginx, workers=2, cache={"size": "16MiB"})
    result = load(rw.port, nginx.paths, conns=32, seconds=20 if LONG else 3, abort=30, close=10)
    assert not failures(result), failures(result)
    assert result["aborted"] > 50
    assert rw.ctl("cache", "verify").code == 0


def test_every_byte_is_right_while_workers_die_and_configs_reload(ringwall, nginx):
    rw = ringwall(nginx, workers=2, cache={"size": "16MiB"})
    run = rw.begin_load(nginx.paths, conns=24, abort=5)
    for n in range(60 if LONG else 8):
        if n % 2:
            rw.ctl("reload")
        else:
            gone = rw.kill_worker()
            rw.wait_workers(2, [gone])
        run.wait_ok(100)
    result = run.finish()
    assert result["mismatch"] == result["status"] == result["connect"] == 0, failures(result)
    assert rw.ctl("cache", "verify").code == 0


def test_wrk_sees_no_errors(ringwall, nginx):
    rw = ringwall(nginx, workers=2)
    for path in ("/b/1024/", "/plain/b/1024/"):
        target = next(p for p in nginx.paths if p.startswith("/b/1024/"))
        url = f"http://127.0.0.1:{rw.port}{path.replace('/b/1024/', target)}"
        out = subprocess.run(["wrk", "-t1", "-c32", "-d1s", url], capture_output=True, text=True,
                             check=True, timeout=60).stdout
        assert "Requests/sec" in out and "errors" not in out and "Non-2xx" not in out, out
