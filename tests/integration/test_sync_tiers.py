"""Tiers are renamed, added and deleted beside the sync: the others keep exactly their grants."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import psycopg
import pytest
from support.database import Database, Told, model_uuid
from support.reuse import fill_once

RENAME = "UPDATE public.subscription_tiers SET tier_code = '{1}' WHERE id = {0}"
ADD = "INSERT INTO public.subscription_tiers (id, tier_code, is_active) VALUES ({0}, '{1}', true)"
DELETE = "DELETE FROM public.subscription_tiers WHERE id = {0}"
GRANTS = """SELECT tier_id, model_id::text, enabled, markup_multiplier::text AS markup
    FROM public.tier_model_access ORDER BY 1, 2"""

DRIFT = """SELECT model_id, tier_id FROM tierflow.implied_grant AS implied
    FULL JOIN public.tier_model_access AS access USING (model_id, tier_id)
    WHERE implied.markup_multiplier IS DISTINCT FROM access.markup_multiplier"""


def rename(tier: int, code: str) -> str:
    return RENAME.format(tier, code)


def add(tier: int, code: str) -> str:
    return ADD.format(tier, code)


def delete(tier: int) -> str:
    return DELETE.format(tier)


@pytest.fixture
def shop(database: Database, tierflow: Callable[..., Told]) -> Database:
    """Four tiers, 1 to 4; `old` means pro, `wide` means free and vip."""

    def fill() -> None:
        database.add_tiers("free", "basic", "pro", "vip")
        database.add_models(
            [
                ("all", ["free", "basic", "pro", "vip"], {"free": 1, "basic": 2, "pro": 3}),
                ("basic", ["basic"], {"basic": 1.5}),
                ("pro", ["pro", "basic"], {"pro": 2.5}),
                ("old", ["old", "free"], {"old": 4}),
                ("wide", ["wide", "basic"], {"wide": 1.25}),
                ("bare", '"basic"', None),
                ("pro alone", ["pro"], {"pro": 3.5}),
                ("vip alone", ["vip"], None),
                ("none", None, None),
            ]
        )
        options = ("--tier-map", "old=pro", "--tier-map", "wide=free,vip", "--min-coverage", "0")
        assert tierflow("migrate", *options).code == 0

    return fill_once(database, __name__, fill)


def grants(database: Database, *without: int) -> list[dict[str, Any]]:
    return [row for row in database.rows(GRANTS) if row["tier_id"] not in without]


def access(database: Database, model: str) -> str:
    return database.value(
        "SELECT tier_access::text FROM public.model_access_control WHERE model_id = %s", model
    )


SWAP = (rename(2, "tmp"), rename(3, "basic"), rename(2, "pro"))
STORIES = {
    "renamed": ([rename(2, "gold")], 2),
    "renamed, and its code given to a new tier": ([rename(2, "gold"), add(9, "basic")], 2),
    "renamed, and its code given to an old tier": ([rename(2, "gold"), rename(3, "basic")], 2),
    "renamed to a code that a deleted one left": ([delete(3), rename(2, "pro")], 2),
    "renamed twice": ([rename(2, "gold"), rename(2, "platin"), add(9, "gold")], 2),
    "renamed and back": ([rename(2, "gold"), rename(2, "basic"), add(9, "gold")], 2),
    "swapped": ([*SWAP], 2),
    "swapped, the other one": ([*SWAP], 3),
    "swapped and back": ([*SWAP, rename(2, "tmp2"), rename(3, "pro"), rename(2, "basic")], 3),
    "turned round": ([rename(2, "t"), rename(3, "basic"), rename(4, "pro"), rename(2, "vip")], 4),
    "the taker of the code": ([rename(2, "gold"), add(9, "basic")], 9),
    "mapped, its code taken": ([rename(3, "gold"), add(9, "pro"), rename(1, "old")], 3),
    "of a code of two tiers": ([rename(4, "gold"), add(9, "vip"), rename(9, "wide")], 4),
}


@pytest.mark.parametrize("story", STORIES)
def test_a_tier_takes_its_own_grants_along_and_nobody_elses(
    shop: Database, tierflow: Callable[..., Told], story: str
) -> None:
    statements, gone = STORIES[story]
    for statement in statements:
        lost = [3] if statement == delete(3) else []
        before = grants(shop, *lost)
        shop.rows(statement)
        # neither a new name nor a new tier gives or takes any access
        assert grants(shop) == before, statement
        assert shop.rows(DRIFT) == [], statement
    before = grants(shop, gone)
    shop.rows(delete(gone))
    assert grants(shop) == before
    assert shop.rows("SELECT * FROM tierflow.quarantine") == []
    assert tierflow("verify", "--min-coverage", "0").value["ok"]
    # what is granted from now on arrives as what it is
    for tier in [row["id"] for row in shop.rows("SELECT id FROM public.subscription_tiers")]:
        shop.rows(
            """INSERT INTO public.tier_model_access (tier_id, model_id, markup_multiplier)
               VALUES (%s, %s, 7)""", tier, model_uuid("none"),
        )  # fmt: skip
    assert shop.rows(DRIFT) == []


RENAMES = """UPDATE public.subscription_tiers SET tier_code = new.tier_code
    FROM (VALUES {}) AS new (id, tier_code) WHERE subscription_tiers.id = new.id"""
UPSERT = """INSERT INTO public.subscription_tiers (id, tier_code, is_active) VALUES
    (9, 'basic', true), (2, 'gold', true)
    ON CONFLICT (id) DO UPDATE SET tier_code = excluded.tier_code"""
MERGE = """MERGE INTO public.subscription_tiers AS tier
    USING (VALUES (2, 'pro'), (3, NULL), (9, 'basic')) AS seed (id, code) ON tier.id = seed.id
    WHEN MATCHED AND code IS NULL THEN DELETE
    WHEN MATCHED THEN UPDATE SET tier_code = code
    WHEN NOT MATCHED THEN INSERT (id, tier_code, is_active) VALUES (seed.id, code, true)"""
AT_ONCE = {
    "swapped": (RENAMES.format("(2, 'pro'), (3, 'basic')"), 2),
    "swapped, the other one": (
        """UPDATE public.subscription_tiers SET tier_code = CASE tier_code WHEN 'pro' THEN 'basic'
           ELSE 'pro' END WHERE tier_code IN ('basic', 'pro')""",
        3,
    ),
    "swapped, of a code of two tiers": (RENAMES.format("(1, 'vip'), (4, 'free')"), 4),
    "turned round": (RENAMES.format("(2, 'vip'), (3, 'basic'), (4, 'pro')"), 4),
    "moved up to a new code": (RENAMES.format("(2, 'pro'), (3, 'vip'), (4, 'gold')"), 3),
    "moved up to a mapped code": (RENAMES.format("(2, 'pro'), (3, 'vip'), (4, 'old')"), 3),
    "two renamed": (RENAMES.format("(2, 'gold'), (3, 'silver')"), 2),
    "renamed, and its code given to a new tier": (UPSERT, 2),
    "renamed, and its code given to a new tier, the new one": (UPSERT, 9),
    "renamed to a code that a deleted one left": (MERGE, 2),
}
DEFERRABLE = """ALTER TABLE public.subscription_tiers
    DROP CONSTRAINT subscription_tiers_tier_code_key, ADD UNIQUE (tier_code) DEFERRABLE"""


@pytest.mark.parametrize("story", AT_ONCE)
def test_tiers_that_one_statement_renames_take_their_own_grants_along(
    shop: Database, tierflow: Callable[..., Told], story: str
) -> None:
    statement, gone = AT_ONCE[story]
    shop.rows(DEFERRABLE)
    lost = [3] if statement == MERGE else []
    before = grants(shop, *lost)
    shop.rows(statement)
    assert grants(shop) == before
    assert shop.rows(DRIFT) == []
    assert tierflow("verify", "--min-coverage", "0").value["ok"]
    told = tierflow("migrate")
    assert (told.code, told.value["outcome"]) == (0, "unchanged"), told.stderr
    before = grants(shop, gone)
    shop.rows(delete(gone))
    assert grants(shop) == before
    assert shop.rows("SELECT * FROM tierflow.quarantine") == []
    assert tierflow("verify", "--min-coverage", "0").value["ok"]


def test_a_swap_and_a_deletion_in_one_transaction_keep_the_other_grants(
    shop: Database, tierflow: Callable[..., Told]
) -> None:
    before = grants(shop, 2)
    with psycopg.connect(shop.dsn) as connection:
        for statement in (*SWAP, delete(2)):
            connection.execute(statement.encode())
    assert grants(shop) == before
    assert access(shop, "pro") == '["basic"]'
    assert tierflow("verify", "--min-coverage", "0").value["ok"]


def test_a_code_that_a_new_tier_takes_means_it_and_no_array_gives_it_the_old_ones(
    shop: Database, tierflow: Callable[..., Told]
) -> None:
    before = grants(shop)
    for statement in (rename(2, "gold"), add(9, "basic")):
        shop.rows(statement)
    assert access(shop, "all") == '["free", "pro", "vip", "gold"]'
    assert access(shop, "bare") == '["gold"]'
    assert grants(shop) == before
    shop.rows(
        """UPDATE public.model_access_control SET tier_access = '["basic"]'
           WHERE model_id = 'none'"""
    )
    assert ("none", "basic", "1.00") in shop.grants()
    assert tierflow("verify", "--min-coverage", "0").value["ok"]
    told = tierflow("migrate")
    assert (told.code, told.value["outcome"]) == (0, "unchanged"), told.stderr


def test_a_new_name_that_arrays_hold_already_takes_no_grant_of_the_tier_away(
    shop: Database, tierflow: Callable[..., Told]
) -> None:
    shop.rows(
        """UPDATE public.model_access_control SET tier_access = '["gold", "basic"]',
           tier_markup = '{"gold": 9, "basic": 2}' WHERE model_id = 'basic'"""
    )
    before = grants(shop)
    shop.rows(rename(2, "gold"))
    assert grants(shop) == before
    assert tierflow("verify", "--min-coverage", "0").value["ok"]
