"""Run PostgreSQL's own programs on a database, with no password where others could see it."""

from __future__ import annotations

import os
import subprocess
import tempfile
from collections.abc import Generator
from pathlib import Path

from psycopg.conninfo import conninfo_to_dict, make_conninfo

from tierflow.connection import require_sessions
from tierflow.errors import ConfigurationError
from tierflow.settings import Target


def call_program(target: Target | None, program: Path, *arguments: str) -> str:
    """Run a program, on the database of the target if there is one, and return its output.

    A password goes by the environment, where `ps` does not show it. Raises ConfigurationError,
    with the end of what the program said, when it fails, and before it when its session would not
    be its own: it sets what it needs, as we do.
    """
    environment, database = dict(os.environ), []
    parameters = conninfo_to_dict(target.dsn) if target else {}
    if target:
        require_sessions(target)
        if password := parameters.pop("password", None):
            environment["PGPASSWORD"] = str(password)
        database = [f"--dbname={make_conninfo('', **parameters)}"]
    done = subprocess.run(
        [program, *database, *arguments],
        env=environment,
        check=False,
        capture_output=True,
        text=True,
    )
    if done.returncode:
        raise _explain(program, " ".join(done.stderr.split())[-500:], parameters.get("sslmode"))
    return done.stdout


def read_program(program: Path, *arguments: str) -> Generator[bytes]:
    """Yield the lines that a program writes, while it writes them.

    Raises ConfigurationError, with the end of what the program said, when it fails.
    """
    with (
        tempfile.TemporaryFile() as said,
        subprocess.Popen([program, *arguments], stdout=subprocess.PIPE, stderr=said) as process,
    ):
        assert process.stdout is not None
        try:
            yield from process.stdout
        except GeneratorExit:
            process.kill()
            raise
        if process.wait():
            said.seek(0)
            raise ConfigurationError(
                f"{program.name} failed: {said.read().decode(errors='replace').strip()[-500:]}",
                next_step="see whether the file is a whole dump in pg_dump's custom format;"
                " TIERFLOW_PG_BINDIR chooses newer PostgreSQL programs",
            )


def _explain(program: Path, said: str, sslmode: object) -> ConfigurationError:
    """Return the error for a program that failed, with what helps."""
    if "SSL support is not compiled in" in said:
        return ConfigurationError(
            f"{program} was built without TLS, which sslmode={sslmode} asks for.",
            next_step="set TIERFLOW_PG_BINDIR to the folder of other PostgreSQL programs, such as"
            " those of your system's package postgresql-client",
        )
    if "permission denied" in said:
        return ConfigurationError(
            f"A privilege is missing for {program.name}: {said}",
            next_step="run `tierflow grants`, which prints the GRANTs that each command needs",
        )
    return ConfigurationError(
        f"{program.name} of the source tables failed: {said}",
        next_step="see which part of the tables it lacks;"
        " TIERFLOW_PG_BINDIR chooses newer PostgreSQL programs",
    )
