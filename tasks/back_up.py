"""The backup columns: the values of the two tier columns as first captured."""

from __future__ import annotations

import logging

from tasks.build import Chunk, list_chunks
from tasks.definition import database_task
from tierflow.connection import connect, fetch, run
from tierflow.settings import Target

log = logging.getLogger("tierflow.back_up")

PREPARATION = ("add_backup_columns", "create_keep_columns_function", "create_keep_columns_trigger")


@database_task("back up")
def back_up(target: Target) -> int:
    """Copy the tier columns into the backup columns, chunk by chunk, each chunk once; count models.

    No other column moves: our trigger fires last and puts the others back, so that neither
    triggers are disabled (writers would wait) nor a superuser is needed.
    """
    with connect(target, "back up") as connection:
        todo = [chunk for chunk in list_chunks(connection, target) if not chunk.backed_up]
        if todo:
            for name in PREPARATION:
                run(connection, f"schema/{name}", **target.names())
    copied = sum(_back_up_chunk(target, chunk) for chunk in todo)
    if todo:
        with connect(target, "back up") as connection:
            run(connection, "schema/drop_keep_columns_trigger", **target.names())
            run(connection, "schema/drop_keep_columns_function", **target.names())
        log.info("Backed up the tier columns of %s models.", copied)
    return copied


def _back_up_chunk(target: Target, chunk: Chunk) -> int:
    names = target.names()
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
    return copied
