"""What a check is: the text of all that decides it, by which an auditor knows it again."""

from __future__ import annotations

from pathlib import Path

import tasks
from expectations import suites
from sql import FOLDER

# the comparison of both sides, and what it rests on: the grants that the JSONB implies
PARITY = (
    "queries/compare_range",
    "queries/list_drift",
    "schema/create_levelled_view",
    "schema/create_implied_grant_view",
    "schema/create_implied_grants_function",
    "schema/create_implied_grants_of_pairs_function",
    "schema/create_tier_code_view",
    "schema/create_usable_markup_function",
    "schema/create_markup_number_function",
    "schema/create_held_json_function",
    "schema/create_access_items_function",
    "schema/create_markup_object_function",
    "schema/create_write_code_in_force_view",
    "schema/create_sync_rewrite_function",
)
COUNTED = (
    "queries/count_covered",
    "queries/count_grants",
    "queries/has_sync_rewrite",
    "queries/count_models",
    "queries/list_tiers",
    "queries/list_sample_models",
    "queries/list_providers_per_tier",
)
GUARDS = (
    "queries/read_soak",
    "queries/list_new_quarantine",
    "queries/list_quarantine",
    "queries/list_column_users",
    "queries/read_statement_statistics",
    "queries/list_column_statements",
    "queries/count_source",
)
# they compare a figure with what it may be
JUDGES = (
    "compare",
    "compose_frames",
    "drift",
    "guards",
    "query_speed",
    "verify",
    "verify_finalized",
)


def read_definitions() -> dict[str, bytes]:
    """Return the files that define the checks and the guards, by their paths in the project."""
    statements = [FOLDER / f"{name}.sql" for name in (*PARITY, *COUNTED, *GUARDS)]
    statements += [*FOLDER.glob("checks/*.sql"), *FOLDER.glob("queries/measure_*.sql")]
    files = {f"sql/{path.relative_to(FOLDER).as_posix()}": path for path in statements}
    folder = Path(suites.__file__).parent
    files |= {f"expectations/suites/{path.name}": path for path in folder.glob("*.py")}
    folder = Path(tasks.__file__).parent
    files |= {f"tasks/{name}.py": folder / f"{name}.py" for name in JUDGES}
    return {name: files[name].read_bytes() for name in sorted(files)}
