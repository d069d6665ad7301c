"""The build: the junction table before anybody can see it, in its own schema."""

from __future__ import annotations

import dataclasses
import itertools
import logging
import time
from collections.abc import Sequence
from uuid import UUID

import pandas as pd
from psycopg.types.json import Jsonb

from sql import statement
from tasks.capture import drop_build, is_capturing, start_capture
from tasks.definition import database_task
from tasks.judge import RunNames, judge_extracted
from tasks.live_locks import WRITERS_WAIT, change_live
from tasks.survey import Survey
from tasks.throttle import wait_for_room
from tierflow.connection import Connection, connect, fetch, run
from tierflow.errors import ChecksFailed
from tierflow.explode import (
    QUARANTINE_COLUMNS,
    Counts,
    Exploded,
    explode,
    grants_as_csv,
    read_source_csv,
)
from tierflow.ledger import LEDGER_TABLES
from tierflow.read_pair import Rules
from tierflow.settings import Target

log = logging.getLogger("tierflow.build")

RULES = (
    "create_tier_code_view",
    "create_markup_number_function",
    "create_usable_markup_function",
    "create_implied_grants_function",
    "create_implied_grant_view",
)
INDEXES = {
    "unique_tier_model": "add_unique_tier_model",
    "idx_tier_model_tier_id": "create_idx_tier_model_tier_id",
    "idx_tier_model_model_id": "create_idx_tier_model_model_id",
    "idx_tier_model_enabled": "create_idx_tier_model_enabled",
    "idx_tier_model_lookup": "create_idx_tier_model_lookup",
}
FOREIGN_KEYS = {
    "fk_tier_model_tier": ("add_fk_tier_model_tier", "validate_fk_tier_model_tier"),
    "fk_tier_model_model": ("add_fk_tier_model_model", "validate_fk_tier_model_model"),
}
FOREIGN_KEY_LOCKS: dict[str, tuple[str, ...]] = {
    "fk_tier_model_tier": (),  # to lock the tiers takes more privileges than a key to them
    "fk_tier_model_model": WRITERS_WAIT,
}


@dataclasses.dataclass(frozen=True)
class Chunk:
    """A key range of `model_access_control.id`: from `low` (included) to `high` (excluded)."""

    number: int
    low: UUID | None
    high: UUID | None
    loaded: bool
    backed_up: bool


@dataclasses.dataclass(frozen=True)
class Build:
    """What is to be loaded. `resumed`: an earlier run's chunks are kept."""

    chunks: tuple[Chunk, ...]
    resumed: bool

    @property
    def rows(self) -> int:
        """Return the number of chunks."""
        return len(self.chunks)


@database_task("create ledger")
def create_ledger(target: Target) -> None:
    """Create the ledger's tables where they are missing, and drop what a killed dry run left."""
    dry_run = target.for_mode("dry run")
    with connect(target, "create ledger") as connection:
        left = fetch(connection, "queries/has_relation", in_schema=dry_run.ledger, name="run")
    if left[0]["there"]:
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
        start_capture(connection, target)
        plan_chunks(connection, target)
        chunks = list_chunks(connection, target)
    loaded = sum(chunk.loaded for chunk in chunks)
    if resumed:
        log.info("An unfinished build goes on: %s of %s chunks are loaded.", loaded, len(chunks))
    return Build(chunks, resumed)


def _may_resume(connection: Connection, target: Target, survey: Survey) -> bool:
    built = fetch(
        connection, "queries/has_relation", in_schema=target.build, name="tier_model_access"
    )
    decision = fetch(connection, "queries/read_decision", ledger=target.ledger)
    same = bool(decision) and decision[0]["fingerprint"] == survey.fingerprint
    # without the capture nobody knows what has changed since a chunk was loaded
    captured = is_capturing(connection, target)
    return bool(built[0]["there"]) and same and captured


def _forget_build(connection: Connection, target: Target) -> None:
    for name in (
        "clear_chunks",
        "clear_change_log",
        "clear_quarantine",
        "clear_null_backup",
        "clear_reconciled_grant",
    ):
        run(connection, f"queries/{name}", ledger=target.ledger)


def put_rules(connection: Connection, target: Target, survey: Survey, run_id: str) -> None:
    """Write the decisions in force and the SQL rules that read them."""
    decisions = survey.rules.decisions
    run(
        connection,
        "queries/save_decision",
        ledger=target.ledger,
        run_id=run_id,
        decisions=Jsonb(decisions.as_recorded()),
        fingerprint=survey.fingerprint,
    )
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


def plan_chunks(connection: Connection, target: Target) -> None:
    """Cut the models into key ranges; the outer ones are open, so that no id falls outside."""
    bounds = [
        row["id"]
        for row in fetch(
            connection,
            "queries/list_chunk_bounds",
            schema=target.schema,
            chunk_models=target.chunk_models,
        )
    ]
    if list_chunks(connection, target):
        return
    edges = [None, *bounds, None]
    for number, (low, high) in enumerate(itertools.pairwise(edges), start=1):
        run(
            connection,
            "queries/insert_chunk",
            ledger=target.ledger,
            number=number,
            low=low,
            high=high,
        )


def list_chunks(connection: Connection, target: Target) -> tuple[Chunk, ...]:
    """Return the planned chunks in key order."""
    rows = fetch(connection, "queries/list_chunks", ledger=target.ledger)
    return tuple(Chunk(**row) for row in rows)


@database_task("load chunk")
def load_chunk(target: Target, chunk: Chunk, rules: Rules, run_names: RunNames) -> Counts:
    """Extract one chunk's JSONB, explode, judge and COPY it in: one transaction with its record."""
    wait_for_room(target)
    started = time.perf_counter()
    with connect(target, f"load chunk {chunk.number}") as connection:
        if not fetch(connection, "queries/claim_chunk", ledger=target.ledger, number=chunk.number):
            return Counts()
        exploded = explode(extract_models(connection, target, chunk), rules)
        judge_extracted(
            exploded.grants,
            target,
            tier_ids=tuple(rules.tier_ids.values()),
            run=run_names,
            keep=chunk.number == 1,
        )
        copy_grants(connection, target, exploded)
        copy_quarantine(connection, target, exploded.quarantine)
        run(
            connection,
            "queries/finish_chunk",
            ledger=target.ledger,
            number=chunk.number,
            run_id=run_names.run_id,
            seconds=time.perf_counter() - started,
            **dataclasses.asdict(exploded.counts),
        )
    return exploded.counts


def extract_models(connection: Connection, target: Target, chunk: Chunk) -> pd.DataFrame:
    """Return the models of one chunk with the columns of `explode.SOURCE_COLUMNS`, in key order."""
    query = statement("queries/extract_chunk", schema=target.schema, low=chunk.low, high=chunk.high)
    with connection.cursor() as cursor, cursor.copy(query) as copy:
        return read_source_csv(b"".join(copy))


def copy_grants(connection: Connection, target: Target, exploded: Exploded) -> None:
    """COPY the grants into the unpublished table."""
    query = statement("queries/copy_grants", **target.names(published=False))
    with connection.cursor() as cursor, cursor.copy(query) as copy:
        copy.write(grants_as_csv(exploded.grants))


def copy_quarantine(connection: Connection, target: Target, quarantine: pd.DataFrame) -> None:
    """COPY elements with the columns of `explode.QUARANTINE_COLUMNS` into the quarantine."""
    query = statement("queries/copy_quarantine", ledger=target.ledger)
    with connection.cursor() as cursor, cursor.copy(query) as copy:
        for row in quarantine[list(QUARANTINE_COLUMNS)].itertuples(index=False):
            copy.write_row(_plain(row))


def _plain(row: Sequence[object]) -> list[object]:
    """Turn pandas' missing values into None and the JSON text into a value COPY can write."""
    model_id, identifier, position, code, reason, value, tiers = row
    return [
        str(model_id),
        identifier,
        int(str(position)),
        code if isinstance(code, str) else None,
        reason,
        value if isinstance(value, str) else None,
        tiers,
    ]


@database_task("build indexes")
def build_indexes(target: Target) -> int:
    """Build the indexes and keys of the loaded table that are not there yet, then ANALYZE.

    The keys are not validated: models that were deleted meanwhile are caught up with first.
    """
    names = target.names(published=False)
    made = 0
    with connect(target, "build indexes", autocommit=True) as connection:
        objects = fetch(connection, "queries/list_objects", **{**names, "schema": target.build})
        there = {str(row["name"]) for row in objects if row["kind"] in ("index", "constraint")}
        for index, name in INDEXES.items():
            if index not in there:
                made += 1
                run(connection, f"schema/{name}", **names)
        for key, (add, _) in FOREIGN_KEYS.items():
            if key not in there:
                made += 1
                # a killed run may have left the key unvalidated
                statements = (f"schema/drop_{key}", f"schema/{add}")
                change_live(target, "foreign keys", FOREIGN_KEY_LOCKS[key], statements, names)
        run(connection, "queries/analyze_tier_model_access", **names)
    log.info("Built %s indexes and keys.", made)
    return made


@database_task("validate keys")
def validate_keys(target: Target) -> None:
    """Check the keys against all grants; readers and writers of the models pass."""
    with connect(target, "validate keys", autocommit=True) as connection:
        for _, validate in FOREIGN_KEYS.values():
            run(connection, f"schema/{validate}", **target.names(published=False))


@database_task("count loaded")
def count_loaded(target: Target) -> Counts:
    """Return the counts of all chunks, those of an earlier run that was resumed included.

    Raises ChecksFailed when the conservation law does not hold.
    """
    with connect(target, "count loaded", read_only=True) as connection:
        counts = Counts(**fetch(connection, "queries/sum_chunks", ledger=target.ledger)[0])
    if not counts.conserved:
        raise ChecksFailed(
            f"Source elements were lost or counted twice: {counts}. Nothing was published.",
            next_step="report this: it is a fault of tierflow",
        )
    return counts


@database_task("discard build")
def discard_build(target: Target) -> None:
    """Drop the build with all that belongs to it, and the change capture."""
    drop_build(target)
