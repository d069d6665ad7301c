"""The rehearsal: the whole life on a copy, and not a trace in the database it is for."""

from __future__ import annotations

import contextlib
import re
from collections.abc import Callable, Generator, Iterator
from pathlib import Path

import psycopg
import pytest
from psycopg import sql
from support.database import Database, Told

from tasks.copy_source import clear_copy, copy_source
from tierflow.embedded import EmbeddedServer
from tierflow.pg_binaries import find_bindir
from tierflow.settings import Target

MAP = ("--tier-map", "old=pro")


@pytest.fixture
def source(database: Database) -> Database:
    database.add_tiers("free", "pro")
    for number in range(40):
        access = [["free"], ["free", "pro"], ["old"], '"pro"', None][number % 5]
        database.add_model(f"model {number}", access, {"free": 1.1, "pro": 1.25, "old": 1.25})
    return database


@pytest.fixture
def other(server: EmbeddedServer, monkeypatch: pytest.MonkeyPatch) -> Iterator[Database]:
    """An empty database on the same server, named by TIERFLOW_REHEARSAL_DSN."""
    name = sql.Identifier("rehearsal_place")
    with psycopg.connect(server.dsn(), autocommit=True) as connection:
        connection.execute(sql.SQL("CREATE DATABASE {}").format(name))
    dsn = server.dsn("rehearsal_place")
    monkeypatch.setenv("TIERFLOW_REHEARSAL_DSN", dsn)
    yield Database(dsn, server.bindir, Path())
    with psycopg.connect(server.dsn(), autocommit=True) as connection:
        connection.execute(sql.SQL("DROP DATABASE {} WITH (FORCE)").format(name))


@contextlib.contextmanager
def _locked_but_for_readers(database: Database) -> Generator[None]:
    """Hold what conflicts with every lock but ACCESS SHARE: whoever wants more fails after 5 s."""
    with psycopg.connect(database.dsn) as connection:
        connection.execute(
            "LOCK TABLE public.subscription_tiers, public.model_access_control IN EXCLUSIVE MODE"
        )
        yield


def test_the_report_of_a_rehearsal_has_what_was_decided_and_quarantined(
    source: Database, tierflow: Callable[..., Told]
) -> None:
    source.add_models([(f"odd {number}", ["free", 7], None) for number in range(3)])
    options = (*MAP, "--malformed", "quarantine", "--min-coverage", "0.5")
    told = tierflow("rehearse", *options)
    assert told.code == 0, told.stderr
    page = re.sub(r"<[^>]*>|\s+", " ", Path(told.value["report"]).read_text(encoding="utf-8"))
    page = " ".join(page.split())
    assert "Malformed quarantine" in page
    assert "Tier map old → pro" in page
    assert "46 source elements = 43 migrated + 0 merged + 0 duplicates + 3 quarantined" in page
    for number in range(3):
        assert f"odd {number} 2 7 element not a string" in page


def test_a_rehearsal_lives_the_whole_life_and_only_reads_the_database(
    source: Database, tierflow: Callable[..., Told]
) -> None:
    before = source.dump()
    with _locked_but_for_readers(source):
        told = tierflow("rehearse", *MAP, "--min-coverage", "0.5")
    assert told.code == 0, told.stderr
    assert told.value["outcome"] == "rehearsed"
    done = [step["name"] for step in told.value["steps"]]
    for phase in ("plan", "dry run", "migrate", "verify", "verify both sides", "reconcile",
                  "verify again", "rollback", "migrate again", "rollback to snapshot"):  # fmt: skip
        assert phase in done
    writes = [step for step in told.value["steps"] if step["name"].startswith("write like")]
    assert [step["rows"] > 0 for step in writes] == [True] * 4
    forecast = told.value["forecast"]
    assert (forecast["models"], forecast["grants"]) == (40, 40)
    assert forecast["seconds"] > 0
    assert source.dump() == before
    assert not any((source.home / "rehearsals").iterdir())


def test_a_rehearsal_stops_where_a_person_must_decide(
    source: Database, tierflow: Callable[..., Told]
) -> None:
    told = tierflow("rehearse")
    assert told.code == 2
    assert "'old' (8 models)" in told.stderr


def test_a_rehearsal_refuses_the_database_that_it_is_for(
    source: Database, tierflow: Callable[..., Told], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TIERFLOW_REHEARSAL_DSN", source.dsn + " application_name=elsewhere")
    before = source.dump()
    told = tierflow("rehearse", *MAP)
    assert told.code == 2
    assert "very database" in told.stderr
    assert source.dump() == before


def test_a_rehearsal_refuses_a_database_with_somebodys_tables(
    source: Database, other: Database, tierflow: Callable[..., Told]
) -> None:
    other.rows("CREATE TABLE public.theirs (id integer)")
    told = tierflow("rehearse", *MAP)
    assert told.code == 2
    assert "theirs" in told.stderr
    assert other.value("SELECT count(*) FROM public.theirs") == 0


def test_what_a_killed_rehearsal_left_in_a_named_database_is_cleared(
    source: Database, other: Database
) -> None:
    empty = other.dump()
    copy = Target(dsn=other.dsn, schema="public", home=source.home)
    clear_copy.fn(copy)
    copy_source.fn(source.target, copy, find_bindir())
    assert other.value("SELECT count(*) FROM public.model_access_control") == 40
    clear_copy.fn(copy)
    assert other.dump() == empty


def test_only_the_needed_columns_are_copied(source: Database, other: Database) -> None:
    models = "public.model_access_control"
    source.rows(f"ALTER TABLE {models} ADD owner_email text NOT NULL DEFAULT 'a@b'")
    source.rows(f"CREATE INDEX ON {models} (owner_email)")
    copy = Target(dsn=other.dsn, schema="public", home=source.home)
    clear_copy.fn(copy)
    assert copy_source.fn(source.target, copy, find_bindir()) == 40
    copied = other.rows(f"SELECT * FROM {models} LIMIT 1")[0]
    assert "owner_email" not in copied
    same = f"SELECT id, tier_access::text, tier_markup::text FROM {models} ORDER BY id"
    assert other.rows(same) == source.rows(same)


def test_the_scratch_server_of_a_killed_rehearsal_is_removed(
    source: Database, tierflow: Callable[..., Told]
) -> None:
    left = source.home / "rehearsals" / "killed"
    left.mkdir(parents=True)
    (left / "owner.lock").touch()
    (left / "data").mkdir()
    tierflow("rehearse")
    assert not left.exists()
