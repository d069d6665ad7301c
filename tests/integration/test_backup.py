"""The captured values: in the ledger always, in columns of the models where that is asked for."""

from __future__ import annotations

import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest
from support.database import Database, Told, model_uuid
from support.zygote import Zygote

from tierflow.pg_binaries import find_bindir

# as text: 1.0 and 1.00 are equal as jsonb, and a backup must tell them apart
ORIGINALS: dict[str, tuple[str | None, str | None]] = {
    "plain": ('["free", "pro"]', '{"free": 1.0, "pro": 1.250}'),
    "sql nulls": (None, None),
    "json nulls": ("null", "null"),
    "only access": ('["free"]', None),
    "only markup": (None, '{"free": 1}'),
    "empty": ("[]", "{}"),
    "odd": ('["fr\\u00e9e", 7, {"a": [1.10]}]', '{"free": "1.00", "x": 1e2}'),
}
CAPTURED = """SELECT model_id, tier_access_backup::text AS access,
                  tier_markup_backup::text AS markup
              FROM public.model_access_control ORDER BY model_id"""
CURRENT = CAPTURED.replace("_backup", "")
IN_LEDGER = """SELECT model.model_id, stored.tier_access::text AS access,
                   stored.tier_markup::text AS markup
               FROM tierflow.captured AS stored
               JOIN public.model_access_control AS model ON model.id = stored.model_id
               ORDER BY model.model_id"""
OPTIONS = (
    "--min-coverage", "0", "--unknown-tiers", "quarantine", "--malformed", "quarantine",
)  # fmt: skip
COLUMNS = (*OPTIONS, "--backup-columns")


@pytest.fixture
def source(database: Database) -> Database:
    """Models with values that a copy could spoil."""
    database.add_tiers("free", "pro")
    database.add_models([(name, *values) for name, values in ORIGINALS.items()])
    return database


def test_the_ledger_holds_the_originals_byte_for_byte_and_no_column_is_added(
    source: Database, tierflow: Callable[..., Told]
) -> None:
    before, table = source.rows(CURRENT), source.dump("--table=public.model_access_control")
    told = tierflow("migrate", *OPTIONS)
    assert told.code == 0, told.stderr
    assert source.rows(IN_LEDGER) == before == source.rows(CURRENT)
    assert tierflow("rollback").code == 0
    assert source.dump("--table=public.model_access_control") == table


def test_what_is_captured_is_captured_once(source: Database, tierflow: Callable[..., Told]) -> None:
    before = source.rows(CURRENT)
    assert tierflow("migrate", *OPTIONS).code == 0
    source.add_model("later", ["free"], None)
    source.rows("""UPDATE public.model_access_control SET tier_access = '["pro"]'
                   WHERE model_id IN ('plain', 'sql nulls')""")
    again = tierflow("migrate")
    assert (again.code, again.value["outcome"]) == (0, "unchanged"), again.stderr
    assert source.rows(IN_LEDGER) == before


def test_the_backup_holds_the_originals_byte_for_byte_and_is_written_once(
    source: Database, tierflow: Callable[..., Told]
) -> None:
    before = source.rows(CURRENT)
    told = tierflow("migrate", *COLUMNS)
    assert told.code == 0, told.stderr
    assert source.rows(CAPTURED) == before == source.rows(CURRENT)
    # the source's trigger stamps every UPDATE; the backup must not be one for it
    stamps = source.rows("SELECT DISTINCT updated_at::text FROM public.model_access_control")
    assert stamps == [{"updated_at": "2026-01-02 03:04:05"}]

    source.add_model("later", ["free"], None)
    source.rows("""UPDATE public.model_access_control SET tier_access = '["pro"]'
                   WHERE model_id IN ('plain', 'sql nulls')""")
    again = tierflow("migrate")
    assert (again.code, again.value["outcome"]) == (0, "unchanged"), again.stderr
    captured = source.rows(CAPTURED)
    assert [row for row in captured if row["model_id"] != "later"] == before
    assert {"model_id": "later", "access": None, "markup": None} in captured


def test_no_trigger_of_the_owner_changes_another_column_during_the_backup(
    source: Database, tierflow: Callable[..., Told]
) -> None:
    for statement in OWN_TRIGGERS:
        source.rows(statement)
    before = source.rows(ALL_COLUMNS)
    captured = source.rows(CURRENT)
    told = tierflow("migrate", *COLUMNS)
    assert told.code == 0, told.stderr
    assert source.rows(ALL_COLUMNS) == before
    assert source.rows(CAPTURED) == captured
    # and they work again afterwards
    source.rows(
        "UPDATE public.model_access_control SET display_name = 'x' WHERE model_id = 'plain'"
    )
    after = source.rows("SELECT * FROM public.model_access_control WHERE model_id = 'plain'")[0]
    assert (after["provider"], after["revision"]) == ("zealous", 3)


ALL_COLUMNS = """SELECT id, model_id, provider, display_name, enabled, deprecated, tier_access,
    tier_markup, pricing, updated_at, revision, revision_doubled
    FROM public.model_access_control ORDER BY id"""
OWN_TRIGGERS = (
    "ALTER TABLE public.model_access_control ADD COLUMN revision integer DEFAULT 1",
    """ALTER TABLE public.model_access_control
       ADD COLUMN revision_doubled integer GENERATED ALWAYS AS (revision * 2) STORED""",
    """CREATE FUNCTION public.zeal() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
       NEW.provider := 'zealous'; NEW.revision := NEW.revision + 1; RETURN NEW; END $$""",
    """CREATE TRIGGER zeal BEFORE UPDATE ON public.model_access_control
       FOR EACH ROW EXECUTE FUNCTION public.zeal()""",
    """CREATE FUNCTION public.echo() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
       IF pg_trigger_depth() < 2 THEN
           UPDATE public.model_access_control SET deprecated = NOT deprecated WHERE id = NEW.id;
       END IF; RETURN NULL; END $$""",
    """CREATE TRIGGER echo AFTER UPDATE ON public.model_access_control
       FOR EACH ROW EXECUTE FUNCTION public.echo()""",
)


def refuse_the_backup_of_plain(source: Database) -> None:
    source.rows("""CREATE FUNCTION public.not_now() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
        IF NEW.model_id = 'plain' AND current_setting('tierflow.backing_up', true) = 'on' THEN
            RAISE check_violation USING MESSAGE = 'not_now'; END IF; RETURN NEW; END $$""")
    source.rows("""CREATE TRIGGER not_now BEFORE UPDATE ON public.model_access_control
                   FOR EACH ROW EXECUTE FUNCTION public.not_now()""")


def test_a_backup_that_was_interrupted_goes_on_where_it_stopped(
    source: Database, tierflow: Callable[..., Told], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TIERFLOW_CHUNK_MODELS", "3")
    before = source.rows(CURRENT)
    refuse_the_backup_of_plain(source)
    told = tierflow("migrate", *COLUMNS)
    assert told.code == 2
    assert "not_now" in told.stderr
    # published, and both ways back are open: they read the ledger
    assert source.value("SELECT to_regclass('public.tier_model_access') IS NOT NULL")
    for way in ((), ("--restore-snapshot",)):
        assert tierflow("rollback", "--dry-run", *way).code == 0
    done = source.value("SELECT count(*) FROM tierflow.chunk WHERE backed_up IS NOT NULL")
    assert done < source.value("SELECT count(*) FROM tierflow.chunk") == 3

    source.rows("DROP FUNCTION public.not_now() CASCADE")
    told = tierflow("migrate", *COLUMNS)
    assert (told.code, told.value["outcome"]) == (0, "reconciled"), told.stderr
    assert source.rows(CAPTURED) == before
    stamps = source.rows("SELECT DISTINCT updated_at::text FROM public.model_access_control")
    assert stamps == [{"updated_at": "2026-01-02 03:04:05"}]
    leftover = "SELECT count(*) FROM pg_trigger WHERE tgname ~ 'capture|keep_other'"
    assert source.value(leftover) == 0


@pytest.mark.parametrize("options", [(), ("--no-backup-columns",)], ids=["by default", "as asked"])
def test_without_backup_columns_the_models_are_not_written_and_every_way_back_is_open(
    source: Database, tierflow: Callable[..., Told], options: tuple[str, ...]
) -> None:
    before = source.rows(CURRENT)
    schema = source.dump("--schema-only", "--exclude-schema=tierflow")
    told = tierflow("migrate", *OPTIONS, *options)
    assert told.code == 0, told.stderr
    assert "back up" not in {step["name"] for step in told.value["steps"]}
    assert source.value(COUNT_COLUMNS) == 0
    again = tierflow("migrate")
    assert (again.code, again.value["outcome"]) == (0, "unchanged"), again.stderr
    plan = tierflow("plan").value
    assert plan["state"] == "migrated"
    assert [way["way"] for way in plan["ways_back"] if not way["open"]] == ["dump restored"]
    source.rows("UPDATE public.model_access_control SET tier_access = '[]', tier_markup = NULL")
    assert tierflow("rollback", "--restore-snapshot").code == 0
    assert source.rows(CURRENT) == before
    assert source.dump("--schema-only", "--exclude-schema=tierflow") == schema


COUNT_COLUMNS = """SELECT count(*) FROM information_schema.columns
                   WHERE column_name LIKE '%%_backup' AND table_schema = 'public'"""


def test_columns_that_are_no_longer_asked_for_are_dropped_and_those_asked_for_later_filled(
    source: Database, tierflow: Callable[..., Told]
) -> None:
    before = source.rows(CURRENT)
    assert tierflow("migrate", *COLUMNS).code == 0
    told = tierflow("migrate", "--no-backup-columns")
    assert (told.code, told.value["outcome"]) == (0, "reconciled"), told.stderr
    assert source.value(COUNT_COLUMNS) == 0
    assert tierflow("migrate").value["outcome"] == "unchanged"
    source.rows("""UPDATE public.model_access_control SET tier_access = '["pro"]'""")
    told = tierflow("migrate", "--backup-columns")
    assert (told.code, told.value["outcome"]) == (0, "reconciled"), told.stderr
    assert source.rows(CAPTURED) == before


def test_backup_columns_that_somebody_dropped_are_filled_with_what_was_captured(
    source: Database, tierflow: Callable[..., Told]
) -> None:
    """An ORM drops what it does not know: no way back is lost, and nothing is captured anew."""
    before = source.rows(CURRENT)
    assert tierflow("migrate", *COLUMNS).code == 0
    source.rows("""ALTER TABLE public.model_access_control
                   DROP COLUMN tier_access_backup, DROP COLUMN tier_markup_backup""")
    source.rows("UPDATE public.model_access_control SET tier_access = '[]'")
    plan = tierflow("plan").value
    assert [way["way"] for way in plan["ways_back"] if way["open"]][:2] == [
        "later changes kept", "snapshot restored",
    ]  # fmt: skip
    assert tierflow("verify").code == 0
    for way in ((), ("--restore-snapshot",)):
        told = tierflow("rollback", "--dry-run", *way)
        assert told.code == 0, told.stderr
    told = tierflow("migrate")
    assert (told.code, told.value["outcome"]) == (0, "reconciled"), told.stderr
    assert source.rows(CAPTURED) == before
    assert tierflow("rollback", "--restore-snapshot").code == 0
    assert source.rows(CURRENT) == before


def test_a_model_that_changes_before_the_publish_is_captured_as_it_is_then(
    source: Database, tierflow: Callable[..., Told], zygote: Zygote
) -> None:
    env = {"TIERFLOW_DSN": source.dsn, "TIERFLOW_HOME": str(source.home)}
    change = """UPDATE public.model_access_control SET tier_markup = '{"pro": 1.2500, "free": 1.0}'
                WHERE model_id = 'plain'"""
    added = f"""INSERT INTO public.model_access_control (id, model_id, tier_access)
                VALUES ('{model_uuid("new")}', 'new', '["pro"]')"""
    gone = "DELETE FROM public.model_access_control WHERE model_id = 'odd'"
    fault = {"dsn": source.dsn, "writes": {"load chunk 1: commit": [change, added, gone]}}
    told = zygote.call("migrate", *OPTIONS, env=env, fault=fault)
    assert told.code == 0, told.stderr
    # 1.250 and 1.2500 are equal as jsonb
    assert source.rows(IN_LEDGER) == source.rows(CURRENT)
    assert source.value("SELECT count(*) FROM tierflow.captured WHERE caught_up") == 3
    before = source.rows(CURRENT)
    source.rows("UPDATE public.model_access_control SET tier_access = '[]', tier_markup = NULL")
    assert tierflow("rollback", "--restore-snapshot").code == 0
    assert source.rows(CURRENT) == before


def test_a_dump_is_taken_before_the_first_change_and_never_written_over(
    source: Database, tierflow: Callable[..., Told], tmp_path: Path
) -> None:
    file = tmp_path / "before.dump"
    told = tierflow("migrate", *OPTIONS, "--pg-dump", str(file))
    assert told.code == 0, told.stderr
    script = subprocess.run(
        [find_bindir() / "pg_restore", "--file=-", file], check=True, capture_output=True, text=True
    ).stdout
    assert "tier_access_backup" not in script
    assert '["free", "pro"]' in script
    again = tierflow("migrate", "--pg-dump", str(file))
    assert again.code == 2
    assert "never written over" in again.stderr
    assert [path.name for path in tmp_path.glob("*before*")] == ["before.dump"]


def test_what_a_writer_replaces_before_its_turn_is_what_the_backup_holds(
    source: Database, tierflow: Callable[..., Told]
) -> None:
    # the backup stops there; the others change meanwhile
    refuse_the_backup_of_plain(source)
    before = source.rows(CURRENT)
    assert tierflow("migrate", *COLUMNS).code == 2
    source.rows("""UPDATE public.model_access_control
                   SET tier_access = '["pro"]', tier_markup = '{}'
                   WHERE model_id IN ('sql nulls', 'odd', 'empty')""")
    source.rows("DROP FUNCTION public.not_now() CASCADE")
    assert tierflow("migrate").code == 0
    assert source.rows(CAPTURED) == before
    assert tierflow("rollback", "--restore-snapshot").code == 0
    assert source.rows(CURRENT) == before


LONGEST_ROW = """
    SELECT max(lp_len) FROM generate_series(0,
        pg_relation_size('public.model_access_control') / 8192 - 1) AS page,
        heap_page_items(get_raw_page('public.model_access_control', page::int))
    WHERE format('(%s,%s)', page, lp)::tid IN (SELECT ctid FROM public.model_access_control)
"""


def test_a_row_carries_nothing_of_the_backup_columns_that_were_dropped(
    source: Database, tierflow: Callable[..., Told]
) -> None:
    """They grew with each cycle, and after 130 of them no row of the models could be written."""
    source.rows("CREATE EXTENSION pageinspect")
    sizes: list[int] = []
    for _ in range(2):
        assert tierflow("migrate", *COLUMNS).code == 0
        sizes.append(source.value(LONGEST_ROW))
        assert tierflow("rollback").code == 0
    assert sizes[1] <= sizes[0] + 8  # the null bitmap


@pytest.mark.slow
def test_a_table_without_room_for_two_more_columns_is_told_so_before_anything_is_published(
    source: Database, tierflow: Callable[..., Told]
) -> None:
    source.rows("""DO $$ BEGIN FOR n IN 1..1589 LOOP
        ALTER TABLE public.model_access_control ADD COLUMN spare int;
        ALTER TABLE public.model_access_control DROP COLUMN spare; END LOOP; END $$""")
    told = tierflow("migrate", *COLUMNS)
    assert (told.code, "--no-backup-columns" in told.stderr) == (2, True), told.stderr
    assert source.value("SELECT to_regclass('public.tier_model_access') IS NULL")
    told = tierflow("migrate", *OPTIONS, "--no-backup-columns")
    assert told.code == 0, told.stderr
