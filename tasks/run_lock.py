"""The lock that allows one run per database."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable, Generator

from tierflow.connection import Connection, connect, fetch, translated_errors
from tierflow.errors import TierflowError, TransientError
from tierflow.settings import Target

# a session whose client is gone holds its locks until the server notices, a moment later
PATIENCE_SECONDS = 1.0


@contextlib.contextmanager
def hold_run_lock(target: Target) -> Generator[Callable[[], None]]:
    """Hold the session advisory lock; PostgreSQL frees it when the process dies.

    Yields what to call at every boundary: it raises TransientError when the session is gone, and
    the lock with it. Raises TransientError, naming the holder, when another run is under way.
    """
    with connect(target, "run lock", autocommit=True) as connection:
        deadline = time.monotonic() + PATIENCE_SECONDS
        while not fetch(connection, "queries/take_run_lock", schema=target.schema)[0]["taken"]:
            if time.monotonic() > deadline:
                raise _under_way(connection, target)
            time.sleep(0.05)
        try:
            yield lambda: _require_held(connection)
        finally:
            # where the session is gone, so is the lock
            with contextlib.suppress(TierflowError), translated_errors():
                fetch(connection, "queries/release_run_lock")


def _require_held(connection: Connection) -> None:
    try:
        with translated_errors():
            held = fetch(connection, "queries/has_run_lock")[0]["held"]
    except TransientError:
        held = False
    if not held:
        raise TransientError(
            "The session that held the lock of this run is gone, so another run may have begun.",
            next_step="run the same command again; it goes on where it stopped",
        )


def _under_way(connection: Connection, target: Target) -> TransientError:
    holders = fetch(connection, "queries/read_run_lock_holder", schema=target.schema)
    said = "; ".join(holder["said"] for holder in holders) or "just ended"
    remedies = dict.fromkeys(holder["remedy"] for holder in holders)
    remedy = "; ".join(remedies) or "wait for it to end"
    return TransientError(
        f"Another run is under way in this database ({said}).",
        next_step=f"{remedy}, then run the same command again",
    )
