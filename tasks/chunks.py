"""Chunks: the key ranges of `model_access_control.id` that are loaded, compared and resumed."""

from __future__ import annotations

import dataclasses
import itertools
from collections.abc import Collection, Iterable
from uuid import UUID

from tierflow.connection import Connection, fetch, run
from tierflow.settings import Target

Range = tuple[UUID | None, UUID | None]
"""From the first id (included) to the second (excluded); None: from the first, to the last."""

# what a chunk holds at most of JSON as it is stored, where the sample is right
CHUNK_BYTES = 64 * 2**20
SAMPLED_PAGES = 2000


@dataclasses.dataclass(frozen=True)
class Chunk:
    """A key range of `model_access_control.id`: from `low` (included) to `high` (excluded)."""

    number: int
    low: UUID | None
    high: UUID | None
    loaded: bool = False
    backed_up: bool = False
    backed_up_to: UUID | None = None


def plan_chunks(connection: Connection, target: Target) -> None:
    """Cut the models into key ranges, unless they are cut already.

    The outer ones are open, so that no id falls outside.
    """
    if list_chunks(connection, target):
        return
    for number, (low, high) in enumerate(cut_ranges(connection, target), start=1):
        run(
            connection,
            "queries/insert_chunk",
            ledger=target.ledger,
            number=number,
            low=low,
            high=high,
        )


def cut_ranges(connection: Connection, target: Target, *, models: int | None = None) -> list[Range]:
    """Return key ranges of about `models` models (default: a chunk's) that hold every id."""
    rows = fetch(
        connection,
        "queries/list_chunk_bounds",
        schema=target.schema,
        chunk_models=models or target.chunk_models,
        chunk_bytes=CHUNK_BYTES if models is None else 2**62,
        pages=SAMPLED_PAGES,
    )
    return list(itertools.pairwise([None, *(row["id"] for row in rows), None]))


def as_text(one: Range) -> dict[str, str]:
    """Return a range as the statements take it that psql runs too, which cannot pass NULL."""
    low, high = ("" if bound is None else str(bound) for bound in one)
    return {"low": low, "high": high}


def clip(fine: Iterable[Range], coarse: Collection[Range]) -> list[Range]:
    """Return what of the fine ranges lies within the coarse ones."""
    cut = [
        (max(a[0], b[0], key=_low_end), min(a[1], b[1], key=_high_end))
        for a in fine
        for b in coarse
    ]
    return [one for one in cut if _low_end(one[0]) < _high_end(one[1])]


def join_ranges(ranges: Iterable[Range]) -> tuple[Range, ...]:
    """Return the ranges in order, those that touch joined."""
    joined: list[Range] = []
    for low, high in sorted(ranges, key=lambda one: _low_end(one[0])):
        if joined and joined[-1][1] is not None and joined[-1][1] == low:
            joined[-1] = (joined[-1][0], high)
        else:
            joined.append((low, high))
    return tuple(joined)


def _low_end(bound: UUID | None) -> int:
    return -1 if bound is None else bound.int


def _high_end(bound: UUID | None) -> int:
    return 2**128 if bound is None else bound.int


def list_chunks(connection: Connection, target: Target) -> tuple[Chunk, ...]:
    """Return the planned chunks in key order."""
    rows = fetch(connection, "queries/list_chunks", ledger=target.ledger)
    return tuple(Chunk(**row) for row in rows)
