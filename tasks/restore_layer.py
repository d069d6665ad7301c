"""What a restore makes again on a finalized database, within its transaction."""

from __future__ import annotations

from psycopg import errors as pg

from tasks.build import RULES
from tasks.captured import add_captured_key
from tasks.compare import compare
from tasks.sync import put_sync
from tierflow.connection import Connection, fetch, run
from tierflow.errors import ChecksFailed
from tierflow.settings import Target

# what a definition may meet when the database has moved on: it is left out, and said
_MOVED_ON = (
    pg.NotNullViolation, pg.UndefinedObject, pg.UndefinedColumn, pg.UndefinedFunction,
    pg.DuplicateTable, pg.DuplicateObject,
)  # fmt: skip


def put_layer(connection: Connection, target: Target) -> None:
    """Create the rules and the sync again, which a finalized database has not."""
    for name in RULES:
        run(connection, f"schema/{name}", **target.names())
    put_sync(connection, target)
    fetch(connection, "restore/write_decisions", ledger=target.ledger)


def put_captured(connection: Connection, target: Target) -> None:
    """Take what the file holds of the captured values for the captured values."""
    run(connection, "restore/write_captured", ledger=target.ledger)
    add_captured_key(connection, target)
    run(connection, "queries/record_captured", ledger=target.ledger)


def make_sides_agree(connection: Connection, target: Target, *, keep_newer: bool) -> None:
    """Make the sides agree where they differ: models that the file does not know keep their grants,
    those with newer writes as it was asked for."""
    run(connection, "restore/create_to_follow", schema=target.schema)
    for row in fetch(connection, "restore/list_to_follow"):
        side = "jsonb" if row["in_file"] and not keep_newer else "junction"
        fetch(
            connection,
            f"queries/reconcile_from_{side}",
            ledger=target.ledger,
            models=row["models"],
        )


def put_definitions(connection: Connection, definitions: tuple[str, ...]) -> tuple[str, ...]:
    """Make defaults, comments, rights and indexes of the columns again; return what cannot be."""
    left_out: list[str] = []
    for text in definitions:
        try:
            with connection.transaction():
                connection.execute(text.encode())
        except _MOVED_ON as error:
            left_out.append(f"{text} ({str(error).splitlines()[0]})")
    return tuple(left_out)


def require_parity(connection: Connection, target: Target) -> None:
    """Compare both sides in full, as this transaction sees them. Raises ChecksFailed."""
    comparison = compare(target, published=True, within=connection)
    if comparison.drifted:
        wrong = comparison.frames["orphans"]
        said = "; ".join(f"{r.rows} {r.check}" for r in wrong.itertuples() if r.rows)
        raise ChecksFailed(
            f"The restored columns and the junction table would differ ({said}), so nothing was"
            " kept.",
            next_step="run it with --verbose, and report what it shows",
        )
