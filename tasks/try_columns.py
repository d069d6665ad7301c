"""The backup columns, tried: what an application's write says with them there, and nothing kept."""

from __future__ import annotations

import psycopg

from sql import MARK
from tasks.definition import database_task
from tasks.live_locks import ALL_WAIT, TakeLocks, with_live_locks
from tasks.sync import pause_sync
from tierflow.connection import Connection, connect, fetch, run
from tierflow.settings import Target


@database_task("try the backup columns")
def try_columns(target: Target) -> tuple[str, ...]:
    """Add the backup columns, write one model as the application does, and roll all of it back.

    Returns each kind of write that works without the columns and fails with them, and its error.
    Nothing stays, but that a sequence which the application's triggers draw from has moved on.
    """

    # in a session of its own: PL/pgSQL would go on with the plan of OLD.* that it made here
    with connect(target, "try the backup columns") as connection:
        before = _write(connection, target)
        connection.rollback()

    def work(connection: Connection, take_locks: TakeLocks) -> dict[str, str]:
        take_locks()
        run(connection, "schema/add_backup_columns", **target.names())
        after = _write(connection, target)
        connection.rollback()
        return {kind: said for kind, said in after.items() if kind not in before}

    broken = with_live_locks(target, "try the backup columns", ALL_WAIT, work)
    return tuple(
        f"with the backup columns the application's {kind} of a model fails ({said}): change what"
        " names the columns of model_access_control by *, or do without backup columns"
        for kind, said in broken.items()
    )


def _write(connection: Connection, target: Target) -> dict[str, str]:
    """Return the error of each kind of write that fails."""
    errors: dict[str, str] = {}
    pause_sync(connection)
    for write in fetch(connection, "queries/list_application_writes", schema=target.schema):
        try:
            with connection.transaction(force_rollback=True):
                connection.execute(f"{write['statement']}{MARK.as_string()}".encode())
                run(connection, "queries/set_constraints_immediate")
        except psycopg.OperationalError:
            raise  # a lock, or a session that is gone, says nothing of the columns
        except psycopg.Error as error:
            errors[write["operation"]] = (error.diag.message_primary or str(error)).splitlines()[0]
    return errors
