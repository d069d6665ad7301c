"""Read one model's two JSON values: its grants, and what becomes of each source element.

The rules are those of docs/design.md, *How one model is read*;
`sql/schema/create_implied_grants_function.sql` states them a second time in SQL, and the parity
proof of every run compares the two.
"""

from __future__ import annotations

import dataclasses
import decimal
import re
from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from tierflow.decisions import Decisions
from tierflow.json_text import as_json, parse_json

HIGHEST_MARKUP = Decimal("99.99")
_MISSING_MARKUP = Decimal("1.00")
_HUNDREDTH = Decimal("0.01")
_PLAIN_NUMBER = re.compile(r"-?[0-9]+(\.[0-9]+)?")
_LONGEST_PLAIN_NUMBER = 40
_MISSING = object()


@dataclasses.dataclass(frozen=True)
class Rules:
    """What is needed to read one database: its tiers, and the decisions.

    `tiers_of` maps every code that is accepted to the tiers that it grants, in order.
    """

    decisions: Decisions
    tier_ids: Mapping[str, int]
    tiers_of: Mapping[str, tuple[str, ...]]


@dataclasses.dataclass(frozen=True, slots=True)
class Element:
    """One source element and what becomes of it."""

    position: int
    code: str | None
    fate: str
    reason: str | None = None
    value: str | None = None
    tier_codes: tuple[str, ...] = ()
    defaulted: bool = False
    number_as_string: bool = False


@dataclasses.dataclass(frozen=True, slots=True)
class Reading:
    """All that one pair of values says: its elements, and the markup of each tier granted."""

    elements: tuple[Element, ...]
    grants: Mapping[str, Decimal]
    conflicts: Mapping[str, tuple[tuple[str, Decimal], ...]]
    inexact: tuple[tuple[str, Decimal], ...]
    unused_markups: int

    def count(self, fate: str) -> int:
        """Return how many elements met this fate."""
        return sum(element.fate == fate for element in self.elements)


def read_pair(access: str | None, markups: str | None, rules: Rules) -> Reading:
    """Read one model's two JSON texts (None is SQL NULL). Never raises for their content."""
    prices = MarkupReader(parse_json(markups), rules.decisions)
    reader = _PairReader(rules, prices)
    for position, value in enumerate(_list_elements(parse_json(access)), start=1):
        reader.add(position, value)
    return reader.finish()


def _list_elements(access: Any) -> list[Any]:
    """SQL NULL, JSON null and [] mean no access; a bare string is one code."""
    if access is None:
        return []
    if isinstance(access, list):
        return access  # pyright: ignore[reportUnknownVariableType]
    if isinstance(access, str):
        return [access]
    return [_NotAnArray(access)]


@dataclasses.dataclass(frozen=True)
class _NotAnArray:
    value: Any


@dataclasses.dataclass(frozen=True)
class Price:
    """A markup as read: `number` where it may be billed, else the reason why not."""

    number: Decimal | None = None
    reason: str | None = None
    value: str | None = None
    defaulted: bool = False
    was_string: bool = False
    inexact: Decimal | None = None


class MarkupReader:
    """Reads single markups of one parsed `tier_markup`."""

    def __init__(self, markups: Any, decisions: Decisions) -> None:
        self.markups = markups
        self.decisions = decisions

    def read(self, code: str) -> Price:
        """Return the price of a code, 1.00 where it has none of its own."""
        if self.markups is None:
            return Price(_MISSING_MARKUP, defaulted=True)
        if not isinstance(self.markups, dict):
            return Price(reason="markups_not_an_object", value=as_json(self.markups))
        raw = self.markups.get(code, _MISSING)  # pyright: ignore[reportUnknownVariableType]
        if raw is _MISSING:
            return Price(_MISSING_MARKUP, defaulted=True)
        return self._read_value(raw)

    def _read_value(self, raw: Any) -> Price:
        value, number = as_json(raw), raw
        was_string = isinstance(raw, str)
        if was_string:
            plain = len(raw) <= _LONGEST_PLAIN_NUMBER and _PLAIN_NUMBER.fullmatch(raw)
            number = Decimal(raw) if plain else None
        if not isinstance(number, Decimal):
            return Price(reason="markup_not_a_number", value=value)
        if number < 0:
            return Price(reason="markup_negative", value=value)
        if number > HIGHEST_MARKUP:
            return Price(reason="markup_too_high", value=value)
        # abs: "-0" is the number 0, as PostgreSQL's numeric has it
        rounded = abs(number.quantize(_HUNDREDTH, rounding=decimal.ROUND_HALF_UP))
        if rounded == number:
            return Price(rounded, was_string=was_string)
        if self.decisions.inexact_policy == "round":
            return Price(rounded, was_string=was_string, inexact=number)
        return Price(reason="markup_inexact", value=value, inexact=number)

    def count_unused(self, codes: set[str]) -> int:
        """Return how many markups belong to none of these codes."""
        return len(self.markups.keys() - codes) if isinstance(self.markups, dict) else 0  # pyright: ignore


class _PairReader:
    """Collects the elements of one pair, in order, then settles which of them make grants."""

    def __init__(self, rules: Rules, prices: MarkupReader) -> None:
        self.rules = rules
        self.prices = prices
        self.elements: list[Element] = []
        self.seen: set[str] = set()
        self.inexact: list[tuple[str, Decimal]] = []
        # the priced codes of each tier, in order of appearance
        self.offers: dict[str, list[tuple[str, Decimal]]] = {}

    def add(self, position: int, value: Any) -> None:
        self.elements.append(self._read_element(position, value))

    def _read_element(self, position: int, value: Any) -> Element:
        if isinstance(value, _NotAnArray):
            return _quarantined(position, None, "access_not_an_array", as_json(value.value))
        if not isinstance(value, str):
            return _quarantined(position, None, "element_not_a_string", as_json(value))
        if not value:
            return _quarantined(position, value, "empty_code", as_json(value))
        if value in self.seen:
            return Element(position, value, "duplicates")
        self.seen.add(value)
        tiers = self.rules.tiers_of.get(value)
        if tiers is None:
            return _quarantined(position, value, "unknown_tier", as_json(value))
        return self._read_priced(position, value, tiers)

    def _read_priced(self, position: int, code: str, tiers: tuple[str, ...]) -> Element:
        price = self.prices.read(code)
        if price.inexact is not None:
            self.inexact.append((code, price.inexact))
        if price.number is None:
            return _quarantined(position, code, price.reason or "", price.value, tiers)
        for tier in tiers:
            self.offers.setdefault(tier, []).append((code, price.number))
        return Element(
            position,
            code,
            "migrated",
            tier_codes=tiers,
            defaulted=price.defaulted,
            number_as_string=price.was_string,
        )

    def finish(self) -> Reading:
        conflicts = {
            tier: tuple(offers)
            for tier, offers in self.offers.items()
            # not a set: hashing a Decimal takes 3 microseconds
            if any(markup != offers[0][1] for _, markup in offers)
        }
        policy = self.rules.decisions.conflict_policy
        grants: dict[str, Decimal] = {}
        for tier, offers in self.offers.items():
            markups = [markup for _, markup in offers]
            if tier not in conflicts or policy in ("lowest", "highest"):
                grants[tier] = max(markups) if policy == "highest" else min(markups)
        return Reading(
            elements=tuple(self._settle(element, grants) for element in self.elements),
            grants=grants,
            conflicts=conflicts,
            inexact=tuple(self.inexact),
            unused_markups=self.prices.count_unused(self.seen),
        )

    def _settle(self, element: Element, grants: Mapping[str, Decimal]) -> Element:
        """A grant belongs to the first code that makes it; a later code is merged into it."""
        if element.fate != "migrated":
            return element
        refused = tuple(tier for tier in element.tier_codes if tier not in grants)
        if refused:
            offers = {code: str(n) for tier in refused for code, n in self.offers[tier]}
            return _quarantined(
                element.position, element.code, "markup_conflict", as_json(offers), refused
            )
        makes_one = any(self.offers[tier][0][0] == element.code for tier in element.tier_codes)
        return element if makes_one else dataclasses.replace(element, fate="merged")


def _quarantined(
    position: int, code: str | None, reason: str, value: str | None, tiers: tuple[str, ...] = ()
) -> Element:
    return Element(position, code, "quarantined", reason, value, tiers)
