"""Finalize: a test for each guard, what it drops, and what every command says afterwards."""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import pty
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, cast

import psycopg
import pyarrow.parquet as pq
import pytest
from psycopg.conninfo import conninfo_to_dict
from support.database import Database, model_uuid
from support.life import DROP, OPTIONS, SOURCE, Call, columns, finalize, open_shop, values

from sql import FOLDER
from tasks.create_demo import SOURCE as CREATED
from tierflow.connection import connect, run
from tierflow.embedded import embedded_server

# our request for the lock, behind a reader
WAITING = """SELECT EXISTS (SELECT FROM pg_locks JOIN pg_stat_activity USING (pid)
             WHERE NOT granted AND application_name = 'tierflow: finalize')"""


def age(shop: Database, interval: str) -> None:
    """Have all that was recorded be so much older."""
    shop.rows(
        """UPDATE tierflow.run
           SET started = started - past.age, finished = finished - past.age
           FROM (SELECT %s::interval AS age) AS past""",
        interval,
    )
    shop.rows("UPDATE tierflow.step SET started = started - %s::interval", interval)
    shop.rows("UPDATE tierflow.quarantine SET recorded = recorded - %s::interval", interval)


@pytest.fixture
def shop(database: Database, tierflow: Call) -> Database:
    return open_shop(database, tierflow)


def guards(tierflow: Call, *, failed: str | None = None, soak: str = "0") -> dict[str, Any]:
    """Return the figure of each guard; `failed` is the one that does not hold."""
    told = tierflow("finalize", "--check", "--soak-days", soak)
    found = {guard["name"]: guard for guard in told.value["guards"]}
    wrong = [name for name, guard in found.items() if not guard["ok"]]
    assert wrong == ([failed] if failed else []), [found[name]["figure"] for name in wrong]
    assert told.code == (1 if failed else 0), told.stderr
    return {name: guard["figure"] for name, guard in found.items()}


def test_a_finalized_database_has_the_new_side_only(shop: Database, tierflow: Call) -> None:
    before, grants = values(shop), shop.grants()
    rows = shop.rows("SELECT * FROM public.v_model_tier_access ORDER BY model_id, tier_id")
    archive = finalize(shop, tierflow)
    assert columns(shop) == {
        "id", "model_id", "provider", "display_name", "enabled", "deprecated", "pricing",
        "updated_at",
    }  # fmt: skip
    assert shop.grants() == grants
    assert shop.rows("SELECT * FROM public.v_model_tier_access ORDER BY model_id, tier_id") == rows
    left = """SELECT tgname FROM pg_trigger WHERE NOT tgisinternal AND tgrelid IN
              ('public.model_access_control'::regclass, 'public.tier_model_access'::regclass,
               'public.subscription_tiers'::regclass) ORDER BY 1"""
    triggers = [row["tgname"] for row in shop.rows(left)]
    assert triggers == ["touch_tier_model_access", "touch_updated_at"]
    options = shop.rows(
        "SELECT DISTINCT reloptions AS o FROM pg_class WHERE relname LIKE 'v~_%' ESCAPE '~'"
    )
    assert options == [{"o": ["security_invoker=true"]}]
    shop.rows("UPDATE public.tier_model_access SET markup_multiplier = 9")

    table = cast("Any", pq).read_table(archive)  # pyarrow has no types
    found: dict[str, Any] = {row["model_id"]: row for row in table.to_pylist()}
    assert {name: (row["tier_access"], row["tier_markup"]) for name, row in found.items()} == {
        name: value[:2] for name, value in before.items()
    }
    assert [name for name, row in found.items() if row["null_captured"]] == ["null"]
    header = json.loads(table.schema.metadata[b"tierflow"])
    assert header["decisions"]["tier_map"] == {"old": ["pro"], "ago": ["pro"]}
    assert [row["reason"] for row in header["quarantine"]] == ["element_not_a_string"]
    digest = hashlib.sha256(archive.read_bytes()).hexdigest()
    assert Path(f"{archive}.sha256").read_text() == f"{digest}  {archive.name}\n"
    assert shop.value("SELECT sha256 FROM tierflow.finalization") == digest
    dropped = "SELECT result -> 'dropped' FROM tierflow.run WHERE outcome = 'finalized'"
    assert shop.value(dropped) == [
        "column tier_access", "column tier_markup", "column tier_access_backup",
        "column tier_markup_backup", "the sync",
    ]  # fmt: skip
    last = "SELECT outcome FROM tierflow.run ORDER BY started DESC LIMIT 1"
    assert shop.value(last) == "finalized"


def test_what_every_command_says_of_a_finalized_database(shop: Database, tierflow: Call) -> None:
    archive = finalize(shop, tierflow)
    shop.rows("UPDATE public.tier_model_access SET markup_multiplier = 9")
    before = shop.dump("--exclude-schema=tierflow")
    told = tierflow("plan")
    assert (told.code, told.value["state"], told.value["needs_decision"]) == (0, "finalized", False)
    assert told.value["finalization"]["archive"] == str(archive)
    for options in ((), ("--quick",), ("--detailed",)):
        told = tierflow("verify", *options)
        assert (told.code, told.value["ok"]) == (0, True), told.stderr
        assert [check["name"] for check in told.value["checks"]] == [
            "table and columns", "foreign keys", "indexes", "coverage", "layer",
            "query performance",
        ]  # fmt: skip
    for command in (
        ("migrate",), ("migrate", "--dry-run"), ("rehearse",), ("rollback",),
        ("rollback", "--restore-snapshot"), ("rollback", "--dry-run"),
        ("reconcile", "--from", "jsonb"), ("reconcile", "--from", "junction", "--dry-run"),
    ):  # fmt: skip
        told = tierflow(*command)
        assert told.code == 2, command
        assert "is finalized since" in told.stderr
        assert f"tierflow restore {archive}" in told.stderr
    told = tierflow("finalize", *DROP)
    assert (told.code, told.value["outcome"]) == (0, "unchanged")
    assert tierflow("runs").code == 0
    assert shop.dump("--exclude-schema=tierflow") == before


def test_all_guards_hold_and_the_check_changes_nothing(shop: Database, tierflow: Call) -> None:
    before = shop.dump()
    figures = guards(tierflow)
    assert list(figures) == [
        "soak", "verified", "parity", "quarantine", "objects", "statements", "archive",
    ]  # fmt: skip
    assert figures["parity"].endswith("grants compared: no difference")
    assert figures["quarantine"] == (
        "0 undecided; 1 set aside by decision, which stay in the archive"
    )
    assert shop.dump() == before


def test_the_soak_must_be_over(shop: Database, tierflow: Call) -> None:
    told = tierflow("finalize", "--yes-drop", "tier_access,tier_markup")
    assert told.code == 1
    assert "soak (0.0 days since" in told.stderr
    age(shop, "8 days")
    assert tierflow("verify").code == 0
    assert tierflow("finalize", "--check").code == 0


def test_a_publishing_that_was_rolled_back_counts_no_more(shop: Database, tierflow: Call) -> None:
    """The run that published anew died in the backup, and its rerun found the table there."""
    age(shop, "20 days")
    assert tierflow("rollback").code == 0
    age(shop, "8 days")
    shop.rows("""CREATE FUNCTION public.refuse_backup() RETURNS trigger LANGUAGE plpgsql AS
                 'BEGIN RAISE EXCEPTION ''no''; END'""")
    shop.rows("""CREATE TRIGGER refuse_backup BEFORE UPDATE ON public.model_access_control
                 FOR EACH ROW WHEN (current_setting('application_name') = 'tierflow: back up')
                 EXECUTE FUNCTION public.refuse_backup()""")
    told = tierflow("migrate", *OPTIONS, "--backup-columns")
    assert told.value["outcome"] == "failed"
    shop.rows("DROP FUNCTION public.refuse_backup() CASCADE")
    age(shop, "2 days")
    told = tierflow("migrate")
    assert (told.code, told.value["outcome"]) == (0, "reconciled"), told.stderr
    assert guards(tierflow, failed="soak", soak="7")["soak"].startswith("2.0 days since")
    age(shop, "5 days")
    assert tierflow("verify").code == 0
    guards(tierflow, soak="7")


# mode, outcome, steps that were done, days ago
Recorded = tuple[str, str | None, tuple[str, ...], int]
OLD: Recorded = ("migrate", "published", ("publish", "verify"), 30)
LIVES: dict[str, tuple[list[Recorded], str]] = {
    "published": ([OLD], "30.0 days since"),
    "repaired": ([OLD, ("migrate", "reconciled", ("verify",), 10)], "30.0 days since"),
    "published twice": ([OLD, ("rollback", "rolled_back", ("roll back",), 20),
                         ("migrate", "published", ("publish", "verify"), 10)], "10.0 days since"),
    "killed after its publish": ([OLD, ("rollback", "rolled_back", ("roll back",), 20),
                                  ("migrate", None, ("publish",), 15),
                                  ("migrate", "reconciled", ("verify",), 10)], "15.0 days since"),
    "killed at its publish": ([OLD, ("rollback", "rolled_back", ("roll back",), 20),
                               ("migrate", None, (), 15), ("migrate", "reconciled", (), 10),
                               ("migrate", "unchanged", (), 5)], "10.0 days since"),
    "not read back": ([OLD, ("rollback", "failed", ("roll back",), 20),
                       ("migrate", "unchanged", (), 10)], "10.0 days since"),
    "killed in a rollback": ([OLD, ("rollback", None, (), 20),
                              ("migrate", "unchanged", (), 10)], "10.0 days since"),
    "not seen since": ([OLD, ("rollback", None, (), 20)],
                       "the ledger knows of no publishing since the rollback of "),
    "refused a rollback": ([OLD, ("rollback", "failed", (), 20)], "30.0 days since"),
    "by psql": ([("standalone sql", "published", (), 30),
                 ("standalone sql rollback", "rolled_back", (), 20),
                 ("standalone sql", "published", (), 10)], "10.0 days since"),
    "adopted by psql": ([OLD, ("standalone sql rollback", "rolled_back", (), 20),
                         ("standalone sql", "reconciled", (), 10),
                         ("standalone sql", "unchanged", (), 5)], "10.0 days since"),
}  # fmt: skip


@pytest.mark.parametrize("life", LIVES)
def test_the_soak_begins_when_the_present_table_went_live(
    shop: Database, tierflow: Call, life: str
) -> None:
    recorded, expected = LIVES[life]
    record(shop, recorded)
    told = tierflow("finalize", "--check")
    assert told.value["guards"][0]["figure"].startswith(expected), told.value["guards"][0]


def test_a_verification_of_an_earlier_table_counts_no_more(shop: Database, tierflow: Call) -> None:
    record(shop, [("verify", "verified", ("verify",), 0), ("verify", "checks_failed", (), 0),
                  ("rollback", "rolled_back", ("roll back",), 0),
                  ("migrate", "published", ("publish",), 0)])  # fmt: skip
    verified = tierflow("finalize", "--check").value["guards"][1]
    assert (verified["ok"], verified["figure"]) == (
        False, "no full verification of this table has passed",
    )  # fmt: skip
    assert tierflow("verify").code == 0
    assert tierflow("finalize", "--check").value["guards"][1]["ok"]


def record(shop: Database, runs: list[Recorded]) -> None:
    """Have these runs be all that the ledger knows, in this order."""
    shop.rows("DELETE FROM tierflow.run WHERE run_id NOT IN (SELECT run_id FROM tierflow.decision)")
    shop.rows("DELETE FROM tierflow.step")
    shop.rows("UPDATE tierflow.run SET mode = 'plan', outcome = 'planned'")
    for number, (mode, outcome, steps, days) in enumerate(runs):
        run_id = model_uuid(f"run {number}")
        # an hour ago, and each a minute after the one before
        ended = f"{days * 1440 + 60 - number} minutes"
        shop.rows(
            """INSERT INTO tierflow.run (run_id, mode, database_schema, tierflow_version, started,
                 finished, outcome, decisions)
               SELECT %s, %s, 'public', '0', at, CASE WHEN %s THEN at END, %s, '{}'
               FROM (SELECT now() - %s::interval AS at) AS ended""",
            run_id, mode, outcome is not None, outcome, ended,
        )  # fmt: skip
        for ordinal, name in enumerate(steps):
            shop.rows(
                """INSERT INTO tierflow.step
                   SELECT run_id, %s, %s, started, 0, NULL, 'done', '{}' FROM tierflow.run
                   WHERE run_id = %s""",
                ordinal, name, run_id,
            )  # fmt: skip


def test_a_full_verification_must_have_passed_within_a_day(shop: Database, tierflow: Call) -> None:
    age(shop, "25 hours")
    assert guards(tierflow, failed="verified")["verified"] == "the last one passed 25.0 h ago"
    assert tierflow("verify", "--quick").code == 0
    guards(tierflow, failed="verified")
    assert tierflow("verify").code == 0
    guards(tierflow)
    shop.past_sync("DELETE FROM public.tier_model_access WHERE tier_id = 1")
    assert tierflow("verify").code == 1
    assert tierflow("reconcile", "--from", "jsonb").code == 0
    assert "and one failed after that" in guards(tierflow, failed="verified")["verified"]


def test_drift_since_is_found_by_a_full_comparison(shop: Database, tierflow: Call) -> None:
    shop.past_sync("DELETE FROM public.tier_model_access WHERE model_id = %s", model_uuid("plain"))
    assert "1 grants missing" in guards(tierflow, failed="parity")["parity"]


def test_the_sync_must_be_in_place(shop: Database, tierflow: Call) -> None:
    shop.rows("ALTER TABLE public.tier_model_access DISABLE TRIGGER tierflow_sync_grants_update")
    figure = guards(tierflow, failed="parity")["parity"]
    assert "tierflow_sync_grants_update is not there or disabled" in figure


def test_quarantine_that_nobody_has_decided_stops_it(shop: Database, tierflow: Call) -> None:
    shop.rows("""UPDATE public.model_access_control SET tier_access = '["free", 8]'
                 WHERE model_id = 'empty'""")
    figure = guards(tierflow, failed="quarantine")["quarantine"]
    assert figure.startswith("1 undecided: empty (element_not_a_string); 1 set aside")
    assert tierflow("migrate", "--malformed", "quarantine").code == 0
    guards(tierflow)


# what uses them, by the name that the guard gives it; <models> is the table
USERS = {
    "view public.old_view": "CREATE VIEW public.old_view AS SELECT tier_access FROM <models>",
    "materialized view public.old_matview":
        "CREATE MATERIALIZED VIEW public.old_matview AS SELECT tier_markup FROM <models>",
    "function public.old_text()":
        """CREATE FUNCTION public.old_text() RETURNS bigint LANGUAGE plpgsql AS
           'BEGIN RETURN (SELECT count(*) FROM <models> WHERE tier_access ? ''free''); END'""",
    "function public.old_shouting()":
        """CREATE FUNCTION public.old_shouting() RETURNS bigint LANGUAGE plpgsql AS
           'BEGIN RETURN (SELECT COUNT(TIER_MARKUP) FROM <models>); END'""",
    "function public.old_atomic()":
        """CREATE FUNCTION public.old_atomic() RETURNS jsonb LANGUAGE sql
           BEGIN ATOMIC SELECT tier_access FROM <models> LIMIT 1; END""",
    "policy old_policy": "CREATE POLICY old_policy ON <models> USING (tier_access IS NOT NULL)",
    "trigger old_trigger":
        """CREATE TRIGGER old_trigger AFTER UPDATE OF tier_access ON <models>
           FOR EACH ROW EXECUTE FUNCTION public.touch_updated_at()""",
    "rule old_rule":
        """CREATE RULE old_rule AS ON INSERT TO public.subscription_tiers
           DO ALSO SELECT tier_access FROM <models>""",
    "column old_generated":
        """ALTER TABLE <models> ADD COLUMN old_generated boolean
           GENERATED ALWAYS AS (tier_access IS NULL) STORED""",
    "constraint old_check":
        "ALTER TABLE <models> ADD CONSTRAINT old_check CHECK (tier_markup <> '[]')",
}  # fmt: skip


def test_whatever_uses_the_old_columns_is_named(shop: Database, tierflow: Call) -> None:
    for statement in USERS.values():
        shop.rows(statement.replace("<models>", "public.model_access_control"))
    figure = guards(tierflow, failed="objects")["objects"]
    assert not [name for name in USERS if name not in figure], figure
    assert figure.startswith(f"{len(USERS)} use the old columns")
    assert "function public.old_shouting() names TIER_MARKUP in its body" in figure
    before = shop.dump("--exclude-schema=tierflow")
    assert tierflow("finalize", *DROP).code == 1
    assert shop.dump("--exclude-schema=tierflow") == before


def test_statements_that_cannot_be_asked_are_said_so(shop: Database, tierflow: Call) -> None:
    assert guards(tierflow)["statements"].startswith("could not be asked: the extension")


def test_statements_that_still_name_the_old_columns_are_shown(
    fast_folder: Path, tierflow: Call, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    options = {"fsync": "off", "shared_preload_libraries": "pg_stat_statements"}
    with embedded_server(fast_folder / "statements", options=options) as server:
        shop = Database(server.dsn(), server.bindir, tmp_path)
        monkeypatch.setenv("TIERFLOW_DSN", shop.dsn)
        monkeypatch.setenv("TIERFLOW_HOME", str(tmp_path))
        with connect(shop.target, "create the source") as connection:
            for name in CREATED:
                run(connection, f"demo/{name}", schema="public")
        shop.add_tiers("free", "pro", "vip")
        shop.add_models(SOURCE)
        shop.rows("CREATE EXTENSION pg_stat_statements")
        shop.rows("SELECT pg_stat_statements_reset()")
        dump = str(tmp_path / "before.dump")
        options = (*OPTIONS, "--backup-columns", "--pg-dump", dump)
        assert tierflow("migrate", *options).code == 0
        assert tierflow("verify").code == 0
        shop.dump()
        shop.dump("--inserts")
        sent = (
            "SELECT count(*) FROM pg_stat_statements WHERE query ~ 'COPY.*access_control.*stdout'"
        )
        assert shop.value(sent) == 2  # one from before the backup columns
        # of all that was sent so far only ours and pg_dump's named them
        assert guards(tierflow)["statements"] == "0 seen"
        shop.rows("SELECT pg_stat_statements_reset()")
        shop.dump("--quote-all-identifiers")
        assert shop.value(sent) == 1
        assert guards(tierflow)["statements"] == "0 seen"
        shop.rows("SELECT model_id FROM public.model_access_control WHERE tier_access ? 'free'")
        figure = guards(tierflow, failed="statements")["statements"]
        assert "WHERE tier_access ? $1 (1 calls of postgres)" in figure
        for statement in (
            "SELECT MODEL_ID, TIER_ACCESS FROM PUBLIC.MODEL_ACCESS_CONTROL",
            "COPY (SELECT id, tier_access FROM public.model_access_control) TO stdout",
            "COPY public.model_access_control (id, tier_access) TO stdout",
        ):
            shop.rows("SELECT pg_stat_statements_reset()")
            call = [shop.bindir / "psql", "-X", "-q", "-d", shop.dsn, "-c", statement]
            subprocess.run(call, check=True, capture_output=True)
            figure = guards(tierflow, failed="statements")["statements"]
            assert f"{statement} (1 calls of postgres)" in figure
        shop.rows("SELECT pg_stat_statements_reset()")
        finalize(shop, tierflow)


def test_what_is_written_while_it_waits_for_the_lock_is_in_the_archive(
    shop: Database, tierflow: Call
) -> None:
    with (
        psycopg.connect(shop.dsn) as reader,
        ThreadPoolExecutor(1) as pool,
    ):
        reader.execute("SELECT FROM public.model_access_control")
        archive = pool.submit(finalize, shop, tierflow)
        while not shop.value(WAITING):
            assert not archive.done(), archive.result()
        shop.rows("UPDATE public.tier_model_access SET markup_multiplier = 7 WHERE model_id = %s",
                  model_uuid("plain"))  # fmt: skip
        shop.rows("DELETE FROM public.model_access_control WHERE model_id = 'bare'")
        written = values(shop)
        reader.rollback()
        file = archive.result()
    assert written["plain"][:2] == ('["vip"]', '{"vip": 7.00}')
    assert tierflow("restore", str(file)).code == 0
    assert values(shop) == written
    assert tierflow("verify").value["ok"]


def test_the_standalone_scripts_refuse_a_finalized_database(shop: Database, tierflow: Call) -> None:
    finalize(shop, tierflow)
    before = shop.dump()
    for script in ("migrate_to_dynamic_tiers", "rollback_dynamic_tiers", "verify_migration"):
        done = subprocess.run(
            [shop.bindir / "psql", "-X", "-d", shop.dsn, "-f", FOLDER / f"{script}.sql"],
            capture_output=True, text=True, check=False,
        )  # fmt: skip
        assert done.returncode == 3, script
        assert "finalized" in done.stderr, done.stderr
    assert shop.dump() == before


def test_another_schema_is_told_what_works_where_the_first_is_finalized(
    shop: Database, tierflow: Call
) -> None:
    shop.rows("CREATE SCHEMA other")
    with connect(shop.target, "create the source") as connection:
        for name in CREATED:
            run(connection, f"demo/{name}", schema="other")
    shop.rows("INSERT INTO other.subscription_tiers TABLE public.subscription_tiers")
    migrate = ("migrate", "--schema", "other", "--min-coverage", "0")
    assert "'public': roll that back first, or" in tierflow(*migrate).stderr
    archive = finalize(shop, tierflow)
    told = tierflow(*migrate)
    assert told.code == 2
    assert "that is finalized, so put its old columns back and roll it back" in told.stderr
    assert f"tierflow restore {archive}, then tierflow rollback" in told.stderr
    assert "or migrate each schema in a database of its own" in told.stderr
    script = FOLDER / "migrate_to_dynamic_tiers.sql"
    by_psql = [shop.bindir / "psql", "-X", "-d", shop.dsn, "-v", "schema=other", "-f", script]
    done = subprocess.run(by_psql, capture_output=True, text=True, check=False)
    assert f"That is finalized, so put its old columns back (tierflow restore {archive})" in (
        done.stderr
    )
    for command in (("restore", str(archive)), ("rollback",), migrate):
        told = tierflow(*command)
        assert told.code == 0, told.stderr


def test_only_columns_that_were_there_are_said_to_be_dropped(
    database: Database, tierflow: Call
) -> None:
    database.add_tiers("free", "pro", "vip")
    database.add_models(SOURCE)
    assert tierflow("migrate", *OPTIONS, "--no-backup-columns").code == 0
    told = tierflow("finalize", *DROP)
    assert told.code == 0, told.stderr
    assert told.value["dropped"] == ["column tier_access", "column tier_markup", "the sync"]


def test_a_file_that_is_there_is_not_written_over(
    shop: Database, tierflow: Call, tmp_path: Path
) -> None:
    (tmp_path / "archive").write_text("precious")
    told = tierflow("finalize", *DROP, "--archive", str(tmp_path / "archive"))
    assert told.code == 2
    assert (tmp_path / "archive").read_text() == "precious"
    assert "tier_access" in columns(shop)


def test_a_person_must_type_the_name_of_the_table(shop: Database) -> None:
    """On a terminal: the guards are shown, and another name than the table's changes nothing."""
    program = Path(sys.executable).with_name("tierflow")
    terminal, other_end = pty.openpty()
    with subprocess.Popen(
        [program, "finalize", "--soak-days", "0"], stdin=other_end, stdout=other_end,
        stderr=other_end, close_fds=True,
    ) as process:  # fmt: skip
        os.close(other_end)
        os.write(terminal, b"public\n")
        said = b""
        with contextlib.suppress(OSError):  # what Linux says when the other end is closed
            while block := os.read(terminal, 4096):
                said += block
        assert process.wait() == 130
    os.close(terminal)
    assert b"Guards" in said
    assert b"That is not model_access_control: nothing was changed." in said
    assert "tier_access" in columns(shop)


@pytest.mark.parametrize(
    ("command", "answer", "asked"),
    [
        (("rollback",), b"y", b"would be written"),
        (("finalize", "--soak-days", "0"), b"model_access_control", b"Guards"),
        (("reconcile", "--from", "jsonb"), b"y", b"dry run"),
        (("forget", "--older-than", "0"), b"y", b"Go on?"),
    ],
    ids=["rollback", "finalize", "reconcile", "forget"],
)
def test_with_json_a_terminal_is_asked_on_stderr_and_stdout_is_one_value(
    shop: Database, command: tuple[str, ...], answer: bytes, asked: bytes
) -> None:
    """What `tierflow rollback --json | jq .` does: the pipe gets nothing else."""
    program = Path(sys.executable).with_name("tierflow")
    terminal, other_end = pty.openpty()
    os.write(terminal, answer + b"\n")
    done = subprocess.run(
        [program, *command, "--json"], stdin=other_end, capture_output=True, check=False
    )
    os.close(other_end)
    os.close(terminal)
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["outcome"] in (
        "rolled_back",
        "finalized",
        "unchanged",
        "forgotten",
    )
    assert asked in done.stderr
    # whoever answers knows what is meant
    database = str(conninfo_to_dict(shop.dsn)["dbname"])
    assert f"schema public of database {database} on ".encode() in b" ".join(done.stderr.split())


@pytest.mark.parametrize("named", [(), ("--yes-drop", "tier_access"), ("--yes-drop", "yes")])
def test_a_script_must_name_the_columns(
    shop: Database, tierflow: Call, named: tuple[str, ...]
) -> None:
    told = tierflow("finalize", "--soak-days", "0", *named)
    assert told.code == 2
    assert "--yes-drop tier_access,tier_markup" in told.stderr
    assert "tier_access" in columns(shop)


def test_there_is_nothing_to_finalize_before_a_migration(
    database: Database, tierflow: Call
) -> None:
    database.add_tiers("free")
    database.add_models(SOURCE[:2])
    before = database.dump()
    for options in (DROP, ("--check",)):
        told = tierflow("finalize", *options)
        assert told.code == 2
        assert "nothing to finalize" in told.stderr
    assert database.dump() == before
