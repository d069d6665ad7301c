"""A database of a test's own, and the words to speak about it."""

from __future__ import annotations

import dataclasses
import json
import re
import subprocess
import uuid
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, LiteralString, cast

import psycopg
from psycopg.rows import dict_row

from tierflow.settings import Target

NAMESPACE = uuid.UUID(int=0)


def model_uuid(name: str) -> uuid.UUID:
    """Return the id that `add_models` gives to the model of this name."""
    return uuid.uuid5(NAMESPACE, name)


@dataclasses.dataclass(frozen=True)
class Database:
    """One database with the source tables, cloned from a template."""

    dsn: str
    bindir: Path
    home: Path

    @property
    def target(self) -> Target:
        return Target(dsn=self.dsn, schema="public", home=self.home)

    def rows(self, query: str, *parameters: object) -> list[dict[str, Any]]:
        """Run any SQL and return its rows, if it has any."""
        with psycopg.Connection[dict[str, Any]].connect(
            self.dsn, autocommit=True, row_factory=dict_row
        ) as connection:
            cursor = connection.execute(cast(LiteralString, query), parameters or None)
            return cursor.fetchall() if cursor.description else []

    def past_sync(self, query: str, *parameters: object) -> None:
        """Write one side without the other following: how drift comes about."""
        with psycopg.connect(self.dsn) as connection:
            connection.execute("SET tierflow.syncing = 'on'")
            connection.execute(cast(LiteralString, query), parameters or None)

    def value(self, query: str, *parameters: object) -> Any:
        """Return the first column of the first row."""
        return next(iter(self.rows(query, *parameters)[0].values()))

    def add_tiers(self, *codes: str) -> None:
        """Add active tiers with ids 1, 2, ... in this order."""
        for number, code in enumerate(codes, start=1):
            self.rows(
                "INSERT INTO public.subscription_tiers VALUES (%s, %s, %s, true, %s)",
                number, code, code.title(), number,
            )  # fmt: skip

    def add_model(
        self,
        name: str,
        access: object = None,
        markup: object = None,
        *,
        enabled: bool = True,
        provider: str = "acme",
    ) -> None:
        """Add a model; `access` and `markup` are JSON text (str), or values to be dumped."""
        self.add_models([(name, access, markup)], enabled=enabled, provider=provider)

    def add_models(
        self,
        models: Iterable[tuple[str, object, object]],
        *,
        enabled: bool = True,
        provider: str = "acme",
    ) -> None:
        """Add models of (name, access, markup); None is SQL NULL, a str is JSON text."""
        with psycopg.connect(self.dsn) as connection:
            connection.cursor().executemany(
                """INSERT INTO public.model_access_control
                   (id, model_id, provider, display_name, enabled, deprecated,
                    tier_access, tier_markup, pricing, updated_at)
                   VALUES (%s, %s, %s, %s, %s, false, %s::jsonb, %s::jsonb,
                    '{"input_per_1k": 0.003, "output_per_1k": 0.015, "currency": "USD"}',
                    '2026-01-02 03:04:05')""",
                [
                    (model_uuid(name), name, provider, name.title(), enabled, *map(_json, values))
                    for name, *values in models
                ],
            )  # fmt: skip

    def grants(self) -> set[tuple[str, str, str]]:
        """Return the enabled grants of the junction table as (model, tier, markup)."""
        return {
            (row["model_id"], row["tier_code"], str(row["markup_multiplier"]))
            for row in self.rows(
                """SELECT m.model_id, t.tier_code, a.markup_multiplier
                   FROM public.tier_model_access a
                   JOIN public.model_access_control m ON m.id = a.model_id
                   JOIN public.subscription_tiers t ON t.id = a.tier_id WHERE a.enabled"""
            )
        }

    def dump(self, *options: str) -> str:
        """Return pg_dump's text of the whole database, schema and data."""
        done = subprocess.run(
            [self.bindir / "pg_dump", "--no-owner", *options, "-d", self.dsn],
            check=True,
            capture_output=True,
            text=True,
        )
        # a random token that pg_dump puts into each dump since 2025
        lines = done.stdout.splitlines(keepends=True)
        return "".join(x for x in lines if not x.startswith(("\\restrict", "\\unrestrict")))

    def dump_without_ledger(self, *options: str) -> str:
        """Return the dump of all but schema tierflow, the rows of each table in order.

        A row that was updated and put back lies elsewhere in its table.
        """
        text = self.dump("--exclude-schema=tierflow", *options)
        return _COPY.sub(lambda block: block[1] + "".join(sorted(block[2].splitlines(True))), text)


_COPY = re.compile(r"(^COPY [^\n]+ FROM stdin;\n)(.*?)(?=^\\\.$)", re.MULTILINE | re.DOTALL)


def _json(value: object) -> str | None:
    return value if value is None or isinstance(value, str) else json.dumps(value)


@dataclasses.dataclass(frozen=True)
class Told:
    """What a command said: exit code, the value on stdout (`--json`) and the text on stderr."""

    code: int
    value: Any
    stderr: str


Models = Sequence[tuple[str, object, object]]
Json = Mapping[str, Any]
