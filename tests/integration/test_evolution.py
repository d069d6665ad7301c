"""The schema evolves around a migration: tiers come, go and change their names, models go."""

from __future__ import annotations

import psycopg
import pytest
from support.database import Database
from support.life import OPTIONS, Call, finalize, open_shop, values

WRITE = "UPDATE public.model_access_control SET tier_access = %s::jsonb WHERE model_id = %s"
NO_PUBLISHING = (
    """CREATE FUNCTION public.no_publishing() RETURNS event_trigger LANGUAGE plpgsql AS $$ BEGIN
       IF current_query() LIKE '%SET SCHEMA%' THEN RAISE EXCEPTION 'not today'; END IF; END $$""",
    """CREATE EVENT TRIGGER no_publishing ON ddl_command_start WHEN TAG IN ('ALTER TABLE')
       EXECUTE FUNCTION public.no_publishing()""",
)


@pytest.fixture
def shop(database: Database, tierflow: Call) -> Database:
    return open_shop(database, tierflow)


def assert_at_peace(tierflow: Call) -> None:
    """Nothing to decide, nothing to repair, and every check passes."""
    plan = tierflow("plan").value
    assert (plan["state"], plan["needs_decision"]) == ("migrated", False)
    assert tierflow("reconcile", "--from", "jsonb", "--dry-run").value["changes"] == []
    assert tierflow("verify").value["ok"]


def test_a_renamed_tier_keeps_its_old_code_in_every_command(shop: Database, tierflow: Call) -> None:
    before = values(shop)
    shop.rows("UPDATE public.subscription_tiers SET tier_code = 'gold' WHERE tier_code = 'vip'")
    assert_at_peace(tierflow)
    shop.rows(WRITE, '["gold"]', "empty")
    assert ("empty", "gold", "1.00") in shop.grants()
    assert tierflow("migrate").value["outcome"] in ("unchanged", "reconciled")
    assert values(shop)["kept"] == before["kept"]
    assert tierflow("rollback").code == 0
    assert values(shop)["kept"][:2] == before["kept"][:2]
    # whoever migrates again must say what the old code means now
    told = tierflow("plan", *OPTIONS)
    assert [case["code"] for case in told.value["unknown_tiers"]] == ["vip"]


def test_an_added_tier_is_its_own_code(shop: Database, tierflow: Call) -> None:
    shop.rows("INSERT INTO public.subscription_tiers VALUES (9, 'team', 'Team', true, 9)")
    shop.rows(WRITE, '["team"]', "empty")
    assert ("empty", "team", "1.00") in shop.grants()
    assert_at_peace(tierflow)
    assert tierflow("rollback").code == 0
    assert values(shop)["empty"][0] == '["team"]'


def test_the_codes_of_a_deleted_tier_leave_and_only_the_snapshot_has_them(
    shop: Database, tierflow: Call
) -> None:
    before = values(shop)
    shop.rows("DELETE FROM public.subscription_tiers WHERE tier_code = 'vip'")
    assert values(shop)["plain"][0] == "[]"
    assert_at_peace(tierflow)
    seen = tierflow("rollback", "--restore-snapshot", "--dry-run").value["changes"]
    assert {change["model"] for change in seen} == {"kept", "plain"}
    assert tierflow("rollback", "--restore-snapshot").code == 0
    assert values(shop)["plain"][:2] == before["plain"][:2]
    told = tierflow("plan", *OPTIONS)
    assert (told.code, [case["code"] for case in told.value["unknown_tiers"]]) == (2, ["vip"])


def test_a_deleted_model_is_gone_on_both_sides_and_no_way_back_revives_it(
    shop: Database, tierflow: Call
) -> None:
    shop.rows("DELETE FROM public.model_access_control WHERE model_id IN ('plain', 'broken')")
    assert_at_peace(tierflow)
    archive = finalize(shop, tierflow)
    shop.rows("DELETE FROM public.model_access_control WHERE model_id = 'kept'")
    told = tierflow("restore", str(archive))
    assert (told.code, told.value["deleted"]) == (0, 1), told.stderr
    assert not {"plain", "broken", "kept"} & set(values(shop))
    assert_at_peace(tierflow)


def test_a_deleted_tier_is_a_newer_write_for_the_archive(shop: Database, tierflow: Call) -> None:
    archive = finalize(shop, tierflow)
    shop.rows("DELETE FROM public.subscription_tiers WHERE tier_code = 'vip'")
    told = tierflow("restore", str(archive), "--dry-run")
    assert (told.code, told.value["newer"]) == (0, 0)
    # its code means nothing any more: it comes back in the JSONB, and is quarantined
    assert tierflow("restore", str(archive)).code == 0
    assert values(shop)["plain"][0] == '["vip"]'
    assert tierflow("verify").value["ok"]
    told = tierflow("plan")
    assert [case["code"] for case in told.value["unknown_tiers"]] == ["vip"]


def test_a_new_tier_map_begins_an_unfinished_build_anew(database: Database, tierflow: Call) -> None:
    database.add_tiers("free", "pro", "vip")
    database.add_models([("one", ["old"], None), ("two", ["free"], None)])
    for statement in NO_PUBLISHING:
        database.rows(statement)
    assert tierflow("migrate", "--tier-map", "old=pro").code == 2
    assert tierflow("plan").value["state"] == "partial"
    database.rows("DROP EVENT TRIGGER no_publishing")
    told = tierflow("migrate", "--tier-map", "old=vip")
    assert (told.code, told.value["outcome"]) == (0, "published"), told.stderr
    assert database.grants() == {("one", "vip", "1.00"), ("two", "free", "1.00")}


def test_a_new_tier_map_of_a_migrated_database_repairs_the_grants(
    shop: Database, tierflow: Call
) -> None:
    before = values(shop)
    told = tierflow("migrate", "--tier-map", "old=vip", "--markup-conflict", "lowest")
    assert (told.code, told.value["outcome"]) == (0, "reconciled"), told.stderr
    assert {grant for grant in shop.grants() if grant[0] == "kept"} == {
        ("kept", "free", "1.00"), ("kept", "vip", "1.50"),
    }  # fmt: skip
    assert values(shop) == before
    assert_at_peace(tierflow)


def test_a_renamed_column_stops_writes_until_it_has_its_name_back(shop: Database) -> None:
    """The page says not to: docs/reference.md, When the schema changes around a migration."""
    rename = "ALTER TABLE public.model_access_control RENAME COLUMN {} TO {}"
    shop.rows(rename.format("tier_access", "access"))
    with pytest.raises(psycopg.errors.UndefinedColumn, match='record "new" has no field'):
        shop.rows("UPDATE public.model_access_control SET access = '[\"vip\"]'")
    shop.rows(rename.format("access", "tier_access"))
    shop.rows(WRITE, '["vip"]', "empty")
    assert ("empty", "vip", "1.00") in shop.grants()
