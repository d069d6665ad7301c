"""Migrate and roll back many times on one small database, in one process, and see what grows.

./run endurance [--cycles 500] [--every 50] [--json]. Every cycle is a migration and a rollback, and
every tenth restores the snapshot and has the ledger forget what is of no use. Left out is what a
process of its own does for each command: Great Expectations, data docs and report
(tests/support/zygote.py).
"""

from __future__ import annotations

import argparse
import dataclasses
import gc
import json
import logging
import os
import sys
import tempfile
import time
from collections.abc import Callable, Generator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psutil
import psycopg
from psycopg.rows import dict_row

from flows.migrate import migrate
from flows.rollback import rollback
from tasks.create_demo import SOURCE
from tasks.forget import forget_runs
from tierflow.connection import connect, run
from tierflow.embedded import embedded_server
from tierflow.settings import Target

MODELS = 20
# what the process and the database may differ by between half of the cycles and all of them
MOST_MEMORY_MB = 12.0
MOST_BYTES = 1.25
FILL = f"""
INSERT INTO public.subscription_tiers
SELECT n, 'tier' || n, 'Tier ' || n, true, n FROM generate_series(1, 3) AS n;
INSERT INTO public.model_access_control
SELECT gen_random_uuid(), 'model-' || n, 'acme', 'Model ' || n, true, false,
    '["tier1", "tier3"]', '{{"tier3": 1.5}}', '{{"input_per_1k": 0.003}}', now()
FROM generate_series(1, {MODELS}) AS n
"""
LOOK = """
SELECT
    (SELECT count(*) FROM pg_namespace WHERE nspname !~ '^pg_(temp|toast)') AS schemas,
    (SELECT count(*) FROM pg_class WHERE relkind = 'S') AS sequences,
    (SELECT count(*) FROM pg_class WHERE relkind IN ('r', 'v', 'i')) AS relations,
    (SELECT count(*) FROM pg_proc) AS functions,
    (SELECT count(*) FROM pg_trigger) AS triggers,
    (SELECT count(*) FROM tierflow.run) AS runs,
    (SELECT sum(pg_indexes_size(oid))::bigint FROM pg_class
     WHERE relnamespace = 'tierflow'::regnamespace AND relkind = 'r') AS ledger_indexes,
    (SELECT sum(pg_table_size(oid))::bigint FROM pg_class
     WHERE relnamespace = 'tierflow'::regnamespace AND relkind = 'r') AS ledger_tables,
    (SELECT sum(pg_total_relation_size(oid))::bigint FROM pg_class
     WHERE relnamespace = 'public'::regnamespace AND relkind = 'r') AS source,
    (SELECT sum(pg_total_relation_size(oid))::bigint FROM pg_class
     WHERE relnamespace = 'pg_catalog'::regnamespace AND relkind = 'r') AS catalog
"""
COUNTED = ("schemas", "sequences", "relations", "functions", "triggers")


@dataclasses.dataclass(frozen=True)
class Look:
    """What there is after so many cycles; sizes in bytes, memory of this process in MB."""

    cycles: int
    seconds: float
    memory_mb: float
    objects: int
    database: dict[str, int]

    def as_row(self) -> dict[str, Any]:
        """Return the look as one flat row."""
        row = {"cycles": self.cycles, "seconds": round(self.seconds, 1)}
        return {**row, "memory_mb": round(self.memory_mb, 1), "objects": self.objects} | {
            key: int(value) for key, value in self.database.items()
        }


@contextmanager
def open_shop(folder: Path) -> Generator[Target]:
    """Yield a small database on a server of its own, which the environment points to."""
    with embedded_server(folder / "pg") as server:
        target = Target(dsn=server.dsn(), schema="public", home=folder)
        with connect(target, "fill") as connection:
            for part in SOURCE:
                run(connection, f"demo/{part}", schema="public")
        with psycopg.connect(target.dsn) as connection:
            connection.execute(FILL.encode())
        os.environ |= {"TIERFLOW_DSN": target.dsn, "TIERFLOW_HOME": str(folder)}
        yield target


def live(target: Target, cycles: int, every: int, say: Callable[[Look], None]) -> list[Look]:
    """Live so many cycles, and return what was seen after every so many of them."""
    looks: list[Look] = []
    started = time.perf_counter()
    for cycle in range(1, cycles + 1):
        migrate()
        rollback(restore_snapshot=cycle % 10 == 0)
        if cycle % 10 == 0:
            forget_runs(target, 0, apply=True)
        if cycle % every == 0 or cycle == cycles:
            looks.append(look(target, cycle, time.perf_counter() - started))
            say(looks[-1])
    return looks


def look(target: Target, cycle: int, seconds: float) -> Look:
    """Vacuum, as autovacuum does, and count what there is."""
    gc.collect()
    with psycopg.Connection[dict[str, Any]].connect(
        target.dsn, autocommit=True, row_factory=dict_row
    ) as connection:
        connection.execute("VACUUM ANALYZE")
        row = connection.execute(LOOK).fetchone()
    memory = psutil.Process().memory_info().rss / 2**20
    return Look(cycle, seconds, memory, len(gc.get_objects()), dict(row or {}))


def find_growth(first: Look, last: Look) -> list[str]:
    """Return what grew between two looks, in words."""
    grown = [
        f"{name}: {first.database[name]} became {last.database[name]}"
        for name in COUNTED
        if last.database[name] != first.database[name]
    ]
    grown += [
        f"{name}: {first.database[name]} became {last.database[name]} bytes"
        for name in ("ledger_indexes", "ledger_tables", "source", "catalog")
        if last.database[name] > first.database[name] * MOST_BYTES
    ]
    if last.memory_mb > first.memory_mb + MOST_MEMORY_MB:
        grown.append(f"memory: {first.memory_mb:.0f} became {last.memory_mb:.0f} MB")
    return grown


def main(arguments: list[str]) -> int:
    """Print a row for each look; exit code 1 when something grew."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--cycles", type=int, default=500)
    parser.add_argument("--every", type=int, default=50)
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args(arguments)
    sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))
    from support.zygote import leave_out_what_is_not_tested

    leave_out_what_is_not_tested()
    logging.getLogger("tierflow").setLevel(logging.WARNING)
    with tempfile.TemporaryDirectory() as folder, open_shop(Path(folder)) as target:
        looks = live(
            target, options.cycles, options.every, lambda _: None if options.json else _say(_)
        )
    # by then indexes and memory have the size that their work takes
    settled = next(look for look in looks if 2 * look.cycles >= options.cycles)
    grown = find_growth(settled, looks[-1])
    if options.json:
        print(json.dumps({"looks": [look.as_row() for look in looks], "grown": grown}))
    else:
        print(
            "; ".join(grown) or f"Nothing grew from cycle {settled.cycles} to {looks[-1].cycles}."
        )
    return int(bool(grown))


def _say(look: Look) -> None:
    row = look.as_row()
    if look.database["runs"] and not getattr(_say, "said", False):
        print("  ".join(f"{name:>9}" for name in row), flush=True)
        _say.said = True  # pyright: ignore[reportFunctionMemberAccess]
    print("  ".join(f"{value:>{max(9, len(name))}}" for name, value in row.items()), flush=True)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
