"""Captured values: the tier columns as they were loaded, which every way back reads."""

from __future__ import annotations

import dataclasses

from tasks.chunks import Chunk, as_text
from tierflow.connection import Connection, fetch, has_relation, run
from tierflow.settings import Target


@dataclasses.dataclass(frozen=True)
class Captured:
    """How whole the captured values are: `gone` were recorded once, `ranges_without` have none."""

    ranges: int = 0
    ranges_without: int = 0
    gone: int = 0

    @property
    def complete(self) -> bool:
        """Whether every model has them that was there when the table was published."""
        return bool(self.ranges) and not self.ranges_without and not self.gone

    def describe(self) -> str:
        """Say what is missing. Only where something is."""
        if self.gone:
            return f"the captured values of {self.gone} models are gone from the ledger"
        return "the ledger holds no captured values of these models"


def read_captured(connection: Connection, target: Target) -> Captured:
    """Return how whole the captured values are; nothing of them where there is no ledger."""
    if not has_relation(connection, target.ledger, "captured"):
        return Captured()
    return Captured(**fetch(connection, "queries/count_captured", ledger=target.ledger)[0])


def capture_chunk(connection: Connection, target: Target, chunk: Chunk) -> int:
    """Capture the values of one chunk, within the transaction that loads it; count the models.

    What changes between this statement and the load's is in the change log, and is captured once
    more when the build catches up.
    """
    names = {"schema": target.schema, "ledger": target.ledger}
    return run(connection, "queries/capture_range", **names, **as_text((chunk.low, chunk.high)))


def add_captured_key(connection: Connection, target: Target) -> None:
    """Build the key of the captured values, unless it is there."""
    if not fetch(connection, "queries/has_captured_key", ledger=target.ledger)[0]["there"]:
        for name in ("create_captured_pkey", "add_captured_pkey"):
            run(connection, f"schema/{name}", ledger=target.ledger)


def capture_missing(connection: Connection, target: Target) -> int:
    """Capture, as they are now, the values of models that have none; return how many they are.

    For a published table on whose models both sides agree: one that is adopted, or whose captured
    values are gone.
    """
    add_captured_key(connection, target)
    captured = fetch(
        connection, "queries/capture_missing", schema=target.schema, ledger=target.ledger
    )
    run(connection, "queries/record_captured", ledger=target.ledger)
    return int(captured[0]["models"])
