"""Render the pages of the data docs from stored results; nothing here needs Great Expectations.

Every text that comes from data is escaped, and a page refers to no other host: its style is inside.
"""

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from itertools import groupby
from typing import Any
from urllib.parse import quote

from jinja2 import Environment, PackageLoader, StrictUndefined

from expectations.observations import Observation, observe
from expectations.vocabulary import SUITES, SuiteWords, words_of


@dataclass(frozen=True)
class Page:
    """What one stored result of a suite says."""

    suite: str
    words: SuiteWords
    database: str
    run_name: str
    time: dt.datetime
    link: str
    judged_by: str
    observations: tuple[Observation, ...]

    @property
    def failed(self) -> tuple[Observation, ...]:
        """What does not hold."""
        return tuple(one for one in self.observations if not one.ok)

    @property
    def held(self) -> tuple[Observation, ...]:
        """What holds."""
        return tuple(one for one in self.observations if one.ok)

    @property
    def url(self) -> str:
        """The link as a URL, relative to the index."""
        return quote(self.link)

    @property
    def home(self) -> str:
        """The URL of the index, relative to this page."""
        return "../" * self.link.count("/") + "index.html"


def read_page(stored: Mapping[str, Any], link: str) -> Page:
    """Read a suite validation result as Great Expectations stores it."""
    meta = stored["meta"]
    run = meta["run_id"]
    suite = str(stored["suite_name"])
    return Page(
        suite=suite,
        words=words_of(suite),
        database=str(meta.get("database", "")),
        run_name=str(run["run_name"]),
        time=dt.datetime.fromisoformat(run["run_time"]).astimezone(dt.UTC),
        link=link,
        judged_by=f"Great Expectations {meta.get('great_expectations_version', '')}".strip(),
        observations=tuple(observe(suite, one) for one in stored["results"]),
    )


def render_page(page: Page) -> str:
    """Return the HTML of one result: what fails first, with its failing rows."""
    return _templates().get_template("validation.html.j2").render(page=page)


def render_index(pages: Sequence[Page]) -> str:
    """Return the HTML of the index: one block per run, the newest first."""
    places = {suite: place for place, suite in enumerate(SUITES)}

    def run_key(page: Page) -> tuple[dt.datetime, str, str]:
        return page.time, page.run_name, page.database

    newest = sorted(pages, key=run_key, reverse=True)
    runs = [
        sorted(run, key=lambda page: places.get(page.suite, len(places)))  # pyright: ignore[reportArgumentType, reportCallIssue]
        for _, run in groupby(newest, key=run_key)
    ]
    return _templates().get_template("index.html.j2").render(runs=runs)


def say_time(time: dt.datetime) -> str:
    """Return a moment as a person writes it."""
    return f"{time.day} {time:%B %Y, %H:%M:%S} UTC"


@cache
def _templates() -> Environment:
    templates = Environment(
        loader=PackageLoader("expectations", "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    templates.filters["say_time"] = say_time
    return templates
