"""The preview of a rollback: what it would write and drop. Writes nothing, and waits for nobody."""

from __future__ import annotations

import dataclasses
from typing import Any

from tasks.definition import database_task
from tasks.drop_objects import list_ours
from tasks.survey import read_inventory
from tasks.way_back import (
    has_our_ledger,
    require_nothing_foreign,
    require_nothing_to_lose,
    require_way_back,
)
from tasks.write_back import compose_new_values, list_later_changes, side_of
from tierflow.connection import Connection, connect, fetch
from tierflow.settings import Target

SHOWN = 1000


@dataclasses.dataclass(frozen=True)
class Preview:
    """What a rollback would do. `changes` are the first of the differences since the migration:

    model, what becomes of it (kept, given up, written back), and the value before and now.
    """

    models_written: int
    grants_dropped: int
    dropped: tuple[str, ...]
    differences: int
    changes: tuple[dict[str, Any], ...]

    @property
    def rows(self) -> int:
        """Return the number of models that would be written."""
        return self.models_written


@database_task("preview rollback")
def preview_rollback(target: Target, *, restore_snapshot: bool) -> Preview:
    """Return what a rollback would write and drop, and every difference since the migration.

    Raises what the rollback would raise when there is no way back without loss. What only trying
    tells, it cannot: an object of somebody else's that needs one of ours, a trigger that refuses.
    """
    with connect(target, "preview rollback", read_only=True) as connection:
        inventory = read_inventory(connection, target)
        require_nothing_to_lose(connection, target)
        ours = has_our_ledger(connection, target, inventory)
        dropped = list_ours(inventory, target) if ours else ()
        if not ours or not inventory.published:
            return Preview(0, 0, dropped, 0, ())
        grants = fetch(connection, "queries/count_grants", schema=target.schema)[0]["grants"]
        require_nothing_foreign(inventory)
        if not require_way_back(connection, target, restore_snapshot=restore_snapshot):
            return Preview(0, grants, dropped, 0, ())
        written, total, changes = _compare(connection, target, restore_snapshot)
    return Preview(written, grants, dropped, total, tuple(changes[:SHOWN]))


def _compare(
    connection: Connection, target: Target, restore_snapshot: bool
) -> tuple[int, int, list[dict[str, Any]]]:
    """Return the models that would be written, how many differ, and the differences."""
    rows = fetch(connection, "queries/list_changed_models", **target.names(), most=SHOWN)
    changed = rows[0]["total"] if rows else 0
    fate = "given up" if restore_snapshot else "kept"
    changes = [
        {"model": r["model"], "fate": fate, "before": r["captured"], "now": r["now"]} for r in rows
    ]
    if restore_snapshot:
        return changed, changed, changes
    rows = list_later_changes(connection, target)
    models = compose_new_values(connection, target, rows)
    later = [row for row in rows if side_of(row) == "junction"]
    written = [
        {
            "model": row["model"],
            "fate": "written back",
            "before": _say(row["tier"], row["agreed_markup"]),
            "now": _say(row["tier"], row["junction_markup"]),
        }
        for row in later
    ]
    return len(models), changed + len(later), written + changes


def _say(tier: str, markup: object) -> str:
    return f"{tier}: no grant" if markup is None else f"{tier} at {markup}"
