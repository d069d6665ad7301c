"""Whole databases made by hypothesis: arbitrary JSON in both columns, tiers, maps and decisions."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Mapping, Sequence

from hypothesis import strategies as st

from support.corpus import NFC, NFD, TIERS, plain_text
from support.oracle import World

LONG = "ten thousand characters " * 417
NUMBERS = (
    "0", "-0", "-0.00", "1", "1.0", "1.5", "1.50", "2.25", "99.99", "99.990", "99.991", "100", "-1",
    "1.005", "1.234", "0.004999999999999999999999999999", "1e1", "15e-1", "1E+1", "150E-2", "1e400",
    "-1e400", "1e-400", "1e-16000", "1e131000", "9" * 400, "0." + "0" * 400 + "1",
)  # fmt: skip
# numbers as strings, and what is none
TEXTS = (
    "1.50", "1.5", "1", "-0", "-1", "100", "1.234", "007", "1" * 41, "0" * 39 + "1", " 1", "1 ",
    "+1", "1e1", "1,5", ".5", "5.", "", "NaN", "Infinity", "-Infinity", "\u0661", "\uff11", "1\n",
    "1\u200b", "\u202e1", "0x1", "1_0", "null", "true",
)  # fmt: skip
CODES = (
    "trial", "starter", "Free", "FREE", "free ", "\u00a0free", "\\.", "\\N", "\\\\N", "NULL",
    "\n\\.\n", "a\tb", "a\r\nb", 'say "x"', "it's", "\\", "\\u0041", NFC, NFD, "\u212b", "\u00c5",
    "A\u030a", "\u202eeerf", "\u200bfree", "fr\u200dee", "\ufefffree", "\U0001f600",
    "\U0001f468\u200d\U0001f469", "\x01", "\x7f", "\x85", "\u2028", "{}", "[]", "{free}", "a,b",
    "%s", "$1", ":\"x\"", "--", "' OR 1=1 --", "", LONG,
)  # fmt: skip
# no JSON that PostgreSQL takes: it refuses them, and nothing of ours ever sees them
REFUSED = (
    '"\\u0000"', '["a\\u0000b"]', '"\\ud800"', '["\\udc00\\ud800"]', "NaN", "[Infinity]", "[1,]",
    "{1: 2}", "'free'", "[", '{"a" 1}', "1e131073", "", "  ", '"\\x"', "[01]", "+1", ".5", "tru",
    "\ufeff[]",
)  # fmt: skip


@dataclasses.dataclass(frozen=True)
class Whole:
    """One database: its models as (name, access, markups), and the world they are read in."""

    world: World
    models: Sequence[tuple[str, str | None, str | None]]


def as_text(value: object) -> str:
    return json.dumps(value, ensure_ascii=False)


def _deep(depth: int, inside: str, *, objects: bool) -> str:
    opening, closing = ('{"a":', "}") if objects else ("[", "]")
    return opening * depth + inside + closing * depth


def _json(codes: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    scalars = (
        codes.map(as_text)
        | st.sampled_from(NUMBERS)
        | st.sampled_from(TEXTS).map(as_text)
        | plain_text().map(as_text)
        | st.sampled_from(("null", "true", "false"))
        | st.integers(-500, 15000).map(lambda n: f"{n / 100:.2f}")
    )
    deep = st.builds(_deep, st.integers(1, 700), scalars, objects=st.booleans())
    return st.recursive(
        scalars | deep, lambda inner: _array(inner) | _object(codes, inner), max_leaves=8
    )


def _array(items: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    return st.lists(items, max_size=8).map(lambda texts: f"[{', '.join(texts)}]")


def _object(keys: st.SearchStrategy[str], values: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    # a list of pairs: a key may come twice
    members = st.lists(st.tuples(keys.map(as_text), values), max_size=6)
    return members.map(lambda pairs: "{" + ", ".join(f"{k}: {v}" for k, v in pairs) + "}")


def _long_array(codes: Sequence[str], length: int) -> str:
    return as_text([f"{codes[n % len(codes)]}{n // (3 * len(codes)) or ''}" for n in range(length)])


@st.composite
def wholes(draw: st.DrawFn, *, most: int = 30) -> Whole:
    """Return any database; codes are drawn so that many of them are tiers or mapped."""
    tiers = draw(
        st.lists(
            st.sampled_from(TIERS) | plain_text().filter(bool), min_size=1, max_size=6, unique=True
        )
    )
    sources = st.sampled_from(CODES) | plain_text()
    mapped = draw(
        st.dictionaries(
            sources.filter(lambda code: bool(code) and code not in tiers),
            st.lists(st.sampled_from(tiers), min_size=1, max_size=3, unique=True),
            max_size=6,
        )
    )
    codes = st.sampled_from([*tiers, *mapped]) | sources
    prices = (
        st.sampled_from(NUMBERS)
        | st.sampled_from(TEXTS).map(as_text)
        | st.integers(-50, 15000).map(lambda n: f"{n / 100:.2f}")
        | _json(codes)
    )
    long = st.builds(_long_array, st.just([*tiers, *mapped, "x"]), st.sampled_from((1000, 10_000)))
    access = st.one_of(
        _array(codes.map(as_text)),
        _array(codes.map(as_text)),
        _array(codes.map(as_text) | _json(codes)),
        _array(codes.map(as_text)).map(as_text),
        _json(codes),
        st.none(),
        st.sampled_from(REFUSED),
        long if draw(st.integers(0, 9)) == 0 else st.none(),
    )
    markups = st.one_of(
        _object(codes, prices),
        _object(codes, prices),
        _object(codes, prices).map(as_text),
        _json(codes),
        st.none(),
        st.sampled_from(REFUSED),
    )
    models = draw(st.dictionaries(plain_text().filter(bool), st.tuples(access, markups),
                                  min_size=6, max_size=most))  # fmt: skip
    world = World(
        tiers=tiers,
        tier_map=mapped,
        conflict=draw(st.sampled_from(("quarantine", "lowest", "highest"))),
        inexact=draw(st.sampled_from(("quarantine", "round"))),
        double=draw(st.sampled_from(("quarantine", "parse"))),
    )
    return Whole(world, [(name, *pair) for name, pair in models.items()])


def as_toml(world: World) -> str:
    """Return a tierflow.toml with the world's decisions; every character of a code is escaped."""
    lines = [
        'unknown_tiers = "quarantine"',
        'malformed = "quarantine"',
        f'double_encoded = "{world.double}"',
        f'markup_conflict = "{world.conflict}"',
        f'inexact_markup = "{world.inexact}"',
        "min_coverage = 0",
        "[tier_map]",
    ]
    lines += [
        f"{_toml_text(code)} = [{', '.join(map(_toml_text, tiers))}]"
        for code, tiers in world.tier_map.items()
    ]
    return "\n".join(lines)


def _toml_text(text: str) -> str:
    return '"' + "".join(f"\\U{ord(character):08x}" for character in text) + '"'


def as_variables(world: World) -> Mapping[str, str]:
    """Return the same decisions as the variables of the standalone script."""
    return {
        "tier_map": json.dumps(world.tier_map),
        "unknown_tiers": "quarantine",
        "malformed": "quarantine",
        "double_encoded": world.double,
        "markup_conflict": world.conflict,
        "inexact_markup": world.inexact,
        "min_coverage": "0",
    }
