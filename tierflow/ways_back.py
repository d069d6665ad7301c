"""The ways back, said before the way there: which are open, and why one is not or what it costs."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from typing import Any

from tierflow.explode import Counts
from tierflow.plan import list_write_codes
from tierflow.read_pair import Rules

CODES_SHOWN = 5


def list_ways_back(
    rules: Rules,
    counts: Counts,
    unwritable: Sequence[str],
    *,
    dumped: bool | None,
    uncaptured: str | None = None,
) -> tuple[dict[str, Any], ...]:
    """Return each way back: way, command, whether it is open, and why (empty: no more to say).

    `unwritable` names the models whose values have no place for a later grant; `dumped`: whether
    this database's migration took a dump, None where it has not run; `uncaptured`: what is
    missing of its captured values, None where nothing is.
    """
    keep = list(_describe_codes(rules))
    if uncaptured:
        keep.insert(0, f"only while both sides agree: {uncaptured}")
    if unwritable:
        keep.append(
            f"{len(unwritable)} models ({_name(sorted(unwritable))}) cannot take a later grant:"
            " their tier_access is neither an array nor a code, or their tier_markup no object"
        )
    lost = [
        f"{number} {kind} elements"
        for number, kind in ((counts.merged, "merged"), (counts.quarantined, "quarantined"))
        if number
    ]
    return (
        _way("later changes kept", "tierflow rollback", True, "; ".join(keep)),
        _way(
            "snapshot restored",
            "tierflow rollback --restore-snapshot",
            uncaptured is None,
            uncaptured or "",
        ),
        _way(
            "dump restored",
            "tierflow restore FILE",
            dumped is not False,
            "when it is taken: migrate --pg-dump FILE"
            if dumped is None
            else ""
            if dumped
            else "the ledger knows of no dump; one of pg_dump's own is as good",
        ),
        _way(
            "after finalize",
            "tierflow restore ARCHIVE",
            True,
            f"from the archive only: {' and '.join(lost)} cannot be made again from the junction"
            " table"
            if lost
            else "",
        ),
    )


def _way(way: str, command: str, is_open: bool, why: str) -> dict[str, Any]:
    return {"way": way, "command": command, "open": is_open, "why": why}


def _describe_codes(rules: Rules) -> Iterator[str]:
    """Say which codes a later grant does not come back as: merged, or of several tiers."""
    write_codes = list_write_codes(rules)
    codes: dict[str, list[str]] = defaultdict(list)
    for code, tiers in rules.decisions.tier_map.items():
        if len(tiers) == 1:
            codes[tiers[0]].append(code)
        else:
            written = [repr(write_codes[tier]) for tier in tiers]
            yield (
                f"when a grant of one of {', '.join(tiers)} changes, the code {code!r}, which means"
                f" them all, becomes {', '.join(written)}"
            )
    for tier, merged in codes.items():
        if len(merged) > 1:
            yield (
                f"the codes {_name(merged)} all mean {tier}: a later grant of it comes back as"
                f" {write_codes[tier]!r}, and what nobody changes stays as it is"
            )


def _name(names: list[str]) -> str:
    more = f" and {len(names) - CODES_SHOWN} more" if len(names) > CODES_SHOWN else ""
    return ", ".join(names[:CODES_SHOWN]) + more
