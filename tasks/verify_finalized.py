"""Verify a finalized database: what can be checked where there is no JSONB to compare with."""

from __future__ import annotations

import logging

from tasks.compare import read_frame
from tasks.definition import database_task
from tasks.query_speed import time_queries
from tasks.survey import read_decisions_in_force, read_inventory
from tasks.verify import (
    LAYER,
    PARITY,
    SAMPLE_MODELS,
    Check,
    Verification,
    check_all_parts,
    check_speed,
)
from tierflow.connection import Connection, connect, fetch
from tierflow.decisions import settle_decisions
from tierflow.settings import Target

log = logging.getLogger("tierflow.verify")


@database_task("verify finalized")
def verify_finalized(target: Target, *, min_coverage: float | None) -> Verification:
    """Check parts, coverage, layer and speed of a finalized database. Writes nothing.

    The comparisons with the JSONB have no other side: they are not made, and nothing says so as a
    passed check.
    """
    with connect(target, "verify finalized", read_only=True) as connection:
        schema = read_frame(connection, "checks/schema", target.names())
        if min_coverage is None:
            stored = read_decisions_in_force(connection, target)
            min_coverage = settle_decisions({}, stored).min_coverage
        checks = (
            *check_all_parts(schema),
            _check_coverage(connection, target, min_coverage),
            *_check_layer(connection, target),
        )
    for check in checks:
        log.info("%s: %s (%s)", check.name, "ok" if check.ok else "FAILED", check.figure)
    return Verification(checks, dict.fromkeys(PARITY), None)


def _check_coverage(connection: Connection, target: Target, min_coverage: float) -> Check:
    found = fetch(connection, "queries/count_covered", schema=target.schema)[0]
    share = found["covered"] / found["enabled"] if found["enabled"] else 1.0
    return Check(
        "coverage",
        share >= min_coverage,
        f"{share:.1%} of all enabled models have a grant",
        f"at least {min_coverage:.1%}",
    )


def _check_layer(connection: Connection, target: Target) -> tuple[Check, ...]:
    found = read_inventory(connection, target).found
    missing = [f"{kind} {name}" for kind, name in LAYER if (kind, name) not in found]
    layer = Check(
        "layer",
        not missing,
        f"not there or not ours: {', '.join(missing)}" if missing else f"all {len(LAYER)} there",
        "views and functions as published",
    )
    if missing:
        return (layer,)
    grants = fetch(connection, "queries/count_grants", schema=target.schema)[0]["grants"]
    sample = fetch(
        connection,
        "queries/list_sample_models",
        schema=target.schema,
        sample_models=SAMPLE_MODELS,
    )
    return layer, check_speed(time_queries(connection, target, grants, sample), grants)
