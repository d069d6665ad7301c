import csv
import json
from collections import Counter
from decimal import Decimal
from itertools import pairwise
from typing import Any

import pandas as pd
import pytest

from tierflow.demo.dataset import (
    BANDS,
    CATALOGUE_CSV,
    DEMO_TIER_MAP,
    DEMO_TIERS,
    HOSTS,
    LEGACY_CODES,
    band_of,
    derive_access,
    load_catalogue,
)
from tierflow.demo.extract_catalogue import COLUMNS, display_name, per_1k


@pytest.fixture(scope="module")
def catalogue() -> pd.DataFrame:
    return load_catalogue()


@pytest.fixture(scope="module")
def models(catalogue: pd.DataFrame) -> list[dict[str, Any]]:
    frame = derive_access(catalogue)
    return [{str(key): value for key, value in row.items()} for row in frame.to_dict("records")]


def codes_of(model: dict[str, Any]) -> list[str]:
    access = json.loads(model["tier_access"] or "[]")
    return [access] if isinstance(access, str) else access


def markups_of(model: dict[str, Any]) -> dict[str, Any]:
    return json.loads(model["tier_markup"] or "{}", parse_float=Decimal)


def test_the_catalogue_is_a_plain_csv_of_the_columns_it_documents():
    text = CATALOGUE_CSV.read_bytes().decode("utf-8")
    rows = list(csv.reader(text.splitlines()))
    assert tuple(rows[0]) == COLUMNS
    assert {len(row) for row in rows} == {len(COLUMNS)}
    assert all(cell.strip() for row in rows for cell in row)
    assert text.endswith("\n") and "\r" not in text
    assert {row[-1] for row in rows[1:]} == {"true", "false"}
    assert rows[1:] == sorted(rows[1:])


def test_the_catalogue_holds_300_models_or_more_each_once(catalogue: pd.DataFrame):
    assert 300 <= len(catalogue) <= 600
    assert catalogue["model_id"].is_unique
    assert catalogue["provider"].nunique() >= 10
    assert set(catalogue["provider"]) >= HOSTS


def test_every_price_is_a_positive_plain_decimal(catalogue: pd.DataFrame):
    for column in ("input_per_1k", "output_per_1k"):
        for text in catalogue[column]:
            assert Decimal(text) > 0
            assert f"{Decimal(text):f}" == text
            assert len(text) <= 12, f"{text} looks like float noise"


def test_prices_reach_the_pricing_json_without_losing_a_digit(
    catalogue: pd.DataFrame, models: list[dict[str, Any]]
):
    for entry, model in zip(catalogue.to_dict("records"), models, strict=True):
        pricing = json.loads(model["pricing"], parse_float=Decimal, parse_int=Decimal)
        assert pricing == {
            "input_per_1k": Decimal(entry["input_per_1k"]),
            "output_per_1k": Decimal(entry["output_per_1k"]),
            "currency": "USD",
        }


@pytest.mark.parametrize(
    ("per_token", "expected"),
    [("2.5e-06", "0.0025"), ("3E-8", "0.00003"), ("0.001", "1"), ("0.010", "10"), ("1", "1000")],
)
def test_a_price_per_token_becomes_a_plain_decimal_per_thousand(per_token: str, expected: str):
    assert per_1k(Decimal(per_token)) == expected


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("claude-opus-4-5-20251101", "Claude Opus 4.5 (2025-11-01)"),
        ("gpt-4o-2024-08-06", "GPT 4o (2024-08-06)"),
        ("zai-org/GLM-5.1", "GLM 5.1"),
        ("o1", "O1"),
    ],
)
def test_a_display_name_is_readable(name: str, expected: str):
    assert display_name(name) == expected


def test_the_models_derived_are_the_same_every_time(catalogue: pd.DataFrame):
    pd.testing.assert_frame_equal(derive_access(catalogue), derive_access(load_catalogue()))


def test_every_model_has_an_id_of_its_own(models: list[dict[str, Any]]):
    assert len({model["id"] for model in models}) == len(models)


def test_only_legacy_codes_appear_and_the_tier_map_resolves_each(models: list[dict[str, Any]]):
    tiers = {tier_code for _, tier_code, _, _, _ in DEMO_TIERS}
    used = {code for model in models for code in codes_of(model)}
    assert used == set(LEGACY_CODES) == set(DEMO_TIER_MAP)
    assert not used & tiers
    assert {tier for mapped in DEMO_TIER_MAP.values() for tier in mapped} == tiers


def test_every_model_follows_the_rule_of_its_price_band(
    catalogue: pd.DataFrame, models: list[dict[str, Any]]
):
    for entry, model in zip(catalogue.to_dict("records"), models, strict=True):
        band = band_of(entry["input_per_1k"], entry["output_per_1k"])
        assert model["enabled"] is not model["deprecated"]
        if codes_of(model):
            assert set(codes_of(model)) <= set(band.markups)
            assert "enterprise" in codes_of(model)
        elif model["deprecated"]:
            assert model["tier_access"] is None and model["tier_markup"] is None
            assert model["provider"] not in HOSTS
        else:
            assert model["tier_access"] == "[]"
            assert "preview" in model["model_id"] or "beta" in model["model_id"]
        for code, markup in markups_of(model).items():
            assert Decimal(markup) == Decimal(band.markups[code])


def test_a_cheaper_band_is_open_to_every_code_of_a_dearer_one():
    limits = [band.limit for band in BANDS if band.limit is not None]
    assert limits == sorted(limits) and BANDS[-1].limit is None
    for cheaper, dearer in pairwise(BANDS):
        assert set(cheaper.markups) > set(dearer.markups)


def test_trial_and_starter_never_disagree_on_a_markup(models: list[dict[str, Any]]):
    for model in models:
        markups = markups_of(model)
        if "trial" in codes_of(model):
            assert markups["trial"] == markups["starter"]


def test_markups_have_two_decimals_at_most(models: list[dict[str, Any]]):
    for model in models:
        for markup in markups_of(model).values():
            assert Decimal(markup) == round(Decimal(markup), 2)


def test_the_odd_but_valid_shapes_of_real_rows_are_present(models: list[dict[str, Any]]):
    access = [model["tier_access"] for model in models]
    assert None in access
    assert "[]" in access
    assert '"enterprise"' in access
    assert any("1.15" in markups_of(model).values() for model in models)
    assert any(len(set(codes_of(model))) < len(codes_of(model)) for model in models)
    assert any(set(codes_of(model)) - set(markups_of(model)) for model in models)


def test_enough_of_the_enabled_models_are_open_to_some_tier(models: list[dict[str, Any]]):
    enabled = [model for model in models if model["enabled"]]
    assert sum(bool(codes_of(model)) for model in enabled) / len(enabled) >= 0.8


def test_the_fate_of_every_source_element_is_known_beforehand(models: list[dict[str, Any]]):
    """The figures that the docs quote; they move only with catalogue.csv or the rule."""
    fates: Counter[str] = Counter()
    for model in models:
        seen: list[str] = []
        for code in codes_of(model):
            tiers = {tier for earlier in seen for tier in DEMO_TIER_MAP[earlier]}
            if code in seen:
                fates["duplicates"] += 1
            elif set(DEMO_TIER_MAP[code]) <= tiers:
                fates["merged"] += 1
            else:
                fates["migrated"] += 1
                fates["defaulted"] += code not in markups_of(model)
            seen.append(code)
    assert fates == {"migrated": 860, "merged": 95, "duplicates": 2, "defaulted": 2}
    assert sum(len(codes_of(model)) for model in models) == 957
