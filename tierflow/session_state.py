"""Everything that we set, lock, prepare or hold in a session of PostgreSQL, in one list.

Each line is what a pooler that hands sessions on would leave to the application (such a one is
refused, tierflow/poolers.py), or would take from us between two transactions. *session*: it lasts
until the session ends; *transaction*: PostgreSQL takes it back at the end of that.

tests/unit/test_session_state.py reads every statement and module and compares: whoever adds
something adds it here, and says until when it lasts.
"""

from __future__ import annotations

from typing import Literal, NamedTuple

Kind = Literal["setting", "mode", "lock", "prepared", "temporary", "cursor", "listen"]
Until = Literal["session", "transaction"]


class Held(NamedTuple):
    """One piece of session state, and the file, of SQL or of Python, that makes it."""

    kind: Kind
    name: str
    until: Until
    file: str


def _held(kind: Kind, until: Until, file: str, *names: str) -> tuple[Held, ...]:
    return tuple(Held(kind, name, until, file) for name in names)


# every session of ours begins with these, in the statement that first asks whose process it is
_EVERY_SESSION = _held(
    "setting", "session", "queries/set_session.sql",
    "application_name", "client_encoding", "search_path", "jit", "row_security",
    "quote_all_identifiers", "datestyle", "lock_timeout", "statement_timeout",
    "idle_session_timeout", "idle_in_transaction_session_timeout", "transaction_timeout",
)  # fmt: skip

_WHOLE_SESSIONS = (
    *_held(
        "setting", "session", "queries/set_work_memory.sql",
        "work_mem", "enable_mergejoin", "max_parallel_workers_per_gather",
    ),
    *_held(
        "setting", "session", "queries/set_build_memory.sql",
        "maintenance_work_mem", "max_parallel_maintenance_workers", "synchronize_seqscans",
    ),
    *_held("setting", "session", "queries/set_generic_plans.sql", "plan_cache_mode"),
    # for the transaction only where `local` is given
    *_held("setting", "session", "queries/set_lazy_commit.sql", "synchronous_commit"),
    *_held("setting", "session", "queries/allow_backup.sql", "tierflow.backing_up"),
    # one run a database; and the mark by which a rehearsal knows its source from the copy
    *_held("lock", "session", "queries/take_run_lock.sql", "pg_try_advisory_lock"),
    *_held("lock", "session", "rehearsal/take_mark.sql", "pg_advisory_lock"),
    # the operator's query, so that it is one statement; what psycopg sends for the sixth time in a
    # session it prepares by itself, in any of our sessions
    *_held("prepared", "session", "tasks/throttle.py", "prepare=True"),
    *_held("temporary", "session", "restore/create_restored.sql", "restored"),
    *_held("temporary", "session", "restore/create_restored_tier.sql", "restored_tier"),
    *_held("temporary", "session", "schema/create_levelled_view.sql", "tier_model_access"),
)  # fmt: skip

_TRANSACTIONS = (
    *_held("mode", "transaction", "tierflow/connection.py", "read_only"),
    *_held("mode", "transaction", "tasks/contract.py", "isolation_level"),
    *_held("mode", "transaction", "tasks/copy_source.py", "isolation_level"),
    *_held("setting", "transaction", "queries/set_constraints_immediate.sql", "constraints"),
    *_held(
        "setting", "transaction", "queries/set_lock_timeout.sql", "lock_timeout", "deadlock_timeout"
    ),
    *_held("setting", "transaction", "queries/set_statement_timeout.sql", "statement_timeout"),
    *_held("setting", "transaction", "queries/pause_sync.sql", "tierflow.syncing"),
    *_held("setting", "transaction", "restore/allow_restore.sql", "tierflow.restoring"),
    *_held("temporary", "transaction", "schema/create_layer_grants.sql", "layer_grant"),
    *_held("temporary", "transaction", "restore/create_newer_grant.sql", "newer"),
    *_held("temporary", "transaction", "restore/create_newer_value.sql", "newer"),
    *_held("temporary", "transaction", "restore/create_to_follow.sql", "to_follow"),
    *_held("cursor", "transaction", "tasks/contract.py", "originals"),
)

# in the sessions of the application, behind any pooler: so never longer than its transaction
_SYNC = (
    *_held("setting", "transaction", "schema/create_sync_models_function.sql", "tierflow.noted"),
    *_held("setting", "transaction", "schema/create_sync_note_function.sql", "tierflow.noted"),
    *_held("setting", "transaction", "schema/create_sync_key_function.sql", "tierflow.moved_tiers"),
    *_held(
        "setting", "transaction", "schema/create_sync_tiers_function.sql", "tierflow.moved_tiers"
    ),
    *(
        Held("setting", "tierflow.syncing", "transaction", f"schema/create_sync_{name}.sql")
        for name in (
            "follow_jsonb_function", "follow_junction_function", "follow_plain_grants_function",
            "follow_plain_jsonb_function", "tiers_function", "carry_revocations_function",
        )
    ),
)  # fmt: skip

# the scripts for psql are one transaction each, and leave nothing behind it
_SCRIPTS = (
    *_held(
        "setting", "transaction", "standalone/set_transaction.sql",
        "search_path", "jit", "row_security", "lock_timeout", "client_min_messages",
        "tierflow.schema", "tierflow.ledger",
    ),
    *_held("setting", "transaction", "standalone/settle_checks.sql", "tierflow.checks"),
    *_held("setting", "transaction", "standalone/settle_nothing.sql", "tierflow.checks"),
    *_held("setting", "transaction", "standalone/settle_parts.sql", "tierflow.checks"),
    *_held("setting", "transaction", "standalone/settle_speed.sql", "tierflow.speed"),
    *_held("setting", "transaction", "standalone/start_clock.sql", "tierflow.clock"),
    *_held("setting", "transaction", "standalone/stop_clock.sql", "tierflow.timings"),
    *_held("setting", "transaction", "standalone/collect_frames.sql", "tierflow.frames"),
    *_held("setting", "transaction", "migrate_to_dynamic_tiers.sql", "tierflow.locks"),
    *_held(
        "setting", "transaction", "rollback_dynamic_tiers.sql",
        "tierflow.locks", "tierflow.restore_snapshot",
    ),
    *_held("setting", "transaction", "standalone/inventory.psql", "tierflow.locks"),
    *_held(
        "temporary", "transaction", "standalone/inventory.psql",
        "found_column", "found_object", "missing_privilege", "obstacle", "own_ledger",
        "stored_decision", "subscribed", "swapped", "twin_tier",
    ),
    *_held("cursor", "transaction", "standalone/inventory.psql", "subscription_rights"),
    # views, dropped before the commit by standalone/drop_lock_holder.sql
    *_held("temporary", "session", "standalone/inventory.psql", "run_lock_holder", "lock_holder"),
    *_held("lock", "transaction", "standalone/take_run_lock.sql", "pg_try_advisory_xact_lock"),
    *_held(
        "temporary", "transaction", "migrate_to_dynamic_tiers.sql",
        "tier", "source_value", "coverage", "orphans", "distribution", "schema", "captured_count",
        "captured_key",
    ),
    *_held(
        "temporary", "transaction", "rollback_dynamic_tiers.sql",
        "captured_count", "difference", "left_over",
    ),
    *_held("temporary", "transaction", "standalone/create_no_captured_count.sql", "captured_count"),
    *(
        Held("temporary", name, "transaction", f"standalone/create_{name}.sql")
        for name in (
            "candidate", "captured_state", "drift", "element", "given_code", "holder", "inventory",
            "later_change", "pair", "settled", "settled_map",
        )
    ),
    *_held(
        "cursor", "transaction", "verify_migration.sql",
        *(
            f"check {name}"
            for name in (
                "schema", "coverage", "orphans", "distribution", "compatibility",
                "price_differences", "objects", "new_quarantine", "captured", "later_grants",
                "subscribed", "subscription_rights", "swapped",
            )
        ),
    ),
)  # fmt: skip

SESSION_STATE = (*_EVERY_SESSION, *_WHOLE_SESSIONS, *_TRANSACTIONS, *_SYNC, *_SCRIPTS)
