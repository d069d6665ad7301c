"""Rollback: the schema as it was before the migration."""

from __future__ import annotations

from typing import Any

from flows.recording import recorded_run
from flows.run_page import require_confirmed
from flows.target import open_target
from tasks.preview import preview_rollback
from tasks.roll_back import check_rollback, roll_back


def rollback(
    confirm: str | None = None,
    restore_snapshot: bool = False,
    dry_run: bool = False,
    schema_name: str | None = None,
    database: str | None = None,
) -> dict[str, Any]:
    """Remove every published object; keep later changes in the JSONB, or restore the snapshot.

    Args:
        confirm: Type the name of the database to confirm; the command line asks instead.
        restore_snapshot: Put the captured values back, which gives up every later change.
        dry_run: Only show what would be written and dropped, and what differs since the migration.
        schema_name: Schema of the published objects; default public.
        database: Name of a saved connection; none: TIERFLOW_DSN, else the embedded database.
    """
    with (
        open_target(schema_name, database=database, judges=False) as target,
        recorded_run(target, "rollback", locked=not dry_run) as run,
    ):
        run.facts.restore_snapshot = restore_snapshot
        if not dry_run:
            require_confirmed(run.facts.database, confirm)
            run.join_ledger()
        run.facts.preview = run.step(preview_rollback, target, restore_snapshot=restore_snapshot)
        if dry_run:
            return run.finish("dry_run")
        run.facts.rolled_back = run.step(roll_back, target, restore_snapshot=restore_snapshot)
        run.step(check_rollback, target)
        return run.finish("rolled_back" if run.facts.rolled_back.dropped else "unchanged")
