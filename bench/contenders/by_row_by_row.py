"""What most migrations in Python are: a loop, one INSERT for each grant, one commit at the end."""

from __future__ import annotations

import os
from uuid import UUID

import psycopg

from bench.statements import execute_file

INSERT = """
INSERT INTO public.tier_model_access (tier_id, model_id, markup_multiplier)
VALUES (%s, %s, %s)
ON CONFLICT (tier_id, model_id) DO NOTHING
"""


def main(dsn: str) -> None:
    """Insert the grants one by one into the table with its indexes and keys."""
    for name in ("create_bare_table", "create_indexes", "create_keys"):
        execute_file(dsn, name)
    with psycopg.connect(dsn) as connection:
        tiers = dict(
            connection.execute("SELECT tier_code, id FROM public.subscription_tiers").fetchall()
        )
        models: list[tuple[UUID, list[str] | None, dict[str, float] | None]] = connection.execute(
            "SELECT id, tier_access, tier_markup FROM public.model_access_control"
        ).fetchall()
        for model_id, access, markups in models:
            for code in access or []:
                markup = (markups or {}).get(code, 1.0)
                connection.execute(INSERT, [tiers[code], model_id, markup])
    execute_file(dsn, "analyze_grants")


if __name__ == "__main__":
    main(os.environ["TIERFLOW_DSN"])
