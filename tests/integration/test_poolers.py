"""Behind a pooler: refused where it hands sessions on, let through where each stays ours.

A real PgBouncer stands before a server of these tests.
"""

from __future__ import annotations

import itertools
import random
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import psycopg
import pytest
from psycopg.conninfo import conninfo_to_dict, make_conninfo
from psycopg.sql import SQL, Identifier
from pydantic import SecretStr
from support.bouncer import PORT as BOUNCER_PORT
from support.bouncer import open_bouncer
from support.database import Database, Told
from support.proxy import open_proxy
from support.surroundings import MIGRATE, OPTIONS, assert_two_lines, fill
from typer.testing import CliRunner

from flows.recording import count_sessions
from sql import FOLDER
from tasks import compare
from tasks.create_demo import SOURCE
from tierflow import poolers
from tierflow.connection import connect, fetch, run
from tierflow.embedded import PORT as SERVER_PORT
from tierflow.embedded import EmbeddedServer, embedded_server
from tierflow.errors import ConfigurationError
from tierflow.pg_programs import call_program
from tierflow.session_state import SESSION_STATE

Tell = Callable[..., Told]
HANDED_ON = ("hands sessions on between transactions", "the server's own host and port")
COMMANDS = {
    "plan": ("plan", *OPTIONS),
    "migrate": MIGRATE,
    "dry run": (*MIGRATE, "--dry-run"),
    "verify": ("verify", "--detailed"),
    "drift watch": ("verify", "--quick"),
    "rollback": ("rollback",),
    "rollback's look": ("rollback", "--dry-run"),
    "rollback to the snapshot": ("rollback", "--restore-snapshot"),
    "rehearse": ("rehearse", *OPTIONS),
    "reconcile": ("reconcile", "--from", "junction"),
    "finalize's guards": ("finalize", "--check"),
    "finalize": ("finalize", "--yes-drop", "tier_access,tier_markup"),
    "restore": ("restore", "{home}/before.dump"),
    "runs": ("runs",),
    "grants": ("grants",),
    "forget": ("forget", "--older-than", "0", "--yes"),
    "report": ("report", "latest"),
    "dump": (*MIGRATE, "--pg-dump", "{home}/other.dump"),
}
SCRIPTS = ("verify_migration", "migrate_to_dynamic_tiers", "rollback_dynamic_tiers")
_numbers = itertools.count(1)


@pytest.fixture(scope="module")
def listening(server: EmbeddedServer, fast_folder: Path) -> Iterator[tuple[EmbeddedServer, str]]:
    """A server that PgBouncer reaches by TCP, as another user; and its address."""
    folder = fast_folder / f"pooled-{server.folder.name}"
    folder.mkdir()
    hba = folder / "pg_hba.conf"
    hba.write_text("local all all trust\nhost all all 127.0.0.0/8 trust\n")
    # all of 127/8 is this machine: the port is free there
    address = f"127.{random.randint(1, 254)}.{random.randint(1, 254)}.{random.randint(2, 254)}"
    options = {
        "hba_file": str(hba), "listen_addresses": address, "fsync": "off",
        "dynamic_shared_memory_type": "mmap", "max_connections": "100",
    }  # fmt: skip
    with embedded_server(folder / "pg", bindir=server.bindir, options=options) as own:
        yield own, address


@pytest.fixture
def shop(
    listening: tuple[EmbeddedServer, str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Database:
    """A database of four models, which the environment points to without a pooler."""
    own, address = listening
    name = f"pooled_{next(_numbers)}"
    with psycopg.connect(own.dsn(), autocommit=True) as session:
        session.execute(SQL("CREATE DATABASE {}").format(Identifier(name)))
    dsn = make_conninfo("", host=address, port=SERVER_PORT, user="postgres", dbname=name)
    shop = Database(dsn, own.bindir, tmp_path)
    with connect(shop.target, "fill") as connection:
        for part in SOURCE:
            run(connection, f"demo/{part}", schema="public")
    fill(shop)
    monkeypatch.setenv("TIERFLOW_DSN", dsn)
    monkeypatch.setenv("TIERFLOW_HOME", str(tmp_path))
    return shop


@pytest.fixture
def hasty(monkeypatch: pytest.MonkeyPatch) -> None:
    """Wait a second for a session, not ten."""
    monkeypatch.setattr(poolers, "PATIENCE_SECONDS", 1.0)


@pytest.mark.parametrize("mode", ["transaction", "statement"])
def test_no_command_leaves_a_trace_in_the_sessions_of_the_application(
    shop: Database, tierflow: Tell, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, mode: str
) -> None:
    assert tierflow(*MIGRATE, "--pg-dump", str(tmp_path / "before.dump")).code == 0
    before = shop.dump()
    with open_bouncer(tmp_path, shop.dsn, mode) as bouncer:
        clean = bouncer.see()
        monkeypatch.setenv("TIERFLOW_DSN", bouncer.dsn)
        for name, words in COMMANDS.items():
            told = tierflow(*(word.format(home=tmp_path) for word in words))
            assert bouncer.see() == clean, name
            assert_two_lines(told, 2, *HANDED_ON, bouncer.address, f"port {SERVER_PORT}")
    assert shop.dump() == before
    assert not (tmp_path / "other.dump").exists()


def test_the_pooled_sessions_that_the_look_itself_opens_are_like_any_other(
    shop: Database, tierflow: Tell, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with open_bouncer(tmp_path, shop.dsn, "transaction") as bouncer:
        clean = bouncer.see()
    # PgBouncer 1.18 gives a session the application_name of its client, and leaves it there
    monkeypatch.setenv("PGAPPNAME", "somebody")
    monkeypatch.setenv("PGOPTIONS", "-c search_path=nowhere")
    monkeypatch.setenv("PGCLIENTENCODING", "LATIN1")
    with open_bouncer(tmp_path, shop.dsn, "transaction") as bouncer:
        dsn = make_conninfo(bouncer.dsn, application_name="us", client_encoding="LATIN2")
        monkeypatch.setenv("TIERFLOW_DSN", dsn)
        assert_two_lines(tierflow("plan"), 2, *HANDED_ON)
        for name in ("PGAPPNAME", "PGOPTIONS", "PGCLIENTENCODING"):
            monkeypatch.delenv(name)
        assert bouncer.see() == clean


@pytest.mark.parametrize(
    ("pool", "round_robin", "busy"), [(1, 0, 0), (2, 1, 0), (3, 1, 0), (20, 1, 0), (4, 0, 3)]
)
def test_sessions_that_are_handed_on_are_recognised_whatever_the_pool(
    shop: Database,
    tierflow: Tell,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    pool: int,
    round_robin: int,
    busy: int,
) -> None:
    with open_bouncer(
        tmp_path, shop.dsn, "transaction", pool=pool, server_round_robin=round_robin
    ) as bouncer:
        bouncer.hold(pool).close()
        monkeypatch.setenv("TIERFLOW_DSN", bouncer.dsn)
        with bouncer.hold(busy):
            assert_two_lines(tierflow("runs"), 2, *HANDED_ON)


def test_a_rehearsal_does_not_use_a_copy_behind_such_a_pooler(
    shop: Database, tierflow: Tell, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shop.rows("CREATE DATABASE spare")
    with open_bouncer(tmp_path, make_conninfo(shop.dsn, dbname="spare"), "transaction") as bouncer:
        clean = bouncer.see()
        monkeypatch.setenv("TIERFLOW_REHEARSAL_DSN", bouncer.dsn)
        assert_two_lines(tierflow("rehearse", *OPTIONS), 2, *HANDED_ON, bouncer.address)
        assert bouncer.see() == clean
    shop.rows("DROP DATABASE spare WITH (FORCE)")


def test_serve_does_not_start_before_such_a_pooler(
    shop: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from flows.cli import app

    with open_bouncer(tmp_path, shop.dsn, "transaction") as bouncer:
        clean = bouncer.see()
        monkeypatch.setenv("TIERFLOW_DSN", bouncer.dsn)
        told = CliRunner().invoke(app, ["serve", "--files-port", "0"])
        assert told.exit_code == 2
        assert HANDED_ON[0] in told.stderr
        assert bouncer.see() == clean


def test_a_saved_connection_to_such_a_pooler_is_refused(
    shop: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from flows import saved_connection
    from flows.plan import plan

    with open_bouncer(tmp_path, shop.dsn, "transaction") as bouncer:
        clean = bouncer.see()
        saved = saved_connection.TierflowDatabase(dsn=SecretStr(bouncer.dsn))
        # what a Prefect server keeps
        monkeypatch.setattr(saved_connection, "load_connection", {"pooled": saved}.__getitem__)
        with pytest.raises(ConfigurationError, match=HANDED_ON[0]):
            plan(database="pooled")
        assert bouncer.see() == clean


@pytest.mark.parametrize("way", ["variables", "service", "several hosts", "socket"])
def test_however_the_server_is_named_it_is_reached_and_a_pooler_is_recognised(
    listening: tuple[EmbeddedServer, str],
    shop: Database,
    tierflow: Tell,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    way: str,
) -> None:
    own, address = listening

    def name_server(host: str, port: int) -> None:
        if way == "variables":
            dsn = ""
            monkeypatch.setenv("PGHOST", host)
            monkeypatch.setenv("PGPORT", str(port))
            monkeypatch.setenv("PGUSER", "postgres")
            monkeypatch.setenv("PGDATABASE", database)
        elif way == "service":
            dsn = "service=shop"
            file = tmp_path / "pg_service.conf"
            file.write_text(f"[shop]\nhost={host}\nport={port}\nuser=postgres\ndbname={database}\n")
            monkeypatch.setenv("PGSERVICEFILE", str(file))
        else:
            hosts = f"{address},{host}" if way == "several hosts" else host
            ports = f"1,{port}" if way == "several hosts" else str(port)
            dsn = make_conninfo("", host=hosts, port=ports, user="postgres", dbname=database)
        monkeypatch.setenv("TIERFLOW_DSN", dsn)

    database = str(conninfo_to_dict(shop.dsn)["dbname"])
    name_server(str(own.socket_dir) if way == "socket" else address, SERVER_PORT)
    told = tierflow("plan", *OPTIONS)
    assert told.code == 0, told.stderr
    socket_dir = str(own.socket_dir) if way == "socket" else ""
    with open_bouncer(tmp_path, shop.dsn, "transaction", unix_socket_dir=socket_dir) as bouncer:
        clean = bouncer.see()
        name_server(socket_dir or bouncer.address, BOUNCER_PORT)
        assert_two_lines(tierflow("plan", *OPTIONS), 2, *HANDED_ON, f"port {SERVER_PORT}")
        assert bouncer.see() == clean


def test_a_pooler_that_begins_to_hand_sessions_on_is_noticed_by_the_next_session(
    shop: Database, tmp_path: Path
) -> None:
    """What was found before is not believed: the statement that sets things asks again."""
    with open_bouncer(tmp_path, shop.dsn, "transaction") as bouncer:
        clean = bouncer.see()
        with (
            psycopg.connect(bouncer.dsn, autocommit=True) as session,
            pytest.raises(ConfigurationError, match=HANDED_ON[0]),
        ):
            poolers.begin_session(session, "us", pooled=False)
        assert bouncer.see() == clean


def test_the_session_of_a_task_in_a_process_of_its_own_is_refused_too(
    shop: Database, tmp_path: Path
) -> None:
    with open_bouncer(tmp_path, shop.dsn, "transaction") as bouncer:
        clean = bouncer.see()
        target = Database(bouncer.dsn, shop.bindir, tmp_path).target
        refused = pytest.raises(ConfigurationError, match=HANDED_ON[0])
        with refused, connect(target, "load chunk"):
            pass
        with pytest.raises(ConfigurationError, match=HANDED_ON[0]):
            call_program(target, shop.bindir / "psql", "-c", "SET work_mem = '1MB'")
        assert bouncer.see() == clean


def test_the_scripts_for_psql_leave_no_trace_either(shop: Database, tmp_path: Path) -> None:
    with open_bouncer(tmp_path, shop.dsn, "transaction") as bouncer:
        clean = bouncer.see()
        for script in ("migrate_to_dynamic_tiers", *SCRIPTS):
            # a name of its own is what any psql gives
            dsn = make_conninfo(bouncer.dsn, application_name="")
            subprocess.run(
                [
                    shop.bindir / "psql", "-X", "-d", dsn, "--set=min_coverage=0",
                    "-f", FOLDER / f"{script}.sql",
                ],
                capture_output=True, check=True,
            )  # fmt: skip
            assert bouncer.see() == clean, script


@pytest.fixture
def parallel(shop: Database, monkeypatch: pytest.MonkeyPatch) -> int:
    """So many chunks and ranges that every worker is busy; return the sessions of a migration."""
    shop.rows("DELETE FROM public.model_access_control")
    shop.rows("DELETE FROM public.subscription_tiers")
    fill(shop, 300)
    monkeypatch.setenv("TIERFLOW_WORKERS", "3")
    monkeypatch.setenv("TIERFLOW_CHUNK_MODELS", "20")
    monkeypatch.setenv("TIERFLOW_MAX_TRANSACTION_AGE", "3600")
    monkeypatch.setattr(compare, "RANGE_MODELS", 20)
    return count_sessions("migrate", 3)


LIFE = (
    ("plan", *OPTIONS),
    (*MIGRATE, "--dry-run"),
    (*MIGRATE, "--pg-dump", "{home}/through.dump"),
    ("verify", "--detailed"),
    MIGRATE,
    ("reconcile", "--from", "jsonb"),
    ("rollback",),
    MIGRATE,
    ("restore", "{home}/through.dump"),
    ("rollback", "--restore-snapshot"),
    ("runs",),
)
ALONE = (
    ("plan", *OPTIONS),
    ("reconcile", "--from", "junction"),
    ("restore", "{home}/through.dump"),
    ("forget", "--older-than", "0", "--yes"),
    ("rollback",),
    ("grants",),
)


def test_a_pooler_in_session_mode_is_let_through_and_finds_its_sessions_as_they_were(
    shop: Database, tierflow: Tell, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    source = shop.rows("SELECT * FROM public.model_access_control ORDER BY id")
    with open_bouncer(tmp_path, shop.dsn, "session") as bouncer:
        clean = bouncer.see()
        monkeypatch.setenv("TIERFLOW_DSN", bouncer.dsn)
        for words in LIFE:
            told = tierflow(*(word.format(home=tmp_path) for word in words))
            assert told.code == 0, told.stderr
            assert bouncer.see() == clean, words
    assert shop.rows("SELECT * FROM public.model_access_control ORDER BY id") == source


def test_what_our_sessions_leave_where_nobody_discards_it_is_on_the_list(
    shop: Database, tierflow: Tell, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The list, tierflow/session_state.py, is read off the sources; this is what a server saw."""
    kept = {f"setting {held.name}" for held in SESSION_STATE if held.until == "session"}
    monkeypatch.setenv("TIERFLOW_MAX_TRANSACTION_AGE", "3600")
    left: set[str] = set()
    # what the next session of ours would stumble over goes: its names, not its settings
    reset = "DEALLOCATE ALL; DISCARD TEMP"
    with open_bouncer(tmp_path, shop.dsn, "session", server_reset_query=reset) as bouncer:
        clean = bouncer.see()
        monkeypatch.setenv("TIERFLOW_DSN", bouncer.dsn)
        for words in (("plan", *OPTIONS), MIGRATE, ("verify",), ("reconcile", "--from", "jsonb")):
            told = tierflow(*words)
            assert told.code == 0, told.stderr
            left |= {found.split("=")[0] for found in bouncer.see() - clean}
    assert {"setting search_path", "setting jit", "setting work_mem"} <= left
    assert left - kept == set()


def test_a_pool_of_as_many_sessions_as_a_run_takes_is_enough(
    shop: Database,
    tierflow: Tell,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    parallel: int,
) -> None:
    with open_bouncer(tmp_path, shop.dsn, "session", pool=parallel) as bouncer:
        monkeypatch.setenv("TIERFLOW_DSN", bouncer.dsn)
        for words in LIFE:
            told = tierflow(*(word.format(home=tmp_path) for word in words))
            assert told.code == 0, told.stderr
            if words == MIGRATE:
                assert "1 of 7 guards do not hold: soak" in tierflow("finalize", "--check").stderr
    monkeypatch.setenv("TIERFLOW_DSN", shop.dsn)
    assert tierflow(*MIGRATE).code == 0
    with open_bouncer(tmp_path, shop.dsn, "session", pool=count_sessions("plan", 3)) as bouncer:
        monkeypatch.setenv("TIERFLOW_DSN", bouncer.dsn)
        for words in ALONE:
            told = tierflow(*(word.format(home=tmp_path) for word in words))
            assert told.code == 0, told.stderr


@pytest.mark.usefixtures("hasty")
def test_too_small_a_pool_is_told_before_anything_is_begun(
    shop: Database,
    tierflow: Tell,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    parallel: int,
) -> None:
    before = shop.dump()
    for pool in (1, 2, parallel - 1):
        with open_bouncer(tmp_path, shop.dsn, "session", pool=pool) as bouncer:
            monkeypatch.setenv("TIERFLOW_DSN", bouncer.dsn)
            started = time.monotonic()
            assert_two_lines(
                tierflow(*MIGRATE), 2,
                f"{pool} of the {parallel} that this command takes", bouncer.address,
                "TIERFLOW_WORKERS", f"port {SERVER_PORT}",
            )  # fmt: skip
            assert time.monotonic() - started < 20
    assert shop.dump() == before


@pytest.mark.usefixtures("hasty")
def test_a_pool_that_the_application_has_used_up_is_told(
    shop: Database, tierflow: Tell, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with open_bouncer(tmp_path, shop.dsn, "session", pool=3) as bouncer, bouncer.hold(3):
        monkeypatch.setenv("TIERFLOW_DSN", bouncer.dsn)
        assert_two_lines(tierflow("plan"), 3, "No session was given", bouncer.address)


@pytest.mark.usefixtures("hasty")
def test_a_pool_that_is_used_up_during_a_run_is_told(
    shop: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with open_bouncer(tmp_path, shop.dsn, "session", pool=3) as bouncer:
        target = Database(bouncer.dsn, shop.bindir, tmp_path).target
        with connect(target, "first") as first, bouncer.hold(2):
            assert fetch(first, "queries/read_server")
            given = pytest.raises(Exception, match="No session was given within 1 s")
            with given as told, connect(target, "second"):
                pass
    assert told.value.retry  # pyright: ignore[reportAttributeAccessIssue]


def test_a_proxy_that_hands_bytes_on_is_no_pooler(
    listening: tuple[EmbeddedServer, str],
    shop: Database,
    tierflow: Tell,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    own, _ = listening
    with open_proxy(own.socket_dir / f".s.PGSQL.{SERVER_PORT}") as proxy:
        monkeypatch.setenv(
            "TIERFLOW_DSN", make_conninfo(shop.dsn, host="127.0.0.1", port=proxy.port)
        )
        for words in (("plan", *OPTIONS), MIGRATE, ("rollback",)):
            told = tierflow(*words)
            assert told.code == 0, told.stderr


def test_the_last_session_that_a_role_may_have_is_enough_without_a_pooler(
    shop: Database, tierflow: Tell, monkeypatch: pytest.MonkeyPatch
) -> None:
    shop.rows("CREATE ROLE lonely LOGIN CONNECTION LIMIT 1")
    monkeypatch.setenv("TIERFLOW_DSN", make_conninfo(shop.dsn, user="lonely"))
    assert tierflow("runs").code == 0
    shop.rows("DROP ROLE lonely")
