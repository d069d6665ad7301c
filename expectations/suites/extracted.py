"""Extracted grants: are the grants that were read from the JSONB fit to be loaded?

One row per grant of one chunk: model_id str (uuid), tier_id int, markup_hundredths int (the markup
times 100). May be empty: a chunk of models without access.
"""

# pyright: reportPrivateImportUsage=false
# the documented names of Great Expectations stand in no __all__

import great_expectations.expectations as gxe
from great_expectations.expectations.expectation import Expectation

from expectations.suites import Limits

HIGHEST_MARKUP_HUNDREDTHS = 9999  # numeric(4,2)


def expectations(limits: Limits) -> list[Expectation]:
    """Return the expectations on the frame of extracted grants."""
    rules: list[Expectation] = [
        gxe.ExpectColumnValuesToNotBeNull(
            column="model_id", description="Every grant names its model"
        ),
        gxe.ExpectColumnValuesToNotBeNull(
            column="tier_id", description="Every grant names its tier"
        ),
        gxe.ExpectColumnValuesToNotBeNull(
            column="markup_hundredths", description="Every grant has a markup"
        ),
        gxe.ExpectCompoundColumnsToBeUnique(
            column_list=["model_id", "tier_id"], description="No model has the same tier twice"
        ),
        gxe.ExpectColumnValuesToBeBetween(
            column="markup_hundredths",
            min_value=0,
            max_value=HIGHEST_MARKUP_HUNDREDTHS,
            description="Every markup lies between 0 and 99.99",
        ),
    ]
    if limits.tier_ids is not None:
        rules.append(
            gxe.ExpectColumnValuesToBeInSet(
                column="tier_id",
                value_set=list(limits.tier_ids),
                description="Every grant points to a tier that exists",
            )
        )
    return rules
