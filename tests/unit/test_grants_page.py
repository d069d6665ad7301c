"""The role matrix in docs/security.md says what `tierflow grants` prints."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from flows.cli import COMMANDS
from tierflow.grants import NEEDS, WHY

PAGE = (Path(__file__).parents[2] / "docs" / "security.md").read_text(encoding="utf-8")
# the first words of a row, and the privileges that it stands for
ROWS = {
    "`CONNECT` on the database": ("CONNECT on the database",),
    "`USAGE` on the schema": ("USAGE on the schema",),
    "`SELECT` on `model_access_control`": ("SELECT on model_access_control",),
    "`SELECT` on `subscription_tiers`": ("SELECT on subscription_tiers",),
    "every row of `model_access_control`": ("every row of model_access_control",),
    "every row of `subscription_tiers` and `tier_model_access`": (
        "every row of subscription_tiers", "every row of tier_model_access",
    ),
    "`USAGE` on the schema, for the roles that own the two tables": (
        "USAGE on the schema for the owners of both tables",
    ),
    "`UPDATE` on `model_access_control`": ("UPDATE on model_access_control",),
    "`REFERENCES`, `TRIGGER` on `subscription_tiers`": (
        "REFERENCES on subscription_tiers", "TRIGGER on subscription_tiers",
    ),
    "in the role that owns `model_access_control`": ("the role that owns model_access_control",),
    "`CREATE` on the schema and the database, `TEMPORARY` on the database": (
        "CREATE on the schema", "CREATE on the database", "TEMPORARY on the database",
    ),
    "`USAGE` and `SELECT` on the ledger": ("USAGE on the ledger", "SELECT on the ledger"),
    "`EXECUTE` on the rules of the ledger": ("EXECUTE on the rules of the ledger",),
    "`SELECT` on what is published, `EXECUTE` on its two functions": (
        "SELECT on tier_model_access", "SELECT on v_model_tier_access",
        "SELECT on v_tier_model_summary", "EXECUTE on get_models_for_tier",
        "EXECUTE on is_model_available_for_tier",
    ),
    "in the role that owns what was published": ("the role that owns what was published",),
}  # fmt: skip
# they use no database but the embedded one, or say what this test is about
WITHOUT = {"demo", "serve", "grants"}


def read_matrix() -> dict[str, set[str]]:
    """Return the privileges of each command, as the page has them."""
    lines = [line for line in PAGE.splitlines() if line.startswith("| ")]
    rows = [[cell.strip() for cell in line.strip("|").split("|")] for line in lines]
    commands = next(row for row in rows if "sync" in row)
    found: dict[str, set[str]] = {}
    for row in rows:
        for names, mark in zip(commands[1:], row[1:], strict=False):
            if row[0] in ROWS and mark == "x":
                for name in names.split(", "):
                    found.setdefault(name, set()).update(ROWS[row[0]])
    return found


def test_the_page_has_the_privileges_of_each_command() -> None:
    assert read_matrix() == {name: set(needs) for name, needs in NEEDS.items()}


def test_each_row_is_on_the_page() -> None:
    assert [row for row in ROWS if f"| {row} |" not in PAGE] == []


@pytest.mark.parametrize("command", [c.__name__ for c in COMMANDS if c.__name__ not in WITHOUT])
def test_each_command_has_its_privileges_and_says_why(command: str) -> None:
    assert command in NEEDS
    assert re.search(r"\w", WHY[command])
