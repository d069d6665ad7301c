"""The bench's own SQL texts, read by the project's loader."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import psycopg
from psycopg.sql import Composed

from sql import statement

FOLDER = Path(__file__).parent / "sql"


def bench_statement(name: str, /, **values: Any) -> Composed:
    """Return the statements in `bench/sql/<name>.sql` with their variables filled in."""
    return statement(f"../bench/sql/{name}", **values)


def execute_file(dsn: str, name: str) -> None:
    """Run `bench/sql/<name>.sql` in a session and a transaction of its own."""
    with psycopg.connect(dsn) as connection:
        connection.execute(bench_statement(name))
