"""Orphans and drift: is there a grant that should not be there, or one that is missing?

One row per check: check str (a key of `vocabulary.ORPHAN_CHECKS`), rows int (how many were
found), sample str (ids).
"""

# pyright: reportPrivateImportUsage=false
# the documented names of Great Expectations stand in no __all__

import great_expectations.expectations as gxe
from great_expectations.expectations.expectation import Expectation
from great_expectations.expectations.row_conditions import Column

from expectations.suites import Limits
from expectations.vocabulary import ORPHAN_CHECKS


def expectations(_limits: Limits) -> list[Expectation]:
    """Return the expectations on the orphans frame: one sentence per check, and that all ran."""
    names = list(ORPHAN_CHECKS)
    return [
        *(
            gxe.ExpectColumnValuesToBeBetween(
                column="rows",
                min_value=0,
                max_value=0,
                row_condition=Column("check") == name,
                description=sentence,
            )
            for name, sentence in ORPHAN_CHECKS.items()
        ),
        gxe.ExpectColumnValuesToBeBetween(
            column="rows",
            min_value=0,
            max_value=0,
            row_condition=Column("check").is_not_in(names),
            description="No other check finds anything",
        ),
        gxe.ExpectColumnDistinctValuesToContainSet(
            column="check", value_set=names, description="Every check ran"
        ),
        gxe.ExpectColumnValuesToBeUnique(column="check", description="Every check ran once"),
        gxe.ExpectColumnValuesToNotBeNull(column="rows", description="Every check has a result"),
    ]
