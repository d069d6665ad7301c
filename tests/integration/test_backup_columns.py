"""Columns on a live table: none unless they are asked for, and then what they break is said."""

from __future__ import annotations

from collections.abc import Callable

import psycopg
import pytest
from support.database import Database, Told, model_uuid

OPTIONS = ("--min-coverage", "0")
HISTORY = (
    "CREATE TABLE public.history AS SELECT * FROM public.model_access_control LIMIT 0",
    """CREATE FUNCTION public.remember() RETURNS trigger LANGUAGE plpgsql AS
       'BEGIN INSERT INTO public.history SELECT OLD.*; RETURN NULL; END'""",
    """CREATE TRIGGER remember AFTER UPDATE OR DELETE ON public.model_access_control
       FOR EACH ROW EXECUTE FUNCTION public.remember()""",
)
ARCHIVE = (
    "CREATE TABLE public.archive AS SELECT * FROM public.model_access_control LIMIT 0",
    """CREATE FUNCTION public.bury() RETURNS trigger LANGUAGE plpgsql AS
       'BEGIN INSERT INTO public.archive VALUES (OLD.*); RETURN OLD; END'""",
    """CREATE TRIGGER bury BEFORE DELETE ON public.model_access_control
       FOR EACH ROW EXECUTE FUNCTION public.bury()""",
)
LOOSE = (
    """CREATE FUNCTION public.everything() RETURNS SETOF public.model_access_control
       LANGUAGE sql AS 'SELECT * FROM public.model_access_control'""",
    "CREATE FUNCTION public.name_of(public.model_access_control) RETURNS text"
    " LANGUAGE sql AS 'SELECT $1.display_name'",
    "CREATE VIEW public.wide AS SELECT m AS model FROM public.model_access_control AS m",
    "CREATE PUBLICATION all_of_it FOR TABLE public.model_access_control",
)
TOUCH = "UPDATE public.model_access_control SET display_name = 'x' WHERE model_id = 'a'"
DELETE = "DELETE FROM public.model_access_control WHERE model_id = 'b'"


@pytest.fixture
def source(database: Database) -> Database:
    database.add_tiers("free", "pro")
    database.add_models([("a", ["free"], {"free": 1.5}), ("b", ["pro", "free"], None)])
    return database


def test_by_default_a_running_application_notices_nothing(
    source: Database, tierflow: Callable[..., Told]
) -> None:
    for statement in (*HISTORY, *LOOSE):
        source.rows(statement)
    line = f"{model_uuid('c')}\tc\tacme\tC\tt\tf\t[]\t{{}}\t{{}}\t2026-01-02 03:04:05\n"
    with psycopg.connect(source.dsn, autocommit=True) as session:
        session.execute("PREPARE everything AS SELECT * FROM public.model_access_control")
        session.execute(
            "PREPARE touch AS UPDATE public.model_access_control SET deprecated = false RETURNING *"
        )
        before = session.execute("EXECUTE everything").fetchall()
        assert session.execute("EXECUTE touch").rowcount == 2
        remembered = source.value("SELECT count(*) FROM public.history")
        told = tierflow("migrate", *OPTIONS)
        assert told.code == 0, told.stderr
        assert source.value("SELECT count(*) FROM public.history") == remembered
        # the stamp alone has moved, and that by the application's own trigger
        after = session.execute("EXECUTE everything").fetchall()
        assert sorted(row[:-1] for row in after) == sorted(row[:-1] for row in before)
        assert session.execute("EXECUTE touch").rowcount == 2
        with session.cursor().copy("COPY public.model_access_control FROM STDIN") as copy:
            copy.write(line)
    source.rows(TOUCH)
    source.rows(DELETE)
    assert len(source.rows("SELECT * FROM public.everything()")) == 2
    assert tierflow("verify").code == 0
    assert tierflow("rollback").code == 0
    source.rows(TOUCH)


@pytest.mark.parametrize(
    ("application", "kind"), [(HISTORY, "UPDATE"), (ARCHIVE, "DELETE and INSERT")]
)
def test_columns_that_break_a_write_of_the_application_are_refused_before_anything_is_changed(
    source: Database, tierflow: Callable[..., Told], application: tuple[str, ...], kind: str
) -> None:
    for statement in application:
        source.rows(statement)
    before = source.dump()
    for command in (
        ("plan", *OPTIONS), ("migrate", *OPTIONS), ("migrate", "--dry-run", *OPTIONS),
    ):  # fmt: skip
        told = tierflow(*command, "--backup-columns")
        assert told.code == 2
        said = told.stderr or told.value["obstacles"][0]
        assert f"with the backup columns the application's {kind} of a model fails" in said
        assert "INSERT has more expressions than target columns" in said
        assert source.dump() == before
    assert tierflow("migrate", *OPTIONS).code == 0
    source.rows(TOUCH)
    source.rows(DELETE)


def test_a_write_that_fails_anyway_says_nothing_of_the_columns(
    source: Database, tierflow: Callable[..., Told]
) -> None:
    """Rows that others refer to cannot be deleted, with the columns or without."""
    source.rows("CREATE TABLE public.invoice (model uuid REFERENCES public.model_access_control)")
    source.rows("INSERT INTO public.invoice SELECT id FROM public.model_access_control")
    source.rows("""CREATE FUNCTION public.keep() RETURNS trigger LANGUAGE plpgsql AS
                   'BEGIN RAISE EXCEPTION ''never''; END'""")
    source.rows("""CREATE TRIGGER keep BEFORE DELETE ON public.model_access_control
                   FOR EACH ROW EXECUTE FUNCTION public.keep()""")
    told = tierflow("migrate", *OPTIONS, "--backup-columns")
    assert told.code == 0, told.stderr


def test_the_plan_names_what_names_the_columns_by_a_star(
    source: Database, tierflow: Callable[..., Told]
) -> None:
    for statement in (*HISTORY, *LOOSE):
        source.rows(statement)
    asked = tierflow("plan", *OPTIONS, "--backup-columns").value
    said = "\n".join(asked["notes"])
    for part in (
        "a prepared SELECT * or RETURNING *", "a COPY without a list of columns",
        "function public.everything() has the row type of the models",
        "function public.name_of(public.model_access_control) has the row type",
        "trigger remember on table public.model_access_control copies OLD.*",
        "rule _RETURN on view public.wide has a whole row of the models",
        "publication all_of_it publishes the models: a subscriber needs the new columns before",
    ):  # fmt: skip
        assert part in said, said
    assert asked["adds_columns"]
    plain = tierflow("plan", *OPTIONS).value
    assert not plain["adds_columns"]
    assert "SELECT *" not in "\n".join(plain["notes"])


def test_nothing_is_named_where_nothing_uses_a_star(
    source: Database, tierflow: Callable[..., Told]
) -> None:
    source.rows("CREATE VIEW public.narrow AS SELECT * FROM public.model_access_control")
    source.rows("""CREATE FUNCTION public.count_models() RETURNS bigint LANGUAGE sql AS
                   'SELECT count(*) FROM public.model_access_control'""")
    notes = tierflow("plan", *OPTIONS, "--backup-columns").value["notes"]
    assert not [note for note in notes if "public." in note]


def test_the_plan_that_tries_the_columns_changes_nothing(
    source: Database, tierflow: Callable[..., Told]
) -> None:
    before = source.dump()
    told = tierflow("plan", *OPTIONS, "--backup-columns")
    assert (told.code, told.value["needs_decision"]) == (0, False), told.stderr
    assert [step["name"] for step in told.value["steps"]][-1] == "try the backup columns"
    assert source.dump() == before
