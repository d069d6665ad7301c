"""Many migrations and rollbacks leave nothing behind: `./run endurance`, with few cycles."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

BENCH = Path(__file__).parents[2] / "bench" / "endurance.py"


@pytest.mark.slow
def test_thirty_migrations_and_rollbacks_leave_no_growth() -> None:
    done = subprocess.run(
        [sys.executable, BENCH, "--cycles", "30", "--every", "10", "--json"],
        capture_output=True,
        check=False,
        text=True,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    told = json.loads(done.stdout)
    assert [look["cycles"] for look in told["looks"]] == [10, 20, 30]
    assert told["grown"] == []
