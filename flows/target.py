"""Open the database that a flow runs on."""

from __future__ import annotations

import contextlib
from collections.abc import Generator

from expectations import judging
from tierflow.embedded import embedded_server
from tierflow.errors import ConfigurationError
from tierflow.settings import (
    BUILD_SCHEMA,
    DRY_RUN_SCHEMA,
    LEDGER_SCHEMA,
    Limits,
    Settings,
    Target,
    read_settings,
)

EMBEDDED_DATABASE = "tierflow_demo"


@contextlib.contextmanager
def open_target(
    schema: str | None, *, database: str | None = None, judges: bool = True
) -> Generator[Target]:
    """Yield the database of this saved connection, else of TIERFLOW_DSN, else the embedded one.

    `schema` None: the saved connection's, else public. `judges`: begin to import Great
    Expectations in the background, for the flow will need it.
    """
    if judges:
        judging.start()
    settings = read_settings()
    # an empty TIERFLOW_DSN is libpq's default: its PG* variables
    dsn = settings.dsn.get_secret_value() if settings.dsn is not None else None
    if database is not None:
        from flows.saved_connection import load_connection

        saved = load_connection(database)
        dsn, schema = saved.dsn.get_secret_value() or None, schema or saved.schema_name
    with contextlib.ExitStack() as stack:
        if dsn is None:
            dsn = stack.enter_context(_embedded(settings, EMBEDDED_DATABASE))
        yield _target(settings, dsn, schema or "public")


@contextlib.contextmanager
def demo_targets() -> Generator[tuple[Target, Target]]:
    """Yield the embedded server's maintenance database and the demo's database."""
    settings = read_settings()
    with (
        _embedded(settings, "postgres") as maintenance,
        _embedded(settings, EMBEDDED_DATABASE) as demo,
    ):
        yield _target(settings, maintenance, "public"), _target(settings, demo, "public")


@contextlib.contextmanager
def _embedded(settings: Settings, database: str) -> Generator[str]:
    folder = settings.home / "postgres"
    with embedded_server(folder, bindir=settings.pg_bindir) as server:
        yield server.dsn(database)


def _target(settings: Settings, dsn: str, schema: str) -> Target:
    if schema in (LEDGER_SCHEMA, BUILD_SCHEMA, DRY_RUN_SCHEMA):
        raise ConfigurationError(
            f"Schema {schema!r} belongs to tierflow itself, which drops and clears what is in it.",
            next_step="give the schema of the source tables with --schema",
        )
    return Target(
        dsn=dsn,
        schema=schema,
        home=settings.home.absolute(),
        chunk_models=settings.chunk_models,
        workers=settings.workers,
        keep_validations=settings.keep_validations,
        limits=Limits(
            max_replication_lag=settings.max_replication_lag,
            max_transaction_age=settings.max_transaction_age,
            pause_while=settings.pause_while,
            longest_pause=settings.longest_pause,
        ),
    )
