"""The rehearsal: the whole life of a migration on a disposable copy; production is only read."""

from __future__ import annotations

import contextlib
import dataclasses
import datetime as dt
import fcntl
import os
import shutil
import uuid
from collections.abc import Generator
from pathlib import Path
from typing import Any, Literal

from flows.choices import Choice
from flows.migrate import migrate
from flows.plan import plan
from flows.recording import Run, recorded_run
from flows.rollback import rollback
from flows.target import open_target
from flows.verify import verify
from tasks import copy_source as copying
from tierflow.decisions import read_decisions, settle_decisions
from tierflow.embedded import embedded_server
from tierflow.errors import ChecksFailed
from tierflow.evidence import hash_file
from tierflow.explode import Counts
from tierflow.forecast import Forecast, list_forecasts, save_forecast
from tierflow.pg_binaries import find_bindir
from tierflow.settings import Target, read_settings


def rehearse(
    tier_map: dict[str, list[str]] | None = None,
    write_codes: dict[str, str] | None = None,
    unknown_tiers: Choice[Literal["fail", "quarantine"]] = None,
    malformed: Choice[Literal["fail", "quarantine"]] = None,
    double_encoded: Choice[Literal["fail", "quarantine", "parse"]] = None,
    markup_conflict: Choice[Literal["fail", "quarantine", "lowest", "highest"]] = None,
    inexact_markup: Choice[Literal["fail", "quarantine", "round"]] = None,
    min_coverage: float | None = None,
    backup_columns: Choice[bool] = None,
    config: str | None = None,
    schema_name: str | None = None,
    database: str | None = None,
) -> dict[str, Any]:
    """Rehearse the whole life of a migration on a disposable copy; the database is only read.

    Args:
        tier_map: What each code of the JSONB means, as {"code": ["tier"]}.
        write_codes: By which code the old application knows a tier, as {"tier": "code"}; the other
            tiers: by the code that most models hold.
        unknown_tiers: What happens to a code that is neither mapped nor a tier.
        malformed: What happens to a value that cannot be read.
        double_encoded: What happens to a JSON string that holds an array or an object.
        markup_conflict: Which markup counts when the codes of one tier carry different ones.
        inexact_markup: What happens to a markup with more than two decimals.
        min_coverage: Share of all enabled models that must have a grant, 0 to 1.
        backup_columns: Show the captured values in two columns of the models as well.
        config: A tierflow.toml with these decisions; the fields above go before it.
        schema_name: Schema of the source tables; default public.
        database: Name of a saved connection; none: TIERFLOW_DSN, else the embedded database.
    """
    given = read_decisions(
        config,
        {
            "tier_map": tier_map,
            "write_codes": write_codes,
            "unknown_tiers": unknown_tiers,
            "malformed": malformed,
            "double_encoded": double_encoded,
            "markup_conflict": markup_conflict,
            "inexact_markup": inexact_markup,
            "min_coverage": min_coverage,
            "backup_columns": backup_columns,
        },
    )
    with (
        open_target(schema_name, database=database) as source,
        recorded_run(source, "rehearse") as run,
        open_copy(source) as copy,
    ):
        decided = run.step(copying.read_decided, source, given)
        run.facts.config = hash_file(config)
        run.facts.decisions = settle_decisions(decided, {})
        run.step(copying.refuse_same_database, source, copy)
        run.step(copying.clear_copy, copy)
        try:
            bindir = find_bindir()
            run.step(copying.copy_source, source, copy, bindir)
            with in_place_of(copy):
                run.facts.forecast = live_the_whole_life(run, copy, decided)
        finally:
            run.step(copying.clear_copy, copy)
        run.facts.history = list_forecasts(source.home, run.facts.database)
        save_forecast(source.home, run.facts.forecast)
        return run.finish("rehearsed")


def live_the_whole_life(run: Run, copy: Target, given: dict[str, Any]) -> Forecast:
    """Plan, try, migrate, write, repair, go back keeping changes, migrate again, go back to the
    snapshot. Raises ChecksFailed when the JSONB is not what it must be after a way back."""
    schema = copy.schema
    # what the writes below leave is no longer the coverage that was decided on
    later: dict[str, Any] = {**given, "min_coverage": 0.0}
    run.phase("plan", lambda: plan(options=given, schema_name=schema))
    run.phase("dry run", lambda: migrate(dry_run=True, schema_name=schema, **given))
    migrated = run.phase("migrate", lambda: migrate(schema_name=schema, **given))
    run.facts.counts = Counts(**{f.name: migrated[f.name] for f in dataclasses.fields(Counts)})
    run.facts.quarantine = run.step(copying.read_quarantine, copy)
    sizes = run.step(copying.read_sizes, copy)
    run.phase("verify", lambda: verify(schema_name=schema))
    run.step(copying.write_old_style, copy, deletions=True)
    run.step(copying.write_new_style, copy)
    run.phase("verify both sides", lambda: verify(min_coverage=0.0, schema_name=schema))
    written = run.step(copying.digest_source, copy)
    run.phase("reconcile", lambda: migrate(schema_name=schema, **later))
    run.phase("verify again", lambda: verify(schema_name=schema))
    run.phase("rollback", lambda: rollback(schema_name=schema))
    require_same(written, run.step(copying.digest_source, copy), "keeping changes")
    run.phase("migrate again", lambda: migrate(schema_name=schema, **later))
    run.step(copying.write_old_style, copy, deletions=False)
    run.step(copying.write_new_style, copy)
    run.phase("rollback to snapshot", lambda: rollback(restore_snapshot=True, schema_name=schema))
    require_same(written, run.step(copying.digest_source, copy), "to the snapshot")
    return Forecast(
        database=run.facts.database,
        made=dt.datetime.now(dt.UTC).isoformat(),
        models=migrated["source_models"],
        grants=migrated["grants"],
        seconds=migrated["seconds"] - step_seconds(migrated, "load expectations"),
        lock_seconds=(migrated["locks"] or {"longest_held_ms": 0.0})["longest_held_ms"] / 1000,
        bytes=sizes["junction_bytes"],
        rehearsal_seconds=sum(step.seconds for step in run.facts.steps),
    )


def step_seconds(result: dict[str, Any], name: str) -> float:
    """Return the seconds of one step of a run's result."""
    return sum(step["seconds"] for step in result["steps"] if step["name"] == name)


def require_same(wanted: copying.Digest, found: copying.Digest, how: str) -> None:
    """Raise ChecksFailed when the JSONB after a rollback is not what was written before it."""
    if wanted != found:
        raise ChecksFailed(
            f"The rollback {how} did not give the JSONB back: {wanted} became {found}.",
            next_step="do not migrate; report this with the rehearsal's report",
        )


@contextlib.contextmanager
def open_copy(source: Target) -> Generator[Target]:
    """Yield the disposable database: TIERFLOW_REHEARSAL_DSN, else a scratch PostgreSQL."""
    settings = read_settings()
    if settings.rehearsal_dsn is not None:
        yield dataclasses.replace(source, dsn=settings.rehearsal_dsn.get_secret_value())
        return
    scratch = source.home / "rehearsals"
    remove_leftovers(scratch)
    folder = scratch / uuid.uuid4().hex[:8]
    try:
        with embedded_server(folder, bindir=settings.pg_bindir) as server:
            yield dataclasses.replace(source, dsn=server.dsn())
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def remove_leftovers(scratch: Path) -> None:
    """Remove the scratch servers of rehearsals that were killed: nobody holds their lock."""
    for lock in scratch.glob("*/owner.lock"):
        with lock.open() as held:
            try:
                fcntl.flock(held, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                continue
        shutil.rmtree(lock.parent)


@contextlib.contextmanager
def in_place_of(copy: Target) -> Generator[None]:
    """Let the flows inside run on the copy, as if its DSN had been the one that was given."""
    before = os.environ.get("TIERFLOW_DSN")
    os.environ["TIERFLOW_DSN"] = copy.dsn
    try:
        yield
    finally:
        if before is None:
            del os.environ["TIERFLOW_DSN"]
        else:
            os.environ["TIERFLOW_DSN"] = before
