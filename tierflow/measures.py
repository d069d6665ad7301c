"""What a step measured beside its time: locks on live tables, pauses, parts. Kept in its detail.

A task does not know its step, and may run in a thread: it notes here, and the step collects.
"""

from __future__ import annotations

import threading
from collections.abc import Iterable, Mapping
from typing import Any

_guard = threading.Lock()
_locks: dict[str, dict[str, Any]] = {}
_pauses: dict[str, float] = {}
_parts: dict[str, float] = {}


def note_lock(where: str, *, held: float, imposed: float) -> None:
    """Note one lock on a live table: seconds held, and seconds that others may have waited for it.

    Others wait from the moment on when we ask, for who asks after us stands behind us: `imposed`
    is counted from there to the end of the transaction, whether or not somebody did wait.
    """
    with _guard:
        worst = _locks.setdefault(
            where,
            {"where": where, "times": 0, "longest_held_ms": 0.0, "longest_wait_imposed_ms": 0.0},
        )
        worst["times"] += 1
        worst["longest_held_ms"] = max(worst["longest_held_ms"], round(held * 1000, 1))
        worst["longest_wait_imposed_ms"] = max(
            worst["longest_wait_imposed_ms"], round(imposed * 1000, 1)
        )


def note_pause(reason: str, seconds: float) -> None:
    """Note that the work rested, and why."""
    with _guard:
        _pauses[reason] = _pauses.get(reason, 0.0) + seconds


def note_part(name: str, seconds: float) -> None:
    """Note how long one part of the step took, beside which others may have run."""
    with _guard:
        _parts[name] = _parts.get(name, 0.0) + seconds


def collect() -> dict[str, Any]:
    """Return what was noted since the last call, as the detail of a step; {} for nothing."""
    with _guard:
        detail: dict[str, Any] = {}
        if _locks:
            detail["locks"] = list(_locks.values())
        if _pauses:
            detail["pauses"] = [
                {"reason": reason, "seconds": round(seconds, 3)}
                for reason, seconds in _pauses.items()
            ]
        if _parts:
            detail["parts"] = {name: round(seconds, 3) for name, seconds in _parts.items()}
        _locks.clear()
        _pauses.clear()
        _parts.clear()
    return detail


def summarize_locks(details: Iterable[Mapping[str, Any]]) -> dict[str, Any] | None:
    """Return the longest lock and the longest wait of all steps, None when none was taken."""
    locks = [lock for detail in details for lock in detail.get("locks", ())]
    if not locks:
        return None
    longest = max(locks, key=lambda lock: lock["longest_held_ms"])
    return {
        "longest_held_ms": longest["longest_held_ms"],
        "longest_wait_imposed_ms": max(lock["longest_wait_imposed_ms"] for lock in locks),
        "where": longest["where"],
    }


def describe_locks(locks: Mapping[str, Any]) -> str:
    """Say in a sentence what `summarize_locks` returned."""
    return (
        f"No lock on a live table was held for longer than {locks['longest_held_ms']:,.0f} ms"
        f" ({locks['where']}), and nobody waited for one for longer than"
        f" {locks['longest_wait_imposed_ms']:,.0f} ms."
    )
