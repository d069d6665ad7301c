"""An application that writes to the models: eight threads at a steady rate, each write timed.

Run as a program: `python -m support.writers DSN RATE`. It writes from "go" until "rest" on stdin,
answers "ok" to each, and at the end of stdin prints its samples. A sample is when a write was due,
how long after that it was done (so that a write that waits for another of its thread counts in
full), the error if there was one, and the deadlocks after which it was tried again, as applications
do. Once the junction table is there, some writes are to its side; some change several rows at once.
"""

from __future__ import annotations

import contextlib
import dataclasses
import json
import os
import random
import subprocess
import sys
import threading
import time
import uuid
from collections.abc import Generator
from pathlib import Path

import psycopg

THREADS = 8
ACCESS = (
    '["free"]', '["pro", "free"]', "[]", '["old", "team"]', None, '["gone"]', '"pro"',
    '["team", "team", "pro"]', "null", '["free", "pro", "team"]',
)  # fmt: skip
MARKUPS = (None, '{"pro": 1.5}', '{"team": "1.10", "free": 2}', '{"free": -1}', '{"pro": 2.00}')
UPDATE = "UPDATE public.model_access_control SET tier_access = %s, tier_markup = %s WHERE id = %s"
TOUCH = "UPDATE public.model_access_control SET enabled = NOT enabled WHERE id = %s"
DELETE = "DELETE FROM public.model_access_control WHERE id = %s"
INSERT = """INSERT INTO public.model_access_control
            (id, model_id, enabled, tier_access, tier_markup) VALUES (%s, %s, true, %s, %s)"""


BULK = (
    "UPDATE public.model_access_control SET tier_access = %s, tier_markup = %s WHERE id = ANY(%s)"
)
MARK_UP = "UPDATE public.tier_model_access SET markup_multiplier = %s WHERE model_id = ANY(%s)"
REVOKE = "DELETE FROM public.tier_model_access WHERE model_id = %s"
BULK_MODELS = 10
ATTEMPTS = 5


@dataclasses.dataclass(frozen=True)
class Sample:
    due: float
    seconds: float
    error: str | None
    deadlocks: int


class Writers:
    """The application, as the test sees it."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self._process = process

    def _say(self, word: str) -> None:
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(f"{word}\n")
        self._process.stdin.flush()
        assert self._process.stdout.readline() == "ok\n"

    def go(self) -> None:
        self._say("go")

    def rest(self) -> None:
        """Return when no write is under way, and none will be."""
        self._say("rest")

    def finish(self) -> list[Sample]:
        out, _ = self._process.communicate(timeout=60)
        return [Sample(*sample) for sample in json.loads(out)]


@contextlib.contextmanager
def open_writers(dsn: str, rate: int) -> Generator[Writers]:
    """Yield writers that rest, of `rate` writes a second together."""
    tests = Path(__file__).parents[1]
    process = subprocess.Popen(
        [sys.executable, "-m", "support.writers", dsn, str(rate)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONPATH": os.pathsep.join([str(tests), str(tests.parent)])},
    )
    try:
        yield Writers(process)
    finally:
        process.kill()
        process.wait(10)


class Thread(threading.Thread):
    def __init__(self, number: int, dsn: str, every: float, ids: list[uuid.UUID]) -> None:
        super().__init__(daemon=True)
        self.session = psycopg.connect(dsn, autocommit=True, application_name="writers")
        self.random = random.Random(number)
        self.every, self.ids = every, ids
        self.samples: list[tuple[float, float, str | None, int]] = []
        self.may_write, self.idle = threading.Event(), threading.Event()
        self.idle.set()

    def run(self) -> None:
        due = 0.0
        while True:
            if not self.may_write.is_set():
                self.idle.set()
                self.may_write.wait()
                due = time.time() + self.random.uniform(0, self.every)
            time.sleep(max(0.0, due - time.time()))
            error, deadlocks = self.try_write()
            self.samples.append((due, time.time() - due, error, deadlocks))
            due += self.every

    def try_write(self) -> tuple[str | None, int]:
        """Write, again after a deadlock; return the error, if there was one, and the deadlocks."""
        drawn = self.random.getstate()
        for deadlocks in range(ATTEMPTS):
            try:
                if self.random.random() >= 0.05 or not self.write_grants():
                    self.write()
            except psycopg.errors.DeadlockDetected:
                self.random.setstate(drawn)
            except psycopg.Error as failed:
                return str(failed), deadlocks
            else:
                return None, deadlocks
        return "a deadlock each time", ATTEMPTS

    def write_grants(self) -> bool:
        """Write to the junction table; return whether it is there."""
        models = self.random.sample(self.ids, BULK_MODELS)
        markup = self.random.choice((1, 1.25, 3))
        with contextlib.suppress(psycopg.errors.UndefinedTable):
            if self.random.random() < 0.2:
                self.session.execute(MARK_UP, [markup, models])
            elif self.random.random() < 0.5:
                self.session.execute(MARK_UP, [markup, models[:1]])
            else:
                self.session.execute(REVOKE, [models[0]])
            return True
        return False

    def write(self) -> None:
        kind, access, markups = (
            self.random.random(), self.random.choice(ACCESS), self.random.choice(MARKUPS),
        )  # fmt: skip
        if kind < 0.15:
            new = uuid.UUID(int=self.random.getrandbits(128), version=4)
            self.session.execute(INSERT, [new, f"new-{new}", access, markups])
            self.ids.append(new)
            return
        at = self.random.randrange(len(self.ids))
        if kind < 0.25:
            self.session.execute(DELETE, [self.ids[at]])
            del self.ids[at]
        elif kind < 0.26:
            self.session.execute(BULK, [access, markups, self.random.sample(self.ids, BULK_MODELS)])
        elif kind < 0.4:
            self.session.execute(TOUCH, [self.ids[at]])
        else:
            self.session.execute(UPDATE, [access, markups, self.ids[at]])


def main(dsn: str, rate: str) -> None:
    with psycopg.connect(dsn) as session:
        rows = session.execute("SELECT id FROM public.model_access_control ORDER BY id")
        ids = [row[0] for row in rows]
    threads = [Thread(n, dsn, THREADS / float(rate), ids[n::THREADS]) for n in range(THREADS)]
    for thread in threads:
        thread.start()
    for line in sys.stdin:
        for thread in threads:
            if line.strip() == "go":
                thread.idle.clear()
                thread.may_write.set()
            else:
                thread.may_write.clear()
        if line.strip() == "rest":
            for thread in threads:
                thread.idle.wait(60)
        sys.stdout.write("ok\n")
        sys.stdout.flush()
    sys.stdout.write(json.dumps([sample for thread in threads for sample in thread.samples]))


if __name__ == "__main__":
    main(*sys.argv[1:])
