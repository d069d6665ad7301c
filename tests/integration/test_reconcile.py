"""Reconcile: drift is repaired towards the side that is named, and shown first."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from support.database import Database, Told, model_uuid
from support.reuse import fill_once

OPTIONS = ("--tier-map", "old=pro", "--malformed", "quarantine", "--min-coverage", "0")


@pytest.fixture
def drifted(database: Database, tierflow: Callable[..., Told]) -> Database:
    """A published migration of which three grants were written past the sync."""

    def fill() -> None:
        database.add_tiers("free", "pro")
        database.add_models(
            [("a", ["free", "old"], {"old": 2}), ("b", ["old"], None), ("odd", {"x": 1}, None)]
        )
        assert tierflow("migrate", *OPTIONS).code == 0
        database.past_sync("UPDATE public.tier_model_access SET markup_multiplier = 3"
                           " WHERE tier_id = 1")  # fmt: skip
        database.past_sync("DELETE FROM public.tier_model_access WHERE model_id = %s",
                           model_uuid("b"))  # fmt: skip
        database.past_sync("""UPDATE public.model_access_control
            SET tier_access = '["free", "old"]' WHERE model_id = 'b'""")

    return fill_once(database, __name__, fill)


def changes_of(told: Told) -> set[tuple[object, ...]]:
    return {tuple(change.values()) for change in told.value["changes"]}


def test_the_junction_table_follows_the_jsonb(
    drifted: Database, tierflow: Callable[..., Told]
) -> None:
    before = drifted.dump("--exclude-schema=tierflow")
    wanted = {
        ("a", "free", "updated", 3.0, 1.0),
        ("b", "free", "inserted", None, 1.0),
        ("b", "pro", "inserted", None, 1.0),
    }
    shown = tierflow("reconcile", "--from", "jsonb", "--dry-run")
    assert (shown.code, shown.value["outcome"]) == (0, "dry_run"), shown.stderr
    assert changes_of(shown) == wanted
    assert drifted.dump("--exclude-schema=tierflow") == before
    told = tierflow("reconcile", "--from", "jsonb", "--yes")
    assert (told.code, told.value["outcome"]) == (0, "reconciled"), told.stderr
    assert changes_of(told) == wanted
    assert tierflow("verify").code == 0
    again = tierflow("reconcile", "--from", "jsonb", "--yes")
    assert (again.code, again.value["outcome"]) == (0, "unchanged")
    assert tierflow("runs").value[0]["mode"] == "reconcile"


def test_the_jsonb_follows_the_junction_table(
    drifted: Database, tierflow: Callable[..., Told]
) -> None:
    told = tierflow("reconcile", "--from", "junction", "--yes")
    assert (told.code, told.value["outcome"]) == (0, "reconciled"), told.stderr
    assert changes_of(told) == {
        ("a", "free", "updated", 1.0, 3.0),
        ("b", "free", "deleted", 1.0, None),
        ("b", "pro", "deleted", 1.0, None),
    }
    rows = drifted.rows("""SELECT tier_access::text, tier_markup::text
                           FROM public.model_access_control ORDER BY model_id""")
    assert [tuple(row.values()) for row in rows[:2]] == [
        ('["free", "old"]', '{"old": 2, "free": 3.00}'), ("[]", None),
    ]  # fmt: skip
    assert tierflow("verify", "--min-coverage", "0").code == 0


def test_what_the_jsonb_cannot_say_is_named(
    drifted: Database, tierflow: Callable[..., Told]
) -> None:
    drifted.past_sync("INSERT INTO public.tier_model_access (tier_id, model_id) VALUES (1, %s)",
                      model_uuid("odd"))  # fmt: skip
    told = tierflow("reconcile", "--from", "junction", "--yes")
    assert told.code == 1
    assert "odd / free" in told.stderr
    assert tierflow("reconcile", "--from", "jsonb", "--yes").code == 0
    assert tierflow("verify", "--min-coverage", "0").code == 0


@pytest.mark.parametrize("side", ["jsonb", "junction"])
def test_grants_without_a_model_or_tier_go_whichever_side_is_named(
    drifted: Database, tierflow: Callable[..., Told], side: str
) -> None:
    assert tierflow("reconcile", "--from", side, "--yes").code == 0
    source = drifted.rows("SELECT tier_access::text FROM public.model_access_control ORDER BY id")
    drifted.past_sync("""INSERT INTO public.model_access_control (id, model_id, enabled)
                         VALUES ('00000000-0000-0000-0000-00000000000a', 'gone', true)""")
    drifted.past_sync("INSERT INTO public.subscription_tiers (id, tier_code) VALUES (9, 'gone')")
    drifted.past_sync("""INSERT INTO public.tier_model_access (tier_id, model_id, enabled)
        SELECT 9, id, true FROM public.model_access_control WHERE model_id = 'a'
        UNION ALL
        SELECT tier_id, id, tier_id = 1 FROM public.model_access_control, unnest('{1, 2}'::int[])
            AS tier_id WHERE model_id = 'gone'""")
    drifted.past_sync("""SET session_replication_role = replica;
        DELETE FROM public.model_access_control WHERE model_id = 'gone';
        DELETE FROM public.subscription_tiers WHERE id = 9""")
    gone = "00000000-0000-0000-0000-00000000000a (no such model)"
    orphans = (f"{gone} / free", "a / 9 (no such tier)")
    quick = tierflow("verify", "--quick")
    assert quick.code == 1
    assert all(orphan in quick.value["checks"][0]["figure"] for orphan in orphans)
    for options in (("--dry-run",), ("--yes",)):
        told = tierflow("reconcile", "--from", side, *options)
        assert told.code == 0, told.stderr
        changes = {(f"{c['model']} / {c['tier']}", c["change"]) for c in told.value["changes"]}
        assert changes == {(orphan, "deleted") for orphan in (*orphans, f"{gone} / pro")}
    assert told.value["outcome"] == "reconciled"
    assert tierflow("verify", "--quick").code == 0
    assert tierflow("verify", "--min-coverage", "0").code == 0
    after = drifted.rows("SELECT tier_access::text FROM public.model_access_control ORDER BY id")
    assert after == source


def test_without_the_sync_there_is_nothing_to_repair_with(
    drifted: Database, tierflow: Callable[..., Told]
) -> None:
    drifted.rows("DROP FUNCTION tierflow.sync_grants CASCADE")
    told = tierflow("reconcile", "--from", "junction", "--yes")
    assert told.code == 2
    assert "tierflow_sync_grants_insert" in told.stderr
    assert tierflow("migrate").code == 0
    assert tierflow("reconcile", "--from", "junction", "--yes").value["outcome"] == "unchanged"


def test_the_quick_check_names_the_drift_that_the_full_one_names(
    drifted: Database, tierflow: Callable[..., Told]
) -> None:
    before = drifted.dump_without_ledger()
    told = tierflow("verify", "--quick")
    assert told.code == 1
    assert [check["name"] for check in told.value["checks"]] == ["checksum"]
    figure = told.value["checks"][0]["figure"]
    assert "3 grants differ: a / free, b / free, b / pro" in figure
    assert told.value["parity"] == {"missing": 2, "extra": 0, "wrong_markup": 1}
    assert tierflow("verify").value["parity"] == told.value["parity"]
    assert drifted.dump_without_ledger() == before
    tierflow("reconcile", "--from", "junction", "--yes")
    told = tierflow("verify", "--quick")
    assert (told.code, told.value["ok"]) == (0, True), told.stderr
    drifted.rows("DROP TABLE public.tier_model_access CASCADE")
    assert tierflow("verify", "--quick").code == 1


def test_what_the_sync_quarantined_is_named_by_verify_and_fails_nothing(
    drifted: Database, tierflow: Callable[..., Told]
) -> None:
    tierflow("reconcile", "--from", "junction", "--yes")
    drifted.rows("""UPDATE public.model_access_control SET tier_access = '["free", "nobody"]'
                    WHERE model_id = 'a'""")
    told = tierflow("verify", "--min-coverage", "0")
    assert told.code == 0, told.stderr
    figure = told.value["checks"][-1]["figure"]
    assert "1 elements quarantined since the migration: a (unknown_tier)" in figure
    drifted.rows("ALTER TABLE public.subscription_tiers"
                 " DISABLE TRIGGER tierflow_sync_tiers_rename")  # fmt: skip
    told = tierflow("verify", "--min-coverage", "0")
    assert told.code == 1
    assert "trigger tierflow_sync_tiers_rename is not there or disabled" in told.stderr
