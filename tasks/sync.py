"""The sync: what is written on one side reaches the other in the same transaction."""

from __future__ import annotations

from collections.abc import Mapping, Set

from tierflow.connection import Connection, fetch, run
from tierflow.settings import Target
from tierflow.subscriptions import REPLICA_TRIGGERS, read_subscriptions

# in this order: each needs those before it
SYNC_FUNCTIONS = (
    "create_sync_model_view",
    "create_sync_grant_view",
    "create_sync_tier_view",
    "create_sync_is_refusal_function",
    "create_sync_has_rules_function",
    "create_sync_is_ruled_function",
    "create_sync_rewrite_function",
    "create_sync_quarantine_function",
    "create_sync_decision_function",
    "create_sync_note_unsaid_function",
    "create_sync_note_refused_function",
    "create_sync_write_grants_function",
    "create_sync_carry_jsonb_function",
    "create_sync_follow_plain_jsonb_function",
    "create_sync_follow_jsonb_function",
    "create_sync_follow_plain_grants_function",
    "create_sync_follow_junction_function",
    "create_sync_follow_grants_function",
    "create_sync_carry_revocations_function",
    "create_sync_carry_grants_function",
    "create_sync_remove_codes_function",
    "create_sync_move_model_function",
    "create_sync_move_tier_function",
    "create_sync_key_function",
    "create_sync_note_function",
    "create_sync_models_function",
    "create_sync_lock_function",
    "create_sync_grants_function",
    "create_sync_tiers_function",
    "revoke_sync_functions",
)
SYNC_OF_GRANTS = (
    "create_sync_grants_lock_trigger",
    "create_sync_grants_insert_trigger",
    "create_sync_grants_update_trigger",
    "create_sync_grants_delete_trigger",
    "create_sync_grants_truncate_trigger",
)
SYNC_OF_SOURCE = (
    "create_sync_models_key_trigger",
    "create_sync_models_note_insert_trigger",
    "create_sync_models_note_update_trigger",
    "create_sync_models_write_trigger",
    "create_sync_models_delete_trigger",
    "create_sync_models_truncate_trigger",
    "create_sync_tiers_key_trigger",
    "create_sync_tiers_insert_trigger",
    "create_sync_tiers_rename_trigger",
    "create_sync_tiers_delete_trigger",
    "create_sync_tiers_truncate_trigger",
)
SYNC = (*SYNC_FUNCTIONS, *SYNC_OF_GRANTS, *SYNC_OF_SOURCE)
SYNC_DROPS = ("drop_sync_functions", "drop_sync_helpers", "drop_sync_views")


def put_sync(connection: Connection, target: Target) -> None:
    """Create or replace the sync; from its first trigger on, writers wait until the commit."""
    put_sync_of_grants(connection, target.names())
    followed = read_subscriptions(connection, target).followed
    with connection.pipeline():
        put_sync_of_source(connection, target)
        put_replica_triggers(connection, target, followed)
        for trigger in sorted(REPLICA_TRIGGERS.keys() - followed):
            relation, _ = REPLICA_TRIGGERS[trigger]
            names = {"schema": target.schema, "relation": relation, "trigger": trigger}
            run(connection, "schema/drop_trigger", **names)


def put_replica_triggers(connection: Connection, target: Target, followed: Set[str]) -> None:
    """Create these triggers, which fire for apply workers only, and have two more fire for both."""
    for trigger in sorted(followed):
        relation, function = REPLICA_TRIGGERS[trigger]
        names = {**target.names(), "relation": relation, "trigger": trigger}
        run(connection, "schema/create_replica_trigger", **names, function=function)
        run(connection, "schema/set_replica_trigger", **names)
    if "tierflow_sync_grants_replica" in followed:
        run(connection, "schema/set_grants_truncate_always", schema=target.schema)
    elif followed:
        run(connection, "schema/set_touch_always", schema=target.schema)


def put_sync_of_grants(connection: Connection, names: Mapping[str, str]) -> None:
    """Create or replace what the triggers need, and those of the junction table, wherever it is."""
    put_sync_functions(connection, names)
    for name in SYNC_OF_GRANTS:
        run(connection, f"schema/{name}", **names)


def put_sync_functions(connection: Connection, names: Mapping[str, str]) -> None:
    """Create or replace what the triggers need: those of an older version learn the new rules."""
    for name in SYNC_FUNCTIONS:
        run(connection, f"schema/{name}", **names)


def put_sync_of_source(connection: Connection, target: Target) -> None:
    """Create or replace the source tables' triggers, best in a pipeline: their writers wait."""
    for name in SYNC_OF_SOURCE:
        run(connection, f"schema/{name}", **target.names())


def drop_sync(connection: Connection, target: Target) -> None:
    """Drop the sync's triggers with all that they need."""
    for name in SYNC_DROPS:
        run(connection, f"schema/{name}", **target.names())


def pause_sync(connection: Connection) -> None:
    """Have the sync not follow what this transaction writes itself, on both sides."""
    fetch(connection, "queries/pause_sync")
