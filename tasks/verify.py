"""Verify: eight checks of the published table against the JSONB, the contract and the clock."""

from __future__ import annotations

import dataclasses
import logging
from typing import Any

import pandas as pd

from tasks.captured import Captured, read_captured
from tasks.compare import Comparison, Frames, compare, read_frame
from tasks.definition import database_task
from tasks.judge import Audit, RunNames, begin_to_judge_frames
from tasks.query_speed import list_targets, time_queries
from tasks.survey import (
    read_decisions_in_force,
    read_inventory,
    require_every_row,
    require_migrated,
)
from tierflow.connection import Connection, connect, fetch, has_relation
from tierflow.decisions import settle_decisions
from tierflow.errors import ChecksFailed
from tierflow.published import OBJECTS, SYNC_TRIGGERS
from tierflow.settings import Target

log = logging.getLogger("tierflow.verify")

# up to so many models the layer is compared for all of them, else for a sample
WHOLE_UP_TO = 20_000
SAMPLE_MODELS = 100
LARGE_SAMPLE_MODELS = 1_000
NOT_THERE = "the junction table is not there"
NO_RULES = "the ledger does not hold the rules that the table was made by"
ANSWERS = "each tier answers as the old JSONB query"
PARITY = ("missing", "extra", "wrong_markup")
LAYER = [part for part in OBJECTS if part[0] in ("view", "security_invoker", "function")]
NAMED = 5


@dataclasses.dataclass(frozen=True)
class Check:
    """One of the eight checks: what was found beside what was expected."""

    name: str
    ok: bool
    figure: str
    expected: str


@dataclasses.dataclass(frozen=True)
class Verification:
    """The eight checks in order; `audit` is None when there is nothing to judge."""

    checks: tuple[Check, ...]
    parity: dict[str, int | None]
    audit: Audit | None
    providers: tuple[dict[str, Any], ...] = ()

    @property
    def ok(self) -> bool:
        """Whether all eight checks passed."""
        return all(check.ok for check in self.checks)

    @property
    def rows(self) -> int:
        """Return the number of checks."""
        return len(self.checks)

    def require_passed(self) -> None:
        """Raise ChecksFailed when a check did not pass."""
        failed = [check for check in self.checks if not check.ok]
        if failed:
            said = "; ".join(f"{check.name} ({check.figure})" for check in failed)
            raise ChecksFailed(
                f"{len(failed)} of {len(self.checks)} checks failed: {said}.",
                next_step="see the report; `tierflow plan` says what `tierflow migrate` would do",
            )


@database_task("verify")
def verify(
    target: Target,
    run: RunNames,
    *,
    min_coverage: float | None,
    detailed: bool = False,
    known: Comparison | None = None,
) -> Verification:
    """Run the eight checks on the published table. Writes data docs only.

    `min_coverage` None: as decided for the migration. `known` is the comparison of this very table
    that this run has made, when nothing was changed since: it counts while the table holds as many
    grants; without it both sides are compared now. Raises ConfigurationError when row security
    hides rows from this role or from the one that the sync runs as.
    """
    with connect(target, "verify", read_only=True) as connection:
        require_migrated(connection, target)
        require_every_row(connection, target)
        schema = read_frame(connection, "checks/schema", target.names())
        if gap := _find_gap(connection, target, schema):
            return _verify_parts_only(schema, gap)
        if min_coverage is None:
            stored = read_decisions_in_force(connection, target)
            min_coverage = settle_decisions({}, stored).min_coverage
        held = fetch(connection, "queries/count_grants", schema=target.schema)[0]["grants"]
        if known is None or held != known.grants:
            known = compare(target, published=True)
        frames: Frames = {**known.frames, "schema": schema}
        # the suites take 0.6 s of a core that the server's answers leave free
        judged = begin_to_judge_frames(
            frames, target, run.at("verify"), database=run.database, min_coverage=min_coverage
        )
        quarantined = fetch(connection, "queries/list_new_quarantine", ledger=target.ledger)
        captured = read_captured(connection, target)
        models = fetch(connection, "queries/count_models", schema=target.schema)[0]["models"]
        layer, providers = _ask_layer(connection, target, models, known.grants, detailed=detailed)
    audit = Audit(judged.result(), frames)
    checks = (
        *check_all_parts(frames["schema"]),
        _check_coverage(audit, min_coverage),
        _check_distribution(frames["distribution"]),
        *layer,
        _check_integrity(frames["orphans"], quarantined, captured),
    )
    for check in checks:
        log.info("%s: %s (%s)", check.name, "ok" if check.ok else "FAILED", check.figure)
    return Verification(checks, dict(audit.parity), audit, tuple(providers))


def _find_gap(connection: Connection, target: Target, schema: pd.DataFrame) -> str | None:
    """Return what keeps JSONB and junction table from being compared, None when nothing does."""
    columns = schema[schema["kind"] == "column"]
    if (columns["found"] == "missing").all():
        return NOT_THERE
    of_another_type = [
        f"column {row.object} is {row.found}"
        for row in columns.itertuples()
        if _type_of(str(row.found)) != _type_of(str(row.expected))
    ]
    has_rules = has_relation(connection, target.ledger, "implied_grant")
    return "; ".join(of_another_type) or (None if has_rules else NO_RULES)


def _type_of(shape: str) -> str:
    return shape.partition(" not null")[0].partition(" default")[0]


def _verify_parts_only(schema: pd.DataFrame, gap: str) -> Verification:
    names = ("coverage", "distribution", "compatibility layer", "query performance", "integrity")
    others = (Check(name, False, gap, "a published migration") for name in names)
    return Verification((*check_all_parts(schema), *others), dict.fromkeys(PARITY), None)


def _ask_layer(
    connection: Connection, target: Target, models: int, grants: int, *, detailed: bool
) -> tuple[tuple[Check, Check], list[dict[str, Any]]]:
    """Return the checks of the compatibility layer and of its speed, and the provider breakdown."""
    found = read_inventory(connection, target).found
    if missing := [f"{kind} {name}" for kind, name in LAYER if (kind, name) not in found]:
        figure = f"{', '.join(missing)}: not there or not ours"
        return (
            Check("compatibility layer", False, figure, ANSWERS),
            Check("query performance", False, figure, "each query within its target"),
        ), []
    names, whole = target.names(), detailed or models <= WHOLE_UP_TO
    size = SAMPLE_MODELS if whole else LARGE_SAMPLE_MODELS
    sample = fetch(
        connection, "queries/list_sample_models", schema=target.schema, sample_models=size
    )
    answers = fetch(connection, "checks/compatibility", **names, sample_models=size, whole=whole)
    asked = [row["id"] for row in sample]
    prices = fetch(connection, "checks/price_differences", **names, models=asked, whole=whole)
    unsynced = [name for name in SYNC_TRIGGERS if ("trigger", name) not in found]
    timings = time_queries(connection, target, grants, sample)
    providers = (
        fetch(connection, "queries/list_providers_per_tier", schema=target.schema)
        if detailed
        else []
    )
    compatible = _check_compatibility(answers, prices[0]["differences"], unsynced)
    if not whole:
        said = f"{compatible.figure} (a sample of {size} of {models} models; --detailed asks all)"
        compatible = dataclasses.replace(compatible, figure=said)
    return (compatible, check_speed(timings, grants)), providers


def check_all_parts(schema: pd.DataFrame) -> tuple[Check, ...]:
    """Judge the columns, keys and indexes of the table, from rows of `checks/schema.sql`."""
    return (
        _check_parts("table and columns", "column", schema),
        _check_parts("foreign keys", "foreign key", schema),
        _check_parts("indexes", "index", schema),
    )


def _check_parts(name: str, kind: str, frame: pd.DataFrame) -> Check:
    parts = frame[frame["kind"] == kind]
    wrong = parts[~parts["ok"].astype(bool)]
    figure = f"{len(parts) - len(wrong)} of {len(parts)} as published"
    if len(wrong):
        figure += ": " + "; ".join(f"{row.object} is {row.found}" for row in wrong.itertuples())
    return Check(name, wrong.empty, figure, f"{len(parts)} of {len(parts)}")


def _check_coverage(audit: Audit, min_coverage: float) -> Check:
    ok = audit.coverage == 1.0 and audit.coverage_of_all >= min_coverage
    figure = (
        f"{audit.coverage:.1%} of the enabled models that should have a grant,"
        f" {audit.coverage_of_all:.1%} of all enabled models"
    )
    return Check("coverage", ok, figure, f"100.0%, and at least {min_coverage:.1%}")


def _check_distribution(frame: pd.DataFrame) -> Check:
    uneven = frame[frame["models"] != frame["source_models"]]
    figure = "; ".join(_describe_tier(row) for row in frame.itertuples())
    return Check(
        "distribution", uneven.empty, figure or "no tier", "each tier as many as in the JSONB"
    )


def _describe_tier(row: Any) -> str:
    text = f"{row.tier_code} {row.models}"
    if row.models != row.source_models:
        text += f" (the JSONB has {row.source_models})"
    if row.models:
        text += f", markup {row.min_markup:.2f} to {row.max_markup:.2f}, mean {row.mean_markup:.2f}"
    return text


def _check_compatibility(
    rows: list[dict[str, Any]], price_differences: int, unsynced: list[str]
) -> Check:
    kinds = ("view_differences", "function_differences", "availability_differences")
    wrong = [
        f"{row['tier_code']}: {row[kind]} {kind.replace('_', ' ')}"
        for row in rows
        for kind in kinds
        if row[kind]
    ]
    if price_differences:
        wrong.append(f"{price_differences} prices differ")
    wrong += [f"trigger {name} is not there or disabled" for name in unsynced]
    asked = sum(row["availability_questions"] for row in rows)
    answers = sum(row["old_models"] for row in rows)
    figure = f"{answers} answers of the view and of get_models_for_tier, {asked} of is_model_available_for_tier"  # noqa: E501
    return Check(
        "compatibility layer",
        not wrong,
        f"{figure}; {'; '.join(wrong) or 'no difference'}",
        ANSWERS,
    )


def check_speed(timings: dict[str, float], grants: int) -> Check:
    """Judge the milliseconds of each query on a table of so many grants."""
    targets = list_targets(grants)
    slow = [name for name, ms in timings.items() if ms >= targets[name]]
    return Check(
        "query performance",
        not slow,
        "; ".join(f"{name} {ms:.1f} ms" for name, ms in timings.items()),
        "; ".join(f"{name} < {ms:.0f} ms" for name, ms in targets.items()),
    )


def _check_integrity(
    frame: pd.DataFrame, quarantined: list[dict[str, Any]], captured: Captured
) -> Check:
    """Judge the orphans, and the captured values, without which a way back is closed.

    What the sync quarantined is said, and is no difference of the sides. A grant that the JSONB
    cannot say is one, and shows among the extra grants.
    """
    wrong = frame[frame["rows"] > 0]
    figure = "; ".join(f"{row.rows} {row.check} ({row.sample})" for row in wrong.itertuples())
    return Check(
        "integrity",
        wrong.empty and captured.complete,
        (figure or "0 orphans, 0 duplicates, parity 0/0/0")
        + _say_quarantined(quarantined)
        + ("" if captured.complete else f"; {captured.describe()}"),
        "0 orphans, 0 duplicates, parity 0/0/0",
    )


def _say_quarantined(rows: list[dict[str, Any]]) -> str:
    if not rows:
        return ""
    named = [f"{row['model_identifier']} ({row['reason']})" for row in rows[:NAMED]]
    more = f" and {len(rows) - NAMED} more" if len(rows) > NAMED else ""
    return f"; {len(rows)} elements quarantined since the migration: {', '.join(named)}{more}"
