"""Locks on live tables: asked for with a short patience, given back at once, measured."""

from __future__ import annotations

import contextlib
import logging
import random
import time
from collections.abc import Callable, Generator, Mapping, Sequence
from typing import TypeVar

from psycopg import errors as pg

from tierflow.connection import Connection, connect, fetch, run, translated_errors
from tierflow.errors import TierflowError, TransientError
from tierflow.measures import note_lock
from tierflow.settings import Target
from tierflow.stopping import stop_if_asked

log = logging.getLogger("tierflow.locks")

T = TypeVar("T")

# who waits behind us waits as long as we do, so we begin with little patience; 500 ms is the most
PATIENCE_MS = (50, 100, 200, 500, 500, 500, 500, 500, 500, 500)
LONGEST_REST_SECONDS = 4.0
WRITERS_WAIT = ("queries/lock_source",)
ALL_WAIT = ("queries/lock_source_alone",)
TakeLocks = Callable[[], None]


def with_live_locks(
    target: Target,
    where: str,
    locks: Sequence[str],
    work: Callable[[Connection, TakeLocks], T],
    *,
    session: Connection | None = None,
) -> T:
    """Do the work in one transaction, and again when it meets a lock or loses its session.

    `work` calls its second argument where it needs the locks: all before that keeps nobody
    waiting. `session`: one that holds temporary tables for the work; else each attempt opens its
    own. Raises TransientError, which says who holds the lock, when every attempt met one.
    """
    for attempt, patience in enumerate(PATIENCE_MS, start=1):
        stop_if_asked()
        try:
            return _attempt(target, where, locks, work, patience, session)
        except TransientError as error:
            if not error.retry:
                raise
            if attempt == len(PATIENCE_MS):
                raise _given_up(target, where, locks, error) from error
            log.info("%s gave way, attempt %s: %s", where, attempt, error.message)
            rest = random.uniform(0.5, 1.5) * min(0.05 * 2**attempt, LONGEST_REST_SECONDS)
            time.sleep(rest)
    raise AssertionError("unreachable")


def change_live(
    target: Target,
    where: str,
    locks: Sequence[str],
    statements: Sequence[str],
    names: Mapping[str, str],
) -> None:
    """Run statements that change a live table, under its locks, in one short transaction.

    Without `locks` the statements take their own, and the wait for them counts as held.
    """

    def work(connection: Connection, take_locks: TakeLocks) -> None:
        take_locks()
        for name in statements:
            run(connection, name, **names)

    with_live_locks(target, where, locks, work)


def _attempt(
    target: Target,
    where: str,
    locks: Sequence[str],
    work: Callable[[Connection, TakeLocks], T],
    patience: int,
    session: Connection | None,
) -> T:
    clock = _Clock(where)
    try:
        with _go_on(session) if session else connect(target, where) as connection:
            fetch(connection, "queries/set_lock_timeout", timeout=f"{patience}ms")
            fetch(connection, "queries/set_lazy_commit", local=True)

            def take_locks() -> None:
                clock.ask()
                for name in locks:
                    run(connection, name, schema=target.schema)
                clock.begin_to_hold()

            result = work(connection, take_locks)
            if session is None:
                connection.commit()
                clock.stop()
        return result
    finally:
        clock.stop()


@contextlib.contextmanager
def _go_on(session: Connection) -> Generator[Connection]:
    with translated_errors(), session.transaction():
        yield session


class _Clock:
    def __init__(self, where: str) -> None:
        self._where = where
        self._asked: float | None = None
        self._held: float | None = None

    def ask(self) -> None:
        self._asked = time.perf_counter()

    def begin_to_hold(self) -> None:
        self._held = time.perf_counter()

    def stop(self) -> None:
        """Note the locks, the first time that it is called."""
        now = time.perf_counter()
        if self._asked is not None:
            held = now - self._held if self._held is not None else 0.0
            note_lock(self._where, held=held, imposed=now - self._asked)
            self._asked = None


def _given_up(
    target: Target, where: str, locks: Sequence[str], error: TransientError
) -> TransientError:
    if not isinstance(error.__cause__, pg.LockNotAvailable):
        return TransientError(error.message, next_step=error.next_step)
    try:
        with connect(target, "lock holders", read_only=True) as connection:
            holders = fetch(
                connection,
                "queries/list_lock_holders",
                schema=target.schema,
                alone=any(name.endswith("alone") for name in locks),
            )
    except TierflowError:
        holders = []
    said = "; ".join(holder["said"] for holder in holders[:3]) or error.message
    remedies = dict.fromkeys(holder["remedy"] for holder in holders[:3])
    remedy = "; ".join(remedies) or "let that session end its transaction"
    return TransientError(
        f"The step {where!r} met a lock {len(PATIENCE_MS)} times and gave way each time: {said}.",
        next_step=f"{remedy}, then run the same command again; it goes on where it stopped",
    )
