"""Which codes look most like another: what a person may have meant."""

from __future__ import annotations

import difflib
import itertools
import unicodedata
from collections.abc import Iterable, Iterator, Sequence

from tierflow.show_code import LONGEST_SHOWN

NEAREST = 3
# to compare two codes takes 25 microseconds, and a hostile array holds 300,000
_MOST_COMPARED = 1_000
_MOST_COMPARISONS = 10_000


def find_nearest(codes: Sequence[str], known: Iterable[str]) -> Iterator[list[str]]:
    """Yield for each code up to three known ones, the most alike first; for the last of many none.

    `known` in the order in which they count: of very many only the first are compared, and those
    that differ in spaces, case or invisible characters alone.
    """
    short = [code for code in known if len(code) <= LONGEST_SHOWN]
    alike: dict[str, list[str]] = {}
    if len(short) > _MOST_COMPARED:
        for code in short:
            alike.setdefault(_fold(code), []).append(code)
    first = short[:_MOST_COMPARED]
    room = max(_MOST_COMPARISONS // max(len(first), 1), 20)
    for code in itertools.islice(codes, room):
        beginning = code[:LONGEST_SHOWN]
        compared = dict.fromkeys([*alike.get(_fold(beginning), ())[:NEAREST], *first])
        yield difflib.get_close_matches(beginning, compared, n=NEAREST, cutoff=0.0)
    yield from itertools.repeat([], max(len(codes) - room, 0))


def _fold(code: str) -> str:
    folded = unicodedata.normalize("NFKC", code).casefold()
    return "".join(character for character in folded if character.isalnum())
