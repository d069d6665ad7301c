"""The one place that connects to PostgreSQL, and that names the driver's errors."""

from __future__ import annotations

import contextlib
import itertools
import os
import re
import threading
from collections.abc import Generator
from typing import Any

import psycopg
from psycopg import errors as pg
from psycopg.conninfo import conninfo_to_dict
from psycopg.pq import TransactionStatus
from psycopg.rows import DictRow, dict_row

from sql import statement
from tierflow import poolers
from tierflow.culprits import blame, find_culprit
from tierflow.errors import ConfigurationError, TierflowError, TransientError
from tierflow.settings import Target

Connection = psycopg.Connection[DictRow]

# no connection asks for these: a pooler would set them in a session that may be the application's,
# and PgBouncer 1.18 never takes an application_name back
NAMELESS: dict[str, Any] = {"application_name": "", "client_encoding": ""}
# by DSN: whether a pooler stands before the server, which leaves each session its own process
_pooled: dict[str, bool] = {}
_looking = threading.Lock()
CANCEL_SECONDS = 5.0
STREAMED_ROWS = 2_000
_AGAIN = "run the same command again; it goes on where it stopped"

# the faults that a step retries by itself: locks, deadlocks, serialization, lost sessions
_RETRIED = (
    pg.LockNotAvailable,
    pg.DeadlockDetected,
    pg.SerializationFailure,
    pg.AdminShutdown,
    pg.CrashShutdown,
    pg.IdleInTransactionSessionTimeout,
)
_TRANSIENT = (
    *_RETRIED,
    pg.QueryCanceled,
    pg.CannotConnectNow,
    pg.TooManyConnections,
    pg.DiskFull,
    pg.OutOfMemory,
)
# classes of SQLSTATE: connection, resources, limits, operator intervention, system
_OF_THE_SERVER = ("08", "53", "54", "57", "58")
# the parts that errors and reports show, and what libpq takes for one that the DSN lacks
_PG = {"host": "PGHOST", "port": "PGPORT", "dbname": "PGDATABASE", "user": "PGUSER"}
# in `options`, which may also say which server is meant (endpoint=...)
_SETTING = re.compile(r"(?:-c\s*|--)(?:\\.|[^\s\\])+")
_STRING_IN_A_PART = re.compile(r"://|\b(password|passwd|pwd)\s*=", re.IGNORECASE)
# what libpq says before a session exists when waiting does not help
_WRONG_SETTING = (
    "authentication failed",
    "does not exist",
    "no pg_hba.conf entry",
    "failed to resolve",
    "could not translate",
    "invalid",
    "no password supplied",
    "permission denied for database",
    "certificate",
    "does not support ssl",
    "definition of service",
    "unrecognized configuration parameter",
    "unsupported startup parameter",
)


@contextlib.contextmanager
def connect(
    target: Target, purpose: str, *, autocommit: bool = False, read_only: bool = False
) -> Generator[Connection]:
    """Open a session named `tierflow: <purpose>`; commit at the end, roll back on an error.

    Names are always qualified, so the search path holds the catalogue only. Raises
    ConfigurationError or TransientError in place of the driver's own errors, and the former, with
    nothing set, where a pooler hands the session on between transactions.
    """
    _require_plain_dsn(target.dsn)
    with translated_errors():
        pooled = _is_pooled(target.dsn)
        with Connection.connect(
            target.dsn, **NAMELESS, row_factory=dict_row, autocommit=True
        ) as connection:
            poolers.begin_session(connection, f"tierflow: {purpose}", pooled=pooled)
            # False would lift default_transaction_read_only; None leaves it in force
            connection.read_only = read_only or None
            connection.autocommit = autocommit
            try:
                yield connection
            except Exception:
                raise
            except BaseException:
                # psycopg cancels on Ctrl-C only: after any other signal the server would go on with
                # the statement, and hold its locks
                if connection.info.transaction_status == TransactionStatus.ACTIVE:
                    connection.cancel_safe(timeout=CANCEL_SECONDS)
                raise


def require_sessions(target: Target, wanted: int = 2) -> None:
    """Look afresh whether sessions are ours until we close them, and behind a pooler ask for some.

    `wanted`: how many are held at once, of PostgreSQL's own programs too. Raises ConfigurationError
    when a pooler hands them on between transactions, or has too few. Nothing is set.
    """
    _require_plain_dsn(target.dsn)
    with translated_errors(), _looking:
        _pooled[target.dsn] = _look(target.dsn, wanted)


def _is_pooled(dsn: str) -> bool:
    """Return what was found of this DSN in this process, looking once."""
    with _looking:
        if dsn not in _pooled:
            _pooled[dsn] = _look(dsn, 2)
        return _pooled[dsn]


def _look(dsn: str, wanted: int) -> bool:
    options = str(conninfo_to_dict(dsn).get("options") or os.environ.get("PGOPTIONS", ""))
    given = {**NAMELESS, "options": _SETTING.sub("", options)} if options else NAMELESS

    def open_nameless(**limits: Any) -> psycopg.Connection[Any]:
        return psycopg.connect(dsn, **given, **limits, autocommit=True)

    return poolers.find_pooler(open_nameless, wanted=wanted)


def fetch(connection: Connection, name: str, /, **values: Any) -> list[DictRow]:
    """Return the rows of the statement in `sql/<name>.sql`."""
    return connection.execute(statement(name, **values)).fetchall()


def stream(connection: Connection, name: str, /, **values: Any) -> Generator[list[DictRow]]:
    """Yield the rows of the statement in `sql/<name>.sql` in blocks, in bounded memory."""
    # not by a server-side cursor: PostgreSQL reads those without parallel workers
    with connection.cursor() as cursor:
        rows = cursor.stream(statement(name, **values), size=STREAMED_ROWS)
        while block := list(itertools.islice(rows, STREAMED_ROWS)):
            yield block


def run(connection: Connection, name: str, /, **values: Any) -> int:
    """Run the statement in `sql/<name>.sql` and return the number of rows it changed."""
    return connection.execute(statement(name, **values)).rowcount


def has_relation(connection: Connection, schema: str, name: str) -> bool:
    """Return whether a table or view is there."""
    return bool(fetch(connection, "queries/has_relation", in_schema=schema, name=name)[0]["there"])


def name_database(target: Target) -> str:
    """Return the database that the DSN means. Raises ConfigurationError for a bad DSN."""
    parameters = _require_plain_dsn(target.dsn)
    return str(parameters.get("dbname") or os.environ.get("PGDATABASE") or "(default database)")


def describe_place(dsn: str) -> str:
    """Return database and server of a DSN as a person is asked about them. No password is in it."""
    parts = _require_plain_dsn(dsn)
    database, host, port = (
        str(parts.get(name) or os.environ.get(_PG[name], "")) for name in ("dbname", "host", "port")
    )
    on = f" on {host}{f':{port}' if port else ''}" if host else " on this machine"
    return f"database {database or '(default)'}{on}"


def _require_plain_dsn(dsn: str) -> dict[str, Any]:
    """Return the parts; refuse a DSN of which a password's rest would be shown as another part."""
    with translated_errors():
        parts: dict[str, Any] = conninfo_to_dict(dsn)
    shown = [str(parts.get(name) or os.environ.get(_PG[name], "")) for name in _PG]
    if "://" in dsn and any("@" in part for part in shown[:3]):
        raise ConfigurationError(
            "TIERFLOW_DSN has a second @ or a / in what stands before the host.",
            next_step="write @ and / in a password as %40 and %2F, or use a pgpass file",
        )
    if not re.fullmatch(r"[0-9,]*", shown[1]):
        raise ConfigurationError(
            "The port in TIERFLOW_DSN, or PGPORT, is not a number.",
            next_step="write user:password@ before the host, and / ? # in a password as %2F %3F"
            " %23, or use a pgpass file",
        )
    if any(_STRING_IN_A_PART.search(part) for part in shown):
        raise ConfigurationError(
            "TIERFLOW_DSN, or a PG* variable, has a whole connection string in one of its parts.",
            next_step="separate the parts by spaces: host=... port=... dbname=... user=...",
        )
    return parts


@contextlib.contextmanager
def translated_errors() -> Generator[None]:
    """Turn the driver's errors into ours: named ones only, so that a bug stays a bug."""
    try:
        yield
    except _TRANSIENT as error:
        raise _transient(error) from error
    except pg.ForeignKeyViolation as error:
        raise TransientError(
            f"A tier or model was deleted meanwhile: {_first_line(error)}. {_detail(error)}",
            next_step=f"{_AGAIN}; if it meets this each time, `tierflow migrate --restart` builds"
            " afresh",
            retry=True,
        ) from error
    except pg.ReadOnlySqlTransaction as error:
        raise ConfigurationError(
            f"The database is read-only: {_first_line(error)}.",
            next_step="connect to the primary, or lift default_transaction_read_only for this role",
        ) from error
    except pg.InsufficientPrivilege as error:
        next_step = "run `tierflow grants`, which prints the GRANTs that each command needs"
        # the message is in the server's language
        if error.diag.source_function == "check_enable_rls":
            next_step = (
                "give the role that is asking, or the one that the sync runs as, every row (no"
                " policy does): ALTER ROLE ... BYPASSRLS, as `tierflow grants` prints it"
            )
        raise ConfigurationError(
            f"A privilege is missing: {_first_line(error)}.", next_step=next_step
        ) from error
    except (pg.DependentObjectsStillExist, pg.DuplicateObject, pg.DuplicateTable) as error:
        raise ConfigurationError(
            f"An object stands in the way: {_first_line(error)}. {_detail(error)}".strip(),
            next_step="drop or rename the object that is named, then run the command again",
        ) from error
    except pg.TooManyColumns as error:
        raise ConfigurationError(
            f"The table of the models has no room for another column: {_first_line(error)}."
            " Dropped ones count too: PostgreSQL never gives their numbers back.",
            next_step="run it with --no-backup-columns, or copy the table into a new one first",
        ) from error
    except (pg.RaiseException, pg.CheckViolation, pg.NotNullViolation) as error:
        if function := find_culprit(error):
            raise blame(error, function) from error
        raise ConfigurationError(
            f"A trigger or constraint of this database refuses a row: {_first_line(error)}."
            f" {_detail(error)}".strip(),
            next_step="correct that row or lift the rule, then run the same command again",
        ) from error
    except (UnicodeError, pg.UntranslatableCharacter, pg.CharacterNotInRepertoire):
        # neither is shown: what was to be encoded may be the password
        raise ConfigurationError(
            "A text cannot be written in the encoding of this database, or read from it as UTF-8.",
            next_step="look for it in TIERFLOW_DSN, --schema and the tier map; in a database of"
            " encoding SQL_ASCII or LATIN1 also in the JSONB and the names",
        ) from None
    except psycopg.OperationalError as error:
        if error.sqlstate is not None and not error.sqlstate.startswith(_OF_THE_SERVER):
            raise  # the driver counts an object in the wrong state among these
        raise _connection_error(error) from error
    except psycopg.InterfaceError as error:
        raise TransientError(
            f"The connection to PostgreSQL is gone: {error}.", next_step=_AGAIN, retry=True
        ) from error
    except psycopg.ProgrammingError as error:
        if function := find_culprit(error):
            raise blame(error, function) from error
        if error.sqlstate is not None:
            raise
        # libpq's text repeats the string, password and all: it is neither shown nor chained
        raise ConfigurationError(
            "TIERFLOW_DSN is not a libpq conninfo or URL.",
            next_step="write it like postgresql://user@host:5432/dbname, or host=... dbname=...",
        ) from None
    except psycopg.DatabaseError as error:
        if function := find_culprit(error):
            raise blame(error, function) from error
        raise


def _connection_error(error: psycopg.OperationalError) -> TierflowError:
    """Tell a server that is down (run again) from a wrong setting (correct it)."""
    text = " ".join(str(error).split())
    if error.sqlstate is None and any(sign in text.lower() for sign in _WRONG_SETTING):
        return ConfigurationError(
            f"PostgreSQL refuses these settings: {text}.",
            next_step="correct TIERFLOW_DSN or the PG* variables",
        )
    return TransientError(
        f"The connection to PostgreSQL failed: {text}.",
        next_step="check that the server runs and can be reached, then run the same command again",
        retry="server closed the connection" in text or "connection is lost" in text,
    )


def _transient(error: psycopg.Error) -> TransientError:
    if isinstance(error, pg.DiskFull):
        return TransientError(
            f"The server has no space left: {_first_line(error)}.",
            next_step="free space on the database server, then run the same command again",
        )
    return TransientError(
        f"The database interrupted the run: {_first_line(error)}.",
        next_step=_AGAIN,
        retry=isinstance(error, _RETRIED),
    )


def _detail(error: psycopg.Error) -> str:
    """Return the server's detail, which names objects or rows one a line, as one line."""
    return "; ".join((error.diag.message_detail or "").splitlines())


def _first_line(error: psycopg.Error) -> str:
    return (error.diag.message_primary or str(error)).splitlines()[0]
