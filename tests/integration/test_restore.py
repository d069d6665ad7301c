"""Restore: the old columns back, byte by byte, from a dump or an archive, and nothing lost."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest
from support.database import Database, model_uuid
from support.life import OPTIONS, SOURCE, Call, columns, finalize, open_shop, values
from typer.testing import CliRunner

from flows.cli import app

GRANT = """INSERT INTO public.tier_model_access (model_id, tier_id, markup_multiplier)
           VALUES (%s, %s, %s)"""
MODEL = "INSERT INTO public.model_access_control (id, model_id) VALUES (%s, %s)"
WRITE = "UPDATE public.model_access_control SET tier_access = %s::jsonb WHERE model_id = %s"


@pytest.fixture
def shop(database: Database, tierflow: Call) -> Database:
    return open_shop(database, tierflow)


@pytest.fixture
def dump(shop: Database, tmp_path: Path) -> Path:
    """A dump as `migrate --pg-dump` takes it; the columns hold the same before and after."""
    file = tmp_path / "before.dump"
    tables = ("--table=public.model_access_control", "--table=public.subscription_tiers")
    program = shop.bindir / "pg_dump"
    subprocess.run([program, "-Fc", *tables, "-f", file, "-d", shop.dsn], check=True)
    return file


def test_the_archive_puts_back_every_byte_and_the_sync(shop: Database, tierflow: Call) -> None:
    before, schema = values(shop), shop.dump("--schema-only", "--table=public.tier_model_access")
    backups = """SELECT model_id, tier_access_backup::text, tier_markup_backup::text
                 FROM public.model_access_control ORDER BY model_id"""
    captured = "SELECT *, tier_access::text, tier_markup::text FROM tierflow.captured ORDER BY 1"
    shown, kept = shop.rows(backups), shop.rows(captured)
    shop.rows("ALTER TABLE public.model_access_control ALTER tier_access SET DEFAULT '[]'")
    archive = finalize(shop, tierflow)
    assert not columns(shop) & {"tier_access", "tier_markup", "tier_access_backup"}
    told = tierflow("restore", str(archive))
    assert (told.code, told.value["outcome"]) == (0, "restored"), told.stderr
    assert (told.value["written"], told.value["newer"]) == (len(SOURCE), 0)
    assert values(shop) == before
    assert shop.rows(backups) == shown
    assert shop.rows(captured) == kept
    assert shop.dump("--schema-only", "--table=public.tier_model_access") == schema
    indexes = "SELECT indexdef FROM pg_indexes WHERE tablename = 'model_access_control'"
    assert any("gin (tier_access)" in row["indexdef"] for row in shop.rows(indexes))
    shop.rows(MODEL, model_uuid("d"), "d")
    assert values(shop)["d"][0] == "[]"

    # both sides follow each other again, and the life goes on
    assert tierflow("verify").value["ok"]
    shop.rows(WRITE, '["vip"]', "d")
    assert ("d", "vip", "1.00") in shop.grants()
    assert tierflow("plan").value["state"] == "migrated"
    assert tierflow("rollback", "--restore-snapshot").code == 0


def test_the_dump_of_the_migration_puts_back_every_byte(
    database: Database, tierflow: Call, tmp_path: Path
) -> None:
    database.add_tiers("free", "pro", "vip")
    database.add_models(SOURCE)
    before, file = values(database), tmp_path / "before.dump"
    assert tierflow("migrate", *OPTIONS, "--pg-dump", str(file)).code == 0
    assert tierflow("verify").code == 0
    finalize(database, tierflow)
    told = tierflow("restore", str(file))
    assert (told.code, told.value["outcome"]) == (0, "restored"), told.stderr
    assert values(database) == before
    assert tierflow("verify").value["ok"]
    assert tierflow("rollback").code == 0
    assert values(database) == before


@pytest.mark.parametrize("state", ["migrated", "rolled back"])
def test_newer_writes_are_named_and_lost_only_by_force(
    shop: Database, tierflow: Call, dump: Path, state: str
) -> None:
    before = values(shop)
    if state == "rolled back":
        assert tierflow("rollback").code == 0
    assert tierflow("restore", str(dump)).value["outcome"] == "unchanged"
    shop.rows(WRITE, '["pro"]', "plain")
    shop.rows("UPDATE public.model_access_control SET tier_markup = NULL WHERE model_id = 'jnull'")
    shop.rows("DELETE FROM public.model_access_control WHERE model_id = 'empty'")
    shop.add_model("later", ["vip"])
    now = values(shop)
    told = tierflow("restore", str(dump))
    assert told.code == 2
    assert "2 models were written after" in told.stderr
    assert 'plain (now ["pro"] {"vip": 2.00}, in the file ["vip"] {"vip": 2.00})' in told.stderr
    assert values(shop) == now
    assert told.value["outcome"] == "failed"
    assert (told.value["models"], told.value["written"], told.value["newer"]) == (len(SOURCE), 0, 2)
    assert [change["model"] for change in told.value["changes"]] == ["jnull", "plain"]
    told = tierflow("restore", str(dump), "--dry-run")
    found = [told.value[name] for name in ("written", "newer", "added", "deleted")]
    assert (told.code, found) == (0, [2, 2, 1, 1])
    said = CliRunner().invoke(app, ["restore", str(dump), "--dry-run"]).stdout
    assert "2 would be written, 2 with newer writes" in said
    assert values(shop) == now

    told = tierflow("restore", str(dump), "--force")
    assert (told.code, told.value["written"]) == (0, 2), told.stderr
    del before["empty"]
    found = values(shop)
    assert {name: value[:2] for name, value in found.items()} == {
        **{name: value[:2] for name, value in before.items()}, "later": now["later"][:2],
    }  # fmt: skip
    assert {name: value[2] for name, value in found.items()} == {
        name: value[2] for name, value in now.items()
    }
    if state == "migrated":  # the junction table has followed
        assert tierflow("verify").value["ok"]
    left = "SELECT count(*) FROM pg_trigger WHERE tgname LIKE 'zzzzz%%'"
    assert shop.value(left) == 0


def test_later_grants_of_a_finalized_database_are_refused_kept_or_given_up(
    shop: Database, tierflow: Call
) -> None:
    before = values(shop)
    archive = finalize(shop, tierflow)
    shop.rows(GRANT, model_uuid("empty"), 2, "1.25")
    shop.rows(MODEL, model_uuid("later"), "later")
    shop.rows(GRANT, model_uuid("later"), 3, "3.50")
    told = tierflow("restore", str(archive))
    assert told.code == 2
    assert "1 models were written after" in told.stderr
    assert "empty (now pro at 1.25, in the file no grant)" in told.stderr
    assert "tier_access" not in columns(shop)

    told = tierflow("restore", str(archive), "--keep-newer")
    assert told.code == 0, told.stderr
    found = values(shop)
    assert found["empty"][:2] == ('["pro"]', '{"pro": 1.25}')
    assert found["later"][:2] == ('["vip"]', '{"vip": 3.50}')
    assert found["kept"] == before["kept"]
    assert found["empty"][2] == before["empty"][2]
    assert tierflow("verify").value["ok"]


@pytest.mark.parametrize("options", [("--backup-columns",), ()], ids=["columns", "none"])
def test_a_dry_run_counts_what_the_restore_then_writes(
    database: Database, tierflow: Call, options: tuple[str, ...]
) -> None:
    database.add_tiers("free", "pro", "vip")
    database.add_models(SOURCE)
    assert tierflow("migrate", *OPTIONS, *options).code == 0
    assert tierflow("verify").code == 0
    archive = finalize(database, tierflow)
    database.rows("DELETE FROM public.model_access_control WHERE model_id = 'plain'")
    asked = tierflow("restore", str(archive), "--dry-run")
    done = tierflow("restore", str(archive))
    assert (asked.code, done.code) == (0, 0), done.stderr
    # without backup columns the model whose columns were NULL is as it should be already
    assert asked.value["written"] == done.value["written"] == len(SOURCE) - 2 + len(options)


def test_newer_writes_cannot_be_kept_and_given_up(shop: Database, tierflow: Call) -> None:
    archive = finalize(shop, tierflow)
    before = shop.dump()
    told = tierflow("restore", str(archive), "--force", "--keep-newer")
    assert (told.code, told.value["error"]["next"]) == (2, "give one of the two")
    assert shop.dump() == before


def test_by_force_the_archive_wins_and_the_grants_follow(shop: Database, tierflow: Call) -> None:
    before = values(shop)
    archive = finalize(shop, tierflow)
    shop.rows(GRANT, model_uuid("empty"), 2, "1.25")
    assert tierflow("restore", str(archive), "--force").code == 0
    assert values(shop) == before
    assert not [grant for grant in shop.grants() if grant[0] == "empty"]
    assert tierflow("verify").value["ok"]


def test_a_tier_renamed_since_keeps_its_old_code(shop: Database, tierflow: Call) -> None:
    before = values(shop)
    archive = finalize(shop, tierflow)
    shop.rows("UPDATE public.subscription_tiers SET tier_code = 'gold' WHERE tier_code = 'vip'")
    told = tierflow("restore", str(archive))
    assert (told.code, told.value["renamed_tiers"]) == (0, ["vip"]), told.stderr
    assert values(shop) == before
    assert tierflow("verify").value["ok"]


def test_a_damaged_archive_is_refused(shop: Database, tierflow: Call) -> None:
    archive = finalize(shop, tierflow)
    content = bytearray(archive.read_bytes())
    content[100] ^= 1
    archive.write_bytes(content)
    told = tierflow("restore", str(archive))
    assert told.code == 2
    assert "is not the file that was written" in told.stderr
    assert "tier_access" not in columns(shop)


def test_what_is_no_dump_of_the_tables_is_refused(
    shop: Database, tierflow: Call, tmp_path: Path
) -> None:
    (tmp_path / "text").write_text("hello")
    program = shop.bindir / "pg_dump"
    other = tmp_path / "other.dump"
    subprocess.run(
        [program, "-Fc", "--table=public.subscription_tiers", "-f", other, "-d", shop.dsn],
        check=True,
    )
    for file, said in (
        ("text", "pg_restore failed"), ("none", "is not there"),
        ("other.dump", "it holds no rows of public.model_access_control"),
    ):  # fmt: skip
        told = tierflow("restore", str(tmp_path / file))
        assert told.code == 2
        assert said in told.stderr
