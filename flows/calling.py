"""The one place that decides where a task runs: under Prefect, or directly."""

from __future__ import annotations

from collections.abc import Generator, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from typing import Concatenate, ParamSpec, TypeVar

import tenacity

from flows.flow_run import flow_run_context
from tasks.definition import FIRST_DELAY_SECONDS, RETRIES, DatabaseTask, is_worth_retrying
from tierflow.errors import ConfigurationError
from tierflow.settings import Target, read_settings

P = ParamSpec("P")
R = TypeVar("R")
T = TypeVar("T")


def call(task: DatabaseTask[P, R], *args: P.args, **kwargs: P.kwargs) -> R:
    """Call the task under Prefect inside an orchestrated flow run, else directly.

    Both ways try again on the same errors, with the same delays.
    """
    if flow_run_context() is not None:
        return task.orchestrated(*args, **kwargs)
    attempts = tenacity.Retrying(
        stop=tenacity.stop_after_attempt(RETRIES + 1),
        wait=tenacity.wait_exponential_jitter(
            multiplier=FIRST_DELAY_SECONDS, jitter=FIRST_DELAY_SECONDS
        ),
        retry=tenacity.retry_if_exception(is_worth_retrying),
        reraise=True,
    )
    return attempts(task.fn, *args, **kwargs)


def call_each(
    task: DatabaseTask[Concatenate[Target, T, P], R],
    target: Target,
    todo: Sequence[T],
    *args: P.args,
    **kwargs: P.kwargs,
) -> Generator[R]:
    """Call the task for each item, `target.workers` at a time; yield each result when it is there.

    Under Prefect its task runner decides where: threads, or a Dask cluster. When one fails, or the
    caller gives up, no other is begun and those under way are waited for.
    """
    if flow_run_context() is not None:
        from prefect.futures import as_completed as as_completed_by_prefect

        futures = [task.orchestrated.submit(target, item, *args, **kwargs) for item in todo]
        for done in as_completed_by_prefect(futures):
            yield done.result()
        return
    if read_settings().task_runner == "dask":  # pyright: ignore[reportCallIssue]
        raise ConfigurationError(
            "TIERFLOW_TASK_RUNNER is dask, but no Prefect server orchestrates this run.",
            next_step="set PREFECT_API_URL (`tierflow serve` has a server), or unset it",
        )
    pool = ThreadPoolExecutor(target.workers)
    try:
        for future in as_completed(
            [pool.submit(call, task, target, i, *args, **kwargs) for i in todo]
        ):
            yield future.result()
    finally:
        pool.shutdown(cancel_futures=True)
