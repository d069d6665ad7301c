"""The published objects are a public contract: names, types, rules and answers."""

from __future__ import annotations

import json
from collections.abc import Callable
from decimal import Decimal
from typing import LiteralString

import psycopg
import pytest
from support.database import Database, Told, model_uuid
from support.reuse import fill_once

ODD_PRICES: dict[str, object] = {
    "plain": {"input_per_1k": 0.003, "output_per_1k": 0.015, "currency": "USD", "batch": [1]},
    "no output": {"input_per_1k": 2},
    "text": {"input_per_1k": "0.003", "output_per_1k": None, "note": "ask"},
    "not an object": [1, 2],
    "null": None,
    "tiny": {"input_per_1k": 0.00000000012, "output_per_1k": 1e20},
}


@pytest.fixture
def shop(database: Database, tierflow: Callable[..., Told]) -> Database:
    """A published migration with odd prices, a disabled model and one without access."""

    return fill_once(database, __name__, lambda: publish_shop(database, tierflow))


def publish_shop(database: Database, tierflow: Callable[..., Told]) -> None:
    database.add_tiers("free", "pro", "empty")
    database.add_models(
        [(name, ["free", "pro"], {"free": 1.0, "pro": 1.25}) for name in ODD_PRICES],
        provider="acme",
    )
    database.add_model("off", ["free"], {"free": 9}, enabled=False)
    database.add_model("granted off", ["free", "pro"], {"pro": 3}, provider="other")
    database.add_model("without", [])
    for name, price in ODD_PRICES.items():
        database.rows(
            "UPDATE public.model_access_control SET pricing = %s WHERE model_id = %s",
            None if price is None else json.dumps(price), name,
        )  # fmt: skip
    told = tierflow("migrate", "--min-coverage", "0")
    assert told.code == 0, told.stderr
    database.rows(
        "UPDATE public.tier_model_access SET enabled = false WHERE tier_id = 2 AND model_id = %s",
        model_uuid("granted off"),
    )


def test_the_views_read_as_whoever_asks(shop: Database) -> None:
    """PostgreSQL 14 has no such view; these tests run on none."""
    assert shop.rows(
        """SELECT relname, reloptions FROM pg_class WHERE relkind = 'v'
           AND relnamespace = 'public'::regnamespace ORDER BY 1"""
    ) == [
        {"relname": name, "reloptions": ["security_invoker=true"]}
        for name in ("v_model_tier_access", "v_tier_model_summary")
    ]


def test_the_table_has_the_columns_types_defaults_and_constraints_of_the_contract(
    shop: Database,
) -> None:
    columns = shop.rows(
        """SELECT attname, format_type(atttypid, atttypmod) AS type, attnotnull,
               pg_get_expr(adbin, adrelid) AS preset
           FROM pg_attribute LEFT JOIN pg_attrdef ON adrelid = attrelid AND adnum = attnum
           WHERE attrelid = 'public.tier_model_access'::regclass AND attnum > 0 ORDER BY attnum"""
    )
    assert [tuple(row.values()) for row in columns] == [
        ("id", "integer", True, "nextval('tier_model_access_id_seq'::regclass)"),
        ("tier_id", "integer", True, None),
        ("model_id", "uuid", True, None),
        ("enabled", "boolean", True, "true"),
        ("markup_multiplier", "numeric(4,2)", True, "1.0"),
        ("created_at", "timestamp without time zone", True, "now()"),
        ("updated_at", "timestamp without time zone", True, "now()"),
    ]
    constraints = shop.rows(
        """SELECT conname, pg_get_constraintdef(oid) AS is, convalidated FROM pg_constraint
           WHERE conrelid = 'public.tier_model_access'::regclass AND contype <> 'n'"""
    )
    assert {row["conname"]: row["is"] for row in constraints} == {
        "tier_model_access_pkey": "PRIMARY KEY (id)",
        "unique_tier_model": "UNIQUE (tier_id, model_id)",
        "fk_tier_model_tier": "FOREIGN KEY (tier_id)"
        " REFERENCES subscription_tiers(id) ON DELETE CASCADE",
        "fk_tier_model_model": "FOREIGN KEY (model_id)"
        " REFERENCES model_access_control(id) ON DELETE CASCADE",
    }  # fmt: skip
    assert all(row["convalidated"] for row in constraints)
    indexes = shop.rows(
        """SELECT indexrelid::regclass::text AS name, pg_get_indexdef(indexrelid) AS is
           FROM pg_index WHERE indrelid = 'public.tier_model_access'::regclass
           AND indisvalid AND NOT indisprimary"""
    )
    assert {row["name"]: row["is"].partition(" USING ")[2] for row in indexes} == {
        "unique_tier_model": "btree (tier_id, model_id)",
        "idx_tier_model_tier_id": "btree (tier_id)",
        "idx_tier_model_model_id": "btree (model_id)",
        "idx_tier_model_enabled": "btree (enabled) WHERE enabled",
        "idx_tier_model_lookup": "btree (tier_id, model_id, enabled)",
    }
    assert shop.value("SELECT pg_get_serial_sequence('public.tier_model_access', 'id')") == (
        "public.tier_model_access_id_seq"
    )


def test_an_update_of_a_grant_moves_updated_at_and_not_created_at(shop: Database) -> None:
    shop.rows("ALTER TABLE public.tier_model_access DISABLE TRIGGER USER")
    shop.rows(
        "UPDATE public.tier_model_access SET updated_at = '2020-01-01', created_at = '2020-01-01'"
    )
    shop.rows("ALTER TABLE public.tier_model_access ENABLE TRIGGER USER")
    shop.rows("UPDATE public.tier_model_access SET markup_multiplier = 2 WHERE tier_id = 1")
    moved = shop.rows(
        """SELECT DISTINCT tier_id, updated_at > '2021-01-01' AS moved,
               created_at = '2020-01-01' AS kept
           FROM public.tier_model_access ORDER BY 1"""
    )
    assert [tuple(row.values()) for row in moved] == [(1, True, True), (2, False, True)]


def test_deleting_a_tier_or_a_model_deletes_its_grants(shop: Database) -> None:
    shop.rows("DELETE FROM public.subscription_tiers WHERE tier_code = 'pro'")
    shop.rows("DELETE FROM public.model_access_control WHERE model_id = 'plain'")
    assert {tier for _, tier, _ in shop.grants()} == {"free"}
    assert "plain" not in {model for model, _, _ in shop.grants()}


def test_the_view_multiplies_number_prices_and_passes_everything_else_through(
    shop: Database,
) -> None:
    rows = shop.rows("SELECT * FROM public.v_model_tier_access ORDER BY model_identifier, tier_id")
    assert list(rows[0]) == [
        "model_id", "model_identifier", "provider", "display_name", "base_pricing", "tier_id",
        "tier_code", "tier_name", "markup_multiplier", "enabled", "effective_pricing",
        "created_at", "updated_at",
    ]  # fmt: skip
    assert {row["enabled"] for row in rows} == {True}
    # the disabled model, the disabled grant and the model without access are left out
    assert {row["model_identifier"] for row in rows} == {*ODD_PRICES, "granted off"}
    assert [r["tier_code"] for r in rows if r["model_identifier"] == "granted off"] == ["free"]
    texts = shop.rows(
        """SELECT model_identifier AS model, effective_pricing::text AS price
           FROM public.v_model_tier_access WHERE tier_code = 'pro'"""
    )
    priced = {
        row["model"]: row["price"] and json.loads(row["price"], parse_float=Decimal)
        for row in texts
    }
    assert priced == {
        "plain": {
            "input_per_1k": Decimal("0.00375"),
            "output_per_1k": Decimal("0.01875"),
            "currency": "USD",
            "batch": [1],
        },
        "no output": {"input_per_1k": Decimal("2.5")},
        "text": ODD_PRICES["text"],
        "not an object": [1, 2],
        "null": None,
        "tiny": {"input_per_1k": Decimal("0.00000000015"), "output_per_1k": Decimal("1.25e20")},
    }


def test_the_summary_counts_what_the_view_offers_and_shows_empty_tiers(shop: Database) -> None:
    rows = shop.rows("SELECT * FROM public.v_tier_model_summary ORDER BY sort_order")
    assert [tuple(row.values()) for row in rows] == [
        ("free", "Free", 1, 7, 2, Decimal("1.00"), Decimal("1.00")),
        ("pro", "Pro", 2, 6, 1, Decimal("1.25"), Decimal("1.25")),
        ("empty", "Empty", 3, 0, 0, None, None),
    ]
    assert list(rows[0]) == [
        "tier_code", "tier_name", "sort_order", "model_count", "providers", "min_markup",
        "max_markup",
    ]  # fmt: skip


def test_the_functions_have_their_signatures_are_stable_and_keep_their_search_path(
    shop: Database,
) -> None:
    rows = shop.rows(
        """SELECT proname, pg_get_function_arguments(oid) AS takes,
               pg_get_function_result(oid) AS gives, provolatile::text AS volatility,
               proconfig, prosecdef
           FROM pg_proc WHERE pronamespace = 'public'::regnamespace
           AND proname IN ('get_models_for_tier', 'is_model_available_for_tier') ORDER BY 1"""
    )
    assert [(row["proname"], row["takes"], row["gives"]) for row in rows] == [
        (
            "get_models_for_tier",
            "p_tier_code character varying",
            "TABLE(model_id uuid, model_identifier character varying, provider character varying,"
            " display_name character varying, markup_multiplier numeric, effective_pricing jsonb)",
        ),
        (
            "is_model_available_for_tier",
            "p_model_id uuid, p_tier_code character varying",
            "boolean",
        ),
    ]
    for row in rows:
        assert (row["volatility"], row["prosecdef"]) == ("s", False)
        assert row["proconfig"] == ["search_path=pg_catalog, pg_temp"]


def test_an_application_with_any_search_path_gets_the_answers_of_the_old_query(
    shop: Database,
) -> None:
    shop.rows("UPDATE public.tier_model_access SET enabled = true")
    shop.rows("CREATE ROLE app_of_contract_test LOGIN")
    shop.rows("GRANT SELECT ON ALL TABLES IN SCHEMA public TO app_of_contract_test")
    try:
        with psycopg.connect(shop.dsn, autocommit=True) as connection:
            for hostile in HOSTILE:
                connection.execute(hostile)
            connection.execute("SET SESSION AUTHORIZATION app_of_contract_test")
            for path in ("hostile, pg_temp, public, pg_catalog", "pg_temp", ""):
                connection.execute("SELECT pg_catalog.set_config('search_path', %s, false)", [path])
                for tier in ("free", "pro", "empty", "no such tier"):
                    old = _column(connection, OLD_QUERY, tier)
                    assert _column(connection, VIEW_QUERY, tier) == old
                    assert _column(connection, FUNCTION_QUERY, tier) == old
                    assert _column(connection, AVAILABLE_QUERY, tier) == old
                    assert bool(old) == (tier in ("free", "pro"))
            with pytest.raises(psycopg.errors.InsufficientPrivilege):
                connection.execute("DELETE FROM public.tier_model_access")
    finally:
        shop.rows("DROP OWNED BY app_of_contract_test")
        shop.rows("DROP ROLE app_of_contract_test")


# what a session could put in front of our names, and of the catalogue's
HOSTILE: tuple[LiteralString, ...] = (
    "CREATE SCHEMA hostile",
    "CREATE TABLE hostile.tier_model_access (nothing int)",
    "CREATE TABLE hostile.subscription_tiers (nothing int)",
    "CREATE FUNCTION hostile.eq(uuid, uuid) RETURNS boolean LANGUAGE sql RETURN false",
    "CREATE OPERATOR hostile.= (FUNCTION = hostile.eq, LEFTARG = uuid, RIGHTARG = uuid)",
    "CREATE FUNCTION hostile.jsonb_typeof(jsonb) RETURNS text LANGUAGE sql RETURN 'hostile'",
    "GRANT USAGE ON SCHEMA hostile TO app_of_contract_test",
    "CREATE TEMPORARY TABLE model_access_control (nothing int)",
)
OLD_QUERY = (
    "SELECT model_id FROM public.model_access_control WHERE enabled AND tier_access ? %s ORDER BY 1"
)
VIEW_QUERY = (
    "SELECT model_identifier FROM public.v_model_tier_access WHERE tier_code = %s ORDER BY 1"
)
FUNCTION_QUERY = "SELECT model_identifier FROM public.get_models_for_tier(%s) ORDER BY 1"
AVAILABLE_QUERY = """SELECT model_id FROM public.model_access_control
    WHERE public.is_model_available_for_tier(id, %s) ORDER BY 1"""


def _column(
    connection: psycopg.Connection, query: LiteralString, *parameters: object
) -> list[object]:
    return [row[0] for row in connection.execute(query, parameters)]
