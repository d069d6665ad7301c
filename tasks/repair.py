"""Repair drift towards the side that a person names."""

from __future__ import annotations

import dataclasses
import logging
from collections import Counter
from collections.abc import Mapping
from typing import Any, Literal
from uuid import UUID

from tasks.definition import database_task
from tasks.survey import read_inventory, require_migrated
from tasks.sync import pause_sync
from tierflow.connection import Connection, connect, fetch, run
from tierflow.errors import ChecksFailed, ConfigurationError
from tierflow.finalization import require_source
from tierflow.published import SYNC_TRIGGERS
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

    `changes`: model, tier, change, found and wanted markup; `left`: what the JSONB cannot say.
    """

    changes: tuple[dict[str, Any], ...]
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
        """Raise ChecksFailed, naming the grants, when some could not be said by the JSONB."""
        if self.left:
            said = "; ".join(f"{row['model']} / {row['tier']}" for row in self.left[:5])
            raise ChecksFailed(
                f"{len(self.left)} grants cannot be said in the JSONB of their models: {said}.",
                next_step="correct these models' tier_access or tier_markup (the quarantine has the"
                " reason), or take the grants back with `tierflow reconcile --from jsonb`",
            )


@database_task("repair drift")
def repair_drift(target: Target, side: Side, *, apply: bool) -> Repaired:
    """Make the other side say what `side` says, in one transaction; without `apply` only compare.

    A grant without a model or tier goes, whichever side is named: no JSONB can say it.
    Raises ConfigurationError when the sync is not complete: it is what writes.
    """
    with connect(target, "repair drift", read_only=not apply) as connection:
        _require_sync(connection, target)
        names = target.names()
        if not apply:
            drift = fetch(connection, "queries/list_drift", **names, buckets=None)
            return Repaired(tuple(_describe(row, side) for row in drift))
        # compared again under the locks: what is shown is what was repaired
        fetch(connection, "queries/lock_drifted_models", **names, low="", high="")
        drift = fetch(connection, "queries/list_drift", **names, buckets=None)
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
        tuple(_describe(row, side) for row in drift), tuple(_describe(row, side) for row in left)
    )


def _require_sync(connection: Connection, target: Target) -> None:
    inventory = read_inventory(connection, target)
    require_source(inventory.finalization)
    require_migrated(connection, target)
    found = inventory.found
    if missing := [name for name in SYNC_TRIGGERS if ("trigger", name) not in found]:
        raise ConfigurationError(
            f"The sync is not complete: {', '.join(missing)} not there or disabled.",
            next_step="run `tierflow migrate`, which makes the table follow the JSONB and creates"
            " what is missing",
        )


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
