"""Turn one stored expectation result (a JSON object of Great Expectations) into plain words."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, cast

from expectations.vocabulary import SuiteWords, words_of

SHOWN_ROWS = 20
SHOWN_IN_SENTENCE = 3
SHARES = ("coverage", "share")
COLUMN_WORDS = {
    "rows": "found",
    "sample": "among them",
    "tier_code": "tier",
    "uncovered": "models without a grant",
}


@dataclass(frozen=True)
class Observation:
    """One expectation as a reader sees it: the sentence, whether it holds, and the evidence."""

    name: str
    ok: bool
    summary: str
    """What was seen, without the rows."""
    observed: str
    """What was seen, with the first failing rows."""
    columns: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    """The failing rows, at most 20, one text per column."""
    failing: tuple[str, ...]
    """The ids of those rows, followed by their sample where there is one."""
    failing_count: int


def observe(suite: str, result: Mapping[str, Any]) -> Observation:
    """Read one expectation result of `suite`. An exception in it counts as a failure."""
    words = words_of(suite)
    config = cast(Mapping[str, Any], result["expectation_config"])
    evidence = cast(Mapping[str, Any], result.get("result") or {})
    error = raised_message(result)
    ok = bool(result.get("success")) and error is None
    indexed: list[dict[str, Any]] = evidence.get("partial_unexpected_index_list") or []
    rows = [] if ok else indexed[:SHOWN_ROWS]
    columns = order_columns(words, rows)
    failing_count = int(evidence.get("unexpected_count") or 0)
    summary = f"Could not be judged: {error}" if error else say_summary(words, config, evidence)
    first = say_list([say_row(words, row) for row in rows], failing_count)
    missing: list[Any] = evidence.get("partial_missing_list") or []
    return Observation(
        name=str(config.get("description") or config["type"]),
        ok=ok,
        summary=summary,
        observed=f"{summary}: {first}" if rows and evidence["element_count"] > 1 else summary,
        columns=tuple(say_column(column) for column in columns),
        rows=tuple(tuple(say_cell(column, row.get(column)) for column in columns) for row in rows),
        failing=tuple(name_row(words, row) for row in rows)
        or tuple(say_value(value) for value in missing[:SHOWN_ROWS]),
        failing_count=failing_count,
    )


def raised_message(result: Mapping[str, Any]) -> str | None:
    """Return the texts of the exceptions inside a result, or None.

    Great Expectations stores one exception flat, or several under the ids of their metrics.
    """
    info = cast(Mapping[str, Any], result.get("exception_info") or {})
    parts = [info] if "raised_exception" in info else list(info.values())
    raised = [part for part in parts if part.get("raised_exception")]
    messages = dict.fromkeys(str(part.get("exception_message") or "no message") for part in raised)
    return "; ".join(messages) if raised else None


def say_summary(words: SuiteWords, config: Mapping[str, Any], evidence: Mapping[str, Any]) -> str:
    """Return what was seen, in a few words."""
    if "element_count" in evidence:
        return say_rows(words, evidence)
    if "partial_missing_list" in evidence:
        missing: list[Any] = evidence["partial_missing_list"] or []
        return f"missing: {say_list(missing)}" if missing else "none is missing"
    kwargs = cast(Mapping[str, Any], config.get("kwargs") or {})
    wanted = f", expected {say_value(kwargs['value'])}" if "value" in kwargs else ""
    return f"found {say_value(evidence.get('observed_value'))}{wanted}"


def say_rows(words: SuiteWords, evidence: Mapping[str, Any]) -> str:
    """Return how many of the rows that were judged hold; of a single row, what it says."""
    count, bad = int(evidence["element_count"]), int(evidence.get("unexpected_count") or 0)
    if count == 0:
        return f"no {words.rows} to judge"
    if bad == 0:
        if count == 1:
            return words.nothing_found or f"1 {words.row}"
        absent = int(evidence.get("missing_count") or 0)
        said = f"{count:,} {words.rows}"
        if words.has_total:
            said = f"{count - 1:,} {words.row if count == 2 else words.rows}, and all together"
        return said + (f", {absent:,} without a value" if absent else "")
    rows: list[dict[str, Any]] = evidence.get("partial_unexpected_index_list") or []
    if count == 1 and rows and (judged := judged_columns(words, rows[0])):
        return say_cells(judged, rows[0])
    noun = words.row if count == 1 else words.rows
    return f"{bad:,} of {count:,} {noun} {'fails' if bad == 1 else 'fail'}"


def say_row(words: SuiteWords, row: Mapping[str, Any]) -> str:
    """Return a row as `id (column value)`, with the columns that tell why it fails."""
    values = say_cells(words.detail_columns or judged_columns(words, row), row)
    return f"{say_id(words, row)} ({values})" if values else say_id(words, row)


def name_row(words: SuiteWords, row: Mapping[str, Any]) -> str:
    """Return the id of a row, followed by its sample when it has one."""
    sample = row.get(words.sample_column) if words.sample_column else None
    if not sample:
        return say_id(words, row)
    return f"{say_id(words, row)}: {say_cell(str(words.sample_column), sample)}"


def say_id(words: SuiteWords, row: Mapping[str, Any]) -> str:
    """Return the values that name a row."""
    return ", ".join(say_value(row.get(column)) for column in words.id_columns)


def judged_columns(words: SuiteWords, row: Mapping[str, Any]) -> list[str]:
    """Return the columns of a failing row that the expectation looked at."""
    return sorted(column for column in row if column not in words.shown_columns)


def order_columns(words: SuiteWords, rows: Sequence[Mapping[str, Any]]) -> list[str]:
    """Return the columns of failing rows: the id first, then what was judged, then the rest."""
    if not rows:
        return []
    rest = [column for column in words.shown_columns if column not in words.id_columns]
    judged = [] if words.detail_columns else judged_columns(words, rows[0])
    return [*words.id_columns, *judged, *rest]


def say_list(values: Sequence[Any], count: int | None = None) -> str:
    """Return the first values, and how many more there are (of `count`)."""
    shown = [say_value(value) for value in values[:SHOWN_IN_SENTENCE]]
    more = (len(values) if count is None else count) - len(shown)
    return ", ".join(shown) + (f" and {more:,} more" if more > 0 else "")


def say_cells(columns: Sequence[str], row: Mapping[str, Any]) -> str:
    """Return some values of a row, each after the name of its column."""
    return ", ".join(
        f"{say_column(column)} {say_cell(column, row.get(column))}" for column in columns
    )


def say_column(column: str) -> str:
    """Return the name of a column as a person writes it."""
    return COLUMN_WORDS.get(column, column.replace("_", " "))


def say_cell(column: str, value: Any) -> str:
    """Return a value as its column wants it: a share as a percentage, ids with room to break."""
    if column in SHARES and isinstance(value, float) and math.isfinite(value):
        return f"{say_value(value * 100)} %"
    text = say_value(value)
    return ", ".join(part.strip() for part in text.split(",")) if "," in text else text


def say_value(value: Any) -> str:
    """Return a value as a person writes it; a float is never rounded to a whole number."""
    if value is None or (isinstance(value, float) and math.isnan(value)):
        return "none"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, float):
        short = f"{value:.6g}"
        return short if float(short) == value or "." in short else repr(value)
    return str(value)
