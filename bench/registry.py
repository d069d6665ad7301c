"""Who competes: each contender is a command that ends in the same junction table."""

from __future__ import annotations

import sys
from pathlib import Path

from bench.place import Place
from bench.statements import FOLDER

# -P: a folder of the caller's that is called `sql` or `bench` is not ours
PYTHON = (sys.executable, "-P", "-m")
TIERFLOW = (*PYTHON, "flows.cli")
SCRIPTS = ("classic", "hand_optimised")
MODULES = ("limit", "to_sql", "dlt", "row_by_row")
WHAT = {
    "tierflow": "tierflow migrate with its way back; its backup columns aside",
    "classic": "indexes and keys first, then INSERT with CROSS JOIN and @>",
    "hand_optimised": "one session: bare table, INSERT of the exploded arrays, indexes, keys",
    "limit": "COPY of a ready, sorted file, then indexes, both on 2 connections; keys",
    "to_sql": "pandas read_sql, explode, to_sql(method='multi'), then indexes and keys",
    "dlt": "dlt pipeline with the array as child table, then SQL, indexes and keys",
    "row_by_row": "Python, one INSERT for each grant into the finished table",
}
# these grow to many minutes at a million models, and no budget needs them
SLOW = ("to_sql", "dlt", "row_by_row")


def command(name: str, place: Place) -> list[str]:
    """Return the argv of a contender; where to connect is in its environment."""
    if name == "tierflow":
        return [*TIERFLOW, "migrate", "--yes", "--backup-columns", "--json"]
    if name in SCRIPTS:
        psql = [str(place.bindir / "psql"), "-X", "-q", "-v", "ON_ERROR_STOP=1"]
        return [*psql, "-f", str(FOLDER / f"{name}.sql")]
    return [*PYTHON, f"bench.contenders.by_{name}", str(ready_files(place.folder))]


def ready_files(folder: Path) -> Path:
    """Return the folder of the files that the limit loads."""
    return folder / "ready"
