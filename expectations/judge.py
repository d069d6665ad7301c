"""Judge the small frames of the SQL checks with their suites; keep the results for the data docs.

Importing this module imports Great Expectations (about 4 s): the way in is `judging`.
"""

import datetime as dt
import threading
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, cast

import great_expectations as gx
import pandas as pd
from great_expectations.core import (
    ExpectationSuiteValidationResult,
    ExpectationValidationResult,
    RunIdentifier,
)
from great_expectations.core.batch_definition import BatchDefinition
from great_expectations.expectations.expectation import Expectation
from great_expectations.expectations.expectation_configuration import ExpectationConfiguration

from expectations.data_docs import build_data_docs, open_context, result_key
from expectations.observations import SHOWN_ROWS, observe
from expectations.results import Judgement, Verdict
from expectations.suites import Limits, coverage, distribution, extracted, orphans, schema
from expectations.vocabulary import SuiteName, words_of

__all__ = ["build_data_docs", "judge"]

SUITE_EXPECTATIONS: dict[SuiteName, Callable[[Limits], list[Expectation]]] = {
    "coverage": coverage.expectations,
    "orphans": orphans.expectations,
    "distribution": distribution.expectations,
    "schema": schema.expectations,
    "extracted": extracted.expectations,
}

_one_at_a_time = threading.Lock()
"""Great Expectations keeps the current context in a global; chunks are judged in threads."""


def judge(
    frames: Mapping[SuiteName, pd.DataFrame],
    *,
    docs_folder: Path | None,
    database: str,
    run_name: str,
    min_coverage: float,
    tier_ids: tuple[int, ...] | None = None,
) -> Verdict:
    """Judge each frame with the suite of its name, and store the results in `docs_folder`.

    The columns and dtypes of each frame stand at the top of `expectations/suites/NAME.py`; a frame
    may be empty. Without a folder nothing is stored. `min_coverage` is a share, 0 to 1; `tier_ids`
    are the tiers that exist (without them the tiers of extracted grants are not judged).
    An exception while judging is a failed judgement that holds its text.
    """
    run = RunIdentifier(run_name=run_name, run_time=dt.datetime.now(dt.UTC))
    limits = Limits(min_coverage, tier_ids)
    judgements: list[Judgement] = []
    with _one_at_a_time:
        context = open_context(docs_folder)
        source = context.data_sources.add_pandas("tierflow")
        asset = source.add_dataframe_asset(database)
        batches = cast(BatchDefinition[Any], asset.add_batch_definition_whole_dataframe("frame"))
        for name, frame in frames.items():
            result = validate(batches, name, frame, limits)
            result.meta |= {"run_id": run, "database": database}
            if docs_folder is not None:
                context.validation_results_store.set(result_key(name, run), result)
            judgements += read_judgements(name, result)
    return Verdict(tuple(judgements))


def validate(
    batches: BatchDefinition[Any], name: SuiteName, frame: pd.DataFrame, limits: Limits
) -> ExpectationSuiteValidationResult:
    """Return the result of one suite on one frame, its expectations in the order of the suite."""
    try:
        suite = gx.ExpectationSuite(name, expectations=SUITE_EXPECTATIONS[name](limits))
        batch = batches.get_batch({"dataframe": frame})
        result = batch.validate(
            suite,
            result_format={
                "result_format": "SUMMARY",
                "partial_unexpected_count": SHOWN_ROWS,
                "unexpected_index_column_names": list(words_of(name).shown_columns),
            },
        )
    except Exception as error:  # noqa: BLE001 (whatever breaks the judge is a failed check, with its text)
        return _failed_result(name, error)
    order = {rule.description: place for place, rule in enumerate(suite.expectations)}
    result.results.sort(key=lambda one: order.get(_description(one), len(order)))
    for one in result.results:
        _drop_tracebacks(one)
    return result


def read_judgements(
    name: SuiteName, result: ExpectationSuiteValidationResult
) -> tuple[Judgement, ...]:
    """Return the judgements of one suite."""
    stored = cast(dict[str, Any], result.to_json_dict())
    seen = [observe(name, one) for one in stored["results"]]
    return tuple(Judgement(name, one.name, one.ok, one.observed, one.failing) for one in seen)


def _description(result: ExpectationValidationResult) -> str | None:
    config = result.expectation_config
    return config.description if config else None


def _drop_tracebacks(result: ExpectationValidationResult) -> None:
    # they are pages long, and name folders of this machine
    info = cast(dict[str, Any], result.exception_info or {})
    for part in (info, *info.values()):
        if isinstance(part, dict):
            cast(dict[str, Any], part).pop("exception_traceback", None)


def _failed_result(name: SuiteName, error: Exception) -> ExpectationSuiteValidationResult:
    rule = ExpectationConfiguration(
        type="suite_can_be_judged",
        kwargs={},
        description=f"The suite {words_of(name).title} can be judged",
    )
    message = f"{type(error).__name__}: {error}"
    broken = ExpectationValidationResult(
        success=False,
        expectation_config=rule,
        exception_info={"raised_exception": True, "exception_message": message},
    )
    return ExpectationSuiteValidationResult(
        success=False, results=[broken], suite_name=name, meta={}
    )
