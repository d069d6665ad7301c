"""What the figures were measured on."""

from __future__ import annotations

import os
import platform
import shlex
from collections.abc import Sequence
from importlib.metadata import version
from pathlib import Path
from typing import Any

import psutil
import psycopg

from bench.place import Place

SETTINGS = (
    "server_version",
    "fsync",
    "synchronous_commit",
    "full_page_writes",
    "shared_buffers",
    "work_mem",
    "maintenance_work_mem",
    "max_wal_size",
)
PACKAGES = ("tierflow", "psycopg", "pandas", "pyarrow")


def describe_surroundings(place: Place, arguments: Sequence[str]) -> dict[str, Any]:
    """Return the command, the machine, the versions and the server's settings."""
    with psycopg.connect(place.server_dsn) as connection:
        rows = connection.execute(
            "SELECT name, current_setting(name) FROM unnest(%s::text[]) AS name", [list(SETTINGS)]
        ).fetchall()
    settings = {str(name): str(value) for name, value in rows}
    return {
        "command": shlex.join(["./run", "bench", *arguments]),
        "machine": {
            "cores": len(os.sched_getaffinity(0)),
            "memory_gb": round(psutil.virtual_memory().total / 2**30, 1),
            "cpu": _name_cpu(),
            "system": f"{platform.system()} {platform.machine()}",
        },
        "versions": {
            "postgresql": settings.pop("server_version"),
            "python": platform.python_version(),
            **{name: version(name) for name in PACKAGES},
        },
        "server": {"embedded": place.embedded, **settings},
    }


def _name_cpu() -> str:
    cpuinfo = Path("/proc/cpuinfo")
    lines = cpuinfo.read_text().splitlines() if cpuinfo.exists() else []
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.processor()
