"""A tool that changes a schema online puts a copy in a table's place by renaming both."""

from __future__ import annotations

import subprocess
from collections.abc import Callable

import pytest
from support.database import Database, Told
from support.reuse import fill_once
from support.surroundings import database_name

from sql import FOLDER

Call = Callable[..., Told]
TABLES = ("model_access_control", "subscription_tiers", "tier_model_access")
SLOW = pytest.mark.slow
HOW = ("set aside", "keys moved along", "dropped")
MODELS = [
    ("a", ["free", "old"], {"free": 1, "old": 1.5}),
    ("b", ["vip"], {"vip": 2.25}),
    ("c", ["nobody"], None),
    ("d", None, None),
]
OPTIONS = (
    "--tier-map", "old=pro", "--unknown-tiers", "quarantine", "--min-coverage", "0",
)  # fmt: skip
KEYS = {
    "model_access_control": ("fk_tier_model_model", "model_id"),
    "subscription_tiers": ("fk_tier_model_tier", "tier_id"),
}
OUR_TRIGGERS = """SELECT count(*) FROM pg_trigger
    WHERE tgname LIKE 'tierflow%%' AND tgrelid = to_regclass(%s)"""

PRIVILEGES = """SELECT class.relname AS name, '' AS part, acl.* FROM pg_class AS class
    CROSS JOIN LATERAL aclexplode(class.relacl) AS acl WHERE class.relname LIKE 'v\\_%'
    UNION ALL
    SELECT class.relname, attname, acl.* FROM pg_class AS class
    JOIN pg_attribute ON attrelid = class.oid
    CROSS JOIN LATERAL aclexplode(attacl) AS acl WHERE class.relname LIKE 'v\\_%'
    UNION ALL
    SELECT proname, '', acl.* FROM pg_proc
    CROSS JOIN LATERAL aclexplode(proacl) AS acl WHERE proname = 'get_models_for_tier'
    ORDER BY 1, 2, 4, 5"""


@pytest.fixture
def shop(database: Database, tierflow: Call) -> Database:
    """A migrated shop, whose sides are the same."""

    def fill() -> None:
        database.add_tiers("free", "pro", "vip")
        database.add_models(MODELS)
        told = tierflow("migrate", *OPTIONS)
        assert told.code == 0, told.stderr

    return fill_once(database, __name__, fill)


def swap(database: Database, table: str, how: str, change: str = "") -> None:
    """Put a copy of a table in its place, as pg-osc and its like do."""
    statements = [
        f"CREATE TABLE public.{table}_new (LIKE public.{table} INCLUDING ALL)",
        change.format(table=f"public.{table}_new"),
        f"INSERT INTO public.{table}_new SELECT * FROM public.{table}",
    ]
    if how != "set aside" and table in KEYS:
        key, column = KEYS[table]
        statements.append(
            f"""ALTER TABLE public.tier_model_access DROP CONSTRAINT {key},
                ADD CONSTRAINT {key} FOREIGN KEY ({column}) REFERENCES public.{table}_new (id)
                ON UPDATE CASCADE ON DELETE CASCADE"""
        )
    statements += [
        f"ALTER TABLE public.{table} RENAME TO {table}_old",
        f"ALTER TABLE public.{table}_new RENAME TO {table}",
    ]
    if how == "dropped":
        if table == "tier_model_access":
            owned = f"public.{table}_id_seq OWNED BY public.{table}.id"
            statements.append(f"ALTER SEQUENCE {owned}")
        statements.append(f"DROP TABLE public.{table}_old CASCADE")
    database.rows("; ".join(filter(None, statements)))


def assert_both_sides_follow(database: Database) -> None:
    database.rows(
        """UPDATE public.model_access_control SET tier_access = '["free", "vip"]',
           tier_markup = '{"vip": 7}' WHERE model_id = 'd'"""
    )
    assert {("d", "free", "1.00"), ("d", "vip", "7.00")} <= database.grants()
    database.rows("UPDATE public.tier_model_access SET markup_multiplier = 3 WHERE tier_id = 3")
    database.rows(
        """INSERT INTO public.tier_model_access (tier_id, model_id)
           SELECT 1, id FROM public.model_access_control WHERE model_id = 'b'"""
    )
    markups = database.rows(
        """SELECT model_id, tier_access::text AS access, tier_markup::text AS markup
           FROM public.model_access_control WHERE model_id IN ('b', 'd') ORDER BY model_id"""
    )
    assert [tuple(row.values()) for row in markups] == [
        ("b", '["vip", "free"]', '{"vip": 3.00}'),
        ("d", '["free", "vip"]', '{"vip": 3.00}'),
    ]
    database.rows("UPDATE public.subscription_tiers SET tier_code = 'gold' WHERE id = 3")
    assert ("b", "gold", "3.00") in database.grants()
    database.rows("DELETE FROM public.subscription_tiers WHERE id = 2")
    database.rows("DELETE FROM public.model_access_control WHERE model_id = 'b'")
    assert {grant[:2] for grant in database.grants()} == {
        ("a", "free"), ("d", "free"), ("d", "gold"),
    }  # fmt: skip


@pytest.mark.parametrize("how", [HOW[0], *(pytest.param(how, marks=SLOW) for how in HOW[1:])])
@pytest.mark.parametrize("table", TABLES)
def test_a_swapped_table_is_named_and_migrate_takes_it_up_again(
    shop: Database, tierflow: Call, table: str, how: str
) -> None:
    swap(shop, table, how)
    now = "is gone" if how == "dropped" else f"is public.{table}_old now"
    named = f"{table} is not the table that was migrated: that one {now}"
    for command in (("verify",), ("verify", "--quick")):
        told = tierflow(*command)
        assert told.code == 1
        assert named in told.stderr
    told = tierflow("plan")
    assert told.code == 0, told.stderr
    (note,) = [note for note in told.value["notes"] if named in note]
    assert "tierflow migrate" in note
    back = tierflow("rollback")
    assert back.code == 2
    assert named in back.stderr
    assert told.value["obstacles"] == []
    told = tierflow("migrate")
    assert (told.code, told.value["outcome"]) == (0, "reconciled"), told.stderr
    told = tierflow("verify")
    assert (told.code, len(told.value["checks"])) == (0, 8), told.stderr
    assert tierflow("plan").value["will_create"] == []
    assert shop.value(OUR_TRIGGERS, f"public.{table}_old") == 0
    assert_both_sides_follow(shop)
    told = tierflow("verify")
    assert told.code == 0, told.stderr
    told = tierflow("rollback")
    assert told.code == 0, told.stderr
    if how != "dropped":
        # nothing of ours holds on to it
        shop.rows(f"DROP TABLE public.{table}_old")


@pytest.mark.parametrize("table", TABLES)
def test_the_side_that_was_written_meanwhile_can_be_the_one_that_counts(
    shop: Database, tierflow: Call, table: str
) -> None:
    swap(shop, table, "set aside")
    # what the new application revoked has not reached the JSONB of the table that is there now
    shop.past_sync("DELETE FROM public.tier_model_access WHERE tier_id = 2")
    before = shop.dump_without_ledger()
    looked = tierflow("reconcile", "--from", "junction", "--dry-run")
    assert looked.code == 0, looked.stderr
    assert looked.value["changes"]
    assert shop.dump_without_ledger() == before
    done = tierflow("reconcile", "--from", "junction")
    assert done.code == 0, done.stderr
    assert done.value["changes"] == looked.value["changes"]
    access = "SELECT tier_access FROM public.model_access_control WHERE model_id = 'a'"
    assert shop.value(access) == ["free"]
    told = tierflow("verify")
    assert told.code == 0, told.stderr
    assert tierflow("plan").value["will_create"] == []
    assert_both_sides_follow(shop)


def test_the_scripts_name_a_swapped_table_and_change_nothing(shop: Database) -> None:
    swap(shop, "model_access_control", "keys moved along")
    before = shop.dump()
    named = "model_access_control is not the table that was migrated: that one is"
    for script in ("migrate_to_dynamic_tiers", "rollback_dynamic_tiers", "verify_migration"):
        command = [shop.bindir / "psql", "-X", "-d", shop.dsn, "-f", FOLDER / f"{script}.sql"]
        told = subprocess.run(command, capture_output=True, text=True, check=False)
        assert told.returncode == 3
        assert f"{named} public.model_access_control_old now" in told.stdout + told.stderr
    assert shop.dump() == before


def test_a_table_of_the_same_name_in_another_schema_is_nobody_s_copy(
    shop: Database, tierflow: Call
) -> None:
    shop.rows("CREATE SCHEMA tenant")
    for table in ("model_access_control", "subscription_tiers"):
        shop.rows(f"CREATE TABLE tenant.{table} (LIKE public.{table} INCLUDING ALL)")
    told = tierflow("plan", "--schema", "tenant")
    assert "is not the table that was migrated" not in str(told.value)
    assert tierflow("verify").code == 0


def test_a_column_of_another_type_is_taken_up_and_nobody_loses_a_privilege(
    shop: Database, tierflow: Call
) -> None:
    reader = f"reader_{database_name(shop)}"
    for statement in (
        f"CREATE ROLE {reader}",
        f"GRANT SELECT ON public.v_model_tier_access TO {reader} WITH GRANT OPTION",
        f"GRANT SELECT (tier_code) ON public.v_tier_model_summary TO {reader}",
        "GRANT SELECT ON public.v_tier_model_summary TO PUBLIC",
        "REVOKE ALL ON FUNCTION public.get_models_for_tier FROM PUBLIC",
        f"GRANT EXECUTE ON FUNCTION public.get_models_for_tier TO {reader}",
    ):
        shop.rows(statement)
    before = shop.rows(PRIVILEGES)
    swap(
        shop, "model_access_control", "set aside",
        "ALTER TABLE {table} ALTER COLUMN provider TYPE text, ALTER COLUMN model_id TYPE text",
    )  # fmt: skip
    told = tierflow("migrate")
    assert told.code == 0, told.stderr
    assert shop.rows(PRIVILEGES) == before
    assert len(before) > 5
    assert tierflow("verify").code == 0
    assert_both_sides_follow(shop)


def test_a_view_of_the_application_on_one_of_ours_is_named_and_nothing_changes(
    shop: Database, tierflow: Call
) -> None:
    shop.rows("CREATE VIEW public.mine AS SELECT provider FROM public.v_model_tier_access")
    swap(
        shop, "model_access_control", "set aside",
        "ALTER TABLE {table} ALTER COLUMN provider TYPE text",
    )  # fmt: skip
    before = shop.dump_without_ledger()
    told = tierflow("migrate")
    assert told.code == 2
    assert "view public.mine depends on view public.v_model_tier_access" in told.stderr
    assert shop.dump_without_ledger() == before
