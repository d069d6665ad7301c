"""Tables in whose place somebody put others of their names, as tools for online changes do.

PostgreSQL knows tables by number, so what is ours stays on the former ones.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Sequence


@dataclasses.dataclass(frozen=True)
class Swapped:
    """One of the three tables is another than the one that was migrated, which is elsewhere now."""

    relation: str
    now_schema: str | None
    now_name: str | None

    def describe(self) -> str:
        """Say what happened."""
        rest = (
            f"is {self.now_schema}.{self.now_name} now, and our views, keys and triggers hang on it"
            if self.now_name
            else "is gone, and with it what of ours hung on it"
        )
        return f"{self.relation} is not the table that was migrated: that one {rest}"

    def may_be(self, shape: str, wanted: str) -> bool:
        """Whether an object of this shape is ours, but for the name that the table has now."""
        return shape == wanted.replace(self.relation, self.now_name or self.relation)


def note_swapped(tables: Sequence[Swapped]) -> Iterator[str]:
    """Say which tables were replaced, and what takes them up again; nothing where none were."""
    for table in tables:
        yield (
            f"{table.describe()}: a tool that changes a schema online swaps tables so, and since"
            " then neither side has followed the other; `tierflow migrate` takes the table up"
            " again and makes the grants follow its JSONB (`tierflow reconcile --from junction`"
            " does too, and makes the JSONB follow the grants)"
        )
