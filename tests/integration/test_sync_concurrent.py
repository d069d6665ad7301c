"""Two writers of one model at once, one on each side: neither loses, and the sides never part."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from typing import LiteralString

import psycopg
import pytest
from psycopg import IsolationLevel
from psycopg import errors as pg
from support.database import Database, Told, model_uuid
from support.reuse import fill_once
from support.second import Second

M = model_uuid("m")
SET_ACCESS: LiteralString = (
    "UPDATE public.model_access_control SET tier_access = %s WHERE model_id = 'm'"
)
ADD_CODE: LiteralString = """UPDATE public.model_access_control
    SET tier_access = tier_access || %s WHERE model_id = 'm'"""
GRANT: LiteralString = (
    "INSERT INTO public.tier_model_access (model_id, tier_id, markup_multiplier) VALUES (%s, %s, 2)"
)
REPRICE: LiteralString = """UPDATE public.tier_model_access SET markup_multiplier = 5
    WHERE model_id = %s AND tier_id = %s"""
DRIFT = """SELECT * FROM tierflow.implied_grant AS implied
    FULL JOIN (SELECT * FROM public.tier_model_access WHERE enabled) AS access
    USING (model_id, tier_id)
    WHERE implied.markup_multiplier IS DISTINCT FROM access.markup_multiplier"""


@pytest.fixture
def shop(database: Database, tierflow: Callable[..., Told]) -> Database:
    """A published migration with one model of the first tier."""

    def fill() -> None:
        database.add_tiers("free", "pro", "vip")
        database.add_models([("m", ["free"], {"free": 1}), ("n", ["pro"], None)])
        assert tierflow("migrate").code == 0

    return fill_once(database, __name__, fill)


@pytest.fixture
def first(shop: Database) -> Iterator[psycopg.Connection]:
    with psycopg.connect(shop.dsn) as connection:
        yield connection


def access(database: Database) -> tuple[str, set[str]]:
    jsonb = database.value(
        "SELECT tier_access::text FROM public.model_access_control WHERE model_id = 'm'"
    )
    assert database.rows(DRIFT) == []
    return jsonb, {tier for model, tier, _ in database.grants() if model == "m"}


def test_a_grant_waits_for_the_jsonb_that_is_being_written_and_is_added_to_it(
    shop: Database, first: psycopg.Connection
) -> None:
    first.execute(SET_ACCESS, ['["pro"]'])
    second = Second(shop, GRANT, M, 3).start().until_it_waits()
    first.commit()
    assert second.join() is None
    assert access(shop) == ('["pro", "vip"]', {"pro", "vip"})


def test_jsonb_waits_for_the_grant_that_is_being_written_and_is_added_to_it(
    shop: Database, first: psycopg.Connection
) -> None:
    first.execute(GRANT, [M, 3])
    second = Second(shop, ADD_CODE, '["pro"]').start().until_it_waits()
    first.commit()
    assert second.join() is None
    assert access(shop) == ('["free", "vip", "pro"]', {"free", "pro", "vip"})


def test_a_writer_that_gives_up_leaves_nothing_on_either_side(
    shop: Database, first: psycopg.Connection
) -> None:
    first.execute(SET_ACCESS, ['["vip"]'])
    second = Second(shop, REPRICE, M, 1).start().until_it_waits()
    first.rollback()
    assert second.join() is None
    assert access(shop) == ('["free"]', {"free"})
    assert ("m", "free", "5.00") in shop.grants()


def test_two_grants_of_one_model_are_both_written(
    shop: Database, first: psycopg.Connection
) -> None:
    first.execute(GRANT, [M, 2])
    second = Second(shop, GRANT, M, 3).start().until_it_waits()
    first.commit()
    assert second.join() is None
    assert access(shop) == ('["free", "pro", "vip"]', {"free", "pro", "vip"})


def test_an_upsert_locks_the_model_first_and_never_meets_a_deadlock(
    shop: Database, first: psycopg.Connection
) -> None:
    first.execute(GRANT + " ON CONFLICT (tier_id, model_id) DO UPDATE"
                  " SET markup_multiplier = 2", [M, 1])  # fmt: skip
    second = Second(shop, SET_ACCESS, "[]").start().until_it_waits()
    first.commit()
    assert second.join() is None
    assert access(shop) == ("[]", set())


def test_the_same_grant_on_both_sides_at_once_ends_in_one_deadlock_at_most(
    shop: Database, first: psycopg.Connection
) -> None:
    """The grant's row is locked before any trigger runs, so that this order cannot be turned."""
    first.execute("SELECT FROM public.model_access_control WHERE model_id = 'm' FOR UPDATE")
    second = Second(shop, REPRICE, M, 1).start().until_it_waits()
    lost = False
    try:
        first.execute(SET_ACCESS, ['["pro"]'])
        first.commit()
    except pg.DeadlockDetected:
        first.rollback()
        lost = True
    error = second.join()
    assert lost == (error is None)
    assert error is None or isinstance(error, pg.DeadlockDetected)
    assert access(shop) == (('["free"]', {"free"}) if lost else ('["pro"]', {"pro"}))


@pytest.mark.parametrize("level", [IsolationLevel.REPEATABLE_READ, IsolationLevel.SERIALIZABLE])
def test_an_older_snapshot_is_told_to_try_again_and_writes_nothing(
    shop: Database, first: psycopg.Connection, level: IsolationLevel
) -> None:
    second = Second(shop, GRANT, M, 3, level=level)
    first.execute(ADD_CODE, ['["pro"]'])
    first.commit()
    assert isinstance(second.start().join(), pg.SerializationFailure)
    assert access(shop) == ('["free", "pro"]', {"free", "pro"})
    assert Second(shop, GRANT, M, 3, level=level).start().join() is None
    assert access(shop) == ('["free", "pro", "vip"]', {"free", "pro", "vip"})


def test_rollback_while_both_applications_write_loses_nothing(
    shop: Database, tierflow: Callable[..., Told]
) -> None:
    stop = threading.Event()
    written: dict[str, list[int]] = {"old": [], "new": []}

    def write(side: str) -> None:
        with psycopg.connect(shop.dsn, autocommit=True) as connection:
            n = 0
            while not stop.is_set():
                n += 1
                try:
                    if side == "old":
                        connection.execute(
                            "UPDATE public.model_access_control SET tier_markup ="
                            " coalesce(tier_markup, '{}') || jsonb_build_object('free', %s::int)"
                            " WHERE model_id = 'm'", [n % 90 + 1],
                        )  # fmt: skip
                    else:
                        connection.execute(
                            "UPDATE public.tier_model_access SET markup_multiplier = %s"
                            " WHERE model_id = %s", [n % 90 + 1, model_uuid("n")],
                        )  # fmt: skip
                except pg.UndefinedTable:
                    return  # the new side is gone
                written[side].append(n % 90 + 1)

    threads = [threading.Thread(target=write, args=[side]) for side in ("old", "new")]
    for thread in threads:
        thread.start()
    while not (written["old"] and written["new"]):
        pass
    told = tierflow("rollback")
    stop.set()
    for thread in threads:
        thread.join()
    assert (told.code, told.value["outcome"]) == (0, "rolled_back"), told.stderr
    rows = shop.rows("SELECT model_id, tier_markup FROM public.model_access_control ORDER BY 1")
    assert rows[0]["tier_markup"]["free"] == written["old"][-1]
    assert rows[1]["tier_markup"] == {"pro": written["new"][-1]}
