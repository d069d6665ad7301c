"""A real PgBouncer before a server of the tests, and what an application finds behind it."""

from __future__ import annotations

import contextlib
import dataclasses
import os
import random
import shutil
import signal
import socket
import subprocess
import time
from collections import Counter
from collections.abc import Generator, Mapping
from pathlib import Path

import psycopg
import pytest
from psycopg.conninfo import conninfo_to_dict, make_conninfo

from tierflow.pg_binaries import choose_launcher, find_bindir

PORT = 6432
SESSIONS = 20
# what one session of the application is: every setting, and all that a session can hold
# (those of plpgsql are there from the first function of that language on)
HELD = """
    SELECT 'setting ' || name || '=' || setting FROM pg_catalog.pg_settings
    WHERE name NOT LIKE 'plpgsql.%'
    UNION ALL SELECT 'prepared ' || name FROM pg_catalog.pg_prepared_statements
    UNION ALL SELECT 'cursor ' || name FROM pg_catalog.pg_cursors WHERE name <> ''
    UNION ALL SELECT 'listens to ' || channel FROM pg_catalog.pg_listening_channels() AS channel
    UNION ALL SELECT 'temporary ' || relname FROM pg_catalog.pg_class
    WHERE relnamespace = pg_catalog.pg_my_temp_schema()
"""
PID = "SELECT pg_catalog.pg_backend_pid()"
ADVISORY = "SELECT count(*) FROM pg_catalog.pg_locks WHERE locktype = 'advisory'"


@dataclasses.dataclass(frozen=True)
class Bouncer:
    """PgBouncer on an address of its own; `server` is the conninfo of what is behind it."""

    address: str
    server: str
    mode: str
    pool: int

    @property
    def dsn(self) -> str:
        return make_conninfo(
            "", host=self.address, port=PORT, user="postgres", dbname=self.database
        )

    @property
    def database(self) -> str:
        return str(conninfo_to_dict(self.server)["dbname"])

    def see(self) -> Counter[str]:
        """Return what twenty sessions of the application see, at once: so each has its own.

        In statement mode no session is kept: the pool is one, and each finds it. Asserts that
        nobody in the database holds an advisory lock.
        """
        with psycopg.connect(self.server, autocommit=True) as direct:
            assert direct.execute(ADVISORY).fetchone() == (0,)
        alone = self.mode == "statement"
        with contextlib.ExitStack() as stack:
            sessions = [
                stack.enter_context(psycopg.connect(self.dsn, autocommit=alone))
                for _ in range(SESSIONS)
            ]
            found = Counter(
                str(row[0]) for session in sessions for row in session.execute(HELD, prepare=False)
            )
            pids = {session.execute(PID, prepare=False).fetchone() for session in sessions}
            assert len(pids) == self.pool
        return found

    def hold(self, number: int) -> contextlib.ExitStack:
        """Take sessions as an application does; the caller closes them."""
        with contextlib.ExitStack() as stack:
            for _ in range(number):
                stack.enter_context(psycopg.connect(self.dsn)).execute(PID)
            return stack.pop_all()


@contextlib.contextmanager
def open_bouncer(
    folder: Path, server: str, mode: str, *, pool: int | None = None, **settings: str | int
) -> Generator[Bouncer]:
    """Run PgBouncer in this pool mode before the server of this conninfo, until the end."""
    program = shutil.which("pgbouncer", path=f"{os.environ['PATH']}:/usr/sbin")
    if program is None:
        pytest.skip("PgBouncer is not installed (Debian's package pgbouncer)")
    # all of 127/8 is this machine: the port is free there
    address = f"127.{random.randint(1, 254)}.{random.randint(1, 254)}.{random.randint(2, 254)}"
    pool = pool or (1 if mode == "statement" else SESSIONS)
    parts = conninfo_to_dict(server)
    behind = f"host={parts['host']} port={parts['port']} user=postgres"
    wanted: Mapping[str, str | int] = {
        "listen_addr": address, "listen_port": PORT, "unix_socket_dir": "", "auth_type": "any",
        "pool_mode": mode, "default_pool_size": pool, **settings,
    }  # fmt: skip
    file = folder / f"{mode}-{address}.ini"
    file.write_text(
        f"[databases]\n* = {behind}\n[pgbouncer]\n"
        + "".join(f"{name} = {value}\n" for name, value in wanted.items())
    )
    # it refuses to run as root, as PostgreSQL does: run like the servers of these tests
    launcher = choose_launcher(find_bindir(), folder)
    with file.with_suffix(".log").open("wb") as log, file.open("rb") as config:
        process = subprocess.Popen(
            [*launcher.prefix, program, "/dev/stdin"],
            stdin=config, stdout=log, stderr=log, cwd="/",
            user=launcher.uid, group=launcher.uid, extra_groups=launcher.extra_groups,
        )  # fmt: skip
    try:
        deadline = time.monotonic() + 20
        while True:
            assert process.poll() is None, file.with_suffix(".log").read_text()
            with contextlib.suppress(OSError):
                socket.create_connection((address, PORT), 1).close()
                break
            assert time.monotonic() < deadline
            time.sleep(0.01)
        yield Bouncer(address, server, mode, pool)
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(20)
