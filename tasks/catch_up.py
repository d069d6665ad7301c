"""Catch up: bring the build level with the models that changed since they were read.

A change is taken from the log only when its model is locked, or is no more: then nobody can commit
another between the reading of its JSONB and our writing, and what is committed later has a row of
its own in the log. Numbers of the log are drawn before the commit, so a lower one may follow.
A TRUNCATE is one row of the log for all models that were there before it.
"""

from __future__ import annotations

import dataclasses
import logging
import time
from collections.abc import Mapping, Sequence
from uuid import UUID

from psycopg.rows import DictRow
from psycopg.sql import SQL

from sql import prepare, statement
from tasks.definition import database_task
from tasks.throttle import wait_for_room
from tierflow.connection import Connection, connect, fetch
from tierflow.errors import TransientError
from tierflow.explode import quarantine_row
from tierflow.measures import note_lock
from tierflow.read_pair import Rules, read_pair
from tierflow.settings import Target

log = logging.getLogger("tierflow.catch_up")

# writers of these models wait until the batch is committed, so a batch grows and shrinks with the
# time it takes
SMALLEST_BATCH, LARGEST_BATCH = 5, 20
SHORT_BATCH_SECONDS, LONG_BATCH_SECONDS = 0.003, 0.006
# fewer changes than this are left to the publish transaction
SHORT_ROUND = 25
ROUNDS = 50
REST_SECONDS = 0.2
TAKE = "EXECUTE take_changes ({after}, {up_to}, {most})"
RECONCILE = "EXECUTE reconcile_models ({models})"


@dataclasses.dataclass(frozen=True)
class CaughtUp:
    """The changes of the log that were looked at, and the models that are level now."""

    changes: int
    models: int


@database_task("catch up")
def catch_up(target: Target, rules: Rules) -> int:
    """Reconcile the models in the change log, batch by batch, until few are left; count them."""
    return shorten_log(target, rules)


def shorten_log(target: Target, rules: Rules) -> int:
    """Catch up, round by round, until few changes are left; return the models made level.

    Raises TransientError when the tiers are no longer those that the build was made for, or when
    the log does not become short.
    """
    caught, done = 0, CaughtUp(0, 0)
    for _ in range(ROUNDS):
        done = run_round(target, rules)
        caught += done.models
        if done.changes < SHORT_ROUND:
            break
        if not done.models:
            time.sleep(REST_SECONDS)  # all of them are locked by their writers
    else:
        raise TransientError(
            f"After {ROUNDS} rounds {done.changes} changes of models are still to be caught up:"
            " they change faster, or are locked for longer, than the build can follow.",
            next_step="run the same command again when fewer models change; it goes on from here",
        )
    if caught:
        log.info("Caught up with %s models that changed during the run.", caught)
    return caught


def run_round(target: Target, rules: Rules) -> CaughtUp:
    """Catch up with what the log holds now, each batch in a transaction of its own."""
    after = changes = models = 0
    most = SMALLEST_BATCH
    names = target.names(published=False)
    with connect(target, "catch up") as connection:
        require_same_tiers(connection, target, rules)
        up_to = fetch(connection, "queries/read_change_log_end", ledger=target.ledger)[0]["up_to"]
        if up_to:
            prepare_catch_up(connection, names)
        fetch(connection, "queries/set_lazy_commit", local=False)
        connection.commit()
        while after < up_to:
            wait_for_room(target)
            asked = time.perf_counter()
            batch = take_changes(connection, after=after, up_to=up_to, most=most)
            if has_truncate(batch):
                connection.rollback()  # it takes long, and nobody is to wait for these models
                delete_truncated(connection, names)
                continue
            level = make_level(connection, names, rules, batch)
            connection.commit()
            took = time.perf_counter() - asked
            if level:
                note_lock("catch up", held=took, imposed=took)
            most = _next_size(most, took)
            changes, models = changes + len(batch), models + level
            after = batch[-1]["change_id"] if batch else up_to
    return CaughtUp(changes, models)


def _next_size(size: int, took: float) -> int:
    if took < SHORT_BATCH_SECONDS:
        return min(2 * size, LARGEST_BATCH)
    return max(size // 2, SMALLEST_BATCH) if took > LONG_BATCH_SECONDS else size


def prepare_catch_up(connection: Connection, names: Mapping[str, str]) -> None:
    """Have the statements of a batch planned in this session, before any lock is held for them."""
    fetch(connection, "queries/set_generic_plans")
    connection.execute(
        prepare("queries/take_changes", **names, after=SQL("$1"), up_to=SQL("$2"), most=SQL("$3"))
    )
    connection.execute(prepare("queries/reconcile_models", **names, models=SQL("$1")))
    connection.execute(SQL(TAKE).format(after=0, up_to=0, most=0))
    connection.execute(SQL(RECONCILE).format(models=list[UUID]()))


def take_changes(connection: Connection, *, after: int, up_to: int, most: int) -> list[DictRow]:
    """Lock the models of the next changes and take these from the log; return all looked at.

    Models that somebody else has locked stay in the log: we wait for nobody while we hold locks.
    """
    return connection.execute(SQL(TAKE).format(after=after, up_to=up_to, most=most)).fetchall()


def has_truncate(changes: Sequence[DictRow]) -> bool:
    """Return whether all models were removed at once."""
    return any(change["operation"] == "TRUNCATE" for change in changes)


def delete_truncated(connection: Connection, names: Mapping[str, str]) -> None:
    """Delete from the build what a TRUNCATE has removed from the models, and commit."""
    gone = fetch(connection, "queries/delete_truncated_models", **names)[0]["grants"]
    connection.commit()
    log.info("The models were truncated during the run: %s grants are gone with them.", gone)


def make_level(
    connection: Connection, names: Mapping[str, str], rules: Rules, changes: Sequence[DictRow]
) -> int:
    """Make the models that were taken level with their JSONB, quarantine too; count them."""
    models = sorted({change["model_id"] for change in changes if change["taken"]})
    if not models:
        return 0
    found = connection.execute(SQL(RECONCILE).format(models=models)).fetchall()
    rows = [
        (UUID(model["id"]), model["model_identifier"], *quarantine_row(element))
        for model in found
        for element in read_pair(model["tier_access"], model["tier_markup"], rules).elements
        if element.fate == "quarantined"
    ]
    if rows:
        query = statement("queries/copy_quarantine", **names)
        with connection.cursor() as cursor, cursor.copy(query) as copy:
            for row in rows:
                copy.write_row(row)
    return len(models)


def require_same_tiers(connection: Connection, target: Target, rules: Rules) -> None:
    """Raise TransientError when a tier was renamed, added or deleted since the preflight."""
    rows = fetch(connection, "queries/list_tiers", schema=target.schema)
    now = {str(row["tier_code"]): int(row["id"]) for row in rows}
    if now == dict(rules.tier_ids):
        return
    before = {number: code for code, number in rules.tier_ids.items()}
    after = {number: code for code, number in now.items()}
    said = [
        f"{before[number]!r} was deleted"
        if number not in after
        else f"{after[number]!r} was added"
        if number not in before
        else f"{before[number]!r} is {after[number]!r} now"
        for number in sorted(before.keys() | after.keys())
        if before.get(number) != after.get(number)
    ]
    raise TransientError(
        f"The tiers changed during the run ({', '.join(said)}), so the build is not what the JSONB"
        " means now. Nothing was published.",
        next_step="look at `tierflow plan`, then run the same command again: it builds afresh",
    )
