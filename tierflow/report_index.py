"""The list of the reports in a folder: which run each is of, as the page itself says."""

import json
from collections.abc import Iterator
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

from tierflow.report import page_environment

# the page says what it is of in its first lines, before its styles
HEAD_CHARACTERS = 4096


class _Head(HTMLParser):
    """Finds the content of <meta name="tierflow-run">."""

    content: str | None = None

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        if tag == "meta" and given.get("name") == "tierflow-run":
            self.content = given.get("content")


def render_index(folder: Path) -> str:
    """Return the page that lists the reports of a folder, the newest first, and the data docs."""
    reports = sorted(_list_reports(folder), key=lambda report: report["started"], reverse=True)
    return page_environment().get_template("index.html.j2").render(reports=reports)


def _list_reports(folder: Path) -> Iterator[dict[str, Any]]:
    """Yield what each report is of: file, mode, title, tone, database, started (ISO), seconds.

    Of a page that does not say it, as those of earlier builds, only the file's name is known.
    """
    for path in folder.glob("*.html"):
        head = _Head()
        with path.open(encoding="utf-8", errors="replace") as page:
            head.feed(page.read(HEAD_CHARACTERS))
        told = json.loads(head.content) if head.content else {"started": ""}
        yield {**told, "file": path.name}
