"""Contract: archive what the old columns hold, and drop them with the sync."""

from __future__ import annotations

import contextlib
import dataclasses
import logging
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from psycopg import IsolationLevel

from sql import statement
from tasks.build import put_ledger
from tasks.capture import drop_capture, start_capture
from tasks.definition import database_task
from tasks.live_locks import ALL_WAIT, TakeLocks, with_live_locks
from tasks.survey import read_decisions_in_force, read_inventory
from tasks.sync import drop_sync
from tierflow import __version__
from tierflow.archive import BATCH_ROWS, Archive, ArchiveWriter, hash_file
from tierflow.connection import Connection, connect, fetch, run
from tierflow.errors import ChecksFailed, TransientError
from tierflow.finalization import read_finalization
from tierflow.progress import track
from tierflow.published import OBJECTS
from tierflow.settings import Target

log = logging.getLogger("tierflow.finalize")

# so many changes are archived under the lock at the most: 1,000 take 10 ms
FEW_CHANGES = 1000
ROUNDS = 20
DROPS = (
    "schema/drop_keep_columns_trigger",
    "schema/drop_keep_columns_function",
    "schema/drop_capture_function",
    "schema/drop_implied_grant_view",
    "schema/drop_captured",
    "schema/drop_source_columns",
)
STAYS = ("table", "view", "security_invoker", "function", "index", "constraint")


@dataclasses.dataclass(frozen=True)
class Contracted:
    """The archive, and what was dropped."""

    archive: Archive
    models: int
    dropped: tuple[str, ...]

    @property
    def rows(self) -> int:
        """Return the number of models archived."""
        return self.models


@database_task("archive and drop")
def archive_and_drop(target: Target, file: Path, run_id: str) -> Contracted:
    """Write the old columns to a new archive, then drop them with the captured values and the sync.

    The archive is whole on disk before the drop commits. Models that change while it is written
    are archived once more, the last of them under the lock, so that it holds what is dropped. The
    drop is one short transaction that gives way to locks; a fault leaves the columns.
    """
    with connect(target, "finalize") as connection:
        put_ledger(connection, target)
        run(connection, "queries/clear_change_log", ledger=target.ledger)
        start_capture(connection, target)
        writer = ArchiveWriter(file, _compose_header(connection, target, run_id))
    try:
        models = _archive_all(target, writer)
        _archive_changes(target, writer)
        writer.sync()
        done = _drop(target, writer, run_id, models)
    except BaseException:
        _stop_capture(target)
        raise
    finally:
        writer.discard()
    log.info("Archived %s models in %s, and dropped the old columns.", models, file)
    return done


def _compose_header(connection: Connection, target: Target, run_id: str) -> dict[str, Any]:
    """Return what the archive says of itself, so that it can be read without the database."""
    tiers = fetch(connection, "queries/list_tiers", schema=target.schema)
    quarantine = fetch(connection, "queries/list_quarantine", ledger=target.ledger)
    return {
        "tierflow_version": __version__,
        "run_id": run_id,
        "database": connection.info.dbname,
        "schema": target.schema,
        "decisions": read_decisions_in_force(connection, target),
        "tiers": [dict(tier) for tier in tiers],
        "definitions": _list_definitions(connection, target),
        "quarantine": [dict(row) for row in quarantine],
    }


def _list_definitions(connection: Connection, target: Target) -> list[str]:
    rows = fetch(connection, "queries/list_column_definitions", schema=target.schema)
    return [str(row["statement"]) for row in rows]


def _archive_all(target: Target, writer: ArchiveWriter) -> int:
    """Write every model as one snapshot shows it, a batch at a time; return how many they are."""
    with connect(target, "archive", read_only=True) as connection:
        connection.isolation_level = IsolationLevel.REPEATABLE_READ
        total = fetch(connection, "queries/count_models", schema=target.schema)[0]["models"]
        done = 0
        with track("archive", total) as advance, connection.cursor("originals") as cursor:
            cursor.execute(statement("queries/list_originals", **target.names(), models=None))
            while rows := cursor.fetchmany(BATCH_ROWS):
                writer.write(rows)
                done += len(rows)
                advance(done)
    return done


def _archive_changes(target: Target, writer: ArchiveWriter) -> None:
    """Archive the models that changed meanwhile, until few are left for the lock."""
    changed: list[Any] = []
    for _ in range(ROUNDS):
        with connect(target, "archive changes") as connection:
            changed = fetch(connection, "queries/list_changed_ids", ledger=target.ledger)
            if len(changed) <= FEW_CHANGES:
                return
            for start in range(0, len(changed), BATCH_ROWS):
                _archive_models(connection, target, writer, changed[start : start + BATCH_ROWS])
    raise TransientError(
        f"Models change faster than they are archived: {len(changed)} after {ROUNDS} rounds.",
        next_step="run the same command again at a quieter hour",
    )


def _archive_models(
    connection: Connection, target: Target, writer: ArchiveWriter, changed: list[Any]
) -> None:
    models = [row["model_id"] for row in changed]
    writer.write(fetch(connection, "queries/list_originals", **target.names(), models=models))
    run(
        connection,
        "queries/delete_changes_up_to",
        ledger=target.ledger,
        models=models,
        numbers=[row["last"] for row in changed],
    )


def _drop(target: Target, writer: ArchiveWriter, run_id: str, models: int) -> Contracted:
    archive: Archive | None = None

    def work(connection: Connection, take_locks: TakeLocks) -> Contracted:
        nonlocal archive
        if archive is not None:
            raise TransientError(
                f"The connection was lost when the archive {archive.file} was whole: whether the"
                " columns are gone is not known.",
                next_step="run the same command again: it says, or goes on with a new archive",
            )
        columns = [name for kind, name in sorted(read_inventory(connection, target).found)
                   if kind == "column"]  # fmt: skip
        take_locks()
        run(connection, "queries/lock_junction", schema=target.schema)
        drop_sync(connection, target)
        drop_capture(connection, target)
        changed = fetch(connection, "queries/list_changed_ids", ledger=target.ledger)
        _archive_models(connection, target, writer, changed)
        definitions = _list_definitions(connection, target)
        for name in (*DROPS, *(("schema/drop_backup_columns",) if columns else ())):
            run(connection, name, **target.names())
        archive = writer.close()
        run(
            connection,
            "queries/save_finalization",
            **target.names(),
            run_id=run_id,
            archive=str(archive.file.absolute()),
            sha256=archive.sha256,
            models=models,
            definitions=definitions,
        )
        dropped = ("tier_access", "tier_markup", *columns)
        return Contracted(archive, models, (*(f"column {name}" for name in dropped), "the sync"))

    return with_live_locks(target, "finalize", ALL_WAIT, work)


def _stop_capture(target: Target) -> None:
    """Drop the capture, if nobody is in the way: left behind, it only logs until the next run."""

    def work(connection: Connection, take_locks: TakeLocks) -> None:
        if read_finalization(connection, target) is None:
            take_locks()
            drop_capture(connection, target)

    with contextlib.suppress(TransientError):
        with_live_locks(target, "finalize", ALL_WAIT, work)


@database_task("check finalized")
def check_finalized(target: Target, done: Contracted) -> Mapping[str, Any]:
    """Read back the archive's checksum and what must have stayed. Writes nothing.

    Raises ChecksFailed when something is not as it should be.
    """
    with connect(target, "check finalized", read_only=True) as connection:
        inventory = read_inventory(connection, target)
    missing = [
        f"{kind} {name}"
        for kind, name in OBJECTS
        if kind in STAYS and (kind, name) not in inventory.found
    ]
    found = hash_file(done.archive.file)
    if missing or found != done.archive.sha256 or inventory.finalization is None:
        raise ChecksFailed(
            "The database is finalized, and what was read back is not as it should be:"
            f" {', '.join(missing) or f'the archive has the SHA-256 {found}'}.",
            next_step=f"tierflow restore {done.archive.file}, or see what the report says",
        )
    return {"sha256": found}
