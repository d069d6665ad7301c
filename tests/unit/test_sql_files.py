"""The rules of the SQL folder: one statement a file, named, explained, used and qualified."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from sql import FOLDER, list_variables, statement
from sql.render import list_statements, main, render
from tasks.build import RULES
from tasks.drop_objects import BACKUP_DROPS, DROPS, LEDGER_CLEARS, LEDGER_DROPS
from tasks.indexes import FOREIGN_KEYS, INDEXES
from tasks.publish import VIEW_OPTIONS, VIEWS_AND_FUNCTIONS
from tasks.query_speed import list_targets
from tasks.sync import SYNC, SYNC_DROPS
from tierflow.ledger import LEDGER_TABLES
from tierflow.published import OBJECTS, RESERVED, SOURCE_COLUMNS, SYNC_TRIGGERS, VIEW_COLUMNS

VERBS = {
    "add", "allow", "analyze", "back", "capture", "claim", "clear", "collect", "compare", "copy",
    "count", "create", "delete", "digest", "drop", "export", "extract", "finish", "group", "has",
    "insert", "list", "load", "lock", "mark", "measure", "move", "pause", "read", "reconcile",
    "record", "refuse", "release", "rename", "reopen", "require", "restore", "revoke", "save",
    "see", "set", "settle", "start", "stop", "sum", "take", "trim", "validate", "warn", "write",
}  # fmt: skip
NAMES = list(list_statements())
# on a database of our own nobody waits for a lock
DISPOSABLE = ("demo/", "rehearsal/")
SCRIPTS = ("migrate_to_dynamic_tiers", "rollback_dynamic_tiers", "verify_migration")
TABLES = (
    "tier_model_access|model_access_control|subscription_tiers|v_model_tier_access"
    "|v_tier_model_summary|run|step|chunk|change_log|quarantine|decision|tier_map|tier_code"
    "|write_code|write_code_in_force|implied_grant|captured|reconciled_grant|settled|settled_map"
    "|pair|element|holder"
)
UNQUALIFIED = re.compile(
    rf"\b(FROM|JOIN|INTO|UPDATE|(?<!TEMPORARY )TABLE|REFERENCES|ON|EXISTS)\s+({TABLES})\b(?!\s*\.)",
    re.IGNORECASE,
)
CTE = re.compile(r"(?:\bWITH|\),)\s+(\w+) AS (?:MATERIALIZED )?\(")


def read(name: str) -> str:
    return (FOLDER / f"{name}.sql").read_text(encoding="utf-8")


def without_bodies(text: str) -> str:
    """Return the statement without what may hold semicolons or prose of its own."""
    text = re.sub(r"\$\$.*?\$\$", "", text, flags=re.DOTALL)
    text = re.sub(r"'(?:[^']|'')*'", "''", text)
    return re.sub(r"BEGIN ATOMIC.*?\nEND", "", text, flags=re.DOTALL)


def included(script: Path) -> set[Path]:
    """Return every file that psql reads for a script, at any depth."""
    found: set[Path] = set()
    for line in script.read_text(encoding="utf-8").splitlines():
        if line.strip().startswith("\\ir "):
            path = (script.parent / line.split()[1]).resolve()
            found.add(path)
            if path.suffix == ".psql":
                found |= included(path)
    return found


def statements_of(script: str) -> set[str]:
    paths = included(FOLDER / f"{script}.sql")
    return {path.relative_to(FOLDER.resolve()).with_suffix("").as_posix() for path in paths}


@pytest.mark.parametrize("name", NAMES)
def test_the_first_line_says_what_the_statement_does(name: str) -> None:
    first = read(name).splitlines()[0]
    assert re.fullmatch(r"-- [A-Z][a-z]+s\b.*\.", first), first


@pytest.mark.parametrize("name", [n for n in NAMES if not n.startswith(DISPOSABLE)])
def test_the_first_line_says_what_is_locked(name: str) -> None:
    first = read(name).splitlines()[0]
    assert re.search(r"lock|Takes|Reads only|Touches", first, re.IGNORECASE), first


@pytest.mark.parametrize("name", NAMES)
def test_a_file_holds_one_statement(name: str) -> None:
    text = without_bodies(render(name)).strip()
    assert text.count(";") == 1
    assert text.endswith(";")


@pytest.mark.parametrize("name", [n for n in NAMES if not n.startswith("checks/")])
def test_the_name_begins_with_a_verb(name: str) -> None:
    assert Path(name).name.partition("_")[0] in VERBS


@pytest.mark.parametrize("name", NAMES)
def test_tables_are_always_qualified(name: str) -> None:
    text = without_bodies(statement(name, **{v: v for v in list_variables(name)}).as_string())
    own = set(CTE.findall(text))
    wrong = [match[0] for match in UNQUALIFIED.finditer(text) if match[2] not in own]
    assert not wrong


def test_every_statement_is_used() -> None:
    folders = ("flows", "tasks", "expectations", "tierflow", "sql", "bench")
    python = "\n".join(
        path.read_text(encoding="utf-8")
        for folder in folders
        for path in (FOLDER.parent / folder).rglob("*.py")
    )
    words = set(re.findall(r"\w+", python))
    scripted = set[str]().union(*(statements_of(script) for script in SCRIPTS))
    # f"queries/measure_{name}"
    words |= {f"measure_{name.replace(' ', '_').replace('-', '_')}" for name in list_targets(0)}
    unused = [n for n in NAMES if Path(n).name not in words and n not in scripted]
    # f"demo/copy_{table}" and the like
    assert not [n for n in unused if not re.match(r"(demo|rehearsal)/copy_", n)]


@pytest.mark.parametrize("script", SCRIPTS)
def test_a_script_includes_only_files_that_exist(script: str) -> None:
    assert not [path for path in included(FOLDER / f"{script}.sql") if not path.exists()]


def test_the_migrate_script_runs_the_statements_that_the_tasks_run() -> None:
    names = [*LEDGER_TABLES, *RULES, *INDEXES.values(), *VIEWS_AND_FUNCTIONS, *VIEW_OPTIONS, *SYNC]
    names += ["create_touch_trigger", "create_replica_trigger", "set_replica_trigger"]
    names += ["drop_trigger", "set_touch_always", "set_grants_truncate_always"]
    names += [name for pair in FOREIGN_KEYS.values() for name in pair]
    wanted = {f"schema/{name}" for name in names}
    assert not wanted - statements_of("migrate_to_dynamic_tiers")


def test_the_rollback_script_runs_the_statements_that_the_task_runs() -> None:
    drops = [*DROPS.values(), *BACKUP_DROPS, *LEDGER_DROPS, *SYNC_DROPS]
    wanted = {f"schema/{name}" for name in drops} | {f"queries/{name}" for name in LEDGER_CLEARS}
    assert not wanted - statements_of("rollback_dynamic_tiers")


def test_the_scripts_know_the_objects_of_the_contract() -> None:
    rows = re.findall(
        r"\('(\w+)', '(\w+)', '(.*)', (?:true|false)\)", read("standalone/create_inventory")
    )
    columns = {("columns", view): ", ".join(names) for view, names in VIEW_COLUMNS.items()}
    assert {(kind, name): shape for kind, name, shape in rows} == {**OBJECTS, **RESERVED, **columns}


def test_the_verify_script_asks_for_every_trigger_of_the_sync() -> None:
    asked = re.findall(r"'(tierflow_sync_\w+)'", read("standalone/settle_checks"))
    assert asked == list(SYNC_TRIGGERS)


def test_the_scripts_know_the_source_columns() -> None:
    rows = re.findall(r"\('(\w+)', '(\w+)', ARRAY\[(.*)\]\)", read("standalone/require_source"))
    found = {(table, name): tuple(re.findall(r"'([^']+)'", types)) for table, name, types in rows}
    assert found == {
        (table, name): types
        for table, columns in SOURCE_COLUMNS.items()
        for name, types in columns.items()
    }


def test_a_missing_variable_is_a_key_error() -> None:
    with pytest.raises(KeyError, match="ledger"):
        statement("queries/clear_chunks")


def test_values_are_quoted_as_identifiers_and_literals() -> None:
    text = statement("queries/has_relation", in_schema="a'b", name="c").as_string()
    assert "'a''b'" in text
    assert '"a""b"' in statement("queries/clear_chunks", ledger='a"b').as_string()


def test_the_rows_of_a_statement_are_kept_by_psql_only() -> None:
    assert ":head" in read("checks/coverage")
    assert ":head" not in render("checks/coverage")


def test_rendering_writes_each_statement(tmp_path: Path) -> None:
    main([str(tmp_path)])
    written = {p.relative_to(tmp_path).with_suffix("").as_posix() for p in tmp_path.rglob("*.sql")}
    assert written == set(NAMES)
    assert not [
        n for n in NAMES if re.search(r"""(?<![:\[\w]):['"]?\w""", without_bodies(render(n)))
    ]
