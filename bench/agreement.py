"""The check that every contender did the same work: the same table, the same rows."""

from __future__ import annotations

import dataclasses

import psycopg
from psycopg.rows import class_row

from bench.process import BenchError
from bench.statements import bench_statement

SHAPE = {
    "id integer not null",
    "tier_id integer not null",
    "model_id uuid not null",
    "enabled boolean not null",
    "markup_multiplier numeric(4,2) not null",
    "created_at timestamp without time zone not null",
    "updated_at timestamp without time zone not null",
    "CREATE UNIQUE INDEX tier_model_access_pkey btree (id)",
    "CREATE UNIQUE INDEX unique_tier_model btree (tier_id, model_id)",
    "CREATE INDEX idx_tier_model_tier_id btree (tier_id)",
    "CREATE INDEX idx_tier_model_model_id btree (model_id)",
    "CREATE INDEX idx_tier_model_enabled btree (enabled) WHERE enabled",
    "CREATE INDEX idx_tier_model_lookup btree (tier_id, model_id, enabled)",
    "tier_model_access_pkey PRIMARY KEY (id)",
    "unique_tier_model UNIQUE (tier_id, model_id)",
    "fk_tier_model_tier FOREIGN KEY (tier_id) REFERENCES subscription_tiers(id)"
    " ON UPDATE CASCADE ON DELETE CASCADE",
    "fk_tier_model_model FOREIGN KEY (model_id) REFERENCES model_access_control(id)"
    " ON UPDATE CASCADE ON DELETE CASCADE",
}


@dataclasses.dataclass(frozen=True)
class Source:
    """What the JSONB of a source database holds: the rows that every contender must end with."""

    grants: int
    checksum: str
    distinct_pairs: int


def read_source(dsn: str) -> Source:
    """Return what the JSONB holds."""
    with psycopg.connect(dsn) as connection:
        cursor = connection.cursor(row_factory=class_row(Source))
        source = cursor.execute(bench_statement("digest_source")).fetchone()
    assert source is not None
    return source


def require_agreement(dsn: str, name: str, source: Source) -> None:
    """Raise BenchError when a contender's table has other rows, columns, indexes or keys."""
    with psycopg.connect(dsn) as connection:
        row = connection.execute(bench_statement("digest_grants")).fetchone()
        lines = connection.execute(bench_statement("list_shape")).fetchall()
    shape = {str(line) for (line,) in lines}
    if different := sorted(SHAPE ^ shape):
        raise BenchError(f"{name} did not end in the final schema; it differs in {different}.")
    if row != (source.grants, source.checksum):
        wanted = (source.grants, source.checksum)
        raise BenchError(f"{name} has other grants: (count, checksum) {row}, not {wanted}.")
