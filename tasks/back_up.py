"""The backup columns: the values of the two tier columns as first captured."""

from __future__ import annotations

import logging
import time

from tasks.build import Chunk, list_chunks
from tasks.capture import has_triggers
from tasks.definition import database_task
from tasks.live_locks import ALL_WAIT, change_live
from tasks.throttle import wait_for_room
from tierflow.connection import connect, fetch, run
from tierflow.measures import note_lock
from tierflow.settings import Target

log = logging.getLogger("tierflow.back_up")

PREPARATION = (
    "schema/add_backup_columns",
    "schema/create_keep_columns_function",
    "schema/create_keep_columns_trigger",
)
KEEP_TRIGGER = "zzzz_tierflow_keep_other_columns"
CLEARANCE = ("schema/drop_keep_columns_trigger", "schema/drop_keep_columns_function")


@database_task("back up")
def back_up(target: Target) -> int:
    """Copy the tier columns into the backup columns, chunk by chunk, each chunk once; count models.

    No other column moves: our trigger fires last and puts the others back, so that neither
    triggers are disabled (writers would wait) nor a superuser is needed.
    """
    with connect(target, "back up") as connection:
        left = has_triggers(connection, target, KEEP_TRIGGER)
        todo = [chunk for chunk in list_chunks(connection, target) if not chunk.backed_up]
    if todo:
        change_live(target, "backup columns", ALL_WAIT, PREPARATION, target.names())
    copied = sum(_back_up_chunk(target, chunk) for chunk in todo)
    if todo or left:  # left by a run that was killed when all was copied
        change_live(target, "backup columns", ALL_WAIT, CLEARANCE, target.names())
        log.info("Backed up the tier columns of %s models.", copied)
    return copied


def _back_up_chunk(target: Target, chunk: Chunk) -> int:
    wait_for_room(target)
    names = target.names()
    asked = time.perf_counter()
    with connect(target, f"back up {chunk.number}") as connection:
        fetch(connection, "queries/allow_backup")
        copied = run(connection, "queries/back_up_range", **names, low=chunk.low, high=chunk.high)
        copied += run(
            connection, "queries/back_up_nulls_of_range", **names, low=chunk.low, high=chunk.high
        )
        run(
            connection,
            "queries/finish_backup_of_chunk",
            ledger=target.ledger,
            number=chunk.number,
        )
    took = time.perf_counter() - asked
    note_lock("back up", held=took, imposed=took)
    return copied
