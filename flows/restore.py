"""Restore: the old columns as a dump or an archive holds them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from flows.recording import recorded_run
from flows.target import open_target
from tasks import restore as task
from tierflow.errors import ConfigurationError


def restore(
    file: str,
    force: bool = False,
    keep_newer: bool = False,
    dry_run: bool = False,
    schema_name: str | None = None,
    database: str | None = None,
) -> dict[str, Any]:
    """Put tier_access and tier_markup back from a file, on any database that knows the models.

    Args:
        file: A dump of `migrate --pg-dump`, or the archive of `finalize`, where the run runs.
        force: Give up what was written after the file was made.
        keep_newer: On a finalized database, write later grants into the columns instead.
        dry_run: Only show what would be written, and which later writes would be lost.
        schema_name: Schema of the source tables; default public.
        database: Name of a saved connection; none: TIERFLOW_DSN, else the embedded database.
    """
    if force and keep_newer:
        raise ConfigurationError(
            "Nothing was changed: --force gives newer writes up, and --keep-newer keeps them.",
            next_step="give one of the two",
        )
    with (
        open_target(schema_name, database=database, judges=False) as target,
        recorded_run(target, "restore", locked=not dry_run) as run,
    ):
        run.find_finalization()
        try:
            done = run.step(
                task.restore,
                target,
                Path(file),
                force=force,
                keep_newer=keep_newer,
                apply=not dry_run,
            )
        except task.NewerWritesError as error:
            run.facts.restored = error.found
            raise
        run.facts.restored = done
        if dry_run:
            return run.finish("dry_run")
        run.find_finalization()
        run.join_ledger()
        return run.finish("restored" if done.written or done.columns_added else "unchanged")
