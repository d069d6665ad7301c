"""Write docs/licences.md: what tierflow is made of when it runs, and under which licence.

./run licences. The names and versions are those of uv.lock, the licences what each installed
package says of itself.
"""

from __future__ import annotations

import sys
import tomllib
from collections.abc import Iterable
from email.message import Message
from importlib.metadata import PackageNotFoundError, metadata
from pathlib import Path
from typing import Any, cast

ROOT = Path(__file__).parents[1]
PAGE = ROOT / "docs" / "licences.md"
HEAD = """# Licences

tierflow is MIT. This is everything that `./run` installs with it (`./run licences` writes this page
anew; `./run sbom` the same as CycloneDX JSON, with the hashes).

| package | version | licence |
|---|---|---|
"""
# longer than this is the text of a licence, not its name
LONGEST = 60


def read_lock() -> dict[str, Any]:
    """Return the lock file's packages by name, the newest version of each."""
    packages = tomllib.loads((ROOT / "uv.lock").read_text(encoding="utf-8"))["package"]
    return {package["name"]: package for package in packages}


def list_runtime(packages: dict[str, Any]) -> list[str]:
    """Return the names of all that `./run` installs to run tierflow, in order."""
    embedded = [
        needed["name"] for needed in packages["tierflow"]["optional-dependencies"]["embedded"]
    ]
    found, todo = set(embedded), ["tierflow", *embedded]
    while todo:
        for needed in packages[todo.pop()].get("dependencies", ()):
            if needed["name"] not in found:
                found.add(needed["name"])
                todo.append(needed["name"])
    return sorted(found)


def find_licence(name: str) -> str | None:
    """Return the licence that an installed package names, None where it is not installed here."""
    try:
        told = cast(Message, metadata(name))  # with `get`, which its type does not have
    except PackageNotFoundError:
        return None  # for another system, or another Python
    if expression := told.get("License-Expression"):
        return str(expression)
    classifiers: Iterable[str] = told.get_all("Classifier") or ()
    said = [c.rpartition(" :: ")[2] for c in classifiers if c.startswith("License :: ")]
    named = [licence for licence in said if licence != "OSI Approved"]
    if named:
        return ", ".join(named)
    first = (str(told.get("License") or "").strip().splitlines() or ["unknown"])[0]
    return first if len(first) <= LONGEST else "unknown"


def render() -> str:
    """Return the page."""
    packages = read_lock()
    rows = [
        f"| {name} | {packages[name]['version']} | {licence} |"
        for name in list_runtime(packages)
        if (licence := find_licence(name)) is not None
    ]
    return HEAD + "\n".join(rows) + "\n"


if __name__ == "__main__":
    PAGE.write_text(render(), encoding="utf-8")
    sys.stdout.write(f"{PAGE}\n")
