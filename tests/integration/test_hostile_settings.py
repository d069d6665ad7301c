"""No setting, option, file or connection string ends in a traceback, or shows its password."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from support.database import Database
from typer.testing import CliRunner

from flows.cli import app

SECRET = "s3cr3t"
CODES = {0, 1, 2, 3, 130}
NOWHERE = f"postgresql://joe:{SECRET}@127.0.0.1:1/db"


def run_command(environment: dict[str, str], *arguments: str) -> tuple[int, str]:
    """Run a command in this process; return its exit code and all that it said."""
    told = CliRunner().invoke(app, arguments, env=environment)
    said = told.stdout + told.stderr
    assert told.exception is None or isinstance(told.exception, SystemExit), said
    assert told.exit_code in CODES, said
    assert "Traceback" not in said
    assert "unexpectedly" not in said, said
    assert SECRET not in said
    return told.exit_code, said


@pytest.fixture
def nowhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> dict[str, str]:
    """A server that is not there: who gets so far has taken all his settings for good."""
    monkeypatch.chdir(tmp_path)  # a home may be a relative path
    return {
        "TIERFLOW_DSN": NOWHERE, "TIERFLOW_HOME": str(tmp_path), "PGCONNECT_TIMEOUT": "2",
    }  # fmt: skip


DSNS = (
    NOWHERE, f" {NOWHERE} ", f"\n{NOWHERE}\n", f"'{NOWHERE}'", NOWHERE.upper(), f"{NOWHERE}?x=y",
    f"{NOWHERE}?sslmode=x", f"postgresql+psycopg://joe:{SECRET}@127.0.0.1:1/db",
    f"mysql://joe:{SECRET}@127.0.0.1/db", f"//joe:{SECRET}@127.0.0.1/db",
    f"joe:{SECRET}@127.0.0.1/db", f"jdbc:postgresql://127.0.0.1:1/db?user=x&password={SECRET}",
    f"postgresql://127.0.0.1:1/db?user=joe&password={SECRET}",
    f"postgresql://joe:{SECRET}@[::1", f"postgresql://joe:{SECRET}%zz@127.0.0.1:1/db",
    f"postgresql://joe:{SECRET}%00@127.0.0.1:1/db", f"postgresql://joe:a@{SECRET}@127.0.0.1:1/db",
    f"postgresql://joe:a/{SECRET}@127.0.0.1:1/db", f"postgresql://joe:{SECRET}/db",
    f"postgresql://joe:{SECRET}", f"postgresql://joe:{SECRET}?user=x",
    f"postgresql://joe:{SECRET}#x@127.0.0.1:1/db", f"postgresql://joe:{SECRET}\udcff@127.0.0.1:1/d",
    f"host=127.0.0.1 port=1 password='{SECRET}", f"host=127.0.0.1 port=1 password={SECRET} x",
    f"host=127.0.0.1 port=1 passwrd={SECRET}", f"host=127.0.0.1;port=1;password={SECRET}",
    f"Server=127.0.0.1;Port=1;Pwd={SECRET}", f"password={SECRET} host=127.0.0.1 port=99999",
    f"password={SECRET} host=127.0.0.1 port=-1", f"password={SECRET} host=127.0.0.1 port=x",
    f"dbname='host=127.0.0.1 port=1 password={SECRET}'", f"dbname='{NOWHERE}' host=127.0.0.1",
    f"password={SECRET} host=/{'x' * 300}", f"password={SECRET} service=nobody",
    "x", "=", "a=b", "postgresql://%", "'", "\\", "\udcff", "x" * 100_000,
)  # fmt: skip


@pytest.mark.parametrize("number", range(len(DSNS)))
def test_a_connection_string_is_taken_or_refused_without_its_password(
    nowhere: dict[str, str], tmp_path: Path, number: int
) -> None:
    for command in ("plan", "runs"):
        code, said = run_command({**nowhere, "TIERFLOW_DSN": DSNS[number]}, command)
        assert code in {2, 3}
        assert "\nNext: " in said
    for report in tmp_path.rglob("*.html"):
        assert SECRET not in report.read_text(errors="replace")


@settings(max_examples=60, deadline=None, derandomize=True, database=None,
          suppress_health_check=[HealthCheck.function_scoped_fixture])  # fmt: skip
@given(
    st.lists(
        st.sampled_from(
            ("postgresql://", "joe", ":", "@", "/", "?", "&", "#", "%", "%41", "127.0.0.1", ":1",
    " ", "=", "'", "\\", ";", ",", "password=", "pwd=", "host=127.0.0.1", "port=1", "\t")
        ),
        max_size=12,
    ),
    st.integers(0, 12),
)  # fmt: skip
def test_no_connection_string_ends_in_a_traceback(
    nowhere: dict[str, str], parts: list[str], at: int
) -> None:
    # where the secret stands is no place of a password for certain: it may be a host, and be shown
    dsn = "".join([*parts[:at], "word", *parts[at:]]) + " connect_timeout=2"
    run_command({**nowhere, "TIERFLOW_DSN": dsn}, "runs")


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("CHUNK_MODELS", "abc"), ("CHUNK_MODELS", "0"), ("CHUNK_MODELS", "9" * 5000),
        ("CHUNK_MODELS", ""), ("WORKERS", "65"), ("TASK_RUNNER", SECRET), ("PG_BINDIR", "/nowhere"),
        ("KEEP_VALIDATIONS", "-1"), ("MAX_REPLICATION_LAG", "nan"), ("LONGEST_PAUSE", "soon"),
    ],
)  # fmt: skip
def test_a_wrong_setting_is_named(nowhere: dict[str, str], name: str, value: str) -> None:
    for command in ("plan", "runs"):
        code, said = run_command({**nowhere, f"TIERFLOW_{name}": value}, command)
        assert code == 2
        assert f"TIERFLOW_{name}: " in said


FILES = (
    b"", b"\xff\xfe", b"\x00", b"x", b"x = 1", b"tier_map = 3", b"tier_map = []",
    b"[tier_map]\nx = 1", b"[tier_map]\nx = [[]]", b"[tier_map]\nx = ''",
    b"[tier_map]\n'' = 'free'", b"[tier_map.x]\ny = 'z'", b"[[tier_map]]\nx = 'y'",
    b"min_coverage = nan", b"min_coverage = inf", b"min_coverage = 1979-05-27",
    b"min_coverage = '%s'" % SECRET.encode(), b"malformed = []", b"min_coverage = " + b"9" * 5000,
    b"min_coverage = 0x" + b"f" * 5000, b"x = " + b"[" * 9000, b"[a" + b".a" * 3000 + b"]",
    b"tier_map_order = 3", b"tier_map_order = [[]]\n[tier_map]\nx='y'", b"backup_columns = 2",
    b"\xef\xbb\xbfmin_coverage = 0", b"dsn = '%s'" % SECRET.encode(),
    b"[tier_map]\nx = '" + b"y" * 1_000_000 + b"'",
)  # fmt: skip


@pytest.mark.parametrize("number", range(len(FILES)))
def test_a_configuration_file_is_taken_or_refused(
    nowhere: dict[str, str], tmp_path: Path, number: int
) -> None:
    file = tmp_path / "tierflow.toml"
    file.write_bytes(FILES[number])
    code, said = run_command(nowhere, "plan", "--config", str(file))
    assert code in {2, 3}
    assert "\nNext: " in said
    for path in ("/", "/nowhere", "", "\udcff", "x" * 5000):
        run_command(nowhere, "plan", "--config", path)


OPTIONS = (
    ("plan", "--tier-map", "="), ("plan", "--tier-map", ""), ("plan", "--tier-map", "x="),
    ("plan", "--tier-map", "x=,"), ("plan", "--tier-map", "x=free,free"),
    ("plan", "--tier-map", "\udcff=free"), ("plan", "--tier-map", "x=\udcff"),
    ("plan", "--min-coverage", "nan"), ("plan", "--min-coverage", "x"), ("plan", "--malformed", ""),
    ("plan", "--schema", ""), ("plan", "--schema", "\udcff"), ("plan", "--schema", "x" * 64),
    ("plan", "--schema", "x" * 100_000), ("plan", "--schema", "pg_catalog"),
    ("plan", "--schema", "information_schema"), ("plan", "--schema", "pg_temp"),
    ("plan", "--schema", "%s"), ("runs", "--limit", "0"), ("runs", "--limit", "9" * 30),
    ("reconcile",), ("reconcile", "--from", "x"), ("reconcile", "--from", "jsonb", "--yes"),
    ("rollback", "--schema", "nowhere", "--yes"), ("verify", "--quick", "--schema", "\udcff"),
    ("serve", "--port", "99999"), ("nothing",), ("--nothing",), ("plan", "too", "much"),
)  # fmt: skip


@pytest.mark.parametrize("number", range(len(OPTIONS)))
def test_no_option_ends_in_a_traceback(database: Database, number: int) -> None:
    before = database.dump()
    run_command({}, *OPTIONS[number])
    assert database.dump() == before


def test_an_empty_schema_is_not_taken_for_public(database: Database) -> None:
    code, said = run_command({}, "plan", "--schema", "")
    assert code == 2
    assert re.search("is empty", said)


@pytest.mark.parametrize("name", ["PGDATABASE", "PGHOST", "PGUSER"])
def test_a_connection_string_in_a_variable_of_libpq_is_refused_without_its_password(
    nowhere: dict[str, str], name: str
) -> None:
    code, said = run_command({**nowhere, "TIERFLOW_DSN": "port=1", name: NOWHERE}, "runs")
    assert code == 2
    assert "PG* variable" in said


@pytest.mark.parametrize("command", ["plan", "migrate", "verify", "rollback"])
@pytest.mark.parametrize("home", ["/proc", "/dev/null", "/dev/null/below"])
def test_a_home_that_cannot_be_written_is_refused_before_anything_is_done(
    database: Database, command: str, home: str
) -> None:
    code, said = run_command({"TIERFLOW_HOME": home}, command)
    assert code == 2
    assert f"TIERFLOW_HOME cannot be used: {home}" in said


@pytest.mark.parametrize(
    ("condition", "code", "wanted"),
    [
        ("SELECT", 2, "returns 0 columns"),
        ("SELECT true, true", 2, "returns 2 columns"),
        ("SELECT 'false'", 2, "another type than boolean"),
        ("SELECT 1/0 > 0", 2, "division by zero"),
        ("SELECT true; SELECT false", 2, "multiple commands"),
        pytest.param(
            "SELECT pg_sleep(20) IS NULL", 3, "does not answer within 5s", marks=pytest.mark.slow
        ),
        ("SELECT NULL::boolean", 0, "published"),
        ("SELECT true WHERE false", 0, "published"),
    ],
)
def test_a_condition_to_rest_by_is_one_boolean_or_is_refused(
    database: Database, condition: str, code: int, wanted: str
) -> None:
    database.add_tiers("free")
    database.add_model("one", ["free"])
    told = run_command(
        {"TIERFLOW_PAUSE_WHILE": condition, "TIERFLOW_LONGEST_PAUSE": "1"}, "migrate", "--json"
    )
    assert told[0] == code
    assert wanted in told[1]


@pytest.mark.parametrize(
    ("url", "code", "wanted"),
    [("garbage", 2, "no address"), ("http://127.0.0.1:1/api", 3, "cannot be reached")],
)
def test_a_prefect_server_that_is_not_there_is_named(
    database: Database, url: str, code: int, wanted: str
) -> None:
    program = Path(sys.executable).with_name("tierflow")
    done = subprocess.run(
        [program, "plan"], env={**os.environ, "PREFECT_API_URL": url},
        capture_output=True, check=False, text=True,
    )  # fmt: skip
    assert done.returncode == code, done.stderr
    assert wanted in done.stderr
    assert "\nNext: " in done.stderr


@pytest.mark.parametrize("arguments", [("runs",), ("grants", "plan"), ("grants", "--json")])
def test_a_result_that_cannot_be_printed_ends_in_a_sentence(
    database: Database, arguments: tuple[str, ...]
) -> None:
    program = Path(sys.executable).with_name("tierflow")
    with Path("/dev/full").open("w") as full:
        done = subprocess.run(
            [program, *arguments], stdout=full, stderr=subprocess.PIPE, check=False, text=True
        )
    assert done.returncode == 1
    assert done.stderr.startswith("The result could not be printed (No space left on device)")
    assert done.stderr.count("\n") == 1


def test_a_terminal_of_no_columns_is_printed_to_as_one_that_does_not_say(
    database: Database,
) -> None:
    program = Path(sys.executable).with_name("tierflow")
    silent = {name: value for name, value in os.environ.items() if name != "COLUMNS"}
    wanted, found = (
        subprocess.run([program, "plan"], env=env, capture_output=True, check=True, text=True)
        for env in (silent, {**silent, "COLUMNS": "0"})
    )
    assert found.stdout.partition("Report: ")[0] == wanted.stdout.partition("Report: ")[0]
    assert found.stdout.startswith("State: not migrated.")
