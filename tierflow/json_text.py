"""PostgreSQL's text of a jsonb value, parsed exactly: no depth and no number is too much."""

from __future__ import annotations

import dataclasses
import json
import re
from decimal import Decimal
from typing import Any


@dataclasses.dataclass(frozen=True)
class Nested:
    """An array or object inside the outermost one that is kept as its JSON text, unread."""

    text: str


def parse_json(text: str | None) -> Any:
    """Parse PostgreSQL's text of a jsonb value; numbers become Decimal, exactly.

    What lies inside the outermost container of a value with many of them stays `Nested`: jsonb
    nests some 6,000 levels deep and Python's parser about 1,000, and all that we have to know of
    an inner one is that it is no code and no number.
    """
    if text is None:
        return None
    if text.count("[") + text.count("{") <= _MOST_CONTAINERS:
        return _DECODER.decode(text)
    return _parse_outermost(text)


_MOST_CONTAINERS = 100
_DECODER = json.JSONDecoder(parse_float=Decimal, parse_int=Decimal)
_STRING_OR_BRACKET = re.compile(r'"[^"\\]*(?:\\.[^"\\]*)*"|[\[\]{}]')


def _parse_outermost(text: str) -> Any:
    """Parse with NaN, which jsonb does not have, in the place of each inner container."""
    outer: list[str] = []
    inner: list[str] = []
    depth = start = end = 0
    for token in _STRING_OR_BRACKET.finditer(text):
        if token[0] in ("[", "{"):
            if depth == 1:
                start = token.start()
                outer.append(text[end:start])
            depth += 1
        elif token[0] in ("]", "}"):
            depth -= 1
            if depth == 1:
                end = token.end()
                inner.append(text[start:end])
    texts = iter(inner)
    decoder = json.JSONDecoder(
        parse_float=Decimal, parse_int=Decimal, parse_constant=lambda _: Nested(next(texts))
    )
    return decoder.decode("NaN".join([*outer, text[end:]]))


def count_levels(text: str) -> int:
    """Return how deep the containers of a JSON text are nested, 0 for a scalar."""
    depth = deepest = 0
    for token in _STRING_OR_BRACKET.finditer(text):
        depth += {"[": 1, "{": 1, "]": -1, "}": -1}.get(token[0], 0)
        deepest = max(deepest, depth)
    return deepest


def as_json(value: Any) -> str:
    """Return the JSON text of a parsed value, numbers as exact as they were."""
    if isinstance(value, Nested):
        return value.text
    if isinstance(value, Decimal):
        return format(value, "f")
    if isinstance(value, dict):
        pairs = (f"{as_json(k)}: {as_json(v)}" for k, v in value.items())  # pyright: ignore
        return "{" + ", ".join(pairs) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(as_json(item) for item in value) + "]"  # pyright: ignore
    return json.dumps(value, ensure_ascii=False)
