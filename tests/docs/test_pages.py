"""Every command of the README and the pages runs, as a reader types it, on the demo's catalogue."""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from support.database import Database
from support.pages import NOT_RUN, ROOT, Block, Shell, is_run, list_missing, read_blocks

from tasks.create_demo import fill_demo

PAGES = (ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted((ROOT / "docs").glob("*.md")))
# pages with a test of their own
GUIDE, TROUBLESHOOTING = ROOT / "docs/guide.md", ROOT / "docs/troubleshooting.md"

pytestmark = [pytest.mark.parametrize("server", ["pg18"], indirect=True)]

DECISIONS = (
    "[tier_map]\ntrial = 'byok'\nstarter = 'byok'\nprofessional = 'managed'\n"
    "enterprise = 'vip_founder'\n"
)

# of branches that are not merged yet; what is here then is a mistake of the page
COMING = {"finalize", "restore", "report", "grants", "forget", "--dry-run"}


def list_commands(page: Path) -> list[Block]:
    return [block for block in read_blocks(page) if block.language == "sh"]


@pytest.fixture
def demo(database: Database) -> Database:
    """The demo's catalogue, before any migration."""
    database.rows("DROP SCHEMA public CASCADE")
    database.rows("CREATE SCHEMA public")
    fill_demo(database.target)
    return database


@pytest.fixture
def shell(demo: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Shell]:
    """A folder like the checkout, where a page's commands act on the demo's catalogue."""
    folder = tmp_path / "checkout"
    folder.mkdir()
    monkeypatch.chdir(folder)
    yield Shell(folder, demo.bindir)


def without_missing(blocks: list[Block]) -> tuple[list[Block], list[str]]:
    """Leave out blocks with commands that are not there yet; return these commands too."""
    missing = {block: list_missing(block) for block in blocks}
    return [b for b in blocks if not missing[b]], sorted({m for ms in missing.values() for m in ms})


def a_week_passes(database: Database) -> None:
    """Let all that the ledger holds have happened eight days ago."""
    for table, column in (("run", "started"), ("run", "finished"), ("step", "started")):
        database.rows(f"UPDATE tierflow.{table} SET {column} = {column} - interval '8 days'")


@pytest.mark.slow
def test_who_follows_the_guide_ends_migrated_verified_rolled_back_and_finalized(
    demo: Database, shell: Shell
) -> None:
    before = demo.rows("SELECT id, tier_access, tier_markup, updated_at"
                       " FROM public.model_access_control ORDER BY id")  # fmt: skip
    held: list[int] = []

    def look_after_the_migration() -> None:
        assert before == demo.rows("SELECT id, tier_access, tier_markup, updated_at"
                                   " FROM public.model_access_control ORDER BY id")  # fmt: skip
        held.append(len(demo.grants()))

    blocks, missing = without_missing(list_commands(GUIDE))
    said = shell.run(
        blocks,
        before={
            "7. Verification": look_after_the_migration,
            "When the week has passed": lambda: a_week_passes(demo),
        },
    )
    outcomes = [
        run["outcome"] for run in demo.rows("SELECT outcome FROM tierflow.run ORDER BY started")
    ]
    assert "published" in outcomes
    assert outcomes.count("rolled_back") >= 2
    assert "8 of 8 checks passed" in said
    assert held[0] == len(demo.grants()) > 0
    if missing:
        pytest.skip(f"followed without what is not there yet: {', '.join(missing)}")
    assert outcomes[-1] == "finalized"
    columns = "SELECT count(*) FROM information_schema.columns WHERE column_name LIKE 'tier\\_%%'"
    assert demo.value(f"{columns} AND table_name = 'model_access_control'") == 0


@pytest.mark.slow
@pytest.mark.parametrize(
    "page", [p for p in PAGES if p not in (GUIDE, TROUBLESHOOTING)], ids=lambda page: page.stem
)
def test_the_commands_of_a_page_run_in_the_order_in_which_they_stand(
    shell: Shell, page: Path
) -> None:
    # the page's own, else that of the guide's demo
    files = [b.text for b in read_blocks(page) if b.language == "toml"] or [DECISIONS]
    (shell.folder / "tierflow.toml").write_text(files[0])
    blocks, missing = without_missing(list_commands(page))
    if any(is_run(line) for block in blocks for line in block.commands):
        shell.run(blocks)
    if missing:
        pytest.skip(f"run without what is not there yet: {', '.join(missing)}")


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_every_command_and_option_of_a_page_exists(server: object, page: Path) -> None:
    if missing := without_missing(list_commands(page))[1]:
        assert set(missing) <= COMING, missing
        pytest.skip(f"not there yet: {', '.join(missing)}")


def test_what_no_test_can_run_is_still_written_somewhere(server: object) -> None:
    lines = [line for page in PAGES for block in list_commands(page) for line in block.commands]
    assert [begin for begin in NOT_RUN if not any(x.startswith(begin) for x in lines)] == []


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
