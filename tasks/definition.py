"""How every task is declared: its name, and that only passing faults are tried again."""

from __future__ import annotations

import dataclasses
import functools
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Generic, ParamSpec, TypeVar

from tierflow.errors import TransientError

if TYPE_CHECKING:
    from prefect import Task

P = ParamSpec("P")
R = TypeVar("R")

RETRIES = 3
FIRST_DELAY_SECONDS = 0.5


def is_worth_retrying(error: BaseException) -> bool:
    """Return whether a step may try again by itself: lock timeouts, deadlocks, lost sessions."""
    return isinstance(error, TransientError) and error.retry


@dataclasses.dataclass(frozen=True)
class DatabaseTask(Generic[P, R]):
    """A function with the name of its step; a task of Prefect where Prefect orchestrates."""

    name: str
    fn: Callable[P, R]

    @functools.cached_property
    def orchestrated(self) -> Task[P, R]:
        """Return Prefect's task. No cache and no persisted result: idempotency comes from SQL."""
        from prefect import task
        from prefect.cache_policies import NO_CACHE

        return task(
            name=self.name,
            retries=RETRIES,
            retry_delay_seconds=[FIRST_DELAY_SECONDS * 2**n for n in range(RETRIES)],
            retry_jitter_factor=0.5,
            retry_condition_fn=_retry_condition,
            cache_policy=NO_CACHE,
            persist_result=False,
        )(self.fn)


def database_task(name: str) -> Callable[[Callable[P, R]], DatabaseTask[P, R]]:
    """Declare a task."""

    def declare(function: Callable[P, R]) -> DatabaseTask[P, R]:
        return DatabaseTask(name, function)

    return declare


def _retry_condition(_task: Any, _run: Any, state: Any) -> bool:
    try:
        state.result()
    except TransientError as error:
        return is_worth_retrying(error)
    except Exception:  # noqa: BLE001  whatever else it is, it is not retried; Prefect raises it
        return False
    return False
