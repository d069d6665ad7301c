"""The facts of a run, and the `--json` object that they become."""

from __future__ import annotations

import dataclasses
import datetime as dt
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pandas as pd

from tasks.contract import Contracted
from tasks.judge import Audit
from tasks.preview import Preview
from tasks.restore import Restored, summarize
from tasks.roll_back import RolledBack
from tasks.verify import Verification
from tierflow.decisions import Decisions
from tierflow.explode import Counts
from tierflow.finalization import Finalization
from tierflow.forecast import Forecast
from tierflow.history import Past, describe_regression
from tierflow.ledger import StepRecord
from tierflow.measures import summarize_locks
from tierflow.plan import Plan

CHANGES_IN_RESULT = 1000


@dataclasses.dataclass
class Facts:
    """What is known of a run so far; None is "not known (yet)"."""

    run_id: str
    mode: str
    started: dt.datetime
    outcome: str = "running"
    seconds: float = 0.0
    database: str = ""
    server_version: str = ""
    decisions: Decisions | None = None
    plan: Plan | None = None
    counts: Counts | None = None
    caught_up: int = 0
    recaptured: int = 0
    audit: Audit | None = None
    verification: Verification | None = None
    changes: tuple[dict[str, Any], ...] = ()
    written: Mapping[str, int] = dataclasses.field(default_factory=dict[str, int])
    rolled_back: RolledBack | None = None
    restore_snapshot: bool = False
    preview: Preview | None = None
    restored: Restored | None = None
    contracted: Contracted | None = None
    finalization: Finalization | None = None
    quarantine: pd.DataFrame | None = None
    source_values_sha256: str | None = None
    config: dict[str, str] | None = None
    steps: list[StepRecord] = dataclasses.field(default_factory=list[StepRecord])
    data_docs: Path | None = None
    report: Path | None = None
    forecast: Forecast | None = None
    history: list[Past] = dataclasses.field(default_factory=list[Past])
    message: str = ""
    next_command: str = ""

    @property
    def work_seconds(self) -> float:
        """Return the seconds of the run, the wait for the import of Great Expectations aside.

        It is the same few seconds for any database, and a rehearsal's migration has it behind it.
        """
        waited = sum(step.seconds for step in self.steps if step.name == "load expectations")
        return self.seconds - waited

    @property
    def locks(self) -> dict[str, Any] | None:
        """Return the longest lock on a live table and the longest wait it may have imposed."""
        return summarize_locks(step.detail for step in self.steps)

    @property
    def regression(self) -> str | None:
        """Say whether the run took longer than the ones before it."""
        return describe_regression(self.seconds, [seconds for _, seconds in self.history])

    def as_result(self) -> dict[str, Any]:
        """Return the object that `--json` prints (keys: docs/reference.md)."""
        shared: dict[str, Any] = {
            "run_id": self.run_id,
            "outcome": self.outcome,
            "database": self.database,
            "seconds": round(self.seconds, 3),
            "steps": [step.as_dict() for step in self.steps],
            "data_docs": str(self.data_docs) if self.data_docs else None,
            "report": str(self.report) if self.report else None,
        }
        if self.finalization:
            shared["finalization"] = self.finalization.as_dict()
        if self.regression:
            shared["regression"] = self.regression
        if self.message:
            shared |= {"message": self.message, "next": self.next_command}
        by_mode = {
            "plan": self._plan_result,
            "verify": self._verify_result,
            "rollback": self._rollback_result,
            "rehearse": self._rehearse_result,
            "reconcile": self._reconcile_result,
            "finalize": self._finalize_result,
            "restore": lambda: {**summarize(self.restored), "locks": self.locks},
        }
        return {**by_mode.get(self.mode, self._migrate_result)(), **shared}

    def _plan_result(self) -> dict[str, Any]:
        if self.finalization:
            return {"state": "finalized", "needs_decision": False}
        return self.plan.as_dict() if self.plan else {"needs_decision": True}

    def _migrate_result(self) -> dict[str, Any]:
        counts = self.counts or Counts()
        result: dict[str, Any] = dataclasses.asdict(counts)
        if self.audit:
            result["grants"] = self.audit.grants  # as read back, not as planned
        written = {kind: self.written.get(kind, 0) for kind in ("inserted", "updated", "deleted")}
        return {
            **result,
            **written,
            "caught_up": self.caught_up,
            "recaptured": self.recaptured,
            "coverage": self.audit.coverage if self.audit else None,
            "coverage_of_all": self.audit.coverage_of_all if self.audit else None,
            "changes": [_plain_change(change) for change in self.changes[:CHANGES_IN_RESULT]],
            "plan": self.plan.as_dict() if self.plan and self.outcome == "needs_decision" else None,
            "locks": self.locks,
            "forecast": self.forecast.compare(self.work_seconds) if self.forecast else None,
        }

    def _verify_result(self) -> dict[str, Any]:
        if self.verification is None:
            return {"ok": False, "checks": [], "parity": None}
        result: dict[str, Any] = {
            "ok": self.verification.ok,
            "checks": [dataclasses.asdict(check) for check in self.verification.checks],
            "parity": self.verification.parity,
        }
        if self.verification.providers:
            result["providers"] = list(self.verification.providers)
        return result

    def _rollback_result(self) -> dict[str, Any]:
        done, seen = self.rolled_back, self.preview
        # what would have been done is told of a dry run only: one that failed has done nothing
        if seen is None or (done is None and self.outcome != "dry_run"):
            seen = Preview(0, 0, (), 0, ())
        return {
            "mode": "restore_snapshot" if self.restore_snapshot else "keep_changes",
            "models_restored": done.models_restored if done else seen.models_written,
            "dropped": list(done.dropped if done else seen.dropped),
            "grants": seen.grants_dropped,
            "differences": seen.differences,
            "changes": list(seen.changes),
        }

    def _finalize_result(self) -> dict[str, Any]:
        guards = self.verification.checks if self.verification else ()
        done = self.contracted
        return {
            "guards": [dataclasses.asdict(guard) for guard in guards],
            "models": done.models if done else 0,
            "dropped": list(done.dropped) if done else [],
            "archive": {**done.archive._asdict(), "file": str(done.archive.file)} if done else None,
            "locks": self.locks,
        }

    def _reconcile_result(self) -> dict[str, Any]:
        return {
            **{kind: self.written.get(kind, 0) for kind in ("inserted", "updated", "deleted")},
            "changes": [_plain_change(change) for change in self.changes[:CHANGES_IN_RESULT]],
        }

    def _rehearse_result(self) -> dict[str, Any]:
        forecast = self.forecast
        return {"forecast": dataclasses.asdict(forecast) if forecast else None}


def _plain_change(change: Mapping[str, Any]) -> dict[str, Any]:
    return {
        name: float(value) if name in ("found", "wanted") and value is not None else value
        for name, value in change.items()
    }
