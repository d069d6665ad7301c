"""Drop what a migration has created: published objects, sync, and the rules in the ledger."""

from __future__ import annotations

from collections.abc import Mapping

from tasks.capture import drop_capture
from tasks.sync import drop_sync
from tierflow.connection import Connection, run
from tierflow.ledger import has_ledger
from tierflow.published import WRITE_FUNCTIONS, Inventory
from tierflow.settings import Target

DROPS = {
    "view v_tier_model_summary": "drop_v_tier_model_summary",
    "function get_models_for_tier": "drop_get_models_for_tier",
    "function is_model_available_for_tier": "drop_is_model_available_for_tier",
    "view v_model_tier_access": "drop_v_model_tier_access",
    # one statement drops them all, whichever there are
    **{f"function {name}": "drop_application_functions" for name in WRITE_FUNCTIONS},
    "table tier_model_access": "drop_tier_model_access",
    "function touch_tier_model_access": "drop_touch_function",
}
BACKUP_DROPS = ("drop_backup_columns",)
LEDGER_DROPS = (
    "drop_captured",
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
    "clear_reconciled_grant",
)


def list_ours(inventory: Inventory, target: Target) -> tuple[str, ...]:
    """Name the published objects and the build, as `kind name`."""
    build = (f"schema {target.build}",) if inventory.build_exists else ()
    return (*sorted(f"{kind} {name}" for kind, name in inventory.found), *build)


def drop_everything(
    connection: Connection, target: Target, inventory: Inventory
) -> tuple[str, ...]:
    """Drop all that is ours but the record of the runs; name what was published or built."""
    names = target.names()
    ours = list_ours(inventory, target)
    drop_sync(connection, target)
    for part, name in DROPS.items():
        if part in ours:
            run(connection, f"schema/{name}", **names)
    drop_capture(connection, target)
    run(connection, "schema/drop_keep_columns_trigger", **names)
    if inventory.has_backup_columns:
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
