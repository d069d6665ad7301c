"""Parts of a page between marked lines, which a program writes and a person leaves alone."""

from __future__ import annotations

import re
from collections.abc import Mapping

_PART = re.compile(
    r"(?P<begin>^<!-- generated: (?P<name>[a-z ]+) \(\./run docs\) -->\n)"
    r".*?(?P<end>^<!-- end: (?P=name) -->$)",
    re.MULTILINE | re.DOTALL,
)


def replace_parts(page: str, parts: Mapping[str, str]) -> str:
    """Return the page with each marked part replaced; the rest is as it was.

    Raises KeyError when the page has a part that is not given, or lacks one.
    """
    found: set[str] = set()

    def put(match: re.Match[str]) -> str:
        found.add(match["name"])
        return f"{match['begin']}\n{parts[match['name']].strip()}\n\n{match['end']}"

    text = _PART.sub(put, page)
    if missing := parts.keys() - found:
        raise KeyError(f"the page has no part {', '.join(sorted(missing))}")
    return text


def write_table(columns: tuple[str, ...], rows: list[tuple[str, ...]]) -> str:
    """Return a Markdown table; a bar in a cell is escaped."""
    lines = [columns, ("---",) * len(columns), *rows]
    return "\n".join(f"| {' | '.join(_escape(cell) for cell in line)} |" for line in lines)


def _escape(cell: str) -> str:
    return cell.replace("|", r"\|")
