"""Write every statement with sample values, for tools that do not know psql's variables.

`python -m sql.render FOLDER` writes the tree of `.sql` files below FOLDER, `python -m sql.render`
prints them all. Only files that hold one statement are written: the three standalone scripts
include those and add nothing to lint but psql's own commands.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

from sql import FOLDER, MARK, list_variables, statement


def list_statements() -> Iterator[str]:
    """Yield the name of each statement file, as `sql.statement` takes it."""
    for path in sorted(FOLDER.rglob("*.sql")):
        if path.parent != FOLDER:
            yield path.relative_to(FOLDER).with_suffix("").as_posix()


def render(name: str) -> str:
    """Return the text of one statement, each variable replaced by its own name."""
    samples = {variable: variable for variable in list_variables(name)}
    text = statement(name, **samples).as_string().removesuffix(MARK.as_string())
    return text.strip().rstrip(";") + ";\n"


def main(arguments: list[str]) -> None:
    """Write all statements below the folder given, or to stdout."""
    for name in list_statements():
        if not arguments:
            sys.stdout.write(f"-- {name}\n{render(name)}\n")
            continue
        path = Path(arguments[0], f"{name}.sql")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(render(name), encoding="utf-8")


if __name__ == "__main__":
    main(sys.argv[1:])
