"""What a data scientist writes: pandas out, explode, pandas in; then the indexes and keys."""

from __future__ import annotations

import os
from collections.abc import Mapping

import pandas as pd
import psycopg
from sqlalchemy import Uuid, create_engine

from bench.statements import execute_file

CHUNK = 1000  # the chunksize of most examples; psycopg allows 65,535 parameters in a statement


def main(dsn: str) -> None:
    """Move all grants through one frame."""
    engine = create_engine("postgresql+psycopg://", creator=lambda: psycopg.connect(dsn))
    execute_file(dsn, "create_bare_table")
    models = pd.read_sql(
        "SELECT id AS model_id, tier_access, tier_markup FROM public.model_access_control", engine
    )
    tiers = pd.read_sql("SELECT id AS tier_id, tier_code FROM public.subscription_tiers", engine)
    grants = models.explode("tier_access").merge(
        tiers, left_on="tier_access", right_on="tier_code", how="inner"
    )
    grants["markup_multiplier"] = [
        _markup(markups, str(code))
        for markups, code in zip(grants["tier_markup"], grants["tier_code"], strict=True)
    ]
    grants[["tier_id", "model_id", "markup_multiplier"]].to_sql(
        "tier_model_access",
        engine,
        schema="public",
        if_exists="append",
        index=False,
        dtype={"model_id": Uuid()},
        method="multi",
        chunksize=CHUNK,
    )
    engine.dispose()
    for name in ("create_indexes", "create_keys", "analyze_grants"):
        execute_file(dsn, name)


def _markup(markups: Mapping[str, float] | float | None, code: str) -> float:
    # a missing object comes out of the frame as None or NaN
    return float(markups.get(code, 1.0)) if isinstance(markups, Mapping) else 1.0


if __name__ == "__main__":
    main(os.environ["TIERFLOW_DSN"])
