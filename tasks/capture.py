"""Change capture: the log of the models that change from before the first read until publish."""

from __future__ import annotations

from tasks.live_locks import (
    ALL_WAIT,
    WRITERS_WAIT,
    TakeLocks,
    change_live,
    with_live_locks,
)
from tierflow.connection import Connection, fetch, run
from tierflow.settings import Target

CAPTURE = (
    "schema/create_capture_trigger",
    "schema/create_capture_update_trigger",
    "schema/create_capture_truncate_trigger",
    "schema/set_capture_always",
)


def start_capture(connection: Connection, target: Target) -> None:
    """Log every change of the tier columns that is committed from now on. Commits.

    The triggers' lock waits for every transaction that has written to the models, so none is under
    way that they do not see.
    """
    capturing = is_capturing(connection, target)
    if not capturing:
        run(connection, "schema/create_capture_function", **target.names())
        run(connection, "schema/revoke_capture_function", **target.names())
    connection.commit()
    if not capturing:
        change_live(target, "change capture", WRITERS_WAIT, CAPTURE, target.names())


def is_capturing(connection: Connection, target: Target) -> bool:
    """Return whether changes are logged."""
    names = target.names()
    triggers = (names["capture"], names["capture_update"], names["capture_truncate"])
    return has_triggers(connection, target, *triggers)


def has_triggers(connection: Connection, target: Target, *triggers: str) -> bool:
    """Return whether the models have all of these triggers."""
    rows = fetch(connection, "queries/has_triggers", schema=target.schema, triggers=list(triggers))
    return bool(rows[0]["there"])


def drop_capture(connection: Connection, target: Target) -> None:
    """Drop the change capture's triggers from the models."""
    run(connection, "schema/drop_capture_trigger", **target.names())
    run(connection, "schema/drop_capture_update_trigger", **target.names())
    run(connection, "schema/drop_capture_truncate_trigger", **target.names())


def drop_build(target: Target) -> None:
    """Drop the build with all that belongs to it, and the change capture.

    Nobody reads the models for that instant; the build's keys hold on to both tables.
    """

    def work(connection: Connection, take_locks: TakeLocks) -> None:
        take_locks()
        drop_capture(connection, target)
        run(connection, "schema/drop_build_schema", **target.names())

    with_live_locks(target, "drop build", ALL_WAIT, work)
