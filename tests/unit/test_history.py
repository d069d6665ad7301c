"""Durations over time: what is slower than usual is said, and noise is not."""

from __future__ import annotations

from pathlib import Path

from tierflow.forecast import Forecast, list_forecasts, load_forecast, save_forecast
from tierflow.history import describe_regression, flag_regressions


def test_a_run_far_over_the_median_is_flagged_with_its_figures() -> None:
    said = describe_regression(12.0, [4.0, 5.0, 6.0])
    assert said == "12.0 s is 2.4 times the usual 5.0 s (median of 3 runs)"


def test_noise_and_too_few_runs_are_not_flagged() -> None:
    assert describe_regression(12.0, [4.0, 5.0]) is None
    assert describe_regression(7.0, [5.0, 5.0, 5.0]) is None
    assert describe_regression(0.9, [0.1, 0.1, 0.1]) is None


def test_a_run_is_compared_with_earlier_runs_of_its_own_kind() -> None:
    runs = [
        {"mode": "migrate", "outcome": "published", "seconds": 20.0},
        {"mode": "migrate", "outcome": "unchanged", "seconds": 1.0},
        *({"mode": "migrate", "outcome": "published", "seconds": 5.0} for _ in range(3)),
    ]
    flagged = flag_regressions(runs)
    assert [bool(run["regression"]) for run in flagged] == [True, False, False, False, False]


def _forecast(made: str, seconds: float, database: str = "shop") -> Forecast:
    return Forecast(database, made, 10, 40, seconds, 0.1, 1000, 60.0)


def test_the_newest_forecast_of_the_same_database_is_compared_with_the_run(
    tmp_path: Path,
) -> None:
    assert load_forecast(tmp_path, "shop") is None
    save_forecast(tmp_path, _forecast("2026-01-01T00:00:00+00:00", 8.0))
    save_forecast(tmp_path, _forecast("2026-01-02T00:00:00+00:00", 10.0))
    save_forecast(tmp_path, _forecast("2026-01-03T00:00:00+00:00", 99.0, "other"))
    found = load_forecast(tmp_path, "shop")
    assert found is not None
    compared = found.compare(12.0)
    assert (compared["seconds"], compared["actual_seconds"], compared["ratio"]) == (10.0, 12.0, 1.2)
    assert len(list_forecasts(tmp_path, "shop")) == 2


def test_a_forecast_of_another_version_is_passed_over(tmp_path: Path) -> None:
    path = save_forecast(tmp_path, _forecast("2026-01-01T00:00:00+00:00", 8.0))
    path.with_name("20260102T000000000000.json").write_text('{"seconds": 1}')
    path.with_name("20260103T000000000000.json").write_text("half a fi")
    assert load_forecast(tmp_path, "shop") == _forecast("2026-01-01T00:00:00+00:00", 8.0)
