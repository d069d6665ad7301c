"""A run that needs a decision asks for it in its own form, and survives a restart of `serve`."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from playwright.sync_api import Page, expect
from prefect._internal.pydantic.v2_schema import create_v2_schema
from prefect.client.schemas.objects import FlowRun
from support.browser import Ui, take_picture
from support.database import Database
from support.serving import free_port, serve, wait_for

from flows.asking import choose_patience, compose_questions, read_answers
from tierflow.decisions import Decisions
from tierflow.demo.dataset import DEMO_TIER_MAP

OPEN: dict[str, Any] = {
    "undecided": ["1 unknown tier codes: 'a|b' (3 models)"],
    "obstacles": [],
    "missing_privileges": [],
    "write_codes": {"free": "free", "pro": "pro"},
    "unknown_tiers": [{"code": "a|b", "models": 3}],
    "malformed": [],
    "markup_conflicts": [],
    "inexact_markups": [{"model": "one"}],
}


def _list_fields(plan: dict[str, Any]) -> dict[str, Any]:
    questions = compose_questions(plan)
    assert questions
    return create_v2_schema("Decisions", model_base=questions)["properties"]


def test_the_form_has_the_open_cases_and_no_others() -> None:
    fields = _list_fields(OPEN)
    assert fields["tier_of_code_1"]["enum"] == ["free", "pro"]
    assert "'a|b', held by 3 models" in fields["tier_of_code_1"]["title"]
    assert fields["inexact_markup"]["enum"] == ["as decided before", "quarantine", "round"]
    assert fields["unknown_tiers"]["enum"] == ["as decided before", "quarantine"]
    assert not {"malformed", "markup_conflict"} & set(fields)
    assert all("default" not in field and "anyOf" not in field for field in fields.values())


def test_the_answers_are_parameters_of_the_flow() -> None:
    fields = _list_fields(OPEN)
    answered = {
        "tier_of_code_1": "pro",
        "tier_map": {"both": ["free", "pro"]},
        "unknown_tiers": "as decided before",
        "inexact_markup": "round",
    }
    given = read_answers(answered, fields)
    assert given == {
        "tier_map": {"a|b": ["pro"], "both": ["free", "pro"]},
        "inexact_markup": "round",
    }
    assert Decisions.model_validate(given)
    assert read_answers({}, fields) == {}


def test_what_answers_cannot_mend_is_not_asked() -> None:
    assert compose_questions(None) is None
    assert compose_questions({**OPEN, "undecided": []}) is None
    assert compose_questions({**OPEN, "obstacles": ["a view of that name"]}) is None


def test_a_run_of_a_schedule_waits_as_long_as_its_own_setting_says(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    by_hand = FlowRun(flow_id=uuid4())
    by_schedule = FlowRun(flow_id=uuid4(), auto_scheduled=True)
    assert (choose_patience(by_hand), choose_patience(by_schedule)) == (86_400, 0)
    monkeypatch.setenv("TIERFLOW_DECISION_WAIT", "0")
    monkeypatch.setenv("TIERFLOW_DECISION_WAIT_SCHEDULED", "60")
    assert (choose_patience(by_hand), choose_patience(by_schedule)) == (0, 60)


@pytest.mark.timeout(600)
@pytest.mark.parametrize("server", ["pg18"], indirect=True)
def test_a_decision_is_answered_in_the_suspended_run_after_a_restart_of_serve(
    shop: Database, home: Path, tmp_path: Path, page: Page
) -> None:
    port, before = free_port(), shop.dump()
    with serve(shop.dsn, home, tmp_path / "1.log", port=port) as served:
        run_id = served.start("migrate")

        def suspended() -> bool:
            return served.ask(f"/flow_runs/{run_id}")["state"]["type"] == "PAUSED"

        wait_for("suspended", suspended)
        assert shop.dump() == before
    with serve(shop.dsn, home, tmp_path / "2.log", port=port, TIERFLOW_DECISION_WAIT="3") as served:
        # nobody answers this one
        ended = served.await_end(served.start("dry-run"))
        assert ended["state"]["type"] == "FAILED"
        assert "never resumed" in ended["state"]["message"]
        assert shop.dump() == before

        ui = Ui(page, served, "v2")
        ui.open_run(run_id)
        expect(page.get_by_text("Suspended").first).to_be_visible()
        take_picture(page, "ui-suspended")
        ui.choose_action("Resume")
        dialog = page.get_by_role("dialog")
        expect(dialog.get_by_text("'trial' (95 models)")).to_be_visible()
        for code, (tier,) in DEMO_TIER_MAP.items():
            ui.choose(f"'{code}', held by", tier)
        take_picture(page, "ui-decision")
        dialog.get_by_role("button", name=re.compile("^(Resume|Submit)")).click()
        ended = served.await_end(run_id)
        assert ended["state"]["type"] == "COMPLETED", ended["state"]["message"]
    assert len(shop.grants()) == 860
    decided = shop.rows("SELECT decisions FROM tierflow.run WHERE mode = 'migrate'")[-1][
        "decisions"
    ]
    assert decided["tier_map"] == json.loads(json.dumps(DEMO_TIER_MAP))
