"""Coverage: does every model that should have access have it?

One row per provider, and one for all with provider `(all)`: provider str, enabled_models int,
expected_models int, granted_models int, coverage float (granted / expected), share float
(enabled models with a grant / enabled models), uncovered str (ids, comma separated).
"""

# pyright: reportPrivateImportUsage=false
# the documented names of Great Expectations stand in no __all__

import great_expectations.expectations as gxe
from great_expectations.expectations.expectation import Expectation
from great_expectations.expectations.row_conditions import Column

from expectations.suites import Limits

ALL_PROVIDERS = "(all)"


def expectations(limits: Limits) -> list[Expectation]:
    """Return the expectations on the coverage frame."""
    everything = Column("provider") == ALL_PROVIDERS
    least = f"{limits.min_coverage * 100:g} %"
    return [
        gxe.ExpectColumnValuesToBeBetween(
            column="coverage",
            min_value=1.0,
            max_value=1.0,
            description="Every enabled model that should have access has a grant",
        ),
        gxe.ExpectColumnPairValuesToBeEqual(
            column_A="granted_models",
            column_B="expected_models",
            description="As many models have a grant as should have one",
        ),
        gxe.ExpectColumnValuesToBeBetween(
            column="share",
            min_value=limits.min_coverage,
            row_condition=everything,
            description=f"At least {least} of all enabled models have a grant",
        ),
        gxe.ExpectColumnPairValuesAToBeGreaterThanB(
            column_A="enabled_models",
            column_B="expected_models",
            or_equal=True,
            description="No provider has more models that should have access than enabled models",
        ),
        gxe.ExpectTableRowCountToEqual(
            value=1,
            row_condition=everything,
            description="There is one row for all providers together",
        ),
        gxe.ExpectColumnValuesToBeUnique(
            column="provider", description="Every provider is listed once"
        ),
        gxe.ExpectColumnValuesToNotBeNull(
            column="provider", description="Every row names its provider"
        ),
        gxe.ExpectColumnValuesToNotBeNull(
            column="coverage", description="The coverage of every provider is known"
        ),
        gxe.ExpectColumnValuesToNotBeNull(
            column="share", description="The share of models with a grant is known"
        ),
    ]
