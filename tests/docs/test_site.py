"""The site builds, is up to date with the code, and loads nothing from elsewhere."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from html.parser import HTMLParser
from pathlib import Path

import pytest
from playwright.sync_api import sync_playwright

from pages.__main__ import DOCS, ROOT, SITE, render_generated
from pages.marked import replace_parts

LOADING = {"script": "src", "img": "src", "link": "href", "iframe": "src", "source": "src"}
CHROMIUM = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "chrome"))), None)


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """The site as `./run docs` builds it, in a folder of this test's own."""
    folder = tmp_path_factory.mktemp("site")
    done = subprocess.run(
        [sys.executable, "-m", *SITE, "--site-dir", folder],
        cwd=ROOT, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    yield folder


class Loads(HTMLParser):
    """What a page loads when it is opened."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found += [value or "" for name, value in attrs if name == LOADING.get(tag)]


@pytest.mark.parametrize("path", render_generated(), ids=lambda path: path.name)
def test_what_is_generated_is_what_the_code_says_now(path: Path) -> None:
    assert path.read_text(encoding="utf-8") == render_generated()[path], "type ./run docs"


def test_no_page_of_the_site_loads_anything_from_the_internet(site: Path) -> None:
    pages = sorted(site.rglob("*.html"))
    assert {page.stem for page in pages} >= {page.stem for page in DOCS.glob("*.md")}
    for page in pages:
        loads = Loads()
        loads.feed(page.read_text(encoding="utf-8"))
        assert [url for url in loads.found if re.match(r"https?:|//", url)] == [], page.name
    for style in site.rglob("*.css"):
        assert not re.search(r"(url\(|@import)\s*['\"]?(https?:|//)", style.read_text()), style


@pytest.mark.skipif(CHROMIUM is None, reason="needs Chromium")
def test_a_browser_opens_and_searches_the_site_from_a_folder_without_a_network(site: Path) -> None:
    asked: list[str] = []
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        page = browser.new_page()
        page.on("request", lambda request: asked.append(request.url))
        for file in sorted(site.glob("*.html")):
            page.goto(file.as_uri())
        page.goto((site / "index.html").as_uri())
        # the index is read when somebody comes to the field; what is typed before is lost
        page.click("[name=query]")
        ready = page.locator(".md-search-result__meta", has_text="Type to start searching")
        ready.wait_for(state="attached")
        page.keyboard.type("quarantine")
        page.wait_for_selector(".md-search-result__item >> text=Reasons in the quarantine")
        browser.close()
    assert [url for url in asked if not url.startswith(("file:", "data:", "blob:"))] == []


def test_every_picture_of_the_pages_is_there_and_every_picture_there_is_shown() -> None:
    used: set[Path] = set()
    for page in (ROOT / "README.md", *DOCS.glob("*.md")):
        for link in re.findall(r"!\[[^\]]+\]\(([^)]+)\)", page.read_text(encoding="utf-8")):
            used.add((page.parent / link).resolve())
    assert used == {path.resolve() for path in (DOCS / "images").iterdir()}


def test_a_page_without_a_part_that_the_code_has_is_refused() -> None:
    page = "before\n<!-- generated: one (./run docs) -->\nold\n<!-- end: one -->\nafter\n"
    begin, end = "<!-- generated: one (./run docs) -->", "<!-- end: one -->"
    assert replace_parts(page, {"one": "new"}) == f"before\n{begin}\n\nnew\n\n{end}\nafter\n"
    with pytest.raises(KeyError, match="no part two"):
        replace_parts(page, {"one": "new", "two": "newer"})
