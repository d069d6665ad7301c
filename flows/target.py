"""Open the database that a flow runs on."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator

from expectations import judging
from tierflow.embedded import embedded_server
from tierflow.settings import Settings, Target

EMBEDDED_DATABASE = "tierflow_demo"


@contextlib.contextmanager
def open_target(schema: str, *, judges: bool = True) -> Iterator[Target]:
    """Yield the database of TIERFLOW_DSN, or the embedded one while it runs.

    `judges`: begin to import Great Expectations in the background (4 s), for the flow will need it.
    """
    if judges:
        judging.start()
    settings = Settings()  # pyright: ignore[reportCallIssue]
    with contextlib.ExitStack() as stack:
        if settings.dsn is not None:
            dsn = settings.dsn.get_secret_value()
        else:
            server = stack.enter_context(
                embedded_server(settings.home / "postgres", bindir=settings.pg_bindir)
            )
            dsn = server.dsn(EMBEDDED_DATABASE)
        yield Target(
            dsn=dsn,
            schema=schema,
            home=settings.home.absolute(),
            chunk_models=settings.chunk_models,
            keep_validations=settings.keep_validations,
        )
