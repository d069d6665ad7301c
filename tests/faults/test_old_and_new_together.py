"""An old application (JSONB) and a new one (junction table, view, functions) on one database."""

from __future__ import annotations

import random
import threading
import time
from collections import Counter
from collections.abc import Callable

import psycopg
import pytest
from psycopg import errors as pg
from psycopg.types.json import Jsonb
from support.database import Database, Told

from tierflow.connection import connect, fetch

TIERS = ("free", "pro", "vip", "team")
CODES = (*TIERS, "old", "wide", "nobody")
MODELS = 40
OPTIONS = (
    "--tier-map", "old=pro", "--tier-map", "wide=free,vip", "--unknown-tiers", "quarantine",
    "--malformed", "quarantine", "--markup-conflict", "lowest", "--min-coverage", "0",
)  # fmt: skip
# what PostgreSQL may ask any application to try again, and a grant that another has made meanwhile
AGAIN = (pg.DeadlockDetected, pg.SerializationFailure, pg.UniqueViolation, pg.ForeignKeyViolation)
DRIFT = """SELECT model_id, tier_id, implied.markup_multiplier, access.markup_multiplier
    FROM tierflow.implied_grant AS implied
    FULL JOIN (SELECT * FROM public.tier_model_access WHERE enabled) AS access
    USING (model_id, tier_id)
    WHERE implied.markup_multiplier IS DISTINCT FROM access.markup_multiplier"""


class Application:
    """Random operations of one kind, each in a transaction of its own, until the time is over."""

    def __init__(self, database: Database, name: str, until: float, told: Counter[str]) -> None:
        self.database, self.name, self.until, self.told = database, name, until, told
        self.random = random.Random(name)
        self.error: BaseException | None = None

    def run(self) -> None:
        try:
            with psycopg.connect(self.database.dsn, autocommit=True) as connection:
                while time.monotonic() < self.until:
                    operation = self.random.choice(OLD if self.name.startswith("old") else NEW)
                    try:
                        with connection.transaction():
                            operation(connection, self.random)
                    except AGAIN as error:
                        self.told[type(error).__name__] += 1
                    self.told[self.name[:3]] += 1
        except BaseException as error:  # noqa: BLE001  told to the test
            self.error = error


def _model(rng: random.Random) -> str:
    return f"m{rng.randrange(MODELS)}"


def _access(rng: random.Random) -> Jsonb:
    return Jsonb(rng.choices(CODES, k=rng.randrange(5)))


def _markups(rng: random.Random) -> Jsonb:
    return Jsonb({code: rng.randrange(1, 500) / 100 for code in rng.sample(CODES, 3)})


def old_rewrites(connection: psycopg.Connection, rng: random.Random) -> None:
    connection.execute(
        "UPDATE public.model_access_control SET tier_access = %s, tier_markup = %s"
        " WHERE model_id = %s", [_access(rng), _markups(rng), _model(rng)],
    )  # fmt: skip


def old_appends(connection: psycopg.Connection, rng: random.Random) -> None:
    for _ in range(rng.randrange(1, 3)):
        connection.execute(
            """UPDATE public.model_access_control
               SET tier_access = coalesce(nullif(tier_access, 'null'), '[]') || %s
               WHERE model_id = %s""", [Jsonb([rng.choice(CODES)]), _model(rng)],
        )  # fmt: skip


def old_removes_a_code(connection: psycopg.Connection, rng: random.Random) -> None:
    connection.execute(
        "UPDATE public.model_access_control SET tier_access = tier_access - %s::text"
        " WHERE tier_access ? %s AND model_id < %s",
        [code := rng.choice(CODES), code, _model(rng)],
    )


def old_replaces_a_model(connection: psycopg.Connection, rng: random.Random) -> None:
    name = _model(rng)
    connection.execute("DELETE FROM public.model_access_control WHERE model_id = %s", [name])
    connection.execute(
        """INSERT INTO public.model_access_control (id, model_id, tier_access, tier_markup)
           VALUES (gen_random_uuid(), %s, %s, %s)""",
        [name, _access(rng), _markups(rng)],
    )


def new_grants(connection: psycopg.Connection, rng: random.Random) -> None:
    connection.execute(
        """INSERT INTO public.tier_model_access (tier_id, model_id, markup_multiplier)
           SELECT %s, id, %s FROM public.model_access_control WHERE model_id = %s
           ON CONFLICT (tier_id, model_id) DO UPDATE
           SET markup_multiplier = excluded.markup_multiplier, enabled = true""",
        [rng.randrange(1, 5), rng.randrange(1, 500) / 100, _model(rng)],
    )


def new_revokes(connection: psycopg.Connection, rng: random.Random) -> None:
    connection.execute(
        """DELETE FROM public.tier_model_access AS access USING public.model_access_control AS model
           WHERE model.id = access.model_id AND model.model_id = %s AND access.tier_id = %s""",
        [_model(rng), rng.randrange(1, 5)],
    )


def new_disables(connection: psycopg.Connection, rng: random.Random) -> None:
    connection.execute(
        """UPDATE public.tier_model_access AS access SET enabled = NOT access.enabled
           FROM public.model_access_control AS model
           WHERE model.id = access.model_id AND model.model_id = %s AND access.tier_id = %s""",
        [_model(rng), rng.randrange(1, 5)],
    )


def new_reprices_a_tier(connection: psycopg.Connection, rng: random.Random) -> None:
    connection.execute(
        """UPDATE public.tier_model_access SET markup_multiplier = %s
           WHERE tier_id = %s AND id %% 7 = 0""",
        [rng.randrange(1, 500) / 100, rng.randrange(1, 5)],
    )


OLD = (old_rewrites, old_rewrites, old_appends, old_removes_a_code, old_replaces_a_model)
NEW = (new_grants, new_grants, new_revokes, new_disables, new_reprices_a_tier)


@pytest.mark.parametrize("seconds", [5, pytest.param(60, marks=pytest.mark.slow)])
def test_both_applications_see_the_same_access_whatever_they_write(
    database: Database, tierflow: Callable[..., Told], seconds: int
) -> None:
    database.add_tiers(*TIERS)
    rng = random.Random(0)
    database.add_models(
        [(f"m{n}", rng.choices(CODES, k=3), {"free": 2, "old": 3}) for n in range(MODELS)]
    )
    told = tierflow("migrate", *OPTIONS)
    assert told.code == 0, told.stderr

    counts = Counter[str]()
    until = time.monotonic() + seconds
    names = ("old 1", "old 2", "new 1", "new 2")
    applications = [Application(database, name, until, counts) for name in names]
    threads = [threading.Thread(target=application.run) for application in applications]
    for thread in threads:
        thread.start()
    looks = 0
    with connect(database.target, "look", read_only=True) as connection:
        names = database.target.names()
        while time.monotonic() < until:
            # one statement sees one moment: the JSONB beside the table, the view and the functions
            rows = connection.execute(DRIFT).fetchall()
            assert rows == [], rows
            answers = fetch(
                connection, "checks/compatibility", **names, sample_models=MODELS, whole=True
            )
            kinds = ("view_differences", "function_differences", "availability_differences")
            assert not [row for row in answers if any(row[kind] for kind in kinds)], answers
            assert fetch(
                connection, "checks/price_differences", **names, models=[], whole=True
            ) == [{"differences": 0}]
            connection.rollback()
            looks += 1
    for thread in threads:
        thread.join()
    assert [application.error for application in applications] == [None] * 4
    assert database.rows(DRIFT) == []
    assert looks > seconds
    assert min(counts["old"], counts["new"]) > 10 * seconds
    # deadlocks are left where both write the same grant at the same moment; statements of several
    # rows, which lock their models one after the other, could meet one too
    assert counts["DeadlockDetected"] < 0.05 * (counts["old"] + counts["new"])
    assert tierflow("verify", "--min-coverage", "0").code == 0
