"""What a check is: the text of its SQL and of its suite, by which an auditor knows it again."""

from __future__ import annotations

from pathlib import Path

from sql import FOLDER

SUITES = Path(__file__).parent / "suites"


def read_definitions() -> dict[str, bytes]:
    """Return the files that define the checks, by their paths in the project."""
    files = {f"sql/checks/{path.name}": path for path in FOLDER.glob("checks/*.sql")}
    files |= {f"expectations/suites/{path.name}": path for path in SUITES.glob("*.py")}
    return {name: files[name].read_bytes() for name in sorted(files)}
