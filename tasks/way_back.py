"""Whether there is a way back, and why not: what a rollback and its preview ask first."""

from __future__ import annotations

from tasks.compare import compare
from tasks.survey import list_obstacles, list_other_schema, read_decisions_in_force
from tierflow.connection import Connection, fetch, has_relation
from tierflow.decisions import settle_decisions
from tierflow.errors import ConfigurationError
from tierflow.ledger import has_ledger
from tierflow.published import Inventory
from tierflow.settings import Target


def has_our_ledger(connection: Connection, target: Target, inventory: Inventory) -> bool:
    """Return whether tierflow has been here.

    Raises ConfigurationError if it was for others, or if the old columns are gone.
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
    return has_ledger(connection, target)


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


def has_no_snapshot(connection: Connection, target: Target, *, restore_snapshot: bool) -> bool:
    """Return whether the migration was told to keep none. Raises ConfigurationError if it is asked
    for."""
    decisions = settle_decisions({}, read_decisions_in_force(connection, target))
    if restore_snapshot and not decisions.backup_columns:
        raise ConfigurationError(
            "This migration kept no backup columns, so there is no snapshot to restore.",
            next_step="roll back without --restore-snapshot, which keeps later changes",
        )
    return not decisions.backup_columns


def require_no_drift(connection: Connection, target: Target) -> None:
    """Without captured values nobody can say which side is newer: both must be the same."""
    comparison = compare(target, published=True, within=connection)
    if comparison.drifted:
        wrong = comparison.frames["orphans"]
        said = "; ".join(f"{r.rows} {r.check}" for r in wrong.itertuples() if r.rows)
        raise ConfigurationError(
            f"JSONB and junction table differ ({said}), and without backup columns nobody can say"
            " which side is newer.",
            next_step="run `tierflow migrate`, which makes the table follow the JSONB, and roll"
            " back then",
        )


def require_captured(connection: Connection, target: Target, inventory: Inventory) -> None:
    """Both ways need the captured values: to put them back, or to see which side is newer."""
    unfinished = fetch(connection, "queries/count_unfinished_backups", ledger=target.ledger)
    columns = ("column", "tier_access_backup"), ("column", "tier_markup_backup")
    if unfinished[0]["chunks"] or not inventory.found.issuperset(columns):
        raise ConfigurationError(
            "The captured values are not complete, so nobody can say what was changed since.",
            next_step="run `tierflow migrate`, which makes the table follow the JSONB and captures"
            " it afresh, and roll back then",
        )
