"""A real browser that can reach this machine only, and Prefect's two UIs in it."""

from __future__ import annotations

import contextlib
import dataclasses
import json
import os
import re
import shutil
import socketserver
import threading
from collections.abc import Generator
from pathlib import Path
from typing import Any, Literal

import pytest
from playwright.sync_api import Browser, Page, ProxySettings, sync_playwright
from playwright.sync_api import TimeoutError as PageTimeout

from support.serving import Served, wait_for

CHROMIUM = next(
    filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome", "chrome"))),
    None,
)
# what Chromium asks its maker by itself, whatever the page is
QUIET = ("--disable-background-networking", "--disable-features=AutofillServerCommunication")
Version = Literal["v1", "v2"]


class _Outside(socketserver.StreamRequestHandler):
    """Note what is asked of other hosts, and answer nothing."""

    server: Outside  # pyright: ignore[reportIncompatibleVariableOverride]

    def handle(self) -> None:
        asked = self.rfile.readline(4096).decode(errors="replace").split()
        self.server.asked.append(" ".join(asked[:2]))


class Outside(socketserver.ThreadingTCPServer):
    """All the world but this machine: the proxy of a browser, which keeps what it is asked for."""

    daemon_threads = True

    def __init__(self) -> None:
        self.asked: list[str] = []
        super().__init__(("127.0.0.1", 0), _Outside)

    @property
    def proxy(self) -> ProxySettings:
        """What a browser is told, so that each request but those to this machine comes here."""
        return {"server": f"http://127.0.0.1:{self.server_address[1]}", "bypass": "127.0.0.1"}


@contextlib.contextmanager
def outside() -> Generator[Outside]:
    """Be the world outside until the end."""
    with Outside() as server:
        threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
        try:
            yield server
        finally:
            server.shutdown()


@contextlib.contextmanager
def open_browser() -> Generator[Browser]:
    """Open Chromium; skip the test where there is none."""
    if CHROMIUM is None:
        pytest.skip("no chromium on PATH to open the pages with")
    with sync_playwright() as playwright:
        running = playwright.chromium.launch(
            executable_path=CHROMIUM,
            args=[*QUIET, "--no-sandbox", "--disable-gpu"],
        )
        yield running
        running.close()


def take_picture(page: Page, name: str) -> None:
    """Keep what the page shows in the folder SCREENSHOTS, where that is set, wide and narrow."""
    if folder := os.environ.get("SCREENSHOTS"):
        for width, suffix in ((1280, ""), (390, "-narrow")):
            page.set_viewport_size({"width": width, "height": 900})
            page.wait_for_load_state("networkidle")
            page.screenshot(path=Path(folder) / f"{name}{suffix}.png")
        page.set_viewport_size({"width": 1280, "height": 900})


@dataclasses.dataclass(frozen=True)
class Ui:
    """One of Prefect's two UIs, as somebody sees it who has been told of nothing."""

    page: Page
    served: Served
    version: Version

    @property
    def url(self) -> str:
        return self.served.url + ("/v2" if self.version == "v2" else "")

    def open_deployment(self, deployment: str) -> None:
        """Open the page of a deployment, from the list of them."""
        self.page.goto(f"{self.url}/deployments")
        links = self.page.locator("a[href*='/deployments/deployment/']")
        links.filter(has_text=re.compile(f"^{deployment}$")).first.click()
        self.page.wait_for_url("**/deployments/deployment/*")

    def open_form(self, deployment: str) -> None:
        """Open the form of a deployment: its page, Run, Custom run."""
        page = self.page
        self.open_deployment(deployment)
        page.get_by_role("button", name="Run", exact=True).click()
        page.get_by_text("Custom run").click()
        page.get_by_role("button", name="Submit").wait_for()

    def fill_tier_map(self, tier_map: dict[str, list[str]]) -> None:
        """Write the tier map into its field of the form."""
        text = json.dumps(tier_map, indent=2)
        if self.version == "v1":
            field = self.page.locator(".schema-form-property", has_text="Tier map")
            field.locator("textarea").fill(text)
        else:
            self.page.locator(".cm-content").first.fill(text)

    def choose(self, field: str, word: str) -> None:
        """Choose a word from the list of a field (V2)."""
        self.page.get_by_role("button", name=re.compile(f"^Select {field}")).click()
        self.page.get_by_role("option", name=word, exact=True).click()

    def open_run(self, run_id: str) -> None:
        """Open the page of a run."""
        self.page.goto(f"{self.url}/runs/flow-run/{run_id}")

    def choose_action(self, action: str) -> None:
        """Choose from the menu of the page (V2)."""
        self.page.get_by_role("button", name="Open menu").first.click()
        self.page.get_by_role("menuitem", name=action, exact=True).click()

    def submit(self) -> str:
        """Press Submit, again where a busy server refused the run; return the run's id."""
        answers: list[Any] = []

        def accepted() -> bool:
            try:
                with self.page.expect_response("**/create_flow_run") as answer:
                    self.page.get_by_role("button", name="Submit").click()
            except PageTimeout:
                return False
            answers.append(answer.value)
            return answer.value.ok

        wait_for("a run accepted by the server", accepted)
        return str(answers[-1].json()["id"])
