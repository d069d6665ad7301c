"""JSON that was encoded twice is one line of the plan, and is parsed where a person says so."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from support.database import Database, Told, model_uuid
from support.reuse import fill_once
from typer.testing import CliRunner

from flows.cli import app

Tierflow = Callable[..., Told]
PARSE = ("--double-encoded", "parse", "--min-coverage", "0")
GIVE = """INSERT INTO public.tier_model_access (tier_id, model_id, markup_multiplier)
    VALUES (%s, %s, %s)"""


def twice(value: object) -> str:
    """Return the JSON text of a string that holds this value's JSON text."""
    return json.dumps(json.dumps(value))


def add_source(database: Database) -> None:
    database.add_tiers("free", "pro", "vip")
    database.add_models(
        [
            *(
                (f"twice {n:02}", twice(["free", "pro"]), twice({"pro": round(1 + n / 100, 2)}))
                for n in range(40)
            ),
            ("access alone", twice(["pro"]), {"pro": 2}),
            ("markups alone", ["pro"], twice({"pro": 3})),
            ("bare", '"free"', None),
            ("plain", ["free"], {"free": 1.5}),
            ("empty", twice([]), twice({})),
            ("none", None, None),
        ]
    )


@pytest.fixture
def shop(database: Database, tierflow: Tierflow) -> Database:
    """A published migration of models that hold JSON encoded twice, which is parsed."""

    def fill() -> None:
        add_source(database)
        told = tierflow("migrate", *PARSE)
        assert told.code == 0, told.stderr

    return fill_once(database, __name__, fill)


def values(database: Database, model: str) -> tuple[Any, Any]:
    row = database.rows(
        "SELECT tier_access, tier_markup FROM public.model_access_control WHERE model_id = %s",
        model,
    )[0]
    return row["tier_access"], row["tier_markup"]


def test_it_is_one_line_a_column_and_stops_the_run(database: Database, tierflow: Tierflow) -> None:
    add_source(database)
    before = database.dump()
    told = tierflow("plan")
    assert (told.code, told.value["unknown_tiers"], told.value["malformed"]) == (2, [], [])
    assert [(d["column"], d["models"]) for d in told.value["double_encoded"]] == [
        ("tier_access", 42),
        ("tier_markup", 42),
    ]
    assert json.loads(told.value["double_encoded"][0]["example"]) in (
        '["free", "pro"]',
        '["pro"]',
        "[]",
    )
    said = "JSON encoded twice: tier_access of 42 models, tier_markup of 42 models"
    assert told.value["undecided"] == [said]
    # neither of the other decisions decides this
    stopped = tierflow("migrate", "--unknown-tiers", "quarantine", "--malformed", "quarantine")
    assert stopped.code == 2
    assert said in stopped.value["error"]["message"]
    assert "--double-encoded parse|quarantine" in stopped.value["error"]["next"]
    page = Path(told.value["report"]).read_text(encoding="utf-8")
    assert "JSON encoded twice" in page
    words = CliRunner().invoke(app, ["plan"], env={"COLUMNS": "200"}).output
    assert words.count("tier_access │ 42") == words.count("tier_markup │ 42") == 1
    assert database.dump() == before


def test_parsed_it_is_the_array_that_it_holds_and_every_check_passes(
    shop: Database, tierflow: Tierflow
) -> None:
    grants = shop.grants()
    assert len(grants) == 40 * 2 + 4
    assert {("twice 07", "free", "1.00"), ("twice 07", "pro", "1.07")} <= grants
    assert {("access alone", "pro", "2.00"), ("markups alone", "pro", "3.00")} <= grants
    assert {("bare", "free", "1.00"), ("plain", "free", "1.50")} <= grants
    assert tierflow("verify", "--detailed").value["ok"]
    again = tierflow("migrate")
    assert (again.code, again.value["outcome"]) == (0, "unchanged"), again.stderr
    notes = tierflow("plan").value["notes"]
    assert any(note.startswith("tier_access of 42 models is a JSON string") for note in notes)


def test_a_later_grant_is_written_in_the_shape_that_the_application_reads(
    shop: Database, tierflow: Tierflow
) -> None:
    for model in ("twice 01", "access alone", "markups alone", "bare", "empty", "none"):
        shop.rows(GIVE, 3, model_uuid(model), 2.5)
    shop.rows(
        "DELETE FROM public.tier_model_access WHERE tier_id = 1 AND model_id = %s",
        model_uuid("twice 01"),
    )
    access, markups = values(shop, "twice 01")
    assert json.loads(access) == ["pro", "vip"]
    assert json.loads(markups) == {"pro": 1.01, "vip": 2.5}
    access, markups = values(shop, "access alone")
    assert (json.loads(access), markups) == (["pro", "vip"], {"pro": 2, "vip": 2.5})
    access, markups = values(shop, "markups alone")
    assert (access, json.loads(markups)) == (["pro", "vip"], {"pro": 3, "vip": 2.5})
    assert values(shop, "bare") == (["free", "vip"], {"vip": 2.5})
    assert [json.loads(value) for value in values(shop, "empty")] == [["vip"], {"vip": 2.5}]
    assert values(shop, "none") == (["vip"], {"vip": 2.5})
    # a price alone leaves the access as it is
    before = values(shop, "twice 02")[0]
    shop.rows(
        "UPDATE public.tier_model_access SET markup_multiplier = 9 WHERE tier_id = 2"
        " AND model_id = %s", model_uuid("twice 02"),
    )  # fmt: skip
    access, markups = values(shop, "twice 02")
    assert (access, json.loads(markups)) == (before, {"pro": 9})
    assert tierflow("verify", "--min-coverage", "0").value["ok"]


def test_what_the_old_application_writes_so_reaches_the_table(
    shop: Database, tierflow: Tierflow
) -> None:
    shop.rows(
        "UPDATE public.model_access_control SET tier_access = %s::jsonb, tier_markup = %s::jsonb"
        " WHERE model_id = 'plain'", twice(["vip", "nobody"]), twice({"vip": 4, "nobody": 1}),
    )  # fmt: skip
    assert {g for g in shop.grants() if g[0] == "plain"} == {("plain", "vip", "4.00")}
    assert shop.rows("SELECT code, reason, position FROM tierflow.quarantine") == [
        {"code": "nobody", "reason": "unknown_tier", "position": 2}
    ]
    assert tierflow("verify", "--min-coverage", "0").value["ok"]


def test_tiers_are_renamed_and_deleted_in_them_too(shop: Database, tierflow: Tierflow) -> None:
    before = shop.grants()
    shop.rows("UPDATE public.subscription_tiers SET tier_code = 'gold' WHERE id = 2")
    shop.rows("INSERT INTO public.subscription_tiers VALUES (9, 'pro', 'Pro', true, 9)")
    access, markups = values(shop, "twice 03")
    assert json.loads(access) == ["free", "gold"]
    assert json.loads(markups) == {"pro": 1.03, "gold": 1.03}
    assert {(m, "pro" if t == "gold" else t, p) for m, t, p in shop.grants()} == before
    shop.rows("DELETE FROM public.subscription_tiers WHERE id = 2")
    assert json.loads(values(shop, "twice 03")[0]) == ["free"]
    assert json.loads(values(shop, "access alone")[0]) == []
    assert tierflow("verify", "--min-coverage", "0").value["ok"]


def test_a_rollback_keeps_the_shape_and_gives_every_byte_of_what_nobody_changed(
    database: Database, tierflow: Tierflow
) -> None:
    add_source(database)
    before = database.dump_without_ledger()
    assert tierflow("migrate", *PARSE).code == 0
    assert tierflow("rollback").code == 0
    assert database.dump_without_ledger() == before
    assert tierflow("migrate", *PARSE).code == 0
    for model in ("twice 01", "empty", "none"):
        database.past_sync(GIVE, 3, model_uuid(model), 2.5)
    told = tierflow("rollback")
    assert (told.code, told.value["models_restored"]) == (0, 3), told.stderr
    access, markups = values(database, "twice 01")
    assert json.loads(access) == ["free", "pro", "vip"]
    assert json.loads(markups) == {"pro": 1.01, "vip": 2.5}
    assert [json.loads(value) for value in values(database, "empty")] == [["vip"], {"vip": 2.5}]
    assert values(database, "none") == (["vip"], {"vip": 2.5})


def test_set_aside_it_is_quarantined_with_its_own_reason_and_never_touched(
    database: Database, tierflow: Tierflow
) -> None:
    add_source(database)
    told = tierflow("migrate", "--double-encoded", "quarantine", "--min-coverage", "0")
    assert told.code == 0, told.stderr
    reasons = database.rows(
        "SELECT reason, count(*) AS n FROM tierflow.quarantine GROUP BY 1 ORDER BY 1"
    )
    assert reasons == [
        {"reason": "access_double_encoded", "n": 42},
        {"reason": "markups_double_encoded", "n": 1},
    ]
    assert database.grants() == {("bare", "free", "1.00"), ("plain", "free", "1.50")}
    before = values(database, "twice 01")
    database.rows(GIVE, 3, model_uuid("twice 01"), 2.5)
    assert values(database, "twice 01") == before
    plan = tierflow("plan").value
    assert "43 models" in plan["ways_back"][0]["why"]
    refused = tierflow("rollback")
    assert refused.code == 2
    assert "twice 01 (tier_access is JSON encoded twice" in refused.value["error"]["message"]


def test_a_string_that_is_a_code_stays_one_whatever_it_looks_like(
    database: Database, tierflow: Tierflow
) -> None:
    database.add_tiers("free", "pro", "[]")
    looks_so = '["free"]'
    database.add_models(
        [
            ("tier", '"[]"', None),
            ("mapped", json.dumps(looks_so), None),
            ("code", '"pro"', None),
            ("inside", [looks_so, "free"], None),
        ]
    )
    plan = tierflow("plan", "--tier-map", f"{looks_so}=pro", *PARSE).value
    assert plan["double_encoded"] == []
    assert tierflow("migrate", "--tier-map", f"{looks_so}=pro", *PARSE).code == 0
    assert database.grants() == {
        ("tier", "[]", "1.00"), ("mapped", "pro", "1.00"), ("code", "pro", "1.00"),
        ("inside", "pro", "1.00"), ("inside", "free", "1.00"),
    }  # fmt: skip


def test_rehearsals_and_later_runs_use_the_stored_decision(
    shop: Database, tierflow: Tierflow
) -> None:
    assert shop.value("SELECT decisions ->> 'double_encoded' FROM tierflow.decision") == "parse"
    told = tierflow("rehearse")
    assert (told.code, told.value["outcome"]) == (0, "rehearsed"), told.stderr
