"""The queries of docs/application.md, old and new: the page is the one place where they stand."""

from __future__ import annotations

import dataclasses
import re
from pathlib import Path
from typing import LiteralString, cast

PAGE = Path(__file__).parent.parent / "docs" / "application.md"
_SECTION = re.compile(r"^#+ ", re.MULTILINE)
_QUERY = re.compile(r"^```sql\n(.*?)^```$", re.MULTILINE | re.DOTALL)
_PARAMETER = re.compile(r"(?<!:):(\w+)")


@dataclasses.dataclass(frozen=True)
class Question:
    """One thing that an application does, as it did it before and as it does it now."""

    name: str
    old: LiteralString
    new: LiteralString

    @property
    def writes(self) -> bool:
        """Whether it changes the database."""
        return self.old.startswith("UPDATE")


def read_questions() -> list[Question]:
    """Return the questions of the page, their parameters as psycopg takes them."""
    found: list[Question] = []
    for section in _SECTION.split(PAGE.read_text(encoding="utf-8")):
        if queries := _QUERY.findall(section):
            old, new = (_PARAMETER.sub(r"%(\1)s", query).strip() for query in queries)
            # a page of this project, as its SQL files are
            name = section.partition("\n")[0]
            found.append(Question(name, cast(LiteralString, old), cast(LiteralString, new)))
    return found
