"""Distribution: does every tier hold as many models as before, at sensible markups?

One row per tier: tier_code str, is_active bool, models int, source_models int, mean_markup,
min_markup and max_markup float (NaN when the tier has no models). Let SQL average numerics: a mean
of floats can fall below the lowest by a rounding error.
"""

# pyright: reportPrivateImportUsage=false
# the documented names of Great Expectations stand in no __all__

import great_expectations.expectations as gxe
from great_expectations.expectations.expectation import Expectation
from great_expectations.expectations.row_conditions import Column

from expectations.suites import Limits

HIGHEST_MARKUP = 99.99  # numeric(4,2)


def expectations(_limits: Limits) -> list[Expectation]:
    """Return the expectations on the distribution frame."""
    return [
        gxe.ExpectColumnPairValuesToBeEqual(
            column_A="models",
            column_B="source_models",
            description="Every tier has as many models as the JSONB gives it",
        ),
        gxe.ExpectColumnValuesToBeBetween(
            column="source_models",
            min_value=0,
            max_value=0,
            row_condition=(Column("is_active") == True) & (Column("models") == 0),  # noqa: E712
            description="An active tier is empty only when the JSONB says so",
        ),
        *_markups(),
        gxe.ExpectColumnValuesToNotBeNull(column="tier_code", description="Every tier has a code"),
        gxe.ExpectColumnValuesToBeUnique(
            column="tier_code", description="Every tier is listed once"
        ),
        gxe.ExpectColumnValuesToNotBeNull(
            column="models", description="The number of models of every tier is known"
        ),
    ]


def _markups() -> list[Expectation]:
    return [
        gxe.ExpectColumnValuesToBeBetween(
            column="min_markup",
            min_value=0,
            max_value=HIGHEST_MARKUP,
            description="The lowest markup of every tier lies between 0 and 99.99",
        ),
        gxe.ExpectColumnValuesToBeBetween(
            column="max_markup",
            min_value=0,
            max_value=HIGHEST_MARKUP,
            description="The highest markup of every tier lies between 0 and 99.99",
        ),
        gxe.ExpectColumnPairValuesAToBeGreaterThanB(
            column_A="mean_markup",
            column_B="min_markup",
            or_equal=True,
            ignore_row_if="either_value_is_missing",
            description="The mean markup is not below the lowest",
        ),
        gxe.ExpectColumnPairValuesAToBeGreaterThanB(
            column_A="max_markup",
            column_B="mean_markup",
            or_equal=True,
            ignore_row_if="either_value_is_missing",
            description="The mean markup is not above the highest",
        ),
        gxe.ExpectColumnValuesToNotBeNull(
            column="mean_markup",
            row_condition=Column("models") > 0,
            description="Every tier with models has a markup",
        ),
    ]
