"""Verify: each of the eight checks fails for what it is there to see, with a figure that tells."""

from __future__ import annotations

from collections.abc import Callable

import psycopg
import pytest
from psycopg import sql
from support.database import Database, Told, model_uuid
from support.reuse import fill_once

NAMES = [
    "table and columns",
    "foreign keys",
    "indexes",
    "coverage",
    "distribution",
    "compatibility layer",
    "query performance",
    "integrity",
]


@pytest.fixture
def shop(database: Database, tierflow: Callable[..., Told]) -> Database:
    """A published migration: one model without access, one that is disabled."""

    def fill() -> None:
        database.add_tiers("free", "pro")
        database.add_models([("both", ["free", "pro"], {"pro": 1.5}), ("one", ["pro"], {"pro": 2})])
        database.add_model("none", [])
        database.add_model("new", ["free"], None, provider="zeta")
        database.add_model("off", ["free"], {"free": 3}, enabled=False)
        told = tierflow("migrate", "--min-coverage", "0.5")
        assert told.code == 0, told.stderr

    return fill_once(database, __name__, fill)


def failing(told: Told) -> dict[str, str]:
    checks = told.value["checks"]
    assert [check["name"] for check in checks] == NAMES
    assert all(set(check) == {"name", "ok", "figure", "expected"} for check in checks)
    assert told.value["ok"] == (told.code == 0)
    return {check["name"]: check["figure"] for check in checks if not check["ok"]}


def test_a_whole_migration_passes_and_the_details_are_by_provider(
    shop: Database, tierflow: Callable[..., Told]
) -> None:
    # the record of the run, aside
    records = ("--exclude-table-data=tierflow.run", "--exclude-table-data=tierflow.step")
    before = shop.dump(*records)
    told = tierflow("verify", "--detailed")
    assert (told.code, failing(told)) == (0, {}), told.stderr
    assert told.value["parity"] == {"missing": 0, "extra": 0, "wrong_markup": 0}
    assert told.value["providers"] == [
        {"tier_code": "free", "provider": "acme", "models": 1, "mean_markup": 1.0},
        {"tier_code": "free", "provider": "zeta", "models": 1, "mean_markup": 1.0},
        {"tier_code": "pro", "provider": "acme", "models": 2, "mean_markup": 1.75},
    ]
    assert shop.dump(*records) == before
    assert shop.value("SELECT outcome FROM tierflow.run WHERE mode = 'verify'") == "verified"

    told = tierflow("verify", "--min-coverage", "0.76")
    assert told.code == 1
    figures = failing(told)
    assert list(figures) == ["coverage"]
    assert "75.0% of all enabled models" in figures["coverage"]
    assert "providers" not in told.value


TOO_SLOW = """CREATE OR REPLACE FUNCTION public.get_models_for_tier(p_tier_code varchar)
    RETURNS TABLE (model_id uuid, model_identifier varchar, provider varchar, display_name varchar,
        markup_multiplier numeric, effective_pricing jsonb) LANGUAGE sql STABLE AS $$
    SELECT model_id, model_identifier, provider, display_name, markup_multiplier, effective_pricing
    FROM public.v_model_tier_access WHERE tier_code = p_tier_code
    AND (SELECT count(random()) FROM generate_series(1, 500000)) > 0 $$"""
ANYTHING_GOES = """CREATE OR REPLACE FUNCTION public.is_model_available_for_tier(
    p_model_id uuid, p_tier_code varchar) RETURNS boolean LANGUAGE sql STABLE RETURN true"""
CANNOT_COMPARE = NAMES[3:]


@pytest.mark.parametrize(
    ("statement", "expected"),
    [
        (
            "ALTER TABLE public.tier_model_access ALTER COLUMN enabled DROP NOT NULL",
            {"table and columns": "6 of 7 as published: enabled is boolean default"},
        ),
        (
            """ALTER TABLE public.tier_model_access DROP CONSTRAINT fk_tier_model_tier,
               ADD CONSTRAINT fk_tier_model_tier FOREIGN KEY (tier_id)
               REFERENCES public.subscription_tiers (id) NOT VALID""",
            {"foreign keys": "1 of 2 as published: fk_tier_model_tier is FOREIGN KEY (tier_id)"},
        ),
        (
            "DROP INDEX public.idx_tier_model_lookup",
            {"indexes": "4 of 5 as published: idx_tier_model_lookup is missing"},
        ),
        (
            f"DELETE FROM public.tier_model_access WHERE model_id = '{model_uuid('one')}'",
            {
                "coverage": "66.7% of the enabled models that should have a grant",
                "distribution": "pro 1 (the JSONB has 2)",
                "compatibility layer": "pro: 1 view differences; pro: 1 function differences",
                "integrity": "1 grants missing (in the JSONB, not in the table) (one / pro)",
            },
        ),
        (ANYTHING_GOES, {"compatibility layer": "pro: 3 availability differences"}),
        (TOO_SLOW, {"query performance": "single tier "}),
        (
            f"""UPDATE public.tier_model_access SET markup_multiplier = 4
                WHERE model_id = '{model_uuid("off")}'""",
            {"integrity": "1 grants with another markup than the JSONB (off / free)"},
        ),
        (
            "DROP FUNCTION public.is_model_available_for_tier",
            {
                "compatibility layer": "function is_model_available_for_tier: not there",
                "query performance": "function is_model_available_for_tier: not there",
            },
        ),
        (
            """DROP VIEW public.v_model_tier_access, public.v_tier_model_summary,
                   tierflow.sync_grant CASCADE;
               DROP FUNCTION public.check_tier_write CASCADE;
               ALTER TABLE public.tier_model_access ALTER COLUMN markup_multiplier TYPE text""",
            {"table and columns": "markup_multiplier is text not null default"}
            | dict.fromkeys(CANNOT_COMPARE, "column markup_multiplier is text"),
        ),
        (
            "DROP SCHEMA tierflow CASCADE",
            dict.fromkeys(CANNOT_COMPARE, "the ledger does not hold the rules"),
        ),
        (
            "DROP TABLE public.tier_model_access CASCADE",
            {"table and columns": "0 of 7 as published", "foreign keys": "0 of 2"}
            | {"indexes": "0 of 5"}
            | dict.fromkeys(CANNOT_COMPARE, "the junction table is not there"),
        ),
    ],
    ids=["column", "key", "index", "grant", "answer", "slow", "price of a disabled model",
         "function", "type", "ledger", "table"],
)  # fmt: skip
def test_each_broken_part_fails_its_checks_and_no_other(
    shop: Database, tierflow: Callable[..., Told], statement: str, expected: dict[str, str]
) -> None:
    shop.past_sync(statement)
    told = tierflow("verify")
    assert told.code == 1
    figures = failing(told)
    assert set(figures) == set(expected)
    for name, words in expected.items():
        assert words in figures[name]
        assert name in told.stderr


def test_before_any_migration_there_is_nothing_to_verify_and_nothing_crashes(
    database: Database, tierflow: Callable[..., Told]
) -> None:
    before = database.dump()
    for arguments in ((), ("--detailed",), ("--schema", "elsewhere")):
        told = tierflow("verify", *arguments)
        assert (told.code, told.value["ok"], told.value["checks"]) == (2, False, [])
        assert "Nothing is migrated in schema" in told.stderr
        assert len(told.stderr.strip().splitlines()) == 2
    assert database.dump() == before


def test_a_read_only_database_can_be_verified_and_is_not_written_to(
    shop: Database, tierflow: Callable[..., Told]
) -> None:
    shop.past_sync(
        "DELETE FROM public.tier_model_access WHERE tier_id = 1 AND markup_multiplier = 3"
    )
    with psycopg.connect(shop.dsn, autocommit=True) as connection:
        name = sql.Identifier(connection.info.dbname)
        connection.execute(
            sql.SQL("ALTER DATABASE {} SET default_transaction_read_only = on").format(name)
        )
    before = shop.dump()
    told = tierflow("verify")
    assert told.code == 1
    assert set(failing(told)) == {"distribution", "integrity"}
    planned = tierflow("plan")
    assert planned.code == 2
    assert any("read-only" in obstacle for obstacle in planned.value["obstacles"])
    for command in (("migrate",), ("migrate", "--dry-run"), ("rollback",)):
        told = tierflow(*command)
        assert told.code == 2
        assert "read-only" in told.stderr.strip().splitlines()[-2]
    assert shop.dump() == before
