"""`tierflow serve` as its user meets it: a real Prefect server, its UI in a real browser.

`SCREENSHOTS=docs/images ./run test tests/flows/test_serve.py` takes the pictures of the docs anew.
"""

from __future__ import annotations

import contextlib
import json
import os
import re
import signal
from collections.abc import Callable
from pathlib import Path

import httpx
import pytest
from playwright.sync_api import Page, expect
from support.browser import Ui, take_picture
from support.database import Database, Told
from support.serving import MARK, PATIENCE, Served, wait_for

from flows.deployments import DEPLOYMENTS
from tierflow.demo.dataset import DEMO_TIER_MAP

SECRET = "s3cret-of-the-dsn"  # conftest.py writes it into each connection string
TIER_MAP = {code: list(tiers) for code, tiers in DEMO_TIER_MAP.items()}
# the pages of V2 that lead to nothing of tierflow's, and could ask somebody else for a picture
OTHER_PAGES = (
    "dashboard", "runs", "flows", "work-pools", "blocks/catalog", "variables", "automations",
    "automations/create", "events", "concurrency-limits", "artifacts", "settings",
)  # fmt: skip

pytestmark = [
    pytest.mark.parametrize("server", ["pg18"], indirect=True),
    pytest.mark.timeout(600),
]


@pytest.fixture
def ui(page: Page, served: Served) -> Ui:
    return Ui(page, served, "v2")


def test_a_run_that_needs_a_decision_fails_with_the_tier_map_to_fill_in(
    served: Served, shop: Database
) -> None:
    before = shop.dump()
    run_id = served.start("dry-run")
    ended = served.await_end(run_id)
    assert ended["state"]["type"] == "FAILED"
    assert ended["name"].startswith("dry run shop ")
    assert "'trial'" in ended["state"]["message"]
    assert "Next:" in ended["state"]["message"]
    summary = str(served.artifacts(run_id)["summary"]["data"])
    block = re.search(r"```json\n(.*?)\n```", summary, re.DOTALL)
    assert block
    assert set(json.loads(block[1])) == set(TIER_MAP)
    assert "| trial | 95 |" in summary
    assert shop.dump() == before


def test_a_migration_is_filled_in_run_watched_and_read_in_the_browser(
    served: Served, shop: Database, ui: Ui
) -> None:
    page = ui.page
    ui.open_form("migrate")
    expect(page.get_by_text("Touches: adds the junction table")).to_be_visible()
    ui.fill_tier_map(TIER_MAP)
    ui.choose("Inexact markup", "round")
    take_picture(page, "ui-form")
    run_id = ui.submit()
    ui.open_run(run_id)
    expect(page.get_by_text("Completed", exact=True).first).to_be_visible(timeout=PATIENCE * 1000)
    assert len(shop.grants()) == 860
    assert served.ask(f"/flow_runs/{run_id}")["parameters"]["inexact_markup"] == "round"
    ui.open_run(run_id)
    expect(page.get_by_text(re.compile("^migrate shop")).first).to_be_visible()
    expect(page.get_by_text("Read 418 models").first).to_be_visible()  # the list is a window
    take_picture(page, "ui-run")

    made = served.artifacts(run_id)
    assert made["progress"]["data"] == 100
    assert made["load"]["description"].endswith("rows done, about 0 s left")
    assert [row["result"] for row in json.loads(made["checks"]["data"])] == ["passed"] * 8
    page.get_by_role("tab", name="Artifacts").click()
    progress = page.get_by_role("link", name=re.compile("progress-shop.*migrate: published"))
    expect(progress.first).to_be_visible()
    take_picture(page, "ui-artifacts")
    page.get_by_role("link", name=re.compile("summary-shop")).first.click()
    page.wait_for_url("**/artifacts/artifact/**")
    expect(page.get_by_text("Your data is safe:").first).to_be_visible()
    expect(page.get_by_text("957 source elements = 860 migrated").first).to_be_visible()
    take_picture(page, "ui-artifact")
    for link, heading in (("Report", "Published"), ("Data docs", "")):
        page.goto(str(page.get_by_role("link", name=link, exact=True).get_attribute("href")))
        expect(page.get_by_role("heading", name=heading).first).to_be_visible()
        expect(page.get_by_text("shop").first).to_be_visible()
        page.go_back()


def test_each_deployment_says_first_what_it_touches_and_what_it_leaves(ui: Ui) -> None:
    for deployment in DEPLOYMENTS:
        ui.open_deployment(deployment.name)
        ui.page.get_by_role("tab", name="Description").click()
        expect(ui.page.get_by_text("Touches:")).to_be_visible()
        expect(ui.page.get_by_text("Leaves:")).to_be_visible()
    take_picture(ui.page, "ui-deployment")


def test_no_page_of_the_ui_or_of_the_api_asks_another_host(ui: Ui, served: Served) -> None:
    for path in (*OTHER_PAGES, "deployments", "blocks"):
        ui.page.goto(f"{ui.url}/{path}", wait_until="networkidle")
        expect(ui.page.get_by_role("link", name="Deployments").first).to_be_attached()
        take_picture(ui.page, f"ui-{path.replace('/', '-')}")
    for path in ("docs", "redoc"):
        ui.page.goto(f"{served.url}/{path}", wait_until="networkidle")


def test_the_old_ui_still_shows_a_run_as_long_as_prefect_has_it(served: Served, page: Page) -> None:
    ended = {"flow_runs": {"state": {"type": {"any_": ["FAILED", "COMPLETED"]}}}, "limit": 1}
    run = served.ask("/flow_runs/filter", ended)[0]
    page.goto(f"{served.url}/runs/flow-run/{run['id']}")
    patience = PATIENCE * 1000
    expect(page.get_by_text(run["name"]).first).to_be_visible(timeout=patience)
    page.get_by_text("Artifacts", exact=True).first.click()
    expect(page.get_by_text(re.compile("^summary-")).first).to_be_visible(timeout=patience)


def _read(path: Path) -> bytes:
    """Return the file, or nothing where the process has just ended."""
    with contextlib.suppress(OSError):
        return path.read_bytes()
    return b""


def test_a_saved_connection_is_shown_by_name_and_its_secret_nowhere(
    served: Served, page: Page
) -> None:
    page.goto(f"{served.url}/v2/blocks")
    page.get_by_role("link", name="default", exact=True).click()
    expect(page.get_by_text("tierflow database").first).to_be_visible()
    expect(page.get_by_text("****").first).to_be_visible()
    take_picture(page, "ui-block")
    told = [page.content(), served.log.read_text()]
    kinds = ("flow_runs", "logs", "artifacts", "deployments", "block_documents", "task_runs")
    told += [json.dumps(served.ask(f"/{kind}/filter", {})) for kind in kinds]
    told += [path.read_text() for path in (served.home / "reports").glob("*.html")]
    assert len(told) >= 8
    assert not [text for text in told if SECRET in text]
    # what Prefect keeps on disk too: its database has the string encrypted
    kept = {path: path.read_bytes() for path in served.home.rglob("*") if path.is_file()}
    assert any(path.name == "prefect.db" for path in kept)
    assert not [path for path, content in kept.items() if SECRET.encode() in content]
    shown = [_read(process / "cmdline") for process in Path("/proc").glob("[0-9]*")]
    assert not [line for line in shown if SECRET.encode() in line]


@pytest.mark.slow
def test_a_dry_run_that_is_cancelled_in_the_browser_leaves_the_database_untouched(
    served: Served, warehouse: Database, ui: Ui
) -> None:
    before = warehouse.dump()
    run_id = served.start("dry-run", database="warehouse")
    served.await_load(run_id)
    ui.open_run(run_id)
    ui.choose_action("Cancel")
    ui.page.get_by_role("button", name="Cancel Flow Run").click()
    ended = served.await_end(run_id)
    assert ended["state"]["type"] == "CANCELLED"
    assert "Interrupted" in served.artifacts(run_id)["summary"]["data"]
    assert warehouse.dump() == before


@pytest.mark.slow
def test_a_migration_that_is_cancelled_goes_on_where_it_stopped(
    served: Served,
    warehouse: Database,
    monkeypatch: pytest.MonkeyPatch,
    tierflow: Callable[..., Told],
) -> None:
    run_id = served.start("migrate", database="warehouse")
    served.await_load(run_id)
    served.ask(f"/flow_runs/{run_id}/set_state", {"state": {"type": "CANCELLING"}})
    assert served.await_end(run_id)["state"]["type"] == "CANCELLED"
    loaded = warehouse.value("SELECT count(*) FROM tierflow.chunk WHERE loaded IS NOT NULL")
    assert 0 < loaded < 60
    assert warehouse.value("SELECT to_regclass('public.tier_model_access')") is None
    monkeypatch.setenv("TIERFLOW_DSN", warehouse.dsn)
    monkeypatch.setenv("TIERFLOW_HOME", str(served.home))
    told = tierflow("migrate", "--yes")
    # not its outcome: on a busy machine the check of the query times may fail
    assert warehouse.value("SELECT count(*) FROM public.tier_model_access") == 6_000
    steps = {step["name"]: step["rows"] for step in told.value["steps"]}
    assert steps["load chunk"] < 6_000


@pytest.mark.slow
def test_a_scheduled_rehearsal_is_fired_by_its_cron_and_only_reads(
    served: Served, warehouse: Database
) -> None:
    before = warehouse.dump()
    deployment = next(d for d in served.ask("/deployments/filter", {}) if d["name"] == "rehearse")
    schedule = {
        "active": True,
        "schedule": {"cron": "* * * * *"},
        "parameters": {"database": "warehouse"},
    }
    made = served.ask(f"/deployments/{deployment['id']}/schedules", [schedule])
    try:

        def fired() -> str | None:
            runs = served.ask(
                "/flow_runs/filter",
                {"deployments": {"id": {"any_": [deployment["id"]]}}, "sort": "START_TIME_ASC"},
            )
            ours = [r for r in runs if r["parameters"].get("database") == "warehouse"]
            started = [r["id"] for r in ours if r["auto_scheduled"] and r["start_time"]]
            return started[0] if started else None

        run_id = wait_for("fired by its cron", fired)
    finally:
        for one in made:
            httpx.delete(f"{served.url}/api/deployments/{deployment['id']}/schedules/{one['id']}")
    ended = served.await_end(run_id)
    assert ended["state"]["type"] == "COMPLETED", ended["state"]["message"]
    assert warehouse.dump() == before


def test_a_rollback_wants_the_name_of_the_database(served: Served, shop: Database, ui: Ui) -> None:
    before = shop.dump()
    for typed in ("", "warehouse"):
        ended = served.await_end(_roll_back(ui, typed))
        assert ended["state"]["type"] == "FAILED"
        assert "'shop'" in ended["state"]["message"]
        assert shop.dump() == before
    ended = served.await_end(_roll_back(ui, "shop"))
    assert ended["state"]["type"] == "COMPLETED"
    assert shop.value("SELECT to_regclass('public.tier_model_access')") is None


def _roll_back(ui: Ui, typed: str) -> str:
    ui.open_form("rollback")
    if typed:
        ui.page.get_by_role("textbox", name="Confirm").fill(typed)
    take_picture(ui.page, "ui-rollback")
    return ui.submit()


def test_a_saved_connection_that_does_not_exist_is_named(served: Served) -> None:
    ended = served.await_end(served.start("verify", database="nowhere"))
    assert ended["state"]["type"] == "FAILED"
    assert "no saved connection 'nowhere'" in ended["state"]["message"]


def _list_processes(home: Path) -> set[str]:
    """Return the command lines of all processes that came from this serve."""
    mark, found = os.fsencode(f"{MARK}={home}"), set[str]()
    for entry in Path("/proc").glob("[0-9]*"):
        try:
            if mark in (entry / "environ").read_bytes():
                found.add((entry / "cmdline").read_bytes().replace(b"\0", b" ").decode())
        except OSError:
            continue
    return found


@pytest.mark.skipif(not Path("/proc/self/environ").exists(), reason="needs Linux's /proc")
def test_ctrl_c_stops_everything_also_a_run_that_is_under_way(served: Served) -> None:
    run_id = served.start("dry-run", database="warehouse")
    wait_for("running", lambda: served.ask(f"/flow_runs/{run_id}")["state"]["type"] == "RUNNING")
    assert len(_list_processes(served.home)) >= 3
    os.killpg(served.process.pid, signal.SIGINT)
    assert served.process.wait(60) == 0, served.log.read_text()
    wait_for("all gone", lambda: not _list_processes(served.home))
