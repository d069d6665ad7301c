"""Drift: what somebody changed on one side is seen by verify and repaired by migrate, exactly."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from support.database import Database, Told, model_uuid
from support.reuse import fill_once

SEQUENCE = "SELECT last_value FROM public.tier_model_access_id_seq"
OPTIONS = ("--tier-map", "old=pro", "--write-code", "pro=old", "--min-coverage", "0.1")


@pytest.fixture
def shop(database: Database, tierflow: Callable[..., Told]) -> Database:
    """A published migration of two tiers, one of them under a legacy code too."""

    def fill() -> None:
        add_source(database)
        told = tierflow("migrate", *OPTIONS)
        assert told.code == 0, told.stderr

    return fill_once(database, __name__, fill)


def add_source(database: Database) -> None:
    database.add_tiers("free", "pro")
    database.add_models(
        [
            ("both", ["free", "pro"], {"free": 1, "pro": 1.5}),
            ("legacy", ["old"], {"old": 2}),
            ("one", ["free"], {"free": 1.25}),
            ("none", None, None),
        ]
    )


def change_junction(database: Database, statement: str, model: str) -> None:
    database.past_sync(f"{statement} WHERE model_id = '{model_uuid(model)}'")


def changes_of(told: Told) -> set[tuple[str, str, str, float | None, float | None]]:
    return {
        (c["model"], c["tier"], c["change"], c["found"], c["wanted"]) for c in told.value["changes"]
    }


def test_edited_jsonb_is_named_by_verify_and_reconciled_once(
    shop: Database, tierflow: Callable[..., Told]
) -> None:
    shop.past_sync("""UPDATE public.model_access_control
                      SET tier_access = '["pro"]', tier_markup = '{"pro": 3}'
                      WHERE model_id IN ('both', 'none')""")
    verified = tierflow("verify")
    assert verified.code == 1
    assert verified.value["parity"] == {"missing": 1, "extra": 1, "wrong_markup": 1}
    figure = verified.value["checks"][-1]["figure"]
    assert all(pair in figure for pair in ("none / pro", "both / free", "both / pro"))
    wanted = {
        ("both", "free", "deleted", 1.0, None),
        ("both", "pro", "updated", 1.5, 3.0),
        ("none", "pro", "inserted", None, 3.0),
    }

    drifted = shop.dump()
    sequence = shop.value(SEQUENCE)
    rehearsed = tierflow("migrate", "--dry-run")
    assert (rehearsed.code, rehearsed.value["outcome"]) == (0, "dry_run"), rehearsed.stderr
    assert changes_of(rehearsed) == wanted
    assert [rehearsed.value[k] for k in ("inserted", "updated", "deleted")] == [1, 1, 1]
    assert shop.dump() == drifted
    assert shop.value(SEQUENCE) == sequence

    told = tierflow("migrate")
    assert (told.code, told.value["outcome"]) == (0, "reconciled"), told.stderr
    assert changes_of(told) == wanted
    assert [told.value[k] for k in ("inserted", "updated", "deleted")] == [1, 1, 1]
    assert shop.grants() == {
        ("both", "pro", "3.00"),
        ("none", "pro", "3.00"),
        ("legacy", "pro", "2.00"),
        ("one", "free", "1.25"),
    }
    reconciled = shop.dump("--exclude-schema=tierflow")
    told = tierflow("migrate")
    assert (told.code, told.value["outcome"], told.value["changes"]) == (0, "unchanged", [])
    # as it lies on disk, not only as a set of rows: nothing was written
    assert shop.dump("--exclude-schema=tierflow") == reconciled


def test_an_edited_junction_table_is_named_by_verify_and_reconciled(
    shop: Database, tierflow: Callable[..., Told]
) -> None:
    change_junction(shop, "DELETE FROM public.tier_model_access", "one")
    change_junction(shop, "UPDATE public.tier_model_access SET markup_multiplier = 9", "legacy")
    change_junction(shop, "UPDATE public.tier_model_access SET enabled = tier_id <> 1", "both")
    shop.past_sync(
        "INSERT INTO public.tier_model_access (tier_id, model_id) VALUES (1, %s)",
        model_uuid("none"),
    )
    verified = tierflow("verify")
    assert verified.code == 1
    assert verified.value["parity"] == {"missing": 2, "extra": 1, "wrong_markup": 1}

    told = tierflow("migrate")
    assert (told.code, told.value["outcome"]) == (0, "reconciled"), told.stderr
    assert changes_of(told) == {
        ("one", "free", "inserted", None, 1.25),
        ("legacy", "pro", "updated", 9.0, 2.0),
        ("both", "free", "updated", None, 1.0),
        ("none", "free", "deleted", 1.0, None),
    }


@pytest.mark.parametrize(
    "statements",
    [
        ("DROP INDEX public.idx_tier_model_enabled", "DROP VIEW public.v_tier_model_summary"),
        (
            "ALTER TABLE public.tier_model_access DROP CONSTRAINT unique_tier_model",
            "ALTER TABLE public.tier_model_access DROP CONSTRAINT fk_tier_model_tier",
            "ALTER TABLE public.tier_model_access DROP CONSTRAINT fk_tier_model_model",
            # what the keys would not have let in
            "INSERT INTO public.tier_model_access (tier_id, model_id, markup_multiplier)"
            " SELECT tier_id, model_id, 7 FROM public.tier_model_access",
            "INSERT INTO public.tier_model_access (tier_id, model_id, enabled)"
            " VALUES (77, gen_random_uuid(), false), (1, gen_random_uuid(), true)",
        ),
        (
            "DROP VIEW public.v_model_tier_access CASCADE",
            "DROP FUNCTION public.is_model_available_for_tier",
            "DROP FUNCTION public.touch_tier_model_access CASCADE",
        ),
        ("ALTER TABLE public.tier_model_access DISABLE TRIGGER touch_tier_model_access",),
        ("ALTER TABLE public.model_access_control DISABLE TRIGGER tierflow_sync_models_write",),
        ("DROP FUNCTION tierflow.sync_tiers CASCADE",),
        ("ALTER VIEW public.v_model_tier_access RESET (security_invoker)",),
    ],
    ids=[
        "index and view",
        "keys",
        "layer",
        "disabled trigger",
        "disabled sync",
        "sync",
        "a view's option",
    ],
)
def test_a_dropped_part_is_restored_and_what_it_would_have_refused_is_removed(
    shop: Database, tierflow: Callable[..., Told], statements: tuple[str, ...]
) -> None:
    published = shop.dump_without_ledger("--schema-only")
    grants = shop.grants()
    for statement in statements:
        shop.past_sync(statement)
    assert shop.dump_without_ledger("--schema-only") != published
    told = tierflow("migrate")
    assert (told.code, told.value["outcome"]) == (0, "reconciled"), told.stderr
    assert shop.dump_without_ledger("--schema-only") == published
    assert shop.grants() == grants
    assert shop.value("SELECT count(*) FROM public.tier_model_access") == len(grants)


def test_the_decisions_of_a_run_are_in_force_until_others_are_given(
    shop: Database, tierflow: Callable[..., Told]
) -> None:
    planned = tierflow("plan")
    assert (planned.code, planned.value["unknown_tiers"]) == (0, [])
    assert planned.value["write_codes"] == {"free": "free", "pro": "old"}
    shop.rows("""UPDATE public.model_access_control SET tier_access = '["new"]'
                 WHERE model_id = 'none'""")
    drifted = shop.dump("--exclude-schema=tierflow")
    stopped = tierflow("migrate")
    assert stopped.code == 2
    assert shop.dump("--exclude-schema=tierflow") == drifted

    # the second code joins the first; the first moves to another tier
    options = ("--tier-map", "new=free", "--tier-map", "old=free")
    wanted = {
        ("legacy", "free", "inserted", None, 2.0),
        ("legacy", "pro", "deleted", 2.0, None),
        ("none", "free", "inserted", None, 1.0),
    }
    rehearsed = tierflow("migrate", "--dry-run", *options)
    assert rehearsed.code == 0, rehearsed.stderr
    assert changes_of(rehearsed) == wanted
    assert shop.dump("--exclude-schema=tierflow") == drifted
    told = tierflow("migrate", *options)
    assert (told.code, told.value["outcome"]) == (0, "reconciled"), told.stderr
    assert changes_of(told) == wanted
    assert tierflow("plan").value["write_codes"] == {"free": "free", "pro": "pro"}


ADOPTED = """CREATE TABLE public.tier_model_access (
    id serial PRIMARY KEY, tier_id integer NOT NULL, model_id uuid NOT NULL,
    enabled boolean NOT NULL DEFAULT true, markup_multiplier numeric(4,2) NOT NULL DEFAULT 1.00,
    created_at timestamp NOT NULL DEFAULT CURRENT_TIMESTAMP,
    updated_at timestamp NOT NULL DEFAULT CURRENT_TIMESTAMP)"""


@pytest.mark.parametrize("stale", [False, True], ids=["empty", "stale"])
def test_a_table_that_an_earlier_script_left_is_adopted_and_filled(
    database: Database, tierflow: Callable[..., Told], stale: bool
) -> None:
    add_source(database)
    source = database.rows("SELECT *, xmin::text FROM public.subscription_tiers ORDER BY id")
    database.rows(ADOPTED)
    if stale:
        database.rows("CREATE INDEX idx_tier_model_lookup"
                      " ON public.tier_model_access (tier_id, model_id, enabled)")  # fmt: skip
        for tier, model, markup in ((1, "one", 1), (1, "one", 5), (2, "none", 1), (9, "both", 1)):
            database.rows(
                "INSERT INTO public.tier_model_access (tier_id, model_id, markup_multiplier)"
                " VALUES (%s, %s, %s)", tier, model_uuid(model), markup,
            )  # fmt: skip
    before = database.dump()
    sequence = database.value(SEQUENCE)
    assert tierflow("rollback").code == 2  # it is not ours yet
    rehearsed = tierflow("migrate", "--dry-run", *OPTIONS)
    assert rehearsed.code == 0, rehearsed.stderr
    assert database.dump() == before
    assert database.value(SEQUENCE) == sequence

    told = tierflow("migrate", *OPTIONS)
    assert (told.code, told.value["outcome"]) == (0, "reconciled"), told.stderr
    assert changes_of(told) == changes_of(rehearsed)
    assert told.value["deleted"] == (3 if stale else 0)
    assert database.grants() == {
        ("both", "free", "1.00"),
        ("both", "pro", "1.50"),
        ("legacy", "pro", "2.00"),
        ("one", "free", "1.25"),
    }
    assert tierflow("plan").value["state"] == "migrated"
    assert (
        database.rows("SELECT *, xmin::text FROM public.subscription_tiers ORDER BY id") == source
    )
