"""The expectation suites on what the SQL checks return: before publishing and after."""

from __future__ import annotations

import dataclasses
import logging
from concurrent.futures import Future
from pathlib import Path
from typing import Any

import pandas as pd

from expectations import judging
from expectations.results import Judgement, Verdict
from expectations.vocabulary import SuiteName
from tasks.compare import Comparison
from tasks.definition import database_task
from tierflow.errors import ChecksFailed
from tierflow.explode import as_uuid_text
from tierflow.settings import Target

log = logging.getLogger("tierflow.audit")


# grants: to load or compare so many takes longer than the rest of the import, so it is not waited
# for, and a million models are migrated 1 s sooner
LONG_WORK = 1_000_000


@dataclasses.dataclass(frozen=True)
class RunNames:
    """What the data docs call a run and its database."""

    run_id: str
    mode: str
    database: str

    def at(self, stage: str) -> str:
        """Return the name of one stage of the run, as in `migrate 3f2a91c0: audit`."""
        return f"{self.mode} {self.run_id[:8]}: {stage}"


@dataclasses.dataclass(frozen=True)
class Audit:
    """The verdict on one table, with the frames that it was reached from."""

    verdict: Verdict
    frames: dict[SuiteName, pd.DataFrame]

    @property
    def rows(self) -> int:
        """Return the number of expectations judged."""
        return len(self.verdict.results)

    @property
    def parity(self) -> dict[str, int]:
        """Return the grants that are missing, extra or wrong against the JSONB."""
        wrong = self.frames["orphans"].set_index("kind")["rows"]
        return {kind: int(wrong.loc[kind]) for kind in ("missing", "extra", "wrong_markup")}

    @property
    def coverage(self) -> float:
        """Return granted / expected among the enabled models."""
        return float(self._total()["coverage"])

    @property
    def coverage_of_all(self) -> float:
        """Return the seed's figure: the share of all enabled models that have a grant."""
        return float(self._total()["share"])

    @property
    def grants(self) -> int:
        """Return the enabled grants of the table that was judged."""
        return int(self.frames["distribution"]["models"].sum())

    def _total(self) -> pd.Series[Any]:
        frame = self.frames["coverage"]
        return frame[frame["provider"] == "(all)"].iloc[0]

    def require_passed(self) -> None:
        """Raise ChecksFailed when an expectation does not hold."""
        if self.verdict.ok:
            return
        said = "; ".join(_say(judgement) for judgement in self.verdict.failures)
        raise ChecksFailed(
            f"The audit failed, so nothing was published: {said}.",
            next_step="read the data docs, correct the data or the decisions, then `tierflow plan`",
        )


def _say(judgement: Judgement) -> str:
    rows = f" ({'; '.join(judgement.failing[:3])})"[:200] if judgement.failing else ""
    return f"{judgement.name}: {judgement.observed}{rows}"


@database_task("load expectations")
def load_expectations() -> None:
    """Wait for Great Expectations, whose import began when the flow did (about 4 s)."""
    judging.wait()


@database_task("audit")
def audit(
    target: Target, run_names: RunNames, comparison: Comparison, *, min_coverage: float
) -> Audit:
    """Judge what the proof of parity found in the build. Writes data docs only."""
    judged = begin_to_judge_frames(
        comparison.frames,
        target,
        run_names.at("audit"),
        database=run_names.database,
        min_coverage=min_coverage,
    )
    return Audit(judged.result(), comparison.frames)


def judge_extracted(
    grants: pd.DataFrame,
    target: Target,
    run: RunNames,
    *,
    tier_ids: tuple[int, ...],
    keep: bool,
) -> Future[Verdict]:
    """Begin to judge extracted grants; `keep` stores the result for the data docs.

    `grants` has the columns of `explode.Exploded.examples`: each distinct pair of values is judged
    once, by one of its models, since all others with these values get the same.
    """
    named = grants.assign(model_id=grants["model_id"].map(as_uuid_text))
    return judging.begin_to_judge(
        {"extracted": named},
        docs_folder=data_docs_folder(target) if keep else None,
        database=run.database,
        run_name=run.at("load"),
        min_coverage=0.0,
        tier_ids=tier_ids,
    )


def begin_to_judge_frames(
    frames: dict[SuiteName, pd.DataFrame],
    target: Target,
    run_name: str,
    *,
    database: str,
    min_coverage: float,
) -> Future[Verdict]:
    """Begin to judge frames with the suites of their names; the data docs keep the results."""
    return judging.begin_to_judge(
        frames,
        docs_folder=data_docs_folder(target),
        database=database,
        run_name=run_name,
        min_coverage=min_coverage,
    )


@database_task("data docs")
def build_data_docs(target: Target) -> Path:
    """Bring the data docs up to date and return their first page. Writes files only."""
    return judging.build_data_docs(data_docs_folder(target), target.keep_validations)


def data_docs_folder(target: Target) -> Path:
    """Return the folder of the data docs."""
    return target.home / "data_docs"
