"""Reconcile: make a published junction table, and what belongs to it, what the JSONB implies."""

from __future__ import annotations

import dataclasses
import logging
from collections import Counter
from collections.abc import Iterable
from typing import Any

from tasks.build import put_ledger, put_rules, save_decisions
from tasks.captured import capture_missing, read_captured
from tasks.chunks import as_text, plan_chunks
from tasks.compare import Comparison, compare, compare_again
from tasks.definition import database_task
from tasks.indexes import FOREIGN_KEYS
from tasks.judge import Audit, RunNames, begin_to_judge_frames
from tasks.missing_parts import create_missing
from tasks.quarantine import copy_quarantine
from tasks.survey import Survey
from tasks.sync import pause_sync, put_sync_functions
from tierflow.connection import Connection, connect, fetch, has_relation, run
from tierflow.settings import Target

log = logging.getLogger("tierflow.reconcile")


@dataclasses.dataclass(frozen=True)
class Reconciled:
    """What was repaired. `changes`: model, tier, change, found and wanted markup of each grant.

    `comparison` is how both sides stand then; None where nothing was applied. `captured` counts
    models whose captured values were missing, and are those of now.
    """

    changes: tuple[dict[str, Any], ...]
    created: tuple[str, ...]
    comparison: Comparison | None = None
    captured: int = 0

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
    `apply` it is rolled back, no sequence moves, and only the changes are returned.
    """
    names = target.names()
    with connect(target, "reconcile") as connection:
        put_ledger(connection, target)
        if apply:
            _hold_writers(connection, target, survey)
        same_rules = _same_rules(connection, target, survey)
        if not same_rules:
            put_rules(connection, target, survey, run_names.run_id)
            if not survey.inventory.swapped:  # else the sync is made anew, below
                put_sync_functions(connection, names)
        else:
            save_decisions(connection, target, survey, run_names.run_id)
        before = compare(target, published=True, within=None if same_rules else connection)
        changes = _delete_unlawful(connection, target, survey)
        for drifted in before.drifted:
            bounds = as_text(drifted)
            if apply:
                fetch(connection, "queries/lock_drifted_models", **names, **bounds)
            changes += fetch(connection, "queries/reconcile_grants", **names, **bounds, apply=apply)
        if not apply:
            connection.rollback()
            return Reconciled(tuple(changes), ())
        plan_chunks(connection, target)
        captured = 0
        if not read_captured(connection, target).complete:
            captured = capture_missing(connection, target)
            log.warning(
                "The captured values of %s models were missing: they are those of now.", captured
            )
        created = create_missing(connection, target, survey.inventory)
        _refresh_quarantine(connection, target, survey)
        after = before
        if changes or created:
            after = compare_again(connection, target, before)
            judged = begin_to_judge_frames(
                after.frames,
                target,
                run_names.at("audit"),
                database=run_names.database,
                min_coverage=survey.rules.decisions.min_coverage,
            )
            Audit(judged.result(), after.frames).require_passed()
            log.info("Reconciled %s grants, created %s objects.", len(changes), len(created))
    return Reconciled(tuple(changes), created, after, captured)


def _hold_writers(connection: Connection, target: Target, survey: Survey) -> None:
    """Let no write of the application pass by the repair: by the sync, else by a table lock.

    Without a part of the sync, or while the rules change, writers wait until the commit.
    """
    pause_sync(connection)
    if survey.inventory.sync_gaps or not _same_rules(connection, target, survey):
        run(connection, "queries/lock_source", schema=target.schema)


def _same_rules(connection: Connection, target: Target, survey: Survey) -> bool:
    decision = fetch(connection, "queries/read_decision", ledger=target.ledger)
    same = bool(decision) and decision[0]["fingerprint"] == survey.fingerprint
    bound = not survey.inventory.swapped
    return same and bound and has_relation(connection, target.ledger, "implied_grant")


def _delete_unlawful(
    connection: Connection, target: Target, survey: Survey
) -> list[dict[str, Any]]:
    """Delete what would keep a missing key from being made: copies, orphans. Else do nothing."""
    keys = {("index", "unique_tier_model"), *(("constraint", key) for key in FOREIGN_KEYS)}
    if keys <= survey.inventory.found:
        return []
    return fetch(connection, "queries/delete_unlawful_grants", **target.names())


def _refresh_quarantine(connection: Connection, target: Target, survey: Survey) -> None:
    """Put the quarantine that the preflight read in place of the stored one, if they differ."""
    stored = fetch(connection, "queries/list_quarantine", ledger=target.ledger)
    wanted = survey.quarantine
    columns = ["model_id", "position", "code", "reason", "tier_codes"]
    before = {_key_of(row[name] for name in columns) for row in stored}
    after = {_key_of(row) for row in wanted[columns].itertuples(index=False)}
    if before != after:
        run(connection, "queries/clear_quarantine", ledger=target.ledger)
        copy_quarantine(connection, target, wanted)


def _key_of(values: Iterable[object]) -> tuple[str, ...]:
    return tuple("" if value is None else str(value) for value in values)
