"""Numbers in the Prometheus text format from any worker, and the same by the CLI."""
import re

from client import Client
from programs import load, wait_until

METRICS = """
[[listener]]
name = "web"
address = "127.0.0.1:$web"
[[listener]]
name = "numbers"
address = "127.0.0.1:$web2"
[upstream.app]
backends = ["127.0.0.1:$origin"]
[[route]]
upstream = "app"
listeners = ["web"]
[[route]]
path = "/metrics"
listeners = ["numbers"]
metrics = true
"""
SAMPLE = re.compile(r'([a-z_]+)(\{[^}]*\})? (-?[0-9.e+]+|\+Inf|NaN)\Z')


def numbers(rw):
    with Client(rw.port2) as client:
        answer = client.ask("/metrics")
    assert answer.status == 200
    assert answer.get("Content-Type").startswith("text/plain; version=0.0.4")
    found = {}
    for line in answer.body.decode().splitlines():
        if line.startswith("#"):
            assert re.match(r"# (HELP|TYPE) ringwall_[a-z_]+ \S", line), line
            continue
        match = SAMPLE.match(line)
        assert match, line
        found[match[1] + (match[2] or "")] = float(match[3])
    return found


def test_every_line_is_well_formed_and_helped(ringwall, origin):
    rw = ringwall(origin, METRICS)
    found = numbers(rw)
    assert found["ringwall_workers"] == 2
    assert len(found) > 40


def test_requests_are_counted_whichever_worker_served_them(ringwall, origin):
    rw = ringwall(origin, METRICS, workers=4)
    before = numbers(rw)
    assert load(rw.port, "/b/100/m?cc=max-age=600", conns=32, requests=1000)["ok"] == 1000
    rw.get("/b/10/p", "POST")
    rw.get("/b/10/n?status=404&cc=no-store")
    rw.get("/x?fail=reset")
    after = numbers(rw)

    def rise(name):
        return after[name] - before[name]
    assert rise('ringwall_requests_total{method="get"}') == 1002 + 1  # and the first scrape
    assert rise('ringwall_requests_total{method="post"}') == 1
    assert rise('ringwall_responses_total{class="4xx"}') == 1
    assert rise('ringwall_responses_total{class="5xx"}') == 1
    assert rise('ringwall_cache_requests_total{outcome="hit"}') >= 900
    assert rise("ringwall_cache_stored_total") == 1
    label = f'{{upstream="app",backend="127.0.0.1:{origin.port}"'
    assert rise(f"ringwall_backend_requests_total{label}}}") == origin.stats()["requests"]


def test_numbers_survive_the_death_of_a_worker(ringwall, origin):
    rw = ringwall(origin, METRICS, workers=2)
    load(rw.port, "/b/100/m?cc=max-age=600", conns=8, requests=500)
    before = numbers(rw)['ringwall_requests_total{method="get"}']
    gone = rw.kill_worker()
    rw.wait_workers(2, [gone])
    after = numbers(rw)
    assert after['ringwall_requests_total{method="get"}'] >= before
    assert after['ringwall_worker_deaths_total{cause="crash"}'] == 1
    assert after["ringwall_workers"] == 2


def test_gauges_return_to_zero_when_all_is_quiet(ringwall, origin):
    rw = ringwall(origin, METRICS, workers=2)
    load(rw.port, "/b/5000/g%d?cc=no-store", conns=16, requests=500, abort=20)

    def quiet():
        found = numbers(rw)
        return found["ringwall_exchanges_open"] <= 1 and found["ringwall_connections_open"] <= 1
    wait_until(quiet, "the gauges are back")
    label = f'{{upstream="app",backend="127.0.0.1:{origin.port}"'
    assert numbers(rw)[f"ringwall_backend_exchanges_open{label}}}"] == 0


def test_a_listener_without_the_route_shows_no_numbers(ringwall, origin):
    rw = ringwall(origin, METRICS)
    assert b"ringwall_workers" not in rw.get("/metrics").body


def test_the_cli_shows_the_same_numbers(ringwall, origin):
    rw = ringwall(origin, METRICS)
    load(rw.port, "/b/100/m?cc=max-age=600", conns=8, requests=300)
    answer = rw.ctl("stats")
    assert answer.code == 0
    assert re.search(r"(?m)requests.*\b30[0-9]\b", answer.out), answer.out
    assert rw.ctl("stats", json_output=True).json
