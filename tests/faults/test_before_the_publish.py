"""What happens in the database before the publish is in it, or stops it."""

from __future__ import annotations

import dataclasses
import os
import re
import signal
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import psycopg
import pytest
from support.database import Database, Told, model_uuid
from support.matrix import (
    COLUMNS,
    OPTIONS,
    WORLD,
    Bench,
    find_half_done,
    read_source,
    wait_until_gone,
)
from support.proof import Parity, list_leftovers, prove
from support.zygote import Command, Zygote

from tasks import count, live_locks
from tasks.catch_up import catch_up
from tasks.publish import publish
from tasks.survey import read_decisions_in_force
from tierflow.connection import connect, fetch
from tierflow.decisions import Decisions
from tierflow.errors import TransientError
from tierflow.plan import resolve_rules
from tierflow.read_pair import Rules
from tierflow.source_values import SourceValues

pytestmark = pytest.mark.parametrize("server", ["pg18"], indirect=True)
CHANGE = "UPDATE public.model_access_control SET tier_access = %s WHERE id = %s"
BEFORE_PUBLISH = 'publish: ALTER TABLE "tierflow_build".tier_model_access SET SCHEMA "public"'


@pytest.fixture
def bench(database: Database, zygote: Zygote) -> Bench:
    bench = Bench(zygote, database, database.dsn)
    bench.renew()
    return bench


def migrate(bench: Bench, *options: str, **fault: Any) -> Any:
    spec = {"dsn": bench.database.dsn, **fault} if fault else None
    return bench.zygote.call("migrate", *OPTIONS, *options, env=bench.env, fault=spec)


def build(bench: Bench) -> Rules:
    """Leave a build that is ready to be published; return the rules that it was made by."""
    told = migrate(bench, do="kill", label=BEFORE_PUBLISH, nth=1, when="before")
    assert told.code == -signal.SIGKILL
    wait_until_gone(bench.database)
    with connect(bench.database.target, "test", read_only=True) as connection:
        decisions = read_decisions_in_force(connection, bench.database.target)
        tiers = fetch(connection, "queries/list_tiers", schema="public")
    return resolve_rules(Decisions.model_validate(decisions), tiers)


def assert_finished(bench: Bench) -> None:
    assert prove(bench.database, WORLD) == Parity(0, 0, 0)
    assert not list_leftovers(bench.database)


def test_a_change_whose_lower_number_commits_later_is_not_lost(bench: Bench) -> None:
    # m28 draws its number of the log first and commits last
    rules, target = build(bench), bench.database.target
    left = "SELECT model_id FROM tierflow.change_log"
    with psycopg.connect(bench.database.dsn) as slow:
        slow.execute(CHANGE, ['["team"]', model_uuid("m28")])
        bench.database.rows(CHANGE, '["team"]', model_uuid("m29"))
        assert catch_up.fn(target, rules) == 1
        assert bench.database.rows(left) == []
    assert bench.database.rows(left) == [{"model_id": model_uuid("m28")}]
    assert catch_up.fn(target, rules) == 1
    assert migrate(bench).code == 0
    assert_finished(bench)


@pytest.mark.faults
def test_a_model_that_its_writer_holds_is_left_in_the_log(bench: Bench) -> None:
    rules, target = build(bench), bench.database.target
    bench.database.rows(CHANGE, '["team"]', model_uuid("m28"))
    with psycopg.connect(bench.database.dsn) as slow:
        slow.execute(CHANGE, ['["pro"]', model_uuid("m28")])
        assert catch_up.fn(target, rules) == 0
    assert catch_up.fn(target, rules) == 1
    assert migrate(bench).code == 0
    assert_finished(bench)


def test_a_publish_that_meets_a_lock_says_who_holds_it_and_keeps_the_build(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    rules, database = build(bench), bench.database
    monkeypatch.setattr(live_locks, "LONGEST_REST_SECONDS", 0.05)
    waits: list[float] = []
    done = threading.Event()

    def write() -> None:
        with psycopg.connect(database.dsn, autocommit=True) as session:
            while not done.is_set():
                begun = time.monotonic()
                session.execute(CHANGE, ['["pro"]', model_uuid("m29")])
                waits.append(time.monotonic() - begun)

    with psycopg.connect(database.dsn, application_name="shop") as holder:
        holder.execute(CHANGE, ['["free"]', model_uuid("m28")])
        thread = threading.Thread(target=write)
        thread.start()
        with pytest.raises(TransientError) as raised:
            publish.fn(database.target, rules)
        done.set()
        thread.join()
        assert not raised.value.retry
        assert f"session {holder.info.backend_pid} of postgres holds" in raised.value.message
        assert "idle in transaction: UPDATE public.model_access_control" in raised.value.message
    assert max(waits) < 0.7  # nobody waited longer than our longest patience
    assert find_half_done(database) is None
    loaded = database.rows("SELECT number, loaded FROM tierflow.chunk ORDER BY 1")
    told = migrate(bench)
    assert (told.code, told.value["outcome"]) == (0, "published"), told.stderr
    assert database.rows("SELECT number, loaded FROM tierflow.chunk ORDER BY 1") == loaded
    assert told.value["locks"]["longest_held_ms"] > 0
    assert_finished(bench)


@pytest.mark.parametrize(
    ("statement", "said"),
    [
        ("UPDATE public.subscription_tiers SET tier_code = 'gold' WHERE id = 3",
         "'team' is 'gold' now"),
        pytest.param(
            "INSERT INTO public.subscription_tiers (id, tier_code) VALUES (9, 'gone')",
            "'gone' was added", marks=pytest.mark.faults,
        ),
        pytest.param(
            "DELETE FROM public.subscription_tiers WHERE id = 3", "'team' was deleted",
            marks=pytest.mark.faults,
        ),
    ],
)  # fmt: skip
def test_a_tier_that_changes_during_the_run_stops_it(
    bench: Bench, statement: str, said: str
) -> None:
    told = migrate(bench, writes={"load chunk 1: commit": [statement]})
    assert told.code == 3
    assert said in told.stderr
    assert find_half_done(bench.database) is None
    again = migrate(bench)
    assert (again.code, again.value["outcome"]) == (0, "published"), again.stderr
    assert not list_leftovers(bench.database)


RELOAD = (
    "TRUNCATE public.model_access_control CASCADE",
    """INSERT INTO public.model_access_control (id, model_id, enabled, tier_access, tier_markup)
       SELECT gen_random_uuid(), 'r' || n, true, '["pro", "free", 7]', '{"pro": 2}'
       FROM generate_series(1, 30) AS n""",
)


def assert_reloaded(bench: Bench, told: Any) -> None:
    assert (told.code, told.value["outcome"]) == (0, "published"), told.stderr
    assert_finished(bench)
    counts = ("source_models", "source_elements", "migrated", "quarantined", "grants", "caught_up")
    assert [told.value[name] for name in counts] == [30, 90, 60, 30, 60, 30]
    assert bench.database.value("SELECT count(*) FROM tierflow.quarantine") == 30
    assert bench.database.value("SELECT count(*) FROM tierflow.change_log") == 0


@pytest.mark.parametrize(
    "label",
    [
        # before the key to the models, which takes the build into a TRUNCATE, and after it
        'build indexes: ALTER SEQUENCE "tierflow_build".tier_model_access_id_seq CACHE 1 /*',
        "catch up: commit",
        'validate keys: ALTER TABLE "tierflow_build".tier_model_access VALIDATE CONSTRAINT'
        " fk_tier_model_model",
    ],
)
def test_models_that_are_truncated_and_loaded_anew_during_the_run_are_the_ones_published(
    bench: Bench, label: str
) -> None:
    assert_reloaded(bench, migrate(bench, writes={label: RELOAD}))


def test_a_stopped_load_goes_on_after_a_truncate(bench: Bench) -> None:
    told = migrate(bench, do="interrupt", label="load chunk 2: commit", nth=1, when="before")
    assert told.code == 130
    for statement in RELOAD:
        bench.database.rows(statement)
    assert_reloaded(bench, migrate(bench))


def test_the_counts_are_of_the_values_that_are_published(bench: Bench) -> None:
    change = "UPDATE public.model_access_control SET tier_access = '[\"team\", 7]'"
    writes = {"load chunk 2: commit": [f"{change} WHERE model_id < 'm05'"]}
    told = migrate(bench, do="kill", label="catch up: commit", nth=2, when="after", writes=writes)
    assert told.code == -signal.SIGKILL
    wait_until_gone(bench.database)
    models = bench.database.rows(f"{change} WHERE model_id >= 'm10' RETURNING id")
    told = migrate(bench)
    assert (told.code, told.value["outcome"]) == (0, "published"), told.stderr
    assert_finished(bench)
    counts = plan_counts(bench)
    assert {name: told.value[name] for name in counts} == counts
    assert told.value["caught_up"] == len(models) + 5
    assert told.value["quarantined"] == bench.database.value(
        "SELECT count(*) FROM tierflow.quarantine"
    )


# a write that comes after the preflight, and before the build is caught up with
LATE_WRITE = """CREATE FUNCTION public.write_late() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
        UPDATE public.model_access_control SET tier_access = '["late", "team", 7]'
        WHERE model_id BETWEEN 'm10' AND 'm29';
        RETURN NULL;
    END $$;
    CREATE TRIGGER write_late AFTER INSERT ON tierflow.run
        FOR EACH ROW EXECUTE FUNCTION public.write_late()"""


def test_the_report_lists_what_is_quarantined_when_the_table_is_published(
    bench: Bench, tierflow: Callable[..., Told]
) -> None:
    build(bench)
    bench.database.rows(LATE_WRITE)
    told = tierflow("migrate", *OPTIONS)
    assert (told.code, told.value["caught_up"]) == (0, 20), told.stderr
    page = Path(told.value["report"]).read_text(encoding="utf-8")
    section = page.partition('id="quarantine"')[2].partition("</section>")[0]
    listed = re.findall(r">(m\d\d)<", section)
    stored = bench.database.rows("SELECT model_identifier AS model FROM tierflow.quarantine")
    assert Counter(listed) == Counter(row["model"] for row in stored)


def test_counts_that_do_not_add_up_after_the_publish_fail_the_run_that_is_done(
    bench: Bench, tierflow: Callable[..., Told], monkeypatch: pytest.MonkeyPatch
) -> None:
    build(bench)
    bench.database.rows(CHANGE, '["pro"]', model_uuid("m28"))
    monkeypatch.setattr(count, "SourceValues", LosesAnElement)
    told = tierflow("migrate", *OPTIONS, COLUMNS)
    assert told.code == 1
    assert "The table is published and has passed its eight checks" in told.stderr
    assert f"do not add up: {told.value['source_elements']} are not" in told.stderr
    assert "Next: `tierflow verify --detailed`" in told.stderr
    assert told.value["outcome"] == "checks_failed"
    steps = [step["name"] for step in told.value["steps"]]
    assert steps.index("count published") < steps.index("back up") < steps.index("verify")
    assert_finished(bench)
    again = tierflow("migrate", *OPTIONS)
    assert (again.code, again.value["outcome"]) == (0, "unchanged"), again.stderr


class LosesAnElement(SourceValues):
    """A fault of ours, of which there is no known one."""

    @classmethod
    def read(cls, blocks: Iterable[Sequence[Mapping[str, Any]]], rules: Rules) -> SourceValues:
        values = super().read(blocks, rules)
        migrated = values.counts.migrated - 1
        values.counts = dataclasses.replace(values.counts, migrated=migrated)
        return values


def plan_counts(bench: Bench) -> dict[str, int]:
    """Return what the plan says that the present JSONB comes to."""
    planned = bench.zygote.call("plan", *OPTIONS, env=bench.env).value
    fates = ("migrated", "merged", "duplicates", "quarantined")
    names = ("source_models", "source_elements", *fates, "defaulted_markups")
    return {**{name: planned[name] for name in names}, "grants": planned["expected_grants"]}


def test_an_application_without_rights_to_the_ledger_writes_undisturbed(bench: Bench) -> None:
    role = f"app_{os.getpid()}"
    bench.database.rows(f"CREATE ROLE {role}")
    for table in ("model_access_control", "subscription_tiers"):
        bench.database.rows(f"GRANT ALL ON public.{table} TO {role}")
    new = """INSERT INTO public.model_access_control (id, model_id, tier_access)
             VALUES (gen_random_uuid(), 'new', '["pro"]')"""
    change = "UPDATE public.model_access_control SET {} WHERE model_id = '{}'"
    writes = [
        f"SET ROLE {role}",
        new,
        change.format("tier_access = '[\"team\"]'", "m28"),
        change.format("id = gen_random_uuid()", "m29"),
        "DELETE FROM public.model_access_control WHERE model_id = 'm00'",
    ]
    try:
        told = migrate(bench, writes={"load chunk 1: commit": writes})
        assert told.code == 0, told.stderr
        assert_finished(bench)
    finally:
        bench.database.rows(f"DROP OWNED BY {role}")
        bench.database.rows(f"DROP ROLE {role}")


@pytest.mark.faults
def test_a_change_that_a_trigger_of_the_application_makes_is_captured(bench: Bench) -> None:
    bench.database.rows(
        """CREATE FUNCTION public.widen() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
           NEW.tier_access := '["free", "team"]'; RETURN NEW; END $$"""
    )
    bench.database.rows(
        """CREATE TRIGGER widen BEFORE UPDATE OF deprecated ON public.model_access_control
           FOR EACH ROW EXECUTE FUNCTION public.widen()"""
    )
    write = "UPDATE public.model_access_control SET deprecated = true WHERE model_id = 'm02'"
    told = migrate(bench, writes={"load chunk 1: commit": [write]})
    assert told.code == 0, told.stderr
    assert bench.database.value(
        """SELECT count(*) FROM public.tier_model_access AS a
           JOIN public.model_access_control AS m ON m.id = a.model_id WHERE m.model_id = 'm02'"""
    ) == 2  # fmt: skip
    assert_finished(bench)


@pytest.mark.faults
def test_a_value_that_went_and_came_back_can_be_rolled_back(bench: Bench) -> None:
    # captured while it was another one; m27 begins as ["old", "team"]
    write = "UPDATE public.model_access_control SET tier_access = '{}' WHERE model_id = 'm27'"
    told = migrate(
        bench,
        writes={
            "load chunk 2: commit": [write.format('["pro"]')],
            "publish: commit": [write.format('["old", "team"]')],
        },
    )
    assert told.code == 0, told.stderr
    assert_finished(bench)
    bench.database.rows("UPDATE public.tier_model_access SET markup_multiplier = 9.5")
    told = bench.zygote.call("rollback", env=bench.env)
    assert told.code == 0, told.stderr


@pytest.mark.faults
def test_restart_throws_the_build_away_first(bench: Bench) -> None:
    build(bench)
    first = bench.database.value("SELECT max(loaded) FROM tierflow.chunk")
    told = migrate(bench, "--restart")
    assert (told.code, told.value["outcome"]) == (0, "published"), told.stderr
    assert bench.database.value("SELECT min(loaded) FROM tierflow.chunk") > first
    assert_finished(bench)


def start(bench: Bench, **settings: str) -> Command:
    env = bench.env | {"TIERFLOW_CHUNK_MODELS": "2"} | settings
    return bench.zygote.start("migrate", *OPTIONS, env=env)


def wait_for(done: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 60
    while not done():
        assert time.monotonic() < deadline
        time.sleep(0.02)


def count_loaded(database: Database) -> int:
    if database.value("SELECT to_regclass('tierflow.chunk') IS NULL"):
        return 0
    return database.value("SELECT count(*) FROM tierflow.chunk WHERE loaded IS NOT NULL")


@pytest.mark.parametrize(
    "number", [signal.SIGTERM, pytest.param(signal.SIGINT, marks=pytest.mark.faults)]
)
def test_a_signal_stops_the_run_after_the_chunks_under_way(bench: Bench, number: int) -> None:
    before = read_source(bench.database)
    told = migrate(
        bench, do="interrupt", signal=number, label="load chunk 2: commit", nth=1, when="before"
    )
    assert told.code == 130
    assert "Stopping when the part under way is done" in told.stderr
    # two chunks are under way at a time: beside chunk 2, chunk 1 or chunk 3
    assert count_loaded(bench.database) in (2, 3)
    told = migrate(bench)
    assert (told.code, told.value["outcome"]) == (0, "published"), told.stderr
    assert_finished(bench)
    assert read_source(bench.database) == before


def test_the_load_rests_while_a_condition_of_the_user_holds_and_says_why(bench: Bench) -> None:
    bench.database.rows("CREATE TABLE public.sale (is_on boolean)")
    bench.database.rows("INSERT INTO public.sale VALUES (true)")
    running = start(bench, TIERFLOW_PAUSE_WHILE="SELECT is_on FROM public.sale")
    wait_for(lambda: "Resting" in running.err.read_text())
    assert count_loaded(bench.database) == 0
    bench.database.rows("UPDATE public.sale SET is_on = false")
    told = running.wait()
    assert told.code == 0, told.stderr
    assert "Resting after 0 s: TIERFLOW_PAUSE_WHILE holds." in told.stderr
    pauses = bench.database.value(
        "SELECT detail -> 'pauses' FROM tierflow.step WHERE detail ? 'pauses'"
    )
    assert pauses[0]["reason"] == "TIERFLOW_PAUSE_WHILE holds"
    assert_finished(bench)


@pytest.mark.faults
def test_a_rest_that_is_too_long_ends_the_run_resumable(bench: Bench) -> None:
    with psycopg.connect(bench.database.dsn) as old:
        old.execute("SELECT FROM public.subscription_tiers")
        wait_for(lambda: bench.database.value(
            "SELECT clock_timestamp() - xact_start > '0.3 s' FROM pg_stat_activity WHERE pid = %s",
            old.info.backend_pid,
        ))  # fmt: skip
        told = start(bench, TIERFLOW_MAX_TRANSACTION_AGE="0.2", TIERFLOW_LONGEST_PAUSE="0.6").wait()
        assert told.code == 3
        assert f"session {old.info.backend_pid} has a transaction open" in told.stderr
    assert migrate(bench).code == 0
    assert_finished(bench)


@pytest.mark.faults
def test_a_prepared_transaction_counts_as_an_old_one(bench: Bench) -> None:
    with psycopg.connect(bench.database.dsn, autocommit=True) as old:
        old.execute("BEGIN")
        old.execute("SELECT FROM public.subscription_tiers")
        old.execute("PREPARE TRANSACTION 'order-1'")
    wait_for(lambda: bench.database.value(
        "SELECT clock_timestamp() - prepared > '0.3 s' FROM pg_prepared_xacts"
        " WHERE database = current_database()"
    ))  # fmt: skip
    told = start(bench, TIERFLOW_MAX_TRANSACTION_AGE="0.2", TIERFLOW_LONGEST_PAUSE="0.6").wait()
    assert told.code == 3
    assert "prepared transaction 'order-1' of postgres is not ended" in told.stderr
    bench.database.rows("ROLLBACK PREPARED 'order-1'")
    assert migrate(bench).code == 0
    assert_finished(bench)
