"""A request to stop: the batch or chunk under way is finished, then the run ends, resumable."""

from __future__ import annotations

import contextlib
import signal
import threading
from collections.abc import Callable, Generator
from typing import Any

_asked = threading.Event()


class StopRequested(KeyboardInterrupt):
    """Somebody asked the run to stop (SIGTERM, Ctrl-C); nothing is half done."""


def request_stop() -> None:
    """Ask the run to stop at its next boundary."""
    _asked.set()


def stop_if_asked() -> None:
    """Raise StopRequested, once, when somebody asked the run to stop."""
    if _asked.is_set():
        _asked.clear()
        raise StopRequested


@contextlib.contextmanager
def stop_on_signals(tell: Callable[[str], None]) -> Generator[None]:
    """Let SIGTERM and the first Ctrl-C ask for a stop; the second Ctrl-C interrupts at once."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    _asked.clear()

    def on_signal(number: int, _frame: Any) -> None:
        if _asked.is_set() and number == signal.SIGINT:
            raise KeyboardInterrupt
        request_stop()
        again = "; press Ctrl-C again to stop at once" if number == signal.SIGINT else ""
        tell(f"Stopping when the part under way is done{again}.")

    before = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}
    for number in before:
        signal.signal(number, on_signal)
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
        _asked.clear()
