"""Finalization: the record that the old columns are gone, and what is said of it."""

from __future__ import annotations

import dataclasses
import datetime as dt
from typing import Any

from tierflow.connection import Connection, fetch, has_relation
from tierflow.errors import ConfigurationError
from tierflow.settings import Target


@dataclasses.dataclass(frozen=True)
class Finalization:
    """Since when the old columns are gone, the archive of what they held, and how to make them.

    `definitions` are statements as the catalogue wrote them: defaults, comments, rights, indexes.
    """

    run_id: str
    schema: str
    finalized: dt.datetime
    archive: str
    sha256: str
    models: int
    definitions: tuple[str, ...]

    def describe(self) -> str:
        """Say that the database is finalized, since when and where the archive is."""
        return (
            f"This database is finalized since {self.finalized:%Y-%m-%d %H:%M}: tier_access and"
            f" tier_markup are gone, and tier_model_access is the only truth. The archive of"
            f" {self.models:,} models is {self.archive}"
        )

    def as_dict(self) -> dict[str, Any]:
        """Return what `--json` prints of it."""
        return {
            "finalized": self.finalized.isoformat(),
            "archive": self.archive,
            "sha256": self.sha256,
            "models": self.models,
        }


def read_finalization(connection: Connection, target: Target) -> Finalization | None:
    """Return the record of this schema's finalization, None when there is none. Reads only."""
    if not has_relation(connection, target.ledger, "finalization"):
        return None
    rows = fetch(connection, "queries/read_finalization", ledger=target.ledger)
    if not rows or rows[0]["schema"] != target.schema:
        return None
    row: dict[str, Any] = dict(rows[0])
    row["definitions"] = tuple(row["definitions"])
    return Finalization(**row)


def require_source(finalization: Finalization | None) -> None:
    """Raise ConfigurationError, nothing changed, when the old columns were dropped."""
    if finalization:
        raise ConfigurationError(
            f"{finalization.describe()}. Nothing was changed.",
            next_step="nothing is left to migrate or to reconcile; to have the old columns back:"
            f" tierflow restore {finalization.archive}",
        )
