"""The data docs work in a browser that has no network."""

import re
import shutil
from collections.abc import Iterator
from pathlib import Path

import pandas as pd
import pytest
from playwright.sync_api import Browser, Page, Route, expect, sync_playwright

from expectations.vocabulary import ORPHAN_CHECKS

CHROMIUM = next(
    filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome", "chrome"))),
    None,
)
MISSING = "grants missing (in the JSONB, not in the table)"
SAMPLE = "6f1c2d3e-0000-4000-8000-000000000007,<script>alert(1)</script>"


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the folder of a site with one run that passes and, later, one that fails."""
    from expectations.judge import build_data_docs, judge

    folder = tmp_path_factory.mktemp("docs")
    good = pd.DataFrame({"check": list(ORPHAN_CHECKS), "rows": 0, "sample": ""})
    bad = good.assign(
        rows=(good["check"] == MISSING) * 2, sample=good["check"].map({MISSING: SAMPLE}).fillna("")
    )
    schema = pd.DataFrame(
        {
            "object": ["a"],
            "kind": ["table"],
            "ok": [True],
            "found": ["table"],
            "expected": ["table"],
        }
    )
    for run_name, frame in (("shop migrate", good), ("shop verify", bad)):
        judge(
            {"orphans": frame, "schema": schema},
            docs_folder=folder,
            database="shop",
            run_name=run_name,
            min_coverage=0.8,
        )
    return build_data_docs(folder).parent


def test_no_page_refers_to_another_host(site: Path) -> None:
    pages = list(site.rglob("*.html"))
    assert len(pages) == 5
    assert {path.suffix for path in site.rglob("*") if path.is_file()} == {".html", ".json"}
    for page in pages:
        text = page.read_text()
        assert not re.findall(r"https?:|//\w|@import|<script|url\(", text), page
        for link in re.findall(r'(?:href|src)="([^"]*)"', text):
            assert link == "data:," or link.endswith(".html"), (page, link)


def test_no_page_names_a_folder_of_this_machine(site: Path) -> None:
    for file in site.rglob("*"):
        if file.is_file():
            assert str(Path(__file__).parents[2]) not in file.read_text(), file


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    if CHROMIUM is None:
        pytest.skip("no chromium on PATH to open the data docs with")
    with sync_playwright() as playwright:
        running = playwright.chromium.launch(
            executable_path=CHROMIUM,
            headless=True,
            args=["--no-sandbox", "--disable-gpu", "--disable-background-networking"],
        )
        yield running
        running.close()


@pytest.fixture
def refused() -> list[str]:
    """The requests that left the site."""
    return []


@pytest.fixture(params=[1280, 390])
def page(browser: Browser, refused: list[str], request: pytest.FixtureRequest) -> Iterator[Page]:
    context = browser.new_context(viewport={"width": request.param, "height": 800})

    def only_files(route: Route) -> None:
        if route.request.url.startswith(("file:", "data:")):
            route.continue_()
        else:
            refused.append(route.request.url)
            route.abort()

    context.route("**/*", only_files)
    yield context.new_page()
    context.close()


def test_a_reader_gets_from_the_index_to_the_failing_rows(
    site: Path, page: Page, refused: list[str]
) -> None:
    page.goto((site / "index.html").as_uri())
    runs = page.locator("section.run")
    expect(runs).to_have_count(2)
    expect(runs.nth(0)).to_contain_text("shop verify")
    expect(runs.nth(0).locator(".badge")).to_have_text("Failed")
    expect(runs.nth(1)).to_contain_text("shop migrate")
    expect(runs.nth(1).locator(".badge")).to_have_text("Passed")
    expect(runs.nth(0)).to_contain_text(re.compile(r"\d+ \w+ \d{4}, \d\d:\d\d:\d\d UTC"))
    assert fits(page)

    runs.nth(0).get_by_role("link", name="Orphans and drift").click()
    expect(page.get_by_role("heading", name="Orphans and drift")).to_be_visible()
    rule = page.locator("section.rule")
    expect(rule).to_have_count(1)
    expect(rule.get_by_role("heading", name="No grant of the JSONB is missing")).to_be_visible()
    expect(rule.locator(".observed")).to_have_text("found 2")
    expect(rule.get_by_text("6f1c2d3e-0000-4000-8000-000000000007")).to_be_visible()
    expect(rule).to_contain_text("<script>alert(1)</script>")
    expect(page.locator("ul.held li")).to_have_count(9)
    assert fits(page)

    page.get_by_role("link", name="All runs").click()
    expect(runs).to_have_count(2)
    assert refused == []


def test_a_passing_page_lists_what_held(site: Path, page: Page, refused: list[str]) -> None:
    page.goto((site / "index.html").as_uri())
    page.locator("section.run").nth(1).get_by_role("link", name="Orphans and drift").click()
    expect(page.locator(".badge")).to_have_text("Passed")
    expect(page.locator("section.rule")).to_have_count(0)
    held = page.locator("ul.held li", has_text="No grant of the JSONB is missing")
    expect(held).to_contain_text("none found")
    assert fits(page)
    assert refused == []


def fits(page: Page) -> bool:
    """Tell whether the page needs no sideways scrolling."""
    return page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")
