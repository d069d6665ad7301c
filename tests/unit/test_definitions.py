"""The evidence pack has the text of all that decides a check."""

from __future__ import annotations

import re

from flows.definitions import JUDGES, read_definitions

# they decide nothing: one sets the session, the other refuses to begin
NO_CHECK = {"sql/queries/set_work_memory.sql", "sql/queries/list_missing_privileges.sql"}


def test_every_statement_that_a_check_asks_is_a_definition() -> None:
    definitions = read_definitions()
    texts = [definitions[f"tasks/{name}.py"].decode() for name in JUDGES]
    asked = {
        f"sql/{name}.sql"
        for text in texts
        for name in re.findall(r'"((?:checks|queries|schema)/\w+)"', text)
    }
    assert len(asked) > 15
    assert asked - NO_CHECK <= set(definitions)
    assert {"sql/checks/coverage.sql", "expectations/suites/coverage.py"} <= set(definitions)
    assert len([name for name in definitions if "/measure_" in name]) == 5


def test_so_is_every_function_and_view_that_they_rest_on() -> None:
    definitions = read_definitions()
    made = re.compile(r'CREATE OR REPLACE (?:FUNCTION|VIEW) :"ledger"\.(\w+)')
    called = re.compile(
        r':"ledger"\.((?:implied|tier_code|usable|markup|write_code_|sync_|held_|access_)\w*)'
    )
    sql = [text.decode() for name, text in definitions.items() if name.endswith(".sql")]
    there = {name for text in sql for name in made.findall(text)}
    assert there == {name for text in sql for name in called.findall(text)}
