"""`tierflow serve` as its user meets it: a real Prefect server, its UI in a real browser.

`SCREENSHOTS=docs/images ./run test tests/flows/test_serve.py` takes the pictures of the docs anew.
"""

from __future__ import annotations

import contextlib
import json
import os
import re
import shutil
import signal
from collections.abc import Callable
from pathlib import Path

import httpx
import pytest
from playwright.sync_api import Page, expect
from playwright.sync_api import TimeoutError as PageTimeout
from support.database import Database, Told
from support.serving import PATIENCE, Served, wait_for

from tierflow.demo.dataset import DEMO_TIER_MAP

CHROMIUM = next(
    filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome", "chrome"))),
    None,
)
SECRET = "s3cret-of-the-dsn"
TIER_MAP = {code: list(tiers) for code, tiers in DEMO_TIER_MAP.items()}
MARK = "SERVED_BY_THIS_TEST"  # in the environment of every process that serve starts

pytestmark = [
    pytest.mark.parametrize("server", ["pg18"], indirect=True),
    pytest.mark.timeout(600),
]


def _picture(page: Page, name: str) -> None:
    if folder := os.environ.get("SCREENSHOTS"):
        page.wait_for_load_state("networkidle")
        page.screenshot(path=Path(folder) / f"{name}.png")


def _submit(page: Page) -> None:
    """Press Submit, and again where a busy server refused the run or the form's validation."""

    def accepted() -> bool:
        try:
            with page.expect_response("**/create_flow_run") as answer:
                page.get_by_role("button", name="Submit").click()
        except PageTimeout:
            return False
        return answer.value.ok

    wait_for("a run accepted by the server", accepted)


def _open_run(served: Served, page: Page) -> str:
    """From a deployment's list of runs, open the newest; return its id."""
    page.wait_for_url("**/deployments/deployment/*?tab=Runs")
    begun = {"flow_runs": {"state": {"type": {"any_": ["RUNNING"]}}}}
    wait_for("running", lambda: served.ask("/flow_runs/filter", begun))
    page.reload()  # the list has no run that has not begun, and looks again after 30 s only
    page.locator("a[href*='/runs/flow-run/']").first.click()
    page.wait_for_url("**/runs/flow-run/*")
    return page.url.partition("/flow-run/")[2].partition("?")[0]


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
    served: Served, shop: Database, page: Page
) -> None:
    page.goto(f"{served.url}/deployments")
    link = page.locator("a[href*='/deployments/deployment/']", has_text=re.compile("^migrate$"))
    link.first.click()
    page.wait_for_url("**/deployments/deployment/*")
    page.get_by_role("button", name="Run", exact=True).click()
    page.get_by_text("Custom run").click()
    field = page.locator(".schema-form-property", has_text="Tier map")
    field.locator("textarea").fill(json.dumps(TIER_MAP, indent=2))
    _picture(page, "ui-form")
    _submit(page)
    run_id = _open_run(served, page)
    expect(page.get_by_text("Completed", exact=True).first).to_be_visible(timeout=PATIENCE * 1000)
    assert len(shop.grants()) == 860
    page.reload()
    expect(page.get_by_text(re.compile("^/? ?migrate shop")).first).to_be_visible()
    expect(page.get_by_text(re.compile("^Step publish is done"))).to_be_visible()
    _picture(page, "ui-run")

    made = served.artifacts(run_id)
    assert made["progress"]["data"] == 100
    assert made["load"]["description"].endswith("rows done, about 0 s left")
    assert [row["result"] for row in json.loads(made["checks"]["data"])] == ["passed"] * 8
    page.get_by_role("tab", name="Artifacts").or_(page.get_by_text("Artifacts")).first.click()
    page.get_by_role("link", name=re.compile("summary-shop")).first.click()
    page.wait_for_url("**/artifacts/**")
    expect(page.get_by_text("957 source elements = 860 migrated")).to_be_visible()
    _picture(page, "ui-artifact")
    for link, heading in (("Report", "Published"), ("Data docs", "")):
        page.goto(str(page.get_by_role("link", name=link, exact=True).get_attribute("href")))
        expect(page.get_by_role("heading", name=heading).first).to_be_visible()
        expect(page.get_by_text("shop").first).to_be_visible()
        page.go_back()


def _read(path: Path) -> bytes:
    """Return the file, or nothing where the process has just ended."""
    with contextlib.suppress(OSError):
        return path.read_bytes()
    return b""


def test_a_saved_connection_is_shown_by_name_and_its_secret_nowhere(
    served: Served, page: Page
) -> None:
    page.goto(f"{served.url}/blocks")
    page.get_by_role("link", name="default", exact=True).click()
    expect(page.get_by_text("tierflow database").first).to_be_visible()
    expect(page.get_by_text("****").first).to_be_visible()
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
    served: Served, warehouse: Database, page: Page
) -> None:
    before = warehouse.dump()
    run_id = served.start("dry-run", database="warehouse")
    served.await_load(run_id)
    page.goto(f"{served.url}/runs/flow-run/{run_id}")
    page.get_by_role("button", name="Cancel", exact=True).click()
    page.locator("#p-modal-teleport-target .p-button--destructive").click()
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


def test_a_rollback_wants_the_name_of_the_database(served: Served, shop: Database) -> None:
    before = shop.dump()
    for typed in ({}, {"confirm": "warehouse"}):
        ended = served.await_end(served.start("rollback", **typed))
        assert ended["state"]["type"] == "FAILED"
        assert "'shop'" in ended["state"]["message"]
        assert shop.dump() == before
    ended = served.await_end(served.start("rollback", confirm="shop"))
    assert ended["state"]["type"] == "COMPLETED"
    assert shop.value("SELECT to_regclass('public.tier_model_access')") is None


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
