"""The distinct values of the source, read: counts, and every case that a person may decide."""

from __future__ import annotations

import dataclasses
from collections import Counter
from collections.abc import Generator, Iterable, Mapping, Sequence
from typing import Any, NamedTuple

import pandas as pd
from psycopg.rows import DictRow

from tierflow.connection import Connection, fetch, stream
from tierflow.explode import QUARANTINE_COLUMNS, Counts, quarantine_row, sum_counts
from tierflow.multiset_hash import MultisetHash, value_line
from tierflow.plan import nearest_codes, shorten, show_value
from tierflow.read_pair import Reading, Rules, read_pair
from tierflow.rewrite_pair import has_place_for_grants

# reasons that the plan lists under a heading of their own
_LISTED_ELSEWHERE = ("unknown_tier", "markup_conflict", "markup_inexact")
# comparing a code with 20 known ones takes 0.5 ms, and a hostile array holds 10,000 codes
_NEAREST_LISTED = 500


def stream_source_values(connection: Connection, schema: str) -> Generator[list[DictRow]]:
    """Yield the distinct pairs of tier columns in blocks, grouped in the session's own memory."""
    fetch(connection, "queries/set_work_memory")
    yield from stream(connection, "queries/group_source_values", schema=schema)


class Problem(NamedTuple):
    """A pair of tier columns whose models must be named, with its reading."""

    access: str | None
    markups: str | None
    reading: Reading

    @property
    def is_unwritable(self) -> bool:
        """Return whether these values have no place for a later grant."""
        return not has_place_for_grants(self.access, self.markups)


@dataclasses.dataclass
class SourceValues:
    """What the distinct pairs of tier columns come to; only those with a problem are kept.

    `unknown_tiers` and `known_codes` are the number of models that hold each code.
    """

    counts: Counts = dataclasses.field(default_factory=Counts)
    enabled_models: int = 0
    enabled_with_grants: int = 0
    unused_markups: int = 0
    markups_as_strings: int = 0
    unknown_tiers: Counter[str] = dataclasses.field(default_factory=Counter[str])
    known_codes: Counter[str] = dataclasses.field(default_factory=Counter[str])
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
        problem = Problem(row["tier_access"], row["tier_markup"], reading)
        if (
            reading.count("quarantined")
            or reading.conflicts
            or reading.inexact
            or problem.is_unwritable
        ):
            self.problems.append(problem)

    @property
    def expected_share(self) -> float:
        """Return the share of enabled models that will have a grant, 1.0 when none is enabled."""
        return self.enabled_with_grants / self.enabled_models if self.enabled_models else 1.0


class Cases:
    """Every case that a person may have to decide, by model.

    `holders` are rows of `sql/queries/list_models_with_values.sql`.
    """

    def __init__(
        self, rules: Rules, values: SourceValues, holders: Iterable[Mapping[str, Any]]
    ) -> None:
        self._rules = rules
        self._values = values
        held = [
            (str(row["id"]), str(row["model_identifier"]), values.problems[int(row["pair"])])
            for row in holders
        ]
        self._holders = [(model_id, name, problem.reading) for model_id, name, problem in held]
        self.unwritable = tuple(name for _, name, problem in held if problem.is_unwritable)
        self.unknown_tiers = self._list_unknown_tiers()
        self.malformed = self._list_malformed()
        self.markup_conflicts = self._list_markup_conflicts()
        self.inexact_markups = self._list_inexact_markups()

    def _list_unknown_tiers(self) -> tuple[dict[str, Any], ...]:
        models = self._values.unknown_tiers
        codes = sorted(models, key=lambda code: (-models[code], code))
        nearest = {code: nearest_codes(code, self._rules) for code in codes[:_NEAREST_LISTED]}
        return tuple(
            {"code": code, "models": models[code], "nearest": nearest.get(code, [])}
            for code in codes
        )

    def _list_malformed(self) -> tuple[dict[str, Any], ...]:
        return tuple(
            {
                "model_id": identifier,
                "reason": element.reason,
                "value": show_value(element.value),
                "code": element.code,
                "position": element.position,
            }
            for _, identifier, reading in self._holders
            for element in reading.elements
            if element.fate == "quarantined" and element.reason not in _LISTED_ELSEWHERE
        )

    def _list_markup_conflicts(self) -> tuple[dict[str, Any], ...]:
        return tuple(
            {
                "model_id": identifier,
                "tier": tier,
                "markups": {code: float(markup) for code, markup in offers},
            }
            for _, identifier, reading in self._holders
            for tier, offers in reading.conflicts.items()
        )

    def _list_inexact_markups(self) -> tuple[dict[str, Any], ...]:
        return tuple(
            {"model_id": identifier, "code": code, "value": shorten(format(value, "f"))}
            for _, identifier, reading in self._holders
            for code, value in reading.inexact
        )

    def undecided(self) -> tuple[str, ...]:
        """Say each kind of case whose decision is `fail`, in one phrase with its figure."""
        decisions = self._rules.decisions
        phrases: list[str] = []
        if self.unknown_tiers and decisions.unknown_tiers == "fail":
            names = ", ".join(
                f"{shorten(u['code'])!r} ({u['models']} models)" for u in self.unknown_tiers
            )
            phrases.append(f"{len(self.unknown_tiers)} unknown tier codes: {names}")
        if self.malformed and decisions.malformed == "fail":
            phrases.append(f"{len(self.malformed)} malformed values")
        if self.markup_conflicts and decisions.conflict_policy == "fail":
            phrases.append(f"{len(self.markup_conflicts)} markup conflicts")
        if self.inexact_markups and decisions.inexact_policy == "fail":
            phrases.append(f"{len(self.inexact_markups)} markups with more than two decimals")
        return tuple(phrases)

    def quarantine(self) -> pd.DataFrame:
        """Return a row, with the `QUARANTINE_COLUMNS`, for each element that is quarantined."""
        rows = [
            (model_id, identifier, *quarantine_row(element))
            for model_id, identifier, reading in self._holders
            for element in reading.elements
            if element.fate == "quarantined"
        ]
        return pd.DataFrame(rows, columns=list(QUARANTINE_COLUMNS))
