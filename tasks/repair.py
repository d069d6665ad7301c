"""Repair drift towards the side that a person names."""

from __future__ import annotations

import dataclasses
import logging
from collections import Counter
from collections.abc import Mapping
from typing import Any, Literal
from uuid import UUID

from tasks.build import RULES
from tasks.definition import database_task
from tasks.missing_parts import create_missing
from tasks.survey import read_inventory, require_migrated
from tasks.sync import drop_sync, pause_sync
from tierflow.connection import Connection, connect, fetch, run
from tierflow.errors import ChecksFailed, ConfigurationError
from tierflow.finalization import require_source
from tierflow.published import Inventory
from tierflow.settings import Target

log = logging.getLogger("tierflow.repair")

Side = Literal["jsonb", "junction"]
REPAIRS: Mapping[Side, str] = {
    "jsonb": "reconcile_from_jsonb",
    "junction": "reconcile_from_junction",
}


@dataclasses.dataclass(frozen=True)
class Repaired:
    """The grants on which the sides differed, as the other side sees them change.

    `changes`: model, tier, change, found and wanted markup; `left`: what the other side did not
    take from `side`.
    """

    changes: tuple[dict[str, Any], ...]
    side: Side
    left: tuple[dict[str, Any], ...] = ()

    @property
    def rows(self) -> int:
        """Return the number of grants that differed."""
        return len(self.changes)

    @property
    def counts(self) -> Counter[str]:
        """Return how many grants are inserted, updated and deleted."""
        return Counter(str(change["change"]) for change in self.changes)

    def require_whole(self) -> None:
        """Raise ChecksFailed, naming the grants, when the other side could not take some."""
        if not self.left:
            return
        said = "; ".join(f"{row['model']} / {row['tier']}" for row in self.left[:5])
        if self.side == "jsonb":
            raise ChecksFailed(
                f"{len(self.left)} grants are refused by tier_model_access: {said}.",
                next_step="see what refused them (the quarantine has it), then run it again, or"
                " take them back with `tierflow reconcile --from junction`",
            )
        raise ChecksFailed(
            f"{len(self.left)} grants cannot be said in the JSONB of their models: {said}.",
            next_step="correct these models' tier_access or tier_markup (the quarantine has the"
            " reason), or take the grants back with `tierflow reconcile --from jsonb`",
        )


@database_task("repair drift")
def repair_drift(target: Target, side: Side, *, apply: bool) -> Repaired:
    """Make the other side say what `side` says, in one transaction; without `apply` only compare.

    A grant without a model or tier goes, whichever side is named: no JSONB can say it. A table that
    was put in another's place is taken up again first. Raises ConfigurationError when the sync is
    not complete: it is what writes.
    """
    with connect(target, "repair drift", read_only=True) as connection:
        inventory = _require_sync(connection, target)
    with connect(target, "repair drift", read_only=not (apply or inventory.swapped)) as connection:
        names = target.names()
        if inventory.swapped:
            _bind_rules(connection, target, apply=apply)
        if not apply:
            drift = fetch(connection, "queries/list_drift", **names, buckets=None)
            connection.rollback()
            return Repaired(tuple(_describe(row, side) for row in drift), side)
        # compared again under the locks: what is shown is what was repaired
        fetch(connection, "queries/lock_drifted_models", **names, low="", high="")
        drift = fetch(connection, "queries/list_drift", **names, buckets=None)
        if inventory.swapped:
            drop_sync(connection, target)  # it hangs on the other table
            fetch(connection, "queries/delete_unlawful_grants", **names)
            create_missing(connection, target, inventory)
        models: list[UUID] = sorted({row["model_id"] for row in drift if not row["is_orphan"]})
        left: list[Mapping[str, Any]] = []
        if models:
            fetch(connection, f"queries/{REPAIRS[side]}", ledger=target.ledger, models=models)
            rest = fetch(connection, "queries/list_drift", **names, buckets=None)
            left = [row for row in rest if row["model_id"] in models and not row["is_orphan"]]
        if any(row["is_orphan"] for row in drift):
            pause_sync(connection)
            run(connection, "queries/delete_orphan_grants", **names)
    log.info("Repaired the drift of %s grants from the side of the %s.", len(drift), side)
    return Repaired(
        tuple(_describe(row, side) for row in drift),
        side,
        tuple(_describe(row, side) for row in left),
    )


def _bind_rules(connection: Connection, target: Target, *, apply: bool) -> None:
    """Have the rules read the tables that are there now; to `apply` it, keep writers out."""
    if apply:
        run(connection, "queries/lock_source", schema=target.schema)
    for name in RULES:
        run(connection, f"schema/{name}", **target.names())


def _require_sync(connection: Connection, target: Target) -> Inventory:
    inventory = read_inventory(connection, target)
    require_source(inventory.finalization)
    require_migrated(connection, target)
    if inventory.sync_gaps and not inventory.swapped:
        raise ConfigurationError(
            f"The sync is not complete: {'; '.join(inventory.sync_gaps)}.",
            next_step="run `tierflow migrate`, which makes the table follow the JSONB and creates"
            " what is missing",
        )
    return inventory


def _describe(row: Mapping[str, Any], side: Side) -> dict[str, Any]:
    found, wanted = row["junction_markup"], row["jsonb_markup"]
    if side == "junction" and not row["is_orphan"]:
        found, wanted = wanted, found
    change = "inserted" if found is None else "deleted" if wanted is None else "updated"
    return {
        "model": row["model"],
        "tier": row["tier"],
        "change": change,
        "found": found,
        "wanted": wanted,
    }
