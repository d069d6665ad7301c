"""The same flow under a real Prefect server: its states, its task runs, its retries."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator

import pytest
from prefect import flow
from prefect.client.orchestration import get_client
from prefect.client.schemas.filters import FlowRunFilter, FlowRunFilterId
from prefect.client.schemas.objects import FlowRun
from prefect.events.worker import EventsWorker
from prefect.testing.utilities import prefect_test_harness
from support.database import Database

from flows.orchestrated import migrate
from flows.recording import Run
from tasks.definition import RETRIES, database_task
from tierflow.errors import ChecksFailed, DecisionNeeded, TransientError

STEPS = [
    "preflight", "snapshot stats", "load expectations", "try a write", "create ledger",
    "create objects",
    "load chunk", "count loaded", "build indexes", "build keys", "catch up", "validate keys",
    "prove parity", "audit", "publish", "count published", "verify", "data docs",
]  # fmt: skip


@pytest.fixture(scope="module", autouse=True)
def prefect() -> Iterator[None]:
    with prefect_test_harness(server_startup_timeout=120):
        yield


def _last_flow_run() -> FlowRun:
    with get_client(sync_client=True) as client:
        return max(client.read_flow_runs(), key=lambda run: str(run.created))


def _await_task_names(flow_run: FlowRun, wanted: int) -> set[str]:
    """Return the tasks that the server knows of the run; it learns of them by events."""
    EventsWorker.drain_all()
    filter_ = FlowRunFilter(id=FlowRunFilterId(any_=[flow_run.id]))
    deadline = time.monotonic() + 20
    while True:
        with get_client(sync_client=True) as client:
            names = {
                run.name.rpartition("-")[0]
                for run in client.read_task_runs(flow_run_filter=filter_)
            }
        if len(names) >= wanted or time.monotonic() > deadline:
            return names


@pytest.fixture
def small(database: Database) -> Database:
    database.add_tiers("free", "pro")
    database.add_model("one", ["free", "pro"], {"pro": 1.25})
    return database


def test_a_migration_is_a_completed_flow_run_with_a_task_run_for_each_step(
    small: Database,
) -> None:
    result = migrate()
    assert result["outcome"] == "published"
    run = _last_flow_run()
    assert run.state is not None
    assert run.state.is_completed()
    assert small.grants() == {("one", "free", "1.00"), ("one", "pro", "1.25")}
    assert [step["name"] for step in result["steps"]] == STEPS
    assert _await_task_names(run, len(STEPS)) == set(STEPS)


def test_a_decision_that_is_needed_fails_the_flow_run_with_its_cause_and_next_step(
    small: Database,
) -> None:
    small.add_model("two", ["mystery"])
    before = small.dump()
    with pytest.raises(DecisionNeeded, match="mystery"):
        migrate()
    run = _last_flow_run()
    assert run.state is not None
    assert run.state.is_failed()
    assert "mystery" in (run.state.message or "")
    assert small.dump() == before


def _attempts_of(small: Database, error: Exception) -> int:
    """Return how often a task that always raises this error is tried in a flow."""
    attempts: list[int] = []

    @database_task("always fails")
    def fail() -> None:
        attempts.append(1)
        raise error

    at_once = fail.orchestrated.with_options(retry_delay_seconds=0, retry_jitter_factor=0)
    vars(fail)["orchestrated"] = at_once  # a cached property

    @flow
    def tries() -> None:
        Run(small.target, "test").step(fail)

    with pytest.raises(type(error)):
        tries()
    return len(attempts)


@pytest.mark.parametrize(
    ("make", "attempts"),
    [
        (lambda: TransientError("a lock", next_step="wait", retry=True), RETRIES + 1),
        (lambda: TransientError("no space", next_step="free some"), 1),
        (lambda: ChecksFailed("a check", next_step="look"), 1),
        (lambda: ValueError("a bug"), 1),
    ],
)
def test_only_passing_faults_are_tried_again(
    small: Database, make: Callable[[], Exception], attempts: int
) -> None:
    assert _attempts_of(small, make()) == attempts


def test_without_prefect_the_same_faults_are_tried_again(
    small: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    attempts: list[int] = []

    @database_task("fails twice")
    def fail_twice() -> int:
        attempts.append(1)
        if len(attempts) < 3:
            raise TransientError("a lock", next_step="wait", retry=True)
        return len(attempts)

    def do_not_sleep(_seconds: float) -> None:
        """The delay is not what is tested."""

    monkeypatch.setattr("time.sleep", do_not_sleep)
    assert Run(small.target, "test").step(fail_twice) == 3
