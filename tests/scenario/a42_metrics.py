"""Numbers in the Prometheus text format from any worker, and the same by the CLI."""
import re

import pytest

from client import BadMessage, Client
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
$upstream
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
    assert rise(f'ringwall_backend_responses_total{label},class="2xx"}}') == 2
    assert rise(f'ringwall_backend_responses_total{label},class="4xx"}}') == 1


def test_failures_are_counted_by_what_went_wrong(ringwall, origin):
    """Each failure in the counter of its reason, and in no other."""
    rw = ringwall(origin, METRICS, workers=1, http={"head_timeout": "300ms"},
                  upstream={"first_byte_timeout": "300ms", "idle_timeout": "300ms", "retries": 0})
    before = numbers(rw)
    assert rw.get("/x?fail=reset").status == 502
    assert rw.get("/b/10/slow?gate=never&cc=no-store").status == 504
    with rw.client() as client:
        client.request("/b/1000/cut?half=never&cc=no-store")
        with pytest.raises(BadMessage):
            client.response()
    with rw.client() as client:
        client.send("GET / HTTP/1.1\r\n")
        assert client.response().status == 408
    after = numbers(rw)
    rises = {name: after[name] - before[name] for name in after
             if name.startswith(("ringwall_gateway", "ringwall_timeouts", "ringwall_responses_cut",
                                 "ringwall_clients_gone", "ringwall_cache_requests"))}
    assert {name: rise for name, rise in rises.items() if rise} == {
        'ringwall_gateway_errors_total{status="502",reason="closed"}': 1,
        'ringwall_gateway_errors_total{status="504",reason="first-byte-timeout"}': 1,
        'ringwall_timeouts_total{phase="first-byte"}': 1,
        'ringwall_timeouts_total{phase="upstream-idle"}': 1,
        'ringwall_timeouts_total{phase="head"}': 1,
        "ringwall_responses_cut_total": 1,
        'ringwall_cache_requests_total{outcome="miss"}': 2,
        'ringwall_cache_requests_total{outcome="uncacheable"}': 1,
    }


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


def test_what_is_evicted_tells_how_old_it_was(ringwall, origin):
    rw = ringwall(origin, METRICS, workers=1, cache={"size": "4MiB"})
    before = numbers(rw)
    assert before["ringwall_cache_evictions_total"] == 0
    assert before["ringwall_cache_eviction_age_seconds"] == 0
    for n in range(80):
        rw.get(f"/b/100000/evicted{n}?cc=max-age=600")
    found = numbers(rw)
    evicted = found["ringwall_cache_evictions_total"]
    assert evicted > 30
    assert found["ringwall_cache_evicted_idle_seconds_count"] == evicted
    assert found['ringwall_cache_evicted_idle_seconds_bucket{le="600"}'] == evicted
    assert found["ringwall_cache_evicted_unused_total"] == evicted
    assert found["ringwall_cache_evicted_stored_seconds_total"] < 600 * evicted
    assert 0 < found["ringwall_cache_eviction_age_seconds"] < 600
    assert found["ringwall_cache_protected_bytes"] == 0
    assert 0.79 < found["ringwall_cache_protected_share_ratio"] < 0.81
    assert found["ringwall_cache_purges_pending"] == 0
    # One of the first forty was evicted within the last turnover.
    for n in range(39, 9, -1):
        rw.get(f"/b/100000/evicted{n}?cc=max-age=600")
    found = numbers(rw)
    assert found["ringwall_cache_returned_total"] > 0
    assert found["ringwall_cache_protected_bytes"] > 0
    stats = rw.ctl("cache", "stats", json_output=True).json
    assert stats["returned"] == found["ringwall_cache_returned_total"]
    assert sum(one["responses"] for one in stats["evicted_idle"]) == stats["evictions"]
    assert "up_to_s" not in stats["evicted_idle"][-1]
    assert stats["evicted_unused_ratio"] > 0.5
    assert 0 <= stats["evicted_idle_mean_s"] <= stats["evicted_stored_mean_s"] + 1
    assert 0 < stats["eviction_age_s"] < 600
