"""JSON that was encoded twice: a JSON string that holds the text of an array or an object.

Recognised is what an encoder writes for codes and markups, and no more: an array, or an object, of
strings, numbers, true, false and null. A string in an array, a string that holds a number, and
what was encoded three times stay what they are. `sql/schema/create_held_json_function.sql` has the
same two patterns: PostgreSQL could not be asked whether it takes a text as JSON before version 16.
"""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Container
from decimal import Decimal
from typing import Any

from tierflow.json_text import parse_json

# no lone surrogate and no \u0000, which jsonb refuses; no number that numeric could not hold
_HEX = "[0-9a-fA-F]"
_UNICODE = (
    rf"\\u(?:[1-9a-cefA-CEF]{_HEX}{{3}}|0[1-9a-fA-F]{_HEX}{{2}}|00[1-9a-fA-F]{_HEX}|000[1-9a-fA-F]"
    rf"|[dD][0-7]{_HEX}{{2}}|[dD][89abAB]{_HEX}{{2}}\\u[dD][c-fC-F]{_HEX}{{2}})"
)
_STRING = rf'"(?:[^"\\\x01-\x1f]|\\["\\/bfnrt]|{_UNICODE})*+"'
# jsonb writes an exponent out: what is written back has to be recognised again
_NUMBER = (
    r"-?(?:(?:0|[1-9][0-9]{0,16})(?:\.[0-9]{1,17})?[eE][+-]?0?[1-7]?[0-9]"
    r"|(?:0|[1-9][0-9]{0,99})(?:\.[0-9]{1,100})?)"
)
_BLANK = r"[ \t\n\r]*+"
_VALUE = rf"{_BLANK}(?:{_STRING}|{_NUMBER}|true|false|null){_BLANK}"
_MEMBER = rf"{_BLANK}{_STRING}{_BLANK}:{_VALUE}"
_ARRAY = re.compile(rf"{_BLANK}\[(?:{_BLANK}|{_VALUE}(?:,{_VALUE})*+)\]{_BLANK}")
_OBJECT = re.compile(rf"{_BLANK}\{{(?:{_BLANK}|{_MEMBER}(?:,{_MEMBER})*+)\}}{_BLANK}")


@dataclasses.dataclass(frozen=True, slots=True)
class Unreadable:
    """A `tier_access` that is neither an array nor a code, and why it cannot be read."""

    value: Any
    reason: str


@dataclasses.dataclass(frozen=True, slots=True)
class Values:
    """The two values of a model as they are read, and which of them were encoded twice.

    `access` is a list, or Unreadable. What was encoded twice is decoded where it is to be parsed.
    """

    access: list[Any] | Unreadable
    markups: Any
    markups_text: str | None = None
    access_encoded: bool = False
    markups_encoded: bool = False

    @property
    def are_writable(self) -> bool:
        """Whether a later grant has a place in them."""
        return isinstance(self.access, list) and isinstance(self.markups, dict | None)

    def list_encoded(self) -> tuple[str, ...]:
        """Return the columns that hold JSON encoded twice."""
        if not (self.access_encoded or self.markups_encoded):
            return ()
        columns = (("tier_access", self.access_encoded), ("tier_markup", self.markups_encoded))
        return tuple(column for column, is_encoded in columns if is_encoded)


def read_values(
    access: str | None, markups: str | None, codes: Container[str], *, parse: bool
) -> Values:
    """Parse two JSON texts (None is SQL NULL). `codes` are accepted as they stand."""
    items, held = _read_access(parse_json(access), codes, parse=parse)
    prices = parse_json(markups)
    encoded = isinstance(prices, str) and bool(_OBJECT.fullmatch(prices))
    if encoded and parse:
        prices = {key: _as_stored(value) for key, value in parse_json(prices).items()}
    return Values(items, prices, markups, held, encoded)


def _read_access(
    access: Any, codes: Container[str], *, parse: bool
) -> tuple[list[Any] | Unreadable, bool]:
    """Return what is read of it, and whether it is a string that holds an array."""
    if isinstance(access, list):
        return access, False  # pyright: ignore[reportUnknownVariableType]
    if access is None:
        return [], False
    if not isinstance(access, str):
        return Unreadable(access, "access_not_an_array"), False
    if access in codes or not _ARRAY.fullmatch(access):
        return [access], False
    if not parse:
        return Unreadable(access, "access_double_encoded"), True
    return [_as_stored(value) for value in parse_json(access)], True


def _as_stored(value: Any) -> Any:
    """Return a scalar as jsonb would hold it, which has no -0."""
    return abs(value) if isinstance(value, Decimal) and not value else value
