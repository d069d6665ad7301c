"""Bad surroundings: two lines that help, the right exit code, and never a half-done database."""

from __future__ import annotations

import contextlib
import os
import shlex
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import psycopg
import pytest
from psycopg import sql
from psycopg.conninfo import conninfo_to_dict, make_conninfo
from support.database import Database, Told

from tierflow.connection import connect, fetch

OPTIONS = ("--min-coverage", "0")
MIGRATE = ("migrate", *OPTIONS)


def assert_two_lines(told: Told, code: int, *words: str) -> None:
    """The error is on stderr in two lines, and in the JSON object."""
    assert told.code == code, told.stderr
    lines = told.stderr.strip().splitlines()
    assert len(lines) == 2
    assert lines[1].startswith("Next: ")
    assert told.value["error"] == {
        "message": lines[0],
        "next": lines[1].removeprefix("Next: "),
        "exit_code": code,
    }
    for word in words:
        assert word in told.stderr


def fill(database: Database, models: int = 4) -> None:
    database.add_tiers("free", "pro")
    access = [["free"], ["free", "pro"], [], ["pro"]]
    database.add_models([(f"m{n:03}", access[n % 4], {"pro": 1.5}) for n in range(models)])


@pytest.mark.parametrize(
    ("dsn", "code", "words"),
    [
        ("postgresql://joe:s3cret@localhost:54x32/db", 2, ("TIERFLOW_DSN",)),
        ("host=localhost password=s3cret nonsense", 2, ("TIERFLOW_DSN",)),
        ("postgresql://joe:pass@s3cret@localhost/db", 2, ("TIERFLOW_DSN", "%40")),
        ("postgresql://joe:1/s3cret@localhost/db", 2, ("TIERFLOW_DSN", "%2F")),
        ("postgresql://joe:s3cret@no-such-host.invalid/db", 2, ("no-such-host.invalid",)),
        ("postgresql://joe:s3cret@127.0.0.1:1/db", 3, ("127.0.0.1", "server runs")),
        ("host=/nowhere/at/all password=s3cret", 3, ("/nowhere/at/all",)),
    ],
    ids=["port", "syntax", "bare @", "bare slash", "host", "closed port", "no socket"],
)
def test_a_wrong_dsn_is_told_without_the_password(
    tierflow: Callable[..., Told],
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
    dsn: str,
    code: int,
    words: tuple[str, ...],
) -> None:
    monkeypatch.setenv("TIERFLOW_DSN", dsn)
    monkeypatch.setenv("TIERFLOW_HOME", str(tmp_path))
    for command in ("plan", "rollback", "runs"):
        told = tierflow(command)
        assert_two_lines(told, code, *words)
        assert "s3cret" not in told.stderr + str(told.value)
    for file in tmp_path.rglob("*.html"):
        assert "s3cret" not in file.read_text()


def test_a_wrong_database_or_schema_is_named_and_nothing_is_written(
    database: Database, tierflow: Callable[..., Told], monkeypatch: pytest.MonkeyPatch
) -> None:
    fill(database)
    before = database.dump()
    for command in (("plan",), MIGRATE, (*MIGRATE, "--dry-run")):
        assert_two_lines(
            tierflow(*command, "--schema", "nowhere"), 2,
            "table nowhere.subscription_tiers is missing", "--schema",
        )  # fmt: skip
    database.rows("DROP INDEX public.idx_model_access_control_tier_access")
    database.rows("ALTER TABLE public.model_access_control ALTER COLUMN tier_access TYPE json")
    database.rows("ALTER TABLE public.model_access_control DROP COLUMN tier_markup")
    assert_two_lines(
        tierflow(*MIGRATE), 2,
        "column model_access_control.tier_access is json, not jsonb",
        "column model_access_control.tier_markup is missing",
    )  # fmt: skip
    database.rows("DROP TABLE public.model_access_control")
    assert_two_lines(tierflow("plan"), 2, "table public.model_access_control is missing")
    assert tierflow("rollback").value["outcome"] == "unchanged"
    assert tierflow("verify").code == 1
    assert "tierflow" not in database.dump("--schema-only")
    assert before != database.dump()
    monkeypatch.setenv("TIERFLOW_DSN", make_conninfo(database.dsn, dbname="no_such_database"))
    assert_two_lines(tierflow("plan"), 2, "no_such_database")


def test_a_second_run_says_who_holds_the_lock(
    database: Database, tierflow: Callable[..., Told]
) -> None:
    fill(database)
    before = database.dump()
    with connect(database.target, "run lock", autocommit=True) as holder:
        assert fetch(holder, "queries/take_run_lock", schema="public")[0]["taken"]
        for command in (MIGRATE, (*MIGRATE, "--dry-run"), ("rollback",)):
            told = tierflow(*command)
            assert_two_lines(told, 3, f"session {holder.info.backend_pid} of postgres")
        assert tierflow(*MIGRATE, "--schema", "other").code == 3  # the ledger is one a database
        assert tierflow("plan").code == 0
        assert database.dump() == before
    assert tierflow(*MIGRATE).code == 0


IN_THE_WAY = {
    "table tier_model_access": "CREATE MATERIALIZED VIEW public.tier_model_access AS SELECT 1 AS x",
    "index idx_tier_model_lookup":
        "CREATE INDEX idx_tier_model_lookup ON public.subscription_tiers (id)",
    "index tier_model_access_pkey":
        "CREATE TABLE public.old (id int CONSTRAINT tier_model_access_pkey PRIMARY KEY)",
    "sequence tier_model_access_id_seq": "CREATE SEQUENCE public.tier_model_access_id_seq",
    "view v_tier_model_summary": "CREATE TABLE public.v_tier_model_summary (x int)",
    "view v_model_tier_access has the columns mine":
        "CREATE VIEW public.v_model_tier_access AS SELECT 1 AS mine",
    "function get_models_for_tier":
        """CREATE FUNCTION public.get_models_for_tier(p_tier_code varchar) RETURNS int
           LANGUAGE sql RETURN 1""",
    "column tier_access_backup":
        "ALTER TABLE public.model_access_control ADD COLUMN tier_access_backup text",
}  # fmt: skip


def test_objects_with_our_names_but_another_shape_stop_the_plan_all_at_once(
    database: Database, tierflow: Callable[..., Told]
) -> None:
    fill(database)
    for statement in IN_THE_WAY.values():
        database.rows(statement)
    before = database.dump()
    planned = tierflow("plan")
    assert planned.code == 2
    said = planned.value["obstacles"]
    assert [name for name in IN_THE_WAY if not any(o.startswith(name) for o in said)] == []
    assert len(said) == len(IN_THE_WAY)
    assert_two_lines(tierflow(*MIGRATE), 2, *IN_THE_WAY)
    assert database.dump() == before

    database.rows("DROP MATERIALIZED VIEW public.tier_model_access")
    database.rows("DROP SEQUENCE public.tier_model_access_id_seq")
    database.rows("""CREATE TABLE public.tier_model_access (id serial, tier_id bigint NOT NULL,
                     model_id uuid, enabled boolean NOT NULL DEFAULT true)""")
    said = " ".join(tierflow("plan").value["obstacles"])
    assert "column tier_id of tier_model_access is bigint not null, not integer not null" in said
    assert "column model_id of tier_model_access is uuid, not uuid not null" in said
    assert "column updated_at of tier_model_access is missing" in said


def database_name(database: Database) -> str:
    return str(conninfo_to_dict(database.dsn)["dbname"])


@pytest.fixture
def poor(database: Database, monkeypatch: pytest.MonkeyPatch) -> str:
    """A role that can log in and nothing else, as which tierflow connects from now on."""
    role = f"poor_{conninfo_to_dict(database.dsn)['dbname']}"
    database.rows(f"CREATE ROLE {role} LOGIN")
    monkeypatch.setenv("TIERFLOW_DSN", make_conninfo(database.dsn, user=role))
    return role


def give_source_to(database: Database, role: str) -> None:
    for table in ("subscription_tiers", "model_access_control"):
        database.rows(f"ALTER TABLE public.{table} OWNER TO {role}")


def live_a_whole_life(tierflow: Callable[..., Told], *schema: str) -> None:
    commands = (
        ("plan", *OPTIONS), (*MIGRATE, "--dry-run"), MIGRATE, ("verify", "--detailed"),
        ("migrate",),
        ("rollback",), MIGRATE, ("rollback", "--restore-snapshot"),
    )  # fmt: skip
    for command in commands:
        told = tierflow(*command, *schema)
        assert told.code == 0, told.stderr
    runs = tierflow("runs", *schema).value
    assert [run["outcome"] for run in runs] == [
        "rolled_back", "published", "rolled_back", "unchanged", "verified", "published",
    ]  # fmt: skip


@pytest.mark.parametrize("owner", ["boss", "superuser"])
def test_each_missing_grant_is_named_and_exactly_these_are_enough(
    database: Database, tierflow: Callable[..., Told], poor: str, owner: str
) -> None:
    fill(database)
    if owner == "boss":
        database.rows(f"CREATE ROLE {poor}_boss")
        give_source_to(database, f"{poor}_boss")
    database.rows("REVOKE ALL ON SCHEMA public FROM PUBLIC")
    before = database.dump()
    told = tierflow(*MIGRATE)
    remedies = told.value["error"]["next"].split("; ")
    assert_two_lines(told, 2, *remedies, "SELECT on model_access_control")
    assert f"GRANT USAGE ON SCHEMA public TO {poor}" in remedies
    assert f"GRANT postgres TO {poor}" not in remedies  # it would make it a superuser
    assert tierflow("plan").value["error"]["next"].split("; ") == remedies

    reading = [grant for grant in remedies if grant.startswith(("GRANT SELECT", "GRANT USAGE"))]
    for grant in reading:
        database.rows(grant)
    planned = tierflow("plan", *OPTIONS)
    assert planned.code == 2
    rest = [missing["remedy"] for missing in planned.value["missing_privileges"]]
    assert set(rest) == set(remedies) - set(reading)
    assert_two_lines(tierflow(*MIGRATE), 2, *rest)
    for grant in reading:
        database.rows(grant.replace("GRANT", "REVOKE", 1).replace(" TO ", " FROM "))
    assert database.dump() == before

    for grant in remedies:
        database.rows(grant)
    told = tierflow(*MIGRATE)
    assert (told.code, told.value["outcome"]) == (0, "published"), told.stderr
    assert tierflow("rollback").code == 0


def test_rows_that_row_security_hides_are_not_taken_for_missing(
    database: Database, tierflow: Callable[..., Told], poor: str
) -> None:
    fill(database)
    give_source_to(database, poor)
    for statement in ("ENABLE ROW LEVEL SECURITY", "FORCE ROW LEVEL SECURITY"):
        database.rows(f"ALTER TABLE public.model_access_control {statement}")
    database.rows("CREATE POLICY own ON public.model_access_control USING (provider = 'nobody')")
    before = database.dump()
    told = tierflow(*MIGRATE)
    assert_two_lines(told, 2, "row security", f"ALTER ROLE {poor} BYPASSRLS")
    assert database.dump() == before


def test_the_migration_of_another_role_asks_for_what_is_owned_by_it(
    database: Database, tierflow: Callable[..., Told], poor: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    fill(database)
    database.rows(f"CREATE ROLE {poor}_boss LOGIN")
    give_source_to(database, f"{poor}_boss")
    name = database_name(database)
    database.rows(f"GRANT CREATE ON DATABASE {name} TO {poor}_boss")
    database.rows(f"GRANT CREATE ON SCHEMA public TO {poor}_boss")
    with monkeypatch.context() as boss:
        boss.setenv("TIERFLOW_DSN", make_conninfo(database.dsn, user=f"{poor}_boss"))
        assert tierflow(*MIGRATE).code == 0
    told = tierflow("migrate")
    remedies = told.value["error"]["next"].split("; ")
    assert_two_lines(told, 2, f"GRANT {poor}_boss TO {poor}")
    for grant in remedies:
        database.rows(grant)
    told = tierflow("migrate")
    assert (told.code, told.value["outcome"]) == (0, "unchanged"), told.stderr


def test_an_unprivileged_owner_lives_a_whole_life_in_an_awkward_schema_with_odd_settings(
    database: Database, tierflow: Callable[..., Told], poor: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    fill(database)
    database.rows(
        "UPDATE public.model_access_control SET model_id = model_id || ' é€𝄞 %s \\\\ ''\"'"
    )
    database.rows("UPDATE public.subscription_tiers SET tier_code = 'pro \"€\" :x' WHERE id = 2")
    database.rows("""UPDATE public.model_access_control
                     SET tier_access = '["pro \\"€\\" :x"]', tier_markup = '{"pro \\"€\\" :x": 1.5}'
                     WHERE tier_access ? 'pro'""")
    weird = "Weird \"Schema' %s"
    name = weird.replace('"', '""')
    database.rows(f'CREATE SCHEMA "{name}"')
    for table in ("subscription_tiers", "model_access_control"):
        database.rows(f"CREATE TABLE public.{table}_copy AS TABLE public.{table}")
        database.rows(f"ALTER TABLE public.{table} OWNER TO {poor}")
        database.rows(f'ALTER TABLE public.{table} SET SCHEMA "{name}"')
        database.rows(f"ALTER TABLE public.{table}_copy RENAME TO {table}")
        database.rows(f"ALTER TABLE public.{table} OWNER TO {poor}")
    database.rows(f'GRANT CREATE, USAGE ON SCHEMA "{name}", public TO {poor}')
    database.rows(f"GRANT CREATE ON DATABASE {database_name(database)} TO {poor}")
    settings = {
        "client_encoding": "SQL_ASCII",
        "standard_conforming_strings": "off",
        "default_transaction_isolation": "serializable",
        "datestyle": "German",
        "search_path": "public",
        "extra_float_digits": "-15",
        "quote_all_identifiers": "on",
    }
    odd = " ".join(f"-c {name}={value}" for name, value in settings.items())
    monkeypatch.setenv("TIERFLOW_DSN", make_conninfo(database.dsn, user=poor, options=odd))
    before = database.dump_without_ledger()
    live_a_whole_life(tierflow, "--schema", weird)
    assert database.dump_without_ledger() == before

    # the ledger is one a database: the other schema may neither use it nor clear it
    assert tierflow(*MIGRATE, "--schema", weird).code == 0
    assert database.value("SELECT count(*) FROM public.subscription_tiers") == 2
    published = database.dump("--exclude-schema=tierflow")
    told = tierflow("plan", *OPTIONS)
    assert told.code == 2
    assert "serves schema" in told.value["obstacles"][0]
    for command in (MIGRATE, ("rollback",)):
        told = tierflow(*command)
        assert told.code == 2
        assert "serves schema" in told.stderr
    assert database.dump("--exclude-schema=tierflow") == published
    assert tierflow("verify", "--schema", weird).code == 0


def test_limits_that_the_role_carries_for_its_application_do_not_hold_for_us(
    database: Database,
) -> None:
    limits = ("statement_timeout", "idle_session_timeout")
    options = " ".join(f"-c {name}=60000" for name in limits)
    limited = Database(make_conninfo(database.dsn, options=options), database.bindir, database.home)
    with connect(limited.target, "test") as connection:
        found = connection.execute(
            "SELECT current_setting(name) AS value FROM unnest(%s::text[]) AS name", [list(limits)]
        )
        assert [row["value"] for row in found] == ["0", "0"]


TERMINATE = """CREATE FUNCTION public.cut() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
    IF to_regclass('public.tier_model_access') IS NOT NULL AND nextval('public.cuts') <= %s
    THEN PERFORM pg_terminate_backend(pg_backend_pid()); END IF;
    RETURN NEW; END $$"""


@pytest.mark.slow
def test_a_terminated_session_is_tried_again_or_leaves_a_backup_to_resume(
    database: Database, tierflow: Callable[..., Told]
) -> None:
    fill(database)
    before = database.dump_without_ledger()
    database.rows("CREATE SEQUENCE public.cuts")
    database.rows(TERMINATE.replace("%s", "1000"))
    database.rows("""CREATE TRIGGER cut BEFORE UPDATE ON public.model_access_control
                     FOR EACH STATEMENT EXECUTE FUNCTION public.cut()""")
    told = tierflow(*MIGRATE)
    assert_two_lines(told, 3, "server closed the connection", "run the same command again")
    assert database.value("SELECT to_regclass('public.tier_model_access') IS NOT NULL")
    assert database.value("SELECT bool_and(backed_up IS NULL) FROM tierflow.chunk")

    # cut once more, then no more: the step helps itself
    database.rows("SELECT setval('public.cuts', 1000, false)")
    told = tierflow(*MIGRATE)
    assert (told.code, told.value["outcome"]) == (0, "reconciled"), told.stderr
    assert database.value("SELECT last_value FROM public.cuts") > 1000
    assert len(database.grants()) == 4
    assert tierflow("rollback").code == 0
    database.rows("DROP FUNCTION public.cut() CASCADE")
    database.rows("DROP SEQUENCE public.cuts")
    assert database.dump_without_ledger() == before


@pytest.mark.slow
def test_a_killed_load_resumes_without_loading_a_chunk_twice(
    database: Database, tierflow: Callable[..., Told], monkeypatch: pytest.MonkeyPatch
) -> None:
    fill(database, models=100)
    monkeypatch.setenv("TIERFLOW_CHUNK_MODELS", "4")
    before = database.dump_without_ledger()
    killed = subprocess.Popen(
        [sys.executable, "-m", "flows.cli", *MIGRATE, "--yes"],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    loaded = "SELECT count(*) AS chunks FROM tierflow.chunk WHERE loaded IS NOT NULL"
    try:
        wait_for(database, "SELECT to_regclass('tierflow.chunk') IS NOT NULL")
        wait_for(database, f"SELECT chunks >= 2 FROM ({loaded}) AS done")
    finally:
        os.killpg(killed.pid, 9)
        killed.wait(20)
    wait_for(
        database,
        "SELECT count(*) = 0 FROM pg_stat_activity WHERE application_name LIKE 'tierflow:%'",
    )
    first = database.rows("SELECT number, loaded FROM tierflow.chunk WHERE loaded IS NOT NULL")
    assert 2 <= len(first) < 25
    assert database.value("SELECT to_regclass('public.tier_model_access') IS NULL")

    # with large chunks now: the plan of the killed run stays
    monkeypatch.setenv("TIERFLOW_CHUNK_MODELS", "1000")
    told = tierflow(*MIGRATE)
    assert (told.code, told.value["outcome"]) == (0, "published"), told.stderr
    assert (told.value["source_models"], told.value["grants"]) == (100, 100)
    assert database.value("SELECT count(*) FROM tierflow.chunk") == 25
    for row in first:
        again = database.value("SELECT loaded FROM tierflow.chunk WHERE number = %s", row["number"])
        assert again == row["loaded"]
    runs = database.rows("SELECT outcome FROM tierflow.run ORDER BY started")
    assert [run["outcome"] for run in runs] == [None, "published"]
    assert tierflow("rollback").code == 0
    assert database.dump_without_ledger() == before


def wait_for(database: Database, question: str, seconds: float = 60) -> None:
    """Ask until the answer is yes; the process under test needs a few seconds to start."""
    with psycopg.connect(database.dsn, autocommit=True) as connection:
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            row = connection.execute(sql.SQL(question)).fetchone()  # pyright: ignore
            if row and row[0]:
                return
    raise AssertionError(f"not within {seconds} s: {question}")


@pytest.fixture
def small_disk(database: Database, tmp_path: Path) -> Iterator[Path]:
    """A file system of 512 kB on which this database creates its tables from now on."""
    folder = tmp_path / "small"
    folder.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=512k,mode=777", "tmpfs", str(folder)]
    if (
        shutil.which("mount") is None
        or subprocess.run(mount, capture_output=True, check=False).returncode
    ):
        pytest.skip("mounting a small file system needs root")
    name = database_name(database)
    try:
        database.rows(f"CREATE TABLESPACE small_{name} LOCATION '{folder}'")
        database.rows(f"ALTER DATABASE {name} SET default_tablespace = small_{name}")
        yield folder
    finally:
        with contextlib.suppress(psycopg.Error):
            database.rows("DROP SCHEMA IF EXISTS tierflow, tierflow_build CASCADE")
            database.rows("DROP TABLE IF EXISTS public.tier_model_access CASCADE")
            database.rows(f"DROP TABLESPACE small_{name}")
        subprocess.run(["umount", "--lazy", str(folder)], check=True)


def test_a_full_disk_is_a_passing_fault_and_the_run_resumes(
    database: Database, tierflow: Callable[..., Told], small_disk: Path
) -> None:
    database.add_tiers("a", "b", "c", "d")
    database.rows("""INSERT INTO public.model_access_control
        (id, model_id, enabled, deprecated, tier_access, updated_at)
        SELECT gen_random_uuid(), n, true, false, '["a", "b", "c", "d"]', now()
        FROM generate_series(1, 400) AS n""")
    before = database.dump_without_ledger()
    told = tierflow(*MIGRATE)
    assert_two_lines(told, 3, "no space left", "free space on the database server")
    assert database.value("SELECT to_regclass('public.tier_model_access') IS NULL")
    subprocess.run(shlex.split(f"mount -o remount,size=64m {small_disk}"), check=True)
    told = tierflow(*MIGRATE)
    assert (told.code, told.value["grants"]) == (0, 1600), told.stderr
    assert tierflow("rollback").code == 0
    assert database.dump_without_ledger() == before
