"""QUIT ends gracefully, TERM at once; both clean up behind themselves."""
import signal

import pytest

from client import BadMessage, content
from programs import wait_until


def refuses(rw):
    try:
        rw.client().close()
        return False
    except OSError:
        return True


def test_quit_lets_exchanges_in_flight_finish(ringwall, origin):
    rw = ringwall(workers=2)
    with rw.client() as client:
        client.request("/b/100000/finish?cc=no-store&half=finish")
        origin.wait_waiting("finish")
        rw.send_signal(signal.SIGQUIT)
        wait_until(lambda: refuses(rw), "no new connection is accepted")
        origin.open("finish")
        answer = client.response()
        assert answer.body == content("/b/100000/finish")
        client.expect_end()
    rw.stop()


def test_quit_closes_idle_connections_at_once(ringwall):
    rw = ringwall(workers=2, process={"stop_deadline": "60s"})
    clients = [rw.client() for _ in range(10)]
    for client in clients:
        assert client.ask("/b/10/x").status == 200
    rw.send_signal(signal.SIGQUIT)
    for client in clients:
        client.expect_end()
        client.close()
    rw.stop()


def test_quit_waits_no_longer_than_stop_deadline(ringwall, origin):
    rw = ringwall(workers=1, process={"stop_deadline": "500ms"})
    with rw.client() as client:
        client.request("/b/1000/late?cc=no-store&gate=late")
        origin.wait_waiting("late")
        rw.stop()
        with pytest.raises(BadMessage):
            client.response()


def test_term_cuts_what_is_in_flight_and_ends(ringwall, origin):
    rw = ringwall(workers=2, process={"stop_deadline": "60s"})
    with rw.client() as client:
        client.request("/b/1000/cut?cc=no-store&half=cut")
        origin.wait_waiting("cut")
        rw.stop(signal.SIGTERM, deadline=10)
        with pytest.raises(BadMessage):
            client.response()


def test_a_second_signal_hurries_a_graceful_stop(ringwall, origin):
    rw = ringwall(workers=1, process={"stop_deadline": "60s"})
    with rw.client() as client:
        client.request("/b/1000/hurry?cc=no-store&gate=hurry")
        origin.wait_waiting("hurry")
        rw.send_signal(signal.SIGQUIT)
        wait_until(lambda: refuses(rw), "the stop has begun")
        rw.stop(signal.SIGTERM, deadline=10)


def test_the_control_socket_and_pid_file_are_gone_after_a_stop(ringwall):
    rw = ringwall(process={"pid_file": "$dir/ringwall.pid"})
    pid_file = rw.dir / "ringwall.pid"
    assert int(pid_file.read_text()) == rw.master
    assert rw.socket_path.exists()
    rw.send_signal(signal.SIGTERM)
    wait_until(lambda: not pid_file.exists() and not rw.socket_path.exists(), "both are removed")
