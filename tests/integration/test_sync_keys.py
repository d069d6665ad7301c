"""An application changes the primary key of models and tiers: worked before, and works after."""

from __future__ import annotations

import json
import subprocess
import threading
from collections.abc import Callable, Mapping
from typing import Any, LiteralString, cast

import psycopg
import pytest
from psycopg import errors as pg
from support.database import Database, Told
from support.life import finalize, values
from support.reuse import fill_once
from support.second import Second

from sql import FOLDER

OPTIONS = (
    "--tier-map", "old=pro", "--tier-map", "wide=free,vip",
    "--unknown-tiers", "quarantine", "--malformed", "quarantine", "--min-coverage", "0",
)  # fmt: skip
MODELS = [
    ("a", ["free", "old"], {"free": 1, "old": 1.5}),
    ("b", ["vip"], {"vip": 2.25}),
    ("c", ["nobody", "wide"], {"wide": 3}),
    ("d", {"free": True}, None),
    ("e", None, None),
]
DRIFT = """SELECT model_id, tier_id, implied.markup_multiplier AS jsonb,
        access.markup_multiplier AS junction
    FROM tierflow.implied_grant AS implied
    FULL JOIN (SELECT * FROM public.tier_model_access WHERE enabled) AS access
    USING (model_id, tier_id)
    WHERE implied.markup_multiplier IS DISTINCT FROM access.markup_multiplier"""
# what the ledger holds of a model that is no more
STRAY = """SELECT held.name, held.model_id FROM (
        SELECT 'quarantine' AS name, model_id FROM tierflow.quarantine
        UNION ALL SELECT 'reconciled_grant', model_id FROM tierflow.reconciled_grant
    ) AS held
    WHERE NOT EXISTS (SELECT FROM public.model_access_control m WHERE m.id = held.model_id)"""
EARLIER = """ALTER TABLE public.tier_model_access
    DROP CONSTRAINT fk_tier_model_model, DROP CONSTRAINT fk_tier_model_tier,
    ADD CONSTRAINT fk_tier_model_model FOREIGN KEY (model_id)
        REFERENCES public.model_access_control (id) ON DELETE CASCADE,
    ADD CONSTRAINT fk_tier_model_tier FOREIGN KEY (tier_id)
        REFERENCES public.subscription_tiers (id) ON DELETE CASCADE;
    DROP TRIGGER tierflow_sync_models_key ON public.model_access_control;
    DROP TRIGGER tierflow_sync_tiers_key ON public.subscription_tiers"""


def number(n: int) -> str:
    return f"00000000-0000-0000-0000-{n:012d}"


@pytest.fixture
def shop(database: Database, tierflow: Callable[..., Told]) -> Database:
    """Models 1 to 5 with a grant of every kind; `d` holds one that the JSONB cannot say."""

    def fill() -> None:
        database.add_tiers("free", "pro", "vip")
        database.add_models(MODELS)
        for n, (name, *_) in enumerate(MODELS, start=1):
            database.rows(
                "UPDATE public.model_access_control SET id = %s WHERE model_id = %s",
                number(n), name,
            )  # fmt: skip
        told = tierflow("migrate", *OPTIONS)
        assert told.code == 0, told.stderr
        # agreed on later than the migration
        database.rows("UPDATE public.tier_model_access SET markup_multiplier = 2 WHERE tier_id = 2")
        database.rows(
            "INSERT INTO public.tier_model_access (tier_id, model_id) VALUES (2, %s)", number(4)
        )

    return fill_once(database, __name__, fill)


def without(part: Any, gone: str | None) -> Any:
    """Leave the rows of one model out of a part of `sides`."""
    if not isinstance(part, list):
        return part
    rows = cast(list[dict[str, Any]], part)
    return [row for row in rows if gone is None or row.get("model_id") != gone]


def sides(database: Database) -> list[Any]:
    """Return both sides and what the ledger holds of them, by names in place of ids."""
    return [
        database.rows(
            """SELECT m.model_id, t.tier_code, a.enabled, a.markup_multiplier
               FROM public.tier_model_access a
               JOIN public.model_access_control m ON m.id = a.model_id
               JOIN public.subscription_tiers t ON t.id = a.tier_id ORDER BY 1, 2"""
        ),
        database.rows(
            """SELECT model_id, tier_access::text AS access, tier_markup::text AS markup
               FROM public.model_access_control ORDER BY 1"""
        ),
        database.rows(
            """SELECT m.model_id, q.position, q.reason, q.tier_codes FROM tierflow.quarantine q
               JOIN public.model_access_control m ON m.id = q.model_id ORDER BY 1, 2"""
        ),
        database.rows(
            """SELECT m.model_id, t.tier_code, g.markup_multiplier FROM tierflow.reconciled_grant g
               JOIN public.model_access_control m ON m.id = g.model_id
               JOIN public.subscription_tiers t ON t.id = g.tier_id ORDER BY 1, 2"""
        ),
        database.rows(
            """SELECT t.tier_code, m.code FROM tierflow.tier_map m
               JOIN public.subscription_tiers t ON t.id = m.tier_id ORDER BY 1, 2"""
        ),
        database.rows(
            """SELECT m.model_id, c.tier_access::text AS access, c.tier_markup::text AS markup
               FROM tierflow.captured c
               JOIN public.model_access_control m ON m.id = c.model_id ORDER BY 1"""
        ),
        database.value("SELECT count(*) FROM tierflow.captured"),
        database.value("SELECT decisions -> 'tier_map' FROM tierflow.decision"),
        database.rows(STRAY),
    ]


def drift(database: Database) -> set[tuple[Any, ...]]:
    """Return the differences, but for the one that the JSONB cannot say."""
    named = {
        row["id"]: row["model_id"]
        for row in database.rows("SELECT id, model_id FROM public.model_access_control")
    }
    found = {(named.get(row["model_id"]), row["tier_id"]) for row in database.rows(DRIFT)}
    return {one for one in found if one[0] != "d"}


STORIES = {
    "one model": [
        "UPDATE public.model_access_control SET id = gen_random_uuid() WHERE model_id = 'a'"],
    "all models": ["UPDATE public.model_access_control SET id = gen_random_uuid()"],
    "an id that another leaves in the same statement": [
        """UPDATE public.model_access_control AS m SET id = next.id
           FROM (VALUES ('a', '00000000-0000-0000-0000-0000000000ff'::uuid)) AS next (model, id)
           WHERE m.model_id = next.model""",
        # in the order of the rows: b to a's, c to b's, ...
        """WITH moved AS (SELECT model_id, lag(id) OVER (ORDER BY model_id) AS id
               FROM public.model_access_control)
           UPDATE public.model_access_control AS m
           SET id = coalesce(moved.id, '00000000-0000-0000-0000-0000000000fe')
           FROM moved WHERE moved.model_id = m.model_id AND m.model_id IN ('a', 'b')""",
    ],
    "two that are swapped": [
        f"UPDATE public.model_access_control SET id = '{number(99)}' WHERE model_id = 'a'",
        f"UPDATE public.model_access_control SET id = '{number(1)}' WHERE model_id = 'c'",
        f"UPDATE public.model_access_control SET id = '{number(3)}' WHERE model_id = 'a'",
    ],
    "an id of a model that was deleted": [
        "DELETE FROM public.model_access_control WHERE model_id = 'a'",
        f"UPDATE public.model_access_control SET id = '{number(1)}' WHERE model_id = 'c'",
    ],
    "one tier": ["UPDATE public.subscription_tiers SET id = 70 WHERE tier_code = 'pro'"],
    "all tiers": ["UPDATE public.subscription_tiers SET id = id + 100"],
    "an id that another tier leaves in the same statement": [
        "UPDATE public.subscription_tiers SET id = id - 1"],
    "two tiers that are swapped": [
        "UPDATE public.subscription_tiers SET id = 99 WHERE id = 1",
        "UPDATE public.subscription_tiers SET id = 1 WHERE id = 2",
        "UPDATE public.subscription_tiers SET id = 2 WHERE id = 99",
    ],
    "models and tiers": [
        "UPDATE public.model_access_control SET id = gen_random_uuid()",
        "UPDATE public.subscription_tiers SET id = 7 - id",
    ],
}  # fmt: skip


@pytest.mark.parametrize("whole", [False, True], ids=["each by itself", "in one transaction"])
@pytest.mark.parametrize("story", STORIES)
def test_a_changed_id_changes_nothing_else(
    shop: Database, tierflow: Callable[..., Told], story: str, whole: bool
) -> None:
    before = sides(shop)
    gone = "a" if "deleted" in story else None
    statements = STORIES[story]
    for statement in ["; ".join(statements)] if whole else statements:
        shop.rows(statement)
    assert [without(part, gone) for part in before] == sides(shop)
    assert drift(shop) == set()
    # and both sides go on following each other
    shop.rows(
        "UPDATE public.tier_model_access SET markup_multiplier = 9"
        " WHERE model_id = (SELECT id FROM public.model_access_control WHERE model_id = 'b')"
    )
    shop.rows("""UPDATE public.model_access_control SET tier_access = '["old", "vip"]'
                 WHERE model_id = 'e'""")  # fmt: skip
    assert {("b", "vip", "9.00"), ("e", "pro", "1.00"), ("e", "vip", "1.00")} <= shop.grants()
    assert drift(shop) == set()
    assert shop.value("SELECT tier_markup::text FROM public.model_access_control"
                      " WHERE model_id = 'b'") == '{"vip": 9.00}'  # fmt: skip
    told = tierflow("migrate", *OPTIONS)
    assert told.code == 0, told.stderr
    # the one that the JSONB cannot say follows it
    assert [change["model"] for change in told.value["changes"]] == ["d"]
    assert tierflow("verify", "--min-coverage", "0").code == 0


def test_a_statement_may_change_ids_and_access_alike(shop: Database) -> None:
    shop.rows("""UPDATE public.model_access_control
        SET id = gen_random_uuid(), tier_access = '["vip", "old"]', tier_markup = '{"old": 4}'
        WHERE model_id IN ('a', 'c', 'e')""")
    assert {grant for grant in shop.grants() if grant[0] in "ace"} == {
        (model, *grant) for model in "ace" for grant in (("vip", "1.00"), ("pro", "4.00"))
    }  # fmt: skip
    assert (drift(shop), shop.rows(STRAY)) == (set(), [])
    assert {row["model_identifier"] for row in shop.rows("SELECT * FROM tierflow.quarantine")} == {
        "d"
    }


def test_a_statement_may_change_ids_and_codes_of_tiers_alike(shop: Database) -> None:
    # free leaves 1 and is renamed; pro takes its number, vip the code that pro leaves
    before = {(m, t) for m, t, _ in shop.grants()}
    shop.rows("""UPDATE public.subscription_tiers AS t SET id = n.id, tier_code = n.code
        FROM (VALUES ('free', 40, 'none'), ('pro', 1, 'plus'), ('vip', 2, 'best'))
        AS n (was, id, code) WHERE t.tier_code = n.was""")
    names = {"free": "none", "pro": "plus", "vip": "best"}
    assert {(m, t) for m, t, _ in shop.grants()} == {(m, names[t]) for m, t in before}
    assert drift(shop) == set()
    rows = shop.rows("SELECT tier_codes FROM tierflow.quarantine WHERE reason = 'not_in_jsonb'")
    assert rows == [{"tier_codes": ["plus"]}]


def test_ids_change_in_one_transaction_with_both_sides(shop: Database) -> None:
    with psycopg.connect(shop.dsn) as connection:
        for statement in (
            "UPDATE public.model_access_control SET id = gen_random_uuid() WHERE model_id = 'a'",
            """UPDATE public.model_access_control SET tier_access = '["free", "old", "vip"]'
               WHERE model_id = 'a'""",
            "UPDATE public.subscription_tiers SET id = id + 10",
            "UPDATE public.tier_model_access SET markup_multiplier = 5 WHERE tier_id = 13",
            "UPDATE public.model_access_control SET id = gen_random_uuid()",
            "DELETE FROM public.tier_model_access WHERE tier_id = 11",
        ):
            connection.execute(statement)
    assert shop.grants() == {
        ("a", "pro", "2.00"), ("a", "vip", "5.00"), ("b", "vip", "5.00"), ("c", "vip", "5.00"),
        ("d", "pro", "1.00"),
    }  # fmt: skip
    assert (drift(shop), shop.rows(STRAY)) == (set(), [])


def test_a_savepoint_takes_a_changed_id_back(shop: Database) -> None:
    before = sides(shop)
    with psycopg.connect(shop.dsn) as connection:
        with pytest.raises(pg.DivisionByZero), connection.transaction():
            connection.execute("UPDATE public.subscription_tiers SET id = id + 10")
            connection.execute("UPDATE public.model_access_control SET id = gen_random_uuid()")
            connection.execute("SELECT 1 / 0")
        connection.execute("UPDATE public.subscription_tiers SET sort_order = 3 - sort_order")
    assert sides(shop) == before


@pytest.mark.parametrize(
    "options", [(), ("--restore-snapshot",)], ids=["later changes", "snapshot"]
)
def test_a_rollback_after_ids_have_changed_loses_nothing(
    shop: Database, tierflow: Callable[..., Told], options: tuple[str, ...]
) -> None:
    shop.rows("UPDATE public.model_access_control SET id = gen_random_uuid()")
    shop.rows("UPDATE public.subscription_tiers SET id = id + 100")
    # as drift has it, so that the rollback must know on what both sides agreed last
    shop.past_sync("""UPDATE public.tier_model_access SET markup_multiplier = 7 WHERE model_id =
        (SELECT id FROM public.model_access_control WHERE model_id = 'a') AND tier_id = 102""")
    shop.past_sync("""DELETE FROM public.tier_model_access WHERE model_id =
        (SELECT id FROM public.model_access_control WHERE model_id = 'd')""")
    told = tierflow("rollback", *options)
    assert told.code == 0, told.stderr
    found = {
        row["model_id"]: (row["tier_access"], row["tier_markup"])
        for row in shop.rows("SELECT * FROM public.model_access_control")
    }  # fmt: skip
    written = {name: (access, markup) for name, access, markup in MODELS}
    if not options:
        written["a"] = (["free", "old"], {"free": 1, "old": 7})
    assert json.loads(json.dumps(found, default=float)) == json.loads(json.dumps(written))


def test_a_finalize_archives_the_models_under_their_new_ids(
    shop: Database, tierflow: Callable[..., Told]
) -> None:
    shop.rows("DELETE FROM public.tier_model_access WHERE model_id = %s", number(4))
    shop.rows("UPDATE public.model_access_control SET id = gen_random_uuid()")
    shop.rows("UPDATE public.subscription_tiers SET id = id + 100")
    before = values(shop)
    grants = shop.grants()
    assert tierflow("verify", "--min-coverage", "0").code == 0
    archive = finalize(shop, tierflow)
    # the sync is gone, and the keys follow all the same; the archive does by the models' names
    shop.rows("UPDATE public.subscription_tiers SET id = id - 1")
    shop.rows("UPDATE public.model_access_control SET id = %s WHERE model_id = 'c'", number(3))
    assert shop.grants() == grants
    told = tierflow("restore", str(archive))
    assert told.code == 0, told.stderr
    assert (told.value["deleted"], told.value["added"]) == (0, 0)
    assert {model: held[:2] for model, held in values(shop).items()} == {
        model: held[:2] for model, held in before.items()
    }
    assert (shop.grants(), drift(shop)) == (grants, set())


def test_an_id_that_changes_while_the_other_side_is_written_is_waited_for(shop: Database) -> None:
    moves = "UPDATE public.model_access_control SET id = %s WHERE model_id = 'a'"
    with psycopg.connect(shop.dsn) as first:
        first.execute(moves, [number(77)])
        second = Second(
            shop, """UPDATE public.model_access_control SET tier_access = tier_access || '["vip"]'
                     WHERE model_id = 'a'""",
        ).start().until_it_waits()  # fmt: skip
    assert second.join() is None
    assert {grant for grant in shop.grants() if grant[0] == "a"} == {
        ("a", "free", "1.00"), ("a", "pro", "2.00"), ("a", "vip", "1.00"),
    }  # fmt: skip
    with psycopg.connect(shop.dsn) as first:
        first.execute("UPDATE public.tier_model_access SET markup_multiplier = 6"
                      " WHERE tier_id = 3 AND model_id = %s", [number(77)])  # fmt: skip
        second = Second(shop, moves, number(1)).start().until_it_waits()
    assert second.join() is None
    assert ("a", "vip", "6.00") in shop.grants()
    assert (drift(shop), shop.rows(STRAY)) == (set(), [])


def test_a_tier_whose_id_changes_keeps_nobody_from_writing_its_models(shop: Database) -> None:
    with psycopg.connect(shop.dsn) as first, psycopg.connect(shop.dsn) as other:
        # a writer that holds a model and comes to its grant of that tier last
        other.execute("UPDATE public.model_access_control SET enabled = false WHERE model_id = 'a'")
        first.execute("SET lock_timeout = '20s'")
        first.execute("UPDATE public.subscription_tiers SET id = 20 WHERE id = 2")
        first.commit()
        other.execute("""UPDATE public.model_access_control SET tier_access = '["vip"]'
                         WHERE model_id = 'a'""")
    assert {grant for grant in shop.grants() if grant[0] == "a"} == {("a", "vip", "1.00")}
    assert drift(shop) == set()


WRITERS: Mapping[str, tuple[LiteralString, Callable[[int], list[Any]]]] = {
    "model ids": (
        "UPDATE public.model_access_control SET id = gen_random_uuid() WHERE model_id LIKE 'w%%'",
        lambda _: [],
    ),
    "tier ids": ("UPDATE public.subscription_tiers SET id = id + 10", lambda _: []),
    "JSONB": (
        "UPDATE public.model_access_control SET tier_access = %s::jsonb WHERE model_id = %s",
        lambda n: ['["free", "vip"]' if n % 3 else "[]", f"w{n % 8}"],
    ),
    "grants": (
        """UPDATE public.tier_model_access AS a SET markup_multiplier = %s
           FROM public.model_access_control AS m WHERE m.id = a.model_id AND m.model_id = %s""",
        lambda n: [1 + n, f"w{(n + 4) % 8}"],
    ),
}


def test_writers_of_both_sides_lose_nothing_while_ids_change(shop: Database) -> None:
    """Who meets a deadlock, or a tier whose number has just changed, tries again."""
    shop.add_models([(f"w{n}", ["free", "pro"], {"pro": 1}) for n in range(8)])
    failed: list[str] = []

    def write(name: str) -> None:
        statement, parameters = WRITERS[name]
        with psycopg.connect(shop.dsn, autocommit=True) as session:
            for n in range(40):
                for attempt in range(50):
                    try:
                        session.execute(statement, parameters(n))
                        break
                    except (pg.DeadlockDetected, pg.ForeignKeyViolation) as error:
                        if attempt == 49:
                            failed.append(f"{name} {n}: {error}")

    threads = [threading.Thread(target=write, args=[name]) for name in WRITERS]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=120)
        assert not thread.is_alive()
    assert failed == []
    assert (drift(shop), shop.rows(STRAY)) == (set(), [])
    held = shop.rows("""SELECT model_id FROM public.model_access_control
        WHERE model_id LIKE 'w%' AND tier_access <> '[]'""")
    assert {m for m, *_ in shop.grants() if m[0] == "w"} == {row["model_id"] for row in held}


def test_a_migration_repairs_the_keys_of_an_earlier_build(
    shop: Database, tierflow: Callable[..., Told]
) -> None:
    shop.rows("DELETE FROM public.tier_model_access WHERE model_id = %s", number(4))
    shop.rows(EARLIER)
    told = tierflow("plan", *OPTIONS)
    assert (told.code, told.value["state"], told.value["obstacles"]) == (0, "partial", [])
    assert [note for note in told.value["notes"] if "ON UPDATE CASCADE" in note]
    told = tierflow("verify", "--min-coverage", "0")
    assert told.code == 1
    assert (
        "0 of 2 as published: fk_tier_model_model is FOREIGN KEY"
        in told.value["checks"][1]["figure"]
    )
    told = tierflow("migrate", *OPTIONS)
    assert (told.code, told.value["outcome"]) == (0, "reconciled"), told.stderr
    assert told.value["changes"] == []
    shop.rows("UPDATE public.model_access_control SET id = gen_random_uuid()")
    shop.rows("UPDATE public.subscription_tiers SET id = id + 10")
    assert (drift(shop), shop.rows(STRAY)) == (set(), [])
    assert tierflow("migrate", *OPTIONS).value["outcome"] == "unchanged"
    assert not [note for note in tierflow("plan").value["notes"] if "ON UPDATE CASCADE" in note]


def test_the_script_repairs_the_keys_of_an_earlier_build(shop: Database) -> None:
    shop.rows("DELETE FROM public.tier_model_access WHERE model_id = %s", number(4))
    shop.rows(EARLIER)
    given = ("unknown_tiers=quarantine", "malformed=quarantine", "min_coverage=0")
    program = [shop.bindir / "psql", "-X", "-d", shop.dsn, *(f"--set={one}" for one in given)]
    path = FOLDER / "migrate_to_dynamic_tiers.sql"
    done = subprocess.run([*program, "-f", path], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert "Outcome: reconciled" in done.stdout
    shop.rows("UPDATE public.model_access_control SET id = gen_random_uuid()")
    assert (drift(shop), shop.rows(STRAY)) == (set(), [])
