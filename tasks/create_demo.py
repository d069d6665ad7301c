"""The demo's database: a real catalogue of models with its access in JSONB, afresh."""

from __future__ import annotations

from sql import statement
from tasks.definition import database_task
from tierflow.connection import connect, run
from tierflow.demo.dataset import DEMO_TIERS, derive_access, load_catalogue
from tierflow.settings import Target

SOURCE = (
    "create_subscription_tiers",
    "create_model_access_control",
    "create_touch_updated_at_function",
    "create_touch_updated_at_trigger",
    "create_tier_access_gin_index",
)


@database_task("create demo")
def create_demo(server: Target, target: Target, database: str) -> int:
    """Drop and create the demo's database and fill it; return the number of models.

    `server` is a target on another database of the same server.
    """
    with connect(server, "create demo", autocommit=True) as connection:
        run(connection, "demo/drop_database", database=database)
        run(connection, "demo/create_database", database=database)
    return fill_demo(target)


def fill_demo(target: Target) -> int:
    """Create the source tables in an empty schema and fill them; return the number of models."""
    models = derive_access(load_catalogue())
    with connect(target, "create demo") as connection:
        for name in SOURCE:
            run(connection, f"demo/{name}", schema=target.schema)
        for table, rows in (
            ("tiers", DEMO_TIERS),
            ("models", models.itertuples(index=False)),
        ):
            query = statement(f"demo/copy_{table}", schema=target.schema)
            with connection.cursor() as cursor, cursor.copy(query) as copy:
                for row in rows:
                    copy.write_row(row)
    return len(models)
