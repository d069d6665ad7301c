"""Throttle: rest before a chunk or batch while the database asks for it, and say why."""

from __future__ import annotations

import logging
import time

from psycopg import errors as pg

from tierflow.connection import connect, fetch
from tierflow.errors import ConfigurationError, TransientError
from tierflow.measures import note_pause
from tierflow.settings import Target
from tierflow.stopping import stop_if_asked

log = logging.getLogger("tierflow.throttle")

# the answer holds for so long: asking takes 5 ms, and a batch 10
ASK_EVERY_SECONDS = 2.0
REST_SECONDS = 0.5
SAY_EVERY_SECONDS = 30.0
CONDITION_TIMEOUT = "5s"

_asked: dict[Target, float] = {}


def wait_for_room(target: Target) -> None:
    """Return when the database has room for the next chunk or batch; stop here when asked to.

    Raises TransientError when it has had none for `target.limits.longest_pause` seconds.
    """
    stop_if_asked()
    if not target.limits.any or time.monotonic() < _asked.get(target, 0.0) + ASK_EVERY_SECONDS:
        return
    started = said = None
    while reason := _find_reason(target):
        now = time.monotonic()
        started = started or now
        if now - started > target.limits.longest_pause:
            raise TransientError(
                f"The run has rested for {now - started:.0f} s: {reason}.",
                next_step="run the same command again when that is over, or change the limit"
                " (docs/reference.md); it goes on where it stopped",
            )
        if said is None or now > said + SAY_EVERY_SECONDS:
            log.warning("Resting after %.0f s: %s.", now - started, reason)
            said = now
        time.sleep(REST_SECONDS)
        note_pause(reason.partition(" (")[0], REST_SECONDS)
        stop_if_asked()
    if started is not None:
        log.warning("Going on after a rest of %.0f s.", time.monotonic() - started)
    _asked[target] = time.monotonic()


def _find_reason(target: Target) -> str | None:
    """Return why to rest, None when there is room."""
    limits = target.limits
    with connect(target, "throttle", read_only=True) as connection:
        found = fetch(connection, "queries/read_load")[0]
        lag, age = found["replication_lag"], found["transaction_age"]
        if limits.max_replication_lag and lag and lag > limits.max_replication_lag:
            return (
                f"standby {found['standby']} is behind ({lag:.1f} s,"
                f" TIERFLOW_MAX_REPLICATION_LAG is {limits.max_replication_lag:g})"
            )
        if limits.max_transaction_age and age and age > limits.max_transaction_age:
            return (
                f"{found['oldest']} ({age:.1f} s,"
                f" TIERFLOW_MAX_TRANSACTION_AGE is {limits.max_transaction_age:g})"
            )
        if limits.pause_while is None:
            return None
        fetch(connection, "queries/set_statement_timeout", timeout=CONDITION_TIMEOUT)
        try:
            # prepared, so that it is one statement
            cursor = connection.execute(limits.pause_while.encode(), prepare=True)
            row = cursor.fetchone()
        except pg.QueryCanceled:
            return f"TIERFLOW_PAUSE_WHILE does not answer within {CONDITION_TIMEOUT}"
        except (pg.ProgrammingError, pg.DataError) as error:
            raise ConfigurationError(
                f"TIERFLOW_PAUSE_WHILE is no query that works here: {error.diag.message_primary}.",
                next_step="give a query that returns one boolean, with qualified names",
            ) from error
    columns = len(cursor.description or ())
    value = next(iter(row.values()), None) if row else None  # none and NULL are no reason to rest
    if columns != 1 or not isinstance(value, bool | None):
        raise ConfigurationError(
            f"TIERFLOW_PAUSE_WHILE returns {columns} columns, or another type than boolean.",
            next_step="give a query that returns one boolean, with qualified names",
        )
    return "TIERFLOW_PAUSE_WHILE holds" if value else None
