"""Write back: what changed in the junction table only goes into the JSONB of its models."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from decimal import Decimal
from typing import Any
from uuid import UUID

from tasks.survey import read_decisions_in_force
from tierflow.connection import Connection, fetch, run
from tierflow.decisions import Decisions
from tierflow.errors import ConfigurationError
from tierflow.plan import list_write_codes, resolve_rules
from tierflow.read_pair import Rules
from tierflow.rewrite_pair import rewrite_pair
from tierflow.settings import Target


def keep_changes(connection: Connection, target: Target) -> int:
    """Write into the JSONB what changed in the junction table only; return the models written."""
    rows = list_later_changes(connection, target)
    changes: dict[UUID, dict[str, Decimal | None]] = defaultdict(dict)
    for row in rows:
        if side_of(row) == "junction":
            changes[row["model_id"]][row["tier"]] = row["junction_markup"]
    if changes:
        _write_changes(connection, target, changes)
    return len(changes)


def list_later_changes(connection: Connection, target: Target) -> list[dict[str, Any]]:
    """Return the grants on which the sides differ, as list_later_changes.sql does. Reads only.

    Raises ConfigurationError when both sides changed a grant.
    """
    rows = fetch(connection, "queries/list_later_changes", **target.names())
    conflicts = [row for row in rows if side_of(row) == "both"]
    if conflicts:
        raise ConfigurationError(
            f"{len(conflicts)} grants were changed on both sides since they last agreed, and only"
            " a person can say which change counts:"
            f" {'; '.join(describe_later_change(c) for c in conflicts[:5])}.",
            next_step="make the table follow the JSONB with `tierflow migrate` and roll back then,"
            " or give up all later changes with `tierflow rollback --restore-snapshot`",
        )
    return rows


def side_of(row: Mapping[str, Any]) -> str:
    """Say which side moved away from the value on which they last agreed."""
    if row["jsonb_markup"] == row["agreed_markup"]:
        return "junction"
    return "jsonb" if row["junction_markup"] == row["agreed_markup"] else "both"


def describe_later_change(row: Mapping[str, Any]) -> str:
    """Say what both sides hold of a grant, and on what they last agreed."""

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
    rules = read_rules(connection, target)
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
    lost = [row for row in left if row["model_id"] in changes and side_of(row) != "jsonb"]
    if lost:
        raise ConfigurationError(
            f"{len(lost)} changes of the junction table cannot be written back without loss:"
            f" {'; '.join(describe_later_change(row) for row in lost[:5])}.",
            next_step="correct these models' JSONB, or roll back with --restore-snapshot",
        )


def read_rules(connection: Connection, target: Target) -> Rules:
    """Return the rules in force: the stored decisions on today's tiers."""
    decisions = read_decisions_in_force(connection, target)
    tiers = fetch(connection, "queries/list_tiers", schema=target.schema)
    return resolve_rules(Decisions.model_validate(decisions), tiers)
