"""What `./run bench` concludes from what it measured."""

from __future__ import annotations

import math
import sys

import pytest

from bench.compare import Options, Samples, rotate, summarize
from bench.figures import is_over_budget, judge_budgets
from bench.process import BenchError, measure
from bench.scaling import fit_exponent

OWN = {
    "rerun_seconds": 5.0,
    "load_and_index_seconds": 20.0,
    "parity_seconds": 8.0,
    "snapshot_seconds": 1.5,
    "back_up_seconds": 50.0,
}


def test_a_ratio_is_of_medians_to_tierflow_at_the_same_size() -> None:
    told = summarize(
        {
            "row_by_row": Samples(1000, [2.0], [10.0]),
            "tierflow": Samples(100_000, [9.0, 10.0, 50.0], [1.0, 2.0, 3.0]),
            "classic": Samples(100_000, [30.0, 31.0, 20.0], [1.0, 1.0, 1.0]),
        },
        100_000,
    )
    assert list(told) == ["tierflow", "classic", "row_by_row"]
    assert told["classic"]["ratio"] == 3.0
    assert told["tierflow"]["peak_mb"] == 2.0
    assert told["row_by_row"]["ratio"] is None
    assert told["row_by_row"]["seconds"] == 2.0
    assert told["row_by_row"]["seconds_extrapolated"] == 200.0


def test_budgets_are_judged_where_their_figures_are_there() -> None:
    contenders = {
        "tierflow": {"seconds": 30.0, "peak_mb": 501.0},
        "classic": {"seconds": 100.0},
        "limit": {"seconds": 20.0},
    }
    budgets = judge_budgets(contenders, OWN)
    assert budgets["tierflow/classic"] == {"figure": 0.3, "budget": 0.3, "ok": True}
    assert budgets["snapshot/back_up"] == {"figure": 0.03, "budget": 0.05, "ok": True}
    assert "tierflow/hand_optimised" not in budgets
    broken = {name for name, row in budgets.items() if not row["ok"]}
    assert broken == {"tierflow/limit", "parity/load_and_index", "peak_mb"}


@pytest.mark.parametrize(("models", "over"), [(1_000_000, True), (20_000, False)])
def test_a_budget_is_broken_only_at_the_size_it_is_meant_for(models: int, over: bool) -> None:
    budgets = {"peak_mb": {"figure": 501, "budget": 500, "ok": False}}
    assert is_over_budget({"models": models, "budgets": budgets}) is over


@pytest.mark.parametrize("exponent", [1.0, 1.3])
def test_the_exponent_is_that_of_the_work_without_the_start_up(exponent: float) -> None:
    series = [
        {"grants": grants, "seconds": 5 + 1e-5 * math.pow(grants, exponent)}
        for grants in (1000, 400_000, 4_000_000)
    ]
    assert fit_exponent(series, 5.0) == pytest.approx(exponent)
    assert fit_exponent(series[:2], 5.0) is None


def test_slow_peers_run_once_at_many_models_unless_told_otherwise() -> None:
    many = Options(1_000_000, ("dlt",))
    assert (many.rounds_of("dlt"), many.rounds_of("limit")) == (1, 3)
    assert Options(1_000_000, ("dlt",), rounds=2).rounds_of("dlt") == 2
    assert Options(20_000, ("dlt",)).rounds_of("dlt") == 3


def test_each_round_starts_with_another_contender() -> None:
    assert [rotate(("a", "b", "c"), number)[0] for number in range(4)] == ["a", "b", "c", "a"]


def test_memory_is_that_of_the_whole_process_tree() -> None:
    child = "import time; held = b'x' * 60_000_000; time.sleep(1)"
    parent = f"import subprocess, sys; subprocess.run([sys.executable, '-c', {child!r}])"
    measured = measure([sys.executable, "-c", parent], {})
    assert measured.peak_mb > 60
    assert measured.seconds > 1


def test_a_command_that_fails_is_an_error_with_its_last_words() -> None:
    with pytest.raises(BenchError, match="exit code 3: no more"):
        measure(
            [sys.executable, "-c", "import sys; print('no more', file=sys.stderr); exit(3)"], {}
        )
