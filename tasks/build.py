"""The build: the junction table before anybody can see it, in its own schema."""

from __future__ import annotations

import dataclasses
import logging

from psycopg.types.json import Jsonb

from tasks.capture import drop_build, is_capturing, start_capture
from tasks.chunks import Chunk, list_chunks, plan_chunks
from tasks.definition import database_task
from tasks.survey import Survey
from tierflow.connection import Connection, connect, fetch, has_relation, run
from tierflow.ledger import LEDGER_TABLES
from tierflow.settings import Target

log = logging.getLogger("tierflow.build")

RULES = (
    "create_tier_code_view",
    "create_markup_number_function",
    "create_usable_markup_function",
    "create_implied_grants_of_pairs_function",
    "create_implied_grants_function",
    "create_implied_grant_view",
)


@dataclasses.dataclass(frozen=True)
class Build:
    """What is to be loaded; `loaded` counts the grants that an earlier run has loaded."""

    chunks: tuple[Chunk, ...]
    loaded: int

    @property
    def rows(self) -> int:
        """Return the number of chunks."""
        return len(self.chunks)


@database_task("create ledger")
def create_ledger(target: Target) -> None:
    """Create the ledger's tables where they are missing, and drop what a killed dry run left."""
    dry_run = target.for_mode("dry run")
    with connect(target, "create ledger") as connection:
        left = has_relation(connection, dry_run.ledger, "run")
    if left:
        drop_build(dry_run)
    with connect(target, "create ledger") as connection:
        put_ledger(connection, target)


def put_ledger(connection: Connection, target: Target) -> None:
    """Create the ledger's schema and tables where they are missing."""
    run(connection, "schema/create_ledger_schema", **target.names())
    for table in LEDGER_TABLES:
        run(connection, f"schema/{table}", **target.names())


def drop_dry_run(connection: Connection, target: Target) -> None:
    """Drop what a killed dry run left: its build with its ledger and, by CASCADE, its capture."""
    run(connection, "schema/drop_build_schema", **target.for_mode("dry run").names())


@database_task("create objects")
def create_objects(target: Target, survey: Survey, run_id: str, *, restart: bool = False) -> Build:
    """Create the rules, the bare junction table and the change capture, and plan the chunks.

    An unfinished build of the same decisions and tiers is kept and resumed; any other is dropped,
    and with `restart` that one too.
    """
    names = target.names(published=False)
    with connect(target, "create objects") as connection:
        resumed = not restart and _may_resume(connection, target, survey)
    if not resumed and survey.inventory.build_exists and target.ledger != target.build:
        drop_build(target)
    with connect(target, "create objects") as connection:
        if not resumed:
            _forget_build(connection, target)
        run(connection, "schema/create_build_schema", **names)
        put_rules(connection, target, survey, run_id)
        run(connection, "schema/create_tier_model_access", **names)
        run(connection, "schema/set_autovacuum_off", **names)
        run(connection, "schema/set_wide_id_cache", **names)
        run(connection, "schema/set_load_times", **names)
        start_capture(connection, target)
        plan_chunks(connection, target)
        chunks = list_chunks(connection, target)
        loaded = fetch(connection, "queries/sum_chunks", ledger=target.ledger)[0]["grants"]
    if resumed:
        done = sum(chunk.loaded for chunk in chunks)
        log.info("An unfinished build goes on: %s of %s chunks are loaded.", done, len(chunks))
    return Build(chunks, loaded)


def _may_resume(connection: Connection, target: Target, survey: Survey) -> bool:
    built = has_relation(connection, target.build, "tier_model_access")
    decision = fetch(connection, "queries/read_decision", ledger=target.ledger)
    same = bool(decision) and decision[0]["fingerprint"] == survey.fingerprint
    # without the capture nobody knows what has changed since a chunk was loaded
    captured = is_capturing(connection, target)
    return built and same and captured


def _forget_build(connection: Connection, target: Target) -> None:
    for name in ("clear_chunks", "clear_change_log", "clear_quarantine", "clear_reconciled_grant"):
        run(connection, f"queries/{name}", ledger=target.ledger)
    # made anew: the captured values are loaded before their key is built
    for name in ("drop_captured", "create_captured"):
        run(connection, f"schema/{name}", ledger=target.ledger)


def put_rules(connection: Connection, target: Target, survey: Survey, run_id: str) -> None:
    """Write the decisions in force and the SQL rules that read them."""
    decisions = survey.rules.decisions
    save_decisions(connection, target, survey, run_id)
    run(connection, "queries/clear_tier_map", ledger=target.ledger)
    for ordinal, (code, tiers) in enumerate(decisions.tier_map.items(), start=1):
        for tier in tiers:
            run(
                connection,
                "queries/insert_tier_map",
                ledger=target.ledger,
                code=code,
                tier_id=survey.rules.tier_ids[tier],
                ordinal=ordinal,
            )
    for name in RULES:
        run(connection, f"schema/{name}", **target.names())


def save_decisions(connection: Connection, target: Target, survey: Survey, run_id: str) -> None:
    """Write the decisions in force. Those alone that shape no grant need no new rules."""
    run(
        connection,
        "queries/save_decision",
        ledger=target.ledger,
        run_id=run_id,
        decisions=Jsonb(survey.rules.decisions.as_recorded()),
        fingerprint=survey.fingerprint,
    )


@database_task("discard build")
def discard_build(target: Target) -> None:
    """Drop the build with all that belongs to it, and the change capture."""
    drop_build(target)
