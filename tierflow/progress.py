"""Progress of long work: a bar with an ETA on a terminal, plain lines elsewhere."""

from __future__ import annotations

import contextlib
import logging
import sys
import time
from collections.abc import Callable, Generator

log = logging.getLogger("tierflow.progress")

SECONDS_BETWEEN_LINES = 5.0


@contextlib.contextmanager
def track(what: str, total: int) -> Generator[Callable[[int], None]]:
    """Yield a function to call with the rows that are done.

    `total` is an estimate: where more is done than that, the total grows, and nothing is ever
    more than done.
    """
    with _bar(what, total) if sys.stderr.isatty() else _lines(what, total) as show:
        yield show


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
    with Progress(*columns, console=Console(stderr=True), transient=True) as progress:
        task = progress.add_task(what, total=total)
        yield lambda done: progress.update(task, completed=done, total=max(done, total))
