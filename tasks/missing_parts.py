"""What belongs to a published junction table: made where it is missing, or hangs on another one."""

from __future__ import annotations

import psycopg

from tasks.indexes import FOREIGN_KEYS, INDEXES, UNIQUE_KEYS
from tasks.publish import put_views_and_functions
from tasks.sync import drop_sync, put_replica_triggers, put_sync
from tierflow.connection import Connection, fetch, run
from tierflow.published import Inventory
from tierflow.settings import Target
from tierflow.swapped import Swapped

# in this order: each needs those after it
SHOWING_TYPES = (
    "drop_v_tier_model_summary",
    "drop_get_models_for_tier",
    "drop_v_model_tier_access",
)


def create_missing(connection: Connection, target: Target, inventory: Inventory) -> tuple[str, ...]:
    """Create the indexes, keys, views, functions and triggers that are missing, and name them.

    Of a swapped table the triggers go with the sync's functions: the table that was set aside is
    free of ours then.
    """
    names = target.names()
    layer = False
    adopted: set[str] = set()
    for table in inventory.swapped:
        if table.relation == "tier_model_access":
            adopted = _adopt_copies(connection, target, table)
    for kind, name in (part.split(" ", 1) for part in inventory.missing):
        if name in adopted:
            continue
        if name in INDEXES:
            run(connection, f"schema/{INDEXES[name]}", **names)
            if name in UNIQUE_KEYS:
                run(connection, f"schema/{UNIQUE_KEYS[name]}", **names)
        elif name in FOREIGN_KEYS:
            run(connection, f"schema/drop_{name}", **names)
            for statement_name in FOREIGN_KEYS[name]:
                run(connection, f"schema/{statement_name}", **names)
        elif kind in ("view", "security_invoker", "function") or name == "touch_tier_model_access":
            layer = True
    if layer:
        _put_layer(connection, target)
        run(connection, "schema/create_touch_trigger", **names)
    if inventory.swapped:
        drop_sync(connection, target)
    if inventory.sync_gaps:
        put_sync(connection, target)
    elif layer:
        put_replica_triggers(connection, target, inventory.subscriptions.followed)
    return tuple(part for part in inventory.missing if not part.startswith("column"))


def _put_layer(connection: Connection, target: Target) -> None:
    """Put views and functions in their place, anew where a column that they show has another type.

    Who had privileges on them has these again.
    """
    names = target.names()
    try:
        with connection.transaction():
            put_views_and_functions(connection, names)
    except psycopg.errors.InvalidTableDefinition:
        run(connection, "schema/create_layer_grants", **names)
        for name in SHOWING_TYPES:
            run(connection, f"schema/{name}", **names)
        put_views_and_functions(connection, names)
        run(connection, "schema/restore_layer_grants")


def _adopt_copies(connection: Connection, target: Target, aside: Swapped) -> set[str]:
    """Give the copies of our indexes our names, which the table that was set aside has; name them.

    CREATE INDEX IF NOT EXISTS would take the other table's for ours. That keeps no trigger and no
    sequence of ours, so that either can be dropped without the other.
    """
    if aside.now_schema and aside.now_name:
        there = {"schema": aside.now_schema, "relation": aside.now_name}
        run(connection, "schema/drop_trigger", **there, trigger="touch_tier_model_access")
    for row in fetch(connection, "queries/list_lent_sequences", schema=target.schema):
        sequence = row.pop("sequence")
        run(connection, "schema/set_id_sequence_owner", schema=target.schema, sequence=sequence)
        run(connection, "schema/drop_lent_default", **row)
    renames = fetch(connection, "queries/list_index_renames", schema=target.schema)
    for row in renames:
        run(connection, "schema/rename_index", schema=target.schema, **row)
    return {row["name"] for row in renames}
