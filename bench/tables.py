"""The results as tables for people."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from rich.table import Table


def draw_comparison(result: Mapping[str, Any]) -> Iterator[Table]:
    """Yield the table of the contenders, then the one of the budgets."""
    table = _table(
        f"{result['models']:,} models, {result['grants']:,} grants",
        ["contender", "seconds", "ratio", "peak MB", "rounds", "what"],
        result,
    )
    for name, row in result["contenders"].items():
        ratio = f"{row['ratio']:.2f}" if row["ratio"] else "-"
        what = row["what"]
        if "seconds_extrapolated" in row:
            what += (
                f"; at {row['models']:,} models only: for all it would be"
                f" {row['seconds_extrapolated']:,.0f} s"
            )
        table.add_row(
            name,
            f"{row['seconds']:.2f}",
            ratio,
            f"{row['peak_mb']:.0f}",
            str(len(row["rounds"])),
            what,
        )
    if own := result.get("tierflow"):
        table.add_row(
            "back up", f"{own['back_up_seconds']:.2f}", "", "", "", "tierflow's backup columns"
        )
        table.add_row(
            "snapshot",
            f"{own['snapshot_seconds']:.2f}",
            "",
            "",
            "",
            "its captured values, within its seconds",
        )
        table.add_row(
            "rerun", f"{own['rerun_seconds']:.2f}", "", "", "", "tierflow migrate once more: 0 rows"
        )
    yield table
    if budgets := result.get("budgets"):
        yield _draw_budgets(budgets)


def _draw_budgets(budgets: Mapping[str, Mapping[str, Any]]) -> Table:
    table = Table(title="budgets (for 1,000,000 models on 2 cores)", title_justify="left", box=None)
    for name in ("budget", "figure", "at most", ""):
        table.add_column(name, justify="left" if name in ("budget", "") else "right")
    for name, row in budgets.items():
        said = "ok" if row["ok"] else "over"
        table.add_row(name, f"{row['figure']:.2f}", f"{row['budget']:.2f}", said)
    return table


def draw_scaling(result: Mapping[str, Any]) -> Iterator[Table]:
    """Yield the table of the sizes, then the one of the latencies."""
    exponent = result["exponent"]
    said = f"{exponent:.2f}" if exponent is not None else "not known from one size"
    table = _table(
        f"tierflow migrate, exponent {said}, start-up {result['start_up_seconds']:.2f} s",
        ["models", "grants", "seconds", "grants/s", "peak MB", "back up s", "rounds"],
        result,
    )
    latencies = Table(title="latencies in ms", title_justify="left", box=None)
    for name in ("models", "question", "p50", "p95", "p99", "calls"):
        latencies.add_column(name, justify="left" if name == "question" else "right")
    for size in result["sizes"]:
        models = f"{size['models']:,}"
        table.add_row(
            models,
            f"{size['grants']:,}",
            f"{size['seconds']:.2f}",
            f"{size['grants_per_second']:,.0f}",
            f"{size['peak_mb']:.0f}",
            f"{size['back_up_seconds']:.2f}",
            str(len(size["rounds"])),
        )
        for question, row in size["latencies"].items():
            times = (f"{row[name]:.3f}" for name in ("p50_ms", "p95_ms", "p99_ms"))
            latencies.add_row(models, question, *times, f"{row['calls']:,}")
    yield table
    yield latencies


def _table(title: str, columns: list[str], result: Mapping[str, Any]) -> Table:
    machine, versions = result["machine"], result["versions"]
    caption = (
        f"{machine['cores']} cores, {machine['memory_gb']} GB, {machine['cpu']},"
        f" {machine['system']}; PostgreSQL {versions['postgresql']}, Python {versions['python']}\n"
        f"{result['command']}"
    )
    table = Table(
        title=title, title_justify="left", caption=caption, caption_justify="left", box=None
    )
    for name in columns:
        table.add_column(name, justify="left" if name in ("contender", "what") else "right")
    return table
