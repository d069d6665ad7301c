"""A running `tierflow serve`, asked by its REST API."""

from __future__ import annotations

import contextlib
import dataclasses
import os
import re
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Generator
from pathlib import Path
from typing import Any

import httpx

MARK = "SERVED_BY_THIS_TEST"  # in the environment of every process that serve starts
PATIENCE = 150.0  # seconds; a flow run takes 8 to 15 on a quiet machine
FINAL = ("COMPLETED", "FAILED", "CRASHED", "CANCELLED")


def wait_for(what: str, ask: Callable[[], Any]) -> Any:
    """Return the first true answer."""
    deadline, pause = time.monotonic() + PATIENCE, threading.Event()
    while not (answer := ask()):
        assert time.monotonic() < deadline, f"in {PATIENCE:.0f} s: not {what}"
        pause.wait(0.1)
    return answer


@dataclasses.dataclass(frozen=True)
class Served:
    """A running `tierflow serve`, by its REST API."""

    process: subprocess.Popen[bytes]
    log: Path
    home: Path
    url: str
    files_url: str

    def ask(self, path: str, body: object = None) -> Any:
        url = f"{self.url}/api{path}"

        def answered() -> httpx.Response | None:
            answer = httpx.get(url) if body is None else httpx.post(url, json=body)
            # its SQLite was busy: Prefect's own client tries again too
            return None if answer.status_code == 503 else answer

        answer: httpx.Response = wait_for("answered", answered)
        answer.raise_for_status()
        return answer.json()

    def start(self, deployment: str, **parameters: object) -> str:
        """Start a run and return its id."""
        found = {d["name"]: d["id"] for d in self.ask("/deployments/filter", {})}
        path = f"/deployments/{found[deployment]}/create_flow_run"
        body = {"parameters": parameters, "state": {"type": "SCHEDULED"}}
        return str(self.ask(path, body)["id"])

    def await_end(self, run_id: str) -> dict[str, Any]:
        """Return the flow run when it has ended."""

        def ended() -> dict[str, Any] | None:
            found = self.ask(f"/flow_runs/{run_id}")
            return found if found["state"]["type"] in FINAL else None

        return wait_for("ended", ended)

    def artifacts(self, run_id: str) -> dict[str, dict[str, Any]]:
        """Return the artifacts of a run by the first word of their key."""
        found = self.ask("/artifacts/filter", {"artifacts": {"flow_run_id": {"any_": [run_id]}}})
        return {a["key"].partition("-")[0]: a for a in found if a["key"]}

    def logs(self, run_id: str) -> str:
        found = self.ask("/logs/filter", {"logs": {"flow_run_id": {"any_": [run_id]}}})
        return "\n".join(line["message"] for line in found)

    def await_load(self, run_id: str) -> None:
        """Return when the run has begun to load its chunks."""

        def loading() -> bool:
            state = self.ask(f"/flow_runs/{run_id}")["state"]
            assert state["type"] not in FINAL, state["message"]
            return "load" in self.artifacts(run_id)

        wait_for("loading", loading)

    def save_connection(self, name: str, dsn: str) -> None:
        """Save a connection as the form under Blocks does."""
        kind = self.ask("/block_types/slug/tierflow-database")
        schemas = self.ask(
            "/block_schemas/filter", {"block_schemas": {"block_type_id": {"any_": [kind["id"]]}}}
        )
        document = {
            "name": name,
            "data": {"dsn": dsn, "schema_name": "public"},
            "block_type_id": kind["id"],
            "block_schema_id": schemas[0]["id"],
        }
        self.ask("/block_documents/", document)


def free_port() -> int:
    """Return a port of the loopback interface that nobody has now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextlib.contextmanager
def serve(dsn: str, home: Path, log: Path, *, port: int = 0, **settings: str) -> Generator[Served]:
    """Run `tierflow serve` for a database until the end, which must be clean."""
    port = port or free_port()
    environment = {**os.environ, "TIERFLOW_DSN": dsn, "TIERFLOW_HOME": str(home)}
    environment |= {"COLUMNS": "200", MARK: str(home), **settings}
    command = [sys.executable, "-m", "flows.cli", "serve", "--port", str(port)]
    with log.open("wb") as output:
        process = subprocess.Popen(
            [*command, "--files-port", "0"],
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            start_new_session=True,
        )
    try:
        wait_for(
            f"served: {log.read_text()}",
            lambda: "Saved connection" in log.read_text() or process.poll() is not None,
        )
        files = re.search(r"data docs +(http://\S+)", log.read_text())
        assert files, log.read_text()
        yield Served(process, log, home, f"http://127.0.0.1:{port}", files[1])
    finally:
        if process.poll() is None:
            process.send_signal(signal.SIGTERM)
            try:
                process.wait(60)
            except subprocess.TimeoutExpired:
                process.kill()
