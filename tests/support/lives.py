"""A whole life of a database, by the commands and by the scripts, beside what the oracle says."""

from __future__ import annotations

import dataclasses
import json
import subprocess
from collections import Counter
from pathlib import Path
from typing import Any

import psycopg

from sql import FOLDER
from support.database import Database, Told, model_uuid
from support.hostile import Whole, as_toml, as_variables
from support.oracle import Answer, consult
from support.zygote import Zygote

FATES = ("migrated", "merged", "duplicates", "quarantined")
SOURCE = """SELECT model_id, tier_access::text AS access, tier_markup::text AS markups,
            updated_at::text AS updated_at FROM public.model_access_control ORDER BY id"""
GRANTS = """SELECT access.ctid::text || ' ' || access.xmin::text AS place
            FROM public.tier_model_access AS access ORDER BY access.id"""
QUARANTINE = """SELECT model_identifier, position, code, reason, value::text AS value, tier_codes
                FROM tierflow.quarantine"""


@dataclasses.dataclass
class Bench:
    """Where cases are tried: one database, emptied for each, and what was counted."""

    database: Database
    zygote: Zygote
    counted: Counter[str] = dataclasses.field(default_factory=Counter[str])

    def call(self, *arguments: str) -> Told:
        home = {"TIERFLOW_DSN": self.database.dsn, "TIERFLOW_HOME": str(self.database.home)}
        return self.zygote.call(*arguments, env={**home, "TIERFLOW_CHUNK_MODELS": "7"})

    def psql(self, script: str, **variables: str) -> None:
        given = [f"--set={name}={value}" for name, value in variables.items()]
        path = str(FOLDER / f"{script}.sql")
        done = subprocess.run(
            [self.database.bindir / "psql", "-X", "-d", self.database.dsn, *given, "-f", path],
            capture_output=True, check=False,
        )  # fmt: skip
        assert done.returncode == 0, done.stderr.decode(errors="replace")

    def fill(self, whole: Whole) -> None:
        """Put the models in, but for those that PostgreSQL itself refuses."""
        self.database.rows("DROP SCHEMA IF EXISTS tierflow CASCADE")
        self.database.rows("TRUNCATE public.model_access_control, public.subscription_tiers")
        self.database.add_tiers(*whole.world.tiers)
        with psycopg.connect(self.database.dsn, autocommit=True) as session:
            for name, access, markups in whole.models:
                try:
                    session.execute(
                        """INSERT INTO public.model_access_control
                           (id, model_id, enabled, tier_access, tier_markup, updated_at)
                           VALUES (%s, %s, true, %s, %s, '2026-01-02 03:04:05')""",
                        [model_uuid(name), name, access, markups],
                    )
                except psycopg.DataError:
                    self.counted["bad inputs refused"] += 1

    def prove(self, whole: Whole) -> None:
        """Live a life by the commands and one by the scripts; the oracle says what is right."""
        self.fill(whole)
        source = self.database.rows(SOURCE)
        answers = {
            row["model_id"]: consult(row["access"], row["markups"], whole.world) for row in source
        }
        config = Path(self.database.home, "tierflow.toml")
        config.write_text(as_toml(whole.world), encoding="utf-8")

        told = self.call("migrate", "--config", str(config))
        assert (told.code, told.value and told.value["outcome"]) == (0, "published"), told.stderr
        self.require_conserved(told.value, answers)
        self.require_agreed(answers)
        told = self.call("verify")
        assert told.code == 0, told.stderr
        assert told.value["parity"] == {"missing": 0, "extra": 0, "wrong_markup": 0}
        places = self.database.rows(GRANTS)
        told = self.call("migrate")
        assert (told.code, told.value["outcome"]) == (0, "unchanged"), told.stderr
        assert self.database.rows(GRANTS) == places
        told = self.call("rollback")
        assert (told.code, told.value["outcome"]) == (0, "rolled_back"), told.stderr
        assert self.database.rows(SOURCE) == source

        self.psql("migrate_to_dynamic_tiers", **as_variables(whole.world))
        self.require_agreed(answers)
        self.psql("rollback_dynamic_tiers")
        assert self.database.rows(SOURCE) == source
        self.counted.update({"databases": 1, "models": len(source)})
        for answer in answers.values():
            self.counted.update({"source elements": len(answer.elements), **answer.fates})
            self.counted["grants"] += len(answer.grants)

    def require_conserved(self, result: dict[str, Any], answers: dict[str, Answer]) -> None:
        said = {fate: sum(answer.fates[fate] for answer in answers.values()) for fate in FATES}
        assert {fate: result[fate] for fate in FATES} == said
        assert result["source_elements"] == sum(said.values())

    def require_agreed(self, answers: dict[str, Answer]) -> None:
        wanted = {
            (model, tier, f"{hundredths // 100}.{hundredths % 100:02}")
            for model, answer in answers.items()
            for tier, hundredths in answer.grants.items()
        }
        assert self.database.grants() == wanted
        stored = [tuple(row.values()) for row in self.database.rows(QUARANTINE)]
        said = [
            (model, q.position, q.code, q.reason, q.value, q.tier_codes)
            for model, answer in answers.items()
            for q in answer.quarantined
        ]
        assert in_order(stored) == in_order(said)


def in_order(rows: list[tuple[Any, ...]]) -> list[tuple[Any, ...]]:
    """Return the rows in order, without the order that jsonb gives to the codes of a conflict."""
    plain = [
        (*row[:4], json.dumps(json.loads(row[4]), sort_keys=True), row[5])
        if row[3] == "markup_conflict"
        else row
        for row in rows
    ]
    return sorted(plain, key=lambda row: row[:2])
