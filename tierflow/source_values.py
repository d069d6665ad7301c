"""The distinct values of the source, read: counts, and every case that a person may decide."""

from __future__ import annotations

import dataclasses
import hashlib
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import pandas as pd

from tierflow.explode import QUARANTINE_COLUMNS, Counts, quarantine_row, sum_counts
from tierflow.plan import nearest_codes, shorten, show_value
from tierflow.read_pair import Reading, Rules, read_pair

# reasons that the plan lists under a heading of their own
_LISTED_ELSEWHERE = ("unknown_tier", "markup_conflict", "markup_inexact")
# comparing a code with 20 known ones takes 0.5 ms, and a hostile array holds 10,000 codes
_NEAREST_LISTED = 500


@dataclasses.dataclass(frozen=True)
class SourceValues:
    """The distinct pairs of tier columns, each with its reading and the models that hold it."""

    pairs: tuple[tuple[str | None, str | None], ...]
    readings: tuple[Reading, ...]
    models: tuple[int, ...]
    enabled_models: tuple[int, ...]

    @classmethod
    def read(cls, rows: Sequence[Mapping[str, Any]], rules: Rules) -> SourceValues:
        """Read the rows of `sql/queries/group_source_values.sql`."""
        pairs = tuple((row["tier_access"], row["tier_markup"]) for row in rows)
        return cls(
            pairs=pairs,
            readings=tuple(read_pair(*pair, rules) for pair in pairs),
            models=tuple(row["models"] for row in rows),
            enabled_models=tuple(row["enabled_models"] for row in rows),
        )

    @property
    def counts(self) -> Counts:
        """Return the counts of the whole source."""
        return sum_counts(zip(self.readings, self.models, strict=True))

    @property
    def unused_markups(self) -> int:
        """Return how many markups belong to a code that the model does not have."""
        pairs = zip(self.readings, self.models, strict=True)
        return sum(reading.unused_markups * models for reading, models in pairs)

    @property
    def markups_as_strings(self) -> int:
        """Return how many markups were written as a string that holds a plain number."""
        pairs = zip(self.readings, self.models, strict=True)
        return sum(models * sum(e.number_as_string for e in r.elements) for r, models in pairs)

    @property
    def expected_share(self) -> float:
        """Return the share of enabled models that will have a grant, 1.0 when none is enabled."""
        enabled = sum(self.enabled_models)
        pairs = zip(self.readings, self.enabled_models, strict=True)
        return sum(models for r, models in pairs if r.grants) / enabled if enabled else 1.0

    @property
    def with_problems(self) -> list[int]:
        """Return the numbers of the pairs whose models must be named."""
        return [
            number
            for number, reading in enumerate(self.readings)
            if reading.count("quarantined") or reading.conflicts or reading.inexact
        ]


def hash_values(rows: Sequence[Mapping[str, Any]]) -> str:
    """Return a SHA-256 of which values the source holds, and of how many models hold each.

    `rows` as in `SourceValues.read`. No ids of models are in it: the preflight reads none.
    """
    # jsonb as text has no bare tab: it is escaped
    lines = (
        f"{row['models']}\t{row['tier_access'] or ''}\t{row['tier_markup'] or ''}" for row in rows
    )
    each = sorted(hashlib.sha256(line.encode()).digest() for line in lines)
    return hashlib.sha256(b"".join(each)).hexdigest()


class Cases:
    """Every case that a person may have to decide, by model.

    `holders` are rows of `sql/queries/list_models_with_values.sql`.
    """

    def __init__(
        self, rules: Rules, values: SourceValues, holders: Iterable[Mapping[str, Any]]
    ) -> None:
        self._rules = rules
        self._values = values
        self._holders: list[tuple[str, str, Reading]] = [
            (str(row["id"]), str(row["model_identifier"]), values.readings[int(row["pair"])])
            for row in holders
        ]
        self.unknown_tiers = self._list_unknown_tiers()
        self.malformed = self._list_malformed()
        self.markup_conflicts = self._list_markup_conflicts()
        self.inexact_markups = self._list_inexact_markups()

    def _list_unknown_tiers(self) -> tuple[dict[str, Any], ...]:
        models: dict[str, int] = {}
        for reading, held in zip(self._values.readings, self._values.models, strict=True):
            for element in reading.elements:
                if element.reason == "unknown_tier" and element.code is not None:
                    models[element.code] = models.get(element.code, 0) + held
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
