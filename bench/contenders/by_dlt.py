"""dlt, a library that loads nested JSON into tables: the array becomes a child table by itself.

Its staging tables are then joined into the junction table by SQL: dlt has no uuid keys of ours.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

os.environ["RUNTIME__DLTHUB_TELEMETRY"] = "false"
os.environ["DLT_DATA_DIR"] = os.environ["TIERFLOW_HOME"]

import dlt
import psycopg
from dlt.destinations.impl.postgres.configuration import PostgresCredentials
from psycopg.conninfo import conninfo_to_dict

from bench.statements import execute_file

PAGE = 10_000


def main(dsn: str, folder: Path) -> None:
    """Load the models with dlt, and end in the final schema."""
    pipeline = dlt.pipeline(
        "tierflow_bench",
        pipelines_dir=str(folder / "dlt"),
        destination=dlt.destinations.postgres(credentials=_credentials(dsn)),
        dataset_name="staged",
    )
    models = dlt.resource(
        _read_models(dsn),
        name="models",
        columns={"tier_markup": {"data_type": "json"}},
        write_disposition="replace",
    )
    # by COPY, the faster of its two ways into PostgreSQL
    pipeline.run(models, loader_file_format="csv")
    for name in ("create_bare_table", "fill_from_dlt", "create_indexes", "create_keys"):
        execute_file(dsn, name)
    execute_file(dsn, "analyze_grants")


def _read_models(dsn: str) -> Iterator[list[dict[str, Any]]]:
    query = "SELECT id::text, tier_access, tier_markup FROM public.model_access_control"
    with psycopg.connect(dsn) as connection, connection.cursor("models") as cursor:
        cursor.execute(query)
        while page := cursor.fetchmany(PAGE):
            names = ("id", "tier_access", "tier_markup")
            yield [dict(zip(names, row, strict=True)) for row in page]


def _credentials(dsn: str) -> PostgresCredentials:
    """Return the connection as dlt wants it: the folder of a socket goes into the query."""
    parts: dict[str, Any] = {k: str(v) for k, v in conninfo_to_dict(dsn).items() if v}
    credentials = PostgresCredentials()
    credentials.database = parts.pop("dbname")
    credentials.username = parts.pop("user", "postgres")
    # dlt requires these three; libpq lets the query of a URL overrule the host before it
    credentials.password = parts.pop("password", "none")
    credentials.host = "localhost"
    credentials.port = int(parts.pop("port", 5432))
    credentials.query = parts
    return credentials


if __name__ == "__main__":
    main(os.environ["TIERFLOW_DSN"], Path(os.environ["TIERFLOW_HOME"]))
