"""The limit: what the server needs at least. COPY of ready files, then the indexes, two at once.

Nothing is read from the JSONB, nothing is checked: no migration can be faster on this server by
much.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path

import psycopg

from bench.statements import bench_statement, execute_file

BLOCK = 2**18


def main(dsn: str, folder: Path) -> None:
    """Load the two files of `folder`, and end in the final schema."""
    execute_file(dsn, "create_bare_table")
    _both(*(partial(_load, dsn, folder / f"half_{half}") for half in (1, 2)))
    _both(*(partial(execute_file, dsn, f"create_indexes_half_{half}") for half in (1, 2)))
    for name in ("adopt_indexes", "create_keys", "analyze_grants"):
        execute_file(dsn, name)


def export_ready_files(dsn: str, folder: Path) -> None:
    """Write the files that `main` loads; this is not measured."""
    folder.mkdir(exist_ok=True)
    with psycopg.connect(dsn) as connection:
        for half in (1, 2):
            query = bench_statement("copy_ready_rows", first=half == 1)
            with (
                (folder / f"half_{half}").open("wb") as file,
                connection.cursor().copy(query) as copy,
            ):
                for block in copy:
                    file.write(block)


def _load(dsn: str, path: Path) -> None:
    query = "COPY public.tier_model_access (tier_id, model_id, markup_multiplier) FROM STDIN"
    with (
        psycopg.connect(dsn) as connection,
        path.open("rb") as file,
        connection.cursor().copy(query) as copy,
    ):
        while block := file.read(BLOCK):
            copy.write(block)


def _both(*works: Callable[[], None]) -> None:
    with ThreadPoolExecutor() as pool:
        for future in [pool.submit(work) for work in works]:
            future.result()


if __name__ == "__main__":
    main(os.environ["TIERFLOW_DSN"], Path(sys.argv[1]))
