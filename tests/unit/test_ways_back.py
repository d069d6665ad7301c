"""The ways back: the plan says which are open, and why one is not."""

from __future__ import annotations

from typing import Any

from tierflow.decisions import Decisions
from tierflow.explode import Counts
from tierflow.plan import resolve_rules
from tierflow.ways_back import list_ways_back

TIERS = [{"id": n, "tier_code": code} for n, code in enumerate(("free", "pro", "vip"), start=1)]


def ways(
    counts: Counts | None = None,
    unwritable: tuple[str, ...] = (),
    dumped: bool | None = None,
    uncaptured: str | None = None,
    **decided: Any,
) -> dict[str, tuple[bool, str]]:
    rules = resolve_rules(Decisions(**decided), TIERS)
    found = list_ways_back(
        rules, counts or Counts(), unwritable, dumped=dumped, uncaptured=uncaptured
    )
    return {way["way"]: (way["open"], way["why"]) for way in found}


def test_a_plain_migration_can_go_back_every_way() -> None:
    assert ways() == {
        "later changes kept": (True, ""),
        "snapshot restored": (True, ""),
        "dump restored": (True, "when it is taken: migrate --pg-dump FILE"),
        "after finalize": (True, ""),
    }
    assert ways(dumped=True)["dump restored"] == (True, "")


def test_the_ways_back_are_the_same_without_backup_columns() -> None:
    assert ways(backup_columns=False) == ways(backup_columns=True)


def test_where_captured_values_are_gone_there_is_no_snapshot_and_the_sides_must_agree() -> None:
    found = ways(uncaptured="the captured values of 3 models are gone from the ledger")
    assert found["snapshot restored"] == (
        False,
        "the captured values of 3 models are gone from the ledger",
    )
    assert found["later changes kept"][1].startswith("only while both sides agree")


def test_without_a_dump_that_way_is_not_open() -> None:
    assert not ways(dumped=False)["dump restored"][0]


def test_merged_codes_and_codes_of_several_tiers_are_told() -> None:
    said = ways(tier_map={"old": ["pro"], "ago": ["pro"], "pack": ["free", "vip"]})
    assert said["later changes kept"] == (
        True,
        "when a grant of one of free, vip changes, the code 'pack', which means them all, becomes"
        " 'free', 'vip'; the codes old, ago all mean pro: a later grant of it comes back as 'old',"
        " and what nobody changes stays as it is",
    )


def test_what_only_the_archive_can_give_back_is_counted() -> None:
    said = ways(Counts(merged=3, quarantined=2))["after finalize"][1]
    assert said == (
        "from the archive only: 3 merged elements and 2 quarantined elements cannot be made again"
        " from the junction table"
    )


def test_models_that_cannot_take_a_later_grant_are_named() -> None:
    said = ways(unwritable=("odd",))
    assert said["later changes kept"][1].startswith("1 models (odd) cannot take a later grant")
