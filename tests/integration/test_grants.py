"""Least privilege: each command runs with exactly the grants that `tierflow grants` prints."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import psycopg
import pytest
from psycopg.conninfo import conninfo_to_dict, make_conninfo
from support.database import Database, Told
from typer.testing import CliRunner

from flows.cli import app

ROLES = ("owner", "runner", "reader")


class Roles:
    """An owner of the source, a runner and a reader, none of whom has anything from PUBLIC."""

    def __init__(self, database: Database, use: Callable[[str], None]) -> None:
        self.database, self.use = database, use
        self.name = str(conninfo_to_dict(database.dsn)["dbname"])

    def __getitem__(self, role: str) -> str:
        return f"{role}_{self.name}"

    def dsn(self, role: str) -> str:
        return make_conninfo(self.database.dsn, user=self[role])

    def grants(self, command: str, role: str) -> list[dict[str, Any]]:
        """Return what the command needs, as a superuser's session is told."""
        told = self.call("grants", command, "--role", self[role])
        assert told.code == 0, told.stderr
        return told.value[0]["grants"]

    def give(self, command: str, role: str) -> list[str]:
        """Give exactly what is printed, and return the statements."""
        statements = [g["statement"] for g in self.grants(command, role) if g["there"]]
        for statement in statements:
            self.database.rows(statement)
        return statements

    def take(self, statement: str) -> None:
        self.database.rows(statement.replace("GRANT", "REVOKE", 1).replace(" TO ", " FROM "))

    call: Callable[..., Told]


@pytest.fixture
def roles(
    database: Database, tierflow: Callable[..., Told], monkeypatch: pytest.MonkeyPatch
) -> Iterator[Roles]:
    roles = Roles(database, lambda dsn: monkeypatch.setenv("TIERFLOW_DSN", dsn))
    roles.call = tierflow
    for role in ROLES:
        database.rows(f"CREATE ROLE {roles[role]} LOGIN")
    database.add_tiers("free", "pro")
    access = [["free"], ["free", "pro"], ["pro"]]
    database.add_models([(f"m{n}", access[n % 3], {"pro": 1.5}) for n in range(6)])
    database.rows(f"ALTER TABLE public.model_access_control OWNER TO {roles['owner']}")
    database.rows("REVOKE ALL ON SCHEMA public FROM PUBLIC")
    database.rows(f"REVOKE ALL ON DATABASE {roles.name} FROM PUBLIC")
    database.rows(f"""ALTER DEFAULT PRIVILEGES FOR ROLE {roles["runner"]}
                      REVOKE EXECUTE ON FUNCTIONS FROM PUBLIC""")
    yield roles
    named = ", ".join(roles[role] for role in ROLES)
    database.rows(f"DROP OWNED BY {named} CASCADE; DROP ROLE {named}")


def as_role(roles: Roles, role: str, *arguments: str) -> Told:
    roles.use(roles.dsn(role))
    try:
        return roles.call(*arguments)
    finally:
        roles.use(roles.database.dsn)


@pytest.fixture
def published(roles: Roles) -> Roles:
    """The database after the runner's migration."""
    roles.give("migrate", "runner")
    told = as_role(roles, "runner", "migrate")
    assert told.code == 0, told.stderr
    return roles


@pytest.mark.slow
def test_the_runner_lives_a_whole_life_with_the_grants_of_migrate(published: Roles) -> None:
    for command in (
        ("plan",), ("verify",), ("migrate",), ("migrate", "--dry-run"),
        ("reconcile", "--from", "jsonb"), ("runs",), ("rollback", "--restore-snapshot"),
        ("migrate",), ("rollback",),
    ):  # fmt: skip
        told = as_role(published, "runner", *command)
        assert told.code == 0, (command, told.stderr)


def test_the_plan_names_each_grant_of_migrate_that_is_taken_away(roles: Roles) -> None:
    statements = roles.give("migrate", "runner")
    assert len(statements) == 10
    assert f"GRANT USAGE ON SCHEMA public TO {roles['owner']}" in statements
    assert as_role(roles, "runner", "plan").code == 0
    for statement in statements:
        roles.take(statement)
        left = {g["statement"]: g["held"] for g in roles.grants("migrate", "runner")}
        if left.get(statement, True):  # the owner's role has it too
            assert statement == f"GRANT USAGE ON SCHEMA public TO {roles['runner']}"
            continue
        told = as_role(roles, "runner", "plan")
        assert told.code == 2, (statement, told.stderr)
        if "CONNECT" in statement:
            assert "CONNECT privilege" in told.stderr
        elif "error" in told.value:
            assert statement in told.value["error"]["next"].split("; ")
        else:
            assert statement in [m["remedy"] for m in told.value["missing_privileges"]]
            refused = as_role(roles, "runner", "migrate")
            assert (refused.code, statement in refused.stderr) == (2, True)
        roles.database.rows(statement)
    assert roles.database.value("SELECT to_regnamespace('tierflow') IS NULL")


def test_a_reader_runs_the_reading_commands_with_exactly_their_grants(published: Roles) -> None:
    for command, code in (("plan", 2), ("verify", 0), ("runs", 0)):
        statements = published.give(command, "reader")
        told = as_role(published, "reader", command)
        assert told.code == code, told.stderr
        if command == "plan":  # which names what migrate would lack
            lacks = {missing["remedy"] for missing in told.value["missing_privileges"]}
            assert lacks
            assert not lacks & set(statements)
        for statement in statements:
            published.take(statement)
            told = as_role(published, "reader", command)
            assert (told.code, "rivilege" in told.stderr) == (2, True), (command, statement)
            assert "error" in told.value
            published.database.rows(statement)
        for statement in statements:
            published.take(statement)


@pytest.mark.slow
def test_a_reader_rehearses_with_exactly_its_grants(published: Roles) -> None:
    statements = published.give("rehearse", "reader")
    told = as_role(published, "reader", "rehearse")
    assert told.code == 0, told.stderr
    for statement in statements:
        published.take(statement)
        told = as_role(published, "reader", "rehearse")
        assert (told.code, "rivilege" in told.stderr) == (2, True), (statement, told.stderr)
        published.database.rows(statement)


COMMANDS = {
    "rollback": ("rollback",),
    "reconcile": ("reconcile", "--from", "jsonb"),
    "migrate": ("migrate",),
    "finalize": ("finalize", "--soak-days", "0", "--yes-drop", "tier_access,tier_markup"),
    "restore": ("restore", "{archive}"),
    "forget": ("forget", "--older-than", "0"),
    "report": ("report", "{run}", "--output", "{home}"),
}


@pytest.fixture
def taken_over(published: Roles, request: pytest.FixtureRequest) -> tuple[Roles, list[str]]:
    """The database before a command that another role is to run, and the command."""
    command: str = request.param
    words = {"run": "", "archive": "", "home": str(published.database.home)}
    if command == "reconcile":
        published.database.rows("ALTER TABLE public.model_access_control DISABLE TRIGGER USER")
        published.database.rows("UPDATE public.model_access_control SET tier_access = '[\"pro\"]'")
        published.database.rows("ALTER TABLE public.model_access_control ENABLE TRIGGER USER")
    if command == "restore":
        assert as_role(published, "runner", "verify").code == 0
        told = as_role(published, "runner", *COMMANDS["finalize"])
        assert told.code == 0, told.stderr
        (archive,) = (published.database.home / "archives").glob("*.parquet")
        words["archive"] = str(archive)
    if command in ("finalize", "forget"):
        assert as_role(published, "runner", "verify").code == 0
    if command == "report":
        words["run"] = published.database.value("SELECT run_id::text FROM tierflow.run")
    return published, [part.format(**words) for part in COMMANDS[command]]


@pytest.mark.slow
@pytest.mark.parametrize("taken_over", COMMANDS, indirect=True)
def test_another_role_takes_over_with_the_grants_of_the_command_and_not_with_one_less(
    taken_over: tuple[Roles, list[str]],
) -> None:
    roles, command = taken_over
    statements = roles.give(command[0], "reader")
    before = roles.database.dump("--exclude-schema=tierflow", "--no-privileges")
    refused = 0
    for statement in dict.fromkeys(statements):
        roles.take(statement)
        left = {g["statement"]: g["held"] for g in roles.grants(command[0], "reader")}
        if left[statement]:  # by another role that it is in
            roles.database.rows(statement)
            continue
        refused += 1
        told = as_role(roles, "reader", *command)
        assert told.code == 2, (statement, told.stderr)
        named = statement in told.stderr or "CONNECT privilege" in told.stderr
        # a reading command is told by PostgreSQL
        assert named or (command[0] == "report" and "rivilege" in told.stderr), told.stderr
        roles.database.rows(statement)
    assert refused
    assert roles.database.dump("--exclude-schema=tierflow", "--no-privileges") == before
    told = as_role(roles, "reader", *command)
    assert told.code == 0, told.stderr


def connect_as(roles: Roles, role: str) -> psycopg.Connection[Any]:
    return psycopg.connect(roles.dsn(role), autocommit=True)


def test_the_sync_works_for_an_application_that_may_only_update_its_models(
    published: Roles,
) -> None:
    """The application's role has no right on the junction table, nor on the ledger."""
    statements = published.give("sync", "runner")
    published.take(f"GRANT {published['owner']} TO {published['runner']}")
    app = published["reader"]
    published.database.rows(f"""GRANT CONNECT ON DATABASE {published.name} TO {app};
        GRANT USAGE ON SCHEMA public TO {app};
        GRANT UPDATE ON public.model_access_control TO {app}""")
    write = "UPDATE public.model_access_control SET tier_access = '[\"free\"]'"
    with connect_as(published, "reader") as connection:
        connection.execute(write)
    assert {tier for _, tier, _ in published.database.grants()} == {"free"}
    published.database.rows("UPDATE public.tier_model_access SET markup_multiplier = 7")
    said = "SELECT DISTINCT tier_markup -> 'free' FROM public.model_access_control"
    assert published.database.value(said) == 7

    for statement in statements:
        published.take(statement)
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            published.database.rows("UPDATE public.tier_model_access SET markup_multiplier = 8")
            published.database.rows("UPDATE public.model_access_control SET tier_access = '[]'")
            published.database.rows(write.replace("free", 'free", "pro'))
            published.database.rows("DELETE FROM public.model_access_control WHERE model_id = 'm5'")
        published.database.rows(statement)


def test_an_application_adds_grants_and_deletes_models_with_what_is_printed_for_the_sync(
    published: Roles,
) -> None:
    """Foreign keys are checked as the tables' owners, who name the schema for that."""
    published.give("sync", "runner")
    published.take(f"GRANT {published['owner']} TO {published['runner']}")
    app = published["reader"]
    published.database.rows(f"""GRANT CONNECT ON DATABASE {published.name} TO {app};
        GRANT USAGE ON SCHEMA public TO {app};
        GRANT SELECT, UPDATE, DELETE ON public.model_access_control TO {app}""")
    with connect_as(published, "reader") as connection:
        connection.execute(
            """UPDATE public.model_access_control SET tier_access = '["free", "pro"]'"""
        )
        assert len(published.database.grants()) == 12
        connection.execute("DELETE FROM public.model_access_control WHERE model_id = 'm1'")
    assert len(published.database.grants()) == 10
    for role in ("owner", "runner"):
        statement = f"GRANT USAGE ON SCHEMA public TO {published[role]}"
        assert statement in [g["statement"] for g in published.grants("sync", "runner")]


SECURED = {
    "the runner left the owner's role": """
        ALTER TABLE public.model_access_control ENABLE ROW LEVEL SECURITY;
        REVOKE {owner} FROM {runner}""",
    "the tables' own owner is subject to it": """
        ALTER TABLE public.model_access_control ENABLE ROW LEVEL SECURITY,
            FORCE ROW LEVEL SECURITY""",
    "the junction table has it": """
        ALTER TABLE public.tier_model_access ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
        REVOKE {owner} FROM {runner}""",
    "the tiers have it": """
        ALTER TABLE public.subscription_tiers ENABLE ROW LEVEL SECURITY""",
}


@pytest.mark.parametrize("secured", SECURED)
def test_a_revocation_that_row_security_hides_from_the_sync_fails_and_is_not_lost(
    published: Roles, secured: str
) -> None:
    database, app, runner = published.database, published["reader"], published["runner"]
    published.give("sync", "runner")
    database.rows(
        f"""GRANT CONNECT ON DATABASE {published.name} TO {app};
            GRANT USAGE ON SCHEMA public TO {app};
            GRANT SELECT, UPDATE ON public.model_access_control TO {app};
            GRANT SELECT, UPDATE ON public.tier_model_access TO {app};
            CREATE POLICY mine ON public.model_access_control TO {app} USING (true);
            CREATE POLICY mine ON public.tier_model_access TO {app} USING (true);
            CREATE POLICY mine ON public.subscription_tiers TO {app} USING (true)"""
    )
    database.rows(SECURED[secured].format(owner=published["owner"], runner=runner))
    before = database.grants()
    for write in (
        "UPDATE public.model_access_control SET tier_access = '[\"free\"]'",
        """UPDATE public.model_access_control SET tier_access = '[]' WHERE model_id = 'm1'""",
        "UPDATE public.tier_model_access SET markup_multiplier = 7",
        "UPDATE public.tier_model_access SET enabled = false",
    ):
        with (
            connect_as(published, "reader") as connection,
            pytest.raises(psycopg.errors.InsufficientPrivilege, match="row-level security"),
        ):
            connection.execute(write)
    assert database.grants() == before

    remedy = f"ALTER ROLE {runner} BYPASSRLS"
    assert [g["statement"] for g in published.grants("sync", "runner") if not g["held"]] == [remedy]
    # one who sees all is told of the role that the sync runs as
    told = published.call("verify")
    assert (told.code, remedy in told.value["error"]["next"]) == (2, True), told.stderr
    told = published.call("plan")
    assert (told.code, remedy in told.value["error"]["next"]) == (2, True), told.stderr
    told = as_role(published, "runner", "verify")
    assert (told.code, remedy in told.value["error"]["next"]) == (2, True), told.stderr

    database.rows(remedy)
    with connect_as(published, "reader") as connection:
        connection.execute("UPDATE public.model_access_control SET tier_access = '[\"free\"]'")
        assert {tier for _, tier, _ in database.grants()} == {"free"}
        connection.execute("UPDATE public.tier_model_access SET markup_multiplier = 7")
    said = "SELECT DISTINCT tier_markup -> 'free' FROM public.model_access_control"
    assert database.value(said) == 7
    assert published.call("verify").code == 0


def test_a_tier_is_not_deleted_while_row_security_hides_its_models_from_the_sync(
    published: Roles,
) -> None:
    published.give("sync", "runner")
    published.database.rows(
        SECURED["the runner left the owner's role"].format(
            owner=published["owner"], runner=published["runner"]
        )
    )
    before = published.database.grants()
    with pytest.raises(psycopg.errors.InsufficientPrivilege, match="row-level security"):
        published.database.rows("DELETE FROM public.subscription_tiers WHERE tier_code = 'pro'")
    assert published.database.grants() == before


def test_a_reader_of_the_published_layer_may_read_and_nothing_else(published: Roles) -> None:
    published.give("reader", "reader")
    with connect_as(published, "reader") as connection:
        for query in (
            "SELECT count(*) FROM public.v_model_tier_access",
            "SELECT sum(model_count) FROM public.v_tier_model_summary",
            """SELECT (SELECT count(*) FROM public.get_models_for_tier('pro'))
                   + (SELECT count(*) FROM public.get_models_for_tier('free'))""",
        ):
            assert connection.execute(query).fetchone() == (8,)
        for write in (
            "DELETE FROM public.tier_model_access",
            "UPDATE public.model_access_control SET enabled = false",
            "SELECT * FROM tierflow.run",
            "CREATE TABLE public.mine (x int)",
        ):
            with pytest.raises(psycopg.errors.InsufficientPrivilege):
                connection.execute(write)


def test_the_views_give_away_no_right_and_no_row(published: Roles) -> None:
    database, reader = published.database, published["reader"]
    reads = (
        "SELECT model_identifier FROM public.v_model_tier_access WHERE tier_code = 'pro'",
        "SELECT model_identifier FROM public.get_models_for_tier('pro')",
        "SELECT providers FROM public.v_tier_model_summary WHERE tier_code = 'pro'",
    )
    statements = published.give("reader", "reader")
    database.rows(f"""ALTER TABLE public.model_access_control ENABLE ROW LEVEL SECURITY;
        CREATE POLICY one ON public.model_access_control TO {reader} USING (model_id = 'm1')""")
    with connect_as(published, "reader") as connection:
        answers = [connection.execute(read).fetchall() for read in reads]
    assert answers == [[("m1",)], [("m1",)], [(1,)]]
    (taken,) = [s for s in statements if "SELECT ON public.model_access_control" in s]
    published.take(taken)
    with connect_as(published, "reader") as connection:
        for read in reads:
            with pytest.raises(psycopg.errors.InsufficientPrivilege):
                connection.execute(read)


def test_a_member_that_does_not_inherit_is_told_so(roles: Roles) -> None:
    database = roles.database
    database.rows(f"ALTER ROLE {roles['runner']} NOINHERIT")
    roles.give("migrate", "runner")
    roles.give("plan", "runner")
    remedies = [g["statement"] for g in roles.grants("migrate", "runner") if not g["held"]]
    told = as_role(roles, "runner", "plan")
    assert remedies[0] in [m["remedy"] for m in told.value["missing_privileges"]]
    assert (len(remedies), "INHERIT" in remedies[0]) == (1, True)
    database.rows(remedies[0])
    assert as_role(roles, "runner", "plan").code == 0


def test_the_grants_command_says_what_the_role_has_and_refuses_what_it_does_not_know(
    roles: Roles,
) -> None:
    roles.give("plan", "reader")
    told = as_role(roles, "reader", "grants")
    commands = {entry["command"]: entry for entry in told.value}
    assert commands["plan"]["role"] == roles["reader"]
    assert all(g["held"] for g in commands["plan"]["grants"] if g["there"])
    assert not any(g["there"] for g in commands["plan"]["grants"] if "ledger" in g["name"])
    assert not all(g["held"] for g in commands["migrate"]["grants"])
    assert roles.call("grants", "fly").code == 2
    assert "CREATE ROLE" in roles.call("grants", "plan", "--role", "nobody at all").stderr


def test_the_grants_are_printed_as_a_script_for_psql(roles: Roles) -> None:
    roles.give("plan", "runner")
    printed = CliRunner().invoke(app, ["grants", "migrate", "--role", roles["runner"]]).stdout
    roles.database.rows(printed)
    assert all(grant["held"] for grant in roles.grants("migrate", "runner"))
    assert "-- has: GRANT SELECT" in printed


# what runs with its owner's rights, and why: each a trigger function, which nobody may call
DEFINER = {
    "capture_change", "sync_key", "sync_note", "sync_models", "sync_lock", "sync_grants",
    "sync_tiers",
}  # fmt: skip
# called by those with the path they have fixed; a clause of their own would keep PostgreSQL from
# inlining them, or cost each write a lookup. Their names are bound at creation, or qualified
WITHOUT_PATH = {
    "implied_grants", "implied_grants_of_pairs", "markup_number", "usable_markup", "held_json",
    "access_items", "markup_object",
    "sync_follow_plain_grants", "sync_follow_plain_jsonb", "sync_follow_grants", "sync_is_refusal",
}  # fmt: skip


def test_a_line_break_in_a_name_executes_nothing_of_the_script(roles: Roles) -> None:
    role = "reader\nSELECT 1 / 0;--"
    roles.database.rows(f'CREATE ROLE "{role}"')
    try:
        script = CliRunner().invoke(app, ["grants", "--role", role]).stdout
        lines = [line for line in script.splitlines() if line and not line.startswith("-- ")]
        assert "SELECT 1 / 0;--" in script
        assert all(line.startswith(("GRANT ", 'SELECT 1 / 0;--"')) for line in lines)
    finally:
        roles.database.rows(f'DROP ROLE "{role}"')


def test_every_function_has_its_search_path_and_the_rights_that_are_documented(
    database: Database, tierflow: Callable[..., Told]
) -> None:
    database.add_tiers("free")
    database.add_model("m", ["free"])
    assert tierflow("migrate").code == 0
    found = database.rows(
        """SELECT proname AS name, prosecdef AS definer, prorettype = 'trigger'::regtype AS trigger,
               'search_path=pg_catalog, pg_temp' = ANY (coalesce(proconfig, '{}')) AS fixed,
               has_function_privilege('public', oid, 'EXECUTE') AS public
           FROM pg_proc WHERE pronamespace IN ('tierflow'::regnamespace, 'public'::regnamespace)
               AND proname <> 'touch_updated_at'"""
    )
    assert len(found) > 15
    definer = {row["name"] for row in found if row["definer"]}
    assert definer == DEFINER
    assert {row["name"] for row in found if not row["fixed"]} == WITHOUT_PATH
    assert all(row["trigger"] and not row["public"] for row in found if row["definer"])
    page = (Path(__file__).parents[2] / "docs" / "security.md").read_text()
    assert [name for name in DEFINER | WITHOUT_PATH if f"`{name}`" not in page] == []
