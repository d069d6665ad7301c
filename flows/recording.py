"""The one place where a flow calls its tasks: timed, recorded, under Prefect or directly."""

from __future__ import annotations

import contextlib
import dataclasses
import datetime as dt
import logging
import time
import uuid
from collections.abc import Callable, Generator, Mapping, Sequence
from typing import Any, Concatenate, ParamSpec, TypeVar

from expectations import judging
from flows.calling import call, call_each
from flows.compose_evidence import compose_evidence
from flows.compose_report import compose_report
from flows.facts import Facts
from flows.run_page import open_page
from tasks.build import discard_build
from tasks.compare import Comparison
from tasks.definition import DatabaseTask
from tasks.judge import RunNames, build_data_docs
from tasks.run_lock import hold_run_lock
from tasks.snapshot_stats import snapshot_stats
from tasks.survey import Survey, preflight, read_decisions_in_force
from tasks.try_columns import try_columns
from tasks.verify import verify
from tierflow import __version__
from tierflow.connection import connect, name_database
from tierflow.decisions import Decisions, settle_decisions
from tierflow.errors import ChecksFailed, DecisionNeeded, TierflowError, TransientError
from tierflow.finalization import Finalization, read_finalization
from tierflow.grants import require_privileges
from tierflow.history import read_history
from tierflow.ledger import Ledger, StepRecord, has_ledger, may_write_ledger
from tierflow.measures import collect
from tierflow.progress import gather_parts, say, track
from tierflow.report import write_report
from tierflow.settings import Target, require_folder
from tierflow.stopping import stop_if_asked

log = logging.getLogger("tierflow")

# the others have a preflight, which names all that is in the way
ASKED_FIRST = ("rollback", "reconcile", "finalize", "restore")

P = ParamSpec("P")
R = TypeVar("R")
T = TypeVar("T")


class Run:
    """One run of a flow: its steps as they finish, and the facts that its report is made of."""

    def __init__(self, target: Target, mode: str) -> None:
        self.target = target
        self.mode = mode
        self.run_id = str(uuid.uuid4())
        self.started = dt.datetime.now(dt.UTC)
        self.facts = Facts(run_id=self.run_id, mode=mode, started=self.started)
        self.facts.database = name_database(target)
        self.expected_rows = 0
        self._clock = time.perf_counter()
        self._ledger: Ledger | None = None
        self.require_lock: Callable[[], None] | None = None
        self._page = open_page(mode, self.facts.database, self.run_id)

    @property
    def names(self) -> RunNames:
        """Return what the data docs call this run."""
        return RunNames(self.run_id, self.mode, self.facts.database)

    def step(self, task: DatabaseTask[P, R], *args: P.args, **kwargs: P.kwargs) -> R:
        """Run one task, time it and record it; a failure is recorded before it goes on up."""
        with self._recorded(task.name) as record:
            result = call(task, *args, **kwargs)
            record["rows"] = _count_rows(result)
        return result

    def each(
        self,
        task: DatabaseTask[Concatenate[Target, T, P], R],
        target: Target,
        todo: Sequence[T],
        *args: P.args,
        **kwargs: P.kwargs,
    ) -> list[R]:
        """Run a task for each item, several at a time, and record them as one step.

        Its progress counts the grants that the plan expects, less those of an earlier run.
        """
        results: list[R] = []
        rows = shown = 0
        with self._recorded(task.name) as record, track(task.name, self.expected_rows) as advance:

            def show(under_way: int) -> None:
                nonlocal shown
                shown = max(shown, rows + under_way)
                advance(shown)
                if self._page:
                    self._page.advance(task.name, shown, max(shown, self.expected_rows, 1))

            with gather_parts(show):
                for result in call_each(task, target, todo, *args, **kwargs):
                    self.at_boundary()
                    results.append(result)
                    rows += _count_rows(result) or 0
                    show(0)
            record["rows"] = rows
        return results

    def at_boundary(self) -> None:
        """Stop here when asked to, or when the lock that allows one run is no longer ours."""
        stop_if_asked()
        if self.require_lock is not None:
            self.require_lock()

    def phase(self, name: str, run_flow: Callable[[], dict[str, Any]]) -> dict[str, Any]:
        """Run another flow's body as one step of this run, and return its result."""
        with self._recorded(name) as record:
            result = run_flow()
            record["rows"] = result.get("grants")
        return result

    def open_ledger(self, decisions: Decisions) -> None:
        """Start to write this run, with the steps so far, into the ledger that now exists."""
        self._ledger = Ledger(self.target, self.run_id)
        self._ledger.record_start(self.mode, __version__, self.started, decisions)
        for ordinal, step in enumerate(self.facts.steps, start=1):
            self._ledger.record_step(ordinal, step)

    def find_finalization(self) -> Finalization | None:
        """Return since when the old columns are gone, None when they are not, and note it."""
        with connect(self.target, "finalization", read_only=True) as connection:
            self.facts.finalization = read_finalization(connection, self.target)
        return self.facts.finalization

    def join_ledger(self, *, if_allowed: bool = False) -> None:
        """Write this run into the ledger if there is one; `if_allowed`: and this role may."""
        with connect(self.target, "ledger", read_only=True) as connection:
            self.facts.server_version = connection.info.parameter_status("server_version") or ""
            there = has_ledger(connection, self.target)
            if there and if_allowed:
                there = may_write_ledger(connection, self.target)
            decisions = read_decisions_in_force(connection, self.target) if there else {}
        if there:
            self.open_ledger(settle_decisions({}, decisions))

    def survey(self, given: Mapping[str, Any]) -> Survey:
        """Run the preflight and the snapshot stats, and note what they found."""
        survey = self.step(preflight, self.target, given)
        self.facts.counts = survey.plan.counts
        self.facts.decisions = survey.rules.decisions
        self.facts.quarantine = survey.quarantine
        self.facts.source_values_sha256 = survey.source_values_sha256
        self.facts.database, self.facts.server_version = survey.database, survey.server_version
        self.facts.plan = survey.plan  # also where the stats cannot be read
        stats = self.step(snapshot_stats, self.target)
        self.facts.plan = dataclasses.replace(
            survey.plan, source_bytes=stats["bytes"], jsonb_bytes=stats["jsonb_bytes"]
        )
        if survey.plan.adds_columns and not survey.plan.needs_decision:
            broken = self.step(try_columns, self.target)
            self.facts.plan = dataclasses.replace(self.facts.plan, obstacles=broken)
            survey = dataclasses.replace(survey, plan=self.facts.plan)
        return survey

    def verify(
        self,
        *,
        min_coverage: float | None,
        detailed: bool = False,
        known: Comparison | None = None,
    ) -> None:
        """Run the eight checks on what was published; raise ChecksFailed when one fails.

        `known` is the comparison of both sides that this run has just made, if it has made one.
        """
        done = self.step(
            verify,
            self.target,
            self.names,
            min_coverage=min_coverage,
            detailed=detailed,
            known=known,
        )
        self.facts.verification = done
        self.facts.audit = done.audit or self.facts.audit
        if done.audit:
            self.facts.data_docs = self.step(build_data_docs, self.target)
        done.require_passed()

    @contextlib.contextmanager
    def build_scope(self, target: Target, *, dry_run: bool) -> Generator[None]:
        """Throw the build away when its audit fails, and at the end of a dry run in any case.

        Any other error leaves the build of a real run: the next run resumes it.
        """
        keep = not dry_run
        try:
            yield
        except ChecksFailed:
            keep = False
            raise
        finally:
            if not keep:
                self.step(discard_build, target)
                self.facts.data_docs = self.step(build_data_docs, target)

    @contextlib.contextmanager
    def _recorded(self, name: str) -> Generator[dict[str, Any]]:
        self.at_boundary()
        started, clock = dt.datetime.now(dt.UTC), time.perf_counter()
        record: dict[str, Any] = {"rows": None}
        outcome = "failed"
        if self._page:
            self._page.start_step(name)
        try:
            with say(f"{name} …"):
                yield record
            outcome = "done"
        finally:
            seconds = time.perf_counter() - clock
            step = StepRecord(name, started, seconds, record["rows"], outcome, collect())
            self.facts.steps.append(step)
            rows = "" if step.rows is None else f", {step.rows:,} rows"
            log.info("Step %s is %s after %.2f s%s.", name, outcome, seconds, rows)
            if self._page:
                self._page.end_step()
            if self._ledger:
                self._ledger.record_step(len(self.facts.steps), step)

    def finish(self, outcome: str, error: BaseException | None = None) -> dict[str, Any]:
        """Write the report and the end of the run; return what `--json` prints."""
        self.facts.outcome = outcome
        self.facts.seconds = time.perf_counter() - self._clock
        if isinstance(error, TierflowError):
            self.facts.message, self.facts.next_command = error.message, error.next_step
        elif isinstance(error, Exception):
            self.facts.message = f"{type(error).__name__}: {error}"
        elif error is not None:
            self.facts.message = "The run was cancelled."
            self.facts.next_command = "run it again; it goes on where it stopped"
        if self._ledger:
            self.facts.history = read_history(self.target, self.mode, outcome)
        judging.end()
        self.facts.report = write_report(compose_report(self.facts), self.target.home / "reports")
        if self._page:
            self._page.finish(self.facts)
        result = self.facts.as_result()
        if self._ledger:
            self._record_end(self._ledger, outcome, result)
        return result

    def _record_end(self, ledger: Ledger, outcome: str, result: dict[str, Any]) -> None:
        message = self.facts.message or None
        try:
            evidence = compose_evidence(self.facts)
            ledger.record_end(outcome, {**result, "evidence": evidence}, message)
        except TransientError:
            if message is None:
                raise
            # the disk that stopped the run may have room for less
            ledger.record_end(outcome, result, message)


@contextlib.contextmanager
def recorded_run(target: Target, mode: str, *, locked: bool = False) -> Generator[Run]:
    """Yield the run; whatever ends it, its report is written and its end recorded.

    `locked`: hold the lock that allows one run per database.
    """
    require_folder(target.home)
    run = Run(target, mode)
    try:
        with hold_run_lock(target) if locked else contextlib.nullcontext() as run.require_lock:
            if locked and mode in ASKED_FIRST:
                require_privileges(target, mode)
            yield run
    except DecisionNeeded as error:
        error.result = _finish_failed(run, "needs_decision", error)
        raise
    except ChecksFailed as error:
        error.result = _finish_failed(run, "checks_failed", error)
        raise
    except TierflowError as error:
        error.result = _finish_failed(run, "failed", error)
        raise
    except BaseException as error:
        # Ctrl-C is a KeyboardInterrupt, a cancelled flow run a TerminationSignal
        _finish_failed(run, "failed" if isinstance(error, Exception) else "interrupted", error)
        raise


def _finish_failed(run: Run, outcome: str, error: BaseException) -> dict[str, Any]:
    try:
        return run.finish(outcome, error)
    except Exception as second:
        log.debug("traceback", exc_info=True)
        said = second.message if isinstance(second, TierflowError) else repr(second)
        log.warning("The end of the run could not be recorded: %s", said)
        return run.facts.as_result()


def _count_rows(result: object) -> int | None:
    if isinstance(result, int):
        return result
    rows = getattr(result, "rows", None)
    return rows if isinstance(rows, int) else None
