"""Server encodings and locales: each lives a whole life, or is refused in plain words."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import LiteralString, cast

import psycopg
import pytest
from psycopg.conninfo import make_conninfo
from support.database import Database
from support.hostile import Whole
from support.lives import Bench
from support.oracle import World
from support.zygote import Zygote

from tasks.create_demo import SOURCE
from tierflow.connection import connect, run
from tierflow.embedded import EmbeddedServer

PLACES = {
    "UTF8, C": "ENCODING 'UTF8' LOCALE 'C'",
    "UTF8, C.UTF-8": "ENCODING 'UTF8' LOCALE 'C.UTF-8'",
    "UTF8, builtin": "ENCODING 'UTF8' LOCALE_PROVIDER builtin BUILTIN_LOCALE 'C.UTF-8' LOCALE 'C'",
    "UTF8, ICU": "ENCODING 'UTF8' LOCALE_PROVIDER icu ICU_LOCALE 'de' LOCALE 'C'",
    "LATIN1": "ENCODING 'LATIN1' LOCALE 'C'",
    "EUC_JP": "ENCODING 'EUC_JP' LOCALE 'C'",
}
NO_PLACE = {"SQL_ASCII": "ENCODING 'SQL_ASCII' LOCALE 'C'"}
LETTERS = {"EUC_JP": "\u65e5\u672c"}


@pytest.fixture
def place(
    server: EmbeddedServer, tmp_path: Path, request: pytest.FixtureRequest
) -> Iterator[Database]:
    """A database of the encoding and locale that the test asks for, where the server has them."""
    with psycopg.connect(server.dsn(), autocommit=True) as session:
        session.execute("DROP DATABASE IF EXISTS odd_place WITH (FORCE)")
        try:
            where = {**PLACES, **NO_PLACE}[request.param]
            create = f"CREATE DATABASE odd_place TEMPLATE template0 {where}"
            session.execute(cast(LiteralString, create))
        except (
            psycopg.errors.FeatureNotSupported,
            psycopg.errors.SyntaxError,
            psycopg.errors.InvalidParameterValue,
            psycopg.errors.WrongObjectType,
        ) as error:
            pytest.skip(f"this server has no such locale: {error}")
        dsn = make_conninfo(server.dsn("odd_place"), client_encoding="UTF8")
        database = Database(dsn, server.bindir, tmp_path)
        with connect(database.target, "create source") as connection:
            for name in SOURCE:
                run(connection, f"demo/{name}", schema="public")
        yield database
        session.execute("DROP DATABASE odd_place WITH (FORCE)")


@pytest.mark.parametrize(
    "place",
    [pytest.param(p, marks=[] if p == "LATIN1" else pytest.mark.slow) for p in PLACES],
    indirect=True,
)
def test_it_lives_a_whole_life_in(
    place: Database, zygote: Zygote, request: pytest.FixtureRequest
) -> None:
    letters = LETTERS.get(request.node.callspec.params["place"], "\u00e9\u00df")
    world = World(tiers=("free", letters), tier_map={f"old {letters}": [letters]},
                  conflict="lowest", inexact="round")  # fmt: skip
    codes = json.dumps(["free", letters, f"old {letters}", f"no {letters}"], ensure_ascii=False)
    prices = json.dumps({letters: 1.25, f"old {letters}": "2.005"}, ensure_ascii=False)
    models = [(f"model {letters}", codes, prices), ("ascii", '["free"]', None), (letters, "7", "7")]
    Bench(place, zygote).prove(Whole(world, models))


@pytest.mark.parametrize("place", ["LATIN1"], indirect=True)
def test_a_code_that_the_encoding_cannot_hold_is_refused(place: Database, zygote: Zygote) -> None:
    bench = Bench(place, zygote)
    bench.fill(Whole(World(tiers=("free",), tier_map={}), [("one", '["free"]', None)]))
    told = bench.call("migrate", "--tier-map", "\u4e2d=free", "--min-coverage", "0")
    assert told.code == 2, told.stderr
    assert "the encoding of this database" in told.stderr
    assert place.value("SELECT to_regclass('public.tier_model_access') IS NULL")


@pytest.mark.parametrize("place", NO_PLACE, indirect=True)
def test_bytes_without_an_encoding_are_refused(place: Database, zygote: Zygote) -> None:
    bench = Bench(place, zygote)
    bench.fill(Whole(World(tiers=("free",), tier_map={}), [("one", '["free"]', None)]))
    before = place.dump()
    told = bench.call("migrate", "--min-coverage", "0")
    assert told.code == 2, told.stderr
    assert "the encoding of this database is SQL_ASCII" in told.stderr
    assert place.dump() == before
