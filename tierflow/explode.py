"""Explode frames of models into frames of grants and of quarantined elements.

Each *distinct* pair of JSON values is decoded once and the result joined back to the models that
hold it: real catalogues have a few hundred distinct pairs for a million models.
"""

# pyright: reportUnknownVariableType=false
# pyarrow has no types

from __future__ import annotations

import dataclasses
import io
from collections import Counter
from collections.abc import Iterable, Mapping
from decimal import Decimal
from typing import Any, cast

import pandas as pd
import pyarrow as pa
import pyarrow.csv as pa_csv

from tierflow.json_text import count_levels
from tierflow.read_pair import Element, Reading, Rules, read_pair

SOURCE_COLUMNS = ("id", "model_identifier", "tier_access", "tier_markup")
_MOST_LEVELS = 5000
QUARANTINE_COLUMNS = (
    "model_id",
    "model_identifier",
    "position",
    "code",
    "reason",
    "value",
    "tier_codes",
)


@dataclasses.dataclass(frozen=True)
class Counts:
    """The figures of the conservation law; `grants` counts pairs of tier and model."""

    source_models: int = 0
    source_elements: int = 0
    migrated: int = 0
    merged: int = 0
    duplicates: int = 0
    quarantined: int = 0
    grants: int = 0
    defaulted_markups: int = 0

    def __add__(self, other: Counts) -> Counts:
        mine, theirs = dataclasses.astuple(self), dataclasses.astuple(other)
        return Counts(*(a + b for a, b in zip(mine, theirs, strict=True)))

    @property
    def rows(self) -> int:
        """Return the grants, which is what a load writes."""
        return self.grants

    @property
    def conserved(self) -> bool:
        """Whether every source element met exactly one fate."""
        fates = self.migrated + self.merged + self.duplicates + self.quarantined
        return self.source_elements == fates


@dataclasses.dataclass(frozen=True)
class Exploded:
    """What the models of one frame turn into.

    `grants` has `model_id` (str, a uuid), `tier_id` (int64) and `markup_hundredths` (int64: the
    markup times 100), in the order of the models; `quarantine` has the columns of
    `QUARANTINE_COLUMNS`.
    """

    grants: pd.DataFrame
    quarantine: pd.DataFrame
    counts: Counts


def read_source_csv(data: bytes) -> pd.DataFrame:
    r"""Return the frame of `sql/queries/extract_chunk.sql`: the four `SOURCE_COLUMNS`, all str.

    NULL is an unquoted \N there and everything else is quoted, so no text is taken for NULL.
    """
    if not data:
        return pd.DataFrame({name: pd.Series(dtype="str") for name in SOURCE_COLUMNS})
    table: pa.Table = pa_csv.read_csv(  # pyright: ignore[reportUnknownVariableType]
        io.BytesIO(data),
        read_options=pa_csv.ReadOptions(
            column_names=list(SOURCE_COLUMNS), block_size=len(data) + 1
        ),
        parse_options=pa_csv.ParseOptions(newlines_in_values=True),
        convert_options=pa_csv.ConvertOptions(
            column_types={name: pa.large_string() for name in SOURCE_COLUMNS},
            null_values=["\\N"],
            strings_can_be_null=True,
            quoted_strings_can_be_null=False,
        ),
    )
    return cast(pd.DataFrame, table.to_pandas())  # pyright: ignore[reportUnknownVariableType]


def explode(models: pd.DataFrame, rules: Rules) -> Exploded:
    """Explode a frame with the `SOURCE_COLUMNS`; bad values go to the quarantine frame."""
    values = models[["tier_access", "tier_markup"]]
    pair = values.groupby(["tier_access", "tier_markup"], dropna=False, sort=False).ngroup()
    distinct = values[~pair.duplicated()]
    readings = [
        read_pair(_text(access), _text(markups), rules)
        for access, markups in zip(distinct["tier_access"], distinct["tier_markup"], strict=True)
    ]
    held = models[["id", "model_identifier"]].assign(pair=pair)
    times = pair.value_counts()
    return Exploded(
        grants=_join_grants(held, readings, rules.tier_ids),
        quarantine=_join_quarantine(held, readings),
        counts=sum_counts((reading, int(times[n])) for n, reading in enumerate(readings)),
    )


def sum_counts(readings: Iterable[tuple[Reading, int]]) -> Counts:
    """Add up readings, each with the number of models that hold it."""
    total = Counter[str]()
    for reading, models in readings:
        total["source_models"] += models
        total["source_elements"] += models * len(reading.elements)
        total["grants"] += models * len(reading.grants)
        for element in reading.elements:
            total[element.fate] += models
            total["defaulted_markups"] += models * element.defaulted
    return Counts(**total)


def _text(value: object) -> str | None:
    return value if isinstance(value, str) else None


def _join_grants(
    held: pd.DataFrame, readings: list[Reading], tier_ids: Mapping[str, int]
) -> pd.DataFrame:
    rows = [
        (number, tier_ids[tier], _hundredths(markup))
        for number, reading in enumerate(readings)
        for tier, markup in reading.grants.items()
    ]
    lookup = pd.DataFrame(rows, columns=["pair", "tier_id", "markup_hundredths"], dtype="int64")
    grants = held[["id", "pair"]].merge(lookup, on="pair")
    return grants.rename(columns={"id": "model_id"})[["model_id", "tier_id", "markup_hundredths"]]


def _hundredths(markup: Decimal) -> int:
    return int(markup * 100)


def _join_quarantine(held: pd.DataFrame, readings: list[Reading]) -> pd.DataFrame:
    rows = [
        (number, *quarantine_row(element))
        for number, reading in enumerate(readings)
        for element in reading.elements
        if element.fate == "quarantined"
    ]
    if not rows:
        return pd.DataFrame(columns=list(QUARANTINE_COLUMNS))
    lookup = pd.DataFrame(rows, columns=["pair", *QUARANTINE_COLUMNS[2:]])
    joined = held.merge(lookup, on="pair").rename(columns={"id": "model_id"})
    return joined[list(QUARANTINE_COLUMNS)]


def quarantine_row(element: Element) -> tuple[int, str | None, str, str | None, list[str]]:
    """Return position, code, reason, value (JSON text) and the tiers that are not granted."""
    return (
        element.position,
        element.code,
        element.reason or "",
        _storable(element.value),
        list(element.tier_codes),
    )


def _storable(value: str | None) -> str | None:
    """Return the JSON text, or its depth in words where storing it could stop the run.

    How deep jsonb may be nested depends on max_stack_depth and on the statement: with 2 MB an
    INSERT took 13,099 levels and a COPY 13,090 (PostgreSQL 15). The model keeps the value.
    """
    if value is None or value.count("[") + value.count("{") <= _MOST_LEVELS:
        return value
    levels = count_levels(value)
    return value if levels <= _MOST_LEVELS else f'"(nested {levels} levels deep)"'


def grants_as_csv(grants: pd.DataFrame) -> bytes:
    """Return the rows for `sql/queries/copy_grants.sql`, the markup with its two decimals.

    By Arrow, in which 450,000 rows took 0.12 s; pandas took 1.0 s.
    """
    whole: Any = pa.array(grants["markup_hundredths"]).cast(pa.decimal128(19, 0))
    # the same digits with the point two places further left: exact, which a division is not
    digits = cast(Any, whole).buffers()
    markup: Any = pa.Array.from_buffers(pa.decimal128(19, 2), len(grants), digits)
    rows: Any = pa.table(
        {
            "model_id": pa.array(grants["model_id"], type=pa.string()),
            "tier_id": pa.array(grants["tier_id"]),
            "markup": markup,
        }
    )
    text = io.BytesIO()
    options: Any = pa_csv.WriteOptions(include_header=False, quoting_style="none")
    pa_csv.write_csv(rows, text, options)
    return text.getvalue()
