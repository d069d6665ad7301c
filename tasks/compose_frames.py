"""Compose the frames that the suites judge from the counts of each key range.

A frame of counts is what `sql/queries/compare_range.sql` returns: kind str (`tier` or `provider`),
key str, markup str, implied, found and matched int.
"""

# pyright: reportUnknownVariableType=false, reportUnknownArgumentType=false
# pandas-stubs leave the results of groupby and concat partially unknown

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import pandas as pd

from expectations.vocabulary import ORPHAN_CHECKS

KINDS = ("without_tier", "without_model", "duplicate", "missing", "extra", "wrong_markup")
ALL_PROVIDERS = "(all)"
SHOWN = 20


def agrees(counts: pd.DataFrame) -> bool:
    """Return whether every grant of the range found its equal on the other side."""
    tiers = counts[counts["kind"] == "tier"]
    implied, found, matched = tiers["implied"], tiers["found"], tiers["matched"]
    return bool((implied == found).all() and (found == matched).all())


def add_up_coverage(
    counts: Iterable[pd.DataFrame], details: Iterable[pd.DataFrame]
) -> pd.DataFrame:
    """Return the coverage frame: counts of ranges that agree, and the rows of those that do not.

    Where all grants agree, a model has a grant when it should have one.
    """
    agreed = pd.concat([_EMPTY_COUNTS, *counts])
    agreed = agreed[agreed["kind"] == "provider"]
    rows = [
        pd.DataFrame(
            {
                "provider": agreed["key"],
                "enabled_models": agreed["found"],
                "expected_models": agreed["implied"],
                "granted_models": agreed["implied"],
                "with_a_grant": agreed["implied"],
                "uncovered": "",
            }
        ),
        *(frame[frame["provider"] != ALL_PROVIDERS] for frame in details),
    ]
    by_provider = pd.concat(rows).groupby("provider", as_index=False).agg(_COVERAGE)
    total = by_provider.assign(provider=ALL_PROVIDERS).groupby("provider", as_index=False)
    frame = pd.concat([total.agg(_COVERAGE), by_provider], ignore_index=True)
    if by_provider.empty:
        frame.loc[0] = [ALL_PROVIDERS, 0, 0, 0, 0, ""]
    return frame.assign(
        coverage=_share(frame["granted_models"], frame["expected_models"]),
        share=_share(frame["with_a_grant"], frame["enabled_models"]),
    )[["provider", *_NUMBERS, "coverage", "share", "uncovered"]]


def add_up_orphans(details: Iterable[pd.DataFrame]) -> pd.DataFrame:
    """Return the orphans frame: the rows of the ranges that differ, added up; else no fault."""
    none = pd.DataFrame({"kind": KINDS, "check": list(ORPHAN_CHECKS), "rows": 0, "sample": ""})
    both = pd.concat([none, *details]).groupby(["kind", "check"], sort=False, as_index=False)
    return both.agg({"rows": "sum", "sample": _join_samples})


def compose_distribution(
    counts: Iterable[pd.DataFrame], tiers: Sequence[Mapping[str, Any]]
) -> pd.DataFrame:
    """Return the distribution frame; `tiers` are rows of `sql/queries/list_tiers.sql`."""
    held = pd.concat([_EMPTY_COUNTS, *counts])
    held = held[held["kind"] == "tier"].astype({"key": "int64"})
    rows = [_describe(tier, held[held["key"] == tier["id"]]) for tier in tiers]
    return pd.DataFrame(rows, columns=_DISTRIBUTION)  # also where there is no tier at all


def _describe(tier: Mapping[str, Any], held: pd.DataFrame) -> dict[str, Any]:
    found = held[held["found"] > 0]
    # the column takes NaN, which is no price but drift, and has no part in a mean
    priced = found[found["markup"] != "NaN"]
    # hundredths: the mean of equal markups is that markup, exactly
    markup = (priced["markup"].astype("float64") * 100).round().astype("int64")
    prices = int(priced["found"].sum())
    return {
        "tier_id": tier["id"],
        "tier_code": tier["tier_code"],
        "tier_name": tier["tier_name"] or "",
        "is_active": tier["is_active"],
        "models": int(found["found"].sum()),
        "source_models": int(held["implied"].sum()),
        "mean_markup": int((markup * priced["found"]).sum()) / prices / 100 if prices else None,
        "min_markup": float(markup.min()) / 100 if prices else None,
        "max_markup": float(markup.max()) / 100 if prices else None,
    }


def _share(part: pd.Series[Any], whole: pd.Series[Any]) -> pd.Series[Any]:
    return (part / whole.where(whole > 0)).fillna(1.0)


def _join_samples(samples: pd.Series[str]) -> str:
    shown = sorted(name for sample in samples if sample for name in sample.split(", "))
    return ", ".join(shown[:SHOWN])


_NUMBERS = ["enabled_models", "expected_models", "granted_models", "with_a_grant"]
_COVERAGE: Any = {**dict.fromkeys(_NUMBERS, "sum"), "uncovered": _join_samples}
_COUNTS = {"kind": "str", "key": "str", "markup": "str"} | dict.fromkeys(
    ("implied", "found", "matched"), "int64"
)
_DISTRIBUTION = [
    "tier_id", "tier_code", "tier_name", "is_active", "models", "source_models",
    "mean_markup", "min_markup", "max_markup",
]  # fmt: skip
_EMPTY_COUNTS = pd.DataFrame(columns=list(_COUNTS)).astype(_COUNTS)  # pyright: ignore
