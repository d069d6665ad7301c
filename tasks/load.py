"""Load: one chunk's JSONB out, exploded, and its grants in, as one transaction."""

from __future__ import annotations

import dataclasses
import itertools
import time
from collections.abc import Generator
from concurrent.futures import Future
from typing import NamedTuple

import pandas as pd

from expectations.results import Verdict
from sql import statement
from tasks.captured import capture_chunk
from tasks.chunks import Chunk
from tasks.definition import database_task
from tasks.judge import Audit, RunNames, judge_extracted
from tasks.quarantine import copy_quarantine, name_models
from tasks.throttle import wait_for_room
from tierflow.connection import Connection, connect, fetch, run
from tierflow.copy_format import HEADER, TRAILER, grants_as_copy, read_blocks
from tierflow.explode import Counts, Exploded, Reader, explode
from tierflow.progress import part
from tierflow.read_pair import Rules
from tierflow.settings import Target

# blocks of about so much JSON text; a frame is made of one, so this bounds the client's memory
BLOCK_BYTES = 4 * 2**20


@database_task("load chunk")
def load_chunk(target: Target, chunk: Chunk, rules: Rules, run_names: RunNames) -> Counts:
    """Capture one chunk's JSONB, extract, explode, judge and COPY it in: one transaction.

    It records the chunk too.

    Two sessions: while the server reads the next block on one, it takes the grants of the last
    block on the other.
    """
    wait_for_room(target)
    started = time.perf_counter()
    name = f"load chunk {chunk.number}"
    with (
        connect(target, f"{name}: read", read_only=True) as source,
        connect(target, name) as connection,
    ):
        if not fetch(connection, "queries/claim_chunk", ledger=target.ledger, number=chunk.number):
            return Counts()
        captured = capture_chunk(connection, target, chunk)
        capture_seconds = time.perf_counter() - started
        loaded, reader = _Loaded(), _share_reader(run_names.run_id, rules)
        query = statement("queries/copy_grants", **target.names(published=False))
        with part() as move, connection.cursor() as cursor, cursor.copy(query) as copy:
            copy.write(HEADER)
            for models in extract_models(source, target, chunk):
                exploded = reader.explode(models, target, run_names)
                copy.write(grants_as_copy(exploded.grants))
                loaded.add(exploded)
                move(len(exploded.grants))
            copy.write(TRAILER)
        reader.require_fit(target, run_names)
        for quarantine in loaded.quarantine:
            copy_quarantine(connection, target, name_models(source, target, quarantine))
        run(
            connection,
            "queries/finish_chunk",
            ledger=target.ledger,
            number=chunk.number,
            run_id=run_names.run_id,
            seconds=time.perf_counter() - started,
            captured=captured,
            capture_seconds=capture_seconds,
            **dataclasses.asdict(loaded.counts),
        )
    return loaded.counts


@dataclasses.dataclass
class _Loaded:
    """What became of the blocks of one chunk."""

    counts: Counts = dataclasses.field(default_factory=Counts)
    quarantine: list[pd.DataFrame] = dataclasses.field(default_factory=list[pd.DataFrame])

    def add(self, exploded: Exploded) -> None:
        self.counts += exploded.counts
        if len(exploded.quarantine):
            self.quarantine.append(exploded.quarantine)


class _Judging(NamedTuple):
    """Grants that the suite `extracted` is asked about, and its verdict."""

    examples: pd.DataFrame
    verdict: Future[Verdict]


class _RunReader:
    """What the chunks of one run share in this process: each pair of values is read once.

    And judged once: the verdict of a pair counts for every chunk that holds it, so each chunk asks
    for all that are not known to be good before it commits.
    """

    def __init__(self, rules: Rules) -> None:
        self._reader = Reader(rules)
        self._numbers = itertools.count()
        self._judging: dict[int, _Judging] = {}

    def explode(self, models: pd.DataFrame, target: Target, run_names: RunNames) -> Exploded:
        exploded = explode(models, self._reader)
        if len(exploded.examples):
            number = next(self._numbers)
            verdict = self._judge(exploded.examples, target, run_names, keep=number == 0)
            self._judging[number] = _Judging(exploded.examples, verdict)
        return exploded

    def require_fit(self, target: Target, run_names: RunNames) -> None:
        """Raise ChecksFailed when grants are not fit to be loaded; the data docs say which."""
        for number, (examples, verdict) in list(self._judging.items()):
            if not verdict.result().ok:
                again = self._judge(examples, target, run_names, keep=True).result()
                Audit(again, {}).require_passed()
            # the frames of a database in which no two models are alike would fill the memory
            self._judging.pop(number, None)

    def _judge(
        self, examples: pd.DataFrame, target: Target, run_names: RunNames, *, keep: bool
    ) -> Future[Verdict]:
        tier_ids = tuple(self._reader.rules.tier_ids.values())
        return judge_extracted(examples, target, run_names, tier_ids=tier_ids, keep=keep)


def _share_reader(run_id: str, rules: Rules) -> _RunReader:
    if run_id not in _readers:
        _readers.clear()
    return _readers.setdefault(run_id, _RunReader(rules))


_readers: dict[str, _RunReader] = {}


def extract_models(connection: Connection, target: Target, chunk: Chunk) -> Generator[pd.DataFrame]:
    """Yield the models of one chunk in key order, a block at a time: see `read_blocks`."""
    fetch(connection, "queries/set_work_memory")
    query = statement(
        "queries/extract_chunk",
        schema=target.schema,
        low=chunk.low,
        high=chunk.high,
        block_bytes=BLOCK_BYTES,
    )
    with connection.cursor() as cursor, cursor.copy(query) as copy:
        for block in copy.rows():
            yield read_blocks([block])  # pyright: ignore[reportArgumentType]
