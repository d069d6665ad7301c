"""The rows of one table in the text that pg_restore writes, field by field, as they stand."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence

_HEAD = re.compile(rb"^COPY (?P<table>.+) \((?P<columns>.+)\) FROM stdin;\n$")
_NAME = re.compile(rb'"((?:[^"]|"")*)"|([^",.\s]+)')
END = b"\\.\n"


def read_copied_rows(
    lines: Iterable[bytes], table: tuple[str, str], columns: Sequence[str]
) -> Iterator[bytes]:
    """Yield each row of a table as a line of COPY's text with these columns only, in this order.

    The fields are not read, so that not a byte of them changes. Raises LookupError when the text
    has no COPY of that table (schema, name), or one without a column.
    """
    positions: list[int] | None = None
    reading = False
    for line in lines:
        if reading:
            if line == END:
                reading = False
                continue
            fields = line.rstrip(b"\n").split(b"\t")
            yield b"\t".join([fields[n] for n in positions or ()]) + b"\n"
        elif (head := _HEAD.match(line)) and _read_names(head["table"]) == list(table):
            found = _read_names(head["columns"])
            if missing := [name for name in columns if name not in found]:
                raise LookupError(f"its {table[1]} has no column {', '.join(missing)}")
            positions, reading = [found.index(name) for name in columns], True
    if positions is None:
        raise LookupError(f"it holds no rows of {table[0]}.{table[1]}")


def _read_names(text: bytes) -> list[str]:
    return [
        (quoted.replace(b'""', b'"') if quoted else plain).decode()
        for quoted, plain in _NAME.findall(text)
    ]
