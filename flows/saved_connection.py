"""Saved connections: a database under a name, which forms and flow parameters may show."""

from __future__ import annotations

import os
from typing import ClassVar, cast

from prefect.blocks.core import Block
from pydantic import Field, SecretStr

from tierflow.errors import ConfigurationError

DEFAULT_NAME = "default"


class TierflowDatabase(Block):
    """A PostgreSQL database for tierflow. The connection string is masked and encrypted."""

    _block_type_name: ClassVar[str | None] = "tierflow database"
    _block_type_slug: ClassVar[str | None] = "tierflow-database"
    _description: ClassVar[str | None] = (
        "A PostgreSQL database whose access data tierflow migrates. Flows take the name of the"
        " saved connection, never the connection string."
    )

    dsn: SecretStr = Field(
        default=SecretStr(""),
        title="Connection string",
        description="A libpq conninfo or URL. Empty: the embedded PostgreSQL of tierflow.",
    )
    schema_name: str = Field(
        default="public", title="Schema", description="Schema of the source tables."
    )


def load_connection(name: str) -> TierflowDatabase:
    """Return the saved connection. Raises ConfigurationError when there is none of this name."""
    if not os.environ.get("PREFECT_API_URL"):
        raise ConfigurationError(
            f"The saved connection {name!r} is kept by a Prefect server, and none is set.",
            next_step="set PREFECT_API_URL, or leave out the name and set TIERFLOW_DSN",
        )
    try:
        return cast(TierflowDatabase, TierflowDatabase.load(name))
    except ValueError:
        raise ConfigurationError(
            f"There is no saved connection {name!r} on the Prefect server.",
            next_step="add a 'tierflow database' under Blocks, or choose another name",
        ) from None


def save_default_connection(dsn: SecretStr | None) -> bool:
    """Register the block type; save `dsn` (None: embedded) as `default` when there is none.

    Returns whether `default` means `dsn`: what a person saved there is never replaced.
    """
    # a blank conninfo is libpq's default, as an empty TIERFLOW_DSN; an empty one is embedded
    wanted = SecretStr("" if dsn is None else dsn.get_secret_value() or " ")
    TierflowDatabase.register_type_and_schema()
    try:
        found = load_connection(DEFAULT_NAME)
    except ConfigurationError:
        TierflowDatabase(dsn=wanted).save(DEFAULT_NAME)
        return True
    return found.dsn == wanted
