"""Each suite passes a good frame and fails each kind of bad one, in words, with the ids."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from expectations.observations import observe, say_value
from expectations.results import Judgement, Verdict
from expectations.vocabulary import ORPHAN_CHECKS, SuiteName

NAN = float("nan")
FIRST_CHECK = "grants whose tier does not exist"

GOOD: dict[SuiteName, pd.DataFrame] = {
    "coverage": pd.DataFrame(
        {
            "provider": ["(all)", "acme", "globex", "quiet"],
            "enabled_models": [150, 80, 65, 5],
            "expected_models": [140, 80, 60, 0],
            "granted_models": [140, 80, 60, 0],
            "coverage": [1.0, 1.0, 1.0, 1.0],
            "share": [0.95, 1.0, 0.92, 0.0],
            "uncovered": ["", "", "", ""],
        }
    ),
    "orphans": pd.DataFrame({"check": list(ORPHAN_CHECKS), "rows": 0, "sample": ""}),
    "distribution": pd.DataFrame(
        {
            "tier_code": ["free", "byok", "idle", "retired"],
            "is_active": [True, True, True, False],
            "models": [10, 20, 0, 0],
            "source_models": [10, 20, 0, 0],
            "mean_markup": [1.0, 1.5, NAN, NAN],
            "min_markup": [1.0, 1.2, NAN, NAN],
            "max_markup": [1.0, 99.99, NAN, NAN],
        }
    ),
    "schema": pd.DataFrame(
        {
            "object": ["tier_model_access", "idx_tier_model_lookup"],
            "kind": ["table", "index"],
            "ok": [True, True],
            "found": ["table", "btree"],
            "expected": ["table", "btree"],
        }
    ),
    "extracted": pd.DataFrame(
        {
            "model_id": ["m-1", "m-1", "m-2"],
            "tier_id": [1, 2, 1],
            "markup_hundredths": [0, 100, 9999],
        }
    ),
}


def judge(*args: Any, **kwargs: Any) -> Verdict:
    """Import Great Expectations only when a test runs: collecting the tests stays quick."""
    from expectations.judge import judge

    return judge(*args, **kwargs)


def build_data_docs(folder: Path, keep: int = 50) -> Path:
    from expectations.judge import build_data_docs

    return build_data_docs(folder, keep)


def judged(suite: SuiteName, frame: pd.DataFrame) -> Verdict:
    return judge(
        {suite: frame},
        docs_folder=None,
        database="shop",
        run_name="test",
        min_coverage=0.8,
        tier_ids=(1, 2),
    )


def changed(suite: SuiteName, row: int, **values: Any) -> pd.DataFrame:
    frame = GOOD[suite].astype(object)
    for column, value in values.items():
        frame.loc[row, column] = value
    return frame.infer_objects()


@pytest.mark.parametrize("suite", list(GOOD))
def test_a_good_frame_passes(suite: SuiteName) -> None:
    verdict = judged(suite, GOOD[suite])
    assert verdict.failures == ()
    assert verdict.ok
    assert verdict.results
    assert all(result.suite == suite for result in verdict.results)


BAD: list[tuple[SuiteName, pd.DataFrame, str, tuple[str, ...]]] = [
    (
        "coverage",
        changed("coverage", 1, coverage=0.975, uncovered="m-7,m-9"),
        "Every enabled model that should have access has a grant",
        ("acme: m-7, m-9",),
    ),
    (
        "coverage",
        changed("coverage", 1, granted_models=79),
        "As many models have a grant as should have one",
        ("acme",),
    ),
    (
        "coverage",
        changed("coverage", 0, share=0.79),
        "At least 80 % of all enabled models have a grant",
        ("(all)",),
    ),
    (
        "coverage",
        changed("coverage", 1, expected_models=81, granted_models=81),
        "No provider has more models that should have access than enabled models",
        ("acme",),
    ),
    (
        "coverage",
        changed("coverage", 0, provider="every"),
        "There is one row for all providers together",
        (),
    ),
    (
        "coverage",
        changed("coverage", 1, provider="globex"),
        "Every provider is listed once",
        ("globex", "globex"),
    ),
    (
        "coverage",
        changed("coverage", 1, provider=None),
        "Every row names its provider",
        ("none",),
    ),
    (
        "coverage",
        changed("coverage", 1, coverage=None),
        "The coverage of every provider is known",
        ("acme",),
    ),
    (
        "coverage",
        changed("coverage", 0, share=None),
        "The share of models with a grant is known",
        ("(all)",),
    ),
    *(
        (
            "orphans",
            changed("orphans", row, rows=2, sample="m-1,m-2"),
            sentence,
            (f"{check}: m-1, m-2",),
        )
        for row, (check, sentence) in enumerate(ORPHAN_CHECKS.items())
    ),
    (
        "orphans",
        changed("orphans", 6, check="grants on the moon", rows=1, sample="m-3"),
        "No other check finds anything",
        ("grants on the moon: m-3",),
    ),
    ("orphans", GOOD["orphans"].iloc[1:], "Every check ran", (FIRST_CHECK,)),
    (
        "orphans",
        changed("orphans", 6, check=FIRST_CHECK, rows=0, sample=""),
        "Every check ran once",
        (FIRST_CHECK, FIRST_CHECK),
    ),
    ("orphans", changed("orphans", 0, rows=None), "Every check has a result", (FIRST_CHECK,)),
    (
        "distribution",
        changed("distribution", 1, models=19),
        "Every tier has as many models as the JSONB gives it",
        ("byok",),
    ),
    (
        "distribution",
        changed("distribution", 2, source_models=3),
        "An active tier is empty only when the JSONB says so",
        ("idle",),
    ),
    (
        "distribution",
        changed("distribution", 0, min_markup=-0.01),
        "The lowest markup of every tier lies between 0 and 99.99",
        ("free",),
    ),
    (
        "distribution",
        changed("distribution", 0, max_markup=100.0),
        "The highest markup of every tier lies between 0 and 99.99",
        ("free",),
    ),
    (
        "distribution",
        changed("distribution", 1, mean_markup=1.1),
        "The mean markup is not below the lowest",
        ("byok",),
    ),
    (
        "distribution",
        changed("distribution", 0, mean_markup=1.1),
        "The mean markup is not above the highest",
        ("free",),
    ),
    (
        "distribution",
        changed("distribution", 1, mean_markup=None),
        "Every tier with models has a markup",
        ("byok",),
    ),
    (
        "distribution",
        changed("distribution", 0, tier_code=None),
        "Every tier has a code",
        ("none",),
    ),
    (
        "distribution",
        changed("distribution", 0, tier_code="byok"),
        "Every tier is listed once",
        ("byok", "byok"),
    ),
    (
        "distribution",
        changed("distribution", 0, models=None),
        "The number of models of every tier is known",
        ("free",),
    ),
    (
        "schema",
        changed("schema", 1, ok=False, found="missing"),
        "Every object is as it should be",
        ("idx_tier_model_lookup",),
    ),
    (
        "schema",
        changed("schema", 1, ok=None),
        "Every object was looked at",
        ("idx_tier_model_lookup",),
    ),
    ("schema", GOOD["schema"].iloc[:0], "At least one object was looked at", ()),
    (
        "extracted",
        changed("extracted", 0, model_id=None),
        "Every grant names its model",
        ("none, 1",),
    ),
    (
        "extracted",
        changed("extracted", 0, tier_id=None),
        "Every grant names its tier",
        ("m-1, none",),
    ),
    (
        "extracted",
        changed("extracted", 0, markup_hundredths=None),
        "Every grant has a markup",
        ("m-1, 1",),
    ),
    (
        "extracted",
        changed("extracted", 1, tier_id=1),
        "No model has the same tier twice",
        ("m-1, 1", "m-1, 1"),
    ),
    (
        "extracted",
        changed("extracted", 0, markup_hundredths=-1),
        "Every markup lies between 0 and 99.99",
        ("m-1, 1",),
    ),
    (
        "extracted",
        changed("extracted", 0, markup_hundredths=10_000),
        "Every markup lies between 0 and 99.99",
        ("m-1, 1",),
    ),
    (
        "extracted",
        changed("extracted", 1, tier_id=7),
        "Every grant points to a tier that exists",
        ("m-1, 7",),
    ),
]


@pytest.mark.parametrize(
    ("suite", "frame", "name", "failing"), BAD, ids=[f"{bad[0]}-{bad[2]}" for bad in BAD]
)
def test_a_bad_frame_fails_in_words_and_names_its_rows(
    suite: SuiteName, frame: pd.DataFrame, name: str, failing: tuple[str, ...]
) -> None:
    verdict = judged(suite, frame)
    assert not verdict.ok
    failures = {failure.name: failure for failure in verdict.failures}
    assert name in failures
    assert failures[name].failing == failing
    assert "Could not be judged" not in failures[name].observed


def test_every_expectation_is_broken_by_some_bad_frame() -> None:
    named = {
        name for suite in GOOD for name in (one.name for one in judged(suite, GOOD[suite]).results)
    }
    assert named == {name for _, _, name, _ in BAD}


def test_what_was_observed_tells_figures() -> None:
    frame = changed("coverage", 1, coverage=0.975, uncovered="m-7")
    assert judged("coverage", frame).failures[0].observed == (
        "1 of 4 providers fails: acme (coverage 97.5 %)"
    )
    # three providers; the fourth row is that of all together
    said = {result.observed for result in judged("coverage", GOOD["coverage"]).results}
    assert "3 providers, and all together" in said
    assert not [text for text in said if "4 providers" in text]
    frame = changed("orphans", 3, rows=1412, sample="m-1")
    assert judged("orphans", frame).failures[0].observed == "found 1412"


def test_at_most_twenty_failing_rows_are_named() -> None:
    models = [f"m-{number}" for number in range(50)]
    frame = pd.DataFrame({"model_id": models, "tier_id": 1, "markup_hundredths": -1})
    failure = judged("extracted", frame).failures[0]
    assert len(failure.failing) == 20
    assert failure.observed.startswith("50 of 50 grants fail: m-0, 1 (markup hundredths -1)")
    assert failure.observed.endswith("and 47 more")


@pytest.mark.parametrize(
    ("suite", "failures"),
    [
        ("coverage", ["There is one row for all providers together"]),
        ("orphans", ["Every check ran"]),
        ("distribution", []),
        ("schema", ["At least one object was looked at"]),
        ("extracted", []),
    ],
)
def test_an_empty_frame_is_judged(suite: SuiteName, failures: list[str]) -> None:
    for frame in (GOOD[suite].iloc[:0], pd.DataFrame(columns=GOOD[suite].columns)):
        assert [failure.name for failure in judged(suite, frame).failures] == failures


def test_without_known_tiers_their_ids_are_not_judged() -> None:
    frame = changed("extracted", 1, tier_id=7)
    verdict = judge(
        {"extracted": frame}, docs_folder=None, database="d", run_name="r", min_coverage=0.8
    )
    assert verdict.ok


def test_an_exception_in_an_expectation_is_a_failure_with_its_text() -> None:
    verdict = judged("schema", GOOD["schema"].drop(columns="ok"))
    failure = verdict.failures[0]
    assert failure.name == "Every object is as it should be"
    assert failure.observed == (
        'Could not be judged: Error: The column "ok" in BatchData does not exist.'
    )


def test_an_exception_around_a_suite_is_a_failure_with_its_text(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    def explode(*_: object, **__: object) -> None:
        raise RuntimeError("the <judge> fell ill")

    monkeypatch.setattr("great_expectations.datasource.fluent.interfaces.Batch.validate", explode)
    verdict = judge(
        {"schema": GOOD["schema"]}, docs_folder=tmp_path, database="d", run_name="r", min_coverage=1
    )
    assert verdict.results == (
        Judgement(
            "schema",
            "The suite Schema can be judged",
            ok=False,
            observed="Could not be judged: RuntimeError: the <judge> fell ill",
        ),
    )
    build_data_docs(tmp_path)
    (page,) = tmp_path.glob("validations/**/*.html")
    assert "the &lt;judge&gt; fell ill" in page.read_text()


def test_an_exception_counts_even_beside_a_success() -> None:
    stored: dict[str, Any] = {
        "success": True,
        "expectation_config": {"type": "some_expectation", "kwargs": {}},
        "result": {"observed_value": 1},
        "exception_info": {"metric": {"raised_exception": True, "exception_message": "broke"}},
    }
    seen = observe("schema", stored)
    assert not seen.ok
    assert seen.observed == "Could not be judged: broke"


def test_a_verdict_holds_only_when_everything_holds() -> None:
    good = Judgement("schema", "one", ok=True, observed="")
    bad = replace(good, ok=False)
    assert Verdict((good,)).ok
    assert not Verdict((good, bad)).ok
    assert Verdict((good, bad)).failures == (bad,)


def test_values_are_said_without_rounding_them_to_a_whole() -> None:
    assert [say_value(value) for value in (0.9999999, 1.0, 97.14285714, NAN, None, True)] == [
        "0.9999999",
        "1",
        "97.1429",
        "none",
        "none",
        "yes",
    ]


def make_folder(tmp_path: Path, runs: int) -> Callable[[], int]:
    for run in range(runs):
        judge(
            {"schema": GOOD["schema"]},
            docs_folder=tmp_path,
            database="shop",
            run_name=f"run {run}",
            min_coverage=0.8,
        )
    return lambda: len(list(tmp_path.glob("validations/**/*.html")))


def test_only_the_newest_runs_are_kept(tmp_path: Path) -> None:
    pages = make_folder(tmp_path, runs=4)
    build_data_docs(tmp_path)
    assert pages() == 4
    index = build_data_docs(tmp_path, keep=2).read_text()
    assert pages() == 2
    assert len(list(tmp_path.glob("results/**/*.json"))) == 2
    assert [name in index for name in ("run 0", "run 1", "run 2", "run 3")] == [
        False,
        False,
        True,
        True,
    ]
    assert index.index("run 3") < index.index("run 2")


def test_a_page_that_exists_is_not_written_again(tmp_path: Path) -> None:
    make_folder(tmp_path, runs=1)
    build_data_docs(tmp_path)
    (page,) = tmp_path.glob("validations/**/*.html")
    page.write_text("as it was")
    build_data_docs(tmp_path)
    assert page.read_text() == "as it was"


def test_names_that_are_no_file_names_are_kept_for_the_reader(tmp_path: Path) -> None:
    judge(
        {"schema": GOOD["schema"]},
        docs_folder=tmp_path,
        database='../shop & "sons"',
        run_name="../../<b>profiling</b>: é\\" + "x" * 300,
        min_coverage=0.8,
    )
    index = build_data_docs(tmp_path).read_text()
    (page,) = tmp_path.glob("validations/**/*.html")
    for text in (index, page.read_text()):
        assert "../../&lt;b&gt;profiling&lt;/b&gt;: é" in text
        assert "../shop &amp; &#34;sons&#34;" in text
        assert "<b>profiling" not in text


def test_an_index_without_runs_says_so(tmp_path: Path) -> None:
    assert "Nothing has been judged yet" in build_data_docs(tmp_path / "new").read_text()
