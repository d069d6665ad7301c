"""Time each command on 150 models and 4 tiers, from the start of its process to the exit.

The budgets are those of docs/design.md, *Budgets*.
./run budgets prints the median of five runs beside its budget, and fails when one is over.
"""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import psycopg

from tasks.create_demo import SOURCE
from tierflow.connection import connect, run
from tierflow.embedded import embedded_server
from tierflow.settings import Target

TIERFLOW = [sys.executable, "-m", "flows.cli"]
ROUNDS = 5
BUDGETS = {
    "--help": 0.5,
    "plan": 3.0,
    "migrate --dry-run": 10.0,
    "migrate --yes": 10.0,
    "verify": 8.0,
}
FILL = """
INSERT INTO public.subscription_tiers
SELECT n, 'tier' || n, 'Tier ' || n, true, n FROM generate_series(1, 4) AS n;
INSERT INTO public.model_access_control
SELECT gen_random_uuid(), 'model-' || n, 'provider-' || n % 12, 'Model ' || n, true, false,
    (SELECT jsonb_agg('tier' || t) FROM generate_series(1 + n % 4, 4) AS t),
    jsonb_build_object('tier4', 1 + n % 50 / 100.0),
    '{"input_per_1k": 0.003, "output_per_1k": 0.015}', now()
FROM generate_series(1, 150) AS n
"""


def main() -> int:
    failed = False
    with tempfile.TemporaryDirectory() as folder:
        home = Path(folder)
        with embedded_server(home / "postgres") as server:
            _fill(Target(dsn=server.dsn(), schema="public", home=home))
            environment = {**os.environ, "TIERFLOW_DSN": server.dsn(), "TIERFLOW_HOME": folder}
            print(f"{'command':<20}{'median s':>10}{'budget s':>10}")
            for command, budget in BUDGETS.items():
                seconds = statistics.median(_rounds(command, environment))
                failed |= seconds > budget
                print(f"{command:<20}{seconds:>10.2f}{budget:>10.1f}")
    return int(failed)


def _fill(target: Target) -> None:
    with connect(target, "fill") as connection:
        for name in SOURCE:
            run(connection, f"demo/{name}", schema="public")
    with psycopg.connect(target.dsn) as connection:
        connection.execute(FILL)


def _rounds(command: str, environment: dict[str, str]) -> list[float]:
    seconds: list[float] = []
    for last in range(ROUNDS - 1, -1, -1):
        seconds.append(_time(command, environment))
        if last and command.startswith("migrate --yes"):
            _time("rollback --yes", environment)
    return seconds


def _time(command: str, environment: dict[str, str]) -> float:
    started = time.perf_counter()
    subprocess.run(
        [*TIERFLOW, *command.split()], env=environment, check=True, stdout=subprocess.DEVNULL
    )
    return time.perf_counter() - started


if __name__ == "__main__":
    sys.exit(main())
