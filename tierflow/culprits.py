"""Whose function it was that failed: the application's own triggers run when we write its rows."""

from __future__ import annotations

import contextlib
import re
from collections.abc import Generator

import psycopg

from tierflow.errors import ConfigurationError

_FUNCTION = re.compile(
    r'(?:PL/pgSQL|SQL) function "?(?P<name>.+?)"?(?: line \d| statement \d| during |$)'
)
_OURS = re.compile(
    r"tierflow(_dry_run)?\.|(\S+\.)?(touch_tier_model_access|get_models_for_tier"
    r"|is_model_available_for_tier)\("
)
# undefined table, function, column, object, schema: names that are looked up in the search path
_NOT_FOUND = ("42P01", "42883", "42703", "42704", "3F000")


@contextlib.contextmanager
def writing_models() -> Generator[None]:
    """Name what an expression of the application's (a CHECK, an index) cannot take of our values.

    Around statements that write its rows: there alone an error of this class is not a bug of ours.
    """
    try:
        yield
    except psycopg.DataError as error:
        if function := find_culprit(error):
            raise blame(error, function) from error
        said = (error.diag.message_primary or str(error)).splitlines()[0]
        raise ConfigurationError(
            f"A constraint or index of this database cannot take a model's values: {said}.",
            next_step="correct the rule or those models, then run the same command again",
        ) from error


def find_culprit(error: psycopg.Error) -> str | None:
    """Return the function in which the error was raised, None if it is ours or there is none."""
    found = _FUNCTION.match(error.diag.context or "")
    return None if found is None or _OURS.match(found["name"]) else found["name"]


def blame(error: psycopg.Error, function: str) -> ConfigurationError:
    """Return the error that names the function, and what makes it work."""
    said = (error.diag.message_primary or str(error)).splitlines()[0]
    next_step = "let this role pass, or correct the function, then run the same command again"
    if error.sqlstate in _NOT_FOUND:
        next_step = (
            "tierflow and its sync look names up in pg_catalog alone, so give the function its own"
            f" schemas: ALTER FUNCTION {function} SET search_path = public, pg_temp"
        )
    return ConfigurationError(
        f"The function {function} of this database fails when tierflow writes: {said}.",
        next_step=next_step,
    )
