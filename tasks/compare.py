"""Compare: the proof that the junction table holds what the JSONB implies, grant by grant."""

from __future__ import annotations

import dataclasses
import functools
import logging
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pandas as pd

from expectations.vocabulary import SuiteName
from sql import statement
from tasks.chunks import Range, as_text, clip, cut_ranges, join_ranges
from tasks.compose_frames import add_up_coverage, add_up_orphans, agrees, compose_distribution
from tasks.definition import database_task
from tierflow.connection import Connection, connect, fetch, run
from tierflow.settings import Target

log = logging.getLogger("tierflow.compare")

# models in one range: its hashes fit in set_work_memory.sql's 64 MB
RANGE_MODELS = 250_000
# around a difference, the models that are compared row by row
FINE_MODELS = 2_000
EVERYTHING: Range = (None, None)
Frames = dict[SuiteName, pd.DataFrame]


@dataclasses.dataclass(frozen=True)
class Part:
    """One key range: its counts and, where these prove nothing, what the row by row checks found.

    `rows` has the frames `coverage` and `orphans` of the range, None where the counts agree.
    """

    range: Range
    counts: pd.DataFrame
    rows: Frames | None = None

    @property
    def differs(self) -> bool:
        """Whether a grant of the range is missing, extra, wrong or an orphan."""
        return self.rows is not None and bool(self.rows["orphans"]["rows"].any())


@dataclasses.dataclass(frozen=True)
class Comparison:
    """The parts that hold all models, the shape of the table, and the tiers."""

    parts: tuple[Part, ...]
    schema: pd.DataFrame
    tiers: Sequence[Mapping[str, Any]]

    @property
    def drifted(self) -> tuple[Range, ...]:
        """Return key ranges that hold every difference."""
        return join_ranges(part.range for part in self.parts if part.differs)

    @property
    def grants(self) -> int:
        """Return the enabled grants of the table that was compared."""
        return int(self.frames["distribution"]["models"].sum())

    @functools.cached_property
    def frames(self) -> Frames:
        """Return the frame of each suite (columns: see `sql/checks/`)."""
        details = [part.rows for part in self.parts if part.rows is not None]
        agreed = [part.counts for part in self.parts if part.rows is None]
        return {
            "coverage": add_up_coverage(agreed, [rows["coverage"] for rows in details]),
            "orphans": add_up_orphans([rows["orphans"] for rows in details]),
            "distribution": compose_distribution([part.counts for part in self.parts], self.tiers),
            "schema": self.schema,
        }


@database_task("prove parity")
def prove_parity(target: Target) -> Comparison:
    """Compare the build with the JSONB. Reads only."""
    return compare(target, published=False)


def compare(target: Target, *, published: bool, within: Connection | None = None) -> Comparison:
    """Compare all models, a key range at a time, `target.workers` at a time. Reads only.

    One statement finds for each grant of the table its equal among those that the JSONB implies.
    Where all three counts agree (implied, found, matched) the sides are the same; where they do
    not, the models around are compared row by row, which names what differs. The counts prove it
    only where no grant can stand twice and none can be an orphan: without the keys all is compared
    row by row. Of a build, models in the change log count as level: the publish transaction makes
    them so before anybody sees them. `within`: one range after the other, as the transaction of
    this session sees them.
    """
    if within is not None:
        return _compare(within, target, published, functools.partial(_count_in_turn, within))
    together = functools.partial(_count_together, target)
    if published:
        with connect(target, "compare", read_only=True) as connection:
            return _compare(connection, target, published, together)
    with connect(target, "compare") as connection:
        run(connection, "schema/create_levelled_view", **target.names(published=False))
        comparison = _compare(connection, target, published, together)
        connection.rollback()
        return comparison


def _compare(
    connection: Connection,
    target: Target,
    published: bool,
    count: Callable[[Mapping[str, str], Sequence[Range]], list[Part]],
) -> Comparison:
    names = target.names(published=published)
    schema = read_frame(connection, "checks/schema", names)
    tiers = fetch(connection, "queries/list_tiers", schema=target.schema)
    parts: list[Part] = []
    unproven = (EVERYTHING,)
    if schema["ok"].all():
        parts = count(names, cut_ranges(connection, target, models=RANGE_MODELS))
        if different := [part.range for part in parts if not agrees(part.counts)]:
            fine = clip(cut_ranges(connection, target, models=FINE_MODELS), different)
            parts = [part for part in parts if agrees(part.counts)] + count(names, fine)
        unproven = join_ranges(part.range for part in parts if not agrees(part.counts))
    proven = [part for part in parts if agrees(part.counts)]
    detailed = [_compare_rows(connection, names, one) for one in unproven]
    log.info("Compared %s key ranges, %s of them row by row.", len(proven), len(detailed))
    return Comparison((*proven, *detailed), schema, tiers)


def compare_again(connection: Connection, target: Target, before: Comparison) -> Comparison:
    """Compare what was not proven once more, as this transaction sees it; keep the rest."""
    names = target.names()
    schema = read_frame(connection, "checks/schema", names)
    parts: list[Part] = []
    for part in before.parts:
        if part.rows is not None:
            counted = _count(connection, names, part.range)
            proven = bool(schema["ok"].all()) and agrees(counted.counts)
            parts.append(counted if proven else _compare_rows(connection, names, part.range))
        else:
            parts.append(part)
    return Comparison(tuple(parts), schema, before.tiers)


def _count_together(
    target: Target, names: Mapping[str, str], ranges: Sequence[Range]
) -> list[Part]:
    def count(one: Range) -> Part:
        with connect(target, "compare", read_only=True) as connection:
            return _count(connection, names, one)

    with ThreadPoolExecutor(target.workers) as pool:
        return list(pool.map(count, ranges))


def _count_in_turn(
    connection: Connection, names: Mapping[str, str], ranges: Sequence[Range]
) -> list[Part]:
    return [_count(connection, names, one) for one in ranges]


def _count(connection: Connection, names: Mapping[str, str], one: Range) -> Part:
    fetch(connection, "queries/set_work_memory")
    low, high = one
    levelled = names["target"] == names["build"]
    counts = read_frame(
        connection, "queries/compare_range", names, low=low, high=high, levelled=levelled
    )
    return Part(one, counts)


def _compare_rows(connection: Connection, names: Mapping[str, str], one: Range) -> Part:
    suites: tuple[SuiteName, ...] = ("coverage", "orphans")
    levelled = names["target"] == names["build"]
    seen = {**names, "target": "pg_temp"} if levelled else names
    rows: Frames = {
        suite: read_frame(connection, f"checks/{suite}", seen, **as_text(one)) for suite in suites
    }
    return dataclasses.replace(_count(connection, names, one), rows=rows)


def read_frame(
    connection: Connection, name: str, names: Mapping[str, str], **values: Any
) -> pd.DataFrame:
    """Return the rows of a statement as a frame with its columns, also where there are none."""
    cursor = connection.execute(statement(name, **names, **values))
    columns = [column.name for column in cursor.description or ()]
    return pd.DataFrame(cursor.fetchall(), columns=columns)
