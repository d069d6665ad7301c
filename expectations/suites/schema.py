"""Schema: are the tables, views, indexes, triggers and functions as they should be?

One row per object: object str, kind str, ok bool, found str, expected str.
"""

# pyright: reportPrivateImportUsage=false
# the documented names of Great Expectations stand in no __all__

import great_expectations.expectations as gxe
from great_expectations.expectations.expectation import Expectation

from expectations.suites import Limits


def expectations(_limits: Limits) -> list[Expectation]:
    """Return the expectations on the schema frame."""
    return [
        gxe.ExpectColumnValuesToBeInSet(
            column="ok", value_set=[True], description="Every object is as it should be"
        ),
        gxe.ExpectColumnValuesToNotBeNull(column="ok", description="Every object was looked at"),
        gxe.ExpectTableRowCountToBeBetween(
            min_value=1, description="At least one object was looked at"
        ),
    ]
