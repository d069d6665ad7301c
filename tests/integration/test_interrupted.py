"""Sessions, processes and disks that fail: the right exit code, and the next run goes on."""

from __future__ import annotations

import contextlib
import os
import re
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
from support.database import Database, Told
from support.surroundings import MIGRATE, assert_two_lines, database_name, fill

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
    told = tierflow(*MIGRATE, "--backup-columns")
    assert_two_lines(told, 3, "run the same command again")
    # the server's last word may arrive, or be lost with the connection
    assert re.search("terminating connection|server closed the connection", told.stderr)
    assert database.value("SELECT to_regclass('public.tier_model_access') IS NOT NULL")
    assert database.value("SELECT bool_and(backed_up IS NULL) FROM tierflow.chunk")

    # cut once more, then no more: the step helps itself
    database.rows("SELECT setval('public.cuts', 1000, false)")
    told = tierflow(*MIGRATE, "--backup-columns")
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
