"""What the report of a run is made of: plain data, filled by whoever ran it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from pathlib import Path
from typing import NamedTuple


class Step(NamedTuple):
    """One step of the run; rows is None where counting rows has no meaning."""

    name: str
    seconds: float
    rows: int | None = None
    outcome: str = "done"


class Tier(NamedTuple):
    """What one tier holds after the run, and how many models the source implies for it."""

    tier_code: str
    tier_name: str | None
    models: int
    source_models: int | None = None
    mean_markup: Decimal | float | None = None
    min_markup: Decimal | float | None = None
    max_markup: Decimal | float | None = None


class Quarantined(NamedTuple):
    """One source element that was not migrated, and why; position counts from 1."""

    model_id: str
    position: int | None
    value: str
    reason: str


class Check(NamedTuple):
    """One of the 8 checks of verify."""

    number: int
    name: str
    ok: bool
    figure: str
    expected: str


class Judgement(NamedTuple):
    """One expectation judged; failing holds the ids of offending rows."""

    suite: str
    name: str
    ok: bool
    observed: str
    failing: Sequence[str] = ()


class Change(NamedTuple):
    """One grant that was reconciled."""

    model_id: str
    tier_code: str
    change: str


class Problem(NamedTuple):
    """Something a person must decide: a titled table of its first cases, and how to decide it."""

    title: str
    columns: Sequence[str]
    rows: Sequence[Sequence[object]]
    remedy: str = ""
    total: int = 0

    @property
    def cases(self) -> int:
        """Return how many there are in all."""
        return max(self.total, len(self.rows))


class WayBack(NamedTuple):
    """One way back from the migration, and why it is not open or what to know of it."""

    name: str
    command: str
    is_open: bool
    why: str = ""


@dataclass(frozen=True)
class Counts:
    """The figures of a run. None: not determined in this run, and not shown."""

    source_models: int | None = None
    source_elements: int | None = None
    migrated: int | None = None
    merged: int | None = None
    duplicates: int | None = None
    quarantined: int | None = None
    grants: int | None = None
    defaulted_markups: int | None = None
    caught_up: int | None = None
    recaptured: int | None = None
    coverage: float | None = None
    coverage_of_all: float | None = None
    inserted: int | None = None
    updated: int | None = None
    deleted: int | None = None


@dataclass(frozen=True)
class RunReport:
    """Everything the page shows, as plain data; report_words has words for its outcomes.

    database is shown as it is: it must not hold a password. quarantine and changes may be cut by
    the caller, who then gives the totals; without them the quarantine's is counts.quarantined.
    Codes are as show_code has them; write_codes has the columns of write_codes.CODE_COLUMNS.
    """

    run_id: str
    mode: str
    outcome: str
    database: str
    started: datetime
    seconds: float
    tierflow_version: str
    server_version: str
    decisions: Mapping[str, object] = field(default_factory=dict[str, object])
    counts: Counts = field(default_factory=Counts)
    steps: Sequence[Step] = ()
    tiers: Sequence[Tier] = ()
    write_codes: Sequence[tuple[str, str, int, str]] = ()
    quarantine: Sequence[Quarantined] = ()
    quarantine_total: int | None = None
    checks: Sequence[Check] = ()
    notices: Sequence[str] = ()
    notes: Sequence[str] = ()
    will_create: Sequence[str] = ()
    ways_back: Sequence[WayBack] = ()
    judgements: Sequence[Judgement] = ()
    changes: Sequence[Change] = ()
    changes_total: int | None = None
    problems: Sequence[Problem] = ()
    history: Sequence[tuple[str, float]] = ()
    regression: str = ""
    forecast: str = ""
    locks: str = ""
    message: str = ""
    next_command: str = ""
    data_docs: str | Path | None = None
