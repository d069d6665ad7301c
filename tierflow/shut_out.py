"""Who can use the old columns, and not what is published in their place."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from tierflow.connection import Connection, fetch
from tierflow.settings import Target

NAMED = 10
POLICY = "a policy"
PRINTED = "`tierflow grants applications` prints what is missing"
EVERYBODY = "PUBLIC"


def list_shut_out(connection: Connection, target: Target) -> list[dict[str, Any]]:
    """Return rows of list_shut_out.sql: `role`, `writes`, `object`, `there`, `lacks`, `statement`.

    What is not published yet is judged as what this role would create.
    """
    return fetch(connection, "queries/list_shut_out", schema=target.schema)


def describe_shut_out(rows: Sequence[Mapping[str, Any]]) -> Iterator[str]:
    """Say of each role what it is refused, or not shown, of the new objects."""
    grouped = [list(group) for _, group in itertools.groupby(rows, key=lambda row: row["role"])]
    for lacking in grouped[:NAMED]:
        yield f"{_describe(lacking)}; {PRINTED}"
    if len(grouped) > NAMED:
        yield f"and {len(grouped) - NAMED} more roles that can use the old columns; {PRINTED}"


def _describe(lacking: Sequence[Mapping[str, Any]]) -> str:
    first, told = lacking[0], list[str]()
    refused = [f"{row['object']} ({row['lacks']})" for row in lacking if row["lacks"] != POLICY]
    if refused:
        later = "" if all(row["there"] for row in lacking) else "once it is published "
        told.append(f"{later}is denied {', '.join(refused)}")
    if len(refused) < len(lacking):
        told.append("has no policy for rows of tier_model_access, whose row security is on")
    who = "every role (PUBLIC)" if first["role"] == EVERYBODY else first["role"]
    use = "write" if first["writes"] else "read"
    return f"{who} can {use} the old columns, but {' and '.join(told)}"
