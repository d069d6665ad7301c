"""What takes long to import is imported by those alone who use it."""

from __future__ import annotations

import subprocess
import sys
from importlib.metadata import version
from pathlib import Path

import pytest
from typer.testing import CliRunner

from flows.cli import app

ROOT = Path(__file__).parents[2]
FLOWS = ("plan", "migrate", "verify", "reconcile", "rollback", "restore", "finalize", "rehearse")
JUDGED = ("results", "vocabulary", "observations", "pages", "judging", "suites")


@pytest.mark.parametrize(
    ("modules", "absent"),
    [
        (["flows.cli"], "pandas"),
        ([f"flows.{name}" for name in FLOWS], "prefect"),
        ([f"expectations.{name}" for name in JUDGED], "great_expectations"),
    ],
    ids=["help needs no pandas", "no server, no Prefect", "Great Expectations only to judge"],
)
def test_an_import_waits_for_nothing_that_it_does_not_use(modules: list[str], absent: str) -> None:
    script = f"import sys, {', '.join(modules)}; sys.exit({absent!r} in sys.modules)"
    subprocess.run([sys.executable, "-c", script], check=True, cwd=ROOT)


def test_the_version_is_that_of_the_package() -> None:
    told = CliRunner().invoke(app, ["--version"])
    assert (told.exit_code, told.stdout.strip()) == (0, f"tierflow {version('tierflow')}")
