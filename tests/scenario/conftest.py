"""Fixtures of the scenario tests. Each test file gets one scripted origin, reset for each test."""
import sys
import pathlib

import pytest

sys.path.insert(0, str(pathlib.Path(__file__).parent))

import harness  # noqa: E402  pylint: disable=wrong-import-position
import programs  # noqa: E402  pylint: disable=wrong-import-position


def pytest_configure():
    for program in (programs.DAEMON, programs.CTL, programs.ORIGIN, programs.LOAD):
        if not program.exists():
            pytest.exit(f"{program} is missing: build first, or set RINGWALL_BUILD", 2)


@pytest.fixture(scope="module")
def module_origin():
    origin = programs.Origin()
    yield origin
    origin.stop()


@pytest.fixture
def origin(module_origin):
    module_origin.reset()
    return module_origin


@pytest.fixture
def ringwall(origin):
    """Makes daemons: ringwall(http={…}) forwards to the origin; all are stopped and checked."""
    started = []

    def make(*args, **more):
        daemon = harness.Ringwall(*(args or (origin,)), **more)
        started.append(daemon)
        return daemon

    yield make
    failed = None
    for daemon in reversed(started):
        try:
            if not daemon.checked and daemon.process is not None:
                daemon.stop()
        except BaseException as error:
            daemon.abandon()
            failed = failed or error
    if failed:
        raise failed


@pytest.fixture
def shared(request, module_origin):
    """One daemon for all tests of a file that only send requests (SETTINGS in the file)."""
    module_origin.reset()
    module = request.module
    daemon = getattr(module, "_shared_daemon", None)
    if daemon is None or daemon.ended():
        daemon = harness.Ringwall(module_origin, **getattr(module, "SETTINGS", {}))
        module._shared_daemon = daemon
    return daemon


@pytest.fixture(scope="module", autouse=True)
def end_shared(request):
    """Stops the shared daemon of a file after its last test, with all checks."""
    yield
    daemon = getattr(request.module, "_shared_daemon", None)
    if daemon is None:
        return
    try:
        daemon.stop()
    except BaseException:
        daemon.abandon()
        raise
