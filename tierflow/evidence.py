"""The evidence pack's parts: hashes, plain files, and a zip that is the same each time."""

from __future__ import annotations

import csv
import datetime as dt
import hashlib
import io
import json
import os
import zipfile
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from sql import statement
from tierflow.connection import Connection
from tierflow.errors import ConfigurationError

MANIFEST = "MANIFEST"


def hash_bytes(content: bytes) -> str:
    """Return the SHA-256 of some bytes, in hexadecimal."""
    return hashlib.sha256(content).hexdigest()


def hash_file(path: str | Path | None) -> dict[str, str] | None:
    """Return the name of a file (without its folder) and its SHA-256; None for no file."""
    if path is None:
        return None
    return {"name": Path(path).name, "sha256": hash_bytes(Path(path).read_bytes())}


def hash_source(connection: Connection, schema: str) -> str:
    """Return the SHA-256 of all models' tier columns, as psql's COPY prints them in key order."""
    digest = hashlib.sha256()
    query = statement("queries/copy_source_values", schema=schema)
    with connection.cursor() as cursor, cursor.copy(query) as copy:
        for block in copy:
            digest.update(block)
    return digest.hexdigest()


def as_json(value: object) -> bytes:
    """Return a value as JSON text that a person can read."""
    return (json.dumps(value, indent=1, ensure_ascii=False, default=str) + "\n").encode()


def as_csv(columns: Sequence[str], rows: Iterable[Mapping[str, Any]]) -> bytes:
    """Return rows as CSV with a head; None is an empty cell, a list is joined by blanks."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(columns)
    for row in rows:
        writer.writerow([_plain(row[name]) for name in columns])
    return text.getvalue().encode()


def _plain(value: object) -> object:
    return " ".join(map(str, value)) if isinstance(value, list | tuple) else value  # pyright: ignore


def moment_of_packing() -> dt.datetime:
    """Return now, or SOURCE_DATE_EPOCH, by which the same pack can be made again."""
    epoch = os.environ.get("SOURCE_DATE_EPOCH", "")
    if epoch.isdecimal():
        return dt.datetime.fromtimestamp(int(epoch), dt.UTC)
    return dt.datetime.now(dt.UTC).replace(microsecond=0)


def write_manifest(files: Mapping[str, bytes]) -> bytes:
    """Return the hashes of the files, as `sha256sum --check` reads them."""
    return "".join(f"{hash_bytes(files[name])}  {name}\n" for name in sorted(files)).encode()


def write_pack(files: Mapping[str, bytes], path: Path, moment: dt.datetime) -> bytes:
    """Write the files and their MANIFEST as one zip, replacing it at once; return its bytes.

    Raises ConfigurationError when it cannot be written.
    """
    stamp = max(moment.astimezone(dt.UTC), dt.datetime(1980, 1, 1, tzinfo=dt.UTC))
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as archive:
        for name, content in sorted({**files, MANIFEST: write_manifest(files)}.items()):
            entry = zipfile.ZipInfo(name, stamp.timetuple()[:6])
            entry.compress_type = zipfile.ZIP_DEFLATED
            entry.external_attr = 0o644 << 16
            archive.writestr(entry, content)
    draft = path.with_name(f".{path.name}.draft")
    try:
        draft.write_bytes(packed.getvalue())
        draft.replace(path)
    except OSError as error:
        draft.unlink(missing_ok=True)
        raise ConfigurationError(
            f"The evidence pack cannot be written to {path}: {error.strerror}.",
            next_step="give another place with --output FILE",
        ) from error
    return packed.getvalue()
