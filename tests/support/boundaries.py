"""Faults at the boundaries of a run: each commit that writes, each statement that is one.

The boundaries are counted where psycopg commits, so that the product needs no hooks. In the
publish transaction every statement is one.
"""

from __future__ import annotations

import contextlib
import os
import signal
import socket
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, LiteralString, cast

import psycopg
from psycopg.pq import PipelineStatus, TransactionStatus

_execute: Any = psycopg.Connection.execute
_commit = psycopg.Connection.commit


class Fault:
    """What to do where: {"do", "label", "nth", "when", ...}.

    `writes`: what else happens after "LABEL", the first of them, or "LABEL 2".
    """

    def __init__(self, spec: Mapping[str, Any]) -> None:
        self.spec = spec
        self.passed = Counter[str]()
        self.writes = dict(spec.get("writes", {}))

    def around(self, connection: psycopg.Connection[Any], label: str, work: Any) -> Any:
        self.passed[label] += 1
        if self.spec.get("list"):
            with Path(self.spec["list"]).open("a") as file:
                file.write(f"{label}\n")
        self._strike(label, "before", connection)
        result = work()
        nth = self.passed[label]
        if statements := self.writes.pop(label if nth == 1 else f"{label} {nth}", None):
            self._write(statements)
        self._strike(label, "after", connection)
        return result

    def _strike(self, label: str, when: str, connection: psycopg.Connection[Any]) -> None:
        here = {"label": label, "nth": self.passed[label], "when": when}
        if here.items() <= self.spec.items():
            if "struck" in self.spec:
                Path(self.spec["struck"]).touch()
            getattr(self, f"_{self.spec['do']}")(connection)

    def _write(self, statements: Sequence[str]) -> None:
        """Write as an application does."""
        with psycopg.connect(self.spec["dsn"], autocommit=True) as session:
            for statement in statements:
                _execute(session, cast(LiteralString, statement))

    def _kill(self, _connection: psycopg.Connection[Any]) -> None:
        os.kill(os.getpid(), signal.SIGKILL)

    def _interrupt(self, _connection: psycopg.Connection[Any]) -> None:
        os.kill(os.getpid(), self.spec.get("signal", signal.SIGTERM))

    def _kill_server(self, _connection: psycopg.Connection[Any]) -> None:
        """End every process of the server at once, as a power cut does."""
        server = self.spec["server"]
        for stat in Path("/proc").glob("[0-9]*/stat"):
            with contextlib.suppress(OSError):
                if int(stat.read_text().rpartition(")")[2].split()[1]) == server:
                    os.kill(int(stat.parent.name), signal.SIGKILL)
        os.kill(server, signal.SIGKILL)

    def _terminate(self, _connection: psycopg.Connection[Any]) -> None:
        """End all sessions of the run, as an administrator may."""
        with psycopg.connect(self.spec["dsn"], autocommit=True) as session:
            _execute(
                session,
                """SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity
                   WHERE application_name LIKE 'tierflow: %' AND datname = current_database()""",
            )

    def _terminate_one(self, connection: psycopg.Connection[Any]) -> None:
        """End the session that works."""
        with psycopg.connect(self.spec["dsn"], autocommit=True) as session:
            _execute(
                session, "SELECT pg_terminate_backend(%s, 5000)", [connection.info.backend_pid]
            )

    def _drop(self, _connection: psycopg.Connection[Any]) -> None:
        """Have the proxy drop every connection."""
        with socket.create_connection(("127.0.0.1", self.spec["control"])) as proxy:
            proxy.recv(1)

    def _time_out(self, connection: psycopg.Connection[Any]) -> None:
        """Let the next statements of this session time out, and those to come."""
        if connection.info.transaction_status != TransactionStatus.INERROR:
            _execute(connection, "SET statement_timeout = 1")
            _execute(connection, "SELECT pg_sleep(1)")


def arm(spec: Mapping[str, Any] | None) -> None:
    """Count the boundaries of this process from now on, and do what the spec says at one."""
    if spec is None:
        return
    fault = Fault(spec)

    def commit(self: psycopg.Connection[Any]) -> None:
        # in a pipeline neither the transaction nor its commit has been sent
        queued = self.pgconn.pipeline_status != PipelineStatus.OFF
        begun = queued or self.info.transaction_status == TransactionStatus.INTRANS
        if self.read_only or not begun:
            return _commit(self)

        def work() -> None:
            _commit(self)
            if queued:
                with self.pipeline() as pipeline:
                    pipeline.sync()

        return fault.around(self, f"{purpose(self)}: commit", work)

    def execute(self: psycopg.Connection[Any], query: Any, *rest: Any, **named: Any) -> Any:
        text = query if isinstance(query, str) else _text_of(query, self)
        alone = self.autocommit and not text.lstrip().startswith(("SELECT", "WITH"))
        if not alone and purpose(self) != "publish":
            return _execute(self, query, *rest, **named)
        label = f"{purpose(self)}: {' '.join(text.split()[:6])}"
        return fault.around(self, label, lambda: _execute(self, query, *rest, **named))

    psycopg.Connection.commit = commit
    psycopg.Connection.execute = execute


def _text_of(query: Any, connection: psycopg.Connection[Any]) -> str:
    return query.decode() if isinstance(query, bytes) else str(query.as_string(connection))


def purpose(connection: psycopg.Connection[Any]) -> str:
    return (connection.info.parameter_status("application_name") or "").removeprefix("tierflow: ")
