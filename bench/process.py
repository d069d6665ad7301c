"""Run a command from start to exit, and say how long it took and how much memory its tree held."""

from __future__ import annotations

import contextlib
import dataclasses
import subprocess
import tempfile
import threading
import time
from collections.abc import Mapping, Sequence
from typing import Any

import psutil

SAMPLE_SECONDS = 0.05
MB = 2**20


class BenchError(Exception):
    """A contender failed, or did not do the same work as the others."""


@dataclasses.dataclass(frozen=True)
class Measured:
    """What one process took; `peak_mb` is the sum over its process tree."""

    seconds: float
    peak_mb: float
    stdout: str


def measure(command: Sequence[str], environment: Mapping[str, str]) -> Measured:
    """Run a command and return its figures. Raises BenchError when its exit code is not 0."""
    with tempfile.TemporaryFile("w+") as out, tempfile.TemporaryFile("w+") as err:
        started = time.perf_counter()
        process = subprocess.Popen(command, env=environment, stdout=out, stderr=err, text=True)
        sampler = _Sampler(process.pid)
        sampler.start()
        try:
            code = process.wait()
        except BaseException:
            process.terminate()
            process.wait()
            raise
        finally:
            seconds = time.perf_counter() - started
            sampler.stop()
        out.seek(0)
        err.seek(0)
        if code:
            raise BenchError(f"{command[0]} ended with exit code {code}: {err.read()[-2000:]}")
        return Measured(seconds, sampler.peak / MB, out.read())


class _Sampler(threading.Thread):
    """Notes the highest sum of memory of a process and its descendants, every 50 ms or so."""

    def __init__(self, pid: int) -> None:
        super().__init__(daemon=True)
        self.peak = 0
        self._pid = pid
        self._ended = threading.Event()

    def run(self) -> None:
        """Sample until stopped."""
        wait = 0.0
        while not self._ended.wait(wait):
            started = time.perf_counter()
            self.peak = max(self.peak, _read_tree(self._pid))
            # the kernel walks all pages for a sample: it shall not take more than a tenth of a core
            wait = max(SAMPLE_SECONDS, 9 * (time.perf_counter() - started))

    def stop(self) -> None:
        """Stop and wait for the last sample."""
        self._ended.set()
        self.join()


def _read_tree(pid: int) -> int:
    """Return the bytes of a process tree: PSS, which counts a shared page once, or else USS."""
    total = 0
    with contextlib.suppress(psutil.NoSuchProcess):
        root = psutil.Process(pid)
        for process in [root, *root.children(recursive=True)]:
            with contextlib.suppress(psutil.NoSuchProcess, psutil.AccessDenied):
                memory: Any = process.memory_full_info()
                total += getattr(memory, "pss", memory.uss)
    return total
