"""No form decides what nobody touched: it gives a flow what the bare command line gives it."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page, Route
from support.browser import Ui
from support.database import Database, Told
from support.serving import Served
from typer.testing import CliRunner

from flows.cli import app
from flows.commands import checking, going_back, moving
from flows.deployments import DEPLOYMENTS, Deployment, load_flow
from tierflow.demo.dataset import DEMO_TIER_MAP

# each deployment's command with nothing but what must be said
COMMANDS = {
    "migrate": ["migrate", "--yes"],
    "dry-run": ["migrate", "--dry-run"],
    "verify": ["verify"],
    "rehearse": ["rehearse"],
    "rollback": ["rollback", "--yes"],
    "finalize": ["finalize"],
}
TIER_MAP = {code: list(tiers) for code, tiers in DEMO_TIER_MAP.items()}
DECISIONS = "SELECT decisions FROM tierflow.run WHERE mode = 'migrate' ORDER BY started DESC"

pytestmark = [
    pytest.mark.parametrize("server", ["pg18"], indirect=True),
    pytest.mark.timeout(600),
]


@pytest.fixture(params=["v2", pytest.param("v1", marks=pytest.mark.slow)])
def ui(request: pytest.FixtureRequest, page: Page, served: Served) -> Ui:
    return Ui(page, served, request.param)


def _give(entrypoint: str, given: dict[str, Any]) -> dict[str, Any]:
    """Return what the body of a flow is given, without what is not said."""
    flow = load_flow(entrypoint)
    values = flow.validate_parameters(given)
    return {name: value for name, value in values.items() if value not in (None, {}, "public")}


def _call(arguments: list[str], monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    """Return what a command gives to its flow."""
    given: dict[str, Any] = {}

    def flow(**values: Any) -> dict[str, Any]:
        given.update(values)
        return {}

    def import_flow(*_: object, **__: object) -> Callable[..., dict[str, Any]]:
        return flow

    with monkeypatch.context() as patched:
        for commands in (moving, checking, going_back):
            patched.setattr(commands, "import_flow", import_flow)
        CliRunner().invoke(app, [*arguments, "--json"])
    assert given
    return given


@pytest.mark.parametrize("deployment", DEPLOYMENTS, ids=lambda deployment: deployment.name)
def test_an_untouched_form_gives_a_flow_what_the_bare_command_gives_it(
    deployment: Deployment, ui: Ui, served: Served, monkeypatch: pytest.MonkeyPatch
) -> None:
    ui.page.route("**/create_flow_run", _put_off)
    ui.open_form(deployment.name)
    made = served.ask(f"/flow_runs/{ui.submit()}")["parameters"]
    by_form = _give(deployment.entrypoint, made)
    assert by_form.pop("database") == "default"
    assert by_form == _give(deployment.entrypoint, _call(COMMANDS[deployment.name], monkeypatch))


def _put_off(route: Route) -> None:
    """Let the server take the run as the form made it, for a day that never comes."""
    body = route.request.post_data_json
    assert body
    body["state"]["state_details"]["scheduled_time"] = "2999-01-01T00:00:00Z"
    route.continue_(post_data=json.dumps(body))


@pytest.fixture
def stores(
    shop: Database, served: Served, monkeypatch: pytest.MonkeyPatch, tierflow: Callable[..., Told]
) -> Callable[..., Any]:
    """Call a command on the shop; return the decisions that are stored then."""
    monkeypatch.setenv("TIERFLOW_DSN", shop.dsn)
    monkeypatch.setenv("TIERFLOW_HOME", str(served.home))

    def call(*arguments: str) -> Any:
        told = tierflow(*arguments)
        assert told.code == 0, told.stderr
        return shop.rows(DECISIONS)[0]["decisions"]

    return call


@pytest.mark.slow
def test_with_the_tier_map_alone_a_form_decides_what_the_command_line_decides(
    ui: Ui, served: Served, shop: Database, stores: Callable[..., Any], tmp_path: Path
) -> None:
    config = tmp_path / "tierflow.toml"
    lines = [f"{json.dumps(code)} = {json.dumps(tiers)}" for code, tiers in TIER_MAP.items()]
    config.write_text("\n".join(["[tier_map]", *lines]))
    try:
        by_command = stores("migrate", "--yes", "--config", str(config))
    finally:
        stores("rollback", "--yes")
    ui.open_form("migrate")
    ui.fill_tier_map(TIER_MAP)
    try:
        ended = served.await_end(ui.submit())
        assert ended["state"]["type"] == "COMPLETED", ended["state"]["message"]
        assert shop.rows(DECISIONS)[0]["decisions"] == by_command
    finally:
        stores("rollback", "--yes")


def test_an_untouched_form_keeps_what_the_run_before_decided(
    ui: Ui, served: Served, shop: Database, stores: Callable[..., Any]
) -> None:
    options = [f"--tier-map={code}={','.join(tiers)}" for code, tiers in TIER_MAP.items()]
    decided = stores("migrate", "--yes", *options, "--backup-columns", "--malformed=quarantine",
                     "--inexact-markup=round", "--min-coverage=0.5")  # fmt: skip
    assert decided["backup_columns"] is True
    try:
        ui.open_form("migrate")
        ended = served.await_end(ui.submit())
        assert ended["state"]["type"] == "COMPLETED", ended["state"]["message"]
        assert shop.rows(DECISIONS)[0]["decisions"] == decided
    finally:
        stores("rollback", "--yes")
