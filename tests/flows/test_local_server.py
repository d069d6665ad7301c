"""The Prefect server that `serve` and the demo start, on a database that they keep."""

from __future__ import annotations

import contextlib
import sqlite3
from pathlib import Path
from uuid import UUID

import httpx
import pytest
from support.serving import wait_for

from flows.local_server import await_server, prefect_server

pytestmark = pytest.mark.timeout(300)
LONG_AGO = "UPDATE flow_run SET end_time = datetime('now', '-3 days') WHERE id = ?"


def _end_a_run(url: str) -> str:
    flow = httpx.post(f"{url}/flows/", json={"name": "kept"}).raise_for_status().json()
    made = {"flow_id": flow["id"], "state": {"type": "PENDING"}}
    run = httpx.post(f"{url}/flow_runs/", json=made).raise_for_status().json()["id"]
    for state in ("RUNNING", "COMPLETED"):
        told = {"state": {"type": state}, "force": True}
        httpx.post(f"{url}/flow_runs/{run}/set_state", json=told).raise_for_status()
    return str(run)


def test_a_flow_run_is_deleted_when_it_ended_so_many_days_ago_and_no_other(tmp_path: Path) -> None:
    with prefect_server(tmp_path, keep_days=2) as url:
        await_server(url, tmp_path)
        old, young = _end_a_run(url), _end_a_run(url)
    with contextlib.closing(sqlite3.connect(tmp_path / "prefect.db")) as database, database:
        assert database.execute(LONG_AGO, [str(UUID(old))]).rowcount == 1
    with prefect_server(tmp_path, keep_days=2) as url:
        await_server(url, tmp_path)
        found = wait_for(
            "the old run deleted",
            lambda: httpx.get(f"{url}/flow_runs/{old}").status_code == 404,
        )
        assert found
        assert httpx.get(f"{url}/flow_runs/{young}").status_code == 200
