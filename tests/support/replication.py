"""A publisher and a subscriber of logical replication, in one cluster."""

from __future__ import annotations

import contextlib
import dataclasses
import itertools
import time
from collections.abc import Generator
from typing import LiteralString, cast

import psycopg
from psycopg import sql
from psycopg.conninfo import conninfo_to_dict, make_conninfo

from support.database import Database

_numbers = itertools.count(1)


@dataclasses.dataclass(frozen=True)
class Pair:
    """Two databases; what `publish` writes is applied to the subscriber when it returns."""

    publisher: Database
    subscriber: Database
    name: str

    def subscribe(self, *tables: str, copy: bool = False) -> None:
        """Have the subscriber follow these tables of the publisher from now on."""
        names = {"name": sql.Identifier(self.name)}
        listed = sql.SQL(", ").join(sql.Identifier("public", table) for table in tables)
        with psycopg.connect(self.publisher.dsn, autocommit=True) as connection:
            # in one cluster CREATE SUBSCRIPTION would wait for its own transaction
            connection.execute(
                "SELECT pg_create_logical_replication_slot(%s, 'pgoutput')", [self.name]
            )
            connection.execute(
                sql.SQL("CREATE PUBLICATION {name} FOR TABLE {listed}").format(
                    **names, listed=listed
                )
            )
        self._on_subscriber(
            "CREATE SUBSCRIPTION {name} CONNECTION {dsn} PUBLICATION {name}"
            " WITH (create_slot = false, copy_data = {copy})",
            dsn=self.publisher.dsn,
            copy=copy,
        )

    def add_table(self, table: str) -> None:
        """Have the subscriber follow one more table."""
        self.publisher.rows(f"ALTER PUBLICATION {self.name} ADD TABLE public.{table}")
        self._on_subscriber("ALTER SUBSCRIPTION {name} REFRESH PUBLICATION WITH (copy_data=false)")

    def unsubscribe(self) -> None:
        """End it, if there is one."""
        self._on_subscriber("DROP SUBSCRIPTION IF EXISTS {name}")
        self.publisher.rows(f"DROP PUBLICATION IF EXISTS {self.name}")

    def _on_subscriber(self, statement: LiteralString, **values: object) -> None:
        with psycopg.connect(self.subscriber.dsn, autocommit=True) as connection:
            literals = {name: sql.Literal(value) for name, value in values.items()}
            connection.execute(
                sql.SQL(statement).format(name=sql.Identifier(self.name), **literals)
            )

    def publish(self, *statements: str) -> None:
        """Run these in one transaction of the publisher, and wait until they are applied."""
        with psycopg.connect(self.publisher.dsn, autocommit=True) as connection:
            connection.execute("SET synchronous_commit = on")
            with connection.transaction():
                for statement in statements:
                    connection.execute(cast(LiteralString, statement))
            row = connection.execute("SELECT pg_current_wal_insert_lsn()::text").fetchone()
            assert row is not None
            applied = """SELECT count(*) > 0 FROM pg_stat_replication
                WHERE application_name = %s AND replay_lsn >= %s::pg_lsn"""
            deadline = time.monotonic() + 30
            while not self.publisher.value(applied, self.name, row[0]):
                assert time.monotonic() < deadline, "the subscription stands still"


@contextlib.contextmanager
def open_pair(database: Database) -> Generator[Pair]:
    """Make a publisher that holds what this database holds, which is to be the subscriber."""
    name = str(conninfo_to_dict(database.dsn)["dbname"])
    other = f"{name}_publisher"
    with psycopg.connect(make_conninfo(database.dsn, dbname="postgres"), autocommit=True) as server:
        server.execute(
            sql.SQL("CREATE DATABASE {} TEMPLATE {} STRATEGY file_copy").format(
                sql.Identifier(other), sql.Identifier(name)
            )
        )
        dsn = make_conninfo(database.dsn, dbname=other)
        pair = Pair(dataclasses.replace(database, dsn=dsn), database, f"follow_{next(_numbers)}")
        yield pair
        # a database with a subscription cannot be dropped
        pair.unsubscribe()
        drop = sql.SQL("DROP DATABASE {} WITH (FORCE)")
        server.execute(drop.format(sql.Identifier(other)))
