"""The guards of finalize: what must hold before the old columns may go, each with its figure."""

from __future__ import annotations

import logging
import shutil
from pathlib import Path

from tasks.compare import compare
from tasks.definition import database_task
from tasks.survey import list_other_schema, read_inventory
from tasks.verify import PARITY, Check, Verification, describe_quarantined
from tierflow.archive import refuse_existing
from tierflow.connection import Connection, connect, fetch, has_relation
from tierflow.errors import ChecksFailed, ConfigurationError
from tierflow.finalization import require_source
from tierflow.published import Inventory
from tierflow.settings import Target

log = logging.getLogger("tierflow.guards")

VERIFIED_WITHIN_HOURS = 24
NAMED = 5
# JSON text and the captured values beside what PostgreSQL stores of the two columns
ARCHIVE_FACTOR = 4


@database_task("check guards")
def check_guards(target: Target, *, soak_days: float, archive: Path) -> Verification:
    """Ask every guard, and return each with its figure. Writes nothing.

    Raises ConfigurationError when there is nothing to finalize, or this role may not.
    """
    with connect(target, "guards", read_only=True) as connection:
        inventory = _require_published(connection, target)
        checks = (
            *_check_time(connection, target, soak_days),
            _check_parity(target, inventory),
            _check_quarantine(connection, target),
            _check_objects(connection, target),
            _check_statements(connection),
            _check_room(connection, target, archive),
        )
    for check in checks:
        log.info("%s: %s (%s)", check.name, "ok" if check.ok else "FAILED", check.figure)
    return Verification(checks, dict.fromkeys(PARITY), None)


def require_guards(guards: Verification) -> None:
    """Raise ChecksFailed, naming each guard that does not hold, when one does not."""
    failed = [check for check in guards.checks if not check.ok]
    if failed:
        said = "; ".join(f"{check.name} ({check.figure})" for check in failed)
        raise ChecksFailed(
            f"Nothing was changed: {len(failed)} of {len(guards.checks)} guards do not hold:"
            f" {said}.",
            next_step="see to each, then ask again: tierflow finalize --check",
        )


def _require_published(connection: Connection, target: Target) -> Inventory:
    inventory = read_inventory(connection, target)
    require_source(inventory.finalization)
    if other := list_other_schema(connection, target):
        raise ConfigurationError(
            f"Nothing was changed: {'; '.join(other)}.",
            next_step="give the schema that was migrated with --schema",
        )
    has_rules = has_relation(connection, target.ledger, "implied_grant")
    if not inventory.published or not has_rules:
        raise ConfigurationError(
            "There is nothing to finalize: no junction table of tierflow's is published here.",
            next_step="tierflow plan, then tierflow migrate",
        )
    lacking = [
        row
        for row in fetch(connection, "queries/list_missing_privileges", **target.names())
        if str(row["privilege"]).startswith("own ")
    ]
    if lacking:
        raise ConfigurationError(
            f"Privileges are missing: {', '.join(str(row['privilege']) for row in lacking)}.",
            next_step="; ".join(str(row["remedy"]) for row in lacking),
        )
    return inventory


def _check_time(connection: Connection, target: Target, soak_days: float) -> tuple[Check, Check]:
    found = fetch(connection, "queries/read_soak", **target.names())[0]
    days, hours = found["days_published"], found["hours_verified"]
    failed = found["failed"]
    if days is not None:
        soaked = f"{days:.1f} days since {found['published']:%Y-%m-%d %H:%M}"
    elif found["rolled_back"] is None:
        soaked = "the ledger knows of no publishing"
    else:
        soaked = (
            "the ledger knows of no publishing since the rollback of"
            f" {found['rolled_back']:%Y-%m-%d %H:%M}: `tierflow migrate` records that there is one"
        )
    passed = "no full verification of this table has passed"
    if hours is not None:
        passed = f"the last one passed {hours:.1f} h ago"
    later = failed is not None and (found["verified"] is None or failed > found["verified"])
    if later:
        passed += f", and one failed after that, {failed:%Y-%m-%d %H:%M}"
    return (
        Check(
            "soak", days is not None and days >= soak_days, soaked, f"at least {soak_days:g} days"
        ),
        Check(
            "verified",
            hours is not None and hours <= VERIFIED_WITHIN_HOURS and not later,
            passed,
            f"`tierflow verify` has passed within {VERIFIED_WITHIN_HOURS} h",
        ),
    )


def _check_parity(target: Target, inventory: Inventory) -> Check:
    """Compare both sides in full, now, and see that the sync will keep them the same."""
    comparison = compare(target, published=True)
    wrong = comparison.frames["orphans"]
    said = [f"{row.rows} {row.check} ({row.sample})" for row in wrong.itertuples() if row.rows]
    said += inventory.sync_gaps
    figure = "; ".join(said) or "no difference"
    return Check(
        "parity",
        not said and not comparison.drifted,
        f"{comparison.grants} grants compared: {figure}",
        "every grant as the JSONB says, and the sync in place",
    )


def _check_quarantine(connection: Connection, target: Target) -> Check:
    """What a migration set aside was decided; what the sync set aside since nobody has seen."""
    stored = fetch(connection, "queries/list_quarantine", ledger=target.ledger)
    new = fetch(connection, "queries/list_new_quarantine", ledger=target.ledger)
    named = ", ".join(describe_quarantined(row) for row in new[:NAMED])
    figure = f"{len(new)} undecided{': ' if new else ''}{named}"
    return Check(
        "quarantine",
        not new,
        f"{figure}; {len(stored) - len(new)} set aside by decision, which stay in the archive",
        "none that came after the last migration (`tierflow migrate` decides them)",
    )


def _check_objects(connection: Connection, target: Target) -> Check:
    users = fetch(connection, "queries/list_column_users", **target.names())
    named = "; ".join(f"{row['name']} {row['how']}" for row in users)
    return Check(
        "objects",
        not users,
        f"{len(users)} use the old columns{': ' if users else ''}{named}",
        "no view, function, policy, trigger or constraint uses them",
    )


def _check_statements(connection: Connection) -> Check:
    expected = "pg_stat_statements has seen none since its last reset that names them"
    found = fetch(connection, "queries/read_statement_statistics")[0]
    reason = (
        "the extension pg_stat_statements is not there"
        if found["schema"] is None
        else "the server does not load pg_stat_statements"
        if not found["loaded"]
        else "this role is not in pg_read_all_stats"
        if not found["may_read"]
        else None
    )
    if reason:
        return Check("statements", True, f"could not be asked: {reason}", expected)
    seen = fetch(connection, "queries/list_column_statements", in_schema=found["schema"])
    named = "; ".join(f"{row['query']} ({row['calls']} calls of {row['role']})" for row in seen[:5])
    since = f" since {seen[0]['since']:%Y-%m-%d %H:%M}" if seen else ""
    return Check(
        "statements",
        not seen,
        f"{len(seen)} seen{since}{': ' if seen else ''}{named}",
        f"{expected} (SELECT pg_stat_statements_reset() when the last user is gone)",
    )


def _check_room(connection: Connection, target: Target, archive: Path) -> Check:
    refuse_existing(archive)
    stats = fetch(connection, "queries/count_source", schema=target.schema)[0]
    needed = ARCHIVE_FACTOR * int(stats["jsonb_bytes"]) + 2**20
    folder = next(one for one in archive.absolute().parents if one.exists())
    free = shutil.disk_usage(folder).free
    return Check(
        "archive",
        free >= needed,
        f"{stats['models']} models go to {archive}; {free / 1e6:,.0f} MB are free there",
        f"at least {needed / 1e6:,.0f} MB",
    )
