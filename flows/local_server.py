"""A Prefect server of our own, on the loopback interface, for as long as it is needed."""

from __future__ import annotations

import contextlib
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Generator
from pathlib import Path

from tierflow.errors import ConfigurationError, TransientError

START_SECONDS = 120
STOP_SECONDS = 10
SECONDS_A_DAY = 86_400

# Stops the server when the pipe on its standard input closes: when we say so, or when we die
_GUARD = '"$@" </dev/null & pid=$!; read -r _; kill -TERM $pid; wait $pid'


@contextlib.contextmanager
def prefect_server(home: Path, port: int = 0, *, keep_days: int) -> Generator[str]:
    """Start a Prefect server on a port (0: a free one) and yield the URL of its API; stop it then.

    It deletes what ended more than `keep_days` ago: flow runs, their logs and artifacts. Its
    database and log are in `home`. Call `await_server` before the first use: a boot takes 8 to
    29 s, in which other work can be done. With PREFECT_API_URL set, that server is used.
    Raises ConfigurationError when the port is taken.
    """
    if url := os.environ.get("PREFECT_API_URL"):
        yield url
        return
    if password := os.environ.get("PREFECT_SERVER_API_AUTH_STRING"):
        os.environ.setdefault("PREFECT_API_AUTH_STRING", password)
    home.mkdir(parents=True, exist_ok=True)
    port = _claim_port(port)
    url = f"http://127.0.0.1:{port}/api"
    environment = {
        **os.environ,
        "PREFECT_HOME": str(home),
        # the UI calls the port that the settings name, not the one it was started on
        "PREFECT_SERVER_API_HOST": "127.0.0.1",
        "PREFECT_SERVER_API_PORT": str(port),
        "PREFECT_SERVER_ANALYTICS_ENABLED": "false",
        "PREFECT_SERVER_UI_V2_ENABLED": "true",
        "PREFECT_SERVER_UI_SHOW_PROMOTIONAL_CONTENT": "false",
        # relative: 127.0.0.1, localhost and the end of a tunnel are three origins
        "PREFECT_SERVER_UI_API_URL": "/api",
        "PREFECT_SERVER_SERVICES_DB_VACUUM_ENABLED": "events,flow_runs",
        "PREFECT_SERVER_SERVICES_DB_VACUUM_RETENTION_PERIOD": str(keep_days * SECONDS_A_DAY),
        "DO_NOT_TRACK": "1",
    }
    start = [sys.executable, "-m", "uvicorn", "--factory", "flows.prefect_app:create_app"]
    with (home / "server.log").open("wb") as log:
        # a session of its own: Ctrl-C is for us, and we stop the server when we have ended
        server = subprocess.Popen(
            ["/bin/sh", "-c", _GUARD, "sh", *start, "--host", "127.0.0.1", "--port", str(port)],
            env=environment,
            stdin=subprocess.PIPE,
            stdout=log,
            stderr=log,
            start_new_session=True,
        )
    try:
        with _in_environment(PREFECT_API_URL=url, PREFECT_HOME=str(home)):
            try:
                yield url
            finally:
                if server.poll() is None:
                    _send_what_is_queued()
    finally:
        _stop(server)


def _send_what_is_queued() -> None:
    """Send the logs and events that Prefect still holds: else it tries for 60 s at exit."""
    from prefect.events.worker import EventsWorker
    from prefect.logging.handlers import APILogWorker

    APILogWorker.drain_all(timeout=10)
    EventsWorker.drain_all(timeout=10)


def await_server(url: str, home: Path) -> None:
    """Return when the server answers. Raises TransientError when it does not in two minutes."""
    import httpx

    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline:
        with contextlib.suppress(httpx.HTTPError):
            if httpx.get(f"{url}/health", timeout=2).is_success:
                return
        time.sleep(0.2)
    raise TransientError(
        f"The Prefect server at {url} did not answer within {START_SECONDS} s.",
        next_step=f"read {home / 'server.log'}, then run the same command again",
    )


@contextlib.contextmanager
def _in_environment(**values: str) -> Generator[None]:
    before = {name: os.environ.get(name) for name in values}
    os.environ.update(values)
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                os.environ.pop(name, None)
            else:
                os.environ[name] = value


def _claim_port(port: int) -> int:
    """Return the port, or a free one for 0."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError as error:
            raise ConfigurationError(
                f"The Prefect server cannot use port {port}: {error.strerror}.",
                next_step="choose another with --port, or join the server that runs there with"
                f" PREFECT_API_URL=http://127.0.0.1:{port}/api",
            ) from error
        return int(probe.getsockname()[1])


def _stop(server: subprocess.Popen[bytes]) -> None:
    assert server.stdin is not None
    server.stdin.close()
    try:
        server.wait(timeout=STOP_SECONDS)
    except subprocess.TimeoutExpired:
        os.killpg(server.pid, signal.SIGKILL)
        server.wait()
