"""A digest of many lines that does not depend on their order: nothing is sorted or kept."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

_BYTES = 256
_MODULUS = 1 << (8 * _BYTES)


class MultisetHash:
    """The SHA-256 of the sum, modulo 2^2048, of the SHAKE-256 of each line (256 bytes of it).

    A sum of plain SHA-256 could be forged: at 2048 bits nobody finds other lines of the same sum.
    """

    def __init__(self) -> None:
        self._sum = 0

    def add(self, line: str) -> None:
        """Add one line; the same line twice counts twice."""
        digest = hashlib.shake_256(line.encode()).digest(_BYTES)
        self._sum = (self._sum + int.from_bytes(digest)) % _MODULUS

    def hexdigest(self) -> str:
        """Return the digest of the lines so far, in hexadecimal."""
        return hashlib.sha256(self._sum.to_bytes(_BYTES)).hexdigest()


def value_line(row: Mapping[str, Any]) -> str:
    """Return a row of `sql/queries/group_source_values.sql` as the line that is hashed.

    No ids of models are in it: the preflight reads none. jsonb as text holds no bare tab.
    """
    return f"{row['models']}\t{row['tier_access'] or ''}\t{row['tier_markup'] or ''}"


def hash_values(blocks: Iterable[Sequence[Mapping[str, Any]]]) -> str:
    """Return the digest of which values the source holds, and of how many models hold each."""
    digest = MultisetHash()
    for block in blocks:
        for row in block:
            digest.add(value_line(row))
    return digest.hexdigest()
