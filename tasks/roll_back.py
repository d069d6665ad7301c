"""Rollback: the schema as it was, with the later changes kept or the captured values restored."""

from __future__ import annotations

import dataclasses
import logging
from collections import defaultdict
from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any
from uuid import UUID

from tasks.build import drop_dry_run
from tasks.capture import drop_capture
from tasks.compare import compare
from tasks.definition import database_task
from tasks.live_locks import TakeLocks, with_live_locks
from tasks.survey import list_obstacles, list_other_schema, read_decisions_in_force, read_inventory
from tasks.sync import drop_sync
from tierflow.connection import Connection, connect, fetch, run
from tierflow.decisions import Decisions, settle_decisions
from tierflow.errors import ConfigurationError
from tierflow.ledger import has_ledger
from tierflow.plan import list_write_codes, resolve_rules
from tierflow.published import Inventory
from tierflow.read_pair import Rules
from tierflow.rewrite_pair import rewrite_pair
from tierflow.settings import Target

log = logging.getLogger("tierflow.rollback")

GIVE_WAY, WAIT = "200ms", "5s"
DROPS = {
    "view v_tier_model_summary": "drop_v_tier_model_summary",
    "function get_models_for_tier": "drop_get_models_for_tier",
    "function is_model_available_for_tier": "drop_is_model_available_for_tier",
    "view v_model_tier_access": "drop_v_model_tier_access",
    "table tier_model_access": "drop_tier_model_access",
    "function touch_tier_model_access": "drop_touch_function",
}
BACKUP_DROPS = ("drop_keep_columns_trigger", "drop_backup_columns")
LEDGER_DROPS = (
    "drop_keep_columns_function",
    "drop_capture_function",
    "drop_implied_grant_view",
    "drop_implied_grants_function",
    "drop_implied_grants_of_pairs_function",
    "drop_tier_code_view",
    "drop_usable_markup_function",
    "drop_markup_number_function",
)
LEDGER_CLEARS = (
    "clear_decision",
    "clear_tier_map",
    "clear_chunks",
    "clear_change_log",
    "clear_null_backup",
    "clear_reconciled_grant",
)


@dataclasses.dataclass(frozen=True)
class RolledBack:
    """What was written and dropped."""

    models_restored: int
    dropped: tuple[str, ...]

    @property
    def rows(self) -> int:
        """Return the number of models whose JSONB was written."""
        return self.models_restored


@database_task("roll back")
def roll_back(target: Target, *, restore_snapshot: bool) -> RolledBack:
    """Bring the JSONB up to date (or back to the captured values) and drop all that is ours.

    One transaction. Raises ConfigurationError, nothing changed, when it could not be done without
    loss: both sides changed the same grant, the old shape cannot say it, or an object of somebody
    else's needs one of ours. Without a ledger nothing is ours, whatever it is called.
    """

    def work(connection: Connection, take_locks: TakeLocks) -> RolledBack:
        take_locks()
        return _roll_back(connection, target, restore_snapshot=restore_snapshot)

    # both sides may be written while we ask for their locks: then we give way, and ask again
    done = with_live_locks(target, "roll back", (), work)
    log.info("Wrote the JSONB of %s models, dropped %s objects.", done.rows, len(done.dropped))
    return done


def _roll_back(connection: Connection, target: Target, *, restore_snapshot: bool) -> RolledBack:
    inventory = read_inventory(connection, target)
    _require_nothing_to_lose(connection, target)
    drop_dry_run(connection, target)
    if not _has_ledger(connection, target, inventory):
        return RolledBack(0, ())
    restored = 0
    if inventory.published:
        # sent together: between the two locks the next writer of grants would come in. It goes
        # on to the models, so we give way, for nobody else would
        with connection.pipeline():
            run(connection, "queries/lock_source", schema=target.schema)
            run(connection, "queries/set_lock_timeout", timeout=GIVE_WAY)
            run(connection, "queries/lock_junction", schema=target.schema)
        drop_sync(connection, target)
        fetch(connection, "queries/set_lock_timeout", timeout=WAIT)
        _require_nothing_foreign(inventory)
        if _has_no_snapshot(connection, target, restore_snapshot=restore_snapshot):
            _require_no_drift(connection, target)
        else:
            _require_captured(connection, target, inventory)
            restored = (
                run(connection, "queries/restore_snapshot", **target.names())
                if restore_snapshot
                else _keep_changes(connection, target)
            )
    dropped = _drop_everything(connection, target, inventory)
    return RolledBack(restored, dropped)


def _has_ledger(connection: Connection, target: Target, inventory: Inventory) -> bool:
    """Return whether tierflow has been here. Raises ConfigurationError if it was for others."""
    if other := list_other_schema(connection, target):
        raise ConfigurationError(
            f"Nothing was changed: {'; '.join(other)}.",
            next_step="give the schema that was migrated with --schema",
        )
    rows = fetch(connection, "queries/has_relation", in_schema=target.ledger, name="implied_grant")
    if inventory.published and not rows[0]["there"]:
        raise ConfigurationError(
            "There is a junction table but no ledger: tierflow did not make it, so it cannot know"
            " which side is newer.",
            next_step="run `tierflow migrate` to adopt the table first",
        )
    return has_ledger(connection, target)


def _require_nothing_to_lose(connection: Connection, target: Target) -> None:
    """Refuse to drop a build schema with what others keep there."""
    if foreign := list_obstacles(connection, target, "dropped"):
        raise ConfigurationError(
            f"Nothing was changed: {'; '.join(foreign)}.",
            next_step="do what is said of each, then run the rollback again",
        )


def _require_nothing_foreign(inventory: Inventory) -> None:
    if inventory.misshapen:
        raise ConfigurationError(
            f"Objects with our names are not ours: {'; '.join(inventory.misshapen)}.",
            next_step="rename or drop them, then run the rollback again",
        )


def _has_no_snapshot(connection: Connection, target: Target, *, restore_snapshot: bool) -> bool:
    """Return whether the migration was told to keep none. Raises ConfigurationError if it is asked
    for."""
    decisions = settle_decisions({}, read_decisions_in_force(connection, target))
    if restore_snapshot and not decisions.backup_columns:
        raise ConfigurationError(
            "This migration kept no backup columns, so there is no snapshot to restore.",
            next_step="roll back without --restore-snapshot, which keeps later changes",
        )
    return not decisions.backup_columns


def _require_no_drift(connection: Connection, target: Target) -> None:
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


def _require_captured(connection: Connection, target: Target, inventory: Inventory) -> None:
    """Both ways need the captured values: to put them back, or to see which side is newer."""
    unfinished = fetch(connection, "queries/count_unfinished_backups", ledger=target.ledger)
    columns = ("column", "tier_access_backup"), ("column", "tier_markup_backup")
    if unfinished[0]["chunks"] or not inventory.found.issuperset(columns):
        raise ConfigurationError(
            "The captured values are not complete, so nobody can say what was changed since.",
            next_step="run `tierflow migrate`, which makes the table follow the JSONB and captures"
            " it afresh, and roll back then",
        )


def _keep_changes(connection: Connection, target: Target) -> int:
    """Write into the JSONB what changed in the junction table only; return the models written."""
    rows = fetch(connection, "queries/list_later_changes", **target.names())
    conflicts = [row for row in rows if _side_of(row) == "both"]
    if conflicts:
        raise ConfigurationError(
            f"{len(conflicts)} grants were changed on both sides since they last agreed, and only"
            " a person can say which change counts:"
            f" {'; '.join(_describe(c) for c in conflicts[:5])}.",
            next_step="make the table follow the JSONB with `tierflow migrate` and roll back then,"
            " or give up all later changes with `tierflow rollback --restore-snapshot`",
        )
    changes: dict[UUID, dict[str, Decimal | None]] = defaultdict(dict)
    for row in rows:
        if _side_of(row) == "junction":
            changes[row["model_id"]][row["tier"]] = row["junction_markup"]
    if changes:
        _write_changes(connection, target, changes)
    return len(changes)


def _side_of(row: Mapping[str, Any]) -> str:
    """Say which side moved away from the value on which they last agreed."""
    if row["jsonb_markup"] == row["agreed_markup"]:
        return "junction"
    return "jsonb" if row["junction_markup"] == row["agreed_markup"] else "both"


def _describe(row: Mapping[str, Any]) -> str:
    def say(markup: object) -> str:
        return "no grant" if markup is None else str(markup)

    return (
        f"{row['model']} / {row['tier']}: JSONB {say(row['jsonb_markup'])},"
        f" table {say(row['junction_markup'])}, before {say(row['agreed_markup'])}"
    )


def _write_changes(
    connection: Connection,
    target: Target,
    changes: Mapping[UUID, Mapping[str, Decimal | None]],
) -> None:
    rules = _read_rules(connection, target)
    write_codes = list_write_codes(rules)
    for model in fetch(
        connection, "queries/list_models", schema=target.schema, models=list(changes)
    ):
        access, markups = rewrite_pair(
            model["tier_access"],
            model["tier_markup"],
            changes[UUID(model["id"])],
            rules,
            write_codes,
        )
        run(
            connection,
            "queries/write_model",
            schema=target.schema,
            id=model["id"],
            tier_access=access,
            tier_markup=markups,
        )
    left = fetch(connection, "queries/list_later_changes", **target.names())
    lost = [row for row in left if row["model_id"] in changes and _side_of(row) != "jsonb"]
    if lost:
        raise ConfigurationError(
            f"{len(lost)} changes of the junction table cannot be written back without loss:"
            f" {'; '.join(_describe(row) for row in lost[:5])}.",
            next_step="correct these models' JSONB, or roll back with --restore-snapshot",
        )


def _read_rules(connection: Connection, target: Target) -> Rules:
    decisions = read_decisions_in_force(connection, target)
    tiers = fetch(connection, "queries/list_tiers", schema=target.schema)
    return resolve_rules(Decisions.model_validate(decisions), tiers)


def _drop_everything(
    connection: Connection, target: Target, inventory: Inventory
) -> tuple[str, ...]:
    names = target.names()
    ours = tuple(sorted(f"{kind} {name}" for kind, name in inventory.found))
    drop_sync(connection, target)
    for part, name in DROPS.items():
        if part in ours:
            run(connection, f"schema/{name}", **names)
    drop_capture(connection, target)
    for name in BACKUP_DROPS:
        run(connection, f"schema/{name}", **names)
    run(connection, "schema/drop_build_schema", **names)
    if has_ledger(connection, target):
        _clear_ledger(connection, names)
    return ours


def _clear_ledger(connection: Connection, names: Mapping[str, str]) -> None:
    """Drop the rules, which hold on to the source columns, and forget what was in force."""
    for name in LEDGER_DROPS:
        run(connection, f"schema/{name}", **names)
    for name in LEDGER_CLEARS:
        run(connection, f"queries/{name}", **names)


@database_task("check rollback")
def check_rollback(target: Target) -> Sequence[str]:
    """Read back what of ours is left. Writes nothing. Raises ConfigurationError if anything is."""
    with connect(target, "check rollback", read_only=True) as connection:
        inventory = read_inventory(connection, target)
        ours = has_ledger(connection, target)
    if ours and inventory.state != "not_migrated":
        left = ", ".join(f"{kind} {name}" for kind, name in sorted(inventory.found))
        raise ConfigurationError(
            f"After the rollback these objects are still there: {left or 'the build'}.",
            next_step="run `tierflow rollback` again",
        )
    return ()
