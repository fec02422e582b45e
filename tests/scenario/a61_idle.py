"""Ten thousand idle connections cost at most 1 KiB of process memory each."""
import pathlib
import resource

from programs import BUILD, Load


def memory(pids):
    """Private and shared resident bytes of processes, shared ones counted in parts (PSS)."""
    total = 0
    for pid in pids:
        for line in pathlib.Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines():
            if line.startswith("Pss:"):
                total += int(line.split()[1]) * 1024
    return total


def sanitized():
    return "-fsanitize" in (BUILD / "compile_commands.json").read_text()


def test_idle_connections_are_cheap(ringwall):
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    count = 10_000 if hard >= 21_000 else hard // 2 - 500
    rw = ringwall(workers=2, process={"connections_max": 20_000}, http={"idle_timeout": "600s"})
    path = "/b/100/idle?cc=max-age=600"
    # What a worker needs once (its pools, its code) is paid by a first run.
    assert rw.load(path, conns=200, requests=2000)["ok"] == 2000
    before = memory(rw.workers())
    run = Load(rw.port, path, conns=count, idle=True, timeout=120)
    assert run.ready.wait(120), "not all connections were opened"
    each = (memory(rw.workers()) - before) / count
    result = run.finish()
    assert result["ok"] == 2 * count, result
    if not sanitized():
        assert each <= 1024, f"{each:.0f} bytes a connection"
