"""How every task is declared: its name, and that only passing faults are tried again."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, ParamSpec, TypeVar

from prefect import Task, task
from prefect.cache_policies import NO_CACHE

from tierflow.errors import TransientError

P = ParamSpec("P")
R = TypeVar("R")

RETRIES = 3
FIRST_DELAY_SECONDS = 0.5


def is_worth_retrying(error: BaseException) -> bool:
    """Return whether a step may try again by itself: lock timeouts, deadlocks, lost sessions."""
    return isinstance(error, TransientError) and error.retry


def database_task(name: str) -> Callable[[Callable[P, R]], Task[P, R]]:
    """Declare a task. No cache and no persisted result: idempotency comes from SQL."""

    def declare(function: Callable[P, R]) -> Task[P, R]:
        return task(
            name=name,
            retries=RETRIES,
            retry_delay_seconds=[FIRST_DELAY_SECONDS * 2**n for n in range(RETRIES)],
            retry_jitter_factor=0.5,
            retry_condition_fn=_retry_condition,
            cache_policy=NO_CACHE,
            persist_result=False,
        )(function)

    return declare


def _retry_condition(_task: Any, _run: Any, state: Any) -> bool:
    try:
        state.result()
    except TransientError as error:
        return is_worth_retrying(error)
    except Exception:  # noqa: BLE001  whatever else it is, it is not retried; Prefect raises it
        return False
    return False
