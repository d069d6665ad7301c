"""`./run bench` as a command, on a few models: what it says, and that all contenders agree."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import psycopg
import pytest
from support.database import Database

from bench.agreement import read_source, require_agreement
from bench.contenders import by_row_by_row
from bench.figures import BUDGETS
from bench.process import BenchError
from bench.statements import bench_statement
from tierflow.embedded import EmbeddedServer

FAST = ("tierflow", "classic", "hand_optimised", "to_sql", "limit")


def bench(out: Path, *options: str, dsn: str = "") -> dict[str, Any]:
    done = subprocess.run(
        [sys.executable, "-P", "-m", "bench", "--json", "--out", str(out), *options],
        env={**os.environ, "TIERFLOW_BENCH_DSN": dsn},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


@pytest.mark.slow
def test_the_contenders_end_with_the_same_grants_and_are_judged(tmp_path: Path) -> None:
    told = bench(tmp_path, "--models", "500", "--rounds", "1", "--only", ",".join(FAST))
    assert told["models"] == 500
    assert 1500 < told["grants"] < 2500
    assert set(told["contenders"]) == set(FAST)
    for row in told["contenders"].values():
        assert row["seconds"] > 0
        assert row["peak_mb"] > 0
        assert row["ratio"] > 0
    assert told["contenders"]["tierflow"]["ratio"] == 1.0
    assert set(told["budgets"]) == set(BUDGETS)
    assert all(set(row) == {"figure", "budget", "ok"} for row in told["budgets"].values())
    assert told["tierflow"]["load_and_index_seconds"] > 0
    assert told["tierflow"]["parity_seconds"] > 0
    assert told["command"].startswith("./run bench --json")
    assert told["server"]["fsync"] == "on"
    assert json.loads((tmp_path / "compare-500.json").read_text()) == told
    assert (tmp_path / "compare-500.svg").read_text().startswith("<svg")


def test_a_server_that_is_named_is_left_as_it_was(server: EmbeddedServer, tmp_path: Path) -> None:
    names = "SELECT datname FROM pg_database ORDER BY 1"
    with psycopg.connect(server.dsn()) as connection:
        before = connection.execute(names).fetchall()
    options = ("--models", "300", "--rounds", "2", "--only", "hand_optimised,limit")
    told = bench(tmp_path, *options, dsn=server.dsn())
    assert not told["server"]["embedded"]
    assert [len(row["rounds"]) for row in told["contenders"].values()] == [2, 2]
    assert "budgets" not in told
    with psycopg.connect(server.dsn()) as connection:
        assert connection.execute(names).fetchall() == before


def test_a_contender_with_other_rows_or_another_schema_fails_the_bench(database: Database) -> None:
    with psycopg.connect(database.dsn) as connection:
        connection.execute(bench_statement("fill_tiers"))
        connection.execute(bench_statement("fill_models", models=50))
    source = read_source(database.dsn)
    by_row_by_row.main(database.dsn)
    require_agreement(database.dsn, "row_by_row", source)
    with psycopg.connect(database.dsn) as connection:
        connection.execute("UPDATE public.tier_model_access SET markup_multiplier = 9 WHERE id = 1")
    with pytest.raises(BenchError, match="row_by_row has other grants"):
        require_agreement(database.dsn, "row_by_row", source)
    with psycopg.connect(database.dsn) as connection:
        connection.execute("DROP INDEX public.idx_tier_model_lookup")
    with pytest.raises(BenchError, match=r"row_by_row did not end in the final schema.*lookup"):
        require_agreement(database.dsn, "row_by_row", source)


@pytest.mark.slow
def test_the_peers_in_python_end_with_the_same_grants(tmp_path: Path) -> None:
    told = bench(
        tmp_path,
        "--models",
        "6000",
        "--rounds",
        "1",
        "--only",
        "dlt,row_by_row,hand_optimised",
        "--distinct",
        "all",
    )
    assert told["grants"] == 24_000
    assert told["distinct_pairs"] == 6000
    row = told["contenders"]["row_by_row"]
    assert row["models"] == 5000
    assert row["seconds_extrapolated"] == pytest.approx(row["seconds"] * 1.2)


@pytest.mark.slow
def test_the_series_gives_an_exponent_and_latencies(tmp_path: Path) -> None:
    told = bench(tmp_path, "--scaling", "--sizes", "500,1000", "--rounds", "1")
    assert [size["models"] for size in told["sizes"]] == [500, 1000]
    for size in told["sizes"]:
        assert size["grants_per_second"] == pytest.approx(size["grants"] / size["seconds"])
        assert len(size["latencies"]) == 4
        for row in size["latencies"].values():
            assert 0 < row["p50_ms"] <= row["p95_ms"] <= row["p99_ms"]
            assert row["calls"] == 1000
    assert (tmp_path / "scaling.svg").exists()


@pytest.mark.slow
def test_the_queries_of_the_page_are_timed_in_each_state() -> None:
    done = subprocess.run(
        [sys.executable, "-P", "-m", "bench.queries", "--json", "--models", "40"],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    told = json.loads(done.stdout)["40"]
    assert [len(states) for states in told.values()] == [2] * 3 + [3] * 4
    assert all(row["calls"] > 0 for states in told.values() for row in states.values())
