"""The ledger: every run and each of its steps, in the database that the run changes."""

from __future__ import annotations

import dataclasses
import datetime as dt
from typing import Any

from psycopg.types.json import Jsonb

from tierflow.connection import connect, fetch, run
from tierflow.decisions import Decisions
from tierflow.settings import Target

LEDGER_TABLES = (
    "create_run",
    "create_step",
    "create_chunk",
    "create_change_log",
    "create_quarantine",
    "create_decision",
    "create_tier_map",
    "create_captured",
    "create_reconciled_grant",
    "create_finalization",
)


@dataclasses.dataclass(frozen=True)
class StepRecord:
    """One finished step: seconds of wall clock, and the rows that it handled if it counts any."""

    name: str
    started: dt.datetime
    seconds: float
    rows: int | None
    outcome: str
    detail: dict[str, Any]

    def as_dict(self) -> dict[str, Any]:
        """Return the step as `--json` prints it."""
        return {
            "name": self.name,
            "seconds": round(self.seconds, 3),
            "rows": self.rows,
            "outcome": self.outcome,
        }


@dataclasses.dataclass(frozen=True)
class Ledger:
    """Writes on its own autocommit session, so that the record of a failure stays."""

    target: Target
    run_id: str

    def record_start(
        self, mode: str, version: str, started: dt.datetime, decisions: Decisions
    ) -> None:
        """Write the run's row. The ledger must exist."""
        with connect(self.target, "ledger", autocommit=True) as connection:
            run(
                connection,
                "queries/insert_run",
                **self.target.names(),
                run_id=self.run_id,
                mode=mode,
                version=version,
                started=started,
                decisions=Jsonb(decisions.as_recorded()),
            )

    def record_step(self, ordinal: int, step: StepRecord) -> None:
        """Write one finished step."""
        with connect(self.target, "ledger", autocommit=True) as connection:
            run(
                connection,
                "queries/insert_step",
                ledger=self.target.ledger,
                run_id=self.run_id,
                ordinal=ordinal,
                name=step.name,
                started=step.started,
                seconds=step.seconds,
                rows=step.rows,
                outcome=step.outcome,
                detail=Jsonb(step.detail),
            )

    def record_end(self, outcome: str, result: dict[str, Any], error: str | None) -> None:
        """Write how the run ended and what it says of itself."""
        with connect(self.target, "ledger", autocommit=True) as connection:
            run(
                connection,
                "queries/finish_run",
                ledger=self.target.ledger,
                run_id=self.run_id,
                outcome=outcome,
                result=Jsonb(result),
                error=error,
            )


def list_runs(target: Target, limit: int) -> list[dict[str, Any]]:
    """Return the newest runs with their steps, or an empty list where no ledger exists yet."""
    with connect(target, "runs", read_only=True) as connection:
        if not has_ledger(connection, target):
            return []
        return fetch(connection, "queries/list_runs", ledger=target.ledger, limit=limit)


def has_ledger(connection: Any, target: Target) -> bool:
    """Return whether the ledger exists in this database, and is ours."""
    return bool(fetch(connection, "queries/has_ledger", ledger=target.ledger)[0]["there"])


def may_write_ledger(connection: Any, target: Target) -> bool:
    """Return whether this session may write the ledger, which exists: a monitor's role may not."""
    return bool(fetch(connection, "queries/has_ledger_rights", ledger=target.ledger)[0]["there"])
