"""A migrated shop for the tests of finalize and restore, and the words to speak about it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from support.database import Database, Told
from support.reuse import fill_once

# as text: every byte must come back. SQL NULL, JSON null, digits, order, and what is quarantined
SOURCE = [
    ("kept", '["old", "free", "vip"]', '{"old": 1.50, "vip": 2, "free": 1.0}'),
    ("plain", '["vip"]', '{"vip": 2.00}'),
    ("twice", '["free", "free"]', None),
    ("empty", "[]", "{}"),
    ("null", None, None),
    ("jnull", "null", "null"),
    ("half", None, '{"free": 1}'),
    ("unicode", '["free"]', '{"free": 1, "note": "caf\\u00e9 \\"quoted\\"\\ttab \\\\ end"}'),
    ("broken", '["free", 7]', None),
    ("bare", '"pro"', None),
]
OPTIONS = (
    "--tier-map", "old=pro", "--tier-map", "ago=pro", "--malformed", "quarantine",
    "--min-coverage", "0",
)  # fmt: skip
DROP = ("--soak-days", "0", "--yes-drop", "tier_access,tier_markup")
VALUES = """SELECT model_id, tier_access::text AS access, tier_markup::text AS markup, updated_at
            FROM public.model_access_control ORDER BY model_id"""
Values = dict[str, tuple[str | None, str | None, object]]
Call = Callable[..., Told]


def values(database: Database) -> Values:
    """Return both columns as text, and updated_at, of every model."""
    rows = database.rows(VALUES)
    return {row["model_id"]: (row["access"], row["markup"], row["updated_at"]) for row in rows}


def open_shop(database: Database, tierflow: Call) -> Database:
    """Return a migrated shop, verified a moment ago."""

    def fill() -> None:
        database.add_tiers("free", "pro", "vip")
        database.add_models(SOURCE)
        for command in (("migrate", *OPTIONS, "--backup-columns"), ("verify",)):
            told = tierflow(*command)
            assert told.code == 0, told.stderr

    return fill_once(database, __name__, fill)


def finalize(database: Database, tierflow: Call) -> Path:
    """Finalize, and return the archive."""
    told = tierflow("finalize", *DROP)
    assert (told.code, told.value["outcome"]) == (0, "finalized"), told.stderr
    return Path(told.value["archive"]["file"])


def columns(database: Database) -> set[str]:
    """Return the columns of the models."""
    rows = database.rows(
        """SELECT attname::text FROM pg_attribute WHERE attnum > 0 AND NOT attisdropped
           AND attrelid = 'public.model_access_control'::regclass"""
    )
    return {row["attname"] for row in rows}
