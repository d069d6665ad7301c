"""Write back: what changed in the junction table only goes into the JSONB of its models."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from decimal import Decimal
from typing import Any, NamedTuple
from uuid import UUID

from tasks.survey import read_decisions_in_force
from tierflow.connection import Connection, fetch, run
from tierflow.decisions import Decisions
from tierflow.errors import ConfigurationError
from tierflow.plan import resolve_rules
from tierflow.read_pair import Rules
from tierflow.rewrite_pair import InexpressibleError, rewrite_pair
from tierflow.settings import Target
from tierflow.write_codes import list_write_codes

NAMED = 5


class NewValues(NamedTuple):
    """What is to be written into one model's tier columns, as JSON texts."""

    model_id: UUID
    access: str | None
    markups: str | None


def keep_changes(connection: Connection, target: Target) -> int:
    """Write into the JSONB what changed in the junction table only; return the models written."""
    rows = list_later_changes(connection, target)
    models = compose_new_values(connection, target, rows)
    for model in models:
        run(
            connection,
            "queries/write_model",
            schema=target.schema,
            id=model.model_id,
            tier_access=model.access,
            tier_markup=model.markups,
        )
    if models:
        _require_nothing_left(connection, target, {model.model_id for model in models})
    return len(models)


def compose_new_values(
    connection: Connection, target: Target, rows: Iterable[Mapping[str, Any]]
) -> list[NewValues]:
    """Return the values of the models with a grant that changed in the junction table only.

    `rows` are those of `list_later_changes`. Reads only. Raises ConfigurationError, naming models,
    when the old shape of some cannot say their changes.
    """
    changes: dict[UUID, dict[str, Decimal | None]] = defaultdict(dict)
    for row in rows:
        if side_of(row) == "junction":
            changes[row["model_id"]][row["tier"]] = row["junction_markup"]
    if not changes:
        return []
    rules = read_rules(connection, target)
    write_codes = list_write_codes(rules)
    composed: list[NewValues] = []
    refused: list[str] = []
    for model in fetch(
        connection, "queries/list_models", schema=target.schema, models=list(changes)
    ):
        model_id, before = UUID(model["id"]), (model["tier_access"], model["tier_markup"])
        try:
            after = rewrite_pair(*before, changes[model_id], rules, write_codes)
        except InexpressibleError as error:
            refused.append(f"{model['model_identifier']} ({error.why})")
        else:
            composed.append(NewValues(model_id, *after))
    if refused:
        raise _refused(refused)
    return composed


def _refused(models: list[str]) -> ConfigurationError:
    more = f"; and {len(models) - NAMED} more" if len(models) > NAMED else ""
    return ConfigurationError(
        f"The later changes of {len(models)} models cannot be written back without loss:"
        f" {'; '.join(sorted(models)[:NAMED])}{more}.",
        next_step="correct these models' JSONB, or roll back with --restore-snapshot",
    )


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
            f" {'; '.join(describe_later_change(c) for c in conflicts[:NAMED])}.",
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


def _require_nothing_left(connection: Connection, target: Target, written: set[UUID]) -> None:
    """Read back: a trigger of this database may have made something else of what was written."""
    left = fetch(connection, "queries/list_later_changes", **target.names())
    lost = [row for row in left if row["model_id"] in written and side_of(row) != "jsonb"]
    if lost:
        raise ConfigurationError(
            f"{len(lost)} changes of the junction table cannot be written back without loss:"
            f" {'; '.join(describe_later_change(row) for row in lost[:NAMED])}.",
            next_step="correct these models' JSONB, or roll back with --restore-snapshot",
        )


def read_rules(connection: Connection, target: Target) -> Rules:
    """Return the rules in force: the stored decisions on today's tiers."""
    decisions = read_decisions_in_force(connection, target)
    tiers = fetch(connection, "queries/list_tiers", schema=target.schema)
    return resolve_rules(Decisions.model_validate(decisions), tiers)
