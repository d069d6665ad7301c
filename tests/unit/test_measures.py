"""What a step measured: the longest of each, and nothing twice."""

from __future__ import annotations

from tierflow.measures import collect, describe_locks, note_lock, note_pause, summarize_locks


def test_the_longest_lock_of_each_place_is_kept_and_collected_once() -> None:
    collect()
    note_lock("publish", held=0.010, imposed=0.030)
    note_lock("publish", held=0.020, imposed=0.025)
    note_lock("back up", held=0.005, imposed=0.005)
    note_pause("a standby is behind", 0.5)
    note_pause("a standby is behind", 0.5)
    detail = collect()
    assert detail == {
        "locks": [
            {"where": "publish", "times": 2, "longest_held_ms": 20.0,
             "longest_wait_imposed_ms": 30.0},
            {"where": "back up", "times": 1, "longest_held_ms": 5.0,
             "longest_wait_imposed_ms": 5.0},
        ],
        "pauses": [{"reason": "a standby is behind", "seconds": 1.0}],
    }  # fmt: skip
    assert collect() == {}
    summary = summarize_locks([{}, detail])
    assert summary == {
        "longest_held_ms": 20.0, "longest_wait_imposed_ms": 30.0, "where": "publish",
    }  # fmt: skip
    assert summary is not None
    assert "longer than 20 ms (publish)" in describe_locks(summary)


def test_a_run_without_locks_has_no_summary() -> None:
    assert summarize_locks([{}, {}]) is None
