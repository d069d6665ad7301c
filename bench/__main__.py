"""`./run bench`: the load beside its peers, or its growth with the models."""

from __future__ import annotations

import json
import logging
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, Literal

import typer
from rich.console import Console

from bench.charts import chart_comparison, chart_scaling, draw_chart
from bench.compare import Comparison, Options
from bench.figures import is_over_budget
from bench.machine import describe_surroundings
from bench.place import open_place
from bench.process import BenchError
from bench.registry import WHAT
from bench.scaling import SIZES, measure_scaling
from bench.tables import draw_comparison, draw_scaling

RESULTS = Path(__file__).parent / "results"

app = typer.Typer(add_completion=False, pretty_exceptions_enable=False, rich_markup_mode=None)


@app.command()
def bench(
    models: Annotated[int, typer.Option(min=1, help="Models of the reference data.")] = 1_000_000,
    rounds: Annotated[
        int | None,
        typer.Option(
            min=1,
            help="Rounds of each contender, of which medians are taken. Default 3; above 200,000"
            " models to_sql, dlt and row_by_row, and every size of --scaling, run once.",
        ),
    ] = None,
    only: Annotated[
        list[str] | None, typer.Option(metavar="NAME[,NAME]", help=f"Of {', '.join(WHAT)}.")
    ] = None,
    skip: Annotated[list[str] | None, typer.Option(metavar="NAME[,NAME]")] = None,
    distinct: Annotated[
        Literal["some", "all"],
        typer.Option(help="Pairs of access and markups: up to 1500, or one for each model."),
    ] = "some",
    scaling: Annotated[
        bool, typer.Option("--scaling", help="Measure tierflow at several sizes instead.")
    ] = False,
    sizes: Annotated[str, typer.Option(metavar="N[,N]", help="The sizes of --scaling.")] = ",".join(
        map(str, SIZES)
    ),
    out: Annotated[Path, typer.Option(help="Folder for the JSON and the chart.")] = RESULTS,
    scratch: Annotated[
        Path | None, typer.Option(help="Folder on disk for the data; default /var/tmp.")
    ] = None,
    json_: Annotated[bool, typer.Option("--json", help="Print one JSON value on stdout.")] = False,
) -> None:
    """Measure tierflow beside its peers, on an embedded PostgreSQL or TIERFLOW_BENCH_DSN.

    Exit code 1: a contender failed or has other rows, or a budget is broken at 1,000,000 models.
    """
    _show_progress()
    names = _choose(only, skip)
    try:
        with open_place(scratch) as place:
            surroundings = describe_surroundings(place, sys.argv[1:])
            all_distinct = distinct == "all"
            if scaling:
                wanted = [int(size.replace("_", "")) for size in sizes.split(",")]
                result = measure_scaling(place, wanted, rounds, all_distinct=all_distinct)
                spec, tables, stem = chart_scaling(result), draw_scaling, "scaling"
            else:
                options = Options(models, names, rounds, all_distinct)
                result = Comparison(place, options).run()
                spec, tables = chart_comparison(result), draw_comparison
                stem = f"compare-{models}"
    except BenchError as error:
        print(f"bench: {error}", file=sys.stderr)
        raise typer.Exit(1) from None
    result = {**result, **surroundings}
    _save(out, stem + ("-distinct" if all_distinct else ""), result, spec)
    if json_:
        print(json.dumps(result))
    else:
        console = Console()
        for table in tables(result):
            console.print(table)
    if not scaling and is_over_budget(result):
        raise typer.Exit(1)


def _show_progress() -> None:
    log = logging.getLogger("bench")
    log.setLevel(logging.INFO)
    log.addHandler(logging.StreamHandler(sys.stderr))


def _choose(only: list[str] | None, skip: list[str] | None) -> tuple[str, ...]:
    wanted, unwanted = (
        {name for group in groups or [] for name in group.split(",")} for groups in (only, skip)
    )
    if unknown := (wanted | unwanted) - set(WHAT):
        raise typer.BadParameter(f"{', '.join(sorted(unknown))}: not of {', '.join(WHAT)}")
    names = tuple(name for name in WHAT if (not wanted or name in wanted) and name not in unwanted)
    if not names:
        raise typer.BadParameter("no contender is left")
    return names


def _save(out: Path, stem: str, result: Mapping[str, Any], spec: Mapping[str, Any]) -> None:
    out.mkdir(parents=True, exist_ok=True)
    (out / f"{stem}.json").write_text(json.dumps(result, indent=1) + "\n", encoding="utf-8")
    (out / f"{stem}.svg").write_text(draw_chart(spec), encoding="utf-8")


if __name__ == "__main__":
    app(prog_name="./run bench")
