"""Whatever the database calls its models, tiers and providers: pages show it, and run nothing."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, sync_playwright
from support.database import Database, Told

from flows.files_server import files_server

CHROMIUM = next(
    filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome", "chrome"))),
    None,
)
HOSTILE = '"><script>window.owned=1</script><img src=x onerror="window.owned=1">'
TIER = "<script>window.owned=2</script>"
# where one of them would have come to life: the pages have no script and no such element
ALIVE = (
    """document.querySelectorAll('script, img[src="x"], [onerror]').length + (window.owned || 0)"""
)


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    if CHROMIUM is None:
        pytest.skip("no chromium on PATH to open the pages with")
    with sync_playwright() as playwright:
        running = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        yield running
        running.close()


@pytest.mark.parametrize("server", ["pg18"], indirect=True)
def test_a_model_that_is_called_a_script_is_text_on_every_page(
    database: Database, tierflow: Callable[..., Told], browser: Browser
) -> None:
    database.add_tiers("free", "tier")
    database.rows("UPDATE public.subscription_tiers SET tier_code = %s, tier_name = %s"
                  " WHERE id = 2", TIER, HOSTILE)  # fmt: skip
    database.add_model(f"bad {HOSTILE}", ["free", HOSTILE], {"free": HOSTILE}, provider=HOSTILE)
    database.add_model(f"good {HOSTILE}", ["free", TIER], {TIER: 1.5}, provider=HOSTILE)
    assert tierflow("plan").code == 2
    told = tierflow("migrate", "--unknown-tiers", "quarantine", "--malformed", "quarantine",
                    "--min-coverage", "0")  # fmt: skip
    assert told.code == 0, told.stderr
    database.past_sync("DELETE FROM public.tier_model_access WHERE tier_id = 2")
    assert tierflow("verify", "--detailed").code == 1

    seen = ""
    pages = [p.relative_to(database.home) for p in database.home.rglob("*.html")]
    assert {p.parts[0] for p in pages} == {"reports", "data_docs"}
    with files_server(database.home, 0) as url:
        page = browser.new_page()
        page.on("dialog", lambda dialog: pytest.fail(f"a page said {dialog.message}"))
        for path in ("", *map(Path.as_posix, pages)):
            page.goto(f"{url}/{path}")
            assert page.evaluate(ALIVE) == 0, path
            seen += page.locator("body").inner_text()
    for text in (f"bad {HOSTILE}", TIER, HOSTILE):
        assert text in seen
