"""Reconcile: repair drift towards the side that is named."""

from __future__ import annotations

from typing import Any, Literal

from flows.recording import recorded_run
from flows.target import open_target
from tasks.repair import repair_drift


def reconcile(
    side: Literal["jsonb", "junction"],
    dry_run: bool = False,
    schema_name: str | None = None,
    database: str | None = None,
) -> dict[str, Any]:
    """Make the JSONB say what the junction table says, or the other way round.

    Args:
        side: The side that is right: jsonb or junction.
        dry_run: Only show what differs.
        schema_name: Schema of the published objects; default public.
        database: Name of a saved connection; none: TIERFLOW_DSN, else the embedded database.
    """
    with (
        open_target(schema_name, database=database, judges=False) as target,
        recorded_run(target, "reconcile", locked=not dry_run) as run,
    ):
        if not dry_run:
            run.join_ledger()
        done = run.step(repair_drift, target, side, apply=not dry_run)
        run.facts.changes, run.facts.written = done.changes, done.counts
        done.require_whole()
        return run.finish("dry_run" if dry_run else "reconciled" if done.changes else "unchanged")
