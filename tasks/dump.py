"""A dump of the two source tables, taken before anything of theirs is changed."""

from __future__ import annotations

import logging
import os
from pathlib import Path

from tasks.definition import database_task
from tierflow.errors import ConfigurationError
from tierflow.pg_binaries import find_bindir
from tierflow.pg_programs import call_program
from tierflow.published import SOURCE_COLUMNS
from tierflow.settings import Target

log = logging.getLogger("tierflow.dump")


@database_task("pg_dump")
def dump_source(target: Target, file: Path) -> None:
    """Write a custom-format pg_dump of both source tables to a new file.

    The file appears when it is complete. Raises ConfigurationError when it is there already: a dump
    of the state before a migration is not written over by one of the state after it.
    """
    if file.exists():
        raise ConfigurationError(
            f"{file} is there already, and a dump is never written over.",
            next_step="give another name with --pg-dump, or move that file away",
        )
    schema = target.schema.replace('"', '""')
    tables = [f'--table="{schema}"."{table}"' for table in SOURCE_COLUMNS]
    file.parent.mkdir(parents=True, exist_ok=True)
    unfinished = file.with_name(f".{file.name}.{os.getpid()}")
    try:
        call_program(
            target, find_bindir() / "pg_dump", "--format=custom", f"--file={unfinished}", *tables
        )
        unfinished.rename(file)
    finally:
        unfinished.unlink(missing_ok=True)
    log.info("Dumped both source tables to %s: %s bytes.", file, f"{file.stat().st_size:,}")
