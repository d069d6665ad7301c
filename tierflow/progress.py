"""Progress of long work: on a terminal what is under way, and a bar with an ETA; else lines."""

from __future__ import annotations

import contextlib
import dataclasses
import logging
import os
import sys
import threading
import time
from collections.abc import Callable, Generator
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rich.status import Status

log = logging.getLogger("tierflow.progress")

SECONDS_BETWEEN_LINES = 5.0


@dataclasses.dataclass
class _Terminal:
    """The line that says what is under way, while there is one."""

    status: Status | None = None


@dataclasses.dataclass
class _Parts:
    """The rows of all parts under way, and who wants to know them."""

    guard: threading.Lock = dataclasses.field(default_factory=threading.Lock)
    moved: Callable[[int], None] | None = None
    rows: int = 0

    def add(self, rows: int) -> None:
        with self.guard:
            self.rows += rows
            if self.moved is not None and rows > 0:
                self.moved(self.rows)

    def begin(self, moved: Callable[[int], None] | None) -> None:
        with self.guard:
            self.moved, self.rows = moved, 0


_terminal = _Terminal()
_parts = _Parts()


@contextlib.contextmanager
def say(what: str) -> Generator[None]:
    """Show on a terminal what is under way until it ends, or what is said inside of it.

    Where Prefect orchestrates, its own lines say it.
    """
    if (
        not sys.stderr.isatty()
        or log.isEnabledFor(logging.DEBUG)
        or "PREFECT_API_URL" in os.environ
    ):
        yield
        return
    if (status := _terminal.status) is not None:
        before = status.status
        status.update(what)
        try:
            yield
        finally:
            status.update(before)
        return
    from rich.console import Console

    _terminal.status = Console(stderr=True).status(what)
    try:
        with _terminal.status:
            yield
    finally:
        _terminal.status = None


@contextlib.contextmanager
def track(what: str, total: int) -> Generator[Callable[[int], None]]:
    """Yield a function to call with the rows that are done.

    `total` is an estimate: where more is done than that, the total grows, and nothing is ever
    more than done.
    """
    with _bar(what, total) if sys.stderr.isatty() else _lines(what, total) as show:
        yield show


@contextlib.contextmanager
def gather_parts(moved: Callable[[int], None]) -> Generator[None]:
    """Have `moved` called with the rows of all parts under way, whenever one of them moves on.

    Parts in another process (a Dask worker's) are counted when they are done only.
    """
    _parts.begin(moved)
    try:
        yield
    finally:
        _parts.begin(None)


@contextlib.contextmanager
def part() -> Generator[Callable[[int], None]]:
    """Yield a function to call with the rows that one part of the work has done more."""
    done = 0

    def add(rows: int) -> None:
        nonlocal done
        done += rows
        _parts.add(rows)

    try:
        yield add
    finally:
        # who gathers counts a part that is done as done, and one that failed not at all
        _parts.add(-done)


@contextlib.contextmanager
def _lines(what: str, total: int) -> Generator[Callable[[int], None]]:
    started = last = time.monotonic()

    def show(done: int) -> None:
        nonlocal last
        now = time.monotonic()
        if done and now - last >= SECONDS_BETWEEN_LINES:
            last, of = now, max(done, total)
            left = (now - started) / done * (of - done)
            log.info("%s: %s of %s rows, about %.0f s left", what, f"{done:,}", f"{of:,}", left)

    yield show


@contextlib.contextmanager
def _bar(what: str, total: int) -> Generator[Callable[[int], None]]:
    from rich.console import Console
    from rich.progress import (
        BarColumn,
        MofNCompleteColumn,
        Progress,
        TextColumn,
        TimeRemainingColumn,
    )

    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeRemainingColumn(),
    )
    status = _terminal.status
    if status is not None:
        status.stop()  # one line at a time
    try:
        with Progress(*columns, console=Console(stderr=True), transient=True) as progress:
            task = progress.add_task(what, total=total)
            yield lambda done: progress.update(task, completed=done, total=max(done, total))
    finally:
        if status is not None:
            status.start()
