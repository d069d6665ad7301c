"""What a run's page says; the page itself is tested in the browser, by test_serve.py."""

from __future__ import annotations

import datetime as dt
import json
import re
from pathlib import Path

import pytest

from flows.compose_page import CHOOSE, ROWS_SHOWN, compose_summary, escape
from flows.compose_safety import say_whether_safe
from flows.run_page import open_page, require_confirmed
from tierflow.decisions import Decisions
from tierflow.explode import Counts as Counted
from tierflow.plan import Plan
from tierflow.report_record import Check, Counts, Problem, Quarantined, RunReport

NASTY = "a|b `c` <script>x</script> [d](javascript:e) *f*\n# g"


def _record(outcome: str, **facts: object) -> RunReport:
    base = RunReport(
        run_id="3f2a91c0",
        mode="migrate",
        outcome=outcome,
        database="shop",
        started=dt.datetime(2026, 1, 1, tzinfo=dt.UTC),
        seconds=1.0,
        tierflow_version="1",
        server_version="18",
        counts=Counts(10, 7, 4, 1, 1, 1, grants=4),
    )
    return RunReport(**{**base.__dict__, **facts})  # pyright: ignore[reportArgumentType]


def test_the_conservation_sum_is_said_and_judged() -> None:
    text = compose_summary(_record("published"), None, {}, [])
    assert "7 source elements = 4 migrated + 1 merged + 1 duplicates + 1 quarantined" in text
    assert "**it adds up**" in text
    wrong = compose_summary(_record("published", counts=Counts(10, 9, 4, 1, 1, 1)), None, {}, [])
    assert "**IT DOES NOT ADD UP**" in wrong


@pytest.mark.parametrize(
    ("mode", "outcome", "said"),
    [
        ("dry run", "failed", "changed nothing that stays"),
        ("migrate", "needs_decision", "changed nothing that stays"),
        ("migrate", "published", "go back with **rollback**, later edits kept"),
        ("migrate", "checks_failed", "nothing was published"),
        ("migrate", "interrupted", "nothing was published"),
        ("verify", "failed", "changed nothing that stays"),
        ("rollback", "rolled_back", "the old columns are the truth"),
        ("rollback", "failed", "as a whole, in one transaction, or not"),
        ("finalize", "finalized", "`tierflow restore ARCHIVE`"),
        ("finalize", "failed", "in one transaction, after their archive"),
    ],
)
def test_a_summary_begins_with_whether_the_data_is_safe(mode: str, outcome: str, said: str) -> None:
    plan = Plan("not_migrated", (), Counted(), {})
    first = compose_summary(_record(outcome, mode=mode), plan, {}, []).partition("\n")[0]
    assert first.startswith("**Your data is safe")
    assert said in first


def test_a_summary_promises_no_way_back_that_is_shut() -> None:
    shut = {"command": "tierflow rollback --restore-snapshot", "open": False}
    without = Plan("migrated", (), Counted(), {}, ways_back=(shut,))
    assert "(not to the snapshot)" in compose_summary(_record("published"), without, {}, [])
    verified = _record("verified", mode="verify")
    assert "rollback" not in say_whether_safe(verified, None, finalized=True)
    wrong = [Check(1, "parity", False, "1 missing", "0")]
    failed = _record("checks_failed", mode="verify", checks=wrong)
    assert say_whether_safe(failed, None).startswith("**Look before you go on:**")
    assert "rollback" not in say_whether_safe(failed, None, finalized=True)


def test_a_decision_shows_the_map_so_far_with_the_unknown_codes_to_be_filled_in() -> None:
    unknown = ({"code": 'tri"al', "models": 3, "nearest": ["pro"]},)
    plan = Plan("not_migrated", (), Counted(), {"pro": "pro"}, unknown_tiers=unknown)
    record = _record(
        "needs_decision",
        decisions=Decisions(tier_map={"old": ("pro",)}).as_recorded(),
        problems=[Problem("Unknown tier codes", ("code", "models"), [('tri"al', 3)])],
    )
    text = compose_summary(record, plan, {}, [])
    block = re.search(r"```json\n(.*?)\n```", text, re.DOTALL)
    assert block
    assert json.loads(block[1]) == {"old": ["pro"], 'tri"al': [CHOOSE]}
    assert '| tri"al | 3 |' in text
    assert "source elements" not in text


def test_text_of_the_database_is_shown_and_does_nothing() -> None:
    shown = escape(NASTY)
    assert "<" not in shown
    assert "\n" not in shown
    assert not re.search(r"(?<!\\)[|`*\[\]#]", shown)
    quarantine = [Quarantined(NASTY, 1, NASTY, "unknown tier")]
    text = compose_summary(_record("published", quarantine=quarantine), None, {}, [])
    assert "<script>" not in text
    row = next(line for line in text.splitlines() if "unknown tier" in line)
    assert len(re.findall(r"(?<!\\)\|", row)) == 5


def test_a_long_table_is_cut_and_says_so() -> None:
    quarantine = [Quarantined(f"m{n}", 1, "x", "unknown tier") for n in range(ROWS_SHOWN + 3)]
    text = compose_summary(_record("published", quarantine=quarantine), None, {}, [])
    assert "and 3 more: see the report" in text


def test_without_a_files_server_the_paths_are_said() -> None:
    files = [Path("home/reports/1.html")]
    assert "- home/reports/1.html" in compose_summary(_record("verified"), None, {}, files)
    linked = compose_summary(_record("verified"), None, {"Report": "http://127.0.0.1/1"}, files)
    assert "[Report](http://127.0.0.1/1)" in linked


def test_outside_of_a_flow_run_there_is_no_page_and_the_terminal_has_confirmed() -> None:
    assert open_page("migrate", "shop", "3f2a91c0") is None
    require_confirmed("shop", None)


def test_a_wrong_name_confirms_nothing_anywhere() -> None:
    with pytest.raises(Exception, match=r"Nothing was changed.*'shop'.*'shpo'"):
        require_confirmed("shop", "shpo")
