"""Preflight: read everything that a run depends on, and change nothing."""

from __future__ import annotations

import dataclasses
import logging
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import pandas as pd

from tasks.captured import read_captured
from tasks.definition import database_task
from tierflow.cases import Cases
from tierflow.connection import Connection, connect, fetch, has_relation
from tierflow.decisions import settle_decisions
from tierflow.errors import ConfigurationError
from tierflow.finalization import read_finalization, require_source
from tierflow.ledger import has_ledger
from tierflow.plan import Plan, resolve_rules
from tierflow.plan_notes import (
    list_notes,
    note_captured,
    note_columns,
    note_partitions,
    note_prepared,
)
from tierflow.published import SOURCE_COLUMNS, Inventory, take_inventory
from tierflow.read_pair import Rules
from tierflow.settings import Target
from tierflow.source_values import SourceValues, stream_source_values
from tierflow.ways_back import list_ways_back
from tierflow.write_codes import count_candidates, require_write_codes, settle_write_codes

log = logging.getLogger("tierflow.preflight")

OLDEST_SERVER = 140000
# pg_total_relation_size of 452,270 grants, indexes included, divided by them (PostgreSQL 18)
BYTES_PER_GRANT = 209


@dataclasses.dataclass(frozen=True)
class Survey:
    """What the preflight found. `quarantine` has the columns of `explode.QUARANTINE_COLUMNS`."""

    plan: Plan
    rules: Rules
    tiers: tuple[Mapping[str, Any], ...]
    inventory: Inventory
    server_version: str
    database: str
    quarantine: pd.DataFrame
    source_values_sha256: str

    @property
    def rows(self) -> int:
        """Return the models that were read."""
        return self.plan.counts.source_models

    @property
    def fingerprint(self) -> str:
        """Return the digest of all that shapes the grants."""
        tiers = [(int(tier["id"]), str(tier["tier_code"])) for tier in self.tiers]
        return self.rules.decisions.fingerprint(tiers)


@database_task("preflight")
def preflight(target: Target, given: Mapping[str, Any]) -> Survey:
    """Read server, schema, privileges and data, and list what a person must decide. Writes nothing.

    `given` are decisions by name; what it leaves open was decided by the run before, if there was
    one. Raises ConfigurationError when the database is finalized, a table or column that we need is
    missing, a decision is not valid or the tier map names no tier.
    """
    with connect(target, "preflight", read_only=True) as connection:
        server = fetch(connection, "queries/read_server")[0]
        privileges = fetch(connection, "queries/list_missing_privileges", **target.names())
        _require_readable(privileges)
        inventory = read_inventory(connection, target)
        require_source(inventory.finalization)
        columns = fetch(connection, "queries/list_columns", schema=target.schema)
        _require_source(columns, target.schema)
        obstacles = list_obstacles(connection, target, "source", "room", "dropped")
        twins = fetch(connection, "queries/list_twin_tiers", schema=target.schema)
        tiers = fetch(connection, "queries/list_tiers", schema=target.schema)
        other_schema = list_other_schema(connection, target)
        stored = {} if other_schema else read_decisions_in_force(connection, target)
        decisions = settle_decisions(given, stored)
        rules = resolve_rules(decisions, tiers)
        require_write_codes(given.get("write_codes") or {}, rules)
        inventory = dataclasses.replace(inventory, backup_columns=decisions.backup_columns)
        notes = list(note_partitions(columns))
        held = fetch(connection, "queries/list_lock_holders", schema=target.schema, alone=False)
        notes += note_prepared(held)
        if decisions.backup_columns and not inventory.has_all_backup_columns:
            obstacles += list_obstacles(connection, target, "backup")
            notes += note_columns(fetch(connection, "queries/list_star_users", **target.names()))
        dumped = uncaptured = None
        if inventory.published:
            dumped = _has_dump(connection, target)
            captured = read_captured(connection, target)
            uncaptured = None if captured.complete else captured.describe()
            notes += note_captured(uncaptured)
        values = SourceValues.read(stream_source_values(connection, target.schema), rules)
        rules = settle_write_codes(rules, values.known_codes)
        cases = Cases(rules, values, _list_holders(connection, target, values))
    counts, undecided = values.counts, cases.undecided()
    log.info("Read %s models, %s source elements.", counts.source_models, counts.source_elements)
    plan = Plan(
        state=inventory.state,
        will_create=inventory.missing,
        counts=counts,
        write_codes=rules.decisions.write_codes,
        codes_held=count_candidates(rules, values.known_codes),
        unknown_tiers=cases.unknown_tiers,
        unheld_codes=cases.unheld_codes,
        double_encoded=cases.double_encoded,
        malformed=cases.malformed,
        markup_conflicts=cases.markup_conflicts,
        inexact_markups=cases.inexact_markups,
        cases_in_all=cases.totals,
        obstacles=(
            *_list_server_obstacles(server),
            *other_schema,
            *inventory.misshapen,
            *obstacles,
            *(str(twin["obstacle"]) for twin in twins),
        ),
        missing_privileges=tuple(dict(row) for row in privileges),
        unused_markups=values.unused_markups,
        markups_as_strings=values.markups_as_strings,
        expected_share=values.expected_share,
        estimated_bytes=counts.grants * BYTES_PER_GRANT,
        undecided=undecided,
        notes=() if undecided else (*list_notes(values, decisions), *notes),
        adds_columns=decisions.backup_columns and not inventory.has_all_backup_columns,
        ways_back=list_ways_back(
            rules, counts, cases.unwritable, dumped=dumped, uncaptured=uncaptured
        ),
    )
    for said in plan.list_unheld():
        log.warning("%s.", said[:1].upper() + said[1:])
    return Survey(
        plan=plan,
        rules=rules,
        tiers=tuple(tiers),
        inventory=inventory,
        server_version=str(server["server_version"]),
        database=str(server["database"]),
        quarantine=cases.quarantine(),
        source_values_sha256=values.digest.hexdigest(),
    )


def _has_dump(connection: Connection, target: Target) -> bool:
    if not has_ledger(connection, target):
        return False
    return bool(fetch(connection, "queries/has_dump", ledger=target.ledger)[0]["there"])


def read_inventory(connection: Connection, target: Target) -> Inventory:
    """Return what of ours exists."""
    objects = fetch(connection, "queries/list_objects", **target.names())
    columns = fetch(connection, "queries/list_columns", schema=target.schema)
    inventory = take_inventory(objects, columns, target.build)
    return dataclasses.replace(inventory, finalization=read_finalization(connection, target))


def list_obstacles(connection: Connection, target: Target, *scopes: str) -> tuple[str, ...]:
    """Say what a migration cannot live with; of these scopes only, where some are given."""
    names = {**target.names(), "dry_run": target.for_mode("dry run").build}
    rows = fetch(connection, "queries/list_obstacles", **names)
    return tuple(str(row["obstacle"]) for row in rows if not scopes or row["scope"] in scopes)


def require_migrated(connection: Connection, target: Target) -> None:
    """Raise ConfigurationError where no migration is in force, and no junction table is there."""
    decision = _read_decision(connection, target)
    in_force = decision is not None and decision["schema"] in (None, target.schema)
    if not in_force and not has_relation(connection, target.schema, "tier_model_access"):
        raise ConfigurationError(
            f"Nothing is migrated in schema {target.schema!r} of this database.",
            next_step="tierflow plan, then tierflow migrate; or give another --schema",
        )


def read_decisions_in_force(connection: Connection, target: Target) -> dict[str, Any]:
    """Return the decisions that the last run stored, {} where there are none."""
    row = _read_decision(connection, target)
    return dict(row["decisions"]) if row else {}


def list_other_schema(connection: Connection, target: Target) -> tuple[str, ...]:
    """Say in whose service the ledger is, if not in this schema's: there is one a database."""
    row = _read_decision(connection, target)
    if row is None or row["schema"] in (None, target.schema):
        return ()
    other = str(row["schema"])
    finalization = read_finalization(connection, dataclasses.replace(target, schema=other))
    way = "roll that back first"
    if finalization:
        way = (
            "that is finalized, so put its old columns back and roll it back first (tierflow"
            f" restore {finalization.archive}, then tierflow rollback, both with its --schema)"
        )
    return (
        f"the ledger of this database serves schema {other!r}: {way},"
        " or migrate each schema in a database of its own",
    )


def _read_decision(connection: Connection, target: Target) -> Mapping[str, Any] | None:
    if not has_ledger(connection, target):
        return None
    return next(iter(fetch(connection, "queries/read_decision", ledger=target.ledger)), None)


def _require_source(columns: Sequence[Mapping[str, Any]], schema: str) -> None:
    found = {(c["relation"], c["name"]): c["type"] for c in columns}
    kinds = {c["relation"]: c["kind"] for c in columns}
    wrong: list[str] = []
    for table, wanted in SOURCE_COLUMNS.items():
        if table not in kinds:
            wrong.append(f"table {schema}.{table} is missing")
            continue
        if kinds[table] not in ("r", "p"):
            wrong.append(f"{schema}.{table} is not a table")
        for column, types in wanted.items():
            actual = found.get((table, column))
            if actual is None:
                wrong.append(f"column {table}.{column} is missing")
            elif str(actual).partition("(")[0] not in types:
                wrong.append(f"column {table}.{column} is {actual}, not {types[0]}")
    if wrong:
        raise ConfigurationError(
            f"The source is not as expected: {'; '.join(wrong)}.",
            next_step="choose the right database (TIERFLOW_DSN) and schema (--schema)",
        )


def _require_readable(privileges: Sequence[Mapping[str, Any]]) -> None:
    """Without SELECT there is no plan at all; every other privilege is listed in the plan."""
    blocking = [p for p in privileges if str(p["privilege"]).startswith(("SELECT", "USAGE"))]
    if blocking:
        raise ConfigurationError(
            "Privileges are missing: " + ", ".join(str(p["privilege"]) for p in privileges) + ".",
            next_step="; ".join(f"{p['remedy']}" for p in privileges),
        )


def list_model_columns(connection: Connection, target: Target) -> set[str]:
    """Return the names of the models' columns; none where there is no such table."""
    rows = fetch(connection, "queries/list_columns", schema=target.schema)
    return {str(row["name"]) for row in rows if row["relation"] == "model_access_control"}


def require_every_row(connection: Connection, target: Target) -> None:
    """Raise ConfigurationError when row security hides rows from this role or from the sync's."""
    _require_readable(
        [
            row
            for row in fetch(connection, "queries/list_missing_privileges", **target.names())
            if str(row["privilege"]).startswith("SELECT of every row")
        ]
    )


def _list_server_obstacles(server: Mapping[str, Any]) -> Iterable[str]:
    if int(server["server_version_num"]) < OLDEST_SERVER:
        yield f"PostgreSQL {server['server_version']} is older than 14"
    if server["in_recovery"]:
        yield "the server is a standby, which takes no writes: connect to the primary"
    elif server["read_only"]:
        yield "the database is read-only for this role (default_transaction_read_only)"


def _list_holders(
    connection: Connection, target: Target, values: SourceValues
) -> list[dict[str, Any]]:
    if not values.problems:
        return []
    return fetch(
        connection,
        "queries/list_models_with_values",
        schema=target.schema,
        tier_access=[problem.access for problem in values.problems],
        tier_markup=[problem.markups for problem in values.problems],
        numbers=list(range(len(values.problems))),
    )
