"""No JSONB value, however hostile, is lost, guessed or stops the others."""

from __future__ import annotations

import json
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
from tasks.survey import preflight
from tierflow.connection import connect
from tierflow.explode import explode, grants_as_csv

Tierflow = Callable[..., Told]
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
           JOIN public.model_access_control AS m ON m.id = q.model_id AND m.model_id = model_identifier"""
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

    reasons = {reason for _, _, _, reason, _, _ in quarantine_in(answers)}
    elsewhere = {"unknown_tier", "markup_conflict", "markup_inexact"}
    assert {case["reason"] for case in plan["malformed"]} == reasons - elsewhere
    assert {(case["model_id"], case["position"], case["reason"]) for case in plan["malformed"]} == {
        (row[0], row[1], row[3]) for row in quarantine_in(answers) if row[3] not in elsewhere
    }
    assert {case["code"] for case in plan["unknown_tiers"]} == {
        row[2] for row in quarantine_in(answers) if row[3] == "unknown_tier"
    }
    assert {case["model_id"] for case in plan["markup_conflicts"]} == {
        row[0] for row in quarantine_in(answers) if row[3] == "markup_conflict"
    }
    assert {(case["model_id"], case["code"]) for case in plan["inexact_markups"]} == {
        (row[0], row[2]) for row in quarantine_in(answers) if row[3] == "markup_inexact"
    }
    stopped = tierflow("migrate", "--config", tier_map_file)
    assert (stopped.code, stopped.value["outcome"]) == (2, "needs_decision")
    assert hostile.dump() == before


@pytest.mark.parametrize(
    ("options", "world", "back"),
    [
        ((), World(TIERS, TIER_MAP, "quarantine", "quarantine"), ("rollback",)),
        (
            ("--inexact-markup", "round", "--markup-conflict", "lowest"),
            World(TIERS, TIER_MAP, "lowest", "round"),
            ("rollback", "--restore-snapshot"),
        ),
        (
            ("--inexact-markup", "round", "--markup-conflict", "highest"),
            World(TIERS, TIER_MAP, "highest", "round"),
            ("rollback",),
        ),
    ],
    ids=["quarantine", "lowest", "highest"],
)
def test_every_element_of_the_corpus_meets_one_fate_and_the_way_back_is_open(
    hostile: Database,
    tierflow: Tierflow,
    tier_map_file: str,
    options: tuple[str, ...],
    world: World,
    back: tuple[str, ...],
) -> None:
    before = hostile.dump_without_ledger()
    answers = consult_about(hostile, world)
    quarantine = ("--malformed", "quarantine", "--unknown-tiers", "quarantine")
    told = tierflow(
        "migrate", "--config", tier_map_file, *quarantine, *options, "--min-coverage", "0"
    )
    assert told.code == 0, told.stderr
    result = told.value
    assert (result["outcome"], result["coverage"]) == ("published", 1.0)
    for fate in ("migrated", "merged", "duplicates", "quarantined"):
        assert result[fate] == sum(answer.fates[fate] for answer in answers.values())
    assert result["source_elements"] == (
        result["migrated"] + result["merged"] + result["duplicates"] + result["quarantined"]
    )
    assert hostile.grants() == grants_in(answers)
    assert result["grants"] == len(grants_in(answers))
    assert read_quarantine(hostile) == quarantine_in(answers)

    verified = tierflow("verify")
    assert [check["ok"] for check in verified.value["checks"]] == [True] * 8, verified.value
    assert verified.value["parity"] == {"missing": 0, "extra": 0, "wrong_markup": 0}

    published = hostile.dump_without_ledger()
    again = tierflow("migrate")
    assert (again.code, again.value["outcome"]) == (0, "unchanged"), again.stderr
    assert hostile.dump_without_ledger() == published

    returned = tierflow(*back)
    assert (returned.code, returned.value["outcome"]) == (0, "rolled_back"), returned.stderr
    assert returned.value["models_restored"] == 0
    assert hostile.dump_without_ledger() == before


def test_a_change_of_one_grant_goes_back_among_hostile_values(
    hostile: Database, tierflow: Tierflow, tier_map_file: str
) -> None:
    tierflow(
        "migrate", "--config", tier_map_file, "--malformed", "quarantine",
        "--unknown-tiers", "quarantine", "--min-coverage", "0",
    )  # fmt: skip
    name = "array 6,000 deep beside codes"
    hostile.rows(
        "UPDATE public.tier_model_access SET markup_multiplier = 2.50 WHERE model_id = %s"
        " AND tier_id = 1",
        model_uuid(name),
    )
    before = _read_model(hostile, name)
    told = tierflow("rollback")
    assert (told.code, told.value["models_restored"]) == (0, 1), told.stderr
    after = _read_model(hostile, name)
    assert (after["access"], after["markups"]) == (before["access"], '{"free": 2.50}')


def _read_model(database: Database, name: str) -> dict[str, Any]:
    return database.rows(
        "SELECT tier_access::text AS access, tier_markup::text AS markups"
        " FROM public.model_access_control WHERE id = %s",
        model_uuid(name),
    )[0]


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
)
def test_oracle_python_and_sql_read_any_database_alike(
    database: Database,
    models: dict[str, tuple[str | None, str | None]],
    tier_map: dict[str, tuple[str, ...]],
    conflict: str,
    inexact: str,
) -> None:
    database.rows("TRUNCATE public.model_access_control, public.subscription_tiers")
    database.add_tiers(*MAPPED_TIERS)
    database.add_models([(name, *pair) for name, pair in models.items()])
    answers = consult_about(database, World(MAPPED_TIERS, tier_map, conflict, inexact))

    decisions = {"tier_map": tier_map, "markup_conflict": conflict, "inexact_markup": inexact}
    survey = preflight.fn(database.target, decisions)
    build.create_ledger.fn(database.target)
    with connect(database.target, "test") as connection:
        build.put_rules(connection, database.target, survey, str(uuid4()))
        chunk = build.Chunk(1, None, None, loaded=False, backed_up=False)
        exploded = explode(build.extract_models(connection, database.target, chunk), survey.rules)
        build.copy_quarantine(connection, database.target, exploded.quarantine)

    by_sql = {
        (row["model_id"], row["tier_code"], str(row["markup_multiplier"]))
        for row in database.rows(
            """SELECT m.model_id, t.tier_code, g.markup_multiplier FROM tierflow.implied_grant AS g
               JOIN public.model_access_control AS m ON m.id = g.model_id
               JOIN public.subscription_tiers AS t ON t.id = g.tier_id"""
        )
    }
    assert by_sql == grants_in(answers)
    assert _grants_of(exploded.grants, models) == grants_in(answers)
    assert read_quarantine(database) == quarantine_in(answers)
    assert exploded.counts.conserved
    assert survey.plan.counts == exploded.counts
    database.rows("TRUNCATE tierflow.quarantine")


def _grants_of(frame: pd.DataFrame, models: dict[str, Any]) -> set[tuple[str, str, str]]:
    names = {str(model_uuid(name)): name for name in models}
    rows = [line.split(",") for line in grants_as_csv(frame).decode().splitlines()]
    return {(names[model], MAPPED_TIERS[int(tier) - 1], markup) for model, tier, markup in rows}
