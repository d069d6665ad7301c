"""The data docs of one run, as a small site of their own."""

from __future__ import annotations

import json
import re
from pathlib import Path

from expectations.pages import Page, read_page, render_index, render_page


def collect_run_docs(docs_folder: Path, run_id: str) -> dict[str, bytes]:
    """Return the pages and the stored results of a run, by their paths; {} when none are kept."""
    named = re.compile(rf"\b{re.escape(run_id[:8])}\b")
    files: dict[str, bytes] = {}
    pages: list[Page] = []
    results = docs_folder / "results"
    for path in sorted(results.rglob("*.json")):
        place = path.relative_to(results)
        if not any(named.search(part) for part in place.parts[:-1]):
            continue
        link = f"validations/{place.with_suffix('.html').as_posix()}"
        content = path.read_bytes()
        pages.append(read_page(json.loads(content), link))
        files[f"results/{place.as_posix()}"] = content
        files[link] = render_page(pages[-1]).encode()
    return {"index.html": render_index(pages).encode(), **files} if pages else {}
