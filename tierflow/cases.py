"""Every case that a person may have to decide: the first of each kind by name, and how many."""

from __future__ import annotations

import itertools
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any, TypeVar

import pandas as pd

from tierflow.explode import QUARANTINE_COLUMNS, quarantine_row
from tierflow.nearest_codes import find_nearest
from tierflow.plan import shorten, show_value
from tierflow.read_pair import Element, Rules
from tierflow.show_code import NAMED, quote_code
from tierflow.source_values import SourceValues

# the model, then the reason, tier or code
Case = TypeVar("Case", bound=tuple[str, Any, Any])

# of one kind: a hostile model has a case for each of 300,000 elements
CASES_NAMED = 1_000
# of those of one model, so that they do not hide the others
NAMED_OF_A_MODEL = 20
# reasons that the plan lists under a heading of their own
_LISTED_ELSEWHERE = (
    "unknown_tier", "access_double_encoded", "markups_double_encoded", "markup_conflict",
    "markup_inexact",
)  # fmt: skip


class Cases:
    """The cases by kind, the first `CASES_NAMED` of each; `totals` has how many there are in all.

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
        self.unwritable = tuple(
            name for _, name, problem in held if not problem.reading.is_writable
        )
        self.totals: dict[str, int] = {}
        self.unknown_tiers = self._list_unknown_tiers()
        self.unheld_codes = self._list_unheld_codes()
        self.double_encoded = tuple(
            {
                "column": column,
                "models": models,
                "example": shorten(values.encoded_examples[column]),
            }
            for column, models in sorted(values.double_encoded.items())
        )
        self.malformed = self._name("malformed", self._find_malformed(), _describe_malformed, 2)
        self.markup_conflicts = self._name(
            "markup_conflicts", self._find_conflicts(), _describe_conflict
        )
        self.inexact_markups = self._name(
            "inexact_markups", self._find_inexact(), _describe_inexact
        )

    def _name(
        self,
        kind: str,
        found: Iterator[Case],
        describe: Callable[[Case], dict[str, Any]],
        apart: int = 1,
    ) -> tuple[dict[str, Any], ...]:
        cases = list(found)
        self.totals[kind] = len(cases)
        named = itertools.islice(_share_out(cases, apart), CASES_NAMED)
        return tuple(describe(case) for case in named)

    def _list_unknown_tiers(self) -> tuple[dict[str, Any], ...]:
        models = self._values.unknown_tiers
        self.totals["unknown_tiers"] = len(models)
        codes = sorted(models, key=lambda code: (-models[code], code))[:CASES_NAMED]
        nearest = find_nearest(codes, self._rules.tiers_of)
        return tuple(
            {"code": code, "models": models[code], "nearest": alike}
            for code, alike in zip(codes, nearest, strict=True)
        )

    def _list_unheld_codes(self) -> tuple[dict[str, Any], ...]:
        """Return the codes of the tier map that no model holds: perhaps another one was meant."""
        values, rules = self._values, self._rules
        unheld = [
            code
            for code in rules.decisions.tier_map
            if not values.known_codes[code] and code not in rules.tier_ids
        ]
        self.totals["unheld_codes"] = len(unheld)
        held = values.unknown_tiers + values.known_codes
        named = unheld[:CASES_NAMED]
        nearest = find_nearest(named, [code for code, _ in held.most_common()] if named else [])
        return tuple(
            {"code": code, "tiers": list(rules.decisions.tier_map[code]), "nearest": alike}
            for code, alike in zip(named, nearest, strict=True)
        )

    def _find_malformed(self) -> Iterator[tuple[str, str | None, Element]]:
        return (
            (identifier, element.reason, element)
            for _, identifier, reading in self._holders
            for element in reading.elements
            if element.fate == "quarantined" and element.reason not in _LISTED_ELSEWHERE
        )

    def _find_conflicts(self) -> Iterator[tuple[str, str, Any]]:
        return (
            (identifier, tier, offers)
            for _, identifier, reading in self._holders
            for tier, offers in reading.conflicts.items()
        )

    def _find_inexact(self) -> Iterator[tuple[str, str, Any]]:
        return (
            (identifier, code, value)
            for _, identifier, reading in self._holders
            for code, value in reading.inexact
        )

    def undecided(self) -> tuple[str, ...]:
        """Say each kind of case whose decision is `fail`, in one phrase with its figure."""
        decisions, totals = self._rules.decisions, self.totals
        phrases: list[str] = []
        if self.unknown_tiers and decisions.unknown_tiers == "fail":
            phrases.append(f"{totals['unknown_tiers']} unknown tier codes: {self._name_unknown()}")
        if self.double_encoded and decisions.double_encoded == "fail":
            columns = ", ".join(
                f"{d['column']} of {d['models']} models" for d in self.double_encoded
            )
            phrases.append(f"JSON encoded twice: {columns}")
        if self.malformed and decisions.malformed == "fail":
            phrases.append(f"{totals['malformed']} malformed values")
        if self.markup_conflicts and decisions.conflict_policy == "fail":
            phrases.append(f"{totals['markup_conflicts']} markup conflicts")
        if self.inexact_markups and decisions.inexact_policy == "fail":
            phrases.append(f"{totals['inexact_markups']} markups with more than two decimals")
        return tuple(phrases)

    def _name_unknown(self) -> str:
        first = self.unknown_tiers[:NAMED]
        names = ", ".join(f"{quote_code(u['code'])} ({u['models']} models)" for u in first)
        more = self.totals["unknown_tiers"] - len(first)
        return f"{names} and {more:,} more" if more else names

    def quarantine(self) -> pd.DataFrame:
        """Return a row, with the `QUARANTINE_COLUMNS`, for each element that is quarantined."""
        rows = [
            (model_id, identifier, *quarantine_row(element))
            for model_id, identifier, reading in self._holders
            for element in reading.elements
            if element.fate == "quarantined"
        ]
        return pd.DataFrame(rows, columns=list(QUARANTINE_COLUMNS))


def _share_out(cases: Iterable[Case], apart: int) -> Iterator[Case]:
    """Yield the first cases of each model, or of each model and reason where `apart` is 2."""
    counts = Counter[tuple[Any, ...]]()
    for case in cases:
        counts[case[:apart]] += 1
        if counts[case[:apart]] <= NAMED_OF_A_MODEL:
            yield case


def _describe_malformed(case: tuple[str, str | None, Element]) -> dict[str, Any]:
    identifier, _, element = case
    return {
        "model_id": identifier,
        "reason": element.reason,
        "value": show_value(element.value),
        "code": element.code,
        "position": element.position,
    }


def _describe_conflict(case: tuple[str, str, Any]) -> dict[str, Any]:
    identifier, tier, offers = case
    return {
        "model_id": identifier,
        "tier": tier,
        "markups": {code: float(markup) for code, markup in offers},
    }


def _describe_inexact(case: tuple[str, str, Any]) -> dict[str, Any]:
    identifier, code, value = case
    return {"model_id": identifier, "code": code, "value": shorten(format(value, "f"))}
