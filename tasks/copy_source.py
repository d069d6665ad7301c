"""Copy the source tables to a disposable database; the one that they come from is only read."""

from __future__ import annotations

import dataclasses
import logging
import re
import secrets
import tempfile
from pathlib import Path
from typing import Any

import pandas as pd
import psycopg
from psycopg import IsolationLevel

from sql import statement
from tasks.definition import database_task
from tasks.drop_objects import DROPS
from tasks.survey import read_decisions_in_force
from tierflow.connection import Connection, connect, fetch, run
from tierflow.decisions import Decisions
from tierflow.errors import ConfigurationError
from tierflow.explode import QUARANTINE_COLUMNS
from tierflow.finalization import read_finalization, require_source
from tierflow.pg_programs import call_program
from tierflow.published import SOURCE_COLUMNS
from tierflow.settings import Target

log = logging.getLogger("tierflow.rehearsal")

# what a table's dump holds that needs something outside of it, or is of no use to a rehearsal
_LEFT_OUT = re.compile(
    r"^\d+; \d+ \d+ (TRIGGER|FK CONSTRAINT|POLICY|ROW SECURITY|RULE|COMMENT|ACL|DEFAULT ACL"
    r"|PUBLICATION TABLE|SECURITY LABEL) "
)
# psql's own commands, and a setting that servers before 17 do not know
_NOT_FOR_EVERY_SERVER = re.compile(r"^(\\.*|SET transaction_timeout.*)\n", re.MULTILINE)


@dataclasses.dataclass(frozen=True)
class Digest:
    """How many models a database has, and a digest of all their tier columns as text."""

    models: int
    digest: str

    @property
    def rows(self) -> int:
        """Return the number of models."""
        return self.models


@database_task("refuse the same database")
def refuse_same_database(source: Target, copy: Target) -> None:
    """Raise ConfigurationError unless the two are different databases. Writes nothing.

    A lock that one session takes and the other sees cannot be fooled by two names of one server.
    """
    high, low = secrets.randbits(31), secrets.randbits(31)
    with connect(source, "rehearsal: mark", autocommit=True, read_only=True) as marked:
        fetch(marked, "rehearsal/take_mark", mark_high=high, mark_low=low)
        with connect(copy, "rehearsal: see mark", read_only=True) as other:
            seen = fetch(other, "rehearsal/see_mark", mark_high=high, mark_low=low)
    if seen[0]["same_database"]:
        raise ConfigurationError(
            "TIERFLOW_REHEARSAL_DSN is the very database that is rehearsed for: nothing was done.",
            next_step="name a disposable database, or unset it to use a scratch PostgreSQL",
        )


@database_task("decisions in force")
def read_decided(source: Target) -> dict[str, Any]:
    """Return the decisions that the last run on the database stored. Writes nothing.

    Raises ConfigurationError when the database is finalized: there is no source to rehearse with.
    """
    with connect(source, "rehearsal: decisions", read_only=True) as connection:
        require_source(read_finalization(connection, source))
        stored = read_decisions_in_force(connection, source)
    return {name: stored[name] for name in Decisions.model_fields if name in stored}


@database_task("clear the copy")
def clear_copy(copy: Target) -> None:
    """Drop what an earlier rehearsal left in its database; refuse a database that is not its own.

    Raises ConfigurationError when the schema holds tables and no rehearsal marked it.
    """
    with connect(copy, "rehearsal: clear") as connection:
        found = fetch(connection, "rehearsal/list_relations", schema=copy.schema)[0]
        if found["relations"] and not found["marked"]:
            raise ConfigurationError(
                f"The rehearsal's database is not disposable: schema {copy.schema} holds"
                f" {', '.join(found['relations'][:5])}.",
                next_step="point TIERFLOW_REHEARSAL_DSN to an empty database",
            )
        if found["marked"]:
            for name in DROPS.values():
                run(connection, f"schema/{name}", **copy.names())
            run(connection, "rehearsal/drop_copied_models", schema=copy.schema)
            run(connection, "rehearsal/drop_copied_tiers", schema=copy.schema)
            if copy.schema != "public":
                run(connection, "rehearsal/drop_source_schema", schema=copy.schema)
            run(connection, "rehearsal/drop_ledger", ledger=copy.ledger)
            run(connection, "schema/drop_build_schema", **copy.names())
            run(connection, "schema/drop_build_schema", **copy.for_mode("dry run").names())
            run(connection, "rehearsal/drop_marker")


@database_task("copy the source")
def copy_source(source: Target, copy: Target, bindir: Path) -> int:
    """Copy both tables as one snapshot shows them, the needed columns only; return the models.

    Triggers, foreign keys to other tables and policies stay behind. Raises ConfigurationError
    when the tables need something that the copy cannot have, such as a type of their own.
    """
    with connect(source, "rehearsal: copy", read_only=True) as reading:
        reading.isolation_level = IsolationLevel.REPEATABLE_READ
        snapshot = str(fetch(reading, "rehearsal/export_snapshot")[0]["snapshot"])
        with connect(copy, "rehearsal: copy", autocommit=True) as writing:
            run(writing, "rehearsal/create_marker")
            run(writing, "rehearsal/create_source_schema", schema=copy.schema)
            _copy_schema(source, copy, bindir, snapshot)
            _drop_other_columns(writing, copy)
            _stream(reading, source, writing, copy, "tiers")
            return _stream(reading, source, writing, copy, "models")


def _copy_schema(source: Target, copy: Target, bindir: Path, snapshot: str) -> None:
    schema = source.schema.replace('"', '""')
    tables = [f'--table="{schema}"."{table}"' for table in SOURCE_COLUMNS]
    with tempfile.TemporaryDirectory() as folder:
        dump, listing = Path(folder) / "source.dump", Path(folder) / "list"
        options = ["--schema-only", "--format=custom", f"--snapshot={snapshot}", f"--file={dump}"]
        call_program(source, bindir / "pg_dump", *options, *tables)
        entries = call_program(None, bindir / "pg_restore", "--list", str(dump)).splitlines(True)
        listing.write_text("".join(x for x in entries if not _LEFT_OUT.match(x)))
        restore = ["--no-owner", "--no-acl", f"--use-list={listing}", "--file=-", str(dump)]
        script = call_program(None, bindir / "pg_restore", *restore)
    try:
        with connect(copy, "rehearsal: schema") as connection:
            connection.execute(_NOT_FOR_EVERY_SERVER.sub("", script).encode())
    except psycopg.Error as error:
        raise ConfigurationError(
            f"The source tables could not be copied: {str(error).splitlines()[0]}.",
            next_step="see which part of the tables' definition the copy lacks",
        ) from error


def _drop_other_columns(writing: Connection, copy: Target) -> None:
    for column in fetch(writing, "queries/list_columns", schema=copy.schema):
        needed = SOURCE_COLUMNS.get(str(column["relation"]))
        if needed is not None and column["name"] not in needed:
            run(
                writing,
                "rehearsal/drop_column",
                schema=copy.schema,
                table=column["relation"],
                column=column["name"],
            )


def _stream(
    reading: Connection, source: Target, writing: Connection, copy: Target, table: str
) -> int:
    out = statement(f"rehearsal/copy_{table}_out", schema=source.schema)
    into = statement(f"rehearsal/copy_{table}_in", schema=copy.schema)
    with (
        reading.cursor() as from_cursor,
        writing.cursor() as to_cursor,
    ):
        with from_cursor.copy(out) as blocks, to_cursor.copy(into) as sink:
            for block in blocks:
                sink.write(block)
        return to_cursor.rowcount


@database_task("digest")
def digest_source(target: Target) -> Digest:
    """Return a digest of the tier columns of all models. Writes nothing."""
    with connect(target, "rehearsal: digest", read_only=True) as connection:
        return Digest(**fetch(connection, "rehearsal/digest_source", schema=target.schema)[0])


OLD_STYLE_WRITES = ("write_revocations", "write_markups", "write_clears")
NEW_STYLE_WRITES = (
    "write_removed_grants",
    "write_switched_grants",
    "write_grant_markups",
    "write_new_grants",
)


@database_task("write like the old application")
def write_old_style(copy: Target, *, deletions: bool) -> int:
    """Change the JSONB of the copy as an old application does; return the rows changed."""
    return _write(copy, (*OLD_STYLE_WRITES, "write_deletions") if deletions else OLD_STYLE_WRITES)


@database_task("write like the new application")
def write_new_style(copy: Target) -> int:
    """Change the junction table of the copy as a new application does; return the rows changed."""
    return _write(copy, NEW_STYLE_WRITES)


def _write(copy: Target, names: tuple[str, ...]) -> int:
    with connect(copy, "rehearsal: writes") as connection:
        return sum(run(connection, f"rehearsal/{name}", schema=copy.schema) for name in names)


@database_task("quarantine")
def read_quarantine(copy: Target) -> pd.DataFrame:
    """Return the quarantine of the copy, with the columns of `explode.QUARANTINE_COLUMNS`."""
    with connect(copy, "rehearsal: quarantine", read_only=True) as connection:
        rows = fetch(connection, "queries/list_quarantine", ledger=copy.ledger)
    return pd.DataFrame(rows, columns=list(QUARANTINE_COLUMNS))


@database_task("sizes")
def read_sizes(copy: Target) -> dict[str, int]:
    """Return the bytes of the junction table and of the models, indexes included."""
    with connect(copy, "rehearsal: sizes", read_only=True) as connection:
        return dict(fetch(connection, "rehearsal/read_sizes", schema=copy.schema)[0])
