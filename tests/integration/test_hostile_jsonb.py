"""No JSONB value, however hostile, is lost, guessed or stops the others."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Iterable
from decimal import Decimal
from pathlib import Path
from typing import Any
from uuid import uuid4

import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from support.corpus import (
    CORPUS,
    MAPPED_TIERS,
    TIER_MAP,
    TIERS,
    access_texts,
    markup_texts,
    plain_text,
    tier_maps,
)
from support.database import Database, Told, model_uuid
from support.oracle import Answer, World, consult

from tasks import build
from tasks.chunks import Chunk
from tasks.load import extract_models
from tasks.quarantine import copy_quarantine, name_models
from tasks.survey import preflight
from tierflow.connection import Connection, connect
from tierflow.copy_format import read_blocks
from tierflow.explode import Reader, as_uuid_text, explode

Tierflow = Callable[..., Told]
IMPLIED = """
    SELECT model.model_id, tier.tier_code, implied.markup_multiplier AS markup
    FROM tierflow.implied_grant AS implied
    JOIN public.model_access_control AS model ON model.id = implied.model_id
    JOIN public.subscription_tiers AS tier ON tier.id = implied.tier_id
"""
Quarantined = tuple[str, int, str | None, str, str | None, list[str]]


@pytest.fixture
def hostile(database: Database) -> Database:
    """The whole corpus in one database."""
    database.add_tiers(*TIERS)
    database.add_models(list(CORPUS))
    return database


@pytest.fixture
def tier_map_file(tmp_path: Path) -> str:
    """A tierflow.toml with the tier map: no command line could hold these codes."""
    lines = [f"{json.dumps(code)} = {json.dumps(tiers)}" for code, tiers in TIER_MAP.items()]
    file = tmp_path / "tierflow.toml"
    file.write_text("[tier_map]\n" + "\n".join(lines), encoding="utf-8")
    return str(file)


def consult_about(database: Database, world: World) -> dict[str, Answer]:
    """Return model -> answer, for the values as PostgreSQL writes them."""
    rows = database.rows(
        "SELECT model_id, tier_access::text AS access, tier_markup::text AS markups"
        " FROM public.model_access_control"
    )
    return {row["model_id"]: consult(row["access"], row["markups"], world) for row in rows}


def grants_in(answers: dict[str, Answer]) -> set[tuple[str, str, str]]:
    return {
        (model, tier, f"{Decimal(hundredths) / 100:.2f}")
        for model, answer in answers.items()
        for tier, hundredths in answer.grants.items()
    }


def quarantine_in(answers: dict[str, Answer]) -> list[Quarantined]:
    rows = [
        (model, q.position, q.code, str(q.reason), q.value, q.tier_codes)
        for model, answer in answers.items()
        for q in answer.quarantined
    ]
    return _settle(rows)


def read_quarantine(database: Database) -> list[Quarantined]:
    rows = database.rows(
        """SELECT model_identifier, position, code, reason, value::text, tier_codes
           FROM tierflow.quarantine AS q
           JOIN public.model_access_control AS m
             ON m.id = q.model_id AND m.model_id = q.model_identifier"""
    )
    return _settle(tuple(row.values()) for row in rows)  # pyright: ignore


def _settle(rows: Iterable[Quarantined]) -> list[Quarantined]:
    """Return the rows in order, without the order that jsonb gives to the codes of a conflict."""
    plain = [
        (*row[:4], json.dumps(json.loads(row[4] or ""), sort_keys=True), row[5])
        if row[3] == "markup_conflict"
        else row
        for row in rows
    ]
    return sorted(plain, key=lambda row: row[:2])


def test_the_plan_lists_every_kind_of_case_and_changes_nothing(
    hostile: Database, tierflow: Tierflow, tier_map_file: str
) -> None:
    before = hostile.dump()
    answers = consult_about(hostile, World(TIERS, TIER_MAP))
    told = tierflow("plan", "--config", tier_map_file)
    assert told.code == 2
    plan = told.value
    assert plan["source_models"] == len(CORPUS)
    assert plan["source_elements"] == sum(len(answer.elements) for answer in answers.values())
    assert plan["expected_grants"] == sum(len(answer.grants) for answer in answers.values())

    # the first twenty of a model and reason by name, the rest by number
    elsewhere = {
        "unknown_tier", "markup_conflict", "markup_inexact", "access_double_encoded",
        "markups_double_encoded",
    }  # fmt: skip
    wanted = [(q[0], q[3], q[1]) for q in quarantine_in(answers) if q[3] not in elsewhere]
    found = [(case["model_id"], case["reason"], case["position"]) for case in plan["malformed"]]
    assert Counter(case[:2] for case in found) == Counter(
        {case: min(times, 20) for case, times in Counter(c[:2] for c in wanted).items()}
    )
    assert set(found) <= set(wanted)
    assert plan["cases_in_all"]["malformed"] == len(wanted) > 2_000
    # what is encoded twice is a line for each column, whatever it holds
    twice = Counter(q[3] for q in quarantine_in(answers) if q[3].endswith("double_encoded"))
    models = {case["column"]: case["models"] for case in plan["double_encoded"]}
    assert models["tier_access"] == twice["access_double_encoded"] > 7
    assert models["tier_markup"] > 4
    # the first thousand by name, the rest by number
    unknown = Counter(row[2] for row in quarantine_in(answers) if row[3] == "unknown_tier")
    listed = {case["code"]: case["models"] for case in plan["unknown_tiers"]}
    assert listed == {code: unknown[code] for code in listed}
    assert min(listed.values()) >= max(unknown[code] for code in unknown.keys() - listed.keys())
    assert len(listed) == 1000
    assert plan["cases_in_all"]["unknown_tiers"] == len(unknown) > 10_000
    for kind in ("markup_conflicts", "inexact_markups"):
        assert plan["cases_in_all"][kind] == len(plan[kind])
    assert {case["model_id"] for case in plan["markup_conflicts"]} == {
        row[0] for row in quarantine_in(answers) if row[3] == "markup_conflict"
    }
    assert {(case["model_id"], case["code"]) for case in plan["inexact_markups"]} == {
        (row[0], row[2]) for row in quarantine_in(answers) if row[3] == "markup_inexact"
    }
    stopped = tierflow("migrate", "--config", tier_map_file)
    assert (stopped.code, stopped.value["outcome"]) == (2, "needs_decision")
    assert hostile.dump() == before


def migrate(tierflow: Tierflow, tier_map_file: str, *options: str) -> dict[str, Any]:
    quarantine = ("--malformed", "quarantine", "--unknown-tiers", "quarantine")
    if "--double-encoded" not in options:
        quarantine += ("--double-encoded", "quarantine")
    told = tierflow(
        "migrate", "--config", tier_map_file, *quarantine, *options, "--min-coverage", "0"
    )
    assert (told.code, told.value["outcome"]) == (0, "published"), told.stderr
    return told.value


def assert_nothing_is_lost(
    database: Database, result: dict[str, Any], answers: dict[str, Answer]
) -> None:
    """Assert that each element met the oracle's fate, and that both tables say the same."""
    for fate in ("migrated", "merged", "duplicates", "quarantined"):
        assert result[fate] == sum(answer.fates[fate] for answer in answers.values())
    assert result["source_elements"] == (
        result["migrated"] + result["merged"] + result["duplicates"] + result["quarantined"]
    )
    assert result["coverage"] == 1.0
    assert result["grants"] == len(grants_in(answers))
    assert database.grants() == grants_in(answers)
    assert read_quarantine(database) == quarantine_in(answers)


def assert_verified(tierflow: Tierflow) -> None:
    told = tierflow("verify")
    assert [check["ok"] for check in told.value["checks"]] == [True] * 8, told.value
    assert told.value["parity"] == {"missing": 0, "extra": 0, "wrong_markup": 0}
    assert told.code == 0


def test_what_cannot_be_read_is_quarantined_and_the_way_back_gives_every_byte(
    hostile: Database, tierflow: Tierflow, tier_map_file: str
) -> None:
    before = hostile.dump_without_ledger()
    answers = consult_about(hostile, World(TIERS, TIER_MAP, "quarantine", "quarantine"))
    assert_nothing_is_lost(hostile, migrate(tierflow, tier_map_file), answers)
    assert_verified(tierflow)

    published = hostile.dump_without_ledger()
    again = tierflow("migrate")
    assert (again.code, again.value["outcome"]) == (0, "unchanged"), again.stderr
    assert hostile.dump_without_ledger() == published

    back = tierflow("rollback")
    assert (back.code, back.value["models_restored"]) == (0, 0), back.stderr
    assert hostile.dump_without_ledger() == before


@pytest.mark.slow
def test_with_the_lowest_markup_the_snapshot_gives_every_byte_in_spite_of_later_changes(
    hostile: Database, tierflow: Tierflow, tier_map_file: str
) -> None:
    before = hostile.dump_without_ledger()
    answers = consult_about(hostile, World(TIERS, TIER_MAP, "lowest", "round", "parse"))
    options = ("--inexact-markup", "round", "--markup-conflict", "lowest")
    options += ("--double-encoded", "parse")
    assert_nothing_is_lost(hostile, migrate(tierflow, tier_map_file, *options), answers)
    # past the sync, which would write the JSONB and with it updated_at
    hostile.past_sync(
        "UPDATE public.tier_model_access SET markup_multiplier = 2.50 WHERE tier_id = 1"
    )
    back = tierflow("rollback", "--restore-snapshot")
    assert (back.code, back.value["models_restored"]) == (0, 0), back.stderr
    assert hostile.dump_without_ledger() == before


@pytest.mark.parametrize(
    "conflict",
    ["quarantine", *(pytest.param(c, marks=pytest.mark.slow) for c in ("lowest", "highest"))],
)
def test_python_and_sql_read_the_corpus_as_the_oracle_does(
    hostile: Database, conflict: str
) -> None:
    assert_read_alike(hostile, World(TIERS, TIER_MAP, conflict, "round", "parse"))


@settings(
    max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(
    st.dictionaries(
        plain_text().filter(bool), st.tuples(access_texts, markup_texts), min_size=1, max_size=12
    ),
    tier_maps,
    st.sampled_from(["quarantine", "lowest", "highest"]),
    st.sampled_from(["quarantine", "round"]),
    st.sampled_from(["quarantine", "parse"]),
)
def test_oracle_python_and_sql_read_any_database_alike(
    database: Database,
    models: dict[str, tuple[str | None, str | None]],
    tier_map: dict[str, tuple[str, ...]],
    conflict: str,
    inexact: str,
    double: str,
) -> None:
    database.rows("DROP SCHEMA IF EXISTS tierflow CASCADE")
    database.rows("TRUNCATE public.model_access_control, public.subscription_tiers")
    database.add_tiers(*MAPPED_TIERS)
    database.add_models([(name, *pair) for name, pair in models.items()])
    assert_read_alike(database, World(MAPPED_TIERS, tier_map, conflict, inexact, double))


def assert_read_alike(database: Database, world: World) -> None:
    """Assert that the oracle, pandas and `tierflow.implied_grant` say the same of a database."""
    answers = consult_about(database, world)
    decisions = {
        "tier_map": world.tier_map,
        "markup_conflict": world.conflict,
        "inexact_markup": world.inexact,
        "double_encoded": world.double,
    }
    survey = preflight.fn(database.target, decisions)
    build.create_ledger.fn(database.target)
    with connect(database.target, "test") as connection:
        build.put_rules(connection, database.target, survey, str(uuid4()))
        models = read_all(connection, database)
        exploded = explode(models, Reader(survey.rules))
        named = name_models(connection, database.target, exploded.quarantine)
        copy_quarantine(connection, database.target, named)
        implied = connection.execute(IMPLIED).fetchall()

    by_sql = {(row["model_id"], row["tier_code"], str(row["markup"])) for row in implied}
    assert by_sql == grants_in(answers)
    assert _grants_of(exploded.grants, world, answers) == grants_in(answers)
    assert read_quarantine(database) == quarantine_in(answers)
    assert exploded.counts.conserved
    assert survey.plan.counts == exploded.counts


def read_all(connection: Connection, database: Database) -> pd.DataFrame:
    """Return every model as the load reads it, a block at a time."""
    blocks = list(extract_models(connection, database.target, Chunk(1, None, None)))
    return pd.concat(blocks) if blocks else read_blocks([(b"", b"", b"")])


def _grants_of(
    frame: pd.DataFrame, world: World, models: Iterable[str]
) -> set[tuple[str, str, str]]:
    names = {str(model_uuid(name)): name for name in models}
    return {
        (names[as_uuid_text(model)], str(world.tiers[tier - 1]), f"{Decimal(hundredths) / 100:.2f}")
        for model, tier, hundredths in frame.itertuples(index=False)
    }
