"""The options that several commands take, and how a flow gets them."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer


def _require_a_name(name: str) -> str:
    if not name:
        raise typer.BadParameter("is empty, as from a variable that is not set")
    return name


Json = Annotated[bool, typer.Option("--json", help="Print one JSON value on stdout.")]
Verbose = Annotated[bool, typer.Option("--verbose", help="Log every step; show tracebacks.")]
Schema = Annotated[
    str,
    typer.Option(
        help="Schema of the source tables and published objects.",
        callback=_require_a_name,
    ),
]
Yes = Annotated[bool, typer.Option("--yes", help="Do not ask.")]
Config = Annotated[Path | None, typer.Option(help="A tierflow.toml with the decisions.")]
TierMap = Annotated[
    list[str] | None,
    typer.Option(metavar="CODE=TIER[,TIER]", help="What a code of the JSONB means; repeatable."),
]
UnknownTiers = Annotated[
    str | None,
    typer.Option(metavar="fail|quarantine", help="A code that is neither mapped nor a tier."),
]
Malformed = Annotated[
    str | None, typer.Option(metavar="fail|quarantine", help="A value that cannot be read.")
]
MarkupConflict = Annotated[
    str | None,
    typer.Option(
        metavar="fail|quarantine|lowest|highest", help="Codes of one tier with different markups."
    ),
]
InexactMarkup = Annotated[
    str | None,
    typer.Option(metavar="fail|quarantine|round", help="A markup with more than two decimals."),
]
BackupColumns = Annotated[
    bool | None,
    typer.Option(
        "--backup-columns/--no-backup-columns",
        help="Show the captured values, which the ledger has, in two columns of the models too.",
    ),
]
MinCoverage = Annotated[
    float | None, typer.Option(help="Share of all enabled models that must have a grant, 0 to 1.")
]


def gather_decisions(
    unknown_tiers: str | None,
    malformed: str | None,
    markup_conflict: str | None,
    inexact_markup: str | None,
    min_coverage: float | None,
    backup_columns: bool | None,
) -> dict[str, Any]:
    """Return the decisions given as options, by the names that the flows take."""
    return {
        "unknown_tiers": unknown_tiers,
        "malformed": malformed,
        "markup_conflict": markup_conflict,
        "inexact_markup": inexact_markup,
        "min_coverage": min_coverage,
        "backup_columns": backup_columns,
    }


def read_tier_map(options: list[str] | None) -> dict[str, Any]:
    """Return the tier map given as options, as the flows take it."""
    from tierflow.decisions import parse_tier_map

    return {
        "tier_map": {code: list(tiers) for code, tiers in parse_tier_map(options or []).items()}
    }


def as_text(path: Path | None) -> str | None:
    """Return a path as the text that a flow's parameter can hold."""
    return None if path is None else str(path)
