"""Changed grants written back into the JSONB: exactly those, and nothing else of it."""

from __future__ import annotations

import json
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from support.corpus import MAPPED_TIERS, access_texts, markup_texts, tier_maps

from tierflow.decisions import Decisions
from tierflow.errors import ConfigurationError
from tierflow.plan import resolve_rules
from tierflow.read_pair import Rules, read_pair
from tierflow.rewrite_pair import rewrite_pair
from tierflow.write_codes import list_write_codes

TIER_MAP = {
    "trial": ("byok",),
    "starter": ("byok",),
    "enterprise": ("managed", "pro"),
    "all": ("free", "pro"),
}
Pair = tuple[str | None, str | None]
TWICE = json.dumps('["free", "nobody"]')


def make_rules(tier_map: dict[str, tuple[str, ...]], **decisions: Any) -> Rules:
    tiers = [{"id": n, "tier_code": code} for n, code in enumerate(MAPPED_TIERS, start=1)]
    return resolve_rules(Decisions(tier_map=tier_map, malformed="quarantine", **decisions), tiers)


def rewrite(
    access: str | None, markups: str | None, /, _rules: Rules | None = None, **changes: str | None
) -> Pair:
    rules = _rules or make_rules(TIER_MAP, write_codes={"byok": "trial"})
    exact = {tier: None if to is None else Decimal(to) for tier, to in changes.items()}
    return rewrite_pair(access, markups, exact, rules, list_write_codes(rules))


def test_a_new_grant_is_appended_under_the_code_by_which_its_tier_is_known() -> None:
    assert rewrite('["free"]', None, byok="1.50") == ('["free", "trial"]', '{"trial": 1.50}')
    assert rewrite(None, None, pro="2.00") == ('["pro"]', '{"pro": 2.00}')
    assert rewrite("null", "null", pro="2.00") == ('["pro"]', '{"pro": 2.00}')


def test_a_grant_at_one_needs_no_markup() -> None:
    assert rewrite("[]", None, free="1.00") == ('["free"]', None)
    assert rewrite("[]", "null", free="1.00") == ('["free"]', "null")


def test_a_left_over_markup_of_the_code_is_replaced() -> None:
    assert rewrite("[]", '{"free": 3}', free="1.00") == ('["free"]', '{"free": 1.00}')


def test_a_revoked_tier_takes_all_its_codes_out_and_leaves_their_markups() -> None:
    access, markups = '["trial", "x", "byok", "trial", "free"]', '{"trial": 2, "byok": 2}'
    assert rewrite(access, markups, byok=None) == ('["x", "free"]', markups)


def test_a_new_markup_goes_to_every_code_of_the_tier_and_the_order_stays() -> None:
    assert rewrite(
        '["starter", "free", "trial"]', '{"starter": 2, "trial": 2.0, "free": 1.10}', byok="3.00"
    ) == ('["starter", "free", "trial"]', '{"starter": 3.00, "trial": 3.00, "free": 1.10}')


def test_what_means_nothing_to_us_stays() -> None:
    access = '[null, 1.50, "nobody", {"a": [1]}, "", "free", "free"]'
    markups = '{"nobody": "x", "gone": null, "free": 2}'
    assert rewrite(access, markups, byok="1.00") == (access[:-1] + ', "trial"]', markups)


def test_what_is_nested_deeply_stays() -> None:
    deep = "[" * 6000 + "]" * 6000
    access, markups = f'["free", {deep}]', f'{{"x": {deep}, "free": 2}}'
    assert rewrite(access, markups, free=None) == (f"[{deep}]", markups)
    assert rewrite(access, markups, free="3.00")[1] == f'{{"x": {deep}, "free": 3.00}}'


def test_a_bare_string_stays_one_when_only_its_markup_changes() -> None:
    assert rewrite('"free"', None, free="2.00") == ('"free"', '{"free": 2.00}')
    assert rewrite('"free"', None, pro="1.00") == ('["free", "pro"]', None)


def test_a_code_of_two_tiers_stays_while_both_are_granted_alike() -> None:
    pair = '["enterprise"]', '{"enterprise": 1.05}'
    assert rewrite(*pair, managed="2.00", pro="2.00") == (pair[0], '{"enterprise": 2.00}')


def test_a_code_of_two_tiers_is_split_when_they_part() -> None:
    pair = '["x", "enterprise", "free"]', '{"enterprise": 1.05}'
    assert rewrite(*pair, managed="2.00") == (
        '["x", "free", "managed", "pro"]',
        '{"enterprise": 1.05, "managed": 2.00, "pro": 1.05}',
    )
    assert rewrite(*pair, managed=None)[0] == '["x", "free", "pro"]'


def test_a_tier_that_loses_its_lowest_code_keeps_its_markup() -> None:
    rules = make_rules(TIER_MAP, markup_conflict="lowest")
    access, markups = rewrite(
        '["enterprise", "pro"]', '{"enterprise": 1.05, "pro": 2}', rules, managed="3.00"
    )
    assert (access, markups) == (
        '["pro", "managed"]',
        '{"enterprise": 1.05, "pro": 1.05, "managed": 3.00}',
    )


@pytest.mark.parametrize("bad", ["true", '"x"', "null", "[1]", "-1"])
def test_a_grant_given_later_replaces_the_markup_that_kept_it_in_quarantine(bad: str) -> None:
    assert rewrite('["free"]', f'{{"free": {bad}}}', free="1.00") == ('["free"]', '{"free": 1.00}')


def test_a_markup_that_reads_as_wanted_is_not_touched() -> None:
    pair = '["free", "pro"]', '{"free": "2.0", "pro": 1.234}'
    rules = make_rules(TIER_MAP, inexact_markup="round")
    assert rewrite(*pair, rules, free="2.00", pro="1.23") == pair


@pytest.mark.parametrize(
    "pair", [('{"free": true}', None), ("7", None), ('["free"]', "[]"), ('["free"]', '"1.5"')]
)
def test_a_shape_that_cannot_say_it_is_refused(pair: Pair) -> None:
    with pytest.raises(ConfigurationError, match="without loss"):
        rewrite(*pair, byok="1.50")


def test_a_quarantined_code_is_not_taken_out_for_another_tier_of_it() -> None:
    with pytest.raises(ConfigurationError, match="'enterprise' is quarantined for pro"):
        rewrite('["enterprise"]', '{"enterprise": "bad"}', managed="1.50")


hundredths = st.integers(0, 9999).map(lambda n: Decimal(n) / 100)


@settings(max_examples=300, deadline=None)
@given(
    access_texts,
    markup_texts,
    tier_maps,
    st.dictionaries(st.sampled_from(MAPPED_TIERS), st.none() | hundredths, max_size=4),
    st.sampled_from(["quarantine", "lowest", "highest"]),
    st.sampled_from(["quarantine", "round"]),
    st.sampled_from(["quarantine", "parse"]),
)
@example(
    '["free"]', '{"free": true}', {}, {"free": Decimal(1)}, "quarantine", "quarantine", "parse"
)
@example(
    "[]", json.dumps('{"trial": 1e400}'), {}, {"free": Decimal(0)}, "quarantine", "round", "parse"
)
@example(
    "[]", json.dumps('{"trial": 1e99}'), {}, {"free": Decimal(0)}, "quarantine", "round", "parse"
)
@example(TWICE, None, {}, {"pro": Decimal(2)}, "quarantine", "quarantine", "parse")
@example(TWICE, "null", {}, {"free": None}, "quarantine", "quarantine", "quarantine")
@example(
    '["trial", "starter"]', '{"trial": 1.01}', {"starter": ("free",), "trial": ("free", "pro")},
    {"free": Decimal(1)}, "lowest", "quarantine", "parse",
)  # fmt: skip
def test_what_is_written_reads_back_as_exactly_the_wanted_grants(
    access: str | None,
    markups: str | None,
    tier_map: dict[str, tuple[str, ...]],
    changes: dict[str, Decimal | None],
    conflict: str,
    inexact: str,
    double: str,
) -> None:
    rules = make_rules(
        tier_map, markup_conflict=conflict, inexact_markup=inexact, double_encoded=double
    )
    before = read_pair(access, markups, rules).grants
    try:
        written = rewrite_pair(access, markups, changes, rules, list_write_codes(rules))
    except ConfigurationError:
        assert _cannot_be_said(access, markups, rules)
        return
    merged = {**before, **changes}
    wanted = {tier: markup for tier, markup in merged.items() if markup is not None}
    assert read_pair(*written, rules).grants == wanted
    _assert_that_nothing_else_moved((access, markups), written, rules)
    if wanted == before and None not in changes.values():
        assert _codes(written[0], rules) == _codes(access, rules)


def _cannot_be_said(access: str | None, markups: str | None, rules: Rules) -> bool:
    """Return whether a shape is at fault, or a quarantined code of several tiers."""
    values = rules.read_values(access, markups)
    return not values.are_writable or any(
        element.fate == "quarantined" and len(rules.tiers_of.get(element.code or "", ())) > 1
        for element in read_pair(access, markups, rules).elements
    )


def _assert_that_nothing_else_moved(before: Pair, after: Pair, rules: Rules) -> None:
    """Assert that foreign elements and markups are as before, and what stays is in its order."""
    known = set(rules.tiers_of)
    old, new = _codes(before[0], rules), _codes(after[0], rules)
    foreign = [c for c in old if not (isinstance(c, str) and c in known)]
    assert [c for c in new if not (isinstance(c, str) and c in known)] == foreign
    kept = [c for c in new if c in old]
    assert [c for c in old if c in kept] == kept
    old_prices, new_prices = _prices(before[1], rules), _prices(after[1], rules)
    assert all(new_prices[code] == price for code, price in old_prices.items() if code not in known)
    assert set(new_prices) - set(old_prices) <= known
    _assert_the_shape_stays(before, after, rules)


def _assert_the_shape_stays(before: Pair, after: Pair, rules: Rules) -> None:
    """Assert that what was encoded twice is so still, and that nothing else came to be."""
    old, new = rules.read_values(*before), rules.read_values(*after)
    twice = old.access_encoded or old.markups_encoded
    flags = ((old.access_encoded, new.access_encoded), (old.markups_encoded, new.markups_encoded))
    for was, found, (is_so, stays) in zip(before, after, flags, strict=True):
        held_nothing = (was or "null") == "null" and found != was
        assert stays == (twice if held_nothing else is_so)


def _codes(access: str | None, rules: Rules) -> list[Any]:
    values = rules.read_values(access, None)
    return values.access if isinstance(values.access, list) else []


def _prices(markups: str | None, rules: Rules) -> dict[str, Any]:
    values = rules.read_values(None, markups)
    return values.markups if isinstance(values.markups, dict) else {}  # pyright: ignore


TWICE_PRICED = json.dumps('{"free": 2, "x": "y"}')


def test_what_was_encoded_twice_is_written_so_again() -> None:
    rules = make_rules(TIER_MAP, double_encoded="parse")
    assert rewrite(TWICE, TWICE_PRICED, rules, pro="1.50") == (
        json.dumps('["free", "nobody", "pro"]'),
        json.dumps('{"free": 2, "x": "y", "pro": 1.50}'),
    )
    assert rewrite(TWICE, TWICE_PRICED, rules, free="3.00") == (
        TWICE,
        json.dumps('{"free": 3.00, "x": "y"}'),
    )
    assert rewrite(TWICE, TWICE_PRICED, rules, free=None) == (
        json.dumps('["nobody"]'),
        TWICE_PRICED,
    )


def test_a_column_that_held_nothing_takes_the_shape_of_the_other_one() -> None:
    rules = make_rules(TIER_MAP, double_encoded="parse")
    assert rewrite(TWICE, None, rules, free="2.00") == (TWICE, json.dumps('{"free": 2.00}'))
    assert rewrite(TWICE, '{"x": 1}', rules, free="2.00") == (TWICE, '{"x": 1, "free": 2.00}')
    assert rewrite("null", TWICE_PRICED, rules, free="2.00") == (
        json.dumps('["free"]'),
        TWICE_PRICED,
    )
    assert rewrite("[]", TWICE_PRICED, rules, free="2.00") == ('["free"]', TWICE_PRICED)


@pytest.mark.parametrize("pair", [(TWICE, None), ('["free"]', TWICE_PRICED)])
def test_what_was_encoded_twice_and_is_not_to_be_parsed_is_not_touched(pair: Pair) -> None:
    with pytest.raises(ConfigurationError, match="encoded twice, which is not to be parsed"):
        rewrite(*pair, pro="1.50")


def test_an_array_whose_text_is_a_code_cannot_be_written_as_a_string() -> None:
    rules = make_rules({'["pro"]': ("free",)}, double_encoded="parse")
    with pytest.raises(ConfigurationError, match="the name of a code"):
        rewrite(json.dumps("[]"), None, rules, pro="1.00")
