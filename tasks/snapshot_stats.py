"""Snapshot stats: what the source held when the run began."""

from __future__ import annotations

import logging
from typing import Any

from tasks.definition import database_task
from tierflow.connection import connect, fetch
from tierflow.settings import Target

log = logging.getLogger("tierflow.snapshot")


@database_task("snapshot stats")
def snapshot_stats(target: Target) -> dict[str, Any]:
    """Count the source's models, providers and bytes. Writes nothing."""
    with connect(target, "snapshot stats", read_only=True) as connection:
        stats = fetch(connection, "queries/count_source", schema=target.schema)[0]
    log.info("%(models)s models, %(enabled_models)s enabled, of %(providers)s providers.", stats)
    return dict(stats)
