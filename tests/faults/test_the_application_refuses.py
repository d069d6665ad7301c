"""The application begins to refuse in the middle of a step: its writes work, or a rollback helps.

A trigger, constraint or privilege that is there from one boundary of the run on. Whatever the run
says to it: afterwards the application can write as before, at once or when the migration is rolled
back, which is possible, and no value of the models is another.
"""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Callable, Iterator, Sequence
from typing import Any, LiteralString, cast

import psycopg
import pytest
from psycopg.conninfo import make_conninfo
from support.database import Database, Told
from support.matrix import COLUMNS, OPTIONS, Bench, read_source, wait_until_gone
from support.zygote import Zygote

Record = Callable[[str, object], None]
ROLE = "mover"
REFUSE_US = """IF current_setting('application_name') LIKE 'tierflow%' THEN
               RAISE EXCEPTION 'not now'; END IF;"""
BEGINNINGS: dict[str, tuple[str, ...]] = {
    "a history trigger": (
        "CREATE TABLE public.history AS SELECT * FROM public.model_access_control LIMIT 0",
        """CREATE FUNCTION public.remember() RETURNS trigger LANGUAGE plpgsql AS
           'BEGIN INSERT INTO public.history SELECT OLD.*; RETURN NULL; END'""",
        """CREATE TRIGGER remember AFTER UPDATE OR DELETE ON public.model_access_control
           FOR EACH ROW EXECUTE FUNCTION public.remember()""",
    ),
    "a trigger that refuses our role": (
        f"""CREATE FUNCTION public.refuse() RETURNS trigger LANGUAGE plpgsql AS $$
            BEGIN {REFUSE_US} RETURN coalesce(NEW, OLD); END $$""",
        """CREATE TRIGGER refuse BEFORE INSERT OR UPDATE OR DELETE ON public.model_access_control
           FOR EACH ROW EXECUTE FUNCTION public.refuse()""",
    ),
    "a constraint": (
        """ALTER TABLE public.model_access_control
           ADD CONSTRAINT few CHECK (jsonb_array_length(tier_access) <= 2) NOT VALID""",
    ),
    "an event trigger": (
        f"""CREATE FUNCTION public.no_ddl() RETURNS event_trigger LANGUAGE plpgsql AS $$
            BEGIN {REFUSE_US} END $$""",
        "CREATE EVENT TRIGGER no_ddl ON ddl_command_start EXECUTE FUNCTION public.no_ddl()",
    ),
    "no SELECT any more": (f"REVOKE SELECT ON public.model_access_control FROM {ROLE}",),
    "no UPDATE any more": (f"REVOKE UPDATE ON public.model_access_control FROM {ROLE}",),
    "no USAGE any more": (f"REVOKE ALL ON SCHEMA public FROM {ROLE}, PUBLIC",),
}
OLD_WRITES = (
    "UPDATE public.model_access_control SET display_name = 'x' WHERE model_id = 'm03'",
    """UPDATE public.model_access_control SET tier_access = '["team"]' WHERE model_id = 'm03'""",
    "UPDATE public.model_access_control SET tier_markup = NULL WHERE model_id = 'm01'",
    """INSERT INTO public.model_access_control (id, model_id, tier_access)
       VALUES (gen_random_uuid(), 'another', '["pro"]')""",
    "DELETE FROM public.model_access_control WHERE model_id = 'm04'",
)
NEW_WRITES = (
    """INSERT INTO public.tier_model_access (model_id, tier_id)
       SELECT id, 2 FROM public.model_access_control WHERE model_id = 'm08'""",
    "UPDATE public.tier_model_access SET markup_multiplier = 3 WHERE tier_id = 3",
    "DELETE FROM public.tier_model_access WHERE tier_id = 1",
)
# under the locks of the publish nobody can begin anything, and the run waits for whoever tries
INSIDE = re.compile("publish: (?!commit)")


@dataclasses.dataclass
class Case(Bench):
    """A run of one role; from a boundary on something refuses."""

    before: Any = None

    def refuse(self, beginning: str, label: str, nth: int) -> Told:
        self.renew()
        self.before = read_source(self.database)
        at = label if nth == 1 else f"{label} {nth}"
        statements = ["SET lock_timeout = '5s'", *BEGINNINGS[beginning]]
        return self._run(self.command, {"writes": {at: statements}})

    def list_boundaries(self) -> list[tuple[str, int]]:
        """Return the boundaries of a run after which others can begin something."""
        return [at for at in super().list_boundaries() if not INSIDE.match(at[0])]

    def renew(self) -> None:
        super().renew()
        for statement in OWNED:
            self.database.rows(statement)

    def find_problem(self, beginning: str) -> str | None:
        """Return what the application cannot do, even when the migration is rolled back."""
        broken = self._find_broken()
        if beginning == "an event trigger":
            if broken:
                return f"{broken}, and no DDL of ours may help"
            self.database.rows("DROP EVENT TRIGGER IF EXISTS no_ddl")
        told = self._roll_back()
        if told.code != 0:
            return f"{broken or 'nothing'} is broken, and the rollback says: {told.stderr[-300:]}"
        if read_source(self.database) != self.before:
            return "the models are not what they were"
        if broken := self._find_broken():
            return f"after the rollback: {broken}"
        return None

    def _roll_back(self) -> Told:
        """Roll back, once more when it names the rights that it needs, and these are given."""
        told = self.zygote.call("rollback", env=self.env)
        if told.code == 2 and (grants := re.findall(r"GRANT [^;\n]+", told.stderr)):
            for grant in grants:
                self.database.rows(grant)
            told = self.zygote.call("rollback", env=self.env)
        return told

    def _find_broken(self) -> str | None:
        published = self.database.value(
            "SELECT to_regclass('public.tier_model_access') IS NOT NULL"
        )
        writes = (*OLD_WRITES, *(NEW_WRITES if published else ()))
        return next(filter(None, (self._try(write) for write in writes)), None)

    def _try(self, write: str) -> str | None:
        with psycopg.connect(self.database.dsn, application_name="the application") as session:
            try:
                session.execute(cast(LiteralString, write))
                session.execute("SET CONSTRAINTS ALL IMMEDIATE")
            except psycopg.Error as error:
                return f"{write.split(' WHERE')[0]}: {error.diag.message_primary}"
            finally:
                session.rollback()
        return None


OWNED = (
    f"""DO $$ BEGIN CREATE ROLE {ROLE} LOGIN; EXCEPTION WHEN duplicate_object THEN END $$""",
    f"ALTER TABLE public.model_access_control OWNER TO {ROLE}",
    f"ALTER TABLE public.subscription_tiers OWNER TO {ROLE}",
    f"GRANT ALL ON SCHEMA public TO {ROLE}",
    f"DO $$ BEGIN EXECUTE format('GRANT ALL ON DATABASE %I TO {ROLE}', current_database()); END $$",
)


@pytest.fixture(params=[(), (COLUMNS,)], ids=["no columns", "backup columns"])
def case(request: pytest.FixtureRequest, database: Database, zygote: Zygote) -> Iterator[Case]:
    dsn = make_conninfo(database.dsn, user=ROLE)
    yield Case(zygote, database, dsn, options=(*OPTIONS, *request.param))
    for statement in ("DROP EVENT TRIGGER IF EXISTS no_ddl", f"DROP OWNED BY {ROLE} CASCADE"):
        database.rows(statement)


def try_all(
    case: Case, record: Record, beginning: str, boundaries: Sequence[tuple[str, int]]
) -> None:
    problems = dict[str, str]()
    for label, nth in boundaries:
        told = case.refuse(beginning, label, nth)
        wait_until_gone(case.database)
        if told.code not in (0, 1, 2, 3) or "unexpectedly" in told.stderr:
            problems[f"{label} ({nth})"] = f"ended with {told.code}: {told.stderr[-300:]}"
        elif problem := case.find_problem(beginning):
            problems[f"{label} ({nth})"] = f"{problem} [the run: {told.code}]"
    with_columns = " with backup columns" if COLUMNS in case.options else ""
    record(
        "cases", (f"{beginning}{with_columns}", len(boundaries), len(boundaries) - len(problems))
    )
    assert not problems
    assert boundaries


QUICK = (
    ("a history trigger", "backup columns: commit", 1),
    ("a trigger that refuses our role", "publish: commit", 1),
    ("a constraint", "load chunk 1: commit", 1),
    ("an event trigger", "publish: commit", 1),
    ("no UPDATE any more", "publish: commit", 1),
    ("no USAGE any more", "publish: commit", 1),
)


@pytest.mark.parametrize("case", [(COLUMNS,)], indirect=True, ids=["columns"])
@pytest.mark.parametrize("server", ["pg18"], indirect=True)
@pytest.mark.parametrize(("beginning", "label", "nth"), QUICK)
def test_an_application_that_begins_to_refuse_goes_on_writing(
    case: Case, record_property: Record, beginning: str, label: str, nth: int
) -> None:
    try_all(case, record_property, beginning, [(label, nth)])


@pytest.mark.faults
@pytest.mark.timeout(1500)
@pytest.mark.parametrize("server", ["pg18"], indirect=True)
@pytest.mark.parametrize("beginning", BEGINNINGS)
def test_from_every_boundary_on_an_application_that_refuses_goes_on_writing(
    case: Case, record_property: Record, beginning: str
) -> None:
    try_all(case, record_property, beginning, case.list_boundaries())
