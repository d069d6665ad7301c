"""The decisions of a person: where they come from, which counts, and what is refused."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tierflow.decisions import (
    Decisions,
    parse_tier_map,
    parse_write_codes,
    read_decisions,
    settle_decisions,
)
from tierflow.errors import ConfigurationError
from tierflow.plan import resolve_rules
from tierflow.write_codes import list_write_codes, require_write_codes, settle_write_codes

TIERS = [{"id": n, "tier_code": c} for n, c in enumerate(("free", "byok", "managed"), start=1)]
MAPPED = {"trial": ("byok",), "starter": ("byok",), "pack": ("byok", "free")}


def config(folder: Path, text: str) -> str:
    file = folder / "tierflow.toml"
    file.write_text(text, encoding="utf-8")
    return str(file)


def store(decisions: Decisions) -> dict[str, Any]:
    """Return the decisions as jsonb gives them back: keys by length, then by bytes."""
    recorded = json.loads(json.dumps(decisions.as_recorded()))
    by_length = {
        k: recorded["tier_map"][k] for k in sorted(recorded["tier_map"], key=lambda k: (len(k), k))
    }
    return {**recorded, "tier_map": by_length}


def test_everything_that_is_left_open_fails() -> None:
    decisions = settle_decisions({}, {})
    assert decisions.tier_map == {}
    assert (decisions.unknown_tiers, decisions.malformed) == ("fail", "fail")
    assert (decisions.conflict_policy, decisions.inexact_policy) == ("fail", "fail")
    assert decisions.min_coverage == 0.8


def test_a_file_may_hold_every_decision(tmp_path: Path) -> None:
    file = config(
        tmp_path,
        """
        unknown_tiers = "quarantine"
        malformed = "quarantine"
        markup_conflict = "highest"
        inexact_markup = "round"
        min_coverage = 0.5
        [tier_map]
        trial = "byok"
        enterprise = ["managed", "byok"]
        "a=b,c \\t" = ["free"]
        """,
    )
    decisions = settle_decisions(read_decisions(file, {}), {})
    assert decisions == Decisions(
        tier_map={"trial": ("byok",), "enterprise": ("managed", "byok"), "a=b,c \t": ("free",)},
        unknown_tiers="quarantine",
        malformed="quarantine",
        markup_conflict="highest",
        inexact_markup="round",
        min_coverage=0.5,
    )


def test_an_option_goes_before_the_file_and_the_file_before_what_is_stored(tmp_path: Path) -> None:
    file = config(tmp_path, 'malformed = "quarantine"\nunknown_tiers = "quarantine"')
    stored = {"malformed": "fail", "unknown_tiers": "fail", "min_coverage": 0.25}
    given = read_decisions(file, {"unknown_tiers": "fail", "malformed": None, "tier_map": {}})
    decisions = settle_decisions(given, stored)
    assert decisions.unknown_tiers == "fail"
    assert decisions.malformed == "quarantine"
    assert decisions.min_coverage == 0.25


def test_tier_maps_are_laid_over_each_other_code_by_code(tmp_path: Path) -> None:
    file = config(tmp_path, '[tier_map]\ntrial = "byok"\nstarter = "byok"')
    given = read_decisions(file, {"tier_map": {"trial": ["free"]}})
    decisions = settle_decisions(given, {"tier_map": {"starter": ["free"], "old": ["managed"]}})
    assert decisions.tier_map == {"starter": ("byok",), "old": ("managed",), "trial": ("free",)}


def test_what_followed_malformed_before_follows_it_again() -> None:
    stored = store(Decisions(malformed="quarantine", inexact_markup="round"))
    decisions = settle_decisions({"malformed": "fail"}, stored)
    assert (decisions.conflict_policy, decisions.inexact_policy) == ("fail", "round")
    assert settle_decisions({}, stored).conflict_policy == "quarantine"


def test_the_order_of_the_tier_map_survives_jsonb() -> None:
    decisions = Decisions(tier_map={"starter": ("byok",), "trial": ("byok",), "b": ("byok",)})
    again = settle_decisions({}, store(decisions))
    assert list(again.tier_map) == ["starter", "trial", "b"]
    assert again.fingerprint([]) == decisions.fingerprint([])
    held = {"b": 2, "trial": 2, "starter": 2, "byok": 1}
    assert list_write_codes(resolve_rules(again, TIERS), held)["byok"] == "starter"


def test_a_new_code_is_never_written_in_place_of_one_in_force() -> None:
    rules = resolve_rules(Decisions(tier_map={"starter": ("byok",)}), TIERS)
    stored = store(settle_write_codes(rules, {"starter": 1}).decisions)
    decisions = settle_decisions({"tier_map": {"a": ["byok"]}}, stored)
    assert list_write_codes(resolve_rules(decisions, TIERS), {"a": 9})["byok"] == "starter"


def test_a_tier_is_written_as_the_code_that_most_models_hold() -> None:
    rules = resolve_rules(Decisions(tier_map=MAPPED), TIERS)
    assert list_write_codes(rules, {"trial": 3, "starter": 4, "pack": 9})["byok"] == "starter"
    # of equal ones the tier's own, then the one that the map has first; and where none is held
    assert list_write_codes(rules, {"trial": 4, "starter": 4, "byok": 4})["byok"] == "byok"
    assert list_write_codes(rules, {"trial": 4, "starter": 4})["byok"] == "trial"
    assert list_write_codes(rules, {"pack": 9}) == {code: code for code in rules.tier_ids}


def test_a_decision_goes_before_the_counts_while_the_code_means_its_tier_alone() -> None:
    decided = Decisions(tier_map=MAPPED, write_codes={"byok": "trial", "free": "pack"})
    codes = list_write_codes(resolve_rules(decided, TIERS), {"starter": 9})
    assert (codes["byok"], codes["free"]) == ("trial", "free")


def test_a_tier_that_no_code_means_alone_is_written_as_nothing() -> None:
    rules = resolve_rules(Decisions(), [{"id": 1, "tier_code": ""}, {"id": 2, "tier_code": "a"}])
    assert list_write_codes(rules) == {"a": "a"}


def test_settled_codes_are_what_another_run_begins_with() -> None:
    rules = settle_write_codes(
        resolve_rules(Decisions(tier_map=MAPPED), TIERS), {"starter": 4, "trial": 1}
    )
    again = resolve_rules(settle_decisions({}, store(rules.decisions)), TIERS)
    assert settle_write_codes(again, {"starter": 1, "trial": 9}).decisions == rules.decisions
    assert rules.decisions.fingerprint([]) == Decisions(tier_map=MAPPED).fingerprint([])


@pytest.mark.parametrize(
    ("given", "what"),
    [
        ({"byok": "pack"}, "cannot be the write code of 'byok': it means 'byok', 'free'"),
        ({"byok": "free"}, "cannot be the write code of 'byok': it means 'free'"),
        ({"byok": "nobody"}, "cannot be the write code of 'byok': it means no tier"),
        ({"nobody": "byok"}, "given for 'nobody', no tier"),
    ],
)
def test_a_write_code_that_does_not_mean_the_tier_alone_is_refused(
    given: dict[str, str], what: str
) -> None:
    rules = resolve_rules(Decisions(tier_map=MAPPED, write_codes=given), TIERS)
    with pytest.raises(ConfigurationError, match=what):
        require_write_codes(given, rules)


def test_the_write_code_option_names_a_tier_and_its_code() -> None:
    assert parse_write_codes(["byok=trial", "free=a=b", "byok=trial"]) == {
        "byok": "trial",
        "free": "a=b",
    }
    with pytest.raises(ConfigurationError, match="twice"):
        parse_write_codes(["byok=trial", "byok=starter"])


@pytest.mark.parametrize("option", ["byok", "=trial", "byok=", "", "="])
def test_a_write_code_option_of_another_form_is_refused(option: str) -> None:
    with pytest.raises(ConfigurationError, match="not of the form"):
        parse_write_codes([option])


@pytest.mark.parametrize(
    "text",
    [
        'malformed = "ignore"',
        'malformed = "round"',
        'unknown_tiers = "lowest"',
        'markup_conflict = "average"',
        'inexact_markup = "lowest"',
        "min_coverage = 1.5",
        "min_coverage = -0.1",
        "min_coverage = nan",
        'min_coverage = "most"',
        'tier_map = "trial=byok"',
        "[tier_map]\ntrial = 5",
        "[tier_map]\ntrial = []",
        '[tier_map]\ntrial = ""',
        '[tier_map]\n"" = "byok"',
        '[tier_map]\ntrial = ["byok", "byok"]',
        '[tier_map]\ntrial = { byok = "x" }',
        'tiermap = "x"',
        "[tierflow]\nmalformed = 'fail'",
    ],
)
def test_a_value_that_is_not_valid_is_refused(tmp_path: Path, text: str) -> None:
    options = {"tier_map": {"starter": ["byok"]}}
    with pytest.raises(ConfigurationError, match="cannot be used"):
        settle_decisions(
            read_decisions(config(tmp_path, text), options), {"tier_map": {"x": ["y"]}}
        )


@pytest.mark.parametrize("text", ["malformed = ", "[tier_map", "a = 1\na = 2", "malformed = fail"])
def test_a_file_that_is_no_toml_is_refused_with_the_place(tmp_path: Path, text: str) -> None:
    with pytest.raises(ConfigurationError, match="not valid TOML"):
        read_decisions(config(tmp_path, text), {})


def test_a_file_that_is_no_text_is_refused(tmp_path: Path) -> None:
    (tmp_path / "tierflow.toml").write_bytes(b"\xff\xfe")
    with pytest.raises(ConfigurationError, match="not valid TOML"):
        read_decisions(str(tmp_path / "tierflow.toml"), {})


def test_a_file_that_cannot_be_read_is_named(tmp_path: Path) -> None:
    for path in (tmp_path / "missing.toml", tmp_path):
        with pytest.raises(ConfigurationError, match="cannot be read"):
            read_decisions(str(path), {})


def test_the_tier_map_option_names_a_code_and_its_tiers() -> None:
    assert parse_tier_map(["trial=byok", "enterprise=managed, byok", "a=b=free", " =free"]) == {
        "trial": ("byok",),
        "enterprise": ("managed", "byok"),
        "a=b": ("free",),
        " ": ("free",),
    }


@pytest.mark.parametrize("option", ["trial", "=byok", "trial=", "trial=byok,", "trial=,", "", "="])
def test_a_tier_map_option_of_another_form_is_refused(option: str) -> None:
    with pytest.raises(ConfigurationError, match="not of the form"):
        parse_tier_map([option])


def test_one_code_cannot_be_mapped_twice_in_two_ways() -> None:
    assert parse_tier_map(["trial=byok", "trial=byok"]) == {"trial": ("byok",)}
    with pytest.raises(ConfigurationError, match="twice"):
        parse_tier_map(["trial=byok", "trial=free"])


@pytest.mark.parametrize(
    ("tier_map", "what"),
    [({"trial": ("nobody",)}, "no tier"), ({"free": ("byok",)}, "itself a tier")],
)
def test_a_tier_map_that_does_not_fit_the_tiers_is_refused(
    tier_map: dict[str, tuple[str, ...]], what: str
) -> None:
    with pytest.raises(ConfigurationError, match=what):
        resolve_rules(Decisions(tier_map=tier_map), TIERS)


def test_a_tier_may_be_mapped_to_itself() -> None:
    rules = resolve_rules(Decisions(tier_map={"free": ("free",)}), TIERS)
    assert rules.tiers_of["free"] == ("free",)
