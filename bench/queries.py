"""`./run bench-queries`: what the queries of docs/application.md take, before and after.

Before is a database that is not migrated, now a copy of it that is. "Without the sync" is that copy
with the sync passed by: what is left of a write when the old columns are gone.
"""

from __future__ import annotations

import dataclasses
import json
import os
import random
import sys
from collections.abc import Iterator, Sequence
from decimal import Decimal
from pathlib import Path
from typing import Annotated, Any
from uuid import UUID

import psycopg
import typer

from bench.application import PAGE, Question, read_questions
from bench.latency import Latency, time_calls
from bench.place import Place, fresh_copy, open_place, source_database
from bench.process import BenchError
from bench.tierflow_runs import run_tierflow

SIZES = "150,100000"
CALLS = 300
ASSIGNED = 100  # models of one assignment
LONGEST_SECONDS = 15.0
STATES = ("before", "now", "now, without the sync")
BEGIN, END = "<!-- figures: ./run bench-queries --write -->", "<!-- end of figures -->"
SAMPLE = """SELECT id, ARRAY(SELECT jsonb_array_elements_text(tier_access)) AS codes
    FROM public.model_access_control WHERE jsonb_typeof(tier_access) = 'array'
    ORDER BY md5(id::text) LIMIT 5000"""

app = typer.Typer(add_completion=False, pretty_exceptions_enable=False, rich_markup_mode=None)


@dataclasses.dataclass(frozen=True)
class Data:
    """What the arguments are drawn from: the tiers, and models with the tiers they have."""

    codes: tuple[str, ...]
    models: tuple[tuple[UUID, tuple[str, ...]], ...]

    @classmethod
    def read(cls, dsn: str) -> Data:
        """Read them from a database that is not migrated."""
        with psycopg.connect(dsn) as connection:
            codes = connection.execute("SELECT tier_code FROM public.subscription_tiers ORDER BY 1")
            models = connection.execute(SAMPLE)
            return cls(
                tuple(str(code) for (code,) in codes),
                tuple((id_, tuple(held)) for id_, held in models),
            )

    def arguments(self, question: Question) -> Iterator[dict[str, Any]]:
        """Yield arguments without end, the same for each state of the database."""
        chance = random.Random(question.name)
        granted = [(model, code) for model, codes in self.models for code in codes]
        chance.shuffle(granted)
        anyone = [model for model, _ in self.models]
        while True:
            for model, code in granted:
                yield {
                    "model": model,
                    "tier": code,
                    "markup": Decimal(chance.randint(100, 300)) / 100,
                    "models": chance.sample(anyone, min(ASSIGNED, len(anyone))),
                    "tiers": chance.sample(self.codes, chance.randint(1, len(self.codes))),
                }


def measure(place: Place, models: int) -> dict[str, dict[str, Latency]]:
    """Return the latencies of each question in each state that it is asked in."""
    questions = read_questions()
    figures: dict[str, dict[str, Latency]] = {question.name: {} for question in questions}
    with source_database(place, f"queries_{models}", models, all_distinct=False) as source:
        data = Data.read(place.dsn(source))
        for state in STATES:
            print(f"bench: {models:,} models, {state}", file=sys.stderr)
            with fresh_copy(place, source) as copy:
                if state != "before":
                    run_tierflow(place, place.environment(copy))
                asked = questions if state in STATES[:2] else [q for q in questions if q.writes]
                for question, latency in _ask_all(place.dsn(copy), asked, state, data):
                    figures[question.name][state] = latency
    return figures


def _ask_all(
    dsn: str, questions: Sequence[Question], state: str, data: Data
) -> Iterator[tuple[Question, Latency]]:
    with psycopg.connect(dsn, autocommit=True) as connection:
        connection.execute("VACUUM (ANALYZE)")
        connection.execute("CHECKPOINT")
        # what a commit waits for the disk is the same for all, and varies more than all else
        connection.execute("SET synchronous_commit = off")
        if state == STATES[2]:
            connection.execute("SET tierflow.syncing = 'on'")
        # in the order of the page: markups change while every grant is still there
        for question in questions:
            query = question.old if state == "before" else question.new
            arguments = data.arguments(question)
            yield (
                question,
                time_calls(
                    connection, query, arguments, calls=CALLS, longest_seconds=LONGEST_SECONDS
                ),
            )


def draw_table(result: dict[int, dict[str, dict[str, Latency]]]) -> str:
    """Return the figures as the table of the page."""
    lines = [
        f"| median ms (95th percentile) | models | {' | '.join(STATES)} |",
        "|---|---:|---:|---:|---:|",
    ]
    sizes = list(result)
    for name in result[sizes[0]]:
        for models in sizes:
            row = result[models][name]
            cells = [_say(row[state]) if state in row else "" for state in STATES]
            lines.append(f"| {name} | {models:,} | {' | '.join(cells)} |")
    return "\n".join(lines)


def _say(latency: Latency) -> str:
    digits = 2 if latency.p50_ms < 10 else 0
    return f"{latency.p50_ms:,.{digits}f} ({latency.p95_ms:,.{digits}f})"


def write_page(table: str, server_version: str, page: Path = PAGE) -> None:
    """Put the figures into the page, in place of those that are there."""
    text = page.read_text(encoding="utf-8")
    head, rest = text.split(BEGIN)
    tail = rest.split(END)[1]
    cores = len(os.sched_getaffinity(0))
    said = (
        f"PostgreSQL {server_version} on disk with its own defaults, {cores} busy cores, 8 tiers."
        " One connection\nasks a prepared statement with random arguments: the time from sending it"
        " until all rows are here, for a\nwrite with its commit, which does not wait for the disk."
        f" An assignment has {ASSIGNED} models.\n`./run bench-queries --write` measures it again."
    )
    page.write_text(f"{head}{BEGIN}\n{said}\n\n{table}\n{END}{tail}", encoding="utf-8")


@app.command()
def bench_queries(
    models: Annotated[str, typer.Option(metavar="N[,N]", help="Sizes to measure.")] = SIZES,
    write: Annotated[
        bool, typer.Option("--write", help="Put the figures into docs/application.md.")
    ] = False,
    scratch: Annotated[
        Path | None, typer.Option(help="Folder on disk for the data; default /var/tmp.")
    ] = None,
    json_: Annotated[bool, typer.Option("--json", help="Print one JSON value on stdout.")] = False,
) -> None:
    """Time each query of docs/application.md, old and new, on an embedded PostgreSQL."""
    try:
        with open_place(scratch) as place:
            sizes = [int(size.replace("_", "")) for size in models.split(",")]
            result = {size: measure(place, size) for size in sizes}
            with psycopg.connect(place.server_dsn) as connection:
                version = f"{connection.info.server_version // 10000}"
    except BenchError as error:
        print(f"bench: {error}", file=sys.stderr)
        raise typer.Exit(1) from None
    if write:
        write_page(draw_table(result), version)
    plain = {
        size: {
            name: {state: dataclasses.asdict(latency) for state, latency in states.items()}
            for name, states in questions.items()
        }
        for size, questions in result.items()
    }
    print(json.dumps(plain) if json_ else draw_table(result))


if __name__ == "__main__":
    app(prog_name="./run bench-queries")
