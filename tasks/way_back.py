"""Whether there is a way back, and why not: what a rollback and its preview ask first."""

from __future__ import annotations

from tasks.captured import read_captured
from tasks.survey import list_obstacles, list_other_schema, require_migrated
from tierflow.connection import Connection, fetch, has_relation
from tierflow.errors import ConfigurationError
from tierflow.ledger import has_ledger
from tierflow.published import Inventory
from tierflow.settings import Target

NAMED = 5


def has_our_ledger(connection: Connection, target: Target, inventory: Inventory) -> bool:
    """Return whether tierflow has been here.

    Raises ConfigurationError if it was for others or never, or if the old columns are gone.
    """
    if inventory.finalization:
        raise ConfigurationError(
            f"{inventory.finalization.describe()}. A rollback has nothing to go back to.",
            next_step=f"put the old columns back first: tierflow restore"
            f" {inventory.finalization.archive}",
        )
    if other := list_other_schema(connection, target):
        raise ConfigurationError(
            f"Nothing was changed: {'; '.join(other)}.",
            next_step="give the schema that was migrated with --schema",
        )
    if inventory.published and not has_relation(connection, target.ledger, "implied_grant"):
        raise ConfigurationError(
            "There is a junction table but no ledger: tierflow did not make it, so it cannot know"
            " which side is newer.",
            next_step="run `tierflow migrate` to adopt the table first",
        )
    if not has_ledger(connection, target):
        require_migrated(connection, target)
        return False
    return True


def require_nothing_foreign(inventory: Inventory) -> None:
    """Raise ConfigurationError when somebody else's object has a name of ours."""
    if inventory.misshapen:
        raise ConfigurationError(
            f"Objects with our names are not ours: {'; '.join(inventory.misshapen)}.",
            next_step="rename or drop them, then run the rollback again",
        )


def require_nothing_to_lose(connection: Connection, target: Target) -> None:
    """Raise ConfigurationError when a schema that would be dropped holds what others keep there."""
    if foreign := list_obstacles(connection, target, "dropped"):
        raise ConfigurationError(
            f"Nothing was changed: {'; '.join(foreign)}.",
            next_step="do what is said of each, then run the rollback again",
        )


def require_way_back(connection: Connection, target: Target, *, restore_snapshot: bool) -> bool:
    """Return whether the captured values are whole, as by them both ways go back.

    Raises ConfigurationError when they are not and this way needs them: to put them back, or to
    tell which side is newer. Where both sides are the same nobody asks that.
    """
    captured = read_captured(connection, target)
    if captured.complete:
        return True
    if restore_snapshot:
        raise ConfigurationError(
            f"There is no whole snapshot to restore: {captured.describe()}.",
            next_step="roll back without --restore-snapshot, which keeps later changes, or put a"
            " dump back: tierflow restore FILE",
        )
    drift = fetch(connection, "queries/list_drift", **target.names(), buckets=None)
    if drift:
        named = "; ".join(f"{row['model']} / {row['tier']}" for row in drift[:NAMED])
        more = f" and {len(drift) - NAMED} more" if len(drift) > NAMED else ""
        raise ConfigurationError(
            f"JSONB and junction table differ in {len(drift)} grants ({named}{more}), and"
            f" {captured.describe()}, so nobody can say which side is newer.",
            next_step="make both sides the same, each grant is shown first: tierflow reconcile"
            " --from junction (or --from jsonb); then roll back",
        )
    return False
