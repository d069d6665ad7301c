"""What we hold in a session is on one list: nobody adds a setting, a lock or a table unseen."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from sql import FOLDER
from tierflow.session_state import SESSION_STATE

ROOT = Path(__file__).parents[2]
PACKAGES = ("flows", "tasks", "expectations", "tierflow", "admin")
COMMENT = re.compile(r"--[^\n]*|/\*.*?\*/", re.DOTALL)
SET_CONFIG = re.compile(r"\bset_config\s*\(\s*('[^']+'|[^,\s]+)\s*,", re.IGNORECASE)
# at the beginning of a statement: the SET of an UPDATE and of a function's head are none
SET = re.compile(
    r"(?:\A|;|\b(?:BEGIN|THEN|ELSE|LOOP)\b)\s*(?:SET|RESET)\s+(LOCAL\s+|SESSION\s+)?(\w+)",
    re.IGNORECASE,
)
LOCK = re.compile(r"\b(pg_(?:try_)?advisory_(xact_)?lock(?:_shared)?)\b", re.IGNORECASE)
PREPARE = re.compile(r"(?<!\w)PREPARE\s+(?!TRANSACTION)(\w+)[^;]*?\bAS\b", re.IGNORECASE)
TEMPORARY = re.compile(
    r"\bTEMP(?:ORARY)?\s+(?:TABLE|VIEW|SEQUENCE)\s+(?:IF NOT EXISTS\s+)?(\w+)(?:\s*\([^()]*\))?"
    r"(\s+ON COMMIT DROP)?"
    r"|\bCREATE\s+(?:TABLE|VIEW|SEQUENCE)\s+pg_temp\.(\w+)(\s+ON COMMIT DROP)?"
    r"|\bINTO\s+TEMP(?:ORARY)?\s+(?:TABLE\s+)?(\w+)()",
    re.IGNORECASE,
)
CURSOR = re.compile(
    r"\bDECLARE\s+(\"[^\"]+\"|\w+)\s+(?:\w+\s+)*?CURSOR\s+(WITH\s+HOLD\s+)?", re.IGNORECASE
)
LISTEN = re.compile(r"(?:\A|;|')\s*LISTEN\s+(\w+)", re.IGNORECASE)
ELSEWHERE = re.compile(
    r"\b(setseed|DISCARD(?=\s+(?:ALL|PLANS|SEQUENCES|TEMP))|LOAD\s+')", re.IGNORECASE
)
# in Python: SQL stands in sql/ alone, so what is left is what the driver is asked for
DRIVER = {
    "prepared": re.compile(r"\b(prepare\s*=\s*True|prepare_threshold\s*=)"),
    "cursor": re.compile(r"\.cursor\(\s*(?:name\s*=\s*)?\"(\w+)\"|(ServerCursor)\("),
    "listen": re.compile(r"\b(add_notify_handler|notifies)\s*\("),
    "mode": re.compile(r"\.(read_only|isolation_level|deferrable)\s*=(?!=)"),
}


def scope(text: str, start: int) -> str:
    """Return until when a set_config lasts, by the last argument of the call that begins there.

    A variable may be false: then it lasts as long as the session.
    """
    depth, quoted = 0, False
    for place in range(text.index("(", start), len(text)):
        letter = text[place]
        if letter == "'":
            quoted = not quoted
        elif not quoted and letter in "()":
            depth += 1 if letter == "(" else -1
            if not depth:
                last = re.split(r",\s*", text[:place])[-1].strip()
                return "transaction" if last == "true" else "session"
    raise AssertionError("a call without an end")


def find_in_sql(text: str) -> Iterator[tuple[str, str, str]]:
    """Yield kind, name and until of each piece of session state in a statement."""
    text = COMMENT.sub("", text)
    for found in SET_CONFIG.finditer(text):
        yield "setting", found[1].strip("'"), scope(text, found.start())
    for found in SET.finditer(text):
        name = found[2].lower()
        local = (found[1] or "").strip().lower() == "local" or name in (
            "constraints",
            "transaction",
        )
        yield "setting", name, "transaction" if local else "session"
    for found in LOCK.finditer(text):
        yield "lock", found[1].lower(), "transaction" if found[2] else "session"
    for found in PREPARE.finditer(text):
        yield "prepared", found[1], "session"
    for found in TEMPORARY.finditer(text):
        name = found[1] or found[3] or found[5]
        yield "temporary", name, "transaction" if found[2] or found[4] else "session"
    for found in CURSOR.finditer(text):
        name = found[1].strip('"')
        yield "cursor", name, "session" if found[2] else "transaction"
    for found in LISTEN.finditer(text):
        yield "listen", found[1], "session"
    for found in ELSEWHERE.finditer(text):
        yield "setting", found[1], "session"


def find_in_python(text: str) -> Iterator[tuple[str, str, str]]:
    for kind, pattern in DRIVER.items():
        for found in pattern.finditer(text):
            name = re.sub(r"\s", "", next(part for part in found.groups() if part))
            yield kind, name, "session" if kind in ("prepared", "listen") else "transaction"


def find_all() -> set[tuple[str, str, str, str]]:
    """Return kind, name, until and file of everything that the sources say."""
    found = {
        (*one, path.relative_to(FOLDER).as_posix())
        for path in FOLDER.rglob("*.*sql")
        for one in find_in_sql(path.read_text(encoding="utf-8"))
    }
    return found | {
        (*one, path.relative_to(ROOT).as_posix())
        for package in PACKAGES
        for path in (ROOT / package).rglob("*.py")
        if path.stem != "session_state"
        for one in find_in_python(path.read_text(encoding="utf-8"))
    }


LISTED = [(held.kind, held.name, held.until, held.file) for held in SESSION_STATE]


def test_every_piece_of_session_state_is_on_the_list_and_the_list_holds_nothing_else() -> None:
    found = find_all()
    assert found - set(LISTED) == set(), "say in tierflow/session_state.py until when it lasts"
    assert set(LISTED) - found == set()
    assert len(set(LISTED)) == len(LISTED)


@pytest.mark.parametrize(
    ("added", "state"),
    [
        ("SELECT set_config('work_mem', '1GB', false)", ("setting", "work_mem", "session")),
        ("SELECT set_config('a.b', f('x, y', 1), true)", ("setting", "a.b", "transaction")),
        ("SELECT set_config('a.b', 'on', :'local')", ("setting", "a.b", "session")),
        ("-- why\nSET jit = off", ("setting", "jit", "session")),
        ("SET LOCAL jit = off", ("setting", "jit", "transaction")),
        ("SET CONSTRAINTS ALL DEFERRED", ("setting", "constraints", "transaction")),
        ("SET ROLE owner", ("setting", "role", "session")),
        ("BEGIN\n    SET search_path = x;\nEND", ("setting", "search_path", "session")),
        ("SELECT pg_advisory_lock_shared(1)", ("lock", "pg_advisory_lock_shared", "session")),
        ("SELECT pg_catalog.pg_try_advisory_xact_lock(1)",
         ("lock", "pg_try_advisory_xact_lock", "transaction")),
        ("PREPARE find (int) AS SELECT 1", ("prepared", "find", "session")),
        ("CREATE TEMP TABLE kept AS SELECT 1", ("temporary", "kept", "session")),
        ("\\set head 'CREATE TEMPORARY TABLE kept ON COMMIT DROP AS'",
         ("temporary", "kept", "transaction")),
        ("CREATE TABLE pg_temp.kept (a int)", ("temporary", "kept", "session")),
        ("SELECT 1 INTO TEMPORARY kept", ("temporary", "kept", "session")),
        ("DECLARE rows CURSOR WITH HOLD FOR SELECT 1", ("cursor", "rows", "session")),
        ("DECLARE rows NO SCROLL CURSOR FOR SELECT 1", ("cursor", "rows", "transaction")),
        ("LISTEN finished", ("listen", "finished", "session")),
        ("DISCARD ALL", ("setting", "DISCARD", "session")),
    ],
)  # fmt: skip
def test_what_somebody_may_add_to_a_statement_is_seen(
    added: str, state: tuple[str, str, str]
) -> None:
    assert list(find_in_sql(added)) == [state]


@pytest.mark.parametrize(
    "innocent",
    [
        "UPDATE t\nSET a = 1",
        "CREATE FUNCTION f() RETURNS int\nSET search_path = pg_catalog\nAS $$ SELECT 1 $$",
        "ALTER TABLE t SET (autovacuum_enabled = off)",
        "SELECT pg_advisory_unlock_all()",
        "-- SET jit = off",
        "COMMIT PREPARED 'x'",
        "DECLARE\n    before text := current_setting('a.b', true);",
    ],
)
def test_what_holds_nothing_is_not_taken_for_it(innocent: str) -> None:
    assert not list(find_in_sql(innocent))


@pytest.mark.parametrize(
    ("added", "state"),
    [
        ("connection.execute(text, prepare=True)", ("prepared", "prepare=True", "session")),
        ("connection.prepare_threshold = 0", ("prepared", "prepare_threshold=", "session")),
        ('connection.cursor("rows")', ("cursor", "rows", "transaction")),
        ("connection.add_notify_handler(say)", ("listen", "add_notify_handler", "session")),
        ("connection.read_only = True", ("mode", "read_only", "transaction")),
    ],
)
def test_what_somebody_may_ask_the_driver_for_is_seen(
    added: str, state: tuple[str, str, str]
) -> None:
    assert list(find_in_python(added)) == [state]
