"""MkDocs hooks: what a page of the repository needs to become a page of the site."""

from __future__ import annotations

import re
from typing import Any

_TABLE_CODE = re.compile(r"^\|.*`[^`]*\\\|.*$", re.MULTILINE)
_CODE = re.compile(r"`[^`]+`")
# files beside docs/ (bench/README.md, prefect.yaml) are in the repository, not on the site
_OUTSIDE = re.compile(r"\[([^\]]+)\]\(\.\./[^)]+\)")


def on_page_markdown(markdown: str, **_rest: Any) -> str:
    """Turn a link to a file outside docs/ into its text, and write bars in code as Python-Markdown
    reads them: GitHub wants a backslash before a bar in a table, and Python-Markdown shows it."""
    text = _OUTSIDE.sub(r"\1", markdown)
    return _TABLE_CODE.sub(
        lambda row: _CODE.sub(lambda code: code[0].replace(r"\|", "|"), row[0]), text
    )
