"""Verify: the eight checks of a published migration."""

from __future__ import annotations

from typing import Any

from prefect import flow

from flows.recording import recorded_run
from flows.target import open_target


@flow(name="verify", persist_result=False)
def verify(
    detailed: bool = False,
    min_coverage: float | None = None,
    schema_name: str | None = None,
    database: str | None = None,
) -> dict[str, Any]:
    """Check the junction table against the JSONB, the contract and the clock. Changes nothing.

    Args:
        detailed: Add the breakdown by provider and tier.
        min_coverage: Share of all enabled models that must have a grant; default: as migrated.
        schema_name: Schema of the published objects; default public.
        database: Name of a saved connection; none: TIERFLOW_DSN, else the embedded database.
    """
    with (
        open_target(schema_name, database=database) as target,
        recorded_run(target, "verify") as run,
    ):
        run.verify(min_coverage=min_coverage, detailed=detailed)
        return run.finish("verified")
