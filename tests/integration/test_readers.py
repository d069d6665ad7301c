"""Who may read what is published: the roles of the old columns are not forgotten."""

from __future__ import annotations

import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import psycopg
import pytest
from psycopg.conninfo import conninfo_to_dict, make_conninfo
from support.database import Database, Told
from typer.testing import CliRunner

from flows.cli import app

ROLES = ("app", "web", "team", "gate", "runner")
READ = "SELECT count(*) FROM public.tier_model_access"


class People:
    """Roles of this test's own on a small shop, and what tierflow says of them."""

    def __init__(self, database: Database, tierflow: Callable[..., Told]) -> None:
        self.database, self.call = database, tierflow
        self.name = str(conninfo_to_dict(database.dsn)["dbname"])

    def __getitem__(self, role: str) -> str:
        return f"{role}_{self.name}"

    def do(self, statements: str) -> None:
        self.database.rows(statements.format(**{role: self[role] for role in ROLES}))

    def ask(self, role: str, query: str = READ, *, become: str | None = None) -> object:
        """Return what the role gets, or the name of the error."""
        dsn = make_conninfo(self.database.dsn, user=self[role])
        with psycopg.connect(dsn, autocommit=True) as connection:
            try:
                if become:
                    connection.execute(f'SET ROLE "{self[become]}"'.encode())
                row = connection.execute(query.encode()).fetchone()
            except psycopg.errors.InsufficientPrivilege as refused:
                return type(refused).__name__
        return row[0] if row else None

    def migrate(self) -> Told:
        told = self.call("migrate")
        assert told.code == 0, told.stderr
        return told

    def notes(self, role: str) -> list[str]:
        """Return what the plan says of a role."""
        told = self.call("plan")
        assert told.code == 0, told.stderr
        return [note for note in told.value["notes"] if self[role] in note]

    def notices(self) -> list[str]:
        """Return what verify says beside its eight checks, which pass."""
        told = self.call("verify")
        assert (told.code, len(told.value["checks"])) == (0, 8), told.stderr
        return told.value["notices"]

    def missing(self, role: str | None = None) -> list[str]:
        """Return the statements that would let the applications in."""
        told = self.call("grants", "applications", *(("--role", self[role]) if role else ()))
        assert told.code == 0, told.stderr
        (entry,) = told.value
        assert not any(grant["held"] for grant in entry["grants"])
        return [grant["statement"] for grant in entry["grants"]]

    def give(self) -> list[str]:
        """Run the script as it is printed, and return the statements that are still missing."""
        script = CliRunner().invoke(app, ["grants", "applications"]).stdout
        self.database.rows(script)
        return self.missing()


@pytest.fixture
def people(database: Database, tierflow: Callable[..., Told]) -> Iterator[People]:
    people = People(database, tierflow)
    database.add_tiers("free", "pro")
    database.add_models([(f"m{n}", ["free"], None) for n in range(4)])
    for role in ROLES:
        login = "NOLOGIN" if role in ("web", "team") else "LOGIN"
        database.rows(f'CREATE ROLE "{people[role]}" {login}')
    yield people
    named = ", ".join(f'"{people[role]}"' for role in ROLES)
    database.rows("DROP EVENT TRIGGER IF EXISTS secure_new_tables")
    database.rows(f"DROP OWNED BY {named} CASCADE; DROP ROLE {named}")


def test_the_published_table_has_the_default_privileges_of_its_schema(people: People) -> None:
    people.do("""
        ALTER DEFAULT PRIVILEGES IN SCHEMA public GRANT SELECT, INSERT ON TABLES TO {app};
        ALTER DEFAULT PRIVILEGES IN SCHEMA public GRANT SELECT ON TABLES TO {team}
            WITH GRANT OPTION;
        ALTER DEFAULT PRIVILEGES IN SCHEMA public GRANT USAGE ON SEQUENCES TO {app};
        ALTER DEFAULT PRIVILEGES IN SCHEMA public GRANT SELECT ON TABLES TO PUBLIC;
        CREATE TABLE public.like_any_other (id serial)""")
    people.migrate()
    listed = """SELECT relname::text AS name, relacl::text AS acl FROM pg_class
                WHERE relname IN ('tier_model_access', 'tier_model_access_id_seq',
                    'like_any_other', 'like_any_other_id_seq')"""
    rows = people.database.rows(listed)
    acl = {row["name"]: sorted(row["acl"].strip("{}").split(",")) for row in rows}
    assert acl["tier_model_access"] == acl["like_any_other"]
    assert acl["tier_model_access_id_seq"] == acl["like_any_other_id_seq"]
    assert (people.ask("app"), people.ask("gate")) == (4, 4)
    assert people.ask("app", "SELECT nextval('public.tier_model_access_id_seq')") is not None


def test_defaults_of_another_role_or_schema_are_not_given(people: People) -> None:
    people.do("""
        CREATE SCHEMA elsewhere;
        ALTER DEFAULT PRIVILEGES IN SCHEMA elsewhere GRANT SELECT ON TABLES TO {app};
        ALTER DEFAULT PRIVILEGES FOR ROLE {runner} IN SCHEMA public
            GRANT SELECT ON TABLES TO {app}""")
    people.migrate()
    assert people.ask("app") == "InsufficientPrivilege"


def test_a_reader_of_the_old_columns_is_named_until_it_is_let_in(people: People) -> None:
    people.do("GRANT SELECT ON public.model_access_control TO {app}")
    (note,) = people.notes("app")
    assert "tier_model_access (SELECT)" in note
    assert "tierflow grants applications" in note
    assert "INSERT" not in note
    people.migrate()
    assert people.ask("app") == "InsufficientPrivilege"
    assert any(people["app"] in notice for notice in people.notices())
    assert people.give() == []
    assert people.ask("app") == 4
    for query in (
        "SELECT count(*) FROM public.v_model_tier_access",
        "SELECT sum(model_count)::int FROM public.v_tier_model_summary",
        "SELECT count(*) FROM public.get_models_for_tier('free')",
    ):
        assert people.ask("app", query) in (4, 4)
    assert (people.notes("app"), people.notices()) == ([], [])


def test_a_writer_by_column_is_given_what_a_writer_needs(people: People) -> None:
    people.do(
        "GRANT SELECT (id, model_id), UPDATE (tier_access) ON public.model_access_control TO {app}"
    )
    people.migrate()
    statements = people.missing("app")
    for part in ("SELECT, INSERT, UPDATE, DELETE ON public.tier_model_access",
                 "USAGE ON SEQUENCE public.tier_model_access_id_seq",
                 "EXECUTE ON FUNCTION public.set_model_tiers"):  # fmt: skip
        # functions are everybody's unless somebody took that away
        wanted = any(part in statement for statement in statements)
        assert wanted == ("FUNCTION" not in part), (part, statements)
    assert people.give() == []
    added = """WITH added AS (INSERT INTO public.tier_model_access (tier_id, model_id)
               SELECT 2, id FROM public.model_access_control RETURNING id)
               SELECT count(*) FROM added"""
    assert people.ask("app", added) == 4


def test_functions_that_not_everybody_may_call_are_named(people: People) -> None:
    people.do("""
        ALTER DEFAULT PRIVILEGES REVOKE EXECUTE ON FUNCTIONS FROM PUBLIC;
        GRANT SELECT, UPDATE ON public.model_access_control TO {app}""")
    (note,) = people.notes("app")
    assert "get_models_for_tier" in note
    people.migrate()
    assert people.give() == []
    query = """SELECT count(*) FROM public.set_model_tiers(
               (SELECT id FROM public.model_access_control LIMIT 1), '{pro}')"""
    assert people.ask("app", query) == 2


def test_everybody_is_named_as_public(people: People) -> None:
    people.do("GRANT SELECT ON public.model_access_control TO PUBLIC")
    people.migrate()
    assert "GRANT SELECT ON public.tier_model_access TO PUBLIC" in people.missing()
    assert people.give() == []
    assert people.ask("gate") == 4


def test_a_role_that_is_only_set_is_named_and_one_that_nobody_can_be_is_not(people: People) -> None:
    people.do("""
        GRANT SELECT ON public.model_access_control TO {web}, {team};
        ALTER ROLE {gate} NOINHERIT; GRANT {web} TO {gate}""")
    people.migrate()
    assert people.ask("gate", become="web") == "InsufficientPrivilege"
    statements = people.missing()
    assert any(people["web"] in statement for statement in statements)
    assert not any(people["team"] in statement for statement in statements)
    assert people.give() == []
    assert people.ask("gate", become="web") == 4


def test_members_who_have_the_new_table_of_their_own_are_enough(people: People) -> None:
    people.do("GRANT SELECT ON public.model_access_control TO {team}; GRANT {team} TO {app}")
    people.migrate()
    assert any(people["team"] in statement for statement in people.missing())
    people.do("""GRANT SELECT ON public.tier_model_access, public.v_model_tier_access,
                 public.v_tier_model_summary, public.subscription_tiers TO {app}""")
    assert people.missing() == []


def test_the_owner_of_the_old_table_is_an_application_too(people: People) -> None:
    people.do("ALTER TABLE public.model_access_control OWNER TO {app}")
    people.migrate()
    assert people.ask("app") == "InsufficientPrivilege"
    assert any(people["app"] in notice for notice in people.notices())
    assert people.give() == []
    assert people.ask("app") == 4


ROW_SECURITY = """
    CREATE FUNCTION public.secure_new_tables() RETURNS event_trigger LANGUAGE plpgsql AS $$
    DECLARE made record; BEGIN
        FOR made IN SELECT * FROM pg_event_trigger_ddl_commands() WHERE object_type = 'table' LOOP
            EXECUTE format('ALTER TABLE %s ENABLE ROW LEVEL SECURITY', made.object_identity);
        END LOOP;
    END $$;
    CREATE EVENT TRIGGER secure_new_tables ON ddl_command_end WHEN TAG IN ('CREATE TABLE')
        EXECUTE FUNCTION public.secure_new_tables()"""


def test_row_security_without_a_policy_is_named_though_all_may_select(people: People) -> None:
    people.do("""GRANT SELECT ON public.model_access_control, public.subscription_tiers TO {app};
                 ALTER DEFAULT PRIVILEGES IN SCHEMA public GRANT SELECT ON TABLES TO {app}""")
    people.database.rows(ROW_SECURITY)
    told = people.call("plan")
    assert any("secure_new_tables" in note for note in told.value["notes"])
    people.migrate()
    assert people.ask("app") == 0
    (notice,) = people.notices()
    assert "no policy" in notice
    assert people["app"] in notice
    (statement,) = people.missing()
    assert statement.startswith("CREATE POLICY")
    assert people.give() == []
    assert (people.ask("app"), people.notices()) == (4, [])


def test_the_policy_that_is_printed_shows_no_more_than_the_models_do(people: People) -> None:
    people.do("""
        GRANT SELECT, UPDATE ON public.model_access_control TO {app};
        ALTER TABLE public.model_access_control ENABLE ROW LEVEL SECURITY;
        CREATE POLICY one ON public.model_access_control TO {app} USING (model_id = 'm1')""")
    people.migrate()
    people.do("ALTER TABLE public.tier_model_access ENABLE ROW LEVEL SECURITY")
    assert people.give() == []
    assert people.ask("app") == 1
    people.do("ALTER TABLE public.model_access_control DISABLE ROW LEVEL SECURITY")
    assert people.ask("app") == 4


def test_who_passes_row_security_or_sees_no_model_either_is_not_named(people: People) -> None:
    people.do("""
        GRANT SELECT ON public.model_access_control, public.subscription_tiers TO {app}, {gate};
        ALTER DEFAULT PRIVILEGES IN SCHEMA public GRANT SELECT ON TABLES TO {app}, {gate};
        ALTER ROLE {app} BYPASSRLS;
        ALTER TABLE public.model_access_control ENABLE ROW LEVEL SECURITY""")
    people.migrate()
    people.do("ALTER TABLE public.tier_model_access ENABLE ROW LEVEL SECURITY")
    assert people.notices() == []


def test_the_notice_is_loud_on_a_terminal_in_the_report_and_after_migrate(people: People) -> None:
    people.do("GRANT SELECT ON public.model_access_control TO {app}")
    told = people.migrate()
    assert any(people["app"] in notice for notice in told.value["notices"])
    for command in ("migrate", "verify"):
        said = " ".join(CliRunner().invoke(app, [command]).stdout.split())
        assert f"ATTENTION: {people['app']} can read the old columns" in said, said
    page = Path(people.call("verify").value["report"]).read_text(encoding="utf-8")
    assert f"{people['app']} can read the old columns" in page


def test_the_psql_script_that_verifies_names_them_too(people: People) -> None:
    people.do("GRANT SELECT ON public.model_access_control TO {app}")
    people.migrate()
    script = Path(__file__).parents[2] / "sql" / "verify_migration.sql"
    done = subprocess.run(
        [people.database.bindir / "psql", "-X", "-d", people.database.dsn, "-f", script],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert f"GRANT SELECT ON public.tier_model_access TO {people['app']}" in done.stdout
