"""Rows that an apply worker of logical replication writes: it fires no ordinary trigger."""

from __future__ import annotations

import subprocess
from collections.abc import Callable, Iterator

import pytest
from psycopg.conninfo import make_conninfo
from support.database import Database, Told
from support.replication import Pair, open_pair
from support.serving import wait_for
from support.surroundings import database_name

from sql import FOLDER
from tasks.build import create_ledger
from tasks.capture import start_capture
from tierflow.connection import connect

Call = Callable[..., Told]
Done = subprocess.CompletedProcess[str]
MIGRATE = ("migrate", "--unknown-tiers", "quarantine", "--min-coverage", "0")
MODELS = [
    ("a", ["free"], {"free": 1.5}),
    ("b", ["free", "vip"], {"vip": 2.25}),
    ("c", None, None),
    ("d", ["nobody"], None),
]
SOURCE = ("model_access_control", "subscription_tiers")
DRIFT = """SELECT count(*) FROM tierflow.implied_grant AS implied
    FULL JOIN (SELECT * FROM public.tier_model_access WHERE enabled) AS access
    USING (model_id, tier_id)
    WHERE implied.markup_multiplier IS DISTINCT FROM access.markup_multiplier"""
REPLICA = """SELECT coalesce(array_agg(tgname::text ORDER BY tgname), '{}') FROM pg_trigger
    WHERE tgname LIKE 'tierflow%\\_replica' AND tgenabled = 'R'"""


@pytest.fixture
def pair(database: Database) -> Iterator[Pair]:
    """A subscriber, where the environment points to, and its publisher: both hold the same."""
    database.add_tiers("free", "pro", "vip")
    database.add_models(MODELS)
    with open_pair(database) as opened:
        yield opened


def migrate(tierflow: Call, *options: str) -> Told:
    told = tierflow(*MIGRATE, *options)
    assert told.code == 0, told.stderr
    return told


def migrate_both(pair: Pair, tierflow: Call, monkeypatch: pytest.MonkeyPatch) -> None:
    with monkeypatch.context() as elsewhere:
        elsewhere.setenv("TIERFLOW_DSN", pair.publisher.dsn)
        migrate(tierflow)
    migrate(tierflow)


def jsonb(database: Database, name: str) -> tuple[object, object]:
    row = database.rows(
        "SELECT tier_access, tier_markup FROM public.model_access_control WHERE model_id = %s", name
    )[0]
    return row["tier_access"], row["tier_markup"]


def assert_verified(tierflow: Call) -> None:
    told = tierflow("verify")
    assert told.code == 0, told.stderr


def test_the_grants_follow_what_an_apply_worker_writes_into_the_models(
    pair: Pair, tierflow: Call
) -> None:
    pair.subscribe(*SOURCE)
    plan = tierflow("plan", *MIGRATE[1:])
    assert [note for note in plan.value["notes"] if pair.name in note]
    migrate(tierflow)
    subscriber = pair.subscriber
    assert subscriber.value(REPLICA) == [
        "tierflow_sync_models_replica", "tierflow_sync_tiers_replica"
    ]  # fmt: skip
    pair.publish(
        """UPDATE public.model_access_control SET tier_access = '["pro", "nobody"]',
           tier_markup = '{"pro": 3}' WHERE model_id = 'a'""",
        "DELETE FROM public.model_access_control WHERE model_id = 'd'",
        """INSERT INTO public.model_access_control (id, model_id, provider, display_name,
               enabled, deprecated, tier_access)
           SELECT gen_random_uuid(), 'e' || n, 'acme', 'E', true, false, '["free", "vip"]'
           FROM generate_series(1, 3) AS n""",
        "UPDATE public.model_access_control SET id = gen_random_uuid() WHERE model_id = 'b'",
    )
    new = {(f"e{n}", tier, "1.00") for n in (1, 2, 3) for tier in ("free", "vip")}
    assert subscriber.grants() == {
        ("a", "pro", "3.00"), ("b", "free", "1.00"), ("b", "vip", "2.25"), *new
    }  # fmt: skip
    assert subscriber.value(DRIFT) == 0
    held = subscriber.rows(
        """SELECT m.model_id, q.code FROM tierflow.quarantine q
           LEFT JOIN public.model_access_control m ON m.id = q.model_id"""
    )
    assert held == [{"model_id": "a", "code": "nobody"}]
    # a write of this side's own is carried over as ever
    subscriber.rows("UPDATE public.tier_model_access SET markup_multiplier = 4 WHERE tier_id = 2")
    assert jsonb(subscriber, "a") == (["pro", "nobody"], {"pro": 4})
    assert_verified(tierflow)


def test_the_rules_follow_what_an_apply_worker_writes_into_the_tiers(
    pair: Pair, tierflow: Call
) -> None:
    pair.subscribe(*SOURCE)
    migrate(tierflow)
    subscriber = pair.subscriber
    pair.publish("UPDATE public.subscription_tiers SET tier_code = 'gold' WHERE tier_code = 'vip'")
    assert ("b", "gold", "2.25") in subscriber.grants()
    pair.publish("INSERT INTO public.subscription_tiers VALUES (9, 'nobody', 'N', true, 9)")
    assert ("d", "nobody", "1.00") in subscriber.grants()
    pair.publish("UPDATE public.subscription_tiers SET id = 70 WHERE tier_code = 'free'")
    assert {("a", "free", "1.50"), ("b", "free", "1.00")} <= subscriber.grants()
    pair.publish("DELETE FROM public.subscription_tiers WHERE tier_code = 'nobody'")
    assert jsonb(subscriber, "d") == ([], None)
    assert subscriber.value("SELECT count(*) FROM public.tier_model_access WHERE tier_id = 9") == 0
    assert subscriber.value(DRIFT) == 0
    assert_verified(tierflow)


def test_the_jsonb_follows_what_an_apply_worker_writes_into_the_junction_table(
    pair: Pair, tierflow: Call, monkeypatch: pytest.MonkeyPatch
) -> None:
    subscriber = pair.subscriber
    migrate_both(pair, tierflow, monkeypatch)
    pair.subscribe("tier_model_access")
    told = tierflow("verify")
    assert told.code == 1
    assert "tierflow_sync_grants_replica is not there or disabled" in told.stderr
    plan = tierflow("plan").value
    assert plan["will_create"] == ["trigger tierflow_sync_grants_replica"]
    migrate(tierflow)
    assert tierflow("plan").value["will_create"] == []
    pair.publish(
        "UPDATE public.tier_model_access SET markup_multiplier = 4 WHERE tier_id = 3",
        """INSERT INTO public.tier_model_access (tier_id, model_id)
           SELECT 2, id FROM public.model_access_control WHERE model_id IN ('a', 'c')""",
        """DELETE FROM public.tier_model_access WHERE tier_id = 1
           AND model_id = (SELECT id FROM public.model_access_control WHERE model_id = 'b')""",
    )
    assert jsonb(subscriber, "a") == (["free", "pro"], {"free": 1.5})
    assert jsonb(subscriber, "b") == (["vip"], {"vip": 4})
    assert jsonb(subscriber, "c") == (["pro"], None)
    assert subscriber.value(DRIFT) == 0
    assert_verified(tierflow)
    pair.publish("TRUNCATE public.tier_model_access")
    assert [jsonb(subscriber, name)[0] for name in "abcd"] == [[], [], [], ["nobody"]]
    assert_verified(tierflow)


def test_where_both_sides_come_from_elsewhere_neither_follows_the_other(
    pair: Pair, tierflow: Call, monkeypatch: pytest.MonkeyPatch
) -> None:
    pair.subscribe("model_access_control")
    migrate_both(pair, tierflow, monkeypatch)
    pair.add_table("tier_model_access")
    told = tierflow("verify")
    assert told.code == 1
    assert "follows a table whose other side is replicated too" in told.stderr
    migrate(tierflow)
    assert pair.subscriber.value(REPLICA) == []
    pair.publish(
        """UPDATE public.model_access_control SET tier_access = '["vip"]' WHERE model_id = 'a'""",
        "UPDATE public.tier_model_access SET markup_multiplier = 9 WHERE tier_id = 1",
    )
    both = (pair.publisher, pair.subscriber)
    assert len({frozenset(database.grants()) for database in both}) == 1
    assert len({str(jsonb(database, "b")) for database in both}) == 1
    assert_verified(tierflow)


def test_the_first_copy_of_a_subscription_is_followed(pair: Pair, tierflow: Call) -> None:
    pair.subscriber.rows("DELETE FROM public.model_access_control")
    migrate(tierflow)
    pair.subscribe("model_access_control")
    migrate(tierflow)
    pair.unsubscribe()
    # the triggers are there by now: this is what a refresh that copies anew does
    pair.subscribe("model_access_control", copy=True)
    copied = "SELECT bool_and(srsubstate = 'r') FROM pg_subscription_rel"
    wait_for("copied", lambda: pair.subscriber.value(copied))
    assert pair.subscriber.grants() == {
        ("a", "free", "1.50"), ("b", "free", "1.00"), ("b", "vip", "2.25")
    }  # fmt: skip
    assert_verified(tierflow)


def test_what_a_rule_refuses_does_not_stop_the_subscription(pair: Pair, tierflow: Call) -> None:
    pair.subscribe(*SOURCE)
    migrate(tierflow)
    pair.subscriber.rows(
        "ALTER TABLE public.tier_model_access ADD CONSTRAINT cheap CHECK (markup_multiplier < 5)"
    )
    pair.publish(
        """UPDATE public.model_access_control SET tier_access = '["free", "vip"]',
           tier_markup = '{"vip": 9}' WHERE model_id = 'a'"""
    )
    grants = {grant for grant in pair.subscriber.grants() if grant[0] == "a"}
    assert grants == {("a", "free", "1.00")}
    reasons = pair.subscriber.rows("SELECT code, reason FROM tierflow.quarantine ORDER BY code")
    assert reasons == [
        {"code": "nobody", "reason": "unknown_tier"},
        {"code": None, "reason": "not_in_junction"},
    ]


def test_a_run_catches_up_with_what_an_apply_worker_writes_meanwhile(
    pair: Pair, tierflow: Call
) -> None:
    pair.subscribe(*SOURCE)
    target = pair.subscriber.target
    create_ledger.fn(target)
    with connect(target, "capture") as connection:
        start_capture(connection, target)
    pair.publish(
        """UPDATE public.model_access_control SET tier_access = '["vip"]' WHERE model_id = 'a'""",
        "DELETE FROM public.model_access_control WHERE model_id = 'b'",
    )
    assert pair.subscriber.value("SELECT count(*) FROM tierflow.change_log") == 2
    migrate(tierflow)
    assert_verified(tierflow)


def test_a_subscription_that_is_gone_leaves_no_trigger_behind(pair: Pair, tierflow: Call) -> None:
    pair.subscribe(*SOURCE)
    migrate(tierflow)
    pair.unsubscribe()
    assert_verified(tierflow)
    told = tierflow("rollback")
    assert told.code == 0, told.stderr
    assert pair.subscriber.value(REPLICA) == []


def test_a_role_that_does_not_own_the_table_says_what_is_not_followed(
    pair: Pair, tierflow: Call, monkeypatch: pytest.MonkeyPatch
) -> None:
    pair.subscribe("subscription_tiers")
    role = f"guest_{pair.name}"
    database = pair.subscriber
    database.rows(f"CREATE ROLE {role} LOGIN")
    database.rows(f"ALTER TABLE public.model_access_control OWNER TO {role}")
    database.rows(f"GRANT ALL ON public.subscription_tiers TO {role}")
    database.rows(f"GRANT ALL ON SCHEMA public TO {role}")
    database.rows(f'GRANT CREATE ON DATABASE "{database_name(database)}" TO {role}')
    monkeypatch.setenv("TIERFLOW_DSN", make_conninfo(database.dsn, user=role))
    told = migrate(tierflow)
    assert "only the owner of the table can make one fire for them" in told.stderr
    told = tierflow("verify")
    assert told.code == 0, told.stderr
    figures = " ".join(str(check["figure"]) for check in told.value["checks"])
    assert f"subscription_tiers is written by logical replication (subscription {pair.name})" in (
        figures
    )


def test_a_role_that_may_not_see_subscriptions_is_told_so(
    database: Database, tierflow: Call, monkeypatch: pytest.MonkeyPatch
) -> None:
    database.add_tiers("free")
    database.add_models([("a", ["free"], None)])
    role = f"blind_{database_name(database)}"
    database.rows(f"CREATE ROLE {role} LOGIN")
    database.rows(f"GRANT SELECT ON ALL TABLES IN SCHEMA public TO {role}")
    database.rows("REVOKE SELECT ON pg_subscription_rel FROM PUBLIC")
    monkeypatch.setenv("TIERFLOW_DSN", make_conninfo(database.dsn, user=role))
    told = tierflow("plan")
    assert [note for note in told.value["notes"] if "cannot be seen by this role" in note]


def test_the_scripts_follow_an_apply_worker_and_miss_the_trigger_too(pair: Pair) -> None:
    def psql(script: str, database: Database = pair.subscriber) -> Done:
        given = ("unknown_tiers=quarantine", "min_coverage=0")
        options = [part for value in given for part in ("-v", value)]
        command = [database.bindir / "psql", "-X", "-d", database.dsn, *options]
        path = FOLDER / f"{script}.sql"
        return subprocess.run([*command, "-f", path], capture_output=True, text=True, check=False)

    for database in (pair.publisher, pair.subscriber):
        assert psql("migrate_to_dynamic_tiers", database).returncode == 0
    pair.subscribe(*SOURCE)
    told = psql("verify_migration")
    assert told.returncode == 3
    assert "trigger tierflow_sync_models_replica is not there or disabled" in told.stdout
    told = psql("migrate_to_dynamic_tiers")
    assert told.returncode == 0, told.stderr
    pair.publish(
        """UPDATE public.model_access_control SET tier_access = '["vip"]' WHERE model_id = 'a'""",
        "UPDATE public.subscription_tiers SET id = 70 WHERE tier_code = 'vip'",
    )
    assert pair.subscriber.value(DRIFT) == 0
    told = psql("verify_migration")
    assert told.returncode == 0, told.stdout
    assert "Outcome: unchanged." in psql("migrate_to_dynamic_tiers").stdout
    pair.add_table("tier_model_access")
    told = psql("verify_migration")
    assert told.returncode == 3
    assert "tierflow_sync_models_replica follows a table whose other side" in told.stdout
    assert psql("migrate_to_dynamic_tiers").returncode == 0
    assert pair.subscriber.value(REPLICA) == []
    told = psql("verify_migration")
    assert told.returncode == 0, told.stdout
    assert "(subscription follow_" in told.stdout
