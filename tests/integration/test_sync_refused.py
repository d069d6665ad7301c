"""A rule of the application refuses what the sync writes: whose write fails then, and whose not."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any, LiteralString

import psycopg
import pytest
from psycopg import IsolationLevel
from psycopg import errors as pg
from support.database import Database, Told, model_uuid
from support.reuse import fill_once
from support.second import Second

TIERS = ("free", "pro", "vip", "team")
DRIFT = """SELECT t.tier_code, implied.markup_multiplier::text AS jsonb,
        access.markup_multiplier::text AS junction
    FROM tierflow.implied_grant AS implied
    FULL JOIN (SELECT * FROM public.tier_model_access WHERE enabled) AS access
    USING (model_id, tier_id)
    JOIN public.subscription_tiers AS t ON t.id = tier_id
    WHERE implied.markup_multiplier IS DISTINCT FROM access.markup_multiplier ORDER BY 1"""
MODELS = "public.model_access_control"
LENGTH = "jsonb_array_length(tier_access)"
TRIGGER = """CREATE FUNCTION public.rule() RETURNS trigger LANGUAGE plpgsql
    AS $rule$ BEGIN {body} END $rule$;
    CREATE TRIGGER rule {when} ON {table} FOR EACH {row} EXECUTE FUNCTION public.rule()"""


def as_trigger(
    body: str, when: str = "BEFORE UPDATE", table: str = MODELS, row: str = "ROW"
) -> str:
    return TRIGGER.format(body=body, when=when, table=table, row=row)


def too_many(then: str) -> str:
    return f"IF jsonb_array_length(NEW.tier_access) > 2 THEN {then}; END IF; RETURN NEW;"


# at most two codes in an array, said in every way there is
AT_MOST_TWO = {
    "check": f"ALTER TABLE {MODELS} ADD CONSTRAINT rule CHECK ({LENGTH} < 3)",
    "trigger": as_trigger(too_many("RAISE EXCEPTION 'rule: too many'")),
    "after trigger": as_trigger(
        too_many("RAISE EXCEPTION 'rule: too many' USING ERRCODE = 'AB123'"), "AFTER UPDATE"),
    "statement trigger": as_trigger(
        f"""IF EXISTS (SELECT FROM {MODELS} WHERE jsonb_array_length(tier_access) > 2) THEN
            RAISE check_violation USING MESSAGE = 'rule: too many'; END IF; RETURN NULL;""",
        "AFTER UPDATE", row="STATEMENT"),
    "assertion": as_trigger("ASSERT jsonb_array_length(NEW.tier_access) < 3, 'rule'; RETURN NEW;"),
    "broken trigger": as_trigger(too_many("PERFORM rule_that_is_not_there()")),
    "discarding trigger": as_trigger(too_many("RETURN NULL"))
    + "; COMMENT ON FUNCTION public.rule() IS 'discards the update'",
    "generated column": f"""ALTER TABLE {MODELS} ADD rule integer
        GENERATED ALWAYS AS (1 / (3 - least(3, jsonb_array_length(tier_access)))) STORED""",
    "domain": f"""CREATE DOMAIN public.rule AS integer CHECK (value < 3);
        ALTER TABLE {MODELS} ADD n public.rule
        GENERATED ALWAYS AS (jsonb_array_length(tier_access)) STORED""",
    "not null": f"""ALTER TABLE {MODELS} ADD rule integer GENERATED ALWAYS AS
        (nullif(least(3, jsonb_array_length(tier_access)), 3)) STORED NOT NULL""",
    "index expression": f"""CREATE INDEX rule ON {MODELS}
        ((1 / (3 - least(3, jsonb_array_length(tier_access)))))""",
    "unique": f"""INSERT INTO {MODELS} (id, model_id, tier_access)
            VALUES (gen_random_uuid(), 'has three', '["free", "vip", "team"]');
        CREATE UNIQUE INDEX rule ON {MODELS} (least(3, jsonb_array_length(tier_access)))
            WHERE jsonb_array_length(tier_access) > 2""",
    "exclusion": f"""INSERT INTO {MODELS} (id, model_id, tier_access)
            VALUES (gen_random_uuid(), 'has three', '["free", "vip", "team"]');
        ALTER TABLE {MODELS} ADD CONSTRAINT rule EXCLUDE USING btree
            ((least(3, {LENGTH})) WITH =) WHERE ({LENGTH} > 2)""",
}  # fmt: skip


@pytest.fixture
def shop(database: Database, tierflow: Callable[..., Told]) -> Database:
    """A published migration; `m` has two codes, and so has `coded`, one of them a legacy code."""

    def fill() -> None:
        database.add_tiers(*TIERS)
        database.add_models(
            [("m", ["free", "pro"], {"pro": 2}), ("coded", ["free", "old"], {"old": 2}),
             ("one", ["free"], None)]
        )  # fmt: skip
        told = tierflow("migrate", "--tier-map", "old=pro")
        assert told.code == 0, told.stderr

    return fill_once(database, __name__, fill)


def grant(database: Database, model: str, *tiers: str) -> None:
    """Grant tiers in the junction table, in one statement."""
    database.rows(
        """INSERT INTO public.tier_model_access (tier_id, model_id)
           SELECT id, %s FROM public.subscription_tiers WHERE tier_code = ANY(%s)""",
        model_uuid(model), list(tiers),
    )  # fmt: skip


REVOKE: LiteralString = """DELETE FROM public.tier_model_access WHERE model_id = %s
    AND tier_id = (SELECT id FROM public.subscription_tiers WHERE tier_code = %s)"""


def revoke(database: Database, model: str, tier: str) -> None:
    database.rows(REVOKE, model_uuid(model), tier)


def write(database: Database, model: str, access: str, markup: str | None = None) -> None:
    database.rows(
        """UPDATE public.model_access_control SET tier_access = %s::jsonb, tier_markup = %s::jsonb
           WHERE model_id = %s""",
        access, markup, model,
    )  # fmt: skip


def pair(database: Database, model: str) -> tuple[Any, Any]:
    row = database.rows(
        "SELECT tier_access, tier_markup FROM public.model_access_control WHERE model_id = %s",
        model,
    )[0]
    return row["tier_access"], row["tier_markup"]


def grants_of(database: Database, model: str) -> dict[str, str]:
    return {tier: markup for name, tier, markup in database.grants() if name == model}


def refused(database: Database, reason: str) -> dict[tuple[str, str], str]:
    """Return what refused each grant, by model and tier."""
    rows = database.rows(
        """SELECT model_identifier, tier_codes[1] AS tier, value ->> 'refused' AS said, position
           FROM tierflow.quarantine WHERE reason = %s""",
        reason,
    )
    assert all(row["position"] < 0 for row in rows)
    return {(row["model_identifier"], row["tier"]): row["said"] for row in rows}


def drift(database: Database) -> list[tuple[Any, ...]]:
    return [tuple(row.values()) for row in database.rows(DRIFT)]


@pytest.mark.parametrize("model", ["m", "coded"])
@pytest.mark.parametrize("rule", AT_MOST_TWO)
def test_a_grant_that_a_rule_keeps_out_of_the_jsonb_stands_in_the_table_and_is_named(
    shop: Database, tierflow: Callable[..., Told], rule: str, model: str
) -> None:
    shop.rows(AT_MOST_TWO[rule])
    before = pair(shop, model)
    grant(shop, model, "vip")
    assert pair(shop, model) == before
    assert grants_of(shop, model) == {"free": "1.00", "pro": "2.00", "vip": "1.00"}
    said = refused(shop, "not_in_jsonb")
    assert list(said) == [(model, "vip")]
    named = {
        "generated column": "division by zero",
        "index expression": "division by zero",
        "discarding trigger": "discards the update",
    }
    assert named.get(rule, "rule") in said[model, "vip"]
    assert drift(shop) == [("vip", None, "1.00")]
    told = tierflow("verify", "--min-coverage", "0")
    assert told.code == 1
    figure = told.value["checks"][-1]["figure"]
    assert f"{model} / vip" in figure
    assert f"{model} (not_in_jsonb: {said[model, 'vip'][:30]}" in figure
    # what is taken away leaves the JSONB, whatever else of the model is still refused
    grant(shop, model, "team")
    assert list(refused(shop, "not_in_jsonb")) == [(model, "vip"), (model, "team")]
    revoke(shop, model, "free")
    assert pair(shop, model)[0] == before[0][1:]
    assert drift(shop) == [("team", None, "1.00"), ("vip", None, "1.00")]
    # and a grant that fits then is said
    revoke(shop, model, "team")
    assert pair(shop, model)[0] == [*before[0][1:], "vip"]
    assert (drift(shop), refused(shop, "not_in_jsonb")) == ([], {})


@pytest.mark.parametrize("rule", ["check", "trigger"])
def test_of_a_bulk_write_only_what_is_refused_stays_behind(shop: Database, rule: str) -> None:
    shop.add_models(
        [(f"bulk {n}", ["free", "pro"] if n % 50 == 7 else ["pro"], None) for n in range(150)]
    )
    shop.rows(AT_MOST_TWO[rule])
    shop.rows("""INSERT INTO public.tier_model_access (tier_id, model_id)
        SELECT 3, id FROM public.model_access_control WHERE model_id LIKE 'bulk %'""")
    wanted = {(f"bulk {n}", "vip") for n in (7, 57, 107)}
    assert refused(shop, "not_in_jsonb").keys() == wanted
    assert len(drift(shop)) == 3
    shop.rows("UPDATE public.tier_model_access SET markup_multiplier = 5 WHERE tier_id = 3")
    assert len(drift(shop)) == 3
    assert pair(shop, "bulk 8") == (["pro", "vip"], {"vip": 5})
    assert pair(shop, "bulk 7") == (["free", "pro"], None)


REVOCATIONS: dict[str, LiteralString] = {
    "deleted": "DELETE FROM public.tier_model_access WHERE tier_id = 1",
    "switched off": "UPDATE public.tier_model_access SET enabled = false WHERE tier_id = 1",
    "moved": "UPDATE public.tier_model_access SET tier_id = 3 WHERE tier_id = 1",
    "truncated": "TRUNCATE public.tier_model_access",
}
KEEPS_FREE = {
    "check": f"ALTER TABLE {MODELS} ADD CONSTRAINT rule CHECK (tier_access ? 'free')",
    "trigger": as_trigger("""IF NOT NEW.tier_access ? 'free' THEN
        RAISE check_violation USING MESSAGE = 'rule', CONSTRAINT = 'rule'; END IF; RETURN NEW;"""),
}  # fmt: skip


@pytest.mark.parametrize("rule", KEEPS_FREE)
@pytest.mark.parametrize("how", REVOCATIONS)
def test_a_revocation_that_a_rule_keeps_out_of_the_jsonb_fails(
    shop: Database, how: str, rule: str
) -> None:
    shop.rows(KEEPS_FREE[rule])
    before = shop.dump("--exclude-schema=tierflow")
    with pytest.raises(pg.CheckViolation) as raised:
        shop.rows(REVOCATIONS[how])
    assert raised.value.diag.constraint_name == "rule"
    assert "tier_access would go on granting them" in (raised.value.diag.message_detail or "")
    assert "Let the rule of model_access_control" in (raised.value.diag.message_hint or "")
    assert shop.dump("--exclude-schema=tierflow") == before
    assert (drift(shop), refused(shop, "not_in_jsonb")) == ([], {})
    # a price may be changed, and another tier taken
    shop.rows("UPDATE public.tier_model_access SET markup_multiplier = 7 WHERE tier_id = 1")
    revoke(shop, "m", "pro")
    assert pair(shop, "m") == (["free"], {"pro": 2, "free": 7})


def test_a_revocation_that_a_trigger_discards_fails(shop: Database) -> None:
    shop.rows(as_trigger("IF NEW.tier_access ? 'free' THEN RETURN NEW; END IF; RETURN NULL;"))
    with pytest.raises(pg.IntegrityConstraintViolation, match="cannot be taken out"):
        revoke(shop, "m", "free")
    assert (drift(shop), grants_of(shop, "m")) == ([], {"free": "1.00", "pro": "2.00"})


PASSING = ("40001", "40P01", "42501", "53100", "55P03", "57P03", "58030", "XX000")


@pytest.mark.parametrize("state", PASSING)
def test_what_passes_by_or_is_about_the_role_fails_the_write(shop: Database, state: str) -> None:
    shop.rows(as_trigger(f"RAISE EXCEPTION 'not now' USING ERRCODE = '{state}';"))
    with pytest.raises(psycopg.Error) as raised:
        grant(shop, "m", "vip")
    assert raised.value.sqlstate == state
    assert grants_of(shop, "m") == {"free": "1.00", "pro": "2.00"}


def test_a_statement_that_is_cancelled_in_the_rule_fails(shop: Database) -> None:
    shop.rows(as_trigger("PERFORM pg_sleep(30); RETURN NEW;"))
    with psycopg.connect(shop.dsn) as connection:
        connection.execute("SET statement_timeout = '100ms'")
        with pytest.raises(pg.QueryCanceled):
            connection.execute(REVOKE, [model_uuid("m"), "free"])


@pytest.mark.parametrize("level", [None, IsolationLevel.REPEATABLE_READ])
def test_a_session_that_has_written_before_the_rule_was_made_meets_it_unharmed(
    shop: Database, level: IsolationLevel | None
) -> None:
    """Whether a table has rules stands in the plans that a session has made."""
    shop.rows(f"DROP TRIGGER touch_updated_at ON {MODELS}")
    insert: LiteralString = (
        "INSERT INTO public.tier_model_access (tier_id, model_id) VALUES (%s, %s)"
    )
    with psycopg.connect(shop.dsn, autocommit=True) as connection:
        for tier in (2, 3):
            connection.execute(insert, [tier, model_uuid("one")])
        assert pair(shop, "one")[0] == ["free", "pro", "vip"]
        connection.execute(REVOKE, [model_uuid("one"), "vip"])
        connection.autocommit = False
        connection.isolation_level = level
        connection.execute("SELECT 1 FROM public.subscription_tiers")  # its snapshot
        shop.rows(AT_MOST_TWO["check"])
        connection.execute(insert, [3, model_uuid("one")])
        connection.execute(insert, [3, model_uuid("m")])
        connection.commit()
        assert refused(shop, "not_in_jsonb").keys() == {("one", "vip"), ("m", "vip")}
        # the plans of that transaction are the session's plans
        connection.isolation_level = None
        connection.execute(insert, [4, model_uuid("m")])
        connection.commit()
    assert refused(shop, "not_in_jsonb").keys() == {("one", "vip"), ("m", "vip"), ("m", "team")}


def test_a_writer_that_waits_while_a_rule_is_made_meets_it_unharmed(shop: Database) -> None:
    shop.rows(f"DROP TRIGGER touch_updated_at ON {MODELS}")
    change: LiteralString = """UPDATE public.tier_model_access SET markup_multiplier = 5
        WHERE model_id = %s AND tier_id = 2"""
    cheap = f"ALTER TABLE {MODELS} ADD CONSTRAINT rule CHECK ((tier_markup ->> 'pro')::numeric < 4)"
    with psycopg.connect(shop.dsn) as maker:
        maker.execute(cheap)
        second = Second(shop, change, model_uuid("m")).start().until_it_waits()
    assert second.join() is None
    assert list(refused(shop, "not_in_jsonb")) == [("m", "pro")]


def test_a_rule_that_is_deferred_fails_the_commit_and_the_plan_says_so(
    shop: Database, tierflow: Callable[..., Told]
) -> None:
    assert not [note for note in tierflow("plan").value["notes"] if "deferred" in note]
    body = "IF jsonb_array_length(NEW.tier_access) > 2 THEN RAISE 'rule'; END IF; RETURN NULL;"
    shop.rows(as_trigger(body, "AFTER UPDATE").replace(
        "CREATE TRIGGER rule AFTER UPDATE ON public.model_access_control",
        "CREATE CONSTRAINT TRIGGER rule AFTER UPDATE ON public.model_access_control"
        " DEFERRABLE INITIALLY DEFERRED",
    ))  # fmt: skip
    notes = [note for note in tierflow("plan").value["notes"] if "deferred" in note]
    assert len(notes) == 1
    assert "rule of model_access_control" in notes[0]
    with pytest.raises(pg.RaiseException, match="rule"):
        grant(shop, "m", "vip")
    assert (drift(shop), grants_of(shop, "m")) == ([], {"free": "1.00", "pro": "2.00"})


JUNCTION = "public.tier_model_access"
# no grant of vip, said in the ways that a table of ours can be given
NO_VIP = {
    "check": f"ALTER TABLE {JUNCTION} ADD CONSTRAINT rule CHECK (tier_id <> 3)",
    "trigger": as_trigger("IF NEW.tier_id = 3 THEN RAISE 'rule'; END IF; RETURN NEW;",
                          "BEFORE INSERT", JUNCTION),
    "discarding trigger": as_trigger("IF NEW.tier_id = 3 THEN RETURN NULL; END IF; RETURN NEW;",
                                     "BEFORE INSERT", JUNCTION),
    "unique": f"""INSERT INTO {JUNCTION} (tier_id, model_id)
            SELECT 3, id FROM {MODELS} WHERE model_id = 'one';
        CREATE UNIQUE INDEX rule ON {JUNCTION} (tier_id) WHERE tier_id = 3""",
    "column": f"ALTER TABLE {JUNCTION} ADD rule integer DEFAULT 1 CHECK (rule / (tier_id - 3) < 9)",
    "not null": f"""ALTER TABLE {JUNCTION} ADD rule integer;
        UPDATE {JUNCTION} SET rule = 1; ALTER TABLE {JUNCTION} ALTER rule SET NOT NULL""",
}  # fmt: skip


@pytest.mark.parametrize("access", ['["free", "vip", "pro"]', '["free", "vip", "old"]'])
@pytest.mark.parametrize("rule", NO_VIP)
def test_a_code_whose_grant_a_rule_keeps_out_of_the_table_stands_in_the_jsonb_and_is_named(
    shop: Database, tierflow: Callable[..., Told], rule: str, access: str
) -> None:
    shop.rows(NO_VIP[rule])
    write(shop, "m", access, '{"pro": 3, "old": 3}')
    assert pair(shop, "m")[0] == json.loads(access)
    assert grants_of(shop, "m") == {"free": "1.00", "pro": "3.00"}
    said = refused(shop, "not_in_junction")
    assert list(said) == [("m", "vip")]
    named = {"column": "division by zero", "discarding trigger": "makes something else of it"}
    assert named.get(rule, "rule") in said["m", "vip"]
    assert drift(shop) == [("vip", "1.00", None)]
    told = tierflow("verify", "--min-coverage", "0")
    assert told.code == 1
    assert f"m (not_in_junction: {said['m', 'vip'][:30]}" in told.value["checks"][-1]["figure"]
    # the next write of the JSONB may say what the table takes
    write(shop, "m", '["free"]')
    assert (drift(shop), refused(shop, "not_in_junction")) == ([], {})
    write(shop, "m", '["vip"]')
    assert grants_of(shop, "m") == {}
    # a write of the other side is followed as it stands
    if rule != "not null":
        grant(shop, "m", "team")
        assert pair(shop, "m")[0] == ["team"]
        assert (drift(shop), refused(shop, "not_in_junction")) == ([], {})


def test_a_price_that_the_table_refuses_leaves_the_one_that_stands(shop: Database) -> None:
    shop.rows(f"ALTER TABLE {JUNCTION} ADD CONSTRAINT rule CHECK (markup_multiplier >= 1)")
    write(shop, "m", '["free", "pro"]', '{"pro": 0.5, "free": 3}')
    assert grants_of(shop, "m") == {"free": "3.00", "pro": "2.00"}
    assert drift(shop) == [("pro", "0.50", "2.00")]
    assert list(refused(shop, "not_in_junction")) == [("m", "pro")]


NO_DELETE = "RAISE EXCEPTION 'rule: switch it off'"


@pytest.mark.parametrize("body", [NO_DELETE, "RETURN NULL"])
@pytest.mark.parametrize("model", ["m", "coded"])
def test_a_grant_that_may_not_be_deleted_is_switched_off(
    shop: Database, model: str, body: str
) -> None:
    shop.rows(as_trigger(f"{body};", "BEFORE DELETE", JUNCTION))
    write(shop, model, '["pro"]', '{"pro": 2}')
    assert grants_of(shop, model) == {"pro": "2.00"}
    assert (drift(shop), refused(shop, "not_in_junction")) == ([], {})
    off = shop.value("SELECT count(*) FROM public.tier_model_access WHERE NOT enabled")
    assert off == 1
    write(shop, model, '["pro", "free"]', '{"pro": 2}')
    assert grants_of(shop, model) == {"pro": "2.00", "free": "1.00"}


def test_a_revocation_that_the_table_refuses_altogether_fails(shop: Database) -> None:
    shop.rows(as_trigger(f"{NO_DELETE};", "BEFORE DELETE OR UPDATE", JUNCTION))
    with pytest.raises(pg.RaiseException, match="switch it off"):
        write(shop, "m", '["pro"]', '{"pro": 2}')
    assert (drift(shop), pair(shop, "m")[0]) == ([], ["free", "pro"])
    shop.rows("DROP TRIGGER rule ON public.tier_model_access; DROP FUNCTION public.rule()")
    shop.rows(as_trigger("RETURN NULL;", "BEFORE DELETE OR UPDATE", JUNCTION))
    with pytest.raises(pg.IntegrityConstraintViolation, match="neither be deleted nor"):
        write(shop, "m", '["pro"]', '{"pro": 2}')


@pytest.mark.parametrize("state", PASSING)
def test_what_passes_by_fails_a_write_of_the_jsonb(shop: Database, state: str) -> None:
    shop.rows(as_trigger(f"RAISE 'not now' USING ERRCODE = '{state}';", "BEFORE INSERT", JUNCTION))
    with pytest.raises(psycopg.Error) as raised:
        write(shop, "m", '["free", "pro", "vip"]', '{"pro": 2}')
    assert raised.value.sqlstate == state
    assert pair(shop, "m")[0] == ["free", "pro"]


def test_a_bulk_write_of_the_jsonb_grants_what_is_not_refused(shop: Database) -> None:
    shop.add_models([(f"bulk {n}", [], None) for n in range(450)])
    shop.rows(NO_VIP["check"])
    shop.rows("""UPDATE public.model_access_control SET tier_access = '["vip", "old"]'
                 WHERE model_id LIKE 'bulk %'""")  # fmt: skip
    assert len(refused(shop, "not_in_junction")) == len(drift(shop)) == 450
    assert shop.value("SELECT count(*) FROM public.tier_model_access WHERE tier_id = 2") == 452


def test_a_tier_is_added_renamed_and_deleted_whatever_the_rules_refuse(shop: Database) -> None:
    write(shop, "m", '["free", "new"]')
    write(shop, "one", '["new"]')
    shop.rows(
        f"""ALTER TABLE {JUNCTION} ADD CONSTRAINT rule
            CHECK (tier_id <> 9 OR model_id <> '{model_uuid("m")}')"""
    )
    shop.rows("INSERT INTO public.subscription_tiers VALUES (9, 'new', 'New', true, 9)")
    assert grants_of(shop, "one") == {"new": "1.00"}
    assert pair(shop, "m")[0] == ["free", "new"]
    assert list(refused(shop, "not_in_junction")) == [("m", "new")]
    # an array that must not be empty keeps the code of a tier that is no more: it means nothing
    shop.rows(f"ALTER TABLE {MODELS} ADD CONSTRAINT rule CHECK (tier_access <> '[]')")
    shop.rows("DELETE FROM public.subscription_tiers WHERE id = 9")
    assert (pair(shop, "one")[0], pair(shop, "m")[0]) == (["new"], ["free"])
    assert drift(shop) == []
    stored = shop.rows("SELECT model_identifier, reason FROM tierflow.quarantine")
    assert [tuple(row.values()) for row in stored] == [("one", "unknown_tier")]


def test_reconcile_repairs_what_is_not_refused_and_names_the_rest(
    shop: Database, tierflow: Callable[..., Told]
) -> None:
    shop.rows(AT_MOST_TWO["check"])
    shop.past_sync(f"INSERT INTO {JUNCTION} (tier_id, model_id) SELECT 3, id FROM {MODELS}")
    told = tierflow("reconcile", "--from", "junction", "--yes")
    assert told.code == 1
    assert (
        "2 grants cannot be said in the JSONB of their models: coded / vip; m / vip" in told.stderr
    )
    assert pair(shop, "one")[0] == ["free", "vip"]
    assert refused(shop, "not_in_jsonb").keys() == {("coded", "vip"), ("m", "vip")}
    shop.rows(f"DELETE FROM {JUNCTION} WHERE tier_id = 3")
    shop.rows(NO_VIP["check"])
    shop.past_sync(f"""UPDATE {MODELS} SET tier_access = '["vip", "pro"]', tier_markup = NULL""")
    told = tierflow("reconcile", "--from", "jsonb", "--yes")
    assert told.code == 1
    assert (
        "3 grants are refused by tier_model_access: coded / vip; m / vip; one / vip" in told.stderr
    )
    assert shop.grants() == {(model, "pro", "1.00") for model in ("m", "coded", "one")}
