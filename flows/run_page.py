"""A run's page in the Prefect UI: its name and artifacts. Only called inside a flow run.

No fault in here stops or fails a run: the ledger and the report are the record, this is the view.
"""

from __future__ import annotations

import functools
import logging
import re
import time
from collections.abc import Callable
from pathlib import Path
from typing import Concatenate, ParamSpec, cast
from urllib.parse import quote
from uuid import UUID

from flows.compose_page import compose_summary, list_checks
from flows.compose_report import compose_report
from flows.facts import Facts
from flows.flow_run import flow_run_context
from tierflow.errors import ConfigurationError
from tierflow.settings import read_settings

log = logging.getLogger("tierflow")

P = ParamSpec("P")

# how many steps a run has when nothing stops it: only the progress bar depends on it
STEPS = {
    "plan": 2,
    "dry run": 14,
    "migrate": 16,
    "verify": 2,
    "rollback": 3,
    "rehearse": 19,
    "finalize": 3,
    "restore": 1,
}
CONFIRMED = ("rollback", "finalize")
SECONDS_BETWEEN_UPDATES = 1.0  # an update is a request of 10 to 30 ms
_open_pages: set[UUID] = set()


def open_page(mode: str, database: str, run_id: str) -> RunPage | None:
    """Return the page of this flow run; None outside of one, and for a run inside another run."""
    context = flow_run_context()
    flow_run = context.flow_run if context else None
    if flow_run is None or flow_run.id in _open_pages:
        return None
    return RunPage(flow_run.id, mode, database, run_id)


def require_confirmed(database: str, typed: str | None) -> None:
    """Raise ConfigurationError unless the database's name was typed into the form.

    The command line asks by itself, so a run that no deployment started needs no typed name.
    """
    context = flow_run_context()
    by_form = (
        context is not None
        and context.flow_run is not None
        and context.flow_run.deployment_id is not None
        and context.flow is not None
        and context.flow.name in CONFIRMED  # not one inside a rehearsal
    )
    if typed == database or (typed is None and not by_form):
        return
    said = "is empty" if typed is None else f"says {typed!r}"
    raise ConfigurationError(
        f"Nothing was changed: this run is of database {database!r}, and `confirm` {said}.",
        next_step=f"run the deployment again with {database} typed into `confirm`",
    )


def _as_view(
    method: Callable[Concatenate[RunPage, P], None],
) -> Callable[Concatenate[RunPage, P], None]:
    @functools.wraps(method)
    def guarded(self: RunPage, *args: P.args, **kwargs: P.kwargs) -> None:
        try:
            method(self, *args, **kwargs)
        except Exception as error:  # noqa: BLE001  a view that fails must not fail a migration
            log.warning("The run page could not be updated: %s", error)

    return guarded


class RunPage:
    """The page of one flow run; its artifacts have one key for each database, and so a history."""

    def __init__(self, flow_run: UUID, mode: str, database: str, run_id: str) -> None:
        self._flow_run = flow_run
        self._mode = mode
        self._key = re.sub(r"[^a-z0-9]+", "-", database.lower()).strip("-") or "database"
        self._progress: UUID | None = None
        self._load: UUID | None = None
        self._steps_done = 0
        self._last_update = 0.0
        self._step_started = 0.0
        self._logs: logging.Handler | None = None
        _open_pages.add(flow_run)
        self._begin(database, run_id)

    @_as_view
    def _begin(self, database: str, run_id: str) -> None:
        from prefect.artifacts import create_progress_artifact
        from prefect.client.orchestration import get_client

        self._logs = _send_logs()
        with get_client(sync_client=True) as client:
            client.update_flow_run(self._flow_run, name=f"{self._mode} {database} {run_id[:8]}")
        said = f"{self._mode} of {database}: begins"
        made = create_progress_artifact(0.0, key=f"progress-{self._key}", description=said)
        self._progress = cast(UUID, made)  # a coroutine in async flows only

    @_as_view
    def start_step(self, name: str) -> None:
        """Say which step is under way."""
        self._step_started = time.monotonic()
        self._move(f"{name} (step {self._steps_done + 1})")

    @_as_view
    def end_step(self) -> None:
        """Move the progress on by a step."""
        self._steps_done += 1

    @_as_view
    def advance(self, name: str, done: int, total: int) -> None:
        """Move the progress of a step of many parts, at most once a second and at its end."""
        from prefect.artifacts import create_progress_artifact, update_progress_artifact

        now = time.monotonic()
        if done < total and now - self._last_update < SECONDS_BETWEEN_UPDATES:
            return
        self._last_update = now
        percent = 100.0 * done / total
        left = (now - self._step_started) / max(done, 1) * (total - done)
        said = f"{name}: {done:,} of {total:,} rows done, about {left:.0f} s left"
        if self._load is None:
            key = f"{name.replace(' ', '-')}-{self._key}"
            self._load = cast(UUID, create_progress_artifact(percent, key=key, description=said))
        else:
            update_progress_artifact(self._load, percent, said)

    def finish(self, facts: Facts) -> None:
        """Write what is known at the end: summary, checks and links."""
        self._finish(facts)
        _open_pages.discard(self._flow_run)
        if self._logs:
            log.removeHandler(self._logs)

    @_as_view
    def _finish(self, facts: Facts) -> None:
        from prefect.artifacts import create_markdown_artifact

        record = compose_report(facts)
        links = {
            label: link
            for label, path in (("Report", facts.report), ("Data docs", facts.data_docs))
            if path and (link := self._link(label, path))
        }
        files = [path for path in (facts.report, facts.data_docs) if path]
        create_markdown_artifact(
            compose_summary(
                record, facts.plan, links, files, finalized=facts.finalization is not None
            ),
            key=f"summary-{self._key}",
            description=f"{record.mode}: {record.outcome.replace('_', ' ')}",
        )
        self._write_checks(facts)
        if facts.outcome not in ("failed", "interrupted", "needs_decision", "checks_failed"):
            self._steps_done = STEPS.get(self._mode, self._steps_done)
        self._move(facts.outcome.replace("_", " "))

    def _write_checks(self, facts: Facts) -> None:
        from prefect.artifacts import create_table_artifact

        if rows := list_checks(facts.verification):
            create_table_artifact(
                rows, key=f"checks-{self._key}", description="The eight checks of what is published"
            )

    def _link(self, label: str, path: Path) -> str | None:
        """Write a link artifact, if these files are served over HTTP; return the URL."""
        from prefect.artifacts import create_link_artifact

        base = read_settings().files_url  # pyright: ignore[reportCallIssue]
        if not base:
            return None
        url = f"{base.rstrip('/')}/{quote(f'{path.parent.name}/{path.name}')}"
        key = f"{label.lower().replace(' ', '-')}-{self._key}"
        create_link_artifact(url, link_text=f"{label} of this run", key=key, description=label)
        return url

    def _move(self, said: str) -> None:
        from prefect.artifacts import update_progress_artifact

        if self._progress:
            share = self._steps_done / max(STEPS.get(self._mode, 1), self._steps_done, 1)
            update_progress_artifact(self._progress, 100.0 * share, f"{self._mode}: {said}")


def _send_logs() -> logging.Handler | None:
    """Show what tierflow logs on the run's page, also where a worker has no settings for it.

    Returns the handler if it was this that added it.
    """
    from prefect.logging.handlers import APILogHandler

    if log.level == logging.NOTSET:
        log.setLevel(logging.INFO)
    if any(isinstance(handler, APILogHandler) for handler in log.handlers):
        return None
    handler = APILogHandler()
    log.addHandler(handler)
    return handler
