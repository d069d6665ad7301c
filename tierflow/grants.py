"""Who needs which privilege: the smallest set for each command, by the names of one query.

Three roles: the owner of the source tables, the runner of tierflow, and readers. docs/security.md
has this table with its reasons; tests run every command with exactly these grants.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Mapping
from typing import Any

from tierflow.connection import connect, fetch
from tierflow.errors import ConfigurationError
from tierflow.settings import Target
from tierflow.shut_out import EVERYBODY, list_shut_out

SOURCE = ("SELECT on model_access_control", "SELECT on subscription_tiers")
READ = ("CONNECT on the database", "USAGE on the schema", *SOURCE)
# where there is row security, which no policy passes: our sessions and the sync refuse to be shown
# a part. tier_model_access counts once it is there
EVERY_ROW = (
    "every row of model_access_control",
    "every row of subscription_tiers",
    "every row of tier_model_access",
)
READ_LEDGER = ("USAGE on the ledger", "SELECT on the ledger")
USE_RULES = ("EXECUTE on the rules of the ledger",)
READ_PUBLISHED = (
    "SELECT on tier_model_access",
    "SELECT on v_model_tier_access",
    "SELECT on v_tier_model_summary",
    "EXECUTE on get_models_for_tier",
    "EXECUTE on is_model_available_for_tier",
)
# the columns and triggers of the models are their owner's to add and drop, those of the tiers are
# not dropped but go with the functions behind them
OWN_MODELS = ("the role that owns model_access_control",)
OWN_PUBLISHED = ("the role that owns what was published",)
CREATE = ("CREATE on the schema", "CREATE on the database", "TEMPORARY on the database")
# as which PostgreSQL checks the foreign keys
OWNERS_USE = ("USAGE on the schema for the owners of both tables",)
USE_TIERS = ("REFERENCES on subscription_tiers", "TRIGGER on subscription_tiers")
MIGRATE = (
    *READ, *EVERY_ROW, *OWNERS_USE, *USE_TIERS, *OWN_MODELS, *CREATE, *OWN_PUBLISHED,
)  # fmt: skip
GO_BACK = (*READ, *EVERY_ROW, *OWN_MODELS, *OWN_PUBLISHED)

NEEDS: Mapping[str, tuple[str, ...]] = {
    "plan": (*READ, *EVERY_ROW, *READ_LEDGER),
    "migrate": MIGRATE,
    "verify": (*READ, *EVERY_ROW, *READ_LEDGER, *USE_RULES, *READ_PUBLISHED),
    "rollback": GO_BACK,
    "finalize": GO_BACK,
    "restore": MIGRATE,
    "reconcile": (*GO_BACK, *OWNERS_USE),
    "rehearse": (*READ, *EVERY_ROW, *READ_LEDGER),
    "runs": ("CONNECT on the database", *READ_LEDGER),
    "report": (*READ[:3], EVERY_ROW[0], *READ_LEDGER),
    "forget": ("CONNECT on the database", *OWN_PUBLISHED),
    # no commands: what the runner keeps while the table is published, and what applications need
    "sync": (*READ[1:], "UPDATE on model_access_control", *EVERY_ROW, *OWNERS_USE),
    "reader": (*READ, *READ_PUBLISHED),
}
# no role's needs but what each role lacks
APPLICATIONS = "applications"
_READS = "it only reads"
_BACK = (
    "what migrate has made is its owner's to change, and columns and triggers the models' owner's"
)
WHY: Mapping[str, str] = {
    "plan": f"{_READS}; a role that could not migrate is told what it lacks, with exit code 2",
    "migrate": "only the owner of a table may add columns to it and drop triggers from it, so the"
    " runner is in the owner's role; CREATE is for the ledger, the build and what is published",
    "verify": _READS,
    "rollback": _BACK,
    "finalize": _BACK,
    "restore": _BACK,
    "reconcile": "it writes either side, and its run into the ledger",
    "rehearse": f"{_READS}; the copy is in a database of its own",
    "runs": _READS,
    "report": f"{_READS}; the pack has a hash of the models' columns as they are",
    "forget": "it deletes from the ledger",
    "sync": "the sync runs as the role that migrated: with less than this the application's writes"
    " fail for as long as the table is published; what it has by the owner's role goes with that",
    "reader": "views and functions read as whoever asks, and under their row security: they give no"
    " right away (but PostgreSQL 14 reads the views as the role that migrated)",
}


WHY_APPLICATIONS = (
    "they can use the old columns, and lack these for what is published in their place; whether a"
    " policy may show every row is for you to judge"
)


@dataclasses.dataclass(frozen=True)
class Grant:
    """One statement.

    `held`: the role has it; `there`: its object exists by now; `with_owner`: it comes with being
    in the role of the models' owner, and need not be given to who is.
    """

    name: str
    statement: str
    held: bool
    there: bool
    with_owner: bool

    @property
    def shown(self) -> dict[str, Any]:
        """Return the grant as `--json` prints it."""
        return {key: value for key, value in vars(self).items() if key != "with_owner"}


def describe_grants(target: Target, command: str | None, role: str | None) -> list[dict[str, Any]]:
    """Return what a role (None: the one connected as) needs for a command (None: each of them).

    One dict a command: `command`, `role`, `why` and `grants`, in the order in which to give them;
    the last is `applications`: each role (or the one given) that has the old columns only.
    Writes nothing. Raises ConfigurationError for a command or role that does not exist.
    """
    if command is not None and command not in (*NEEDS, APPLICATIONS):
        raise ConfigurationError(
            f"{command!r} needs no privilege that tierflow knows of.",
            next_step=f"name one of {', '.join((*NEEDS, APPLICATIONS))}",
        )
    with connect(target, "grants", read_only=True) as connection:
        only, role = role, role or str(fetch(connection, "queries/read_role")[0]["role"])
        if not fetch(connection, "queries/has_role", role=role)[0]["there"]:
            raise ConfigurationError(
                f"There is no role {role!r} on this server.",
                next_step="create it with CREATE ROLE, or give another with --role",
            )
        rows = fetch(connection, "queries/list_grants", role=role, **target.names())
        shut_out = list_shut_out(connection, target)
    found = _name(rows)
    _require_source(found, target.schema)
    described = [
        {
            "command": name,
            "role": role,
            "why": WHY[name],
            "grants": [grant.shown for grant in _choose(found, NEEDS[name])],
        }
        for name in ([command] if command else NEEDS)
        if name != APPLICATIONS
    ]
    if command in (None, APPLICATIONS):
        described.append(_describe_applications(shut_out, only))
    return described


def _describe_applications(
    shut_out: Iterable[Mapping[str, Any]], role: str | None
) -> dict[str, Any]:
    grants = [
        Grant(
            f"{row['lacks']} on {row['object']} for {row['role']}",
            str(row["statement"]),
            held=False,
            there=bool(row["there"]),
            with_owner=False,
        ).shown
        for row in shut_out
        if role in (None, row["role"]) or row["role"] == EVERYBODY
    ]
    who = role or "each role that is named"
    return {"command": APPLICATIONS, "role": who, "why": WHY_APPLICATIONS, "grants": grants}


def require_privileges(target: Target, command: str) -> None:
    """Raise ConfigurationError, which names each GRANT that this role lacks for a command.

    Where a source table is gone it says nothing: the command has better words for that.
    """
    with connect(target, "privileges", read_only=True) as connection:
        role = str(fetch(connection, "queries/read_role")[0]["role"])
        found = _name(fetch(connection, "queries/list_grants", role=role, **target.names()))
    lacking = [grant for grant in _choose(found, NEEDS[command]) if grant.there and not grant.held]
    if OWN_MODELS[0] in found and lacking:
        raise ConfigurationError(
            f"Nothing was changed: {role} lacks privileges that `tierflow {command}` needs:"
            f" {', '.join(grant.name for grant in lacking)}.",
            next_step="; ".join(grant.statement for grant in lacking),
        )


def _name(rows: Iterable[Mapping[str, Any]]) -> dict[str, Grant]:
    return {str(row["name"]): Grant(**row) for row in rows}


def _choose(found: Mapping[str, Grant], needs: tuple[str, ...]) -> list[Grant]:
    owning = set(OWN_MODELS) <= set(needs)
    grants = [found[need] for need in needs if need in found]
    return [grant for grant in grants if not (owning and grant.with_owner)]


def _require_source(found: Mapping[str, Grant], schema: str) -> None:
    if OWN_MODELS[0] not in found or not found["SELECT on subscription_tiers"].there:
        raise ConfigurationError(
            f"The source tables are not both in schema {schema!r}.",
            next_step="choose the right database (TIERFLOW_DSN) and schema (--schema)",
        )
