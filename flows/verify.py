"""Verify: the eight checks of a published migration."""

from __future__ import annotations

from typing import Any

from flows.recording import recorded_run
from flows.target import open_target
from tasks.drift import check_drift
from tasks.verify_finalized import verify_finalized


def verify(
    detailed: bool = False,
    quick: bool = False,
    min_coverage: float | None = None,
    schema_name: str | None = None,
    database: str | None = None,
) -> dict[str, Any]:
    """Check the junction table against the JSONB, the contract and the clock.

    Writes its own record into the ledger, where the role may, and nothing else. On a finalized
    database there is no JSONB: what can be checked without it is.

    Args:
        detailed: Add the breakdown by provider and tier.
        quick: Compare checksums of both sides only: one check in place of eight.
        min_coverage: Share of all enabled models that must have a grant; default: as migrated.
        schema_name: Schema of the published objects; default public.
        database: Name of a saved connection; none: TIERFLOW_DSN, else the embedded database.
    """
    with (
        open_target(schema_name, database=database, judges=not quick) as target,
        recorded_run(target, "verify") as run,
    ):
        if run.find_finalization():
            run.join_ledger(if_allowed=True)
            run.facts.verification = run.step(verify_finalized, target, min_coverage=min_coverage)
            run.facts.verification.require_passed()
        elif quick:
            run.facts.verification = run.step(check_drift, target)
            run.facts.verification.require_passed()
        else:
            run.join_ledger(if_allowed=True)
            run.verify(min_coverage=min_coverage, detailed=detailed)
        return run.finish("verified")
