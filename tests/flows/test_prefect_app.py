"""What we serve stays inside: the headers around Prefect's application, and what a browser does."""

from __future__ import annotations

import threading
from collections.abc import Generator
from contextlib import contextmanager

import uvicorn
from playwright.sync_api import Browser
from starlette.applications import Starlette
from starlette.responses import HTMLResponse
from starlette.types import ASGIApp
from support.browser import outside
from support.serving import free_port, wait_for

from flows.prefect_app import HEADERS
from flows.response_headers import WithHeaders

ELSEWHERE = "http://analytics.example"
LEAKS = {
    "an image": f"<img src='{ELSEWHERE}/image'>",
    "a style sheet": f"<link rel='stylesheet' href='{ELSEWHERE}/style'>",
    "a script": f"<script src='{ELSEWHERE}/script'></script>",
    "a frame": f"<iframe src='{ELSEWHERE}/frame'></iframe>",
    "a request of our own script": "<script src='/asks.js'></script>",
}


@contextmanager
def _run(app: ASGIApp) -> Generator[str]:
    server = uvicorn.Server(uvicorn.Config(app, port=free_port(), log_level="error"))
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    wait_for("the application", lambda: server.started)
    yield f"http://127.0.0.1:{server.config.port}"
    server.should_exit = True
    thread.join()


async def _page(request: object) -> HTMLResponse:
    return HTMLResponse(f"<title>leaks</title>{''.join(LEAKS.values())}")


async def _script(request: object) -> HTMLResponse:
    code = f"fetch('{ELSEWHERE}/fetch'); navigator.sendBeacon('{ELSEWHERE}/beacon')"
    return HTMLResponse(code, media_type="text/javascript")


def _make_leaky() -> Starlette:
    app = Starlette()
    app.add_route("/", _page)
    app.add_route("/asks.js", _script)
    return app


def _open(browser: Browser, app: ASGIApp) -> set[str]:
    """Return the paths that a browser asks another host for, when it opens the page."""
    with _run(app) as url, outside() as world:
        page = browser.new_page(proxy=world.proxy)
        page.goto(url, wait_until="networkidle")
        page.close()
        return {asked.rpartition("/")[2] for asked in world.asked if ELSEWHERE in asked}


def test_a_page_that_would_ask_another_host_for_anything_does_not_in_our_headers(
    browser: Browser,
) -> None:
    leaked = {"image", "style", "script", "frame", "fetch", "beacon"}
    assert _open(browser, _make_leaky()) == leaked
    assert _open(browser, WithHeaders(_make_leaky(), HEADERS)) == set()
