"""Progress of long work: a bar with an ETA on a terminal, plain lines elsewhere."""

from __future__ import annotations

import contextlib
import logging
import sys
from collections.abc import Callable, Generator

log = logging.getLogger("tierflow.progress")


@contextlib.contextmanager
def track(what: str, total: int) -> Generator[Callable[[], None]]:
    """Yield a function to call after each of `total` parts is done."""
    if sys.stderr.isatty():
        with _bar(what, total) as advance:
            yield advance
        return
    done = 0

    def advance() -> None:
        nonlocal done
        done += 1
        log.info("%s: %s of %s done", what, done, total)

    yield advance


@contextlib.contextmanager
def _bar(what: str, total: int) -> Generator[Callable[[], None]]:
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
        yield lambda: progress.advance(task)
