"""The fault matrix: a run that meets a fault at one boundary, and all that must hold afterwards."""

from __future__ import annotations

import dataclasses
import time
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import psycopg
from psycopg import sql
from psycopg.conninfo import conninfo_to_dict, make_conninfo

from support.database import Database
from support.oracle import World
from support.proof import list_leftovers, prove
from support.zygote import Zygote

OPTIONS = (
    "--min-coverage", "0", "--tier-map", "old=free", "--malformed", "quarantine",
    "--unknown-tiers", "quarantine",
)  # fmt: skip
COLUMNS = "--backup-columns"
WORLD = World(tiers=("free", "pro", "team"), tier_map={"old": ["free"]})
ACCESS: tuple[object, ...] = (
    ["free"], ["pro", "free"], [], ["old", "team"], None, ["gone"], '"pro"', ["team", "team"],
)  # fmt: skip
MARKUPS: tuple[object, ...] = (None, {"pro": 1.5}, {"team": "1.10", "free": 2}, {"free": -1})
# what an application writes while the first chunk is loaded, and while the values are backed up
WRITES = {
    "load chunk 1: commit": [
        """UPDATE public.model_access_control SET tier_access = '["team", 7]'
           WHERE model_id < 'm20'""",
        "DELETE FROM public.model_access_control WHERE model_id IN ('m05', 'm45')",
        """INSERT INTO public.model_access_control (id, model_id, tier_access)
           VALUES (gen_random_uuid(), 'new', '["pro", "nowhere"]')""",
    ],
    "back up: commit 2": [
        """UPDATE public.model_access_control SET tier_markup = '{"team": 3}'
           WHERE model_id < 'm10'""",
        "DELETE FROM public.model_access_control WHERE model_id = 'm33'",
    ],
}  # fmt: skip
# exit codes that a fault may end with; a killed process has none of its own
CODES: Mapping[str, tuple[int, ...]] = {
    "kill": (-9,),
    "interrupt": (130, 0),
    "terminate": (0, 3),
    "terminate_one": (0, 3),
    "kill_server": (0, 3),
    "drop": (0, 3),
    "time_out": (0, 3),
}
TEMPLATE = "template_faults"
ATTEMPTS = 3


class Unreached(Exception):
    """A boundary that the run did not come to: how many rounds a catch-up needs varies."""


def fill(database: Database) -> None:
    """Fill 60 models with every kind of value."""
    database.add_tiers(*WORLD.tiers)
    database.add_models([(f"m{n:02}", ACCESS[n % 8], MARKUPS[n // 2 % 4]) for n in range(60)])


@dataclasses.dataclass
class Bench:
    """Where cases run: one database, made anew for each from a template that is filled."""

    zygote: Zygote
    database: Database
    dsn_of_runs: str
    spec: Mapping[str, Any] = dataclasses.field(default_factory=dict[str, Any])
    heal: Callable[[], Mapping[str, Any]] = dict  # what to do after a fault; adds to the spec
    command: Sequence[str] = ("migrate",)
    options: Sequence[str] = (*OPTIONS, COLUMNS)

    @property
    def env(self) -> dict[str, str]:
        return {
            "TIERFLOW_DSN": self.dsn_of_runs,
            "TIERFLOW_HOME": str(self.database.home),
            "TIERFLOW_CHUNK_MODELS": "20",
        }

    def renew(self) -> None:
        """Put a fresh copy of the template in the place of the database."""
        name = str(conninfo_to_dict(self.database.dsn)["dbname"])
        maintenance = make_conninfo(self.database.dsn, dbname="postgres")
        with psycopg.connect(maintenance, autocommit=True) as session:
            known = session.execute(
                "SELECT FROM pg_database WHERE datname = %s", [TEMPLATE]
            ).fetchone()
            if known is None:
                fill(self.database)
                self._copy(session, name, TEMPLATE)
            self._copy(session, TEMPLATE, name)

    def _copy(self, session: psycopg.Connection[Any], source: str, copy: str) -> None:
        names = {"source": sql.Identifier(source), "copy": sql.Identifier(copy)}
        session.execute(sql.SQL("DROP DATABASE IF EXISTS {copy} WITH (FORCE)").format(**names))
        session.execute(
            sql.SQL("CREATE DATABASE {copy} TEMPLATE {source} STRATEGY file_copy").format(**names)
        )

    def list_boundaries(self) -> list[tuple[str, int]]:
        """Return all boundaries of a run without a fault: its label, and which one of these."""
        self.renew()
        labels = Path(self.database.home, "boundaries")
        labels.unlink(missing_ok=True)
        told = self._run(self.command, {"list": str(labels)})
        assert told.code == 0, told.stderr
        return number_boundaries(labels)

    def _run(self, command: Sequence[str], fault: Mapping[str, Any] | None) -> Any:
        if fault is not None:
            fault = {"dsn": self.database.dsn, "writes": WRITES, **self.spec, **fault}
        return self.zygote.call(*command, *self.options, env=self.env, fault=fault)

    def try_case(self, do: str, label: str, nth: int, when: str) -> str | None:
        """Meet one fault; return what does not hold afterwards, None when all does.

        Raises Unreached when no run came to this boundary.
        """
        told = self._meet({"do": do, "label": label, "nth": nth, "when": when})
        self.spec = {**self.spec, **self.heal()}
        if told.code not in CODES[do]:
            return f"ended with {told.code}: {told.stderr[-300:]}"
        wait_until_gone(self.database)
        if problem := find_half_done(self.database):
            return problem
        told = self._run(("migrate",), None)
        if told.code != 0:
            return f"the next run ended with {told.code}: {told.stderr[-300:]}"
        wait_until_gone(self.database)
        if not (parity := prove(self.database, WORLD)).proven:
            return f"after the next run: {parity}"
        if left := list_leftovers(self.database):
            return f"left behind: {', '.join(left)}"
        return self._find_rollback_problem()

    def _meet(self, fault: Mapping[str, Any]) -> Any:
        struck = Path(self.database.home, "struck")
        struck.unlink(missing_ok=True)
        for _ in range(ATTEMPTS):
            self.renew()
            told = self._run(self.command, {**fault, "struck": str(struck)})
            if struck.exists():
                return told
        raise Unreached

    def _find_rollback_problem(self) -> str | None:
        before = read_source(self.database)
        told = self.zygote.call("rollback", env=self.env)
        if told.code != 0:
            return f"the rollback ended with {told.code}: {told.stderr[-300:]}"
        return None if read_source(self.database) == before else "the rollback changed the JSONB"


def number_boundaries(labels: Path) -> list[tuple[str, int]]:
    """Return the boundaries that a run has listed: the label, and which one of these it is."""
    passed = Counter[str]()
    boundaries: list[tuple[str, int]] = []
    for label in labels.read_text().splitlines():
        passed[label] += 1
        boundaries.append((label, passed[label]))
    return boundaries


def read_source(database: Database) -> Any:
    return database.value(
        """SELECT array_agg(concat_ws('|', model_id, tier_access, tier_markup, updated_at)
           ORDER BY model_id) FROM public.model_access_control"""
    )


def wait_until_gone(database: Database) -> None:
    """Wait until the server has noticed that the sessions of an ended run have no client."""
    deadline = time.monotonic() + 20
    while time.monotonic() < deadline:
        gone = """SELECT count(*) = 0 FROM pg_stat_activity
                  WHERE application_name LIKE 'tierflow:%' AND datname = current_database()"""
        if database.value(gone):
            return
        time.sleep(0.02)
    raise AssertionError("sessions of the run are left")


def find_half_done(database: Database) -> str | None:
    """Return what shows that the publish was neither done nor left."""
    there = database.rows(
        """SELECT to_regclass('public.tier_model_access') IS NOT NULL AS live,
           to_regclass('tierflow_build.tier_model_access') IS NOT NULL AS build,
           to_regclass('public.v_model_tier_access') IS NOT NULL AS view,
           to_regclass('public.v_tier_model_summary') IS NOT NULL AS summary,
           (SELECT count(*) = 9 FROM pg_proc WHERE pronamespace = 'public'::regnamespace
            AND proname IN ('get_models_for_tier', 'is_model_available_for_tier',
                            'touch_tier_model_access', 'assign_models_to_tier',
                            'remove_model_from_tier', 'set_model_markup', 'set_model_tiers',
                            'check_tier_write', 'raise_tier_error')) AS functions,
           (SELECT count(*) > 0 FROM pg_trigger WHERE tgname LIKE 'tierflow_capture%') AS capture"""
    )[0]
    live = there.pop("live")
    if live and there != {
        "build": False, "view": True, "summary": True, "functions": True, "capture": False,
    }:  # fmt: skip
        return f"half published: {there}"
    if not live and (there["view"] or there["summary"] or there["functions"]):
        return f"half published: {there}"
    return None
