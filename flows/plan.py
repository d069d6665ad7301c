"""The plan: the preflight alone, and nothing written."""

from __future__ import annotations

from typing import Any

from flows.recording import recorded_run
from flows.target import open_target
from tierflow.decisions import read_decisions


def plan(
    options: dict[str, Any] | None = None,
    config: str | None = None,
    schema_name: str | None = None,
    database: str | None = None,
) -> dict[str, Any]:
    """Say what a run would do and what a person must decide first.

    Args:
        options: Decisions by name, as in tierflow.toml.
        config: A tierflow.toml with decisions; the options go before it.
        schema_name: Schema of the source tables; default public.
        database: Name of a saved connection; none: TIERFLOW_DSN, else the embedded database.
    """
    given = read_decisions(config, options or {})
    with (
        open_target(schema_name, database=database, judges=False) as target,
        recorded_run(target, "plan") as run,
    ):
        if run.find_finalization():
            return run.finish("finalized")
        survey = run.survey(given)
        return run.finish("needs_decision" if survey.plan.needs_decision else "planned")
