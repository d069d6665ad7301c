"""The rules of docs/design.md, *How one model is read*, a third time: slow, obvious, and sharing
no code with tierflow.

It reads JSON as text, one character at a time, and never recurses, so nothing is too deep for it.
"""

from __future__ import annotations

import dataclasses
import itertools
import json
import math
import re
from collections import Counter
from collections.abc import Mapping, Sequence
from decimal import Decimal
from fractions import Fraction
from typing import Any


@dataclasses.dataclass(frozen=True)
class World:
    """What a pair is read against: the tiers, the map of other codes, and the two policies."""

    tiers: Sequence[str]
    tier_map: Mapping[str, Sequence[str]]
    conflict: str = "fail"
    inexact: str = "fail"
    double: str = "fail"

    def tiers_of(self, code: str) -> list[str]:
        """Return the tiers that a code grants, none when it is unknown."""
        if code in self.tier_map:
            return list(self.tier_map[code])
        return [code] if code in self.tiers else []


@dataclasses.dataclass
class Judged:
    """One source element: its fate, and for the quarantine the reason and the value's text."""

    position: int
    code: str | None
    fate: str = ""
    reason: str | None = None
    value: str | None = None
    tier_codes: list[str] = dataclasses.field(default_factory=list[str])
    tiers: list[str] = dataclasses.field(default_factory=list[str])
    hundredths: int | None = None
    defaulted: bool = False


@dataclasses.dataclass(frozen=True)
class Answer:
    """What one model's two JSON values come to; markups are in hundredths."""

    elements: list[Judged]
    grants: dict[str, int]

    @property
    def fates(self) -> Counter[str]:
        """Return how many elements met each fate."""
        return Counter(element.fate for element in self.elements)

    @property
    def quarantined(self) -> list[Judged]:
        """Return the elements that are quarantined, each with the value that is stored."""
        return [
            dataclasses.replace(element, value=_stored(element.value or ""))
            for element in self.elements
            if element.fate == "quarantined"
        ]


def consult(access: str | None, markups: str | None, world: World) -> Answer:
    """Return the answer for the two JSON texts of one model."""
    elements: list[Judged] = []
    seen: set[str] = set()
    access = access if access is None or _is_code(access, world) else _decode(access, list, world)
    markups = markups if markups is None else _decode(markups, dict, world)
    for position, text in enumerate(_source_elements(access), start=1):
        elements.append(_judge_alone(position, text, access, markups, seen, world))
        seen.add(elements[-1].code or "")
    grants = {
        tier: hundredths
        for tier in world.tiers
        if (hundredths := _settle_tier(tier, elements, world)) is not None
    }
    return Answer([_judge_among(element, elements, grants) for element in elements], grants)


def _stored(text: str) -> str:
    """Return the text; of what is nested more than 5,000 levels deep only how deep it is."""
    depth = deepest = 0
    for character in re.sub(r'"(\\.|[^"\\])*"', "", text):
        depth += (character in "[{") - (character in "]}")
        deepest = max(deepest, depth)
    return text if deepest <= 5000 else f'"(nested {deepest} levels deep)"'


def _judge_alone(
    position: int,
    text: str,
    access: str | None,
    markups: str | None,
    seen: set[str],
    world: World,
) -> Judged:
    """Judge an element before it is known what the others of its tiers say."""
    if access is not None and _kind(access) not in ("array", "string"):
        return Judged(position, None, "quarantined", "access_not_an_array", text)
    if text is access and not _is_code(text, world) and _holds(text, list) is not None:
        return Judged(position, None, "quarantined", "access_double_encoded", text)
    if _kind(text) != "string":
        return Judged(position, None, "quarantined", "element_not_a_string", text)
    code = json.loads(text)
    if code == "":
        return Judged(position, code, "quarantined", "empty_code", text)
    if code in seen:
        return Judged(position, code, "duplicates")
    tiers = world.tiers_of(code)
    if not tiers:
        return Judged(position, code, "quarantined", "unknown_tier", text)
    return _judge_price(Judged(position, code, tiers=tiers), markups, world)


def _judge_price(element: Judged, markups: str | None, world: World) -> Judged:
    assert element.code is not None
    if markups is not None and _kind(markups) not in ("object", "null"):
        twice = _holds(markups, dict) is not None
        # beside each element of the model: what is long is said by its length
        shown = markups if len(markups) <= 1000 else f'"({len(markups)} characters)"'
        return _refuse(element, f"markups_{'double_encoded' if twice else 'not_an_object'}", shown)
    prices = {} if markups is None or _kind(markups) == "null" else _members(markups)
    if element.code not in prices:
        element.hundredths, element.defaulted = 100, True
        return element
    text = prices[element.code]
    number = _number(text)
    if number is None:
        return _refuse(element, "markup_not_a_number", text)
    if number < 0:
        return _refuse(element, "markup_negative", text)
    if number > Fraction(9999, 100):
        return _refuse(element, "markup_too_high", text)
    if (number * 100).denominator != 1 and world.inexact != "round":
        return _refuse(element, "markup_inexact", text)
    element.hundredths = math.floor(number * 100 + Fraction(1, 2))
    return element


def _refuse(element: Judged, reason: str, value: str) -> Judged:
    element.fate, element.reason, element.value = "quarantined", reason, value
    element.tier_codes = element.tiers
    return element


def _number(text: str) -> Fraction | None:
    if _kind(text) == "string":
        text = json.loads(text)
        if len(text) > 40 or not re.fullmatch(r"-?[0123456789]+(\.[0123456789]+)?", text):
            return None
    elif _kind(text) != "number":
        return None
    return Fraction(Decimal(text))


def _offers(tier: str, elements: list[Judged]) -> list[Judged]:
    return [e for e in elements if e.hundredths is not None and tier in e.tiers]


def _settle_tier(tier: str, elements: list[Judged], world: World) -> int | None:
    markups = [e.hundredths for e in _offers(tier, elements) if e.hundredths is not None]
    if not markups:
        return None
    if min(markups) == max(markups) or world.conflict == "lowest":
        return min(markups)
    return max(markups) if world.conflict == "highest" else None


def _judge_among(element: Judged, elements: list[Judged], grants: dict[str, int]) -> Judged:
    """Settle what is neither duplicate nor quarantined by itself."""
    if element.fate:
        return element
    refused = [tier for tier in element.tiers if tier not in grants]
    if refused:
        offers = {
            str(offer.code): f"{Decimal(offer.hundredths or 0) / 100:.2f}"
            for tier in refused
            for offer in _offers(tier, elements)[:20]
        }
        value = json.dumps(offers, ensure_ascii=False)
        return dataclasses.replace(
            element,
            fate="quarantined",
            reason="markup_conflict",
            value=value,
            tier_codes=refused,
            defaulted=False,
        )
    first = any(_offers(tier, elements)[0].code == element.code for tier in element.tiers)
    return dataclasses.replace(element, fate="migrated" if first else "merged")


def _source_elements(access: str | None) -> list[str]:
    if access is None or _kind(access) == "null":
        return []
    return _items(access) if _kind(access) == "array" else [access]


def _is_code(text: str, world: World) -> bool:
    return _kind(text) == "string" and bool(world.tiers_of(json.loads(text)))


def _decode(text: str, kind: type, world: World) -> str:
    held = _holds(text, kind) if world.double == "parse" else None
    if held is None:
        return text
    if kind is list:
        return "[" + ", ".join(map(_as_stored, _items(held))) + "]"
    members = _members(held).items()
    return "{" + ", ".join(f"{json.dumps(k)}: {_as_stored(v)}" for k, v in members) + "}"


def _as_stored(scalar: str) -> str:
    """Return a scalar as jsonb would print it: characters for escapes, digits for exponents."""
    if _kind(scalar) == "string":
        return json.dumps(json.loads(scalar), ensure_ascii=False)
    if _kind(scalar) != "number":
        return scalar
    text = format(Decimal(scalar), "f")
    return text.removeprefix("-") if not Decimal(scalar) else text


class _Number(str):
    __slots__ = ()


def _holds(text: str, kind: type) -> str | None:
    """Return the JSON text of such a container of scalars that a JSON string holds, if it does."""
    if _kind(text) != "string":
        return None
    inner = json.loads(text)
    try:
        value: Any = json.loads(
            inner,
            parse_int=_Number,
            parse_float=_Number,
            parse_constant=lambda _: [],
            object_pairs_hook=lambda pairs: {"": pairs},
        )
    except (ValueError, RecursionError):
        return None
    if not isinstance(value, kind):
        return None
    members: list[object] = value if kind is list else list(itertools.chain(*value[""]))
    return inner if all(_is_plain(member) for member in members) else None


def _is_plain(member: object) -> bool:
    """Say whether jsonb and numeric can hold it, whatever the rest is: no container, no \\0."""
    if isinstance(member, _Number):
        number, _, exponent = member.lower().lstrip("-").partition("e")
        whole, _, fraction = number.partition(".")
        if not exponent:
            return len(whole) <= 100 and len(fraction) <= 100
        digits = exponent.lstrip("+-")
        is_small = len(digits) <= 3 and int(digits) < 80 and not digits.startswith("00")
        return len(whole) <= 17 and len(fraction) <= 17 and (is_small or digits == "00")
    if isinstance(member, str):
        return not any("\ud800" <= c <= "\udfff" or c == "\0" for c in member)
    return member is None or isinstance(member, bool)


def _kind(text: str) -> str:
    first = text.strip()[0]
    kinds = {"[": "array", "{": "object", '"': "string", "n": "null", "t": "bool", "f": "bool"}
    return kinds.get(first, "number")


def _members(text: str) -> dict[str, str]:
    """Return the members of an object, each value as text; the last of equal keys counts."""
    members: dict[str, str] = {}
    for item in _items(text):
        key, end = json.JSONDecoder().raw_decode(item)
        members[key] = item[end:].strip().removeprefix(":").strip()
    return members


def _items(text: str) -> list[str]:
    """Return the texts between the commas of the outermost container."""
    items, item, depth, in_string, escaped = list[str](), "", 0, False, False
    for character in text.strip()[1:-1]:
        if escaped:
            escaped = False
        elif in_string:
            escaped = character == "\\"
            in_string = character != '"'
        elif character == '"':
            in_string = True
        elif character in "[{":
            depth += 1
        elif character in "]}":
            depth -= 1
        elif character == "," and depth == 0:
            items.append(item.strip())
            item = ""
            continue
        item += character
    return [*items, item.strip()] if item.strip() else items
