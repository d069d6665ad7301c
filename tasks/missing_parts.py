"""What belongs to a published junction table: made where it is missing, or hangs on another one."""

from __future__ import annotations

from tasks.indexes import FOREIGN_KEYS, INDEXES, UNIQUE_KEYS
from tasks.publish import put_views_and_functions
from tasks.sync import drop_sync, put_replica_triggers, put_sync
from tierflow.connection import Connection, run
from tierflow.published import Inventory
from tierflow.settings import Target


def create_missing(connection: Connection, target: Target, inventory: Inventory) -> tuple[str, ...]:
    """Create the indexes, keys, views, functions and triggers that are missing, and name them.

    Of a swapped table the triggers go with the sync's functions: the table that was set aside is
    free of ours then.
    """
    names = target.names()
    layer = False
    for kind, name in (part.split(" ", 1) for part in inventory.missing):
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
        put_views_and_functions(connection, names)
        run(connection, "schema/create_touch_trigger", **names)
        put_replica_triggers(connection, target, inventory.subscriptions.followed)
    if inventory.swapped:
        drop_sync(connection, target)
    if inventory.sync_gaps:
        put_sync(connection, target)
    return tuple(part for part in inventory.missing if not part.startswith("column"))
