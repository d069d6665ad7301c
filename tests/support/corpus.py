"""Hostile JSONB, written by hand and made by hypothesis, and the tiers that it is read against."""

from __future__ import annotations

import json
from typing import NamedTuple

from hypothesis import strategies as st

LONG_CODE = "long " * 1000
NFC, NFD = "caf\u00e9", "cafe\u0301"

# tiers with harmless codes, then tiers whose codes mean something to COPY, CSV, JSON or SQL
TIERS = (
    "free", "pro", "byok", "managed", "vip_founder",
    "\\N", "\\.", 'we"ird', "back\\slash", "a,b", "it's", "tab\there", "line\nbreak", NFC,
    "\u202ertl", "NULL", " free ", "%s", ":\"x\"", "{}",
)  # fmt: skip

TIER_MAP = {
    "trial": ("byok",),
    "starter": ("byok",),
    "professional": ("managed",),
    "enterprise": ("managed", "vip_founder"),
    "all": ("free", "pro", "byok"),
    LONG_CODE: ("pro",),
    "\t": ("free",),
    "a=b": ("free",),
    "\u0665": ("managed",),
    '"': ("pro",),
    '["mapped"]': ("pro",),
}


class Case(NamedTuple):
    """A model: its name (its identifier too) and the JSON text of its two columns."""

    name: str
    access: str | None
    markup: str | None = None


def _codes(*codes: str) -> str:
    return json.dumps(codes)


def _twice(text: str) -> str:
    """Return a JSON text encoded once more."""
    return json.dumps(text)


def _price(text: str) -> tuple[str, str]:
    """Return the columns of a model with one code at a markup, given as JSON text."""
    return '["trial"]', f'{{"trial": {text}}}'


CORPUS = (
    # no access
    Case("access is SQL NULL", None),
    Case("access is SQL NULL with markups", None, '{"trial": 2}'),
    Case("access is JSON null", "null", "null"),
    Case("access is an empty array", "[]", "{}"),
    Case("access is an empty array with bad markups", "[]", '"what"'),
    # wrong shapes
    Case("access is an empty object", "{}", "{}"),
    Case("access is an object of codes", '{"trial": true}', '{"trial": 2}'),
    Case("access is zero", "0"),
    Case("access is a number of 400 digits", "9" * 400),
    Case("access is true", "true"),
    Case("access is false", "false", '{"trial": 2}'),
    Case("array in the array", '[["trial"], "starter"]'),
    Case("object in the array", '[{"code": "trial"}, "starter"]'),
    Case("null in the array", '[null, "starter", null]'),
    Case("numbers and bools in the array", '[1, 1.50, -0, true, false, 1e400, "starter"]'),
    Case("empty containers in the array", '[[], {}, "free"]'),
    Case("a code that is a number as text", '["\u0665", "5", 5]'),
    # strings in place of an array
    Case("bare string", '"professional"', '{"professional": 1.25}'),
    Case("bare empty string", '""'),
    Case("bare unknown string", '"nobody"'),
    Case("bare string that looks like JSON", json.dumps('["trial"]')),
    # JSON encoded twice, and what only looks so
    Case(
        "array in a string", _twice('["trial", "free"]'), _twice('{"trial": 1.5, "free": "2.00"}')
    ),
    Case("array in a string, plain markups", _twice('["trial","free"]'), '{"trial": 1.5}'),
    Case("plain array, markups in a string", _codes("trial", "free"), _twice('{"trial":1.5}')),
    Case(
        "array in a string with all that may go wrong",
        _twice('["trial", "nobody", null, 1.50, true, "", "trial", "[]"]'),
        _twice('{"trial": null, "free": -1, "trial": 1.234}'),
    ),
    Case("empty array in a string", _twice("[]"), _twice("{}")),
    Case("empty array in a string with blanks", _twice(" [ ] \n"), _twice("\t{ }")),
    Case("array in a string with blanks", _twice(' [ "trial" ,\r\n"free" ] ')),
    Case(
        "array in a string with escapes",
        _twice('["tr\\u0069al", "caf\\u00e9", "\\ud83d\\ude00", "\\"", "a\\/b", "\\n"]'),
    ),
    Case("array in a string with a lone surrogate", _twice('["trial", "\\ud83d"]')),
    Case("array in a string with a NUL", _twice('["trial", "\\u0000"]')),
    Case("array in a string with a raw line end", _twice('["tri\nal"]')),
    Case("array in a string with a NaN", _twice('["trial", NaN]')),
    Case("array in a string with a comma too many", _twice('["trial",]')),
    Case("array in a string in quotes of another kind", _twice("['trial']")),
    Case("array of arrays in a string", _twice('[["trial"]]')),
    Case("object in a string as access", _twice('{"trial": 1}')),
    Case("array in a string as markups", _codes("trial"), _twice('["trial"]')),
    Case("string in a string", _twice('"trial"')),
    Case("null in a string", _twice("null"), _twice("null")),
    Case("number in a string as access", _twice("5")),
    Case("array encoded three times", _twice(_twice('["trial"]'))),
    Case("array in a string in an array", json.dumps(['["trial"]', "free"])),
    Case("a mapped code that looks like an array", _twice('["mapped"]'), '{"[\\"mapped\\"]": 2}'),
    Case(
        "markups in a string with numbers of all kinds",
        _codes("trial", "free", "pro", "byok"),
        _twice('{"trial": 15e-1, "free": 1e-999, "pro": -0, "byok": 2.50}'),
    ),
    Case(
        "markups in a string with an exponent too long",
        _codes("trial"),
        _twice('{"trial": 1e1000}'),
    ),
    Case(
        "markups in a string with 101 digits",
        _codes("trial"),
        _twice('{"trial": 1.' + "0" * 101 + "}"),
    ),
    Case(
        "markups in a string with an object in it", _codes("trial"), _twice('{"trial": {"a": 1}}')
    ),
    Case("long markups that are no object", _codes("trial", "free"), json.dumps(["x"] * 500)),
    Case("long markups that are text", _codes("trial", "free"), json.dumps("\u00e9" * 999)),
    Case(
        "long markups in a string",
        _codes("trial"),
        _twice(json.dumps({f"k{n}": n for n in range(200)})),
    ),
    # codes
    Case("empty codes", '["", "", "free"]', '{"": 3}'),
    Case("blank codes", '[" ", "free ", " free ", "\\u00a0free", "\\t", "\\n"]'),
    Case("duplicates", _codes("trial", "trial", "free", "trial"), '{"trial": 1.1}'),
    Case("duplicates of an unknown code", _codes("nobody", "nobody", "free")),
    Case("duplicates with an unusable markup", _codes("trial", "trial"), '{"trial": "x"}'),
    Case("letters in another case", _codes("Trial", "TRIAL", "Free", "trial")),
    Case("composed and decomposed letters", json.dumps([NFC, NFD], ensure_ascii=False)),
    Case("right to left", json.dumps(["\u202ertl", "\u0645\u062c\u0627\u0646\u064a", "rtl"])),
    Case("zero width characters", json.dumps(["tr\u200bial", "\ufefftrial", "trial\u200d"])),
    Case("astral characters", json.dumps(["\U0001f600", "\U0001f468\u200d\U0001f469"])),
    Case("control characters", json.dumps(["\x01", "\x1b[31mred", "\x7f", "\x85"])),
    Case("quotes", _codes('we"ird', "it's", "'; DROP TABLE x; --", "$$", '"', '""')),
    Case("backslashes", _codes("back\\slash", "\\", "\\\\", "\\n", "\\x41", "\\u0041")),
    Case("tabs and lines", _codes("tab\there", "line\nbreak", "\r\n", "\r", "\t")),
    Case("codes that end a COPY", _codes("\\.", "\\N", "NULL", "\n\\.\n")),
    Case("codes that break a CSV", _codes("a,b", 'a","b', "a;b", ",,,", '"\n"')),
    Case("codes that look like formats", _codes("%s", "%(x)s", "{}", ':"x"', ":'x'", "$1")),
    Case("codes that look like arrays", _codes("{free}", "{NULL}", '{"a","b"}')),
    Case("a very long known code", _codes(LONG_CODE), json.dumps({LONG_CODE: 1.5})),
    Case("a very long unknown code", _codes("u" * 300_000)),
    Case("a code that is brackets", _codes("[" * 500, "]{" * 500, "trial")),
    Case("a code with an equals sign", _codes("a=b", "a", "b")),
    Case("10,000 duplicates", json.dumps(["trial"] * 10_000)),
    Case("1,000 nulls, then a code", json.dumps([None] * 1000 + ["trial"])),
    Case("10,000 unknown codes", json.dumps([f"u{n % 7}-{n}" for n in range(10_000)])),
    Case("1,000 arrays, then a code", json.dumps([["x"]] * 1000 + ["trial"])),
    Case("array 6,000 deep", "[" * 6000 + "]" * 6000),
    Case(
        "array 6,000 deep beside codes", '["free", ' + "[" * 5999 + '"]["' + "]" * 5999 + ', "pro"]'
    ),
    Case("array 13,000 deep beside a code", '["free", ' + "[" * 13_000 + "]" * 13_000 + "]"),
    Case("object 13,000 deep as access", '{"a": ' * 13_000 + "1" + "}" * 13_000),
    Case("object 3,000 deep as access", '{"a": ' * 3000 + "[]" + "}" * 3000),
    Case("array 500 deep beside codes", '["free", ' + "[" * 500 + "]" * 500 + ', {"a": 1}]'),
    # identifiers of models, each with something for the quarantine
    Case("\\N", _codes("trial", "nobody")),
    Case("\\.", _codes("trial", "nobody")),
    Case("NULL", _codes("trial", "nobody")),
    Case(" ", _codes("trial", "nobody")),
    Case("a\tb\nc\rd", _codes("trial", "nobody")),
    Case('say "hi", it\'s \\ done;', _codes("trial", "nobody")),
    Case("\u202eltr \U0001f600 cafe\u0301", _codes("trial", "nobody")),
    Case("%s {} :\"x\" :'x' $1", _codes("trial", "nobody")),
    Case("<script>alert(1)</script>", _codes("trial", "<b>nobody</b>")),
    # markups: numbers
    Case("markup zero", *_price("0")),
    Case("markup minus zero", *_price("-0")),
    Case("markup minus zero with decimals", *_price("-0.00")),
    Case("markup one cent", *_price("0.01")),
    Case("markup minus one cent", *_price("-0.01")),
    Case("markup 99.99", *_price("99.99")),
    Case("markup 99.990000", *_price("99.990000")),
    Case("markup 99.991", *_price("99.991")),
    Case("markup a hair above 99.99", *_price("99.990000000000000000000000000000000001")),
    Case("markup 100", *_price("100")),
    Case("markup 1e1", *_price("1e1")),
    Case("markup 150e-2", *_price("150e-2")),
    Case("markup 1E+1", *_price("1E+1")),
    Case("markup 1e400", *_price("1e400")),
    Case("markup 1e-400", *_price("1e-400")),
    Case("markup -1e-400", *_price("-1e-400")),
    Case("markup 1.005", *_price("1.005")),
    Case("markup 1.004999", *_price("1.0049999999999999999999999999999999")),
    Case("markup with 5,000 decimals, exact", *_price("1.5" + "0" * 5000)),
    Case("markup with 5,000 decimals, inexact", *_price("1." + "3" * 5000)),
    Case("markup of 4,301 digits", *_price("1" + "0" * 4300)),
    Case("markup of 100,000 digits", *_price("8" * 100_000)),
    # markups: strings
    Case("markup as text", *_price('"1.20"')),
    Case("markup as text, minus zero", *_price('"-0"')),
    Case("markup as text, negative", *_price('"-1.5"')),
    Case("markup as text, leading zeros", *_price('"0001.5"')),
    Case("markup as text, inexact", *_price('"1.205"')),
    Case("markup as text, blank before", *_price('" 1.2"')),
    Case("markup as text, line after", *_price('"1.2\\n"')),
    Case("markup as text, plus", *_price('"+1"')),
    Case("markup as text, exponent", *_price('"1e2"')),
    Case("markup as text, comma", *_price('"1,2"')),
    Case("markup as text, Arabic digit", *_price('"\u0663"')),
    Case("markup as text, full width digit", *_price('"\uff11"')),
    Case("markup as text, superscript", *_price('"1\u00b2"')),
    Case("markup as text, no digit after the point", *_price('"1."')),
    Case("markup as text, no digit before the point", *_price('".5"')),
    Case("markup as text, percent", *_price('"120%"')),
    Case("markup as text, underscore", *_price('"1_0"')),
    Case("markup as text, hexadecimal", *_price('"0x1"')),
    Case("markup as text, empty", *_price('""')),
    Case("markup as text, NaN", *_price('"NaN"')),
    Case("markup as text, Infinity", *_price('"Infinity"')),
    Case("markup as text, 40 characters", *_price('"1.' + "0" * 38 + '"')),
    Case("markup as text, 41 characters", *_price('"1.' + "0" * 39 + '"')),
    Case("markup as text, 200,000 digits", *_price('"' + "1" * 200_000 + '"')),
    # markups: other values
    Case("markup null", *_price("null")),
    Case("markup true", *_price("true")),
    Case("markup false", *_price("false")),
    Case("markup array", *_price("[1.5]")),
    Case("markup object", *_price('{"value": 1.5}')),
    Case("markup array 6,000 deep", *_price("[" * 5998 + "]" * 5998)),
    # markups: shapes
    Case("markups array", '["trial", "free"]', '[{"trial": 1.5}]'),
    Case("markups empty array", '["trial"]', "[]"),
    Case("markups string", '["trial"]', '"1.5"'),
    Case("markups number", '["trial"]', "1.5"),
    Case("markups true", '["trial"]', "true"),
    Case("markups JSON null", '["trial"]', "null"),
    Case("markups as JSON in a string", '["trial"]', json.dumps('{"trial": 1.5}')),
    Case("markups of other codes", '["trial"]', '{"starter": "x", "byok": 9, "Trial": 7, "": 1}'),
    Case("markup of the tier, not of the code", '["trial"]', '{"byok": 5}'),
    Case("keys with quotes", _codes('we"ird', "it's"), json.dumps({'we"ird': 2, "it's": "3.10"})),
    Case("keys that end a COPY", _codes("\\.", "\\N"), json.dumps({"\\.": 1.25, "\\N": 2.5})),
    Case("an empty key", '["free", ""]', '{"": 1}'),
    Case("a composed key for a decomposed code", json.dumps([NFD]), json.dumps({NFC: 2})),
    Case("the same key twice", '["trial"]', '{"trial": "x", "trial": 1.5}'),
    Case("10,000 markups", '["trial"]', json.dumps({f"k{n}": n for n in range(10_000)})),
    # several codes, one tier
    Case(
        "two codes at one markup", _codes("trial", "starter"), '{"trial": 1.5, "starter": "1.50"}'
    ),
    Case("two codes in conflict", _codes("trial", "starter"), '{"trial": 1.5, "starter": 1.6}'),
    Case("a default in conflict", _codes("starter", "trial"), '{"trial": 1.5}'),
    Case("three codes in conflict", _codes("trial", "starter", "byok"), '{"trial": 3, "byok": 2}'),
    Case(
        "in conflict only before rounding",
        _codes("trial", "starter"),
        '{"trial": 1.501, "starter": 1.5}',
    ),
    Case(
        "in conflict only without the bad one",
        _codes("trial", "starter"),
        '{"trial": "x", "starter": 1.5}',
    ),
    Case(
        "conflict on one tier of two",
        _codes("enterprise", "professional"),
        '{"enterprise": 2, "professional": 3}',
    ),
    Case("one code, two tiers", _codes("enterprise"), '{"enterprise": 1.05}'),
    Case("one code, two tiers, bad markup", _codes("enterprise", "managed"), '{"enterprise": -1}'),
    Case("merged in part only", _codes("professional", "enterprise"), '{"enterprise": 1.0}'),
    Case("merged wholly", _codes("all", "free", "byok", "pro", "trial")),
    Case(
        "conflicts on three tiers",
        _codes("all", "free", "pro", "byok"),
        '{"free": 2, "pro": 3, "byok": 4}',
    ),
    Case(
        "everything at once",
        '["trial", "trial", "", null, "nobody", ["x"], "starter", "free", "pro"]',
        '{"trial": 1.5, "starter": 1.6, "free": 1.234, "pro": -1, "unused": 1}',
    ),
)


def plain_text(max_size: int = 12) -> st.SearchStrategy[str]:
    """Return any text that jsonb can hold."""
    characters = st.characters(exclude_categories=["Cs"], exclude_characters="\0")
    return st.text(characters, max_size=max_size)


def _dump(value: object) -> str:
    return json.dumps(value, ensure_ascii=False)


_KNOWN = ("trial", "starter", "professional", "enterprise", "all", "free", "pro", "byok", "\\N", "")
_NUMBERS = ("0", "-0", "1", "1.0", "1.50", "1.5", "2.25", "1.234", "1.005", "-0.01", "99.99",
            "99.991", "100", "1e2", "15e-1", "1e400", "1e-400")  # fmt: skip
_TEXTS = ("1.50", "1.5", "1", "-0", "1.234", "-1", "100", " 1", "+1", "1e1", "1,2", "NaN", "\u0663")

_codes_text = st.sampled_from(_KNOWN).map(_dump)
_numbers_text = st.sampled_from(_NUMBERS) | st.integers(-500, 15000).map(lambda n: f"{n / 100:.2f}")
_scalars_text = (
    st.sampled_from(["null", "true", "false"])
    | _numbers_text
    | plain_text().map(_dump)
    | _codes_text
)


def _arrays(items: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    return st.lists(items, max_size=6).map(lambda texts: f"[{', '.join(texts)}]")


def _objects(
    keys: st.SearchStrategy[str], values: st.SearchStrategy[str]
) -> st.SearchStrategy[str]:
    members = st.dictionaries(keys, values, max_size=6)
    return members.map(lambda d: "{" + ", ".join(f"{k}: {v}" for k, v in d.items()) + "}")


json_texts = st.recursive(
    _scalars_text,
    lambda inner: _arrays(inner) | _objects(plain_text().map(_dump), inner),
    max_leaves=8,
)


def _encoded(texts: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    """Return JSON texts encoded twice; now and then once more."""
    return texts.map(_twice) | texts.map(_dump) | texts.map(_twice).map(_twice)


_prices_text = _numbers_text | st.sampled_from(_TEXTS).map(_dump) | json_texts
access_texts = st.one_of(
    _arrays(_codes_text),
    _arrays(_codes_text | json_texts),
    _encoded(_arrays(_codes_text | _scalars_text)),
    _codes_text,
    json_texts,
    st.none(),
)
markup_texts = st.one_of(
    _objects(_codes_text, _numbers_text),
    _objects(_codes_text, _prices_text),
    _encoded(_objects(_codes_text, _scalars_text)),
    json_texts,
    st.none(),
)
MAPPED_TIERS = ("free", "pro", "byok", "managed", "\\N")
tier_maps = st.dictionaries(
    st.sampled_from(["trial", "starter", "professional", "enterprise", "all"]),
    st.lists(st.sampled_from(MAPPED_TIERS), min_size=1, max_size=3, unique=True).map(tuple),
)
