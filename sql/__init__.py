"""Every SQL text of tierflow, one statement a file, and the small loader that reads them.

The files use psql's own variables, so that psql and psycopg run the same text: `:"name"` is an
identifier, `:'name'` a literal. psql does not look inside dollar quotes and neither do we: a
function that needs a variable has a SQL-standard body (BEGIN ATOMIC), or takes it as an argument.
psql cannot pass NULL (such a file takes '' for it), nor the rows of one file to another: a line
`:head` is where the standalone scripts put what keeps the rows (CREATE TEMPORARY TABLE ... AS, or
DECLARE ... CURSOR FOR); for psycopg it is nothing.
"""

import functools
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any, LiteralString, cast

from psycopg.sql import SQL, Composable, Composed, Identifier, Literal

FOLDER = Path(__file__).parent
_VARIABLE = re.compile(r"""(?<!:):(?:"(?P<identifier>\w+)"|'(?P<literal>\w+)')""")
_COMMENT = re.compile(r"^\s*--.*\n", re.MULTILINE)
_HEAD = ":head\n"
# pg_stat_statements keeps it at the end (not always at the beginning), so that nobody takes our
# statements for the application's
MARK = SQL(" /* tierflow */")


def statement(name: str, /, **values: Any) -> Composed:
    """Return the statement in `sql/<name>.sql` with its variables filled in.

    Values are quoted by psycopg (identifiers and literals), because DDL takes no server-side
    parameters; a value that is SQL itself ($1 of a statement to prepare) stands as it is. Raises
    KeyError when the file names a variable that `values` lacks.
    """
    return Composed([*_compose(_text(name), values), MARK])


def explain(name: str, /, **values: Any) -> Composed:
    """Return the statement as one whose answer is its plan, with the time it took in the server."""
    head = SQL("EXPLAIN (ANALYZE, TIMING OFF, SUMMARY ON, FORMAT JSON) ")
    return Composed([head]) + statement(name, **values)


def prepare(name: str, /, **values: Any) -> Composed:
    """Return the statement that prepares `sql/<folder>/<name>.sql` under its bare name."""
    head = SQL("PREPARE {} AS ").format(Identifier(name.rsplit("/", 1)[1]))
    return Composed([head]) + statement(name, **values)


def list_variables(name: str) -> set[str]:
    """Return the variables that the statement in `sql/<name>.sql` needs."""
    found = _VARIABLE.finditer(_text(name))
    return {match["identifier"] or match["literal"] for match in found}


@functools.cache
def _text(name: str) -> str:
    text = (FOLDER / f"{name}.sql").read_text(encoding="utf-8")
    return _COMMENT.sub("", text).replace(_HEAD, "").rstrip().removesuffix(";")


def _compose(text: str, values: dict[str, Any]) -> Iterator[Composable]:
    end = 0
    for variable in _VARIABLE.finditer(text):
        yield _sql(text[end : variable.start()])
        if identifier := variable["identifier"]:
            yield Identifier(values[identifier])
        else:
            value = values[variable["literal"]]
            yield value if isinstance(value, SQL) else Literal(value)
        end = variable.end()
    yield _sql(text[end:])


def _sql(text: str) -> SQL:
    # the text comes from a file of this package, never from input: the one cast past LiteralString
    return SQL(cast(LiteralString, text))
