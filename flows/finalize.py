"""Finalize: the contract phase, after which the junction table is the only truth."""

from __future__ import annotations

import datetime as dt
from pathlib import Path
from typing import Any

from flows.recording import recorded_run
from flows.run_page import require_confirmed
from flows.target import open_target
from tasks.contract import archive_and_drop, check_finalized
from tasks.guards import check_guards, require_guards
from tierflow.errors import ConfigurationError

COLUMNS = "tier_access,tier_markup"


def finalize(
    confirm: str | None = None,
    check: bool = False,
    soak_days: float = 7.0,
    archive: str | None = None,
    yes_drop: str | None = None,
    schema_name: str | None = None,
    database: str | None = None,
) -> dict[str, Any]:
    """Archive what the old columns hold, and drop them with the backup columns and the sync.

    Args:
        confirm: Type the name of the database to confirm; the command line asks instead.
        check: Only ask the guards.
        soak_days: Days that must have passed since the table was published.
        archive: New file for the archive; default: one in the folder of the reports' home.
        yes_drop: The names of the columns that go, as the command line was told.
        schema_name: Schema of the published objects; default public.
        database: Name of a saved connection; none: TIERFLOW_DSN, else the embedded database.
    """
    with (
        open_target(schema_name, database=database, judges=False) as target,
        recorded_run(target, "finalize", locked=not check) as run,
    ):
        if run.find_finalization():
            return run.finish("unchanged")
        stamp = dt.datetime.now(dt.UTC).strftime("%Y%m%d-%H%M%S")
        default = (
            target.home / "archives" / f"{run.facts.database}-{stamp}-{run.run_id[:8]}.parquet"
        )
        file = Path(archive) if archive else default
        if not check:
            require_confirmed(run.facts.database, confirm)
            _require_named(yes_drop, confirmed=confirm is not None)
            run.join_ledger()
        run.facts.verification = run.step(check_guards, target, soak_days=soak_days, archive=file)
        require_guards(run.facts.verification)
        if check:
            return run.finish("ready")
        run.facts.contracted = run.step(archive_and_drop, target, file, run.run_id)
        run.step(check_finalized, target, run.facts.contracted)
        return run.finish("finalized")


def _require_named(yes_drop: str | None, *, confirmed: bool) -> None:
    """Raise ConfigurationError unless the columns were named, or the database was in a form."""
    if confirmed or (yes_drop is not None and yes_drop.replace(" ", "") == COLUMNS):
        return
    raise ConfigurationError(
        "Nothing was changed: finalize drops the columns tier_access and tier_markup, and nobody"
        " has named them.",
        next_step=f"tierflow finalize --check, then tierflow finalize --yes-drop {COLUMNS}",
    )
