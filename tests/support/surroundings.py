"""What the tests of bad surroundings share: a small source, and what an error must look like."""

from __future__ import annotations

from psycopg.conninfo import conninfo_to_dict

from support.database import Database, Told

OPTIONS = ("--min-coverage", "0")
MIGRATE = ("migrate", *OPTIONS)


def assert_two_lines(told: Told, code: int, *words: str) -> None:
    """The error is on stderr in two lines, and in the JSON object."""
    assert told.code == code, told.stderr
    lines = told.stderr.strip().splitlines()
    assert len(lines) == 2, told.stderr
    assert lines[1].startswith("Next: ")
    assert told.value["error"] == {
        "message": lines[0],
        "next": lines[1].removeprefix("Next: "),
        "exit_code": code,
    }
    for word in words:
        assert word in told.stderr, told.stderr


def fill(database: Database, models: int = 4) -> None:
    database.add_tiers("free", "pro")
    access = [["free"], ["free", "pro"], [], ["pro"]]
    database.add_models([(f"m{n:03}", access[n % 4], {"pro": 1.5}) for n in range(models)])


def database_name(database: Database) -> str:
    return str(conninfo_to_dict(database.dsn)["dbname"])
