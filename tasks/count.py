"""Count: what became of every source element, of the values that are published."""

from __future__ import annotations

import dataclasses

import pandas as pd

from tasks.definition import database_task
from tierflow.connection import connect, fetch
from tierflow.errors import ChecksFailed
from tierflow.explode import QUARANTINE_COLUMNS, Counts
from tierflow.read_pair import Rules
from tierflow.settings import Target
from tierflow.source_values import SourceValues, stream_source_values


@dataclasses.dataclass(frozen=True)
class Counted:
    """The counts, and the models that changed after they were loaded and are counted anew.

    `quarantine` is what the ledger holds then, None where it is what the preflight found.
    """

    counts: Counts
    caught_up: int
    quarantine: pd.DataFrame | None = None

    @property
    def rows(self) -> int:
        """Return the number of models that are counted anew."""
        return self.caught_up


@database_task("count loaded")
def count_loaded(target: Target) -> Counts:
    """Return the counts of all chunks, those of an earlier run that was resumed included.

    Raises ChecksFailed when the conservation law does not hold.
    """
    with connect(target, "count loaded", read_only=True) as connection:
        counts = Counts(**fetch(connection, "queries/sum_chunks", ledger=target.ledger)[0])
    if not counts.conserved:
        raise ChecksFailed(
            f"Source elements were lost or counted twice: {counts}. Nothing was published.",
            next_step="report this: it is a fault of tierflow",
        )
    return counts


@database_task("count published")
def count_published(target: Target, rules: Rules, loaded: Counts, *, caught: int) -> Counted:
    """Return the counts as loaded or, when models were caught up with since, of what is there now.

    What a model counted for when it was loaded is not known, so all are read again, in one
    snapshot; without a change nothing is read. `caught` is what this run caught up with; the
    ledger has what an earlier one did that was resumed. Counts that do not add up are returned as
    they are: after the publish the backup and the verification are still to be done, and
    `require_conserved` is the last word of the run.
    """
    with connect(target, "count published", read_only=True) as connection:
        noted = fetch(connection, "queries/count_caught_up", ledger=target.ledger)[0]["models"]
        caught_up = noted or caught  # a database without tiers has nothing to note
        if not caught_up:
            return Counted(loaded, 0)
        values = SourceValues.read(stream_source_values(connection, target.schema), rules)
        stored = fetch(connection, "queries/list_quarantine", ledger=target.ledger)
    quarantine = pd.DataFrame(stored, columns=list(QUARANTINE_COLUMNS))
    return Counted(values.counts, caught_up, quarantine)


def require_conserved(counts: Counts, *, published: bool) -> None:
    """Raise ChecksFailed when the conservation law does not hold; touches nothing."""
    if counts.conserved:
        return
    fates = ("migrated", "merged", "duplicates", "quarantined")
    total = " + ".join(f"{getattr(counts, fate):,} {fate}" for fate in fates)
    standing = (
        "The table is published and has passed its eight checks, but its"
        if published
        else "Nothing was changed. The"
    )
    raise ChecksFailed(
        f"{standing} source elements do not add up: {counts.source_elements:,} are not {total}.",
        next_step="`tierflow verify --detailed` compares both sides once more; report this: it is"
        " a fault of tierflow",
    )
