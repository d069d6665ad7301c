"""The words of the suites: their names, titles, what a row is, and which columns name it."""

from dataclasses import dataclass
from typing import Literal

SuiteName = Literal["coverage", "orphans", "distribution", "schema", "extracted"]


@dataclass(frozen=True)
class SuiteWords:
    """How a suite speaks to its reader."""

    title: str
    question: str
    row: str
    rows: str
    id_columns: tuple[str, ...]
    """The columns that name a row."""
    detail_columns: tuple[str, ...] = ()
    """The columns that tell why a row fails, where the judged column does not."""
    sample_column: str | None = None
    """The column that lists the ids behind a failing row."""
    nothing_found: str | None = None
    """What is said of a single row that holds."""
    has_total: bool = False
    """Whether one of the rows is that of all together."""

    @property
    def shown_columns(self) -> tuple[str, ...]:
        """Every column that is shown of a failing row, whatever was judged."""
        sample = (self.sample_column,) if self.sample_column else ()
        return (*self.id_columns, *self.detail_columns, *sample)


SUITES: dict[SuiteName, SuiteWords] = {
    "coverage": SuiteWords(
        "Coverage",
        "Does every model that should have access have it?",
        "provider",
        "providers",
        id_columns=("provider",),
        sample_column="uncovered",
        has_total=True,
    ),
    "orphans": SuiteWords(
        "Orphans and drift",
        "Is there a grant that should not be there, or one that is missing?",
        "check",
        "checks",
        id_columns=("check",),
        sample_column="sample",
        nothing_found="none found",
    ),
    "distribution": SuiteWords(
        "Distribution",
        "Does every tier hold as many models as before, at sensible markups?",
        "tier",
        "tiers",
        id_columns=("tier_code",),
    ),
    "schema": SuiteWords(
        "Schema",
        "Are the tables, views, indexes, triggers and functions as they should be?",
        "object",
        "objects",
        id_columns=("object",),
        detail_columns=("kind", "expected", "found"),
    ),
    "extracted": SuiteWords(
        "Extracted grants",
        "Are the grants that were read from the JSONB fit to be loaded?",
        "grant",
        "grants",
        id_columns=("model_id", "tier_id"),
    ),
}

ORPHAN_CHECKS = {
    "grants whose tier does not exist": "No grant points to a tier that does not exist",
    "grants whose model does not exist": "No grant points to a model that does not exist",
    "duplicate grants": "No model has the same tier twice",
    "grants missing (in the JSONB, not in the table)": "No grant of the JSONB is missing",
    "extra grants (in the table, not in the JSONB)": "No grant exists that the JSONB lacks",
    "grants with another markup than the JSONB": "Every grant has the markup of the JSONB",
}
"""The checks of the orphans frame, each with the sentence that holds when it finds nothing."""


def words_of(suite: str) -> SuiteWords:
    """Return the words of a suite; plain ones for a stored result of a suite that is gone."""
    for name, words in SUITES.items():
        if name == suite:
            return words
    return SuiteWords(suite, "", "row", "rows", id_columns=())
