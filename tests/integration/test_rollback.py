"""Rollback: the schema as before, and no later change lost unless that was asked for."""

from __future__ import annotations

import functools
from collections.abc import Callable

import pytest
from support.database import Database, Told, model_uuid
from support.reuse import fill_once
from typer.testing import CliRunner

from flows.cli import app

# as text: the order of the array and the digits of the markups must come back
SOURCE = [
    ("kept", '["old", "free", "vip"]', '{"old": 1.50, "free": 1.0, "vip": 2}'),
    ("granted", '["vip"]', '{"vip": 2.0}'),
    ("revoked", '["free", "old", "vip"]', '{"old": 1.5, "free": 1.00, "vip": 2}'),
    ("disabled", '["vip", "free"]', None),
    ("repriced", '["old", "vip"]', '{"old": 1.5, "vip": 2.00}'),
    ("edited", '["free"]', '{"free": 1}'),
    ("null", None, None),
    ("jnull", "null", "null"),
]
# the first code of a tier is the one that is written: not the shorter, nor by the alphabet
OPTIONS = (
    "--tier-map", "old=pro", "--tier-map", "ago=pro", "--tier-map", "o=pro", "--min-coverage", "0",
)  # fmt: skip
VALUES = """SELECT model_id, tier_access::text AS access, tier_markup::text AS markup
            FROM public.model_access_control ORDER BY model_id"""


@pytest.fixture
def source(database: Database) -> Database:
    database.add_tiers("free", "pro", "vip")
    database.add_models(SOURCE)
    return database


@pytest.fixture
def shop(source: Database, tierflow: Callable[..., Told]) -> Database:
    """A published migration in which the code `old` means the tier `pro`."""

    def fill() -> None:
        told = tierflow("migrate", *OPTIONS)
        assert told.code == 0, told.stderr

    return fill_once(source, __name__, fill)


def values(database: Database) -> dict[str, tuple[str | None, str | None]]:
    return {row["model_id"]: (row["access"], row["markup"]) for row in database.rows(VALUES)}


def _edit(database: Database, statement: str, *parameters: object, past_sync: bool = False) -> None:
    """Change the junction table; <model> names are replaced by their ids."""
    for name in ("kept", "granted", "revoked", "disabled", "repriced", "edited", "null", "later"):
        statement = statement.replace(f"<{name}>", f"'{model_uuid(name)}'")
    (database.past_sync if past_sync else database.rows)(statement, *parameters)


INSERT = "INSERT INTO public.tier_model_access (model_id, tier_id, markup_multiplier) VALUES "


@pytest.mark.parametrize("past_sync", [False, True], ids=["in sync", "past the sync"])
def test_later_changes_of_both_sides_come_back_in_the_jsonb(
    shop: Database, tierflow: Callable[..., Told], past_sync: bool
) -> None:
    edit = functools.partial(_edit, past_sync=past_sync)
    edit(shop, INSERT + "(<granted>, 2, 1.75), (<granted>, 1, 1), (<null>, 3, 4)")
    edit(shop, "DELETE FROM public.tier_model_access WHERE model_id = <revoked> AND tier_id = 2")
    edit(shop, "UPDATE public.tier_model_access SET enabled = false"
               " WHERE model_id = <disabled> AND tier_id = 3")  # fmt: skip
    edit(shop, "UPDATE public.tier_model_access SET markup_multiplier = 1.6"
               " WHERE model_id = <repriced> AND tier_id = 2")  # fmt: skip
    shop.rows("""UPDATE public.model_access_control SET tier_access = '["vip", "free"]'
                 WHERE model_id = 'edited'""")
    shop.add_model("later", ["free", "old"], {"free": 3})
    told = tierflow("rollback")
    assert (told.code, told.value["outcome"]) == (0, "rolled_back"), told.stderr
    # in sync the JSONB has them already
    restored = 5 if past_sync else 0
    assert (told.value["mode"], told.value["models_restored"]) == ("keep_changes", restored)
    assert "table tier_model_access" in told.value["dropped"]
    assert values(shop) == {
        "kept": ('["old", "free", "vip"]', '{"old": 1.50, "vip": 2, "free": 1.0}'),
        "granted": ('["vip", "free", "old"]', '{"old": 1.75, "vip": 2.0}'),
        "revoked": ('["free", "vip"]', '{"old": 1.5, "vip": 2, "free": 1.00}'),
        "disabled": ('["free"]', None),
        "repriced": ('["old", "vip"]', '{"old": 1.60, "vip": 2.00}'),
        "edited": ('["vip", "free"]', '{"free": 1}'),
        "later": ('["free", "old"]', '{"free": 3}'),
        "null": ('["vip"]', '{"vip": 4.00}'),
        "jnull": ("null", "null"),
    }

    # and forth again: the grants are those of the last day, the decisions those given now
    told = tierflow("migrate", *OPTIONS)
    assert (told.code, told.value["outcome"]) == (0, "published"), told.stderr
    assert {g for g in shop.grants() if g[0] in ("granted", "repriced", "null")} == {
        ("granted", "free", "1.00"), ("granted", "pro", "1.75"), ("granted", "vip", "2.00"),
        ("repriced", "pro", "1.60"), ("repriced", "vip", "2.00"), ("null", "vip", "4.00"),
    }  # fmt: skip
    runs = shop.rows("SELECT mode, outcome FROM tierflow.run ORDER BY started")
    assert [tuple(row.values()) for row in runs] == [
        ("migrate", "published"), ("rollback", "rolled_back"), ("migrate", "published"),
    ]  # fmt: skip


def test_a_grant_that_both_sides_changed_is_refused_and_nothing_is_touched(
    shop: Database, tierflow: Callable[..., Told]
) -> None:
    reprice = (
        "UPDATE public.tier_model_access SET markup_multiplier = %s WHERE model_id = <granted>"
    )
    _edit(shop, reprice, 5, past_sync=True)
    shop.past_sync("""UPDATE public.model_access_control SET tier_markup = '{"vip": 6}'
                 WHERE model_id = 'granted'""")
    before = shop.dump("--exclude-schema=tierflow")
    told = tierflow("rollback")
    assert told.code == 2
    assert "granted / vip: JSONB 6.00, table 5.00, before 2.00" in told.stderr
    assert shop.dump("--exclude-schema=tierflow") == before
    assert shop.value("SELECT outcome FROM tierflow.run ORDER BY started DESC LIMIT 1") == "failed"

    # made one again, both sides agree on 6: what comes later is a change of one side
    assert tierflow("migrate").value["outcome"] == "reconciled"
    _edit(shop, reprice, 2, past_sync=True)
    told = tierflow("rollback")
    assert told.code == 0, told.stderr
    assert values(shop)["granted"] == ('["vip"]', '{"vip": 2.00}')


def test_restoring_the_snapshot_gives_back_every_captured_byte(
    source: Database, tierflow: Callable[..., Told]
) -> None:
    before, original = source.dump_without_ledger("--schema-only"), values(source)
    assert tierflow("migrate", *OPTIONS).code == 0
    _edit(source, "UPDATE public.tier_model_access SET markup_multiplier = 5")
    source.rows("""UPDATE public.model_access_control
                   SET tier_access = '["pro"]', tier_markup = '{"pro": 1.000}'""")
    source.add_model("later", ["free"], {"free": 1})
    later = values(source)["later"]
    told = tierflow("rollback", "--restore-snapshot")
    assert told.code == 0, told.stderr
    assert (told.value["mode"], told.value["models_restored"]) == ("restore_snapshot", len(SOURCE))
    assert values(source) == original | {"later": later}
    assert source.dump_without_ledger("--schema-only") == before


def test_an_object_of_somebody_elses_that_needs_ours_is_named_and_kept(
    shop: Database, tierflow: Callable[..., Told]
) -> None:
    shop.rows("CREATE SCHEMA reports")
    shop.rows("CREATE VIEW reports.sales AS SELECT tier_code FROM public.v_model_tier_access")
    shop.rows("CREATE TABLE reports.discount (id integer REFERENCES public.tier_model_access)")
    _edit(shop, "DELETE FROM public.tier_model_access WHERE model_id = <revoked>")
    before = shop.dump("--exclude-schema=tierflow")
    for obstacle, remedy in (
        ("reports.sales", "DROP VIEW reports.sales"),
        ("reports.discount", "DROP TABLE reports.discount"),
    ):
        told = tierflow("rollback")
        assert told.code == 2
        assert obstacle in told.stderr
        assert len(told.stderr.strip().splitlines()) == 2
        assert shop.dump("--exclude-schema=tierflow") == before
        shop.rows(remedy)
        before = shop.dump("--exclude-schema=tierflow")
    assert tierflow("rollback").code == 0


NOTHING = "Nothing is migrated in schema {schema!r} of this database."


def test_a_rollback_of_what_was_never_migrated_is_harmless(
    source: Database, tierflow: Callable[..., Told]
) -> None:
    # nothing is ours here, whatever its name
    source.rows("CREATE VIEW public.v_model_tier_access AS SELECT 1 AS mine")
    source.rows("ALTER TABLE public.model_access_control ADD COLUMN tier_access_backup jsonb")
    before = source.dump()
    for arguments in ((), ("--restore-snapshot",), ("--schema", "elsewhere")):
        told = tierflow("rollback", *arguments)
        assert (told.code, told.value["outcome"]) == (2, "failed")
        assert (
            NOTHING.format(schema=arguments[1] if len(arguments) == 2 else "public") in told.stderr
        )
        assert (told.value["models_restored"], told.value["dropped"]) == (0, [])
        assert source.dump() == before
    source.rows("DROP VIEW public.v_model_tier_access")
    source.rows("ALTER TABLE public.model_access_control DROP COLUMN tier_access_backup")
    assert tierflow("migrate", "--dry-run", *OPTIONS).code == 0
    assert tierflow("rollback").code == 2


def test_every_command_that_needs_a_migration_says_alike_that_there_is_none(
    source: Database, tierflow: Callable[..., Told]
) -> None:
    before = source.dump()
    for command in (
        ("verify",), ("verify", "--quick"), ("verify", "--detailed"), ("rollback",),
        ("rollback", "--dry-run"), ("reconcile", "--from", "jsonb"),
        ("reconcile", "--from", "junction", "--dry-run"),
    ):  # fmt: skip
        told = tierflow(*command)
        assert told.code == 2, command
        assert told.stderr.splitlines() == [
            NOTHING.format(schema="public"),
            "Next: tierflow plan, then tierflow migrate; or give another --schema",
        ]
    assert source.dump() == before


def test_what_was_rolled_back_is_rolled_back_once_more_without_harm(
    shop: Database, tierflow: Callable[..., Told]
) -> None:
    assert tierflow("rollback").value["outcome"] == "rolled_back"
    before = shop.dump("--exclude-schema=tierflow")
    told = tierflow("rollback")
    assert (told.code, told.value["outcome"]) == (0, "unchanged"), told.stderr
    assert tierflow("verify").code == 2
    assert shop.dump("--exclude-schema=tierflow") == before


def test_a_dry_run_shows_every_difference_and_changes_nothing(
    shop: Database, tierflow: Callable[..., Told]
) -> None:
    _edit(shop, INSERT + "(<granted>, 1, 1.5)", past_sync=True)
    shop.rows("""UPDATE public.model_access_control SET tier_access = '["vip", "free"]'
                 WHERE model_id = 'edited'""")
    before = shop.dump()
    told = tierflow("rollback", "--dry-run")
    assert (told.code, told.value["outcome"]) == (0, "dry_run"), told.stderr
    assert (told.value["models_restored"], told.value["differences"]) == (1, 2)
    assert told.value["changes"] == [
        {"model": "granted", "fate": "written back", "before": "free: no grant",
         "now": "free at 1.50"},
        {"model": "edited", "fate": "kept", "before": '["free"] {"free": 1}',
         "now": '["vip", "free"] {"free": 1}'},
    ]  # fmt: skip
    assert "table tier_model_access" in told.value["dropped"]
    told = tierflow("rollback", "--restore-snapshot", "--dry-run")
    assert [(c["model"], c["fate"]) for c in told.value["changes"]] == [("edited", "given up")]
    assert shop.dump() == before
    told = tierflow("rollback")
    assert (told.code, told.value["models_restored"]) == (0, 1)
    assert values(shop)["granted"] == ('["vip", "free"]', '{"vip": 2.0, "free": 1.50}')


NO_PUBLISHING = (
    """CREATE FUNCTION public.no_publishing() RETURNS event_trigger LANGUAGE plpgsql AS $$ BEGIN
       IF current_query() LIKE '%SET SCHEMA%' THEN RAISE EXCEPTION 'not today'; END IF; END $$""",
    """CREATE EVENT TRIGGER no_publishing ON ddl_command_start WHEN TAG IN ('ALTER TABLE')
       EXECUTE FUNCTION public.no_publishing()""",
)


def test_a_build_that_never_got_published_is_cleared_away(
    source: Database, tierflow: Callable[..., Told]
) -> None:
    before = source.dump_without_ledger()
    for statement in NO_PUBLISHING:
        source.rows(statement)
    assert tierflow("migrate", *OPTIONS).code == 2
    source.rows("DROP EVENT TRIGGER no_publishing")
    source.rows("DROP FUNCTION public.no_publishing()")
    assert source.value("SELECT to_regclass('tierflow_build.tier_model_access') IS NOT NULL")
    # what a dry run that was killed at this point leaves
    for statement in KILLED_DRY_RUN:
        source.rows(statement)
    assert tierflow("plan").value["state"] == "partial"
    told = tierflow("rollback")
    assert (told.code, told.value["outcome"]) == (0, "rolled_back"), told.stderr
    assert source.dump_without_ledger() == before
    assert tierflow("rollback").value["outcome"] == "unchanged"
    assert tierflow("plan", *OPTIONS).value["state"] == "not_migrated"


KILLED_DRY_RUN = (
    "CREATE SCHEMA tierflow_dry_run",
    """CREATE FUNCTION tierflow_dry_run.capture_change() RETURNS trigger LANGUAGE plpgsql
       AS 'BEGIN RETURN NULL; END'""",
    """CREATE TRIGGER tierflow_dry_run_capture AFTER INSERT OR DELETE ON public.model_access_control
       FOR EACH ROW EXECUTE FUNCTION tierflow_dry_run.capture_change()""",
)


LOSSES = {
    "deleted": ("DELETE FROM tierflow.captured", "the captured values of 8 models are gone"),
    "some deleted": (
        f"DELETE FROM tierflow.captured WHERE model_id = '{model_uuid('null')}'",
        "the captured values of 1 models are gone",
    ),
    "dropped": ("DROP TABLE tierflow.captured", "the ledger holds no captured values"),
}


@pytest.mark.parametrize("loss", LOSSES)
def test_without_all_captured_values_neither_way_guesses(
    shop: Database, tierflow: Callable[..., Told], loss: str
) -> None:
    statement, said = LOSSES[loss]
    shop.rows(statement)
    _edit(shop, "DELETE FROM public.tier_model_access WHERE model_id = <granted>", past_sync=True)
    before = shop.dump("--exclude-schema=tierflow")
    for way in ((), ("--restore-snapshot",)):
        for arguments in (way, (*way, "--dry-run")):
            told = tierflow("rollback", *arguments)
            assert told.code == 2
            assert said in told.stderr
            assert ("granted / vip" in told.stderr) == (not way)
            assert shop.dump("--exclude-schema=tierflow") == before
    # the plan and verify say the same
    plan = tierflow("plan").value
    ways = {way["way"]: (way["open"], way["why"]) for way in plan["ways_back"]}
    assert ways["snapshot restored"][0] is False
    assert said in ways["snapshot restored"][1]
    assert f"only while both sides agree: {said}" in ways["later changes kept"][1]
    assert any(said in note for note in plan["notes"])
    assert said in {c["name"]: c["figure"] for c in tierflow("verify").value["checks"]}["integrity"]


@pytest.mark.parametrize("loss", LOSSES)
@pytest.mark.parametrize("side", ["jsonb", "junction"])
def test_where_both_sides_are_made_the_same_a_rollback_needs_no_captured_values(
    shop: Database, tierflow: Callable[..., Told], loss: str, side: str
) -> None:
    shop.rows(LOSSES[loss][0])
    original = values(shop)
    _edit(shop, "DELETE FROM public.tier_model_access WHERE model_id = <granted>", past_sync=True)
    assert tierflow("rollback").code == 2
    told = tierflow("reconcile", "--from", side)
    assert told.code == 0, told.stderr
    told = tierflow("rollback")
    assert (told.code, told.value["outcome"]) == (0, "rolled_back"), told.stderr
    access = "[]" if side == "junction" else original["granted"][0]
    assert values(shop) == original | {"granted": (access, original["granted"][1])}


def test_a_rerun_says_that_it_captures_what_is_gone_as_it_is_now(
    shop: Database, tierflow: Callable[..., Told]
) -> None:
    original = values(shop)
    shop.rows(f"DELETE FROM tierflow.captured WHERE model_id <> '{model_uuid('kept')}'")
    shop.rows("UPDATE public.model_access_control SET tier_markup = NULL")
    told = tierflow("migrate")
    assert (told.code, told.value["outcome"]) == (0, "reconciled"), told.stderr
    assert told.value["recaptured"] == len(SOURCE) - 1
    assert "captured values of 7 models were missing: they are those of now" in told.stderr
    now = values(shop)
    shop.rows("UPDATE public.model_access_control SET tier_access = '[]'")
    assert tierflow("migrate").value["outcome"] == "unchanged"
    assert tierflow("rollback", "--restore-snapshot").code == 0
    assert values(shop) == now | {"kept": original["kept"]}


# no grants and no problem to the reader, but no place for a later grant either
ODD = [(f"odd {n}", "7" if n % 2 else "[]", None if n % 2 else "[1]") for n in range(1, 8)]


@pytest.fixture
def odd_shop(source: Database, tierflow: Callable[..., Told]) -> Database:
    """A published migration with a later grant for models whose JSONB cannot say it."""

    def fill() -> None:
        source.add_models(ODD)
        told = tierflow("migrate", *OPTIONS, "--malformed", "quarantine")
        assert told.code == 0, told.stderr
        for name, _, _ in ODD:
            source.rows(INSERT + "(%s, 1, 1.5)", model_uuid(name))

    return fill_once(source, f"{__name__} odd", fill)


@pytest.mark.parametrize("dry_run", [True, False], ids=["dry run", "real"])
def test_models_that_cannot_be_written_back_are_named_and_the_preview_refuses_them_too(
    odd_shop: Database, tierflow: Callable[..., Told], dry_run: bool
) -> None:
    before = odd_shop.dump("--exclude-schema=tierflow")
    told = tierflow("rollback", *(("--dry-run",) if dry_run else ()))
    assert told.code == 2
    assert told.value["error"]["message"] == (
        "The later changes of 7 models cannot be written back without loss:"
        " odd 1 (tier_access is neither an array nor a code); odd 2 (tier_markup is not an object);"
        " odd 3 (tier_access is neither an array nor a code); odd 4 (tier_markup is not an object);"
        " odd 5 (tier_access is neither an array nor a code); and 2 more."
    )
    assert (told.value["models_restored"], told.value["dropped"]) == (0, [])
    assert [s["name"] for s in told.value["steps"]] == ["preview rollback"]
    assert odd_shop.dump("--exclude-schema=tierflow") == before
    assert tierflow("rollback", "--restore-snapshot", "--dry-run").code == 0


def test_the_plan_counts_every_model_that_cannot_take_a_later_grant(
    odd_shop: Database, tierflow: Callable[..., Told]
) -> None:
    odd_shop.add_model("odd 8", ["ghost"], '"x"')
    told = tierflow("plan", "--unknown-tiers", "quarantine")
    said = {way["way"]: way["why"] for way in told.value["ways_back"]}["later changes kept"]
    assert "8 models (odd 1, odd 2, odd 3, odd 4, odd 5 and 3 more) cannot take" in said


def test_a_rollback_that_fails_says_that_nothing_was_done(
    shop: Database, tierflow: Callable[..., Told]
) -> None:
    _edit(shop, INSERT + "(<granted>, 1, 1.5)", past_sync=True)
    shop.rows("CREATE VIEW public.sales AS SELECT tier_code FROM public.v_model_tier_access")
    told = tierflow("rollback")
    assert (told.code, told.value["outcome"]) == (2, "failed")
    assert (told.value["models_restored"], told.value["dropped"]) == (0, [])
    assert (told.value["grants"], told.value["changes"]) == (0, [])
    said = CliRunner().invoke(app, ["rollback"]).stdout
    assert "failed (keep changes): nothing was changed, the JSONB of 0 models written" in said
    assert "written back" not in said
    told = tierflow("rollback", "--dry-run")
    assert (told.code, told.value["models_restored"]) == (0, 1)
    assert "table tier_model_access" in told.value["dropped"]
