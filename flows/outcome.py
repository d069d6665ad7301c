"""The facts of a run, and the two shapes that they take: the `--json` object and the report."""

from __future__ import annotations

import dataclasses
import datetime as dt
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pandas as pd

from tasks.judge import Audit
from tasks.roll_back import RolledBack
from tasks.verify import Verification
from tierflow import __version__, report
from tierflow.decisions import Decisions
from tierflow.explode import Counts
from tierflow.ledger import StepRecord
from tierflow.plan import Plan
from tierflow.settings import Target

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
    audit: Audit | None = None
    verification: Verification | None = None
    changes: tuple[dict[str, Any], ...] = ()
    written: Mapping[str, int] = dataclasses.field(default_factory=dict[str, int])
    rolled_back: RolledBack | None = None
    restore_snapshot: bool = False
    quarantine: pd.DataFrame | None = None
    steps: list[StepRecord] = dataclasses.field(default_factory=list[StepRecord])
    data_docs: Path | None = None
    report: Path | None = None
    message: str = ""
    next_command: str = ""

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
        if self.message:
            shared |= {"message": self.message, "next": self.next_command}
        by_mode = {
            "plan": self._plan_result,
            "verify": self._verify_result,
            "rollback": self._rollback_result,
        }
        return {**by_mode.get(self.mode, self._migrate_result)(), **shared}

    def _plan_result(self) -> dict[str, Any]:
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
            "coverage": self.audit.coverage if self.audit else None,
            "coverage_of_all": self.audit.coverage_of_all if self.audit else None,
            "changes": [_plain_change(change) for change in self.changes[:CHANGES_IN_RESULT]],
            "plan": self.plan.as_dict() if self.plan and self.outcome == "needs_decision" else None,
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
        done = self.rolled_back
        return {
            "mode": "restore_snapshot" if self.restore_snapshot else "keep_changes",
            "models_restored": done.models_restored if done else 0,
            "dropped": list(done.dropped) if done else [],
        }

    def write_report(self, target: Target) -> None:
        """Write the report's page and remember where it is."""
        folder = target.home / "reports"
        self.report = folder / f"{self.run_id}.html"
        report.write_report(self._as_report(), folder)

    def _as_report(self) -> report.RunReport:
        audit = self.audit
        quarantined = self.quarantine if self.quarantine is not None else pd.DataFrame()
        return report.RunReport(
            run_id=self.run_id,
            mode=self.mode,
            outcome=self.outcome,
            database=self.database,
            started=self.started,
            seconds=self.seconds,
            tierflow_version=__version__,
            server_version=self.server_version,
            decisions=self.decisions.as_recorded() if self.decisions else {},
            counts=self._report_counts(),
            steps=[
                report.Step(step.name, step.seconds, step.rows, step.outcome)
                for step in self.steps
            ],
            tiers=_list_tiers(audit),
            quarantine=_list_quarantined(quarantined),
            quarantine_total=len(quarantined),
            checks=[
                report.Check(number, check.name, check.ok, check.figure, check.expected)
                for number, check in enumerate(
                    self.verification.checks if self.verification else (), start=1
                )
            ],
            judgements=[
                report.Judgement(j.suite, j.name, j.ok, j.observed, j.failing)
                for j in (audit.verdict.results if audit else ())
            ],
            changes=[
                report.Change(str(c["model"]), str(c["tier"]), _say_change(c))
                for c in self.changes[: report.LIST_LIMIT]
            ],
            changes_total=len(self.changes),
            problems=_list_problems(self.plan) if self.outcome == "needs_decision" else (),
            message=self.message,
            next_command=self.next_command,
            data_docs=self.data_docs,
        )

    def _report_counts(self) -> report.Counts:
        if self.counts is None:
            return report.Counts()
        figures = dataclasses.asdict(self.counts)
        if self.audit:
            figures["grants"] = self.audit.grants
        return report.Counts(
            **figures,
            coverage=self.audit.coverage if self.audit else None,
            coverage_of_all=self.audit.coverage_of_all if self.audit else None,
            **{kind: self.written.get(kind, 0) for kind in ("inserted", "updated", "deleted")},
        )


def _plain_change(change: Mapping[str, Any]) -> dict[str, Any]:
    return {
        name: float(value) if name in ("found", "wanted") and value is not None else value
        for name, value in change.items()
    }


def _say_change(change: Mapping[str, Any]) -> str:
    found, wanted = change["found"], change["wanted"]
    if change["change"] == "updated":
        return f"updated from {found if found is not None else 'disabled'} to {wanted}"
    return f"{change['change']} at {wanted if change['change'] == 'inserted' else found}"


def _list_tiers(audit: Audit | None) -> Sequence[report.Tier]:
    if audit is None or "distribution" not in audit.frames:
        return ()
    return [
        report.Tier(
            str(row.tier_code),
            str(row.tier_name),
            int(str(row.models)),
            int(str(row.source_models)),
            _number(row.mean_markup),
            _number(row.min_markup),
            _number(row.max_markup),
        )
        for row in audit.frames["distribution"].itertuples()
    ]


def _number(value: object) -> float | None:
    return None if pd.isna(value) else float(str(value))  # pyright: ignore


def _list_quarantined(frame: pd.DataFrame) -> Sequence[report.Quarantined]:
    return [
        report.Quarantined(
            str(row.model_identifier),
            int(str(row.position)),
            row.value if isinstance(row.value, str) else "",
            str(row.reason).replace("_", " "),
        )
        for row in frame.head(report.LIST_LIMIT).itertuples()
    ]


def _list_problems(plan: Plan | None) -> Sequence[report.Problem]:
    if plan is None:
        return ()
    problems = [
        report.Problem(
            "Unknown tier codes",
            ("code", "models", "nearest tiers"),
            [(u["code"], u["models"], ", ".join(u["nearest"])) for u in plan.unknown_tiers],
            "say what each code means with --tier-map CODE=TIER, or --unknown-tiers quarantine",
        ),
        report.Problem(
            "Malformed values",
            ("model", "reason", "value"),
            [(m["model_id"], m["reason"], m["value"]) for m in plan.malformed],
            "correct them, or set them aside with --malformed quarantine",
        ),
        report.Problem(
            "Codes of one tier with different markups",
            ("model", "tier", "markups"),
            [(c["model_id"], c["tier"], c["markups"]) for c in plan.markup_conflicts],
            "decide with --markup-conflict lowest, highest or quarantine",
        ),
        report.Problem(
            "Markups with more than two decimals",
            ("model", "code", "markup"),
            [(i["model_id"], i["code"], i["value"]) for i in plan.inexact_markups],
            "decide with --inexact-markup round or quarantine",
        ),
        report.Problem("In the way", ("what",), [(text,) for text in plan.obstacles]),
        report.Problem(
            "Missing privileges",
            ("privilege", "give it with"),
            [(p["privilege"], p["remedy"]) for p in plan.missing_privileges],
        ),
    ]
    return [problem for problem in problems if problem.rows]
