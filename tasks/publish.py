"""From build to live: catch up, audit, publish."""

from __future__ import annotations

import logging
import random
import time
from collections.abc import Sequence
from typing import Any
from uuid import UUID

import pandas as pd

from tasks.build import drop_capture
from tasks.definition import database_task
from tasks.quarantine import copy_quarantine
from tasks.sync import put_sync
from tierflow.connection import Connection, connect, fetch, run
from tierflow.errors import TransientError
from tierflow.explode import SOURCE_COLUMNS, Reader, explode
from tierflow.read_pair import Rules
from tierflow.settings import Target

log = logging.getLogger("tierflow.publish")

LOCK_TIMEOUT = "500ms"
ATTEMPTS = 10
VIEWS_AND_FUNCTIONS = (
    "create_v_model_tier_access",
    "create_v_tier_model_summary",
    "create_get_models_for_tier",
    "create_is_model_available_for_tier",
    "create_touch_function",
    "create_touch_trigger",
)
# a round that finds fewer changed models than this is short enough for the publish transaction
SHORT_ROUND = 100
ROUNDS = 20


@database_task("catch up")
def catch_up(target: Target, rules: Rules) -> int:
    """Bring the build level with the models that changed since it was read, until few are left."""
    caught = 0
    for _ in range(ROUNDS):
        with connect(target, "catch up") as connection:
            changed = catch_up_once(connection, target, rules)
        caught += changed
        if changed < SHORT_ROUND:
            break
    if caught:
        log.info("Caught up with %s models that changed during the run.", caught)
    return caught


def catch_up_once(connection: Connection, target: Target, rules: Rules) -> int:
    """Reconcile the models in the change log, their rows locked before their JSONB is read."""
    names = target.names(published=False)
    up_to = fetch(connection, "queries/read_change_log_end", ledger=target.ledger)[0]["up_to"]
    if not up_to:
        return 0
    run(connection, "queries/lock_changed_models", **names, up_to=up_to)
    rows = fetch(connection, "queries/list_changed_models", ledger=target.ledger, up_to=up_to)
    models: list[UUID] = [row["model_id"] for row in rows]
    fetch(
        connection, "queries/reconcile_grants", **names, models=models, low="", high="", apply=True
    )
    refresh_quarantine(connection, target, rules, models)
    run(connection, "queries/trim_change_log", ledger=target.ledger, up_to=up_to)
    return len(models)


def refresh_quarantine(
    connection: Connection, target: Target, rules: Rules, models: Sequence[UUID]
) -> None:
    """Read some models again and put their quarantined elements in place of the old ones."""
    run(connection, "queries/delete_quarantine_of_models", ledger=target.ledger, models=models)
    rows = fetch(connection, "queries/list_models", schema=target.schema, models=models)
    if rows:
        frame = pd.DataFrame(rows, columns=list(SOURCE_COLUMNS), dtype="str")
        copy_quarantine(connection, target, explode(frame, Reader(rules)).quarantine)


@database_task("publish")
def publish(target: Target, rules: Rules) -> int:
    """Make the build live in one short transaction; return how many attempts it took.

    Waits at most 500 ms for a lock, then gives way and tries again: what waits behind us waits
    no longer. Raises TransientError when every attempt met a lock; the build is kept.
    """
    for attempt in range(1, ATTEMPTS + 1):
        try:
            with connect(target, "publish") as connection:
                _publish_once(connection, target, rules)
        except TransientError as error:
            if not error.retry or attempt == ATTEMPTS:
                raise
            log.warning("Publish attempt %s gave way: %s", attempt, error.message)
            time.sleep(random.uniform(0.5, 1.5) * min(0.2 * 2**attempt, 5.0))
        else:
            log.info("Published on attempt %s.", attempt)
            return attempt
    raise AssertionError("unreachable")


def _publish_once(connection: Connection, target: Target, rules: Rules) -> None:
    names = target.names()
    fetch(connection, "queries/set_lock_timeout", timeout=LOCK_TIMEOUT)
    catch_up_once(connection, target, rules)
    drop_capture(connection, target)
    run(connection, "schema/move_tier_model_access", **names)
    put_views_and_functions(connection, names)
    put_sync(connection, target)
    run(connection, "schema/drop_build_schema", **names)


def put_views_and_functions(connection: Connection, names: dict[str, Any]) -> None:
    """Create or replace the compatibility layer over the live junction table."""
    for name in VIEWS_AND_FUNCTIONS:
        run(connection, f"schema/{name}", **names)
