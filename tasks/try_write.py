"""A write of one model that is rolled back: whether the application's triggers let ours through."""

from __future__ import annotations

from tasks.definition import database_task
from tierflow.connection import connect, fetch, run
from tierflow.culprits import writing_models
from tierflow.errors import ConfigurationError
from tierflow.settings import Target


@database_task("try a write")
def try_write(target: Target) -> None:
    """Write one model as the backup and the sync will, and roll that back.

    Else a trigger that refuses the write would be met after the publish: by the backup, and by
    every writer of grants, whose sync writes the JSONB. Raises ConfigurationError.
    """
    with connect(target, "try a write") as connection, writing_models():
        done = fetch(connection, "queries/write_one_model", schema=target.schema)[0]
        run(connection, "queries/set_constraints_immediate")
        connection.rollback()
    if done["written"] < done["chosen"]:
        raise ConfigurationError(
            f"A trigger of {target.schema}.model_access_control discards updates without an error:"
            " neither the backup nor the sync could write a model.",
            next_step="let the trigger return the row for this role, then run the command again",
        )
