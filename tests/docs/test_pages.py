"""Every command of the README and the pages runs, as a reader types it, on the demo's catalogue."""

from __future__ import annotations

import json
import os
import subprocess
import tempfile
from collections.abc import Callable
from pathlib import Path

import psycopg
import pytest
from psycopg.conninfo import conninfo_to_dict, make_conninfo
from support.database import Database
from support.pages import NOT_RUN, ROOT, Block, Shell, is_run, list_missing, read_blocks

from flows.target import EMBEDDED_DATABASE
from tasks.create_demo import fill_demo
from tierflow.embedded import embedded_server

PAGES = (ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted((ROOT / "docs").glob("*.md")))
# pages with a test of their own
GUIDE, TROUBLESHOOTING = ROOT / "docs/guide.md", ROOT / "docs/troubleshooting.md"

pytestmark = [
    pytest.mark.parametrize("server", ["pg18"], indirect=True),
    pytest.mark.timeout(900),
]

DECISIONS = (
    "[tier_map]\ntrial = 'byok'\nstarter = 'byok'\nprofessional = 'managed'\n"
    "enterprise = 'vip_founder'\n"
)

# of branches that are not merged yet; what is here then is a mistake of the page
MODELS = """SELECT id, tier_access, tier_markup, updated_at
            FROM public.model_access_control ORDER BY id"""
PRICED = """SELECT count(*) FROM public.model_access_control,
            jsonb_each_text(CASE jsonb_typeof(tier_markup) WHEN 'object' THEN tier_markup END) AS m
            WHERE m.value::numeric = %s"""


def list_commands(page: Path) -> list[Block]:
    return [block for block in read_blocks(page) if block.language == "sh"]


@pytest.fixture
def demo(database: Database) -> Database:
    """The demo's catalogue, before any migration."""
    database.rows("DROP SCHEMA public CASCADE")
    database.rows("CREATE SCHEMA public")
    fill_demo(database.target)
    return database


def open_shell(
    database: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, *, real: bool
) -> Shell:
    """Return a folder like the checkout, where commands act on this database."""
    folder = tmp_path / "checkout"
    folder.mkdir()
    monkeypatch.chdir(folder)
    return Shell(folder, database.bindir, real=real)


@pytest.fixture
def shell(demo: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Shell:
    """Commands are done by this process, which has imported everything already."""
    return open_shell(demo, tmp_path, monkeypatch, real=False)


def a_week_passes(database: Database) -> None:
    """Let all that the ledger holds have happened eight days ago."""
    for table, column in (("run", "started"), ("run", "finished"), ("step", "started")):
        database.rows(f"UPDATE tierflow.{table} SET {column} = {column} - interval '8 days'")


@pytest.mark.slow
def test_who_follows_the_guide_ends_migrated_verified_rolled_back_and_finalized(
    demo: Database, shell: Shell
) -> None:
    before, granted = demo.rows(MODELS), set[tuple[str, str, str]]()

    def look_after_the_migration() -> None:
        assert demo.rows(MODELS) == before
        granted.update(demo.grants())

    def write_later_changes() -> None:
        demo.rows("UPDATE public.tier_model_access SET markup_multiplier = 3 WHERE id IN"
                  " (SELECT min(id) FROM public.tier_model_access)")  # fmt: skip

    def look_after_method_1() -> None:
        assert demo.value(PRICED, 3) == 1
        demo.rows("UPDATE public.tier_model_access SET markup_multiplier = 4 WHERE"
                  " markup_multiplier < 3")  # fmt: skip

    def look_after_method_2() -> None:
        assert (demo.value(PRICED, 3), demo.value(PRICED, 4)) == (1, 0)

    def look_after_method_3() -> None:
        assert demo.grants() == granted
        assert [m["tier_markup"] for m in demo.rows(MODELS)] == [m["tier_markup"] for m in before]

    said = shell.run(
        list_commands(GUIDE),
        before={
            "7. Verification": look_after_the_migration,
            "Method 1: keep later changes": write_later_changes,
            "Method 2: the snapshot": look_after_method_1,
            "Method 3: the dump": look_after_method_2,
            "10. Finalize": look_after_method_3,
            "When the week has passed": lambda: a_week_passes(demo),
        },
    )
    outcomes = [
        run["outcome"] for run in demo.rows("SELECT outcome FROM tierflow.run ORDER BY started")
    ]
    assert "published" in outcomes
    assert outcomes.count("rolled_back") >= 2
    assert "8 of 8 checks passed" in said
    assert outcomes[-1] == "finalized"
    assert demo.grants() == granted
    columns = "SELECT count(*) FROM information_schema.columns WHERE column_name LIKE 'tier\\_%%'"
    assert demo.value(f"{columns} AND table_name = 'model_access_control'") == 0


@pytest.mark.slow
@pytest.mark.parametrize(
    "page", [p for p in PAGES if p not in (GUIDE, TROUBLESHOOTING)], ids=lambda page: page.stem
)
def test_the_commands_of_a_page_run_in_the_order_in_which_they_stand(
    demo: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, page: Path
) -> None:
    # each command of the README in a process of its own, as it is typed
    shell = open_shell(demo, tmp_path, monkeypatch, real=page.stem == "README")
    # the page's own, else that of the guide's demo
    files = [b.text for b in read_blocks(page) if b.language == "toml"] or [DECISIONS]
    (shell.folder / "tierflow.toml").write_text(files[0])
    blocks = list_commands(page)
    if any(is_run(line) for block in blocks for line in block.commands):
        shell.run(blocks)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_every_command_and_option_of_a_page_exists(server: object, page: Path) -> None:
    assert [missing for block in list_commands(page) for missing in list_missing(block)] == []


def test_what_no_test_can_run_is_still_written_somewhere(server: object) -> None:
    lines = [line for page in PAGES for block in list_commands(page) for line in block.commands]
    assert [begin for begin in NOT_RUN if not any(x.startswith(begin) for x in lines)] == []


def test_the_guides_string_for_the_demo_reaches_the_embedded_server(server: object) -> None:
    begin = 'export TIERFLOW_DSN="'
    lines = [line for block in list_commands(GUIDE) for line in block.commands]
    (line,) = [line for line in lines if line.startswith(begin)]
    # not pytest's folder: the path of a checkout is shorter, and a socket's has 103 bytes
    with tempfile.TemporaryDirectory(prefix="guide-") as checkout:
        said = line.removeprefix(begin).rstrip('"').replace("$PWD", checkout)
        with embedded_server(
            Path(checkout, ".tierflow/postgres"), options={"fsync": "off"}
        ) as held:
            meant = conninfo_to_dict(held.dsn(EMBEDDED_DATABASE))
            assert conninfo_to_dict(said).items() <= meant.items()
            assert all((held.bindir / name).exists() for name in ("psql", "pg_dump"))
            psycopg.connect(make_conninfo(said, dbname="postgres")).close()


@pytest.mark.slow
def test_the_demo_and_what_it_says_to_try_next_run_as_a_newcomer_types_them(
    server: object, tmp_path: Path
) -> None:
    env = {**os.environ, "TIERFLOW_HOME": str(tmp_path)}
    run: Callable[..., subprocess.CompletedProcess[str]] = lambda *words: subprocess.run(  # noqa: E731
        [ROOT / "run", *words], env=env, capture_output=True, text=True, check=False
    )
    done = run("demo")
    assert done.returncode == 0, done.stderr
    suggested = [
        line.split("  ")[1].strip() for line in done.stdout.splitlines() if "./run tierflow" in line
    ]
    assert len(suggested) == 4
    for line in suggested:
        words = line.removeprefix("./run ").split()
        told = run(*words, "--json")
        assert told.returncode == 0, told.stderr
        json.loads(told.stdout)
