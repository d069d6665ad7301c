"""Indexes and keys of the loaded table: several at a time, the longest first."""

from __future__ import annotations

import logging
import queue
import time
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor

from tasks.captured import add_captured_key
from tasks.definition import database_task
from tasks.live_locks import WRITERS_WAIT, change_live
from tierflow.connection import connect, fetch, run
from tierflow.measures import note_part
from tierflow.settings import Target

log = logging.getLogger("tierflow.build")

# the longest to build first, so that no session is left with a long one at the end
INDEXES = {
    "unique_tier_model": "create_unique_tier_model",
    "idx_tier_model_lookup": "create_idx_tier_model_lookup",
    "idx_tier_model_tier_id": "create_idx_tier_model_tier_id",
    "idx_tier_model_enabled": "create_idx_tier_model_enabled",
    "idx_tier_model_model_id": "create_idx_tier_model_model_id",
    "tier_model_access_pkey": "create_tier_model_access_pkey",
}
# constraints that take over the index of their name
UNIQUE_KEYS = {
    "tier_model_access_pkey": "add_tier_model_access_pkey",
    "unique_tier_model": "add_unique_tier_model",
}
FOREIGN_KEYS = {
    "fk_tier_model_tier": ("add_fk_tier_model_tier", "validate_fk_tier_model_tier"),
    "fk_tier_model_model": ("add_fk_tier_model_model", "validate_fk_tier_model_model"),
}
FOREIGN_KEY_LOCKS: dict[str, tuple[str, ...]] = {
    "fk_tier_model_tier": (),  # to lock the tiers takes more privileges than a key to them
    "fk_tier_model_model": WRITERS_WAIT,
}


@database_task("build indexes")
def build_indexes(target: Target) -> int:
    """Build the indexes of the loaded table that are not there yet, several at a time."""
    names = target.names(published=False)
    with connect(target, "build indexes", autocommit=True) as connection:
        run(connection, "schema/set_single_id_cache", **names)
        run(connection, "schema/set_current_times", **names)
        shapes = _list_shapes(target)
        missing = [file for index, file in INDEXES.items() if index not in shapes]
        _build_together(target, [*missing, "create_captured_pkey"])
        add_captured_key(connection, target)
        for key, file in UNIQUE_KEYS.items():
            if not shapes.get(key, "").endswith("constraint"):
                run(connection, f"schema/{file}", **names)
    return len(missing)


@database_task("build keys")
def build_keys(target: Target) -> int:
    """Add the foreign keys that are not there yet, not validated, and ANALYZE the table.

    Models that were deleted meanwhile are caught up with before the keys are validated.
    """
    names = target.names(published=False)
    shapes = _list_shapes(target)
    missing = [key for key in FOREIGN_KEYS if key not in shapes]
    for key in missing:
        # a killed run may have left the key unvalidated
        statements = (f"schema/drop_{key}", f"schema/{FOREIGN_KEYS[key][0]}")
        change_live(target, "foreign keys", FOREIGN_KEY_LOCKS[key], statements, names)
    with connect(target, "build keys", autocommit=True) as connection:
        run(connection, "queries/analyze_tier_model_access", **names)
    return len(missing)


@database_task("validate keys")
def validate_keys(target: Target) -> None:
    """Check the keys against all grants; readers and writers of the models pass."""
    with connect(target, "validate keys", autocommit=True) as connection:
        fetch(connection, "queries/set_build_memory", sessions=1)
        for _, validate in FOREIGN_KEYS.values():
            run(connection, f"schema/{validate}", **target.names(published=False))


def _list_shapes(target: Target) -> Mapping[str, str]:
    """Return the shape of each index and key of the build by its name."""
    names = {**target.names(published=False), "schema": target.build}
    with connect(target, "build indexes", read_only=True) as connection:
        objects = fetch(connection, "queries/list_objects", **names)
    kinds = ("index", "constraint")
    return {str(row["name"]): str(row["shape"]) for row in objects if row["kind"] in kinds}


def _build_together(target: Target, files: Sequence[str]) -> None:
    """Run statements on several sessions; each takes the next one when it is free."""
    sessions = min(target.workers, len(files))
    todo: queue.SimpleQueue[str] = queue.SimpleQueue()
    for file in files:
        todo.put(file)

    def work() -> None:
        with connect(target, "build indexes", autocommit=True) as connection:
            fetch(connection, "queries/set_build_memory", sessions=sessions)
            while True:
                try:
                    file = todo.get_nowait()
                except queue.Empty:
                    return
                started = time.perf_counter()
                run(connection, f"schema/{file}", **target.names(published=False))
                note_part(file.removeprefix("create_"), time.perf_counter() - started)

    with ThreadPoolExecutor(max(sessions, 1)) as pool:
        for done in [pool.submit(work) for _ in range(sessions)]:
            done.result()
