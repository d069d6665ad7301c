"""What the ledger holds of one run, found by the name that a person gives."""

from __future__ import annotations

from typing import Any

from tierflow.connection import Connection, fetch
from tierflow.errors import ConfigurationError
from tierflow.ledger import has_ledger
from tierflow.settings import Target

LATEST = "latest"
NAMED = 5


def read_run(connection: Connection, target: Target, name: str) -> dict[str, Any]:
    """Return `run`, `steps` and `chunks` of a run: by its id, the beginning of one, or `latest`.

    Raises ConfigurationError when there is no such run, or more than one.
    """
    prefix = "" if name == LATEST else name.strip().lower()
    found: list[dict[str, Any]] = []
    if has_ledger(connection, target):
        limit = 1 if name == LATEST else NAMED + 1
        found = [
            dict(row)
            for row in fetch(
                connection,
                "queries/list_run_ids",
                ledger=target.ledger,
                prefix=prefix,
                limit=limit,
            )
        ]
    if not found or (not prefix and name != LATEST):
        raise ConfigurationError(
            f"The ledger holds no run {name!r}." if prefix else "The ledger holds no run.",
            next_step="`tierflow runs` lists the runs of this database",
        )
    if len(found) > 1:
        said = "; ".join(
            f"{row['run_id']} ({row['mode']}, {row['started']:%Y-%m-%d %H:%M})"
            for row in found[:NAMED]
        )
        more = " and more" if len(found) > NAMED else ""
        raise ConfigurationError(
            f"More than one run begins with {name!r}: {said}{more}.",
            next_step="give more of the id: tierflow report RUN",
        )
    rows = fetch(connection, "queries/read_run", ledger=target.ledger, run_id=found[0]["run_id"])
    return dict(rows[0])
