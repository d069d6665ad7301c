"""The evidence pack: whole, verifiable, offline, the same each time, and without a secret."""

from __future__ import annotations

import csv
import hashlib
import io
import json
import re
import subprocess
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import pytest
from psycopg.conninfo import make_conninfo
from support.database import Database, Told
from support.reuse import fill_once

from sql import FOLDER

HOSTILE = "<script>alert(1)</script>"
CANARY = "canary-of-a-password"
CONFIG = 'unknown_tiers = "quarantine"\nmin_coverage = 0\n'


def fill(database: Database, tierflow: Callable[..., Told], config: Path) -> None:
    database.add_tiers("free", "pro")
    database.add_models([("one", ["free", "pro"], {"pro": 1.5}), (HOSTILE, ["free", "old"], None)])
    config.write_text(CONFIG)
    told = tierflow("migrate", "--config", str(config))
    assert told.code == 0, told.stderr


@pytest.fixture
def shop(database: Database, tierflow: Callable[..., Told], tmp_path: Path) -> Database:
    """A published migration, whose report and data docs are on another machine."""
    return fill_once(
        database, __name__, lambda: fill(database, tierflow, tmp_path / "tierflow.toml")
    )


def unpack(path: Path) -> dict[str, bytes]:
    with zipfile.ZipFile(path) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def why(told: Told) -> dict[str, str]:
    return {row["what"]: row["reason"] for row in told.value["missing"]}


def test_a_pack_holds_all_that_is_known_of_a_run_and_verifies(
    database: Database,
    tierflow: Callable[..., Told],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("TIERFLOW_DSN", make_conninfo(database.dsn, password=CANARY))
    fill(database, tierflow, tmp_path / "mine.toml")
    monkeypatch.chdir(tmp_path)
    before = database.dump()
    told = tierflow("report", "latest")
    assert told.code == 0, told.stderr
    assert database.dump() == before
    path = Path(told.value["file"])
    assert path.name == f"tierflow-evidence-{told.value['run_id']}.zip"
    assert told.value["sha256"] == hashlib.sha256(path.read_bytes()).hexdigest()
    assert told.value["missing"] == []
    files = unpack(path)
    assert len(files) == told.value["files"]
    require_whole(files, tmp_path)
    require_offline(files)
    assert not [name for name, content in files.items() if CANARY.encode() in content]

    assert json.loads(files["plan.json"])["unknown_tiers"][0]["code"] == "old"
    assert json.loads(files["decisions.json"])["unknown_tiers"] == "quarantine"
    assert json.loads(files["parity.json"]) == {"missing": 0, "extra": 0, "wrong_markup": 0}
    assert json.loads(files["locks.json"])["longest_held_ms"] > 0
    checks = json.loads(files["checks.json"])
    assert [check["ok"] for check in checks["checks"]] == [True] * 8
    assert {judgement["suite"] for judgement in checks["judgements"]} >= {"coverage", "orphans"}
    steps = list(csv.DictReader(io.StringIO(files["steps.csv"].decode())))
    assert {"preflight", "publish", "verify"} <= {step["name"] for step in steps}
    quarantined = list(csv.DictReader(io.StringIO(files["quarantine.csv"].decode())))
    assert [(q["model_identifier"], q["reason"]) for q in quarantined] == [
        (HOSTILE, "unknown_tier")
    ]
    assert json.loads(files["ledger.json"])["run"]["run_id"] == told.value["run_id"]
    versions = json.loads(files["versions.json"])
    assert versions["at_run"] == versions["at_packing"]
    assert set(versions["at_run"]) >= {"tierflow", "postgresql", "python", "great_expectations"}
    require_inputs(json.loads(files["inputs.json"]), database)
    definitions = json.loads(files["definitions.json"])
    for check in FOLDER.glob("checks/*.sql"):
        digest = hashlib.sha256(check.read_bytes()).hexdigest()
        assert definitions[f"sql/checks/{check.name}"]["sha256_at_run"] == digest
        assert files[f"definitions/sql/checks/{check.name}"] == check.read_bytes()
    for name in ("sql/queries/compare_range.sql", "tasks/verify.py"):
        assert definitions[name]["sha256_at_run"] is not None
        assert f"definitions/{name}" in files
    said = f"All {len(definitions)} files that the run recorded as defining the checks are"
    assert said in files["index.html"].decode()
    # what the ledger keeps for the pack is not what a list of runs shows
    assert "evidence" not in tierflow("runs").value[0]["result"]


def test_every_kind_of_run_can_be_packed(
    shop: Database, tierflow: Callable[..., Told], tmp_path: Path
) -> None:
    dump = tmp_path / "before.dump"
    for command in (
        ("verify",), ("reconcile", "--from", "jsonb", "--yes"), ("rollback", "--yes"),
        ("migrate", "--config", str(tmp_path / "tierflow.toml"), "--pg-dump", str(dump)),
        ("restore", str(dump), "--yes"), ("forget", "--older-than", "0", "--yes"),
        ("finalize", "--soak-days", "0", "--yes-drop", "tier_access,tier_markup"),
    ):  # fmt: skip
        tierflow(*command)
    runs = tierflow("runs").value
    assert {run["mode"] for run in runs} == {
        "migrate", "verify", "reconcile", "rollback", "restore", "forget", "finalize"
    }  # fmt: skip
    for run in runs:
        told = tierflow("report", run["run_id"], "--output", str(tmp_path))
        assert told.value["outcome"] == "written", run["mode"]


def require_whole(files: dict[str, bytes], folder: Path) -> None:
    place = folder / "unpacked"
    for name, content in files.items():
        (place / name).parent.mkdir(parents=True, exist_ok=True)
        (place / name).write_bytes(content)
    checked = subprocess.run(
        ["sha256sum", "--check", "--strict", "--quiet", "MANIFEST"], cwd=place, check=False
    )
    assert checked.returncode == 0
    named = {line.split("  ", 1)[1] for line in files["MANIFEST"].decode().splitlines()}
    assert named == set(files) - {"MANIFEST"}


def require_offline(files: dict[str, bytes]) -> None:
    """Each link leads to a file of the pack, and nothing is loaded from anywhere."""
    pages = [name for name in files if name.endswith(".html")]
    assert {"index.html", "reports/report.html", "data_docs/index.html"} <= set(pages)
    for page in pages:
        text = files[page].decode()
        assert not re.findall(r"https?://|@import|<script", text), page
        for link in re.findall(r'(?:href|src)="([^"#]+)"', text):
            if not link.startswith("data:"):
                there = (Path("/") / page).parent / unquote(link)
                assert str(there.resolve())[1:] in files, (page, link)


def require_inputs(inputs: dict[str, Any], database: Database) -> None:
    values, content = inputs["source_values"], inputs["source_content"]
    assert values["sha256_at_run"] == values["sha256_at_packing"]
    copied = subprocess.run(
        [database.bindir / "psql", "-X", "-d", database.dsn, "-c", content["what"]],
        check=True,
        capture_output=True,
    )
    assert content["sha256_at_packing"] == hashlib.sha256(copied.stdout).hexdigest()
    digest = hashlib.sha256(CONFIG.encode()).hexdigest()
    assert inputs["config_file"] == {"name": "mine.toml", "sha256": digest}


def test_the_same_pack_can_be_made_again(
    shop: Database,
    tierflow: Callable[..., Told],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("SOURCE_DATE_EPOCH", "1800000000")
    run_id = tierflow("runs").value[0]["run_id"]
    packs = [
        tierflow("report", name, "--output", str(tmp_path / f"{place}.zip"))
        for place, name in enumerate((run_id, run_id[:8].upper(), "latest"))
    ]
    assert len({pack.value["sha256"] for pack in packs}) == 1
    assert b"2027-01-15 08:00:00 UTC" in unpack(Path(packs[0].value["file"]))["index.html"]


def test_what_is_missing_is_said_with_the_reason(
    shop: Database, tierflow: Callable[..., Told], tmp_path: Path
) -> None:
    elsewhere = tierflow("report", "latest", "--output", str(tmp_path))
    assert set(why(elsewhere)) == {"report", "data docs"}
    assert "TIERFLOW_KEEP_VALIDATIONS" in why(elsewhere)["data docs"]
    shop.rows("UPDATE public.model_access_control SET tier_access = '[]' WHERE model_id = 'one'")
    changed = unpack(Path(tierflow("report", "latest", "--output", str(tmp_path)).value["file"]))
    assert b"different at packing" in changed["index.html"]

    other = {"sql/checks/coverage.sql": "0" * 64}
    shop.rows(
        """UPDATE tierflow.run SET result = jsonb_set(result, '{evidence,definitions}',
           result #> '{evidence,definitions}' || %s)""",
        json.dumps(other),
    )
    upgraded = tierflow("report", "latest", "--output", str(tmp_path))
    assert "sql/checks/coverage.sql" in why(upgraded)
    files = unpack(Path(upgraded.value["file"]))
    assert "definitions/sql/checks/coverage.sql" not in files
    assert "definitions/sql/checks/orphans.sql" in files

    # an older version recorded fewer
    shop.rows(
        """UPDATE tierflow.run SET result =
           result #- '{evidence,definitions,sql/queries/compare_range.sql}'"""
    )
    older = tierflow("report", "latest", "--output", str(tmp_path))
    assert why(older)["sql/queries/compare_range.sql"].startswith("the run did not record it")
    files = unpack(Path(older.value["file"]))
    assert "definitions/sql/queries/compare_range.sql" not in files
    assert b"1 more define them at packing" in files["index.html"]

    shop.rows("UPDATE tierflow.run SET result = NULL, outcome = NULL, finished = NULL")
    killed = tierflow("report", "latest", "--output", str(tmp_path))
    assert killed.code == 0
    assert {"plan", "checks with figures", "parity", "source as of the run"} <= set(why(killed))
    assert b"<h1>" in unpack(Path(killed.value["file"]))["index.html"]


def test_runs_that_judge_nothing_have_a_pack_too(
    shop: Database, tierflow: Callable[..., Told], tmp_path: Path
) -> None:
    assert tierflow("rollback").value["outcome"] == "rolled_back"
    told = tierflow("report", "latest", "--output", str(tmp_path))
    assert told.code == 0
    assert told.value["run_outcome"] == "rolled_back"
    assert why(told)["parity"] == "a run of rollback that judged nothing"


def test_the_first_page_of_a_finalize_has_its_guards_and_the_hash_of_its_archive(
    shop: Database, tierflow: Callable[..., Told], tmp_path: Path
) -> None:
    drop = ("--soak-days", "0", "--yes-drop", "tier_access,tier_markup")
    assert tierflow("verify", "--min-coverage", "0").code == 0
    finalized = tierflow("finalize", *drop)
    assert finalized.code == 0, finalized.stderr
    archive = Path(finalized.value["archive"]["file"])
    told = tierflow("report", "latest", "--output", str(tmp_path))
    files = unpack(Path(told.value["file"]))
    digest = hashlib.sha256(archive.read_bytes()).hexdigest()
    assert f"SHA-256 <code>{digest}</code>" in files["index.html"].decode()
    assert {"definitions/sql/queries/read_soak.sql", "definitions/tasks/guards.py"} <= set(files)


def test_a_run_that_cannot_be_found_or_written_is_refused(
    shop: Database, tierflow: Callable[..., Told], tmp_path: Path
) -> None:
    assert tierflow("migrate").code == 0
    for name, said in (
        ("ffffffff-nothing", "holds no run 'ffffffff-nothing'"),
        ("", "holds no run"),
        ("%", "holds no run '%'"),
    ):
        told = tierflow("report", name)
        assert (told.code, said in told.stderr) == (2, True)
        assert "Next: `tierflow runs`" in told.stderr
    shop.rows("DELETE FROM tierflow.step")
    shop.rows(
        """INSERT INTO tierflow.run (run_id, mode, database_schema, tierflow_version, decisions)
           VALUES ('11111111-0000-4000-8000-000000000001', 'migrate', 'public', '0', '{}'),
                  ('11111111-0000-4000-8000-000000000002', 'migrate', 'public', '0', '{}')"""
    )
    told = tierflow("report", "11111111")
    assert told.code == 2
    assert "More than one run begins with '11111111'" in told.stderr
    nowhere = tmp_path / "no such folder" / "pack.zip"
    told = tierflow("report", "latest", "--output", str(nowhere))
    assert (told.code, "No such file" in told.stderr) == (2, True)
    shop.rows("DROP SCHEMA tierflow CASCADE")
    assert tierflow("report", "latest").code == 2
