"""Codes that look alike are told apart, and a mapped code that nobody holds is named."""

from __future__ import annotations

import html
import json
import re
from collections.abc import Callable
from pathlib import Path

import pytest
from support.database import Database, Told
from typer.testing import CliRunner

from flows.cli import app
from flows.compose_page import compose_summary
from flows.compose_report import compose_report
from flows.facts import Facts
from tierflow.report import RunReport

Tierflow = Callable[..., Told]


@pytest.fixture
def spaced(database: Database) -> Database:
    """Arrays with ` Team`, which is not `Team`."""
    database.add_tiers("free", "team")
    database.add_models([("a", [" Team", "free"], None), ("b", [" Team", "\u00a0pro"], None)])
    return database


def in_words(*arguments: str) -> str:
    result = CliRunner().invoke(app, list(arguments), env={"COLUMNS": "300"})
    return " ".join(result.output.split())


def test_a_mapped_code_that_no_model_holds_is_named_with_the_nearest_held_one(
    spaced: Database, tierflow: Tierflow
) -> None:
    plan = tierflow("plan", "--tier-map", "Team=team").value
    assert plan["unheld_codes"] == [
        {"code": "Team", "tiers": ["team"], "nearest": [" Team", "free", "\u00a0pro"]}
    ]
    stopped = tierflow("migrate", "--tier-map", "Team=team")
    assert stopped.code == 2
    assert (
        "no model holds 'Team', which the tier map has (the nearest that one holds: '␣Team')"
        in stopped.value["error"]["message"]
    )
    # what is to be typed is the code itself
    assert "--tier-map ' Team'=TIER" in stopped.value["error"]["next"]


def test_a_run_that_nothing_stops_says_so_too(spaced: Database, tierflow: Tierflow) -> None:
    options = ("--tier-map", "Team=team", "--unknown-tiers", "quarantine", "--min-coverage", "0")
    told = tierflow("migrate", *options)
    assert told.code == 0
    assert (
        "No model holds 'Team', which the tier map has (the nearest that one holds: '␣Team')."
        in told.stderr
    )
    assert tierflow("plan").value["unheld_codes"][0]["code"] == "Team"
    # a code that is held, or a tier's own, is not named
    held = tierflow("plan", "--tier-map", " Team=team", "--tier-map", "free=free").value
    assert [case["code"] for case in held["unheld_codes"]] == ["Team"]


def test_the_terminal_the_report_and_the_page_show_spaces_and_what_cannot_be_seen(
    spaced: Database, tierflow: Tierflow
) -> None:
    said = in_words("plan", "--tier-map", "Team=team")
    assert re.search(r"␣Team +│ 2", said)
    assert re.search(r"\\u00a0pro +│ 1", said)
    assert re.search(r"Team +│ team +│ ␣Team, free, \\u00a0pro", said)
    told = tierflow("plan", "--tier-map", "Team=team")
    page = html.unescape(Path(told.value["report"]).read_text(encoding="utf-8"))
    assert "<code>␣Team</code>" in page
    assert "<code>\\u00a0pro</code>" in page
    assert "<code> Team</code>" not in page


def test_the_page_of_the_ui_shows_them_and_gives_what_can_be_pasted(
    spaced: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: list[Facts] = []

    def keep(facts: Facts) -> RunReport:
        seen.append(facts)
        return compose_report(facts)

    monkeypatch.setattr("flows.recording.compose_report", keep)
    CliRunner().invoke(app, ["plan"])
    (facts,) = seen
    text = compose_summary(compose_report(facts), facts.plan, {}, [])
    assert "| ␣Team | 2 |" in text
    assert "| \\\\u00a0pro | 1 |" in text
    block = re.search(r"```json\n(.*?)\n```", text, re.DOTALL)
    assert block
    assert '"\\u00a0pro"' in block[1]
    assert set(json.loads(block[1])) == {" Team", "\u00a0pro"}


def test_the_quarantine_of_a_report_shows_them(spaced: Database, tierflow: Tierflow) -> None:
    told = tierflow("migrate", "--unknown-tiers", "quarantine", "--min-coverage", "0")
    page = html.unescape(Path(told.value["report"]).read_text(encoding="utf-8"))
    assert "<code>␣Team</code>" in page
    assert "<code>\\u00a0pro</code>" in page
