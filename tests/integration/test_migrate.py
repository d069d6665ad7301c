"""The life of a small database: plan, dry run, migrate, verify, migrate again, roll back."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from support.database import Database, Told

LEGACY_MAP = (
    "--tier-map", "trial=byok", "--tier-map", "starter=byok",
    "--tier-map", "professional=managed", "--tier-map", "enterprise=vip_founder",
    "--min-coverage", "0.5",
)  # fmt: skip


@pytest.fixture
def legacy(database: Database) -> Database:
    """Legacy codes in the JSONB, other codes in the tiers table: how the real migration failed."""
    database.add_tiers("byok", "managed", "vip_founder")
    database.add_models(
        [
            ("all", ["trial", "starter", "professional", "enterprise"],
             {"trial": 1.5, "starter": 1.5, "professional": 1.2, "enterprise": 1.05}),
            ("twice", ["enterprise", "enterprise"], {"enterprise": "1.10"}),
            ("bare", '"professional"', None),
            ("null", None, None),
            ("json null", "null", "null"),
            ("empty", [], {}),
        ]
    )  # fmt: skip
    return database


def test_the_plan_names_every_unknown_code_and_stops(
    legacy: Database, tierflow: Callable[..., Told]
) -> None:
    before = legacy.dump()
    told = tierflow("plan")
    assert told.code == 2
    assert told.value["needs_decision"] is True
    assert told.value["state"] == "not_migrated"
    found = {u["code"]: u["models"] for u in told.value["unknown_tiers"]}
    assert found == {"enterprise": 2, "professional": 2, "starter": 1, "trial": 1}
    assert all(
        set(u["nearest"]) <= {"byok", "managed", "vip_founder"} for u in told.value["unknown_tiers"]
    )
    assert legacy.dump() == before


@pytest.mark.parametrize("tiers", [(), ("free",)], ids=["no tier", "a tier"])
def test_a_database_with_nothing_in_it_lives_the_whole_life(
    database: Database, tierflow: Callable[..., Told], tiers: tuple[str, ...]
) -> None:
    database.add_tiers(*tiers)
    commands = ("plan",), ("migrate",), ("verify",), ("migrate",), ("rollback", "--yes")
    ended = [tierflow(*command).value["outcome"] for command in commands]
    assert ended == ["planned", "published", "verified", "unchanged", "rolled_back"]


def test_migrate_without_a_map_stops_and_changes_nothing(
    legacy: Database, tierflow: Callable[..., Told]
) -> None:
    before = legacy.dump()
    told = tierflow("migrate")
    assert told.code == 2
    assert told.value["outcome"] == "needs_decision"
    assert "4 unknown tier codes" in told.stderr
    assert legacy.dump() == before


def test_the_whole_life(legacy: Database, tierflow: Callable[..., Told]) -> None:
    before = legacy.dump_without_ledger()
    told = tierflow("migrate", *LEGACY_MAP)
    assert told.code == 0, told.stderr
    result = told.value
    assert result["outcome"] == "published"
    assert result["coverage"] == 1.0
    assert (result["source_elements"], result["migrated"], result["merged"]) == (7, 5, 1)
    assert (result["duplicates"], result["quarantined"], result["grants"]) == (1, 0, 5)
    assert result["defaulted_markups"] == 1
    assert legacy.grants() == {
        ("all", "byok", "1.50"),
        ("all", "managed", "1.20"),
        ("all", "vip_founder", "1.05"),
        ("twice", "vip_founder", "1.10"),
        ("bare", "managed", "1.00"),
    }

    verified = tierflow("verify")
    assert verified.code == 0, verified.stderr
    assert [check["ok"] for check in verified.value["checks"]] == [True] * 8
    assert verified.value["parity"] == {"missing": 0, "extra": 0, "wrong_markup": 0}

    published = legacy.dump_without_ledger()
    again = tierflow("migrate")
    assert (again.code, again.value["outcome"]) == (0, "unchanged")
    assert legacy.dump_without_ledger() == published

    back = tierflow("rollback")
    assert (back.code, back.value["outcome"], back.value["mode"]) == (
        0,
        "rolled_back",
        "keep_changes",
    )
    assert legacy.dump_without_ledger() == before


def test_a_dry_run_leaves_the_database_byte_identical(
    legacy: Database, tierflow: Callable[..., Told]
) -> None:
    before = legacy.dump()
    told = tierflow("migrate", "--dry-run", *LEGACY_MAP)
    assert told.code == 0, told.stderr
    assert (told.value["outcome"], told.value["grants"]) == ("dry_run", 5)
    assert legacy.dump() == before


def test_autovacuum_keeps_off_the_build_and_gets_the_published_table_back(
    database: Database, tierflow: Callable[..., Told]
) -> None:
    options = "SELECT reloptions FROM pg_class WHERE oid = 'public.tier_model_access'::regclass"
    seen = """CREATE FUNCTION public.see() RETURNS event_trigger LANGUAGE plpgsql AS $$ BEGIN
        INSERT INTO public.seen SELECT reloptions FROM pg_class
        WHERE oid = to_regclass('tierflow_build.tier_model_access'); END $$"""
    database.add_tiers("free")
    database.add_models([("m1", ["free"], None)])
    database.rows("CREATE TABLE public.seen (options text[])")
    database.rows(seen)
    database.rows(
        "CREATE EVENT TRIGGER see ON ddl_command_start WHEN TAG IN ('CREATE INDEX')"
        " EXECUTE FUNCTION public.see()"
    )
    assert tierflow("migrate").code == 0
    assert database.rows("SELECT DISTINCT options FROM public.seen") == [
        {"options": ["autovacuum_enabled=false"]}
    ]
    assert database.value(options) is None
