"""Each rule of reading a pair, with its expected result written out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any

import pytest

from tierflow.decisions import Decisions
from tierflow.json_text import as_json, parse_json
from tierflow.plan import resolve_rules
from tierflow.read_pair import Element, Reading, Rules, read_pair

TIERS: Sequence[Mapping[str, Any]] = [
    {"id": number, "tier_code": code}
    for number, code in enumerate(("free", "pro", "byok", "managed"), start=1)
]
TIER_MAP = {"trial": ("byok",), "starter": ("byok",), "enterprise": ("managed", "byok")}


def rules(**decisions: Any) -> Rules:
    return resolve_rules(Decisions(tier_map=TIER_MAP, **decisions), TIERS)


def read(access: str | None, markups: str | None = None, **decisions: Any) -> Reading:
    return read_pair(access, markups, rules(**decisions))


def fates(reading: Reading) -> list[str]:
    return [element.reason or element.fate for element in reading.elements]


def only(reading: Reading) -> Element:
    assert len(reading.elements) == 1
    return reading.elements[0]


def price(text: str, **decisions: Any) -> Reading:
    return read('["free"]', f'{{"free": {text}}}', **decisions)


@pytest.mark.parametrize("access", [None, "null", "[]"])
def test_null_and_an_empty_array_mean_no_access(access: str | None) -> None:
    reading = read(access, '{"free": 2}')
    assert reading.elements == ()
    assert reading.grants == {}
    assert reading.unused_markups == 1


def test_a_bare_string_is_one_code() -> None:
    reading = read('"trial"', '{"trial": 1.25}')
    assert reading.elements == (Element(1, "trial", "migrated", tier_codes=("byok",)),)
    assert reading.grants == {"byok": Decimal("1.25")}


@pytest.mark.parametrize("access", ['{"free": true}', "7", "true", "false", "{}"])
def test_another_shape_is_one_element_that_is_quarantined(access: str) -> None:
    assert only(read(access)) == Element(
        1, None, "quarantined", "access_not_an_array", access, tier_codes=()
    )


@pytest.mark.parametrize("element", ["null", "1", "1.50", "true", '["free"]', '{"free": 1}', "[]"])
def test_an_element_that_is_no_string_is_quarantined_and_the_others_are_not(element: str) -> None:
    reading = read(f'[{element}, "free"]')
    assert fates(reading) == ["element_not_a_string", "migrated"]
    assert reading.elements[0].value == element
    assert reading.grants == {"free": Decimal("1.00")}


def test_an_empty_code_is_quarantined_each_time() -> None:
    assert fates(read('["", "", "free"]', '{"": 1}')) == ["empty_code", "empty_code", "migrated"]


def test_a_blank_code_is_a_code_like_any_other() -> None:
    assert fates(read('[" ", " ", "free "]')) == ["unknown_tier", "duplicates", "unknown_tier"]


def test_a_second_occurrence_is_a_duplicate_whatever_became_of_the_first() -> None:
    reading = read('["free", "x", "pro", "free", "x", "pro"]', '{"pro": "bad"}')
    assert fates(reading) == [
        "migrated", "unknown_tier", "markup_not_a_number", "duplicates", "duplicates", "duplicates",
    ]  # fmt: skip


def test_an_unknown_code_is_quarantined_with_itself_as_the_value() -> None:
    assert only(read('["h\\u00e9 \\"q\\""]')) == Element(
        1, 'hé "q"', "quarantined", "unknown_tier", '"hé \\"q\\""'
    )


def test_codes_are_compared_exactly() -> None:
    reading = read('["Free", "FREE", "free\\u200b", "\\ufefffree"]')
    assert fates(reading) == ["unknown_tier"] * 4


def test_a_mapped_code_grants_all_of_its_tiers() -> None:
    reading = read('["enterprise"]', '{"enterprise": 1.05}')
    assert only(reading).tier_codes == ("managed", "byok")
    assert reading.grants == {"managed": Decimal("1.05"), "byok": Decimal("1.05")}


def test_a_later_code_of_the_same_tier_is_merged() -> None:
    reading = read('["starter", "trial", "byok"]', '{"starter": 2, "trial": 2.0, "byok": "2.00"}')
    assert fates(reading) == ["migrated", "merged", "merged"]
    assert reading.grants == {"byok": Decimal("2.00")}


def test_a_code_that_makes_one_new_grant_of_two_is_migrated() -> None:
    assert fates(read('["trial", "enterprise"]')) == ["migrated", "migrated"]
    assert fates(read('["enterprise", "trial"]')) == ["migrated", "merged"]


@pytest.mark.parametrize("markups", [None, "null", "{}", '{"pro": 9}'])
def test_a_missing_markup_is_one_and_is_counted(markups: str | None) -> None:
    reading = read('["free"]', markups)
    assert only(reading).defaulted
    assert reading.grants == {"free": Decimal("1.00")}


def test_a_markup_of_null_is_not_a_missing_one() -> None:
    assert only(price("null")).reason == "markup_not_a_number"


@pytest.mark.parametrize("markups", ["[]", '"1.5"', "1.5", "true", '[{"free": 1}]'])
def test_markups_that_are_no_object_leave_no_price_to_read(markups: str) -> None:
    element = only(read('["enterprise"]', markups))
    assert (element.reason, element.value) == ("markups_not_an_object", markups)
    assert element.tier_codes == ("managed", "byok")


@pytest.mark.parametrize(
    ("text", "markup"),
    [
        ("0", "0.00"), ("-0", "0.00"), ("0.01", "0.01"), ("1", "1.00"), ("1.5", "1.50"),
        ("1.50000", "1.50"), ("99.99", "99.99"), ("1.5" + "0" * 5000, "1.50"),
        ('"1.20"', "1.20"), ('"0"', "0.00"), ('"-0"', "0.00"), ('"007.5"', "7.50"),
        ('"1.' + "0" * 38 + '"', "1.00"),
    ],
)  # fmt: skip
def test_a_plain_number_in_range_is_a_markup(text: str, markup: str) -> None:
    reading = price(text)
    assert reading.grants == {"free": Decimal(markup)}
    assert str(abs(reading.grants["free"])) == markup
    assert only(reading).number_as_string == text.startswith('"')


@pytest.mark.parametrize(
    "text",
    [
        "true", "false", "null", "[1]", '{"a": 1}', '""', '" 1.2"', '"1.2 "', '"1.2\\n"', '"+1"',
        '"1e2"', '"1,2"', '"1."', '".5"', '"NaN"', '"Infinity"', '"-Infinity"', '"0x1"', '"1_0"',
        '"\u0663"', '"\uff11"', '"1\u00b2"', '"--1"',
        '"1.' + "0" * 39 + '"', '"' + "1" * 5000 + '"',
    ],
)  # fmt: skip
def test_anything_else_is_not_a_number(text: str) -> None:
    element = only(price(text))
    assert (element.reason, element.value) == ("markup_not_a_number", text)
    assert element.tier_codes == ("free",)


@pytest.mark.parametrize("text", ["-0.01", "-1", '"-0.001"', "-" + "9" * 5000])
def test_a_negative_markup_is_quarantined(text: str) -> None:
    assert only(price(text, inexact_markup="round")).reason == "markup_negative"


@pytest.mark.parametrize("text", ["99.991", "100", '"100"', "99.99" + "0" * 50 + "1", "9" * 5000])
def test_a_markup_over_99_99_is_quarantined(text: str) -> None:
    assert only(price(text, inexact_markup="round")).reason == "markup_too_high"


def test_an_inexact_markup_is_quarantined_unless_rounding_is_decided() -> None:
    reading = price("1.005")
    assert (only(reading).reason, only(reading).value) == ("markup_inexact", "1.005")
    assert reading.inexact == (("free", Decimal("1.005")),)
    rounded = price("1.005", inexact_markup="round")
    assert rounded.grants == {"free": Decimal("1.01")}
    assert rounded.inexact == (("free", Decimal("1.005")),)


@pytest.mark.parametrize(
    ("text", "markup"),
    [("1.004999999", "1.00"), ("1.015", "1.02"), ("0.005", "0.01"), ("0." + "0" * 400 + "1", "0")],
)
def test_half_a_hundredth_is_rounded_up(text: str, markup: str) -> None:
    assert price(text, inexact_markup="round").grants == {"free": Decimal(markup)}


CONFLICT = '["trial", "free", "starter"]', '{"trial": 1.5, "starter": 1.6}'


@pytest.mark.parametrize("policy", [None, "fail", "quarantine"])
def test_a_conflict_quarantines_every_code_of_the_tier(policy: str | None) -> None:
    reading = read(*CONFLICT, malformed="quarantine", markup_conflict=policy)
    assert fates(reading) == ["markup_conflict", "migrated", "markup_conflict"]
    assert reading.elements[0].value == '{"trial": "1.50", "starter": "1.60"}'
    assert reading.elements[0].tier_codes == ("byok",)
    assert reading.grants == {"free": Decimal("1.00")}
    assert list(reading.conflicts) == ["byok"]


@pytest.mark.parametrize(("policy", "markup"), [("lowest", "1.50"), ("highest", "1.60")])
def test_a_conflict_is_settled_as_decided(policy: str, markup: str) -> None:
    reading = read(*CONFLICT, markup_conflict=policy)
    assert fates(reading) == ["migrated", "migrated", "merged"]
    assert reading.grants == {"byok": Decimal(markup), "free": Decimal("1.00")}
    assert list(reading.conflicts) == ["byok"]


def test_a_default_conflicts_with_a_markup() -> None:
    assert fates(read('["trial", "starter"]', '{"trial": 1.5}')) == ["markup_conflict"] * 2


def test_an_unusable_markup_takes_no_part_in_a_conflict() -> None:
    reading = read('["trial", "starter"]', '{"trial": "x", "starter": 1.5}')
    assert fates(reading) == ["markup_not_a_number", "migrated"]
    assert reading.grants == {"byok": Decimal("1.50")}


def test_an_element_is_quarantined_when_one_of_its_grants_cannot_be_made() -> None:
    reading = read('["enterprise", "trial"]', '{"enterprise": 2, "trial": 3}')
    assert fates(reading) == ["markup_conflict", "markup_conflict"]
    assert reading.elements[0].tier_codes == ("byok",)
    assert reading.grants == {"managed": Decimal("2.00")}


def test_markups_conflict_after_rounding_only() -> None:
    pair = '["trial", "starter"]', '{"trial": 1.501, "starter": 1.5}'
    assert read(*pair, inexact_markup="round").conflicts == {}


def test_both_price_policies_follow_malformed_when_not_given() -> None:
    decisions = Decisions(malformed="quarantine")
    assert (decisions.conflict_policy, decisions.inexact_policy) == ("quarantine", "quarantine")
    assert Decisions(malformed="quarantine", inexact_markup="round").inexact_policy == "round"


def test_markups_without_a_code_are_counted_as_unused() -> None:
    assert read('["free", "x"]', '{"free": 1, "x": 2, "pro": "bad", "": 0}').unused_markups == 2


@pytest.mark.parametrize("levels", [10, 99, 101, 900, 6000, 100_000])
def test_no_nesting_is_too_deep_and_its_text_is_kept(levels: int) -> None:
    deep = "[" * levels + '"]", 1' + "]" * levels
    reading = read(f'["free", {deep}, "pro"]', f'{{"free": {deep}, "pro": 1.5}}')
    assert fates(reading) == ["markup_not_a_number", "element_not_a_string", "migrated"]
    assert [element.value for element in reading.elements[:2]] == [deep, deep]
    assert reading.grants == {"pro": Decimal("1.50")}


@pytest.mark.parametrize(
    "text",
    [
        '{"a": [{"b": "]\\"}{["}], "c": 1.10}', "[[1], [2, []], {}, 3]", '"[[["', "1.50",
        '["\\\\", "\\\\\\"", [["\\\\"]]]',
    ],
)  # fmt: skip
def test_what_is_parsed_in_the_deep_way_reads_the_same(text: str) -> None:
    many = f"[{'[], ' * 101}{text}]"
    assert as_json(parse_json(many)) == many
    assert as_json(parse_json(text)) == text


def test_numbers_are_repeated_exactly() -> None:
    digits = "1" * 5000 + ".10" + "3" * 5000
    assert as_json(parse_json(f"[{digits}, -0, 1.10]")) == f"[{digits}, -0, 1.10]"
