"""The ledger's retention: what is old and of no use goes, what something needs stays."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from support.database import Database, Told

from tierflow.connection import connect, fetch


@pytest.fixture
def aged(database: Database, tierflow: Callable[..., Told]) -> Database:
    """Migrated, rolled back and migrated again, with two reruns; all of it 40 days ago."""
    database.add_tiers("free")
    database.add_model("one", ["free"])
    commands = ("migrate", "rollback", "migrate", "migrate", "migrate")
    for command in commands:
        assert tierflow(command).code == 0
    database.rows("""UPDATE tierflow.run
        SET started = started - interval '40 days', finished = finished - interval '40 days'""")
    database.rows("""INSERT INTO tierflow.run (run_id, mode, database_schema, tierflow_version,
            started, finished, outcome, decisions)
        SELECT gen_random_uuid(), mode, 'public', '0', now() - age, now() - age, outcome, '{}'
        FROM (VALUES ('verify', 'verified', interval '41 days'),
            ('verify', 'verified', '30 hours'), ('verify', 'verified', '3 hours'),
            ('verify', 'verified', '2 hours'), ('migrate', NULL, '50 days'),
            ('migrate', NULL, '49 days')) AS old (mode, outcome, age)""")
    return database


def kinds(database: Database) -> list[tuple[str, str]]:
    rows = database.rows("SELECT mode, outcome FROM tierflow.run ORDER BY started")
    return [(row["mode"], row["outcome"]) for row in rows]


def test_old_runs_go_with_their_steps_and_reports_and_what_is_needed_stays(
    aged: Database, tierflow: Callable[..., Told]
) -> None:
    before, reports = kinds(aged), set((aged.home / "reports").glob("*.html"))
    other = aged.home / "reports" / "of-another-database.html"
    other.write_text("kept")
    decided = aged.value("SELECT run_id FROM tierflow.decision")
    published = aged.dump_without_ledger()

    shown = tierflow("forget", "--older-than", "30", "--dry-run")
    assert (shown.code, shown.value["outcome"]) == (0, "dry_run")
    assert kinds(aged) == before
    told = tierflow("forget", "--older-than", "30", "--yes")
    assert (told.code, told.value["outcome"]) == (0, "forgotten"), told.stderr
    assert told.value["runs"] == shown.value["runs"]
    gone = {(run["mode"], run["outcome"]) for run in told.value["runs"]}
    assert gone == {("migrate", "published"), ("migrate", "unchanged"), ("verify", "verified"),
                    ("migrate", None)}  # fmt: skip

    left = kinds(aged)
    assert left.count(("migrate", "published")) == 1
    assert left.count(("rollback", "rolled_back")) == 1
    assert left.count(("verify", "verified")) == 3  # the newest, and those of the last day
    assert left[-1] == ("forget", "forgotten")
    assert aged.value("SELECT count(*) FROM tierflow.run WHERE run_id = %s", decided) == 1
    orphans = """SELECT count(*) FROM tierflow.step
                 WHERE run_id NOT IN (SELECT run_id FROM tierflow.run)"""
    assert aged.value(orphans) == 0
    removed = {Path(file) for file in told.value["reports"]}
    assert len(removed) >= 2
    assert set((aged.home / "reports").glob("*.html")) == (reports - removed) | {other}
    assert aged.dump_without_ledger() == published

    record = aged.value("SELECT result FROM tierflow.run WHERE mode = 'forget'")
    assert record == {
        "runs": len(told.value["runs"]), "reports": len(removed), "older_than": 30,
    }  # fmt: skip
    again = tierflow("forget", "--older-than", "30", "--yes")
    assert (again.code, again.value["outcome"], again.value["runs"]) == (0, "unchanged", [])


def test_a_passing_verification_of_the_last_day_stays_whatever_is_asked(
    aged: Database, tierflow: Callable[..., Told]
) -> None:
    assert tierflow("forget", "--older-than", "0", "--yes").code == 0
    assert kinds(aged).count(("verify", "verified")) == 2
    for command in ("verify", "migrate", "rollback"):
        told = tierflow(command)
        assert told.code == 0, told.stderr


def test_nothing_is_forgotten_under_a_run_nor_where_there_is_no_ledger(
    database: Database, tierflow: Callable[..., Told]
) -> None:
    assert tierflow("forget", "--older-than", "1", "--yes").value["outcome"] == "unchanged"
    with connect(database.target, "run lock", autocommit=True) as holder:
        assert fetch(holder, "queries/take_run_lock", schema="public")[0]["taken"]
        told = tierflow("forget", "--older-than", "1", "--yes")
        assert (told.code, json.dumps(told.value).count("under way")) == (3, 1)
    assert "tierflow" not in database.dump("--schema-only")
