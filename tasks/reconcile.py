"""Reconcile: make a published junction table, and what belongs to it, what the JSONB implies."""

from __future__ import annotations

import dataclasses
import logging
from collections import Counter
from typing import Any

from tasks.build import FOREIGN_KEYS, INDEXES, copy_quarantine, plan_chunks, put_rules
from tasks.definition import database_task
from tasks.judge import RunNames, judge_frames, read_frames
from tasks.publish import put_views_and_functions
from tasks.survey import Survey
from tierflow.connection import Connection, connect, fetch, run
from tierflow.settings import Target

log = logging.getLogger("tierflow.reconcile")


@dataclasses.dataclass(frozen=True)
class Reconciled:
    """What was repaired. `changes` has model, tier, change, found and wanted markup of each grant."""

    changes: tuple[dict[str, Any], ...]
    created: tuple[str, ...]

    @property
    def rows(self) -> int:
        """Return the number of grants changed."""
        return len(self.changes)

    @property
    def counts(self) -> Counter[str]:
        """Return how many grants were inserted, updated and deleted."""
        return Counter(str(change["change"]) for change in self.changes)


@database_task("reconcile")
def reconcile(target: Target, survey: Survey, run_names: RunNames, *, apply: bool) -> Reconciled:
    """Repair grants, missing objects and the quarantine, audit the result, then commit.

    One transaction: a failed audit raises ChecksFailed and leaves everything as it was. Without
    `apply` nothing is written, and only the changes are returned.
    """
    names = target.names()
    with connect(target, "reconcile") as connection:
        if apply:
            _put_rules_if_changed(connection, target, survey, run_names.run_id)
            plan_chunks(connection, target)
        elif not _has_rules(connection, target):
            put_rules(connection, target, survey, run_names.run_id)
        changes = fetch(connection, "queries/reconcile_grants", **names, models=None, apply=apply)
        if not apply:
            connection.rollback()
            return Reconciled(tuple(changes), ())
        created = _create_missing(connection, target, survey)
        _refresh_quarantine(connection, target, survey)
        if changes or created:
            judge_frames(
                read_frames(connection, target, published=True),
                target,
                run_names.at("audit"),
                database=run_names.database,
                min_coverage=survey.rules.decisions.min_coverage,
            ).require_passed()
            log.info("Reconciled %s grants, created %s objects.", len(changes), len(created))
    return Reconciled(tuple(changes), created)


def _has_rules(connection: Connection, target: Target) -> bool:
    rows = fetch(connection, "queries/has_relation", in_schema=target.ledger, name="implied_grant")
    return bool(rows[0]["there"])


def _put_rules_if_changed(
    connection: Connection, target: Target, survey: Survey, run_id: str
) -> None:
    decision = fetch(connection, "queries/read_decision", ledger=target.ledger)
    same = bool(decision) and decision[0]["fingerprint"] == survey.fingerprint
    if not same or not _has_rules(connection, target):
        put_rules(connection, target, survey, run_id)


def _create_missing(connection: Connection, target: Target, survey: Survey) -> tuple[str, ...]:
    """Create the indexes, keys, views and functions that the preflight missed."""
    names = target.names()
    missing = [part.split(" ", 1) for part in survey.plan.will_create]
    layer = False
    for kind, name in missing:
        if name in INDEXES:
            run(connection, f"schema/{INDEXES[name]}", **names)
        elif name in FOREIGN_KEYS:
            run(connection, f"schema/drop_{name}", **names)
            for statement_name in FOREIGN_KEYS[name]:
                run(connection, f"schema/{statement_name}", **names)
        elif kind in ("view", "function", "trigger"):
            layer = True
    if layer:
        put_views_and_functions(connection, names)
    return tuple(part for part in survey.plan.will_create if not part.startswith("column"))


def _refresh_quarantine(connection: Connection, target: Target, survey: Survey) -> None:
    """Put the quarantine that the preflight read in place of the stored one, if they differ."""
    stored = fetch(connection, "queries/list_quarantine", ledger=target.ledger)
    wanted = survey.quarantine
    before = {(str(r["model_id"]), r["position"], r["reason"]) for r in stored}
    after = set(zip(wanted["model_id"], wanted["position"], wanted["reason"], strict=True))
    if before != after:
        run(connection, "queries/clear_quarantine", ledger=target.ledger)
        copy_quarantine(connection, target, wanted)
