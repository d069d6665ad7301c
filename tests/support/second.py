"""A second session beside the first: its statement waits, and is over when the test says so."""

from __future__ import annotations

import threading
import time
from typing import Any, LiteralString

import psycopg
from psycopg import IsolationLevel

from support.database import Database


class Second:
    """A statement of another session that begins now, and is over when `join` returns."""

    def __init__(
        self,
        database: Database,
        statement: LiteralString,
        *parameters: object,
        level: IsolationLevel | None = None,
    ) -> None:
        self.database = database
        self.error: BaseException | None = None
        self.connection = psycopg.connect(database.dsn)
        self.connection.isolation_level = level
        self.pid = self.connection.info.backend_pid
        if level:
            self.connection.execute("SELECT 1 FROM public.tier_model_access")  # its snapshot
        self._thread = threading.Thread(target=self._run, args=(statement, parameters))

    def start(self) -> Second:
        self._thread.start()
        return self

    def _run(self, statement: LiteralString, parameters: tuple[Any, ...]) -> None:
        try:
            with self.connection:
                self.connection.execute(statement, parameters)
        except psycopg.Error as error:
            self.error = error

    def until_it_waits(self) -> Second:
        waits = "SELECT wait_event_type = 'Lock' FROM pg_stat_activity WHERE pid = %s"
        deadline = time.monotonic() + 20
        while not self.database.value(waits, self.pid):
            assert time.monotonic() < deadline
            assert self._thread.is_alive()
        return self

    def join(self) -> BaseException | None:
        self._thread.join(timeout=30)
        assert not self._thread.is_alive()
        return self.error
