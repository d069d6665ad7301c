"""Tables and file names on a terminal, as every command prints them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from rich.console import Console
from rich.markup import escape
from rich.table import Table

ROWS_SHOWN = 20


def make_table(title: str, *columns: str) -> Table:
    """Return an empty table with a title and columns that fold."""
    table = Table(title=title, title_justify="left", title_style="bold", show_edge=False)
    for column in columns:
        table.add_column(column, overflow="fold")
    return table


def print_rows(
    console: Console,
    title: str,
    columns: Sequence[str],
    rows: Sequence[Sequence[object]],
    total: int | None = None,
) -> None:
    """Print the first rows of a table, and how many there are more; nothing where there is none.

    `total`: how many there are, where `rows` are the first of them.
    """
    if not rows:
        return
    table = make_table(title, *columns)
    for row in rows[:ROWS_SHOWN]:
        table.add_row(*(escape(str(cell)) for cell in row))
    console.print()
    console.print(table)
    left = max(total or 0, len(rows)) - ROWS_SHOWN
    if left > 0:
        console.print(f"… and {left} more: see the report, or --json")


def print_checks(console: Console, title: str, checks: Sequence[Mapping[str, Any]]) -> None:
    """Print checks or guards: the figure of each beside what is expected."""
    table = make_table(title, "check", "", "figure", "expected")
    for check in checks:
        mark = "[green]ok[/green]" if check["ok"] else "[red]FAILED[/red]"
        table.add_row(check["name"], mark, escape(check["figure"]), escape(check["expected"]))
    console.print(table)


def print_files(console: Console, result: Mapping[str, Any]) -> None:
    """Print where the report and the data docs are."""
    if result.get("report"):
        console.print(f"\nReport: {result['report']}", soft_wrap=True)
    if result.get("data_docs"):
        console.print(f"Data docs: {result['data_docs']}", soft_wrap=True)
