"""Restore: the two tier columns as a dump or an archive holds them, and nothing else moved."""

from __future__ import annotations

import dataclasses
import logging
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from tasks.build import put_ledger
from tasks.definition import database_task
from tasks.live_locks import ALL_WAIT, WRITERS_WAIT, TakeLocks, change_live, with_live_locks
from tasks.restore_layer import (
    make_sides_agree,
    put_captured,
    put_definitions,
    put_layer,
    require_parity,
)
from tasks.stage_rows import stage_rows
from tasks.survey import (
    list_model_columns,
    list_other_schema,
    read_decisions_in_force,
    read_inventory,
)
from tierflow.connection import Connection, connect, fetch, run
from tierflow.culprits import writing_models
from tierflow.decisions import settle_decisions
from tierflow.errors import ChecksFailed, ConfigurationError
from tierflow.finalization import Finalization
from tierflow.progress import track
from tierflow.published import Inventory
from tierflow.settings import Target

log = logging.getLogger("tierflow.restore")

BATCH_MODELS = 20_000
SHOWN = 1000
NAMED = 5
SOURCE_COLUMNS = ("schema/add_source_columns",)
BACKUP_COLUMNS = (
    "schema/add_backup_columns",
    "schema/mark_tier_access_backup",
    "schema/mark_tier_markup_backup",
)
# by whether there are to be backup columns too
ADDITIONS = {False: SOURCE_COLUMNS, True: (*SOURCE_COLUMNS, *BACKUP_COLUMNS)}
REMOVALS = {
    False: ("schema/drop_source_columns",),
    True: ("schema/drop_source_columns", "schema/drop_backup_columns"),
}
CLEARANCE = ("restore/drop_keep_trigger", "restore/drop_keep_function")


@dataclasses.dataclass(frozen=True)
class Restored:
    """What a restore has found, and written; where it was only asked, `written` is what would be.

    `newer` counts models that were written after the file was made; `changes` names the first of
    them: model, what it holds now, what the file says. `left_out`: what could not be made again.
    """

    models: int
    written: int
    newer: int
    added: int
    deleted: int
    changes: tuple[dict[str, Any], ...]
    columns_added: bool
    renamed_tiers: tuple[str, ...] = ()
    left_out: tuple[str, ...] = ()

    @property
    def rows(self) -> int:
        """Return the number of models written, or that would be."""
        return self.written

    def require_nothing_lost(self, file: Path) -> None:
        """Raise NewerWritesError, naming models, when writes newer than the file would go."""
        if not self.newer:
            return
        named = "; ".join(
            f"{c['model']} (now {c['now']}, in the file {c['restored']})"
            for c in self.changes[:NAMED]
        )
        keep = f"; to keep them: tierflow restore {file} --keep-newer" if self.columns_added else ""
        raise NewerWritesError(
            f"Nothing was changed: {self.newer} models were written after {file} was made, and"
            f" would lose that: {named}.",
            next_step=f"to give these writes up: tierflow restore {file} --force{keep}",
            found=self,
        )


class NewerWritesError(ConfigurationError):
    """Writes newer than the file would be lost; `found` is what there is, with 0 written."""

    def __init__(self, message: str, *, next_step: str, found: Restored) -> None:
        super().__init__(message, next_step=next_step)
        self.found = found


@database_task("restore")
def restore(
    target: Target, file: Path, *, force: bool, keep_newer: bool, apply: bool = True
) -> Restored:
    """Write the file's values into the tier columns, all or nothing; `updated_at` does not move.

    On a finalized database the columns are made again first, with the sync: the two sides agree
    when it commits. Models that the file does not know keep what they have. Raises
    NewerWritesError, nothing changed, when newer writes would be lost, unless `force` gives them
    up or `keep_newer` (finalized databases) writes them into the columns. Without `apply` it only
    looks. Writers of the models wait while it writes; readers never do.
    """
    with connect(target, "restore") as connection:
        inventory = read_inventory(connection, target)
        gone = _require_restorable(connection, target, inventory)
        stage_rows(connection, target, file, inventory.finalization)
        connection.commit()
        found = _examine(connection, target, gone=gone)
        connection.rollback()
        if not apply:
            return dataclasses.replace(found, written=_count_to_write(connection, target, found))
        if not force and not (keep_newer and gone):
            found.require_nothing_lost(file)
        put_ledger(connection, target)
        backup = gone and _has_backup_columns(connection, target)
        connection.commit()
        if gone:
            change_live(target, "restore", ALL_WAIT, ADDITIONS[backup], target.names())
        how = _How(inventory.finalization, backup, force=force, keep_newer=keep_newer and gone)
        try:
            done = _write(connection, target, file, how)
        except BaseException:
            if gone:
                connection.rollback()
                change_live(target, "restore", ALL_WAIT, REMOVALS[backup], target.names())
            raise
    log.info("Restored the tier columns of %s models.", done.written)
    return done


def _require_restorable(connection: Connection, target: Target, inventory: Inventory) -> bool:
    """Return whether the columns are gone. Raises ConfigurationError where nobody can go on."""
    if other := list_other_schema(connection, target):
        raise ConfigurationError(
            f"Nothing was changed: {'; '.join(other)}.",
            next_step="give the schema that was migrated with --schema",
        )
    columns = list_model_columns(connection, target)
    if not columns:
        raise ConfigurationError(
            f"There is no table {target.schema}.model_access_control to restore into.",
            next_step="choose the right database (TIERFLOW_DSN) and schema (--schema)",
        )
    missing = {"tier_access", "tier_markup"} - columns
    if missing and inventory.finalization is None:
        raise ConfigurationError(
            f"Columns are gone ({', '.join(sorted(missing))}) that `tierflow finalize` did not"
            " drop, so nobody knows what was written since.",
            next_step="add them by hand (ALTER TABLE ... ADD COLUMN tier_access jsonb), then run"
            " the restore again with --force",
        )
    return inventory.finalization is not None


def _examine(connection: Connection, target: Target, *, gone: bool) -> Restored:
    """Compare the file with what there is now, into the session's table `newer`."""
    renamed = ()
    if gone:
        run(connection, "restore/write_moved_tiers", **target.names())
        rows = fetch(connection, "restore/write_renamed_tiers", **target.names())
        renamed = tuple(str(row["code"]) for row in rows)
    newer = "restore/create_newer_grant" if gone else "restore/create_newer_value"
    run(connection, newer, **target.names())
    counts = fetch(connection, "restore/count_restored", schema=target.schema)[0]
    changes = fetch(connection, "restore/list_newer", most=SHOWN)
    return Restored(
        **counts,
        written=0,
        changes=tuple(dict(row) for row in changes),
        columns_added=gone,
        renamed_tiers=renamed,
    )


def _has_backup_columns(connection: Connection, target: Target) -> bool:
    """Return whether the captured values were asked for in columns of the models too."""
    return settle_decisions({}, read_decisions_in_force(connection, target)).backup_columns


def _count_to_write(connection: Connection, target: Target, found: Restored) -> int:
    """Return how many models a restore would write: what the batches of sql/restore/ do."""
    if not found.columns_added:
        return found.newer  # the values that differ
    if _has_backup_columns(connection, target):
        return found.models - found.deleted
    return fetch(connection, "restore/count_valued", schema=target.schema)[0]["models"]


@dataclasses.dataclass(frozen=True)
class _How:
    """What is to be made again, and what becomes of newer writes."""

    finalization: Finalization | None
    backup_columns: bool
    force: bool
    keep_newer: bool


def _write(connection: Connection, target: Target, file: Path, how: _How) -> Restored:
    finalization = how.finalization

    def work(connection: Connection, take_locks: TakeLocks) -> Restored:
        take_locks()
        # looked at again under the lock: what was written meanwhile counts
        found = _examine(connection, target, gone=finalization is not None)
        if not how.force and not how.keep_newer:
            found.require_nothing_lost(file)
        written = _write_batches(connection, target, found.models, backup=how.backup_columns)
        _require_written(connection, target)
        left_out: tuple[str, ...] = ()
        if finalization:
            run(connection, "restore/analyze_models", schema=target.schema)
            put_layer(connection, target)
            put_captured(connection, target)
            make_sides_agree(connection, target, keep_newer=how.keep_newer)
            left_out = put_definitions(connection, finalization.definitions)
            run(connection, "queries/clear_finalization", ledger=target.ledger)
            require_parity(connection, target)
        for name in CLEARANCE:
            run(connection, name, **target.names())
        return dataclasses.replace(found, written=written, left_out=left_out)

    return with_live_locks(target, "restore", WRITERS_WAIT, work, session=connection)


def _write_batches(connection: Connection, target: Target, models: int, *, backup: bool) -> int:
    names = target.names()
    run(connection, "restore/create_keep_function", **names)
    run(connection, "restore/create_keep_trigger", **names, what="captured" if backup else "")
    fetch(connection, "restore/allow_restore")
    batch = "restore/write_originals_batch" if backup else "restore/write_values_batch"
    after, done, written = "", 0, 0
    with writing_models(), track("restore", models) as advance:
        while True:
            row = fetch(connection, batch, **names, after=after, most=BATCH_MODELS)[0]
            after, done, written = row["last"], done + row["models"], written + row["written"]
            advance(done)
            if row["models"] < BATCH_MODELS:
                return written


def _require_written(connection: Connection, target: Target) -> None:
    left = fetch(connection, "restore/count_unrestored", schema=target.schema)[0]["models"]
    if left:
        raise ChecksFailed(
            f"{left} models do not hold what was written into them, so nothing was kept: a trigger"
            " of this database changes or refuses it.",
            next_step="see the triggers of model_access_control, then run the same command again",
        )


def summarize(done: Restored | None) -> Mapping[str, Any]:
    """Return what `--json` prints of a restore."""
    if done is None:
        return {"models": 0, "written": 0, "newer": 0, "changes": []}
    return {**dataclasses.asdict(done), "changes": list(done.changes)}
