"""The three scripts that need nothing but psql do what the flow does, and nothing by halves."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Callable
from typing import Any

import psycopg
import pytest
from support.corpus import CORPUS, TIER_MAP, TIERS
from support.database import Database, Told, model_uuid

from tasks.create_demo import SOURCE
from tierflow.connection import connect, run
from tierflow.decisions import Decisions
from tierflow.plan import resolve_rules
from tierflow.rewrite_pair import rewrite_pair
from tierflow.write_codes import list_write_codes

MIGRATE, ROLLBACK, VERIFY = (
    "migrate_to_dynamic_tiers",
    "rollback_dynamic_tiers",
    "verify_migration",
)
LEGACY_MAP = {
    "trial": ["byok"],
    "starter": ["byok"],
    "professional": "managed",
    "enterprise": ["vip_founder"],
}
# sleeps in those of its timed calls that `{0}` picks; a round has five
BUSY = """CREATE OR REPLACE FUNCTION public.get_models_for_tier(p_tier_code varchar)
    RETURNS TABLE (model_id uuid, model_identifier varchar, provider varchar, display_name varchar,
        markup_multiplier numeric, effective_pricing jsonb) LANGUAGE plpgsql STABLE AS $$
    DECLARE
        call integer := coalesce(nullif(current_setting('test.calls', true), ''), '0')::integer + 1;
    BEGIN
        IF current_setting('tierflow.clock', true) <> '' THEN
            PERFORM set_config('test.calls', call::text, true);
            PERFORM pg_sleep(0.03) WHERE {0};
        END IF;
        RETURN QUERY SELECT v.model_id, v.model_identifier, v.provider, v.display_name,
            v.markup_multiplier, v.effective_pricing
        FROM public.v_model_tier_access AS v WHERE v.tier_code = p_tier_code;
    END $$"""
DECIDED = {"tier_map": json.dumps(LEGACY_MAP), "min_coverage": "0.5"}
QUARANTINE = {
    "unknown_tiers": "quarantine", "malformed": "quarantine", "double_encoded": "quarantine",
    "min_coverage": "0",
}  # fmt: skip
CHECKS = (
    "table and columns", "foreign keys", "indexes", "coverage", "distribution",
    "compatibility layer", "query performance", "integrity",
)  # fmt: skip


@pytest.fixture
def legacy(database: Database) -> Database:
    """Legacy codes in the JSONB, other codes in the tiers table."""
    database.add_tiers("byok", "managed", "vip_founder")
    database.add_models(
        [
            ("all", ["trial", "starter", "professional", "enterprise"],
             {"trial": 1.5, "starter": 1.5, "professional": 1.2, "enterprise": 1.05}),
            ("twice", ["enterprise", "enterprise"], {"enterprise": "1.10"}),
            ("bare", '"professional"', None),
            ("own", ["byok", "managed"], {"byok": 2, "other": 7}),
            ("null", None, None),
            ("json null", "null", "null"),
            ("empty", [], {}),
        ]
    )  # fmt: skip
    return database


def look(database: Database) -> dict[str, Any]:
    """Return what an application, a person and pg_dump see of a migration."""
    answers = database.rows(
        """SELECT t.tier_code, f.* FROM public.subscription_tiers t
           CROSS JOIN LATERAL public.get_models_for_tier(t.tier_code) f
           ORDER BY t.id, f.model_identifier, f.model_id"""
    )
    available = database.rows(
        """SELECT m.id, t.id AS tier, public.is_model_available_for_tier(m.id, t.tier_code) AS may
           FROM public.model_access_control m
           CROSS JOIN public.subscription_tiers t ORDER BY 1, 2"""
    )
    return {
        "grants": database.rows(
            """SELECT model_id, tier_id, enabled, markup_multiplier::text
               FROM public.tier_model_access ORDER BY 1, 2"""
        ),
        "view": database.rows(
            """SELECT to_jsonb(v) - 'created_at' - 'updated_at' AS row
               FROM public.v_model_tier_access v ORDER BY model_id, tier_id"""
        ),
        "summary": database.rows("SELECT * FROM public.v_tier_model_summary ORDER BY 1"),
        "answers": answers,
        "available": available,
        "models": database.rows(
            "SELECT to_jsonb(m)::text AS row FROM public.model_access_control m ORDER BY id"
        ),
        "quarantine": database.rows(
            """SELECT model_id, model_identifier, position, code, reason, value::text, tier_codes
               FROM tierflow.quarantine ORDER BY 1, 3"""
        ),
        "rules": database.rows("SELECT * FROM tierflow.tier_code ORDER BY 1, 2"),
        "captured": database.rows(
            """SELECT model_id, tier_access::text, tier_markup::text, caught_up
               FROM tierflow.captured ORDER BY 1"""
        ),
        "decisions": database.rows("SELECT decisions FROM tierflow.decision"),
        "chunks": database.rows(
            """SELECT number, low, high, source_models, source_elements, migrated, merged,
               duplicates, quarantined, grants, defaulted_markups, captured,
               backed_up IS NOT NULL AS backed_up
               FROM tierflow.chunk"""
        ),
        "schema": database.dump_without_ledger("--schema-only"),
    }


@pytest.mark.parametrize("double", ["quarantine", "parse"])
def test_the_script_makes_of_the_corpus_what_the_flow_makes_of_it(
    database: Database,
    tierflow: Callable[..., Told],
    psql: Callable[..., subprocess.CompletedProcess[str]],
    double: str,
) -> None:
    decided = {**QUARANTINE, "double_encoded": double}
    database.add_tiers(*TIERS)
    # not the thousands of levels, of which the flow's quarantine repeats the first only, nor the
    # thousands of elements, which take a while
    deep = [case for case in CORPUS if " deep" in case.name]
    cases = [c for c in CORPUS if c not in deep and len(f"{c.access}{c.markup}") < 20_000]
    assert len(cases) > 100
    database.add_models(cases)
    config = database.home / "tierflow.toml"
    entries = "\n".join(f"{json.dumps(c)} = {json.dumps(t)}" for c, t in TIER_MAP.items())
    policies = "".join(f'{k} = "{v}"\n' for k, v in decided.items() if k != "min_coverage")
    config.write_text(f"min_coverage = 0\n{policies}[tier_map]\n{entries}\n", encoding="utf-8")
    before = database.dump_without_ledger()
    told = tierflow("migrate", "--config", str(config))
    assert told.code == 0, told.stderr
    by_flow, flow_dump = look(database), database.dump_without_ledger()

    again = psql(MIGRATE)
    assert again.returncode == 0, again.stderr
    assert "Outcome: unchanged" in again.stdout
    assert database.dump_without_ledger() == flow_dump
    back = psql(ROLLBACK)
    assert back.returncode == 0, back.stderr
    assert database.dump_without_ledger() == before

    made = psql(MIGRATE, tier_map=json.dumps(TIER_MAP), **decided)
    assert made.returncode == 0, made.stderr
    assert "Outcome: published" in made.stdout
    by_script = look(database)
    for part, seen in by_flow.items():
        assert by_script[part] == seen, part
    assert len(by_script["quarantine"]) > 30


def test_the_tool_goes_on_where_the_script_ended(
    legacy: Database,
    tierflow: Callable[..., Told],
    psql: Callable[..., subprocess.CompletedProcess[str]],
) -> None:
    before = legacy.dump_without_ledger()
    assert psql(MIGRATE, **DECIDED).returncode == 0
    published = legacy.dump_without_ledger()

    verified = tierflow("verify")
    assert verified.code == 0, verified.stderr
    assert [(check["name"], check["ok"]) for check in verified.value["checks"]] == [
        (name, True) for name in CHECKS
    ]
    again = tierflow("migrate")
    assert (again.code, again.value["outcome"]) == (0, "unchanged"), again.stderr
    assert legacy.dump_without_ledger() == published
    runs = tierflow("runs")
    assert {"standalone sql", "migrate"} <= {row["mode"] for row in runs.value}
    back = tierflow("rollback")
    assert back.code == 0, back.stderr
    assert legacy.dump_without_ledger() == before


def test_a_second_run_changes_nothing(
    legacy: Database, psql: Callable[..., subprocess.CompletedProcess[str]]
) -> None:
    assert psql(MIGRATE, **DECIDED).returncode == 0
    published = legacy.dump_without_ledger()
    places = legacy.rows("SELECT ctid::text, xmin::text FROM public.tier_model_access")
    again = psql(MIGRATE, **DECIDED)
    assert again.returncode == 0, again.stderr
    assert "Outcome: unchanged. 0 grants inserted, 0 updated, 0 deleted" in again.stdout
    assert legacy.dump_without_ledger() == published
    assert legacy.rows("SELECT ctid::text, xmin::text FROM public.tier_model_access") == places
    # nothing but what the script says itself
    assert len(again.stdout.splitlines()) == 4
    assert again.stderr == ""


def test_a_rerun_repairs_drift_and_missing_objects_and_says_how_much(
    legacy: Database, psql: Callable[..., subprocess.CompletedProcess[str]]
) -> None:
    assert psql(MIGRATE, **DECIDED).returncode == 0
    published = look(legacy)
    legacy.past_sync("UPDATE public.tier_model_access SET markup_multiplier = 9 WHERE tier_id = 3")
    legacy.past_sync("DELETE FROM public.tier_model_access WHERE tier_id = 1")
    legacy.past_sync(
        "INSERT INTO public.tier_model_access (tier_id, model_id) VALUES (1, %s)",
        model_uuid("null"),
    )
    legacy.rows("DROP INDEX public.idx_tier_model_lookup")
    legacy.rows("ALTER VIEW public.v_tier_model_summary SET (security_invoker = false)")
    legacy.rows("DROP FUNCTION public.get_models_for_tier")
    legacy.rows("DROP FUNCTION public.check_tier_write CASCADE")
    legacy.rows("ALTER TABLE public.tier_model_access DROP CONSTRAINT unique_tier_model")
    legacy.past_sync(
        """INSERT INTO public.tier_model_access (tier_id, model_id)
           SELECT tier_id, model_id FROM public.tier_model_access WHERE tier_id = 2"""
    )
    failed = psql(VERIFY)
    assert failed.returncode == 3
    assert "Checks failed" in failed.stderr
    again = psql(MIGRATE)
    assert again.returncode == 0, again.stderr
    assert "Outcome: reconciled. 2 grants inserted, 2 updated, 4 deleted" in again.stdout
    assert look(legacy) == published
    assert psql(VERIFY).returncode == 0


def test_all_open_cases_are_named_at_once_and_nothing_changes(
    legacy: Database, psql: Callable[..., subprocess.CompletedProcess[str]]
) -> None:
    legacy.add_models(
        [
            ("it's odd", [7], None),
            ("torn", ["byok", "starter"], {"byok": 1, "starter": 2}),
            ("fine", ["byok"], {"byok": 1.005}),
        ]
    )
    before = legacy.dump()
    told = psql(MIGRATE, tier_map='{"trial": ["byok"], "starter": ["byok"]}')
    assert told.returncode == 3
    assert "2 unknown tier codes: 'enterprise' (2 models), 'professional' (2 models)" in told.stderr
    assert "it's odd at 1: element_not_a_string 7" in told.stderr
    assert "torn (byok" in told.stderr
    assert "fine / byok: 1.005" in told.stderr
    assert "The tiers are: byok, managed, vip_founder" in told.stderr
    assert told.stdout == ""
    assert legacy.dump() == before


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"tier_map": '{"trial": ["nobody"]}'}, "sends 'trial' to 'nobody', which is no tier"),
        ({"tier_map": '{"byok": ["managed"]}'}, "'byok', which is itself a tier"),
        ({"tier_map": '{"trial": []}'}, "sends 'trial' to nothing"),
        ({"tier_map": "trial=byok"}, "invalid input syntax for type json"),
        ({"malformed": "guess"}, "malformed is guess, not one of fail, quarantine"),
        ({"schema": "nowhere"}, "table nowhere.model_access_control is missing"),
        ({**DECIDED, "min_coverage": "0.9"}, "only 57.1 % of the enabled models have a grant"),
    ],
)
def test_a_wrong_decision_stops_the_script(
    legacy: Database,
    psql: Callable[..., subprocess.CompletedProcess[str]],
    given: dict[str, str],
    said: str,
) -> None:
    before = legacy.dump()
    told = psql(MIGRATE, **given)
    assert told.returncode == 3
    assert said in told.stderr
    assert legacy.dump() == before


@pytest.mark.parametrize(
    "obstacle",
    [
        "CREATE VIEW public.v_model_tier_access AS SELECT 1 AS one",
        "CREATE TABLE public.tier_model_access (id integer)",
        "CREATE INDEX idx_tier_model_lookup ON public.subscription_tiers (id)",
        """CREATE FUNCTION public.is_model_available_for_tier(uuid, varchar) RETURNS text
           LANGUAGE sql RETURN 'x'""",
        # the last thing that the script does to the models is to fill the backup columns
        """CREATE FUNCTION public.refuse() RETURNS trigger LANGUAGE plpgsql
           AS 'BEGIN RAISE EXCEPTION ''no updates''; END';
           CREATE TRIGGER refuse BEFORE UPDATE ON public.model_access_control
           FOR EACH ROW EXECUTE FUNCTION public.refuse()""",
    ],
)  # fmt: skip
def test_an_error_in_the_middle_leaves_the_database_untouched(
    legacy: Database, psql: Callable[..., subprocess.CompletedProcess[str]], obstacle: str
) -> None:
    legacy.rows(obstacle)
    before = legacy.dump()
    told = psql(MIGRATE, **DECIDED, backup_columns="true")
    assert told.returncode == 3
    assert "ERROR" in told.stderr
    assert "Outcome" not in told.stdout
    assert legacy.dump() == before


def test_a_run_of_the_tool_keeps_the_script_out(
    legacy: Database, psql: Callable[..., subprocess.CompletedProcess[str]]
) -> None:
    with connect(legacy.target, "test", autocommit=True) as connection:
        run(connection, "queries/take_run_lock", schema="public")
        told = psql(MIGRATE, **DECIDED)
        holder = connection.info.backend_pid
    assert told.returncode == 3
    said = f"Another run of tierflow is under way in this database (session {holder} of postgres,"
    assert said in told.stderr


@pytest.mark.parametrize("script", [MIGRATE, ROLLBACK])
def test_a_lock_that_does_not_come_is_told_with_who_holds_it(
    legacy: Database, psql: Callable[..., subprocess.CompletedProcess[str]], script: str
) -> None:
    if script == ROLLBACK:
        assert psql(MIGRATE, **DECIDED).returncode == 0
    before = legacy.dump()
    table = "tier_model_access" if script == ROLLBACK else "subscription_tiers"
    with psycopg.connect(legacy.dsn, autocommit=True) as writer:
        writer.execute("BEGIN")
        writer.execute(f"LOCK TABLE public.{table} IN ROW EXCLUSIVE MODE".encode())
        told = psql(script)
        assert told.returncode == 3
        holder = f"session {writer.info.backend_pid} of postgres holds RowExclusiveLock on {table}"
        assert holder in told.stderr
        writer.execute("PREPARE TRANSACTION 'it''s'")
    told = psql(script)
    assert told.returncode == 3
    assert "prepared transaction 'it''s' of postgres in database" in told.stderr
    assert "HINT:  ROLLBACK PREPARED 'it''s' (or COMMIT PREPARED), as postgres" in told.stderr
    assert legacy.dump() == before
    legacy.rows("ROLLBACK PREPARED 'it''s'")
    assert psql(script, **(DECIDED if script == MIGRATE else {})).returncode == 0


def test_rollback_writes_the_changes_of_the_table_back_as_the_tool_does(
    legacy: Database, psql: Callable[..., subprocess.CompletedProcess[str]]
) -> None:
    before = legacy.dump_without_ledger("--schema-only")
    assert psql(MIGRATE, **DECIDED).returncode == 0
    legacy.past_sync(
        "UPDATE public.tier_model_access SET markup_multiplier = 3.5 WHERE tier_id = 2"
    )
    legacy.past_sync("DELETE FROM public.tier_model_access WHERE tier_id = 1")
    for name in ("null", "json null", "twice"):
        legacy.past_sync(
            """INSERT INTO public.tier_model_access (tier_id, model_id, markup_multiplier)
               VALUES (1, %s, 1.25)""",
            model_uuid(name),
        )
    legacy.past_sync(
        """UPDATE public.model_access_control SET tier_access = '["enterprise"]'
           WHERE model_id = 'empty'"""
    )
    tiers = legacy.rows("SELECT id, tier_code FROM public.subscription_tiers")
    rules = resolve_rules(Decisions.model_validate({"tier_map": LEGACY_MAP}), tiers)
    changes: dict[str, dict[str, Any]] = {}
    for row in legacy.rows(
        """SELECT m.model_id, t.tier_code, a.markup_multiplier AS markup
           FROM public.model_access_control m CROSS JOIN public.subscription_tiers t
           LEFT JOIN public.tier_model_access a ON a.model_id = m.id AND a.tier_id = t.id
           LEFT JOIN tierflow.implied_grant i ON i.model_id = m.id AND i.tier_id = t.id
           WHERE i.markup_multiplier IS DISTINCT FROM a.markup_multiplier
               AND m.model_id <> 'empty'"""
    ):
        changes.setdefault(row["model_id"], {})[row["tier_code"]] = row["markup"]
    texts = legacy.rows(
        """SELECT model_id, tier_access::text AS access, tier_markup::text AS markup
           FROM public.model_access_control"""
    )
    codes = list_write_codes(rules)
    wanted = {
        name: rewrite_pair(row["access"], row["markup"], changes.get(name, {}), rules, codes)
        for row in texts
        for name in [row["model_id"]]
    }

    told = psql(ROLLBACK)
    assert told.returncode == 0, told.stderr
    assert "The JSONB of 6 models was written" in told.stdout
    found = legacy.rows(
        """SELECT model_id, tier_access AS access, tier_markup AS markup
           FROM public.model_access_control"""
    )
    for row in found:
        access, markup = wanted[row["model_id"]]
        assert row["access"] == (None if access is None else json.loads(access)), row["model_id"]
        assert row["markup"] == (None if markup is None else json.loads(markup)), row["model_id"]
    assert legacy.dump_without_ledger("--schema-only") == before


def test_a_later_grant_is_written_as_the_code_that_most_models_hold(
    legacy: Database, psql: Callable[..., subprocess.CompletedProcess[str]]
) -> None:
    legacy.add_models([("more", ["starter", "professional"], None), ("other", ["starter"], None)])
    given = {**DECIDED, "write_codes": '{"vip_founder": "vip_founder"}'}
    assert psql(MIGRATE, **given).returncode == 0
    settled = legacy.value("SELECT decisions -> 'write_codes' FROM tierflow.decision")
    assert settled == {
        "byok": "starter", "managed": "professional", "vip_founder": "vip_founder",
    }  # fmt: skip
    ran = legacy.value("SELECT decisions -> 'write_codes' FROM tierflow.run")
    assert ran == settled
    # other counts and another run change nothing of it
    legacy.add_models([(f"late {n}", ["trial"], None) for n in range(9)])
    again = psql(MIGRATE)
    assert "Outcome: unchanged" in again.stdout, again.stderr
    for tier in (1, 2, 3):
        legacy.rows(
            "INSERT INTO public.tier_model_access (tier_id, model_id) VALUES (%s, %s)",
            tier, model_uuid("empty"),
        )  # fmt: skip
    access = "SELECT tier_access FROM public.model_access_control WHERE model_id = %s"
    assert legacy.value(access, "empty") == ["starter", "professional", "vip_founder"]
    verified = psql(VERIFY, min_coverage="0")
    assert verified.returncode == 0, verified.stdout + verified.stderr
    assert "asked for 'starter' it finds 4 of the 14 models of byok" in verified.stdout
    legacy.past_sync(
        """INSERT INTO public.tier_model_access (tier_id, model_id) VALUES (1, %s)""",
        model_uuid("null"),
    )
    told = psql(ROLLBACK)
    assert told.returncode == 0, told.stderr
    assert legacy.value(access, "null") == ["starter"]


def test_the_script_shows_what_cannot_be_seen_of_a_code_and_names_what_nobody_holds(
    database: Database, psql: Callable[..., subprocess.CompletedProcess[str]]
) -> None:
    database.add_tiers("free", "team")
    database.add_models(
        [
            ("a", [" Team", "free", *(f"u{n:02}" for n in range(30))], None),
            ("b", ["\u200bpro"], None),
        ]
    )
    told = psql(MIGRATE, tier_map='{"Team": "team"}')
    assert told.returncode == 3
    assert "No model holds these codes of the tier map: 'Team' (but ' Team')." in told.stderr
    assert "32 unknown tier codes: ' Team' (1 models), 'u00' (1 models)" in told.stderr
    assert "'u18' (1 models) and 12 more" in told.stderr
    told = psql(MIGRATE, tier_map='{" Team": "team", "u00": "free"}', unknown_tiers="fail")
    assert "No model holds" not in told.stderr
    database.rows("DELETE FROM public.model_access_control WHERE model_id = 'a'")
    assert "1 unknown tier codes: '\\u200bpro' (1 models)" in psql(MIGRATE).stderr


def test_a_write_code_of_another_tier_is_refused_by_the_script(
    legacy: Database, psql: Callable[..., subprocess.CompletedProcess[str]]
) -> None:
    before = legacy.dump()
    told = psql(MIGRATE, **DECIDED, write_codes='{"byok": "professional"}')
    assert told.returncode == 3
    assert "'professional' cannot be the write code of 'byok'" in told.stderr
    assert legacy.dump() == before


def test_rollback_never_loses_a_change_of_both_sides(
    legacy: Database, psql: Callable[..., subprocess.CompletedProcess[str]]
) -> None:
    before = legacy.dump_without_ledger()
    assert psql(MIGRATE, **DECIDED).returncode == 0
    legacy.past_sync(
        "UPDATE public.tier_model_access SET markup_multiplier = 3.5 WHERE tier_id = 2"
    )
    legacy.past_sync(
        """UPDATE public.model_access_control SET tier_markup = '{"professional": 4}'
           WHERE model_id = 'bare'"""
    )
    changed = legacy.dump()
    told = psql(ROLLBACK)
    assert told.returncode == 3
    assert (
        "bare / managed was changed on both sides: JSONB 4.00, table 3.50, before 1.00"
        in told.stderr
    )
    assert legacy.dump() == changed

    restored = psql(ROLLBACK, restore_snapshot="true")
    assert restored.returncode == 0, restored.stderr
    legacy.rows("ALTER TABLE public.model_access_control DISABLE TRIGGER USER")
    legacy.rows("UPDATE public.model_access_control SET updated_at = '2026-01-02 03:04:05'")
    legacy.rows("ALTER TABLE public.model_access_control ENABLE TRIGGER USER")
    assert legacy.dump_without_ledger() == before
    assert "Outcome: unchanged" in psql(ROLLBACK).stdout


def test_rollback_refuses_what_the_old_shape_cannot_say(
    database: Database, psql: Callable[..., subprocess.CompletedProcess[str]]
) -> None:
    database.add_tiers("byok", "managed")
    database.add_models([("wide", ["all"], {"all": 2}), ("torn", ["byok"], {"byok": "what"})])
    given = {"tier_map": '{"all": ["byok", "managed"]}', **QUARANTINE}
    assert psql(MIGRATE, **given).returncode == 0
    database.past_sync("DELETE FROM public.tier_model_access WHERE tier_id = 1")
    database.past_sync(
        "INSERT INTO public.tier_model_access (tier_id, model_id) VALUES (1, %s)",
        model_uuid("torn"),
    )
    before = database.dump()
    told = psql(ROLLBACK)
    assert told.returncode == 3
    assert "wide: the old shape cannot say the change of byok" in told.stderr
    assert "torn: the old shape cannot say the change of byok" in told.stderr
    assert database.dump() == before


def test_rollback_leaves_a_view_that_is_not_ours(
    legacy: Database, psql: Callable[..., subprocess.CompletedProcess[str]]
) -> None:
    legacy.rows(
        """CREATE FUNCTION public.touch_tier_model_access() RETURNS trigger
           LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END'"""
    )
    before = legacy.dump()
    assert psql(ROLLBACK).returncode == 0
    assert legacy.dump() == before


def test_verify_prints_the_eight_checks_and_fails_after_printing(
    legacy: Database, psql: Callable[..., subprocess.CompletedProcess[str]]
) -> None:
    before = legacy.dump()
    told = psql(VERIFY)
    assert told.returncode == 3
    assert [line.split("|")[0].strip() for line in told.stdout.splitlines()[2:10]] == list(CHECKS)
    assert legacy.dump() == before

    assert psql(MIGRATE, **DECIDED).returncode == 0
    published = legacy.dump()
    passed = psql(VERIFY)
    assert passed.returncode == 0, passed.stderr
    rows = [[cell.strip() for cell in line.split("|")] for line in passed.stdout.splitlines()[2:10]]
    assert [(row[0], row[1]) for row in rows] == [(name, "t") for name in CHECKS]
    assert passed.stdout.endswith("All eight checks passed.\n")
    assert legacy.dump() == published

    legacy.past_sync("DELETE FROM public.tier_model_access WHERE tier_id = 3")
    failed = psql(VERIFY)
    assert failed.returncode == 3
    assert "Checks failed: coverage, distribution, compatibility layer, integrity." in failed.stderr
    assert "2 grants missing" in failed.stdout


def test_verify_forgives_a_busy_moment_and_counts_the_median_of_a_round(
    legacy: Database, psql: Callable[..., subprocess.CompletedProcess[str]]
) -> None:
    assert psql(MIGRATE, **DECIDED).returncode == 0
    legacy.rows(BUSY.format("call <= 10"))  # the first two rounds
    told = psql(VERIFY)
    assert told.returncode == 0, told.stdout
    legacy.rows(BUSY.format("call % 5 > 1"))  # the quickest of five is quick
    slow = psql(VERIFY)
    assert slow.returncode == 3
    assert "Checks failed: query performance." in slow.stderr
    legacy.rows(BUSY.format("call <= 15"))
    assert psql(VERIFY).returncode == 3


def test_verify_names_a_sync_that_is_off_and_what_the_sync_quarantined(
    legacy: Database, psql: Callable[..., subprocess.CompletedProcess[str]]
) -> None:
    assert psql(MIGRATE, **DECIDED).returncode == 0
    legacy.rows(
        "UPDATE public.model_access_control SET tier_access = '[\"nowhere\"]' WHERE id = %s",
        model_uuid("null"),
    )
    told = psql(VERIFY)
    assert told.returncode == 0, told.stdout
    assert "1 elements quarantined since the migration: null (unknown_tier)" in told.stdout
    legacy.rows("DROP TRIGGER tierflow_sync_models_write ON public.model_access_control")
    legacy.rows("ALTER TABLE public.tier_model_access DISABLE TRIGGER tierflow_sync_grants_delete")
    failed = psql(VERIFY)
    assert failed.returncode == 3
    for name in ("tierflow_sync_models_write", "tierflow_sync_grants_delete"):
        assert f"trigger {name} is not there or disabled" in failed.stdout


def test_verify_names_a_view_that_reads_as_its_owner(
    legacy: Database, psql: Callable[..., subprocess.CompletedProcess[str]]
) -> None:
    assert psql(MIGRATE, **DECIDED).returncode == 0
    legacy.rows("ALTER VIEW public.v_model_tier_access RESET (security_invoker)")
    failed = psql(VERIFY)
    assert failed.returncode == 3
    assert "view v_model_tier_access has no security_invoker" in failed.stdout
    assert psql(MIGRATE).returncode == 0
    assert psql(VERIFY).returncode == 0


def test_the_scripts_work_in_a_schema_of_any_name(
    legacy: Database, psql: Callable[..., subprocess.CompletedProcess[str]]
) -> None:
    name = "The 'Model' \"Catalogue\""
    legacy.rows('CREATE SCHEMA "The \'Model\' ""Catalogue"""')
    with connect(legacy.target, "create source") as connection:
        for part in SOURCE:
            run(connection, f"demo/{part}", schema=name)
    for table in ("subscription_tiers", "model_access_control"):
        legacy.rows(
            f'INSERT INTO "The \'Model\' ""Catalogue""".{table} SELECT * FROM public.{table}'
        )
    before = legacy.dump_without_ledger()
    made = psql(MIGRATE, schema=name, **DECIDED)
    assert made.returncode == 0, made.stderr
    assert "7 grants inserted" in made.stdout
    assert "Outcome: unchanged" in psql(MIGRATE, schema=name).stdout
    verified = psql(VERIFY, schema=name)
    assert verified.returncode == 0, verified.stdout
    # there is one ledger in a database
    other = psql(MIGRATE, **DECIDED)
    assert other.returncode == 3
    assert "serves schema" in other.stderr
    back = psql(ROLLBACK, schema=name)
    assert back.returncode == 0, back.stderr
    assert legacy.dump_without_ledger() == before
