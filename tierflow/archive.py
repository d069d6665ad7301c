"""The archive of the old columns: one Parquet file, written and read by batches.

A row is a model as it was at some moment; of several rows of one model the last one counts. JSON
is kept as PostgreSQL's own text of it, so that SQL NULL (no value) and JSON null (`null`) differ.
"""

# pyright: reportUnknownVariableType=false, reportUnknownArgumentType=false
# pyarrow has no types

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import pyarrow as pa
import pyarrow.parquet as pq

from tierflow.errors import ConfigurationError

COLUMNS = (
    "id",
    "model_id",
    "tier_access",
    "tier_markup",
    "tier_access_backup",
    "tier_markup_backup",
)
FLAG = "null_captured"
SCHEMA: Any = pa.schema([*((name, pa.string()) for name in COLUMNS), (FLAG, pa.bool_())])
HEADER = b"tierflow"
BATCH_ROWS = 20_000
_BLOCK = 2**20


class Archive(NamedTuple):
    """A finished file: rows counts each version of a model."""

    file: Path
    sha256: str
    bytes: int
    rows: int


class ArchiveWriter:
    """Writes a new file beside its name and moves it there when it is whole."""

    def __init__(self, file: Path, header: Mapping[str, Any]) -> None:
        """Begin the file. Raises ConfigurationError when there is one of that name already."""
        refuse_existing(file)
        file.parent.mkdir(parents=True, exist_ok=True)
        self._file, self._rows = file, 0
        self._unfinished = file.with_name(f".{file.name}.{os.getpid()}")
        self._sink = _HashingFile(self._unfinished)
        schema = SCHEMA.with_metadata({HEADER: json.dumps(header, default=str)})
        self._writer: Any = pq.ParquetWriter(self._sink, schema, compression="zstd")

    def write(self, rows: Sequence[Mapping[str, Any]]) -> None:
        """Append rows of `sql/queries/list_originals.sql`; they are one row group."""
        if rows:
            self._writer.write_table(pa.Table.from_pylist([dict(row) for row in rows], SCHEMA))
            self._rows += len(rows)

    def sync(self) -> None:
        """Have what is written so far on disk, so that little is left for the close."""
        self._sink.sync()

    def close(self) -> Archive:
        """Finish the file on disk, and write its checksum beside it."""
        self._writer.close()
        size = self._sink.finish()
        self._unfinished.rename(self._file)
        digest = self._sink.digest.hexdigest()
        text = f"{digest}  {self._file.name}\n"
        checksum_file(self._file).write_text(text, encoding="utf-8")
        return Archive(self._file, digest, size, self._rows)

    def discard(self) -> None:
        """Remove what is unfinished."""
        self._unfinished.unlink(missing_ok=True)


class _HashingFile:
    """A file that is written front to back, with the digest of what was written."""

    def __init__(self, path: Path) -> None:
        self._file = path.open("wb")
        self.digest = hashlib.sha256()
        self.closed = False

    def write(self, data: Any) -> int:
        self.digest.update(data)
        return self._file.write(data)

    def tell(self) -> int:
        return self._file.tell()

    def flush(self) -> None:
        self._file.flush()

    def close(self) -> None:
        self.closed = True

    def sync(self) -> None:
        self._file.flush()
        os.fsync(self._file.fileno())

    def finish(self) -> int:
        self.sync()
        size = self._file.tell()
        self._file.close()
        return size


def refuse_existing(file: Path) -> None:
    """Raise ConfigurationError when the file is there: an archive is never written over."""
    if file.exists():
        raise ConfigurationError(
            f"{file} is there already, and an archive is never written over.",
            next_step="give another name with --archive, or move that file away",
        )


def checksum_file(file: Path) -> Path:
    """Return where the checksum of an archive stands, as `sha256sum -c` reads it."""
    return file.with_name(f"{file.name}.sha256")


def hash_file(file: Path) -> str:
    """Return the SHA-256 of a file, read by blocks."""
    digest = hashlib.sha256()
    with file.open("rb") as blocks:
        while block := blocks.read(_BLOCK):
            digest.update(block)
    return digest.hexdigest()


def is_archive(file: Path) -> bool:
    """Return whether a file is Parquet, by its first bytes."""
    if not file.is_file():
        return False
    with file.open("rb") as head:
        return head.read(4) == b"PAR1"


def read_header(file: Path, known: Mapping[str, str]) -> dict[str, Any]:
    """Check the whole file against the checksum beside it and in `known`, and return its header.

    `known` are checksums by where they stand. Raises ConfigurationError for a file that is damaged,
    or is Parquet of another kind.
    """
    digest, beside = hash_file(file), checksum_file(file)
    checksums = dict(known)
    if beside.exists():
        checksums[str(beside)] = beside.read_text(encoding="utf-8").split()[0]
    for place, expected in checksums.items():
        if digest != expected:
            raise ConfigurationError(
                f"{file} is not the file that was written: its SHA-256 is {digest}, and {place}"
                f" says {expected}.",
                next_step="take an undamaged copy of the archive, or restore from a dump",
            )
    try:
        metadata = pq.ParquetFile(file).schema_arrow.metadata or {}
        return dict(json.loads(metadata[HEADER]))
    except (pa.ArrowInvalid, KeyError) as error:
        raise ConfigurationError(
            f"{file} is no archive of tierflow.",
            next_step="name the file that `tierflow finalize` wrote, or a custom-format dump",
        ) from error


def read_rows(file: Path) -> Iterator[list[dict[str, Any]]]:
    """Yield the rows in the order in which they were written, a batch at a time."""
    with pq.ParquetFile(file) as reader:
        for batch in reader.iter_batches(batch_size=BATCH_ROWS):
            yield batch.to_pylist()
