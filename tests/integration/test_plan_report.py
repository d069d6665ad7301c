"""The report of a plan has what the terminal shows of it."""

from __future__ import annotations

import html
import re
from collections.abc import Callable
from pathlib import Path

from support.database import Database, Told
from support.surroundings import fill


def test_the_report_of_a_plan_has_its_notes_its_objects_and_its_ways_back(
    database: Database, tierflow: Callable[..., Told]
) -> None:
    fill(database)
    plan = tierflow("plan").value
    page = Path(plan["report"]).read_text(encoding="utf-8")
    said = html.unescape(re.sub(r"\s+", " ", re.sub(r"<[^>]*>", " ", page)))
    assert plan["will_create"]
    assert plan["ways_back"]
    for name in plan["will_create"]:
        assert f" {name} " in said
    for way in plan["ways_back"]:
        assert f" {way['way']} {way['command']} " in said
    for note in plan["notes"]:
        assert note in said
    assert "--pg-dump FILE writes both tables to a file first" in said
    assert "Codes of later grants" in said


def test_the_report_of_a_run_says_nothing_of_what_it_would_create(
    database: Database, tierflow: Callable[..., Told]
) -> None:
    fill(database)
    page = Path(tierflow("migrate").value["report"]).read_text(encoding="utf-8")
    assert "Will create" not in page
