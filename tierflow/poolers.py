"""Whether the sessions that we open are ours until we close them, or a pooler hands them on.

A run sets, locks and prepares things in its sessions (tierflow/session_state.py). A pooler that
gives a session to somebody else after each transaction or statement would leave all that to the
application. So each is looked at before anything is set (docs/design.md, Sessions).
"""

from __future__ import annotations

import contextlib
import select
import time
from collections.abc import Callable
from typing import Any, NamedTuple

import psycopg
from psycopg import errors
from psycopg.pq import ExecStatus

from sql import statement
from tierflow.errors import ConfigurationError, TransientError

Session = psycopg.Connection[Any]
Opener = Callable[..., contextlib.AbstractContextManager[Session]]

PATIENCE_SECONDS = 10.0
# how often each session is asked again: somebody else's transaction may take the process in between
LOOKS = 3
_QUESTION = statement("queries/read_own_process").as_bytes(None)


class Process(NamedTuple):
    """The server process that answers a session; `host` is None where it is reached by a socket."""

    pid: int
    server_started: bytes
    host: str | None
    port: str


def ask(session: Session) -> Process:
    """Return the process that answers this session now; in bounded time, and with no trace.

    Raises TransientError when it is given none: a pooler waits for minutes.
    """
    server = session.pgconn
    server.send_query(_QUESTION)
    deadline = time.monotonic() + PATIENCE_SECONDS
    waiting = select.poll()
    waiting.register(server.socket, select.POLLIN)
    while server.is_busy():
        if not waiting.poll(1000 * max(0.0, deadline - time.monotonic())):
            raise _no_session(session)
        server.consume_input()
    result = server.get_result()
    if result is None or result.status != ExecStatus.TUPLES_OK:
        raise errors.error_from_result(result) if result else psycopg.OperationalError("no answer")
    while server.get_result() is not None:
        pass
    pid, started, host, port = (result.get_value(0, column) for column in range(4))
    return Process(
        int(pid or 0), started or b"", host.decode() if host else None, (port or b"").decode()
    )


def find_pooler(open_session: Opener, *, wanted: int = 2) -> bool:
    """Return whether a pooler stands before the server and leaves each session its own process.

    Opens two sessions at once, and `wanted` where there is a pooler. Raises ConfigurationError when
    sessions are handed on, or when it gives fewer than `wanted`.
    """
    with contextlib.ExitStack() as stack:
        opened: list[tuple[Session, Process]] = []
        while len(opened) < wanted:
            try:
                # the first may wait as long as the connection string says
                limit = {"connect_timeout": int(PATIENCE_SECONDS)} if opened else {}
                session = stack.enter_context(open_session(**limit))
                opened.append((session, ask(session)))
            except (TransientError, psycopg.OperationalError) as error:
                if not opened:
                    raise
                if _all_told(opened):  # the last that this role may have, and a server's own
                    return False
                raise _too_few(*opened[0], found=len(opened), wanted=wanted) from error
            if len(opened) == 2 and _all_told(opened) and _all_differ(opened):
                return False
        _require_kept(opened)
        return True


def begin_session(session: Session, name: str, *, pooled: bool) -> None:
    """Set up the session, in the one statement that asks once more whose process it is.

    Raises ConfigurationError, with nothing set, where it is another one than a moment before.
    """
    own_process = ask(session).pid if pooled else session.info.backend_pid
    given = {"application_name": name, "own_process": own_process}
    if not session.execute(statement("queries/set_session", **given)).rowcount:
        raise _handed_on(
            session, f"the session of server process {own_process} is answered by another one"
        )


def _handed_on(
    session: Session, evidence: str, process: Process | None = None
) -> ConfigurationError:
    return ConfigurationError(
        f"A pooler ({_name(session)}) hands sessions on between transactions: {evidence}. What"
        " this command sets, locks and prepares would reach the application: nothing was begun.",
        next_step=f"give the server's own host and port{_name_server(process)} in place of the"
        " pooler's, or a pooler in session mode (docs/guide.md, Prerequisites)",
    )


def _all_told(opened: list[tuple[Session, Process]]) -> bool:
    """Return whether each was told its process when it was opened: poolers make a number up."""
    return all(session.info.backend_pid == process.pid for session, process in opened)


def _all_differ(opened: list[tuple[Session, Process]]) -> bool:
    return len({process for _, process in opened}) == len(opened)


def _require_kept(opened: list[tuple[Session, Process]]) -> None:
    """Raise ConfigurationError unless each session keeps a process of its own, while all idle."""
    if not _all_differ(opened):
        session, process = opened[-1]
        pids = [process.pid for _, process in opened]
        twice = next(pid for pid in pids if pids.count(pid) > 1)
        evidence = f"server process {twice} answered two connections that were open at once"
        raise _handed_on(session, evidence, process)
    for _ in range(LOOKS):
        # to and fro: a pool that takes its sessions in turn must not come out even
        opened = opened[::-1]
        for session, before in opened:
            process = ask(session)
            if process != before:
                was = f"server process {before.pid} answered an idle connection"
                raise _handed_on(session, f"{was}, then {process.pid} did", process)


def _too_few(session: Session, process: Process, *, found: int, wanted: int) -> ConfigurationError:
    return ConfigurationError(
        f"The pooler ({_name(session)}) has too few sessions: it gave {found} of the {wanted} that"
        f" this command takes at once, and no other within {PATIENCE_SECONDS:.0f} s. Nothing was"
        " begun.",
        next_step=f"let its pool have {wanted} sessions free, set TIERFLOW_WORKERS lower, or give"
        f" the server's own host and port{_name_server(process)}",
    )


def _no_session(session: Session) -> TransientError:
    return TransientError(
        f"No session was given within {PATIENCE_SECONDS:.0f} s by {_name(session)}: a pooler there"
        " has none free, or the server hangs.",
        next_step="let sessions of its pool go free, or give the server's own host and port; then"
        " run the same command again",
        retry=True,
    )


def _name(session: Session) -> str:
    return f"{session.info.host} port {session.info.port}"


def _name_server(process: Process | None) -> str:
    """Say where the server is as it knows itself, which is how the pooler reaches it."""
    if process is None:
        return ""
    where = process.host or "a socket on the pooler's machine,"
    return f" (the pooler's own way to it: {where} port {process.port})"
