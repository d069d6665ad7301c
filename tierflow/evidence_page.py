"""The opening page of an evidence pack: what the run did, what is in the pack, how to verify it."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from tierflow.report import page_environment
from tierflow.report_words import OUTCOMES, Outcome


class File(NamedTuple):
    """One file of the pack; `link` is where the page leads, `said` what it is in a few words."""

    name: str
    said: str
    size: int
    sha256: str


class Input(NamedTuple):
    """One input of the run: its hash, and as of when."""

    name: str
    as_of: str
    sha256: str
    note: str = ""


class Version(NamedTuple):
    """One part that worked on the run; None: the run did not record it."""

    name: str
    at_run: str | None
    at_packing: str


@dataclasses.dataclass(frozen=True)
class EvidencePage:
    """Everything that the page shows, as plain data."""

    run: Mapping[str, Any]
    result: Mapping[str, Any]
    database: str
    started: str
    packed: str
    server_version: str
    checks: Sequence[Mapping[str, Any]]
    parity: Mapping[str, Any] | None
    locks: str
    files: Sequence[File]
    more_files: int
    inputs: Sequence[Input]
    source_command: str
    definitions: str
    versions: Sequence[Version]
    missing: Sequence[tuple[str, str]]


def render_evidence(page: EvidencePage) -> bytes:
    """Return the HTML of the page. Writes nothing."""
    outcome = str(page.run["outcome"] or "interrupted")
    words = OUTCOMES.get(outcome, Outcome("info", "i", outcome, "", finished=False))
    failed = sum(not check["ok"] for check in page.checks)
    template = page_environment().get_template("evidence.html.j2")
    text = template.render(page=page, words=words, failed=failed, list_limit=len(page.files))
    return (text.strip() + "\n").encode(errors="backslashreplace")
