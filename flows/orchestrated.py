"""The flows as Prefect runs them: what its deployments name, and what runs where it has a server.

The functions themselves know nothing of Prefect: a command without a server does not import it,
which was more than half of the time that it takes to start, and 45 MB.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, ParamSpec, TypeVar, cast

import httpx
from prefect import Flow, flow
from prefect.client.orchestration import get_client
from prefect.task_runners import TaskRunner, ThreadPoolTaskRunner

import flows.finalize
import flows.migrate
import flows.plan
import flows.reconcile
import flows.rehearse
import flows.restore
import flows.rollback
import flows.verify
from tierflow.errors import ConfigurationError, TransientError
from tierflow.settings import read_settings

P = ParamSpec("P")
R = TypeVar("R")


def choose_task_runner() -> TaskRunner[Any]:
    """Return where Prefect runs the chunks: TIERFLOW_TASK_RUNNER, and TIERFLOW_DASK_ADDRESS.

    Raises ConfigurationError when Dask is wanted and the extra is not installed.
    """
    settings = read_settings()
    if settings.task_runner == "threads":
        return cast(TaskRunner[Any], ThreadPoolTaskRunner(max_workers=settings.workers))
    try:
        from prefect_dask.task_runners import DaskTaskRunner
    except ImportError as error:
        raise ConfigurationError(
            "TIERFLOW_TASK_RUNNER is dask, and prefect-dask is not installed.",
            next_step="install the extra: uv sync --extra dask",
        ) from error
    if settings.dask_address:
        return DaskTaskRunner(address=settings.dask_address)
    return DaskTaskRunner(cluster_kwargs={"n_workers": settings.workers, "threads_per_worker": 1})


def require_server() -> None:
    """Raise ConfigurationError or TransientError where no server of PREFECT_API_URL answers."""
    with get_client(sync_client=True) as client:
        problem = client.api_healthcheck()
    if isinstance(problem, httpx.UnsupportedProtocol | httpx.InvalidURL):
        raise ConfigurationError(
            f"PREFECT_API_URL is no address of a Prefect server: {problem}",
            next_step="write it as http://HOST:PORT/api, or unset it",
        )
    if isinstance(problem, httpx.TransportError):
        raise TransientError(
            f"The Prefect server of PREFECT_API_URL cannot be reached: {problem}.",
            next_step="start that server, or unset PREFECT_API_URL to run without one",
        )


def _orchestrate(function: Callable[P, R]) -> Flow[P, R]:
    """Return the function as a flow; Prefect's own task runner would have no limit."""
    runner = choose_task_runner()
    return flow(name=function.__name__, persist_result=False, task_runner=runner)(function)


plan = _orchestrate(flows.plan.plan)
migrate = _orchestrate(flows.migrate.migrate)
verify = _orchestrate(flows.verify.verify)
reconcile = _orchestrate(flows.reconcile.reconcile)
rollback = _orchestrate(flows.rollback.rollback)
restore = _orchestrate(flows.restore.restore)
finalize = _orchestrate(flows.finalize.finalize)
rehearse = _orchestrate(flows.rehearse.rehearse)
