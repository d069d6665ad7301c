"""The backup columns, where they are asked for: the captured values, beside the tier columns."""

from __future__ import annotations

import dataclasses
import logging
import random
import time
from collections.abc import Generator, Iterable

from psycopg.rows import DictRow
from psycopg.sql import SQL

from sql import prepare
from tasks.capture import has_triggers
from tasks.chunks import Chunk, as_text, list_chunks
from tasks.definition import database_task
from tasks.live_locks import ALL_WAIT, change_live
from tasks.survey import read_inventory
from tasks.throttle import wait_for_room
from tierflow.connection import Connection, connect, fetch
from tierflow.culprits import writing_models
from tierflow.errors import TransientError
from tierflow.measures import note_lock
from tierflow.progress import track
from tierflow.settings import Target

log = logging.getLogger("tierflow.back_up")

COLUMNS = (
    "schema/add_backup_columns",
    "schema/mark_tier_access_backup",
    "schema/mark_tier_markup_backup",
    "queries/reopen_backups",
)
KEEPER = (
    "schema/create_keep_columns_function",
    "schema/revoke_keep_columns_function",
    "schema/create_keep_columns_trigger",
)
KEEP_TRIGGER = "zzzz_tierflow_keep_other_columns"
CLEARANCE = ("schema/drop_keep_columns_trigger", "schema/drop_keep_columns_function")
REMOVAL = (*CLEARANCE, "schema/drop_backup_columns", "queries/reopen_backups")
# a batch's rows are locked until it commits, and a writer of one of them waits so long: the budget
# for a lock is 50 ms (docs/design.md, *Budgets*), and beside writers a batch takes ten times as
# long now and then. Where nobody writes they are longer: 100,000 models take 5 s then, and not 8
BUSY_SECONDS, QUIET_SECONDS, GROWTH = 0.002, 0.01, 1.02
SMALLEST_BATCH, LARGEST_BATCH = 20, 20_000
ATTEMPTS = 6
PLACES = {
    "number": SQL("$1"),
    "low": SQL("$2"),
    "high": SQL("$3"),
    "after": SQL("$4"),
    "most": SQL("$5"),
}
BATCH = "EXECUTE back_up_batch ({number}, {low}, {high}, {after}, {most})"


@dataclasses.dataclass(frozen=True)
class BackedUp:
    """What became of the backup columns: the models written, and whether anything was changed."""

    models: int = 0
    changed: bool = False

    @property
    def rows(self) -> int:
        """Return the number of models written."""
        return self.models


@database_task("back up")
def back_up(target: Target, models: int) -> BackedUp:
    """Add the backup columns and fill them from the captured values, batch by batch.

    What is filled already stays. No other column moves: our trigger fires last and puts the others
    back, so that neither triggers are disabled (writers would wait) nor a superuser is needed.
    `models` is how many there are, for the progress.
    """
    with connect(target, "back up", read_only=True) as connection:
        complete = read_inventory(connection, target).has_all_backup_columns
    if not complete:
        change_live(target, "backup columns", ALL_WAIT, COLUMNS, target.names())
    with connect(target, "back up", read_only=True) as connection:
        todo = [chunk for chunk in list_chunks(connection, target) if not chunk.backed_up]
        left = has_triggers(connection, target, KEEP_TRIGGER)
    copied = _fill(target, todo, models) if todo else 0
    if todo or left:  # left by a run that was killed when all was copied
        change_live(target, "backup columns", ALL_WAIT, CLEARANCE, target.names())
    return BackedUp(copied, bool(todo) or not complete)


def _fill(target: Target, todo: Iterable[Chunk], models: int) -> int:
    change_live(target, "backup columns", ALL_WAIT, KEEPER, target.names())
    copied, pace = 0, _Pace()
    with track("back up", models) as advance:
        for done in _back_up_chunks(target, todo, pace):
            copied += done
            advance(copied)
    log.info("Filled the backup columns of %s models.", copied)
    return copied


@database_task("drop backup columns")
def drop_backup_columns(target: Target) -> BackedUp:
    """Drop the backup columns, which were asked for once; the captured values stay."""
    change_live(target, "backup columns", ALL_WAIT, REMOVAL, target.names())
    return BackedUp(changed=True)


@dataclasses.dataclass
class _Pace:
    """How many models a batch takes: as many as are written in `seconds`.

    These grow with each batch, and are the shortest again when somebody else has written.
    """

    size: int = SMALLEST_BATCH
    seconds: float = BUSY_SECONDS
    next_transaction: int = 0
    failures: int = 0

    def took(self, seconds: float, next_transaction: int) -> None:
        self.failures = 0
        alone = next_transaction == self.next_transaction + 1
        self.next_transaction = next_transaction
        self.seconds = min(QUIET_SECONDS, self.seconds * GROWTH) if alone else BUSY_SECONDS
        factor = min(1.5, self.seconds / max(seconds, 0.0001))
        self.size = max(SMALLEST_BATCH, min(LARGEST_BATCH, int(self.size * factor)))

    def failed(self, error: TransientError) -> None:
        """Halve the batch and wait; raise the error when that was tried often enough."""
        self.failures += 1
        if not error.retry:
            raise error
        if self.failures == ATTEMPTS:
            # tried often enough: the step is not to begin once more
            raise TransientError(error.message, next_step=error.next_step) from error
        self.size = max(SMALLEST_BATCH, self.size // 2)
        log.info("The backup gives way, with %s models a batch: %s", self.size, error.message)
        time.sleep(random.uniform(0.5, 1.5) * min(0.1 * 2**self.failures, 2.0))


def _back_up_chunks(target: Target, chunks: Iterable[Chunk], pace: _Pace) -> Generator[int]:
    """Yield the models of each batch, when it is committed together with how far it came."""
    todo = {chunk.number: chunk for chunk in chunks}
    while todo:
        try:
            with connect(target, "back up") as connection:
                _prepare_batches(connection, target)
                while todo:
                    wait_for_room(target)
                    chunk = next(iter(todo.values()))
                    started = time.perf_counter()
                    done = _write_batch(connection, chunk, pace.size)
                    took = time.perf_counter() - started
                    note_lock("back up", held=took, imposed=took)
                    if done["left_open"]:
                        raise _locked_by_others(done["left_open"])
                    if done["models"] < pace.size:
                        del todo[chunk.number]
                    else:
                        todo[chunk.number] = dataclasses.replace(chunk, backed_up_to=done["last"])
                    pace.took(took, done["next_transaction"])
                    yield done["models"]
        except TransientError as error:
            pace.failed(error)


def _prepare_batches(connection: Connection, target: Target) -> None:
    """Have the statement of a batch planned once: it took 2.4 of 9 ms for 200 models."""
    for name in ("set_lazy_commit", "allow_backup"):
        fetch(connection, f"queries/{name}", local=False)
    fetch(connection, "queries/set_generic_plans")
    connection.execute(prepare("queries/back_up_batch", **target.names(), **PLACES))
    connection.commit()


def _write_batch(connection: Connection, chunk: Chunk, most: int) -> DictRow:
    """Write the next batch and commit it; return its models, the last one and those left open."""
    batch = SQL(BATCH).format(
        number=chunk.number,
        **as_text((chunk.low, chunk.high)),
        after=str(chunk.backed_up_to or ""),
        most=most,
    )
    # sent in one go: the rows are locked while the server works, not while the network does
    with writing_models(), connection.pipeline():
        written = connection.execute(batch)
        connection.commit()
    return written.fetchall()[0]


def _locked_by_others(models: int) -> TransientError:
    return TransientError(
        f"{models} models are locked by other sessions.",
        next_step="let those sessions end their transactions, then run the same command again;"
        " it goes on where it stopped",
        retry=True,
    )
