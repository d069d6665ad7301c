"""The distinct values of the source, read: counts, and those that leave something to decide."""

from __future__ import annotations

import dataclasses
from collections import Counter
from collections.abc import Generator, Iterable, Mapping, Sequence
from typing import Any, NamedTuple

from psycopg.rows import DictRow

from tierflow.connection import Connection, fetch, stream
from tierflow.explode import Counts, sum_counts
from tierflow.multiset_hash import MultisetHash, value_line
from tierflow.read_pair import Reading, Rules, read_pair


def stream_source_values(connection: Connection, schema: str) -> Generator[list[DictRow]]:
    """Yield the distinct pairs of tier columns in blocks, grouped in the session's own memory."""
    fetch(connection, "queries/set_work_memory")
    yield from stream(connection, "queries/group_source_values", schema=schema)


class Problem(NamedTuple):
    """A pair of tier columns whose models must be named, with its reading."""

    access: str | None
    markups: str | None
    reading: Reading


@dataclasses.dataclass
class SourceValues:
    """What the distinct pairs of tier columns come to; only those with a problem are kept.

    `unknown_tiers` and `known_codes` are the number of models that hold each code;
    `double_encoded` of those whose column holds JSON encoded twice, by the column.
    """

    counts: Counts = dataclasses.field(default_factory=Counts)
    enabled_models: int = 0
    enabled_with_grants: int = 0
    unused_markups: int = 0
    markups_as_strings: int = 0
    unknown_tiers: Counter[str] = dataclasses.field(default_factory=Counter[str])
    known_codes: Counter[str] = dataclasses.field(default_factory=Counter[str])
    double_encoded: Counter[str] = dataclasses.field(default_factory=Counter[str])
    encoded_examples: dict[str, str] = dataclasses.field(default_factory=dict[str, str])
    problems: list[Problem] = dataclasses.field(default_factory=list[Problem])
    digest: MultisetHash = dataclasses.field(default_factory=MultisetHash)

    @classmethod
    def read(cls, blocks: Iterable[Sequence[Mapping[str, Any]]], rules: Rules) -> SourceValues:
        """Read the rows of `sql/queries/group_source_values.sql`, a block at a time."""
        values = cls()
        for block in blocks:
            pairs = [(row["tier_access"], row["tier_markup"]) for row in block]
            readings = [read_pair(*pair, rules) for pair in pairs]
            models = [row["models"] for row in block]
            values.counts += sum_counts(zip(readings, models, strict=True))
            for row, reading in zip(block, readings, strict=True):
                values._add(row, reading)
        return values

    def _add(self, row: Mapping[str, Any], reading: Reading) -> None:
        self.digest.add(value_line(row))
        models, enabled = row["models"], row["enabled_models"]
        self.enabled_models += enabled
        self.enabled_with_grants += enabled if reading.grants else 0
        self.unused_markups += models * reading.unused_markups
        for element in reading.elements:
            self.markups_as_strings += models * element.number_as_string
            if element.code is None:
                continue
            if element.tier_codes:  # what a later duplicate has not
                self.known_codes[element.code] += models
            elif element.reason == "unknown_tier":
                self.unknown_tiers[element.code] += models
        for column in reading.double_encoded:
            self.double_encoded[column] += models
            self.encoded_examples.setdefault(column, row[column])
        if (
            reading.count("quarantined")
            or reading.conflicts
            or reading.inexact
            or not reading.is_writable
        ):
            self.problems.append(Problem(row["tier_access"], row["tier_markup"], reading))

    @property
    def expected_share(self) -> float:
        """Return the share of enabled models that will have a grant, 1.0 when none is enabled."""
        return self.enabled_with_grants / self.enabled_models if self.enabled_models else 1.0
