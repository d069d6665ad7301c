"""Judge in a process of its own, which imports Great Expectations while the flow does other work.

Great Expectations takes 3 to 4 s to import. In a thread that time adds to the imports of Prefect
and pandas (one interpreter lock); in a process it runs on the second core: `verify` of a small
database took 5.5 s instead of 7.4 s, start to exit.
"""

from __future__ import annotations

import atexit
import dataclasses
import functools
import gc
import multiprocessing
import signal
import threading
from collections.abc import Mapping
from concurrent.futures import Executor, Future, ProcessPoolExecutor, ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pandas as pd

    from expectations.results import Verdict
    from expectations.vocabulary import SuiteName


@dataclasses.dataclass
class _Lifetime:
    """How long the process stays: as long as this one, or until a single run has judged."""

    one_run: bool = False


_lifetime = _Lifetime()


def start(*, for_one_run: bool = False) -> None:
    """Begin the import, in the background. Calling it again costs nothing.

    `for_one_run`: this process makes one run and ends.
    """
    _lifetime.one_run |= for_one_run
    _importing()


def end() -> None:
    """Let the process go where nothing more will be judged, before the report is drawn.

    Its 240 MB and the 80 MB of what draws charts were the peak of a small migration.
    """
    if _lifetime.one_run:
        # one that is still importing ends by itself: nobody waits for it
        _process().shutdown(wait=_importing().done(), cancel_futures=True)


def wait() -> None:
    """Return when the import is done."""
    _importing().result()


def begin_to_judge(
    frames: Mapping[SuiteName, pd.DataFrame],
    *,
    docs_folder: Path | None,
    database: str,
    run_name: str,
    min_coverage: float,
    tier_ids: tuple[int, ...] | None = None,
) -> Future[Verdict]:
    """Judge beside whatever the caller does next: see `expectations.judge.judge`."""
    return _process().submit(
        _judge,
        dict(frames),
        docs_folder=docs_folder,
        database=database,
        run_name=run_name,
        min_coverage=min_coverage,
        tier_ids=tier_ids,
    )


def build_data_docs(docs_folder: Path, keep: int) -> Path:
    """Bring the data docs up to date and return their first page."""
    return _process().submit(_build_data_docs, docs_folder, keep).result()


@functools.cache
def _process() -> Executor:
    if multiprocessing.current_process().daemon:
        return ThreadPoolExecutor(1)  # a worker of a Dask cluster may have no children
    process = ProcessPoolExecutor(1, mp_context=multiprocessing.get_context("spawn"))
    atexit.register(process.shutdown, cancel_futures=True)
    return process


@functools.cache
def _importing() -> Future[None]:
    # Ctrl-C reaches the whole process group: the child is born deaf to it, the flow decides
    ours = threading.current_thread() is threading.main_thread()
    before = signal.signal(signal.SIGINT, signal.SIG_IGN) if ours else None
    try:
        return _process().submit(_import_judge)
    finally:
        if before is not None:
            signal.signal(signal.SIGINT, before)


def _import_judge() -> None:
    # Ctrl-C reaches the whole process group; the flow decides what is still to be judged
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    # nothing that is imported becomes garbage, and looking for it cost 0.7 of 3.9 s
    gc.disable()
    import expectations.judge  # noqa: F401  # pyright: ignore[reportUnusedImport]

    # what is frozen is not searched again at exit, which took 0.9 s
    gc.freeze()
    gc.enable()


def _judge(
    frames: Mapping[SuiteName, pd.DataFrame],
    *,
    docs_folder: Path | None,
    database: str,
    run_name: str,
    min_coverage: float,
    tier_ids: tuple[int, ...] | None,
) -> Verdict:
    from expectations import judge as judging

    return judging.judge(
        frames,
        docs_folder=docs_folder,
        database=database,
        run_name=run_name,
        min_coverage=min_coverage,
        tier_ids=tier_ids,
    )


def _build_data_docs(docs_folder: Path, keep: int) -> Path:
    from expectations import judge as judging

    return judging.build_data_docs(docs_folder, keep=keep)
