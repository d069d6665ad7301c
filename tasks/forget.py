"""Forget: the ledger's retention. It deletes records of what was, never what is in force."""

from __future__ import annotations

import datetime as dt
import uuid
from pathlib import Path
from typing import Any

from tasks.run_lock import hold_run_lock
from tasks.survey import read_decisions_in_force
from tierflow import __version__
from tierflow.connection import connect, fetch, run
from tierflow.decisions import Decisions, settle_decisions
from tierflow.grants import require_privileges
from tierflow.ledger import Ledger, has_ledger
from tierflow.settings import Target


def forget_runs(target: Target, days: int, *, apply: bool) -> dict[str, Any]:
    """Delete the runs older than `days` that nothing needs, and their reports; return them.

    Writes nothing unless `apply`; then a run of its own says what was deleted. Only reports of
    those runs go: the folder may hold those of other databases. Raises TransientError when a run
    is under way.
    """
    with hold_run_lock(target):
        if apply:
            require_privileges(target, "forget")
        with connect(target, "forget", read_only=True) as connection:
            there = has_ledger(connection, target)
            decisions = read_decisions_in_force(connection, target) if there else {}
            runs = (
                fetch(connection, "queries/list_forgettable_runs", ledger=target.ledger, days=days)
                if there
                else []
            )
        result: dict[str, Any] = {
            "outcome": "forgotten" if apply and runs else "unchanged" if apply else "dry_run",
            "older_than": days,
            "runs": runs,
            "reports": _list_reports(target, runs),
        }
        if apply and runs:
            _delete(target, settle_decisions({}, decisions), result)
    return result


def _list_reports(target: Target, runs: list[dict[str, Any]]) -> list[str]:
    files = (target.home / "reports" / f"{row['run_id']}.html" for row in runs)
    return [str(file) for file in files if file.is_file()]


def _delete(target: Target, decisions: Decisions, result: dict[str, Any]) -> None:
    ledger = Ledger(target, str(uuid.uuid4()))
    ledger.record_start("forget", __version__, dt.datetime.now(dt.UTC), decisions)
    ids = [row["run_id"] for row in result["runs"]]
    with connect(target, "forget") as connection:
        run(connection, "queries/delete_runs", ledger=target.ledger, runs=ids)
    for file in result["reports"]:
        Path(file).unlink(missing_ok=True)
    said = {"runs": len(ids), "reports": len(result["reports"]), "older_than": result["older_than"]}
    ledger.record_end("forgotten", said, None)
