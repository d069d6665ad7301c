"""Stage the rows of a dump or an archive in temporary tables of a session; nobody waits for it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from sql import statement
from tierflow.archive import COLUMNS, FLAG, is_archive, read_header, read_rows
from tierflow.connection import Connection, run
from tierflow.dump_rows import read_copied_rows
from tierflow.errors import ConfigurationError
from tierflow.finalization import Finalization
from tierflow.pg_binaries import find_bindir
from tierflow.pg_programs import read_program
from tierflow.settings import Target

_FINISH = (
    "restore/create_restored_index",
    "restore/set_changed_ids",
    "restore/analyze_restored",
)


def stage_rows(
    connection: Connection, target: Target, file: Path, finalization: Finalization | None
) -> None:
    """Fill the session's tables `restored` (a row a model) and `restored_tier` from the file.

    Raises ConfigurationError when the file is not there, is damaged, or holds other tables.
    """
    if not file.exists():
        raise ConfigurationError(
            f"{file} is not there.",
            next_step="name a dump of `migrate --pg-dump`, or the archive of `tierflow finalize`",
        )
    run(connection, "restore/create_restored")
    run(connection, "restore/create_restored_tier")
    if is_archive(file):
        _stage_archive(connection, target, file, finalization)
    else:
        _stage_dump(connection, target, file)
    for name in _FINISH:
        run(connection, name, schema=target.schema)


def _stage_archive(
    connection: Connection, target: Target, file: Path, finalization: Finalization | None
) -> None:
    known: Mapping[str, str] = {}
    if finalization and Path(finalization.archive).name == file.name:
        known = {"the ledger of this database": finalization.sha256}
    header = read_header(file, known)
    if header["schema"] != target.schema:
        raise ConfigurationError(
            f"{file} holds the models of schema {header['schema']}, not of {target.schema}.",
            next_step=f"give that schema: tierflow restore {file} --schema {header['schema']}",
        )
    columns = (*COLUMNS, FLAG)
    with connection.cursor().copy(statement("restore/copy_archived_models")) as copy:
        for rows in read_rows(file):
            for row in rows:
                copy.write_row([row[name] for name in columns])
    _copy_tiers(connection, ((tier["id"], tier["tier_code"]) for tier in header["tiers"]))
    run(connection, "restore/delete_older_versions")


def _stage_dump(connection: Connection, target: Target, file: Path) -> None:
    for table, columns, into in (
        (
            "model_access_control",
            ("id", "model_id", "tier_access", "tier_markup"),
            "copy_dumped_models",
        ),
        ("subscription_tiers", ("id", "tier_code"), "copy_tiers"),
    ):
        lines = read_program(
            find_bindir() / "pg_restore", "--data-only", "--file=-", f"--table={table}", str(file)
        )
        try:
            with connection.cursor().copy(statement(f"restore/{into}")) as copy:
                for row in read_copied_rows(lines, (target.schema, table), columns):
                    copy.write(row)
        except LookupError as error:
            raise ConfigurationError(
                f"{file} is no dump of these tables: {error.args[0]}.",
                next_step="name a dump that `migrate --pg-dump` wrote, or one of both tables with"
                " their data in pg_dump's custom format",
            ) from error
    run(connection, "restore/write_captured_values")


def _copy_tiers(connection: Connection, tiers: Iterator[tuple[Any, Any]]) -> None:
    with connection.cursor().copy(statement("restore/copy_tiers")) as copy:
        for tier in tiers:
            copy.write_row(tier)
