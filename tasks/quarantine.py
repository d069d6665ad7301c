"""The quarantine: source elements that could not be migrated, each with its reason."""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd

from sql import statement
from tierflow.connection import Connection, fetch
from tierflow.explode import QUARANTINE_COLUMNS
from tierflow.settings import Target


def copy_quarantine(connection: Connection, target: Target, quarantine: pd.DataFrame) -> None:
    """COPY elements with the columns of `explode.QUARANTINE_COLUMNS` into the quarantine."""
    query = statement("queries/copy_quarantine", ledger=target.ledger)
    with connection.cursor() as cursor, cursor.copy(query) as copy:
        for row in quarantine[list(QUARANTINE_COLUMNS)].itertuples(index=False):
            copy.write_row(_plain(row))


def name_models(connection: Connection, target: Target, quarantine: pd.DataFrame) -> pd.DataFrame:
    """Return the quarantine with the identifier of each model, as the table has it now.

    A model that was deleted since keeps an empty one.
    """
    models = quarantine["model_id"].unique().tolist()
    rows = fetch(connection, "queries/list_identifiers", schema=target.schema, models=models)
    names = {row["id"]: row["model_identifier"] for row in rows}
    return quarantine.assign(model_identifier=quarantine["model_id"].map(names).fillna(""))


def _plain(row: Sequence[object]) -> list[object]:
    """Turn pandas' missing values into None and the JSON text into a value COPY can write."""
    model_id, identifier, position, code, reason, value, tiers = row
    return [
        str(model_id),
        identifier,
        int(str(position)),
        code if isinstance(code, str) else None,
        reason,
        value if isinstance(value, str) else None,
        tiers,
    ]
