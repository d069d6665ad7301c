"""Where the bench runs: a server, a scratch folder, and databases that are gone afterwards."""

from __future__ import annotations

import contextlib
import dataclasses
import os
import tempfile
from collections.abc import Generator
from pathlib import Path

import psycopg
from psycopg import pq, sql
from psycopg.conninfo import conninfo_to_dict, make_conninfo

from bench.statements import bench_statement
from tierflow.connection import connect, run
from tierflow.embedded import embedded_server
from tierflow.pg_binaries import find_bindir
from tierflow.settings import Target

# the demo's source tables; the index is built when the rows are there
TABLES = (
    "create_subscription_tiers",
    "create_model_access_control",
    "create_touch_updated_at_function",
    "create_touch_updated_at_trigger",
)
INDEX = "create_tier_access_gin_index"


@dataclasses.dataclass(frozen=True)
class Place:
    """A running server with its programs, and a folder on disk for what a run writes."""

    server_dsn: str = dataclasses.field(repr=False)
    bindir: Path
    folder: Path
    embedded: bool

    def dsn(self, database: str) -> str:
        """Return the conninfo of one database."""
        return make_conninfo(self.server_dsn, dbname=database)

    def environment(self, database: str) -> dict[str, str]:
        """Return what a contender's process is given; the PG* variables are for psql."""
        kept = {
            name: value
            for name, value in os.environ.items()
            if not name.startswith(("PREFECT_", "PG"))
        }
        by_keyword = {
            option.keyword.decode(): option.envvar.decode()
            for option in pq.Conninfo.get_defaults()
            if option.envvar
        }
        dsn = self.dsn(database)
        connection = {
            by_keyword[keyword]: str(value)
            for keyword, value in conninfo_to_dict(dsn).items()
            if value and keyword in by_keyword
        }
        home = tempfile.mkdtemp(prefix="home-", dir=self.folder)
        return {**kept, **connection, "TIERFLOW_DSN": dsn, "TIERFLOW_HOME": home}


@contextlib.contextmanager
def open_place(scratch: Path | None) -> Generator[Place]:
    """Yield the server of TIERFLOW_BENCH_DSN, else an embedded one with PostgreSQL's own defaults.

    Without `scratch` the folder is in /var/tmp: the system's temporary folder may be in memory.
    """
    parent = scratch or Path("/var/tmp")
    with tempfile.TemporaryDirectory(
        prefix="tierflow-bench-", dir=parent if parent.is_dir() else None
    ) as name:
        folder = Path(name)
        if dsn := os.environ.get("TIERFLOW_BENCH_DSN"):
            yield Place(dsn, find_bindir(), folder, embedded=False)
        else:
            with embedded_server(folder / "postgres") as server:
                yield Place(server.dsn(), server.bindir, folder, embedded=True)


@contextlib.contextmanager
def source_database(place: Place, label: str, models: int, *, all_distinct: bool) -> Generator[str]:
    """Yield a database that holds the source tables, filled and vacuumed; drop it at the end."""
    name = f"tierflow_bench_{os.getpid()}_{label}"
    with _admin(place) as admin:
        admin.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(name)))
    try:
        _fill(place, name, models, all_distinct=all_distinct)
        yield name
    finally:
        _drop(place, name)


def _fill(place: Place, name: str, models: int, *, all_distinct: bool) -> None:
    target = Target(dsn=place.dsn(name), schema="public", home=place.folder)
    with connect(target, "bench") as connection:
        for table in TABLES:
            run(connection, f"demo/{table}", schema="public")
    fill = "fill_models_distinct" if all_distinct else "fill_models"
    with psycopg.connect(place.dsn(name)) as connection:
        connection.execute(bench_statement("fill_tiers"))
        connection.execute(bench_statement(fill, models=models))
    with connect(target, "bench") as connection:
        run(connection, f"demo/{INDEX}", schema="public")
    with psycopg.connect(place.dsn(name), autocommit=True) as connection:
        connection.execute("VACUUM (FREEZE, ANALYZE)")


@contextlib.contextmanager
def fresh_copy(place: Place, source: str) -> Generator[str]:
    """Yield a copy of a source database, file by file: each contender starts from the same pages.

    A checkpoint before it leaves no contender the writes of another.
    """
    name = f"{source}_copy"
    with _admin(place) as admin:
        # PostgreSQL 14 always copies files
        strategy = " STRATEGY file_copy" if admin.info.server_version >= 150000 else ""
        admin.execute(
            sql.SQL("CREATE DATABASE {} TEMPLATE {}" + strategy).format(
                sql.Identifier(name), sql.Identifier(source)
            )
        )
        admin.execute("CHECKPOINT")
    try:
        with psycopg.connect(place.dsn(name)) as connection:
            # what an application would have in memory
            connection.execute("SELECT count(tier_access) FROM public.model_access_control")
        yield name
    finally:
        _drop(place, name)


def _drop(place: Place, name: str) -> None:
    with _admin(place) as admin:
        admin.execute(sql.SQL("DROP DATABASE {} WITH (FORCE)").format(sql.Identifier(name)))


def _admin(place: Place) -> psycopg.Connection[tuple[object, ...]]:
    return psycopg.connect(place.server_dsn, autocommit=True)
