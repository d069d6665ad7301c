"""A code as a person is shown it: each space and each character that has no picture is visible.

The one place that shows a code, on a terminal, in a report, a page, a message.
"""

from __future__ import annotations

import itertools
import re
import unicodedata
from collections.abc import Mapping, Sequence

LONGEST_SHOWN = 80
NAMED = 20
SPACE = "\u2423"  # a bracket below the line
# drawn as nothing, though Unicode counts them as letters, marks or symbols
_BLANKS = re.compile(
    "[\u034f\u115f\u1160\u17b4\u17b5\u180b-\u180f\u2800\u3164\ufe00-\ufe0f\uffa0\U000e0100-\U000e01ef]"
)


def show_code(code: str) -> str:
    """Return a code with ␣ for each space and \\u.... for what cannot be seen, shortened.

    So is each mark that is written beside its letter where one character would do: `cafe\\u0301`
    looks like `café` and is another code.
    """
    if not code:
        return "(empty)"
    # a code that has the letters of such an escape in it is told from what the escape stands for
    head = re.sub(r"\\(?=[uU])", r"\\\\", code[:LONGEST_SHOWN])
    composed = unicodedata.normalize("NFC", code) == code
    shown = "".join(_show_character(c, composed=composed) for c in head)
    return shown if len(code) <= LONGEST_SHOWN else f"{shown}… ({len(code):,} characters)"


def quote_code(code: str) -> str:
    """Return a code as a sentence names it: in quotes."""
    return f"'{show_code(code)}'"


def name_codes(codes: Sequence[str]) -> str:
    """Return the first codes, and how many more there are."""
    more = f" and {len(codes) - NAMED:,} more" if len(codes) > NAMED else ""
    return ", ".join(quote_code(code) for code in codes[:NAMED]) + more


def show_markups(markups: Mapping[str, object]) -> str:
    """Return the markups of some codes, each with its code."""
    more = f", and {len(markups) - NAMED:,} more" if len(markups) > NAMED else ""
    first = itertools.islice(markups.items(), NAMED)
    return ", ".join(f"{show_code(code)}: {markup}" for code, markup in first) + more


def show_invisible(text: str) -> str:
    """Return a JSON text with \\u.... for what cannot be seen: it says the same as before."""
    return "".join(c if c in " \n" or not _is_invisible(c) else _escape_json(c) for c in text)


def _show_character(character: str, *, composed: bool) -> str:
    if character == " ":
        return SPACE
    if character == SPACE or _is_invisible(character):
        return _escape(character)
    if not composed and unicodedata.combining(character):
        return _escape(character)
    return character


def _is_invisible(character: str) -> bool:
    return not character.isprintable() or bool(_BLANKS.match(character))


def _escape(character: str) -> str:
    number = ord(character)
    return f"\\u{number:04x}" if number < 0x10000 else f"\\U{number:08x}"


def _escape_json(character: str) -> str:
    units = character.encode("utf-16-be", "surrogatepass")
    return "".join(f"\\u{units[n]:02x}{units[n + 1]:02x}" for n in range(0, len(units), 2))
