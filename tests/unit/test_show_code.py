"""A code is shown so that no two of them look alike, and the nearest ones are found."""

from __future__ import annotations

import json
import time

import pytest
from hypothesis import example, given
from support.corpus import NFC, NFD, plain_text

from tierflow.nearest_codes import find_nearest
from tierflow.show_code import NAMED, name_codes, quote_code, show_code, show_invisible


@pytest.mark.parametrize(
    ("code", "shown"),
    [
        ("team", "team"),
        (" Team", "␣Team"),
        ("team  plan ", "team␣␣plan␣"),
        ("", "(empty)"),
        ("\t", "\\u0009"),
        ("a\nb\r", "a\\u000ab\\u000d"),
        ("\u00a0free", "\\u00a0free"),
        ("fr\u200dee\u200b", "fr\\u200dee\\u200b"),
        ("\ufefffree", "\\ufefffree"),
        ("\u202eeerf", "\\u202eeerf"),
        ("free\u3164\ufe0f\u2800", "free\\u3164\\ufe0f\\u2800"),
        ("\U000e0101x", "\\U000e0101x"),
        (NFC, NFC),
        (NFD, "cafe\\u0301"),
        ("\u212b", "\u212b"),
        ("\u0645\u062c\u0627\u0646\u064a", "\u0645\u062c\u0627\u0646\u064a"),
        ("\U0001f600", "\U0001f600"),
        ("␣", "\\u2423"),
        ("\\u00a0", "\\\\u00a0"),
        ("\\N", "\\N"),
    ],
)
def test_what_cannot_be_seen_is_made_visible(code: str, shown: str) -> None:
    assert show_code(code) == shown
    assert quote_code(code) == f"'{shown}'"


def test_a_long_code_is_cut_and_says_how_long_it_is() -> None:
    assert show_code("x" * 5000) == "x" * 80 + "… (5,000 characters)"


@given(plain_text(), plain_text())
@example(" a", "a ")
@example(NFC, NFD)
@example("\\u00a0", "\u00a0")
@example("(empty)", "")
def test_two_codes_never_look_alike(left: str, right: str) -> None:
    shown = show_code(left)
    assert " " not in shown
    assert shown.isprintable()
    if left != right and "" not in (left, right):
        assert shown != show_code(right)


@given(plain_text())
def test_a_json_text_with_its_invisible_characters_escaped_says_the_same(text: str) -> None:
    shown = show_invisible(json.dumps({text: [text]}, indent=2, ensure_ascii=False))
    assert json.loads(shown) == {text: [text]}
    assert shown.replace("\n", "").isprintable()


def test_of_many_codes_the_first_are_named() -> None:
    assert name_codes(["a", " b"]) == "'a', '␣b'"
    assert name_codes([str(n) for n in range(NAMED + 1500)]).endswith("'19' and 1,500 more")


def test_the_nearest_code_is_the_one_that_looks_most_like_it() -> None:
    known = ["free", "team", " Team", "steam"]
    assert next(find_nearest(["Team"], known))[0] == " Team"
    assert list(find_nearest(["Team"], [])) == [[]]


def test_among_many_codes_one_that_differs_in_spaces_is_found_and_it_takes_no_time() -> None:
    known = [f"u{n}" for n in range(200_000)]
    known[150_000] = "\u200bTEAM "
    started = time.perf_counter()
    found = list(find_nearest(["Team", *known[:1000]], known))
    assert len(found) == 1001
    assert found[0][0] == "\u200bTEAM "
    assert time.perf_counter() - started < 10
