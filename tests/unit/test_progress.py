"""Progress: what is under way counts, what failed does not, and nothing goes back."""

from __future__ import annotations

import threading

import pytest

from tierflow.progress import gather_parts, part


def test_parts_under_way_are_added_up_from_every_thread() -> None:
    seen: list[int] = []
    begun, done = threading.Barrier(3), threading.Event()

    def work() -> None:
        with part() as move:
            move(10)
            begun.wait(10)
            done.wait(10)

    with gather_parts(seen.append):
        threads = [threading.Thread(target=work) for _ in range(2)]
        for thread in threads:
            thread.start()
        begun.wait(10)
        assert seen == [10, 20]
        done.set()
        for thread in threads:
            thread.join()
        with part() as move:
            move(5)
    assert seen == [10, 20, 5]


def test_a_part_that_failed_counts_no_more() -> None:
    seen: list[int] = []
    with gather_parts(seen.append):
        with pytest.raises(ZeroDivisionError), part() as move:
            move(7)
            raise ZeroDivisionError
        with part() as move:
            move(1)
    assert seen == [7, 1]


def test_a_part_that_nobody_gathers_is_no_error() -> None:
    with part() as move:
        move(3)
