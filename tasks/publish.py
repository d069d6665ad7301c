"""Publish: the build goes live in one short transaction."""

from __future__ import annotations

import logging
from collections.abc import Mapping

from tasks.capture import drop_capture
from tasks.catch_up import (
    SHORT_ROUND,
    has_truncate,
    make_level,
    prepare_catch_up,
    require_same_tiers,
    shorten_log,
    take_changes,
)
from tasks.definition import database_task
from tasks.live_locks import ALL_WAIT, TakeLocks, with_live_locks
from tasks.sync import (
    pause_sync,
    put_replica_triggers,
    put_sync_of_grants,
    put_sync_of_source,
)
from tierflow.connection import Connection, fetch, has_relation, run
from tierflow.errors import TransientError
from tierflow.read_pair import Rules
from tierflow.settings import Target
from tierflow.subscriptions import read_subscriptions

log = logging.getLogger("tierflow.publish")

VIEWS_AND_FUNCTIONS = (
    "create_v_model_tier_access",
    "create_v_tier_model_summary",
    "create_get_models_for_tier",
    "create_is_model_available_for_tier",
    "create_raise_tier_error",
    "create_check_tier_write",
    "create_assign_models_to_tier",
    "create_remove_model_from_tier",
    "create_set_model_markup",
    "create_set_model_tiers",
    "create_touch_function",
)
# to replace a view takes its options away
VIEW_OPTIONS = ("set_v_model_tier_access_invoker", "set_v_tier_model_summary_invoker")
FIRST_WITH_SECURITY_INVOKER = 150000
COMPLETE = ("create_touch_trigger", "set_autovacuum_on")
MOVE = ("move_tier_model_access", "drop_build_schema")
# more models than this would be locked for too long; the attempt gives way and catches up first
MOST_CHANGES = 8 * SHORT_ROUND
LAST_CHANGE = 2**63 - 1


@database_task("publish")
def publish(target: Target, rules: Rules) -> int:
    """Make the build live in one short transaction; return the models it changed after the audit.

    Waits at most 500 ms for a lock, then gives way and tries again. Raises TransientError, which
    says who holds the lock, when every attempt met one; the build is kept.
    """

    caught = 0

    def attempt(connection: Connection, take_locks: TakeLocks) -> None:
        nonlocal caught
        # an attempt that lost its session at the commit may have been done all the same
        if has_relation(connection, target.build, "tier_model_access"):
            caught += shorten_log(target, rules)
            caught += _publish(connection, take_locks, target, rules)

    with_live_locks(target, "publish", ALL_WAIT, attempt)
    return caught


def _publish(connection: Connection, take_locks: TakeLocks, target: Target, rules: Rules) -> int:
    """Prepare what nobody sees before the commit; under the locks, do only what needs them.

    The build is moved last: from then on whoever deletes a model waits for us, because of its key,
    and until then he may hold what we wait for.
    """
    names = target.names(published=False)
    put_views_and_functions(connection, names)
    put_sync_of_grants(connection, names)
    pause_sync(connection)  # what catches up writes the build, which has its triggers now
    for name in COMPLETE:
        run(connection, f"schema/{name}", **names)
    give_default_privileges(connection, target)
    prepare_catch_up(connection, names)
    followed = read_subscriptions(connection, target).followed
    take_locks()
    caught = _catch_up_for_good(connection, names, rules)
    with connection.pipeline():
        for name in MOVE:
            run(connection, f"schema/{name}", **target.names())
        put_sync_of_source(connection, target)
        put_replica_triggers(connection, target, followed)
        drop_capture(connection, target)
        # last: the sync's triggers keep writers off the tiers, so none changes unseen
        require_same_tiers(connection, target, rules)
    return caught


def _catch_up_for_good(connection: Connection, names: Mapping[str, str], rules: Rules) -> int:
    """Empty the change log while nobody can write to the models."""
    changes = take_changes(connection, after=0, up_to=LAST_CHANGE, most=MOST_CHANGES + 1)
    if len(changes) > MOST_CHANGES:
        raise TransientError(
            f"More than {MOST_CHANGES} changes of models are too many for the publish transaction.",
            next_step="run the same command again; it goes on where it stopped",
            retry=True,
        )
    if has_truncate(changes):
        raise TransientError(
            "The models were truncated just before the publish transaction.",
            next_step="run the same command again; it goes on where it stopped",
            retry=True,
        )
    return make_level(connection, names, rules, changes)


def give_default_privileges(connection: Connection, target: Target) -> None:
    """Give the build what CREATE TABLE in the application's schema would have given it.

    ALTER DEFAULT PRIVILEGES ... IN SCHEMA does not reach a table that is moved there.
    """
    for row in fetch(connection, "queries/list_default_privileges", **target.names()):
        connection.execute(str(row["statement"]).encode())


def put_views_and_functions(connection: Connection, names: Mapping[str, str]) -> None:
    """Create or replace the views and functions over the junction table, wherever it is."""
    can_read_as_asked = connection.info.server_version >= FIRST_WITH_SECURITY_INVOKER
    for name in (*VIEWS_AND_FUNCTIONS, *(VIEW_OPTIONS if can_read_as_asked else ())):
        run(connection, f"schema/{name}", **names)
