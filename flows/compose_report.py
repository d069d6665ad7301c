"""The report of a run, composed from its facts."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import pandas as pd

from flows.facts import Facts
from tasks.judge import Audit
from tierflow import __version__, report
from tierflow.measures import describe_locks
from tierflow.plan import Plan
from tierflow.plan_notes import list_costs
from tierflow.show_code import show_code, show_markups
from tierflow.write_codes import list_code_rows


def compose_report(facts: Facts) -> report.RunReport:
    """Return what the page shows of the run."""
    audit = facts.audit
    quarantined = facts.quarantine if facts.quarantine is not None else pd.DataFrame()
    return report.RunReport(
        run_id=facts.run_id,
        mode=facts.mode,
        outcome=facts.outcome,
        database=facts.database,
        started=facts.started,
        seconds=facts.seconds,
        tierflow_version=__version__,
        server_version=facts.server_version,
        decisions=facts.decisions.as_recorded() if facts.decisions else {},
        counts=_count(facts),
        steps=[
            report.Step(step.name, step.seconds, step.rows, step.outcome) for step in facts.steps
        ],
        tiers=_list_tiers(audit),
        write_codes=list_code_rows(facts.plan.write_codes, facts.plan.codes_held)
        if facts.plan
        else (),
        **_describe_plan(facts.plan if facts.mode == "plan" else None),
        quarantine=_list_quarantined(quarantined),
        quarantine_total=len(quarantined),
        checks=[
            report.Check(number, check.name, check.ok, check.figure, check.expected)
            for number, check in enumerate(
                facts.verification.checks if facts.verification else (), start=1
            )
        ],
        notices=facts.notices,
        judgements=[
            report.Judgement(j.suite, j.name, j.ok, j.observed, j.failing)
            for j in (audit.verdict.results if audit else ())
        ],
        changes=[
            report.Change(str(c["model"]), show_code(str(c["tier"])), _say_change(c))
            for c in facts.changes[: report.LIST_LIMIT]
        ],
        changes_total=len(facts.changes),
        problems=_list_problems(facts.plan) if facts.outcome == "needs_decision" else (),
        history=[*facts.history, (facts.started.isoformat(), facts.seconds)],
        regression=facts.regression or "",
        forecast=_say_forecast(facts),
        locks=describe_locks(facts.locks) if facts.locks else "",
        message=facts.message,
        next_command=facts.next_command,
        data_docs=facts.data_docs,
    )


def _describe_plan(plan: Plan | None) -> dict[str, Any]:
    """Return what the terminal shows of a plan beside its cases."""
    if plan is None:
        return {}
    said = plan.as_dict()
    return {
        "notes": (*plan.notes, *list_costs(said)),
        "will_create": plan.will_create,
        "ways_back": [
            report.WayBack(w["way"], w["command"], w["open"], w["why"]) for w in plan.ways_back
        ],
    }


def _count(facts: Facts) -> report.Counts:
    if facts.counts is None:
        return report.Counts()
    figures = dataclasses.asdict(facts.counts)
    if facts.audit:
        figures["grants"] = facts.audit.grants
    return report.Counts(
        **figures,
        caught_up=facts.caught_up or None,
        recaptured=facts.recaptured or None,
        coverage=facts.audit.coverage if facts.audit else None,
        coverage_of_all=facts.audit.coverage_of_all if facts.audit else None,
        **{kind: facts.written.get(kind, 0) for kind in ("inserted", "updated", "deleted")},
    )


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
            _show_quarantined(row.reason, row.code, row.value),
            str(row.reason).replace("_", " "),
        )
        for row in frame.head(report.LIST_LIMIT).itertuples()
    ]


def _show_quarantined(reason: object, code: object, value: object) -> str:
    """Return the code where it is what is wrong, else the JSON text of what cannot be read."""
    if reason == "unknown_tier" and isinstance(code, str):
        return show_code(code)
    return value if isinstance(value, str) else ""


def _list_problems(plan: Plan | None) -> Sequence[report.Problem]:
    if plan is None:
        return ()
    totals = plan.cases_in_all
    problems = [
        report.Problem(
            "Unknown tier codes",
            ("code", "models", "nearest tiers"),
            [(show_code(u["code"]), u["models"], _show(u["nearest"])) for u in plan.unknown_tiers],
            "say what each code means with --tier-map CODE=TIER, or --unknown-tiers quarantine",
            totals.get("unknown_tiers", 0),
        ),
        report.Problem(
            "Codes of the tier map that no model holds",
            ("code", "tiers", "nearest codes that one holds"),
            [
                (show_code(u["code"]), _show(u["tiers"]), _show(u["nearest"]))
                for u in plan.unheld_codes
            ],
            "correct the tier map, where another code was meant",
            totals.get("unheld_codes", 0),
        ),
        report.Problem(
            "JSON encoded twice",
            ("column", "models", "example"),
            [(d["column"], d["models"], d["example"]) for d in plan.double_encoded],
            "strings that hold an array or object: --double-encoded parse or quarantine",
        ),
        report.Problem(
            "Malformed values",
            ("model", "reason", "value"),
            [(m["model_id"], m["reason"], m["value"]) for m in plan.malformed],
            "correct them, or set them aside with --malformed quarantine",
            totals.get("malformed", 0),
        ),
        report.Problem(
            "Codes of one tier with different markups",
            ("model", "tier", "markups"),
            [
                (c["model_id"], show_code(c["tier"]), show_markups(c["markups"]))
                for c in plan.markup_conflicts
            ],
            "decide with --markup-conflict lowest, highest or quarantine",
            totals.get("markup_conflicts", 0),
        ),
        report.Problem(
            "Markups with more than two decimals",
            ("model", "code", "markup"),
            [(i["model_id"], show_code(i["code"]), i["value"]) for i in plan.inexact_markups],
            "decide with --inexact-markup round or quarantine",
            totals.get("inexact_markups", 0),
        ),
        report.Problem("In the way", ("what",), [(text,) for text in plan.obstacles]),
        report.Problem(
            "Missing privileges",
            ("privilege", "give it with"),
            [(p["privilege"], p["remedy"]) for p in plan.missing_privileges],
        ),
    ]
    return [problem for problem in problems if problem.rows]


def _show(codes: Iterable[str]) -> str:
    return ", ".join(map(show_code, codes))


def _say_forecast(facts: Facts) -> str:
    forecast = facts.forecast
    if forecast is None:
        return ""
    said = (
        f"rehearsed on {forecast.made[:10]}: {forecast.models:,} models,"
        f" {forecast.grants:,} grants, {forecast.seconds:.1f} s,"
        f" at most {forecast.lock_seconds:.2f} s of a lock on a live table,"
        f" {forecast.bytes / 1e6:,.1f} MB of table and indexes"
    )
    if facts.mode == "rehearse":
        return said
    waited = facts.seconds - facts.work_seconds
    return (
        f"{said}. This run's work took {facts.work_seconds:.1f} s; the other {waited:.1f} s are the"
        " wait for Great Expectations to be imported, which a rehearsal has behind it."
    )
