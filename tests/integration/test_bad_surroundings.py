"""Bad surroundings: two lines that help, the right exit code, and never a half-done database."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from pathlib import Path

import psycopg
import pytest
from psycopg.conninfo import make_conninfo
from support.database import Database, Told
from support.surroundings import MIGRATE, assert_two_lines, database_name, fill

from tasks import live_locks
from tierflow.connection import connect, fetch
from tierflow.embedded import embedded_server


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
    for command in ("rollback", "verify"):
        assert_two_lines(tierflow(command), 2, "Nothing is migrated in schema 'public'")
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


def test_a_lock_that_no_session_holds_is_told_with_what_frees_it(
    database: Database, tierflow: Callable[..., Told], monkeypatch: pytest.MonkeyPatch
) -> None:
    fill(database)
    monkeypatch.setattr(live_locks, "PATIENCE_MS", (50, 100))
    write = "UPDATE public.model_access_control SET display_name = 'paid'"
    database.rows("CREATE ROLE shop LOGIN")
    database.rows("GRANT USAGE ON SCHEMA public TO shop")
    database.rows("GRANT SELECT, UPDATE ON public.model_access_control TO shop")
    try:
        with psycopg.connect(database.dsn, user="shop", autocommit=True) as shop:
            shop.execute("BEGIN")
            shop.execute(write)
            shop.execute("PREPARE TRANSACTION 'it''s'")
        notes = tierflow("plan").value["notes"]
        assert [note for note in notes if note.startswith("prepared transaction 'it''s' of shop")]
        told = tierflow(*MIGRATE)
        assert_two_lines(
            told, 3,
            f"prepared transaction 'it''s' of shop in database {database_name(database)}, which no"
            " session holds, has RowExclusiveLock on model_access_control since",
            f"Next: ROLLBACK PREPARED 'it''s' (or COMMIT PREPARED), as shop or a superuser in"
            f" database {database_name(database)}, if its transaction manager does not end it",
        )  # fmt: skip
        database.rows("ROLLBACK PREPARED 'it''s'")
        assert tierflow(*MIGRATE).code == 0
        with psycopg.connect(database.dsn, user="shop", autocommit=True) as shop:
            shop.execute("BEGIN")
            shop.execute(write)
            shop.execute("PREPARE TRANSACTION 'it''s'")
        assert_two_lines(tierflow("rollback"), 3, "prepared transaction 'it''s' of shop")
        database.rows("COMMIT PREPARED 'it''s'")
        assert tierflow("rollback").code == 0
    finally:
        database.rows("DROP OWNED BY shop")
        database.rows("DROP ROLE shop")


def test_a_prepared_transaction_is_known_after_a_restart_of_the_server(
    fast_folder: Path, database: Database
) -> None:
    options = {"max_prepared_transactions": "1", "fsync": "off", "shared_buffers": "16MB"}
    for is_restarted in (False, True):
        folder = fast_folder / "restarted"
        with embedded_server(folder, bindir=database.bindir, options=options) as server:
            target = dataclasses.replace(database.target, dsn=server.dsn())
            with connect(target, "test", autocommit=True) as session:
                if not is_restarted:
                    session.execute("CREATE TABLE public.subscription_tiers (id int)")
                    session.execute("BEGIN")
                    session.execute("INSERT INTO public.subscription_tiers VALUES (1)")
                    session.execute("PREPARE TRANSACTION 'old'")
                held = fetch(session, "queries/list_lock_holders", schema="public", alone=False)
        assert [holder["remedy"].partition(" (")[0] for holder in held] == [
            "ROLLBACK PREPARED 'old'"
        ]


def test_a_run_lock_that_no_session_holds_is_told_with_what_frees_it(
    database: Database, tierflow: Callable[..., Told]
) -> None:
    fill(database)
    with psycopg.connect(database.dsn, autocommit=True) as session:
        session.execute("BEGIN")
        session.execute("SELECT pg_advisory_xact_lock(hashtext('tierflow'), 0)")
        session.execute("PREPARE TRANSACTION 'script'")
    assert_two_lines(
        tierflow(*MIGRATE), 3,
        "Another run is under way in this database (prepared transaction 'script' of postgres,",
        "Next: ROLLBACK PREPARED 'script', as postgres",
    )  # fmt: skip
    database.rows("ROLLBACK PREPARED 'script'")
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
    planned = tierflow("plan", "--backup-columns")
    assert planned.code == 2
    said = planned.value["obstacles"]
    assert [name for name in IN_THE_WAY if not any(o.startswith(name) for o in said)] == []
    assert len(said) == len(IN_THE_WAY)
    assert_two_lines(tierflow(*MIGRATE, "--backup-columns"), 2, *IN_THE_WAY)
    assert database.dump() == before

    database.rows("DROP MATERIALIZED VIEW public.tier_model_access")
    database.rows("DROP SEQUENCE public.tier_model_access_id_seq")
    database.rows("""CREATE TABLE public.tier_model_access (id serial, tier_id bigint NOT NULL,
                     model_id uuid, enabled boolean NOT NULL DEFAULT true)""")
    said = " ".join(tierflow("plan").value["obstacles"])
    assert "column tier_id of tier_model_access is bigint not null, not integer not null" in said
    assert "column model_id of tier_model_access is uuid, not uuid not null" in said
    assert "column updated_at of tier_model_access is missing" in said
