"""What the commands that go back, or make final, show on a terminal."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from rich.console import Console

from flows.printing_tables import print_checks, print_files, print_rows


def print_rollback(console: Console, result: Mapping[str, Any]) -> None:
    """Print what a rollback has changed, or would."""
    verb = "would be " if result["outcome"] == "dry_run" else ""
    idle = result["outcome"] == "failed" and not result["dropped"]
    console.print(
        f"[bold]{result['outcome'].replace('_', ' ')}[/bold] ({result['mode'].replace('_', ' ')}):"
        f"{' nothing was changed,' if idle else ''}"
        f" the JSONB of {result['models_restored']:,} models {verb}written,"
        f" {len(result['dropped'])} objects {verb}dropped"
    )
    if result["outcome"] == "dry_run":
        console.print(
            f"The junction table holds {result['grants']:,} grants;"
            f" {result['differences']:,} differences since the migration."
        )
    print_rows(
        console,
        "Differences since the migration",
        ("model", "what becomes of it", "captured", "now"),
        [(c["model"], c["fate"], c["before"], c["now"]) for c in result["changes"]],
    )
    print_files(console, result)


def print_restored(console: Console, result: Mapping[str, Any]) -> None:
    """Print what a restore has written, or would, and which newer writes there are."""
    verb = "would be " if result["outcome"] == "dry_run" else ""
    console.print(
        f"[bold]{result['outcome'].replace('_', ' ')}[/bold]: {result['models']:,} models in the"
        f" file, {result['written']:,} {verb}written, {result['newer']:,} with newer writes"
    )
    if result.get("added") or result.get("deleted"):
        console.print(
            f"{result['added']:,} models are newer than the file and keep what they have;"
            f" {result['deleted']:,} of the file are gone and stay gone"
        )
    print_rows(
        console,
        "Written after the file was made",
        ("model", "now", "in the file"),
        [(c["model"], c["now"], c["restored"]) for c in result["changes"]],
    )
    left_out = [(text,) for text in result.get("left_out", ())]
    print_rows(console, "Could not be made again", ("statement",), left_out)
    print_files(console, result)


def print_finalized(console: Console, result: Mapping[str, Any]) -> None:
    """Print the guards, and what was dropped and archived."""
    if result["guards"]:
        print_checks(console, "Guards", result["guards"])
    console.print(f"\n[bold]{result['outcome'].replace('_', ' ')}[/bold]")
    if archive := result.get("archive"):
        console.print(
            f"Dropped: {', '.join(result['dropped'])}. Archive of {result['models']:,} models"
            f" ({archive['bytes'] / 1e6:,.1f} MB, SHA-256 {archive['sha256']}):"
        )
        console.print(archive["file"], soft_wrap=True)
    if result.get("finalization"):
        console.print(say_finalized(result))
    print_files(console, result)


def say_finalized(result: Mapping[str, Any]) -> str:
    """Say since when the old columns are gone, and how to have them back."""
    found = result["finalization"]
    return (
        f"The old columns are gone since {found['finalized'][:16].replace('T', ' ')}, and"
        f" tier_model_access is the only truth: there is nothing to compare or to migrate. To have"
        f" them back: tierflow restore {found['archive']}"
    )
