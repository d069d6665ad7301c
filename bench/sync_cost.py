"""Measure what the sync costs a writer: the same writes with it and without it, side by side.

Two databases on one embedded server with default durability, migrated alike; one has no sync.
Writes alternate between the two, so that a busy moment hits both. ./run bench-sync [--json]
"""

from __future__ import annotations

import dataclasses
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, LiteralString, cast

import psycopg

from tasks.create_demo import SOURCE
from tasks.sync import drop_sync
from tierflow.connection import connect, run
from tierflow.embedded import embedded_server
from tierflow.settings import Target

MODELS = 10_000
SINGLE = 400
BULK = 3
MOST = 1.35
FILL = """
INSERT INTO public.subscription_tiers
SELECT n, 'tier' || n, 'Tier ' || n, true, n FROM generate_series(1, 8) AS n;
INSERT INTO public.model_access_control
SELECT gen_random_uuid(), 'model-' || n, 'provider-' || n %% 12, 'Model ' || n, true, false,
    (SELECT jsonb_agg('tier' || t) FROM generate_series(1 + n %% 4, 5) AS t),
    jsonb_build_object('tier4', 1 + n %% 50 / 100.0),
    '{"input_per_1k": 0.003, "output_per_1k": 0.015}', now()
FROM generate_series(1, %d) AS n
"""
ONE = " WHERE model_id = 'model-' || %(n)s"
MODEL = "(SELECT id FROM public.model_access_control WHERE model_id = 'model-' || %(n)s)"


@dataclasses.dataclass(frozen=True)
class Write:
    """One kind of write; `budget`: the most that the sync may multiply its time by."""

    name: str
    statement: str
    times: int
    budget: float | None


# the parameter `odd` alternates, so that each write changes something
WRITES = (
    Write(
        "tier_access, one model",
        """UPDATE public.model_access_control SET tier_access = CASE WHEN %(odd)s
           THEN '["tier1", "tier4"]'::jsonb ELSE '["tier1", "tier4", "tier5"]' END"""
        + ONE,
        SINGLE,
        MOST,
    ),
    Write(
        "tier_markup, one model",
        """UPDATE public.model_access_control SET tier_markup = CASE WHEN %(odd)s
           THEN '{"tier4": 1.5}'::jsonb ELSE '{"tier4": 2.5}' END"""
        + ONE,
        SINGLE,
        MOST,
    ),
    Write(
        "display_name, one model",
        "UPDATE public.model_access_control SET display_name = %(n)s || %(odd)s::text" + ONE,
        SINGLE,
        None,
    ),
    Write(
        "markup of one grant",
        "UPDATE public.tier_model_access SET markup_multiplier = 1.5 + %(odd)s::int"
        f" WHERE tier_id = 4 AND model_id = {MODEL}",
        SINGLE,
        MOST,
    ),
    Write(
        "a grant, given or taken",
        f"""WITH taken AS (DELETE FROM public.tier_model_access
                           WHERE tier_id = 8 AND model_id = {MODEL} RETURNING id)
            INSERT INTO public.tier_model_access (tier_id, model_id)
            SELECT 8, {MODEL} WHERE NOT EXISTS (SELECT FROM public.tier_model_access
                WHERE tier_id = 8 AND model_id = {MODEL})""",
        SINGLE,
        MOST,
    ),
    Write(
        "tier_access, 10,000 models",
        """UPDATE public.model_access_control SET tier_access = CASE WHEN %(odd)s
           THEN '["tier1", "tier4"]'::jsonb ELSE '["tier1", "tier4", "tier5"]' END""",
        BULK,
        None,
    ),
    Write(
        "display_name, 10,000 models",
        "UPDATE public.model_access_control SET display_name = display_name || %(odd)s::text",
        BULK,
        None,
    ),
    Write(
        "markup of 10,000 grants",
        """UPDATE public.tier_model_access SET markup_multiplier = 1.5 + %(odd)s::int
           WHERE tier_id = 4""",
        BULK,
        None,
    ),
)


def main(arguments: list[str]) -> int:
    with tempfile.TemporaryDirectory() as folder, embedded_server(Path(folder) / "pg") as server:
        for name in ("plain", "synced"):
            with psycopg.connect(server.dsn(), autocommit=True) as connection:
                connection.execute(f"CREATE DATABASE {name}")
            _prepare(Target(dsn=server.dsn(name), schema="public", home=Path(folder)), name)
        with (
            psycopg.connect(server.dsn("plain"), autocommit=True) as plain,
            psycopg.connect(server.dsn("synced"), autocommit=True) as synced,
        ):
            rows = [_measure(write, plain, synced) for write in WRITES]
            drift = synced.execute(_DRIFT).fetchall()
    over = [row for row in rows if row["budget"] and row["ratio"] > row["budget"]]
    if "--json" in arguments:
        print(json.dumps({"writes": rows, "drift": len(drift)}))
    else:
        print(f"{'write':<30}{'without ms':>12}{'with ms':>10}{'ratio':>8}{'budget':>8}")
        for row in rows:
            budget = f"{row['budget']:.2f}" if row["budget"] else ""
            print(
                f"{row['write']:<30}{row['without_ms']:>12.3f}{row['with_ms']:>10.3f}"
                f"{row['ratio']:>8.2f}{budget:>8}"
            )
        print(f"drift afterwards: {len(drift)} grants")
    return int(bool(over or drift))


_DRIFT: LiteralString = """SELECT 1 FROM tierflow.implied_grant AS implied
    FULL JOIN (SELECT * FROM public.tier_model_access WHERE enabled) AS access
    USING (model_id, tier_id)
    WHERE implied.markup_multiplier IS DISTINCT FROM access.markup_multiplier"""


def _prepare(target: Target, name: str) -> None:
    with connect(target, "fill") as connection:
        for part in SOURCE:
            run(connection, f"demo/{part}", schema="public")
    with psycopg.connect(target.dsn) as connection:
        connection.execute(cast(LiteralString, FILL % MODELS))
    environment = {**os.environ, "TIERFLOW_DSN": target.dsn, "TIERFLOW_HOME": str(target.home)}
    command = [sys.executable, "-m", "flows.cli", "migrate", "--yes"]
    subprocess.run(command, env=environment, check=True, stdout=subprocess.DEVNULL)
    if name == "plain":
        with connect(target, "drop sync") as connection:
            drop_sync(connection, target)
    with psycopg.connect(target.dsn, autocommit=True) as connection:
        connection.execute("VACUUM ANALYZE")


def _measure(write: Write, plain: psycopg.Connection, synced: psycopg.Connection) -> dict[str, Any]:
    timed: dict[str, list[float]] = {"plain": [], "synced": []}
    run_one: Callable[[psycopg.Connection, int], float] = lambda connection, n: _time(  # noqa: E731
        connection, write.statement, n
    )
    for n in range(write.times + 10):
        order = (("plain", plain), ("synced", synced))
        for name, connection in order if n % 2 else reversed(order):
            seconds = run_one(connection, n)
            if n >= 10 or write.times == BULK:  # the first ones plan
                timed[name].append(seconds * 1000)
        if write.times == BULK and n + 1 == BULK:
            break
    without, with_ = (statistics.median(timed[name]) for name in ("plain", "synced"))
    return {
        "write": write.name,
        "without_ms": round(without, 3),
        "with_ms": round(with_, 3),
        "ratio": round(with_ / without, 3),
        "budget": write.budget,
    }


def _time(connection: psycopg.Connection, statement: str, n: int) -> float:
    # twice the same model in a row: the second time the other way round
    values = {"n": 1 + n // 2 * 7 % MODELS, "odd": bool(n % 2)}
    started = time.perf_counter()
    connection.execute(cast(LiteralString, statement), values)
    return time.perf_counter() - started


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
