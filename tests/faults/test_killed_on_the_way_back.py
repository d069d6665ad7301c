"""Rollback, restore and finalize, killed at every boundary: the same command again finishes."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest
from support.database import Database
from support.life import DROP, OPTIONS, SOURCE, columns, values
from support.matrix import number_boundaries, wait_until_gone
from support.reuse import fill_once
from support.zygote import Zygote

Record = Callable[[str, object], None]
# what the application writes after the migration, on both sides
LATER = (
    """UPDATE public.model_access_control SET tier_access = '["vip", "old"]'
       WHERE model_id = 'plain'""",
    """UPDATE public.tier_model_access SET markup_multiplier = 3
       WHERE model_id = (SELECT id FROM public.model_access_control WHERE model_id = 'bare')""",
)
OBJECTS = """SELECT array_agg(name ORDER BY name) FROM (
    SELECT 'relation ' || relname AS name FROM pg_class
    WHERE relnamespace = 'public'::regnamespace
    UNION ALL SELECT 'function ' || proname FROM pg_proc
    WHERE pronamespace = 'public'::regnamespace
    UNION ALL SELECT 'trigger ' || tgname FROM pg_trigger WHERE NOT tgisinternal) AS o"""


@dataclasses.dataclass(frozen=True)
class Seen:
    """What an application sees: the JSONB, byte for byte, the grants, and the objects there are."""

    source: Mapping[str, tuple[str | None, str | None]] | None
    grants: frozenset[tuple[str, str, str]]
    objects: tuple[str, ...]


def look(database: Database) -> Seen:
    there = database.value("SELECT to_regclass('public.tier_model_access') IS NOT NULL")
    old = {"tier_access", "tier_markup"} <= columns(database)
    return Seen(
        {m: (access, markup) for m, (access, markup, _) in values(database).items()}
        if old
        else None,
        frozenset(database.grants()) if there else frozenset(),
        tuple(database.value(OBJECTS)),
    )


@dataclasses.dataclass(frozen=True)
class Shop:
    """A migrated database that was written to since, and the commands that act on it."""

    database: Database
    zygote: Zygote
    folder: Path

    def call(self, *command: str, fault: Mapping[str, Any] | None = None) -> Any:
        env = {"TIERFLOW_DSN": self.database.dsn, "TIERFLOW_HOME": str(self.database.home)}
        if fault is not None:
            fault = {"dsn": self.database.dsn, **fault}
        told = self.zygote.call(*command, env=env, fault=fault)
        wait_until_gone(self.database)
        return told

    def done(self, *command: str) -> None:
        told = self.call(*command)
        assert told.code == 0, told.stderr

    def renew(self, way: str) -> None:
        """Begin anew, as it is before this way is gone."""
        fill_once(self.database, f"{__name__} {way}", lambda: self._fill(way))

    def _fill(self, way: str) -> None:
        dump = self.folder / "before.dump"
        self.database.add_tiers("free", "pro", "vip")
        self.database.add_models(SOURCE)
        self.done("migrate", *OPTIONS, "--pg-dump", str(dump))
        for statement in LATER:
            self.database.rows(statement)
        self.done("verify")
        if way == "restore an archive":
            self.done("finalize", *DROP, "--archive", str(self.folder / "archive.parquet"))
            self.database.rows("DELETE FROM public.tier_model_access WHERE tier_id = 1")


WAYS: Mapping[str, Sequence[str]] = {
    "rollback": ("rollback",),
    "rollback to the snapshot": ("rollback", "--restore-snapshot"),
    "finalize": ("finalize", *DROP),
    "restore a dump": ("restore", "before.dump", "--force"),
    "restore an archive": ("restore", "archive.parquet", "--keep-newer"),
}


@pytest.mark.faults
@pytest.mark.timeout(900)
@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("server", ["pg18"], indirect=True)
def test_a_killed_way_back_is_finished_by_the_same_command(
    database: Database,
    zygote: Zygote,
    tmp_path: Path,
    record_property: Record,
    way: str,
) -> None:
    shop, name = Shop(database, zygote, tmp_path), f"SIGKILL of {way}"
    command = [
        str(tmp_path / word) if Path(word).suffix in {".dump", ".parquet"} else word
        for word in WAYS[way]
    ]
    shop.renew(way)
    before = look(database)
    told = shop.call(*command, fault={"list": str(tmp_path / "labels")})
    assert told.code == 0, told.stderr
    after = look(database)
    assert before != after
    # the columns come back before their values; every command still says that it is finalized
    empty = dict.fromkeys(after.source or {}, (None, None)) if before.source is None else None
    problems, cases = list[str](), 0
    for label, nth in number_boundaries(tmp_path / "labels"):
        for when in ("before", "after"):
            cases += 1
            shop.renew(way)
            fault = {"do": "kill", "label": label, "nth": nth, "when": when}
            killed = shop.call(*command, fault=fault)
            half = look(database)
            again = shop.call(*command)
            ended = look(database)
            case = f"{when} {label} ({nth})"
            if killed.code != -9:
                problems.append(f"{case}: ended with {killed.code}: {killed.stderr[-300:]}")
            if half.source not in (before.source, after.source, empty):
                problems.append(f"{case}: half of the values: {half.source}")
            if half.grants not in (before.grants, after.grants):
                problems.append(f"{case}: half of the grants: {half.grants}")
            if again.code == 2 and half == ended == after:
                continue  # it was done, and what was kept is newer than the file
            if again.code != 0:
                problems.append(f"{case}: then {again.code}: {again.stderr[-300:]}")
            elif ended != after:
                problems.append(f"{case}: ended as {ended}, not {after}")
    record_property("cases", (name, cases, cases - len(problems)))
    assert not problems, "\n".join(problems)
    assert cases
