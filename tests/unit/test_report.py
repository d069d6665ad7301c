import re
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal
from html.parser import HTMLParser
from pathlib import Path

import pytest

from tierflow.report import (
    LIST_LIMIT,
    Change,
    Check,
    Counts,
    Judgement,
    Problem,
    Quarantined,
    RunReport,
    Step,
    Tier,
    label_bar,
    render_report,
    write_report,
)
from tierflow.report_words import OUTCOMES, format_seconds, format_share, format_value

HOSTILE = "<script>alert(1)</script>"

RECORD = RunReport(
    run_id="20261123-1612",
    mode="migrate",
    outcome="published",
    database="tierflow on a local socket",
    started=datetime(2026, 11, 23, 16, 12, 5, tzinfo=UTC),
    seconds=5.42,
    tierflow_version="0.1.0",
    server_version="PostgreSQL 18.1",
    decisions={"tier_map": {"trial": ("byok",)}, "malformed": "fail"},
    counts=Counts(
        source_models=600,
        source_elements=1200,
        migrated=1150,
        merged=40,
        duplicates=10,
        quarantined=0,
        grants=1150,
        defaulted_markups=2,
        coverage=1.0,
        coverage_of_all=0.92,
        inserted=1150,
        updated=0,
        deleted=0,
    ),
    steps=(Step("preflight", 0.08), Step("load_chunk", 4.2, 1150)),
    tiers=(Tier("byok", "Own Key", 223, 223, Decimal("1.45"), Decimal("1.4"), Decimal("1.5")),),
    checks=tuple(Check(n, f"check {n}", True, "0", "0") for n in range(1, 9)),
    judgements=(Judgement("coverage", "Every model has a grant", True, "100 %"),),
)


class Page(HTMLParser):
    """The page as a browser takes it: its elements, and its visible text with plain spaces."""

    def __init__(self, html: str):
        super().__init__()
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self._open: list[str] = []
        self._text: list[str] = []
        self.feed(html)
        self.text = " ".join("".join(self._text).replace("\u202f", " ").split())

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]):
        self.elements.append((tag, dict(attrs)))
        self._open.append(tag)

    def handle_endtag(self, tag: str):
        while tag in self._open and self._open.pop() != tag:
            pass

    def handle_data(self, data: str):
        if not {"style", "svg"} & set(self._open):
            self._text.append(data)

    @property
    def tags(self) -> set[str]:
        return {tag for tag, _ in self.elements}

    def banner(self) -> str:
        return next(str(attrs["class"]) for tag, attrs in self.elements if tag == "header")


@pytest.fixture
def page(tmp_path: Path) -> Callable[[RunReport], Page]:
    return lambda record: Page(render_report(record, tmp_path))


def test_the_report_is_one_file_named_after_the_run(tmp_path: Path):
    path = write_report(RECORD, tmp_path / "reports")
    assert path == tmp_path / "reports" / "20261123-1612.html"
    assert [other.name for other in path.parent.iterdir()] == [path.name]
    assert path.read_text(encoding="utf-8").startswith("<!doctype html>")


def test_a_run_id_that_leaves_the_folder_is_refused(tmp_path: Path):
    for run_id in ("../up", "", "a/b", ".hidden"):
        with pytest.raises(ValueError, match="file name"):
            write_report(replace(RECORD, run_id=run_id), tmp_path)


def test_the_report_loads_nothing_from_anywhere(tmp_path: Path, page: Callable[..., Page]):
    html = render_report(replace(RECORD, data_docs=tmp_path / "docs" / "index.html"), tmp_path)
    assert not re.search(r"https?:|//\w|url\((?!#)|@import|@font-face", html)
    seen = Page(html)
    assert not seen.tags & {"script", "img", "iframe", "image", "use", "object", "embed"}
    # its icon is in the page itself
    links = [attrs for tag, attrs in seen.elements if tag == "link"]
    assert [(a["rel"], (a["href"] or "")[:11]) for a in links] == [("icon", "data:image/")]
    assert all("src" not in attrs and "xlink:href" not in attrs for _, attrs in seen.elements)
    assert not [name for _, attrs in seen.elements for name in attrs if name.startswith("on")]
    policy = next(a["content"] for t, a in seen.elements if t == "meta" and "http-equiv" in a)
    assert policy and policy.startswith("default-src 'none'")


def test_the_conservation_sum_is_shown_as_an_equation(page: Callable[..., Page]):
    text = page(RECORD).text
    equation = "1 200 source elements = 1 150 migrated + 40 merged + 10 duplicates + 0 quarantined"
    assert f"{equation} ✓ adds up" in text
    assert "DOES NOT ADD UP" not in text
    assert "counted as they are now" not in text


def test_models_that_changed_during_the_run_are_said_beside_the_counts(page: Callable[..., Page]):
    counts = replace(RECORD.counts, caught_up=1234)
    text = page(replace(RECORD, counts=counts)).text
    assert re.search(r"Changed meanwhile1.234models, counted as they are now", text)


@pytest.mark.parametrize(
    ("elements", "shout"),
    [
        (1202, "2 source elements unaccounted for"),
        (1199, "1 source element too many accounted for"),
    ],
)
@pytest.mark.parametrize("outcome", ["published", "unchanged", "dry_run", "checks_failed"])
def test_a_sum_that_does_not_add_up_is_shouted_and_no_banner_stays_green(
    page: Callable[..., Page], elements: int, shout: str, outcome: str
):
    counts = replace(RECORD.counts, source_elements=elements)
    seen = page(replace(RECORD, outcome=outcome, counts=counts))
    assert f"DOES NOT ADD UP: {shout}" in seen.text
    assert "adds up" not in seen.text
    assert seen.banner() == "banner bad"


def test_a_failed_check_turns_a_published_banner_red(page: Callable[..., Page]):
    checks = (*RECORD.checks[:7], Check(8, "integrity", False, "1 orphan", "0 orphans"))
    seen = page(replace(RECORD, checks=checks))
    assert seen.banner() == "banner bad"
    assert "Published, but a check failed" in seen.text
    assert "1 of 8 checks failed." in seen.text


def test_a_run_that_stopped_early_claims_no_sum(page: Callable[..., Page]):
    counts = replace(RECORD.counts, migrated=0, merged=0, duplicates=0, quarantined=0)
    text = page(replace(RECORD, outcome="interrupted", counts=counts)).text
    assert "is not claimed" in text
    assert "DOES NOT ADD UP" not in text and "adds up" not in text


def test_hostile_names_are_harmless_wherever_they_appear(tmp_path: Path):
    record = replace(
        RECORD,
        mode=HOSTILE,
        database=HOSTILE,
        server_version=HOSTILE,
        message=HOSTILE,
        next_command=f"tierflow {HOSTILE}",
        data_docs=tmp_path / '"onclick="alert(1)' / "index.html",
        decisions={HOSTILE: HOSTILE, "tier_map": {HOSTILE: (HOSTILE,)}},
        steps=(Step(HOSTILE, 1.0, None, HOSTILE),),
        tiers=(Tier(HOSTILE, HOSTILE, 1), Tier('"><img src=x onerror=alert(1)>', None, 2)),
        quarantine=(Quarantined(HOSTILE, 1, HOSTILE, HOSTILE),),
        checks=(Check(1, HOSTILE, False, HOSTILE, HOSTILE),),
        judgements=(Judgement(HOSTILE, HOSTILE, False, HOSTILE, (HOSTILE,)),),
        changes=(Change(HOSTILE, HOSTILE, HOSTILE),),
        problems=(Problem(HOSTILE, (HOSTILE,), ((HOSTILE,),), HOSTILE),),
    )
    seen = Page(render_report(record, tmp_path))
    assert not seen.tags & {"script", "img"}
    assert not [name for _, attrs in seen.elements for name in attrs if name.startswith("on")]
    assert seen.text.count(HOSTILE) >= 20


def test_a_name_in_a_chart_is_text_and_nothing_else(tmp_path: Path):
    tiers = (Tier("<b>x</b>", None, 1), Tier("a&b", None, 2))
    html = render_report(replace(RECORD, tiers=tiers, steps=()), tmp_path)
    svg = re.findall(r"<svg.*?</svg>", html, re.DOTALL)[-1]
    assert "&lt;b&gt;x&lt;/b&gt;" in svg and "a&amp;b" in svg
    assert "<b>" not in svg


def test_the_charts_of_a_page_share_no_id(page: Callable[..., Page]):
    ids = [attrs["id"] for _, attrs in page(RECORD).elements if "id" in attrs]
    assert len(ids) == len(set(ids))


def test_what_cannot_be_seen_in_a_name_is_escaped_in_a_chart():
    assert label_bar(7, "pro\u200b plan\u00ad") == "007pro\\u200b plan\\u00ad"


def test_two_bars_of_one_name_stay_two_bars(tmp_path: Path):
    steps = (Step("load_chunk", 1.0), Step("load_chunk", 2.0), Step("load_chunk", 3.0))
    html = render_report(replace(RECORD, steps=steps, tiers=()), tmp_path)
    svg = re.findall(r"<svg.*?</svg>", html, re.DOTALL)[-1]
    assert svg.count(">load_chunk<") == 3


def test_long_lists_are_cut_with_the_total_said(page: Callable[..., Page]):
    quarantine = [Quarantined(f"model-{n:05}", 1, "x", "unknown code") for n in range(2000)]
    changes = [Change(f"changed-{n:05}", "byok", "granted") for n in range(LIST_LIMIT + 1)]
    text = page(
        replace(RECORD, quarantine=quarantine, quarantine_total=55091, changes=changes)
    ).text
    assert f"The first {LIST_LIMIT} of 55 091 are shown." in text
    assert f"The first {LIST_LIMIT} of {LIST_LIMIT + 1} are shown." in text
    assert "model-00099" in text and "model-00100" not in text


def test_a_quarantine_without_its_rows_still_tells_the_number(page: Callable[..., Page]):
    counts = replace(RECORD.counts, migrated=1143, quarantined=7)
    text = page(replace(RECORD, counts=counts)).text
    assert "Quarantine 7" in text and "tierflow.quarantine" in text
    assert "Nothing was quarantined" in page(RECORD).text


@pytest.mark.parametrize("outcome", [*OUTCOMES, "an outcome of next year"])
def test_every_outcome_renders_with_its_words(page: Callable[..., Page], outcome: str):
    seen = page(replace(RECORD, outcome=outcome))
    title = OUTCOMES[outcome].title if outcome in OUTCOMES else outcome
    assert title in seen.text
    assert "{" not in seen.text


@pytest.mark.parametrize("outcome", OUTCOMES)
def test_every_outcome_renders_with_nothing_but_its_name(page: Callable[..., Page], outcome: str):
    bare = RunReport(
        "run-1", "plan", outcome, "db", datetime(2026, 1, 1), 0, "0.1.0", "PostgreSQL 15.9"
    )
    seen = page(bare)
    assert {"svg", "table"}.isdisjoint(seen.tags)
    assert "None" not in seen.text.replace("None were given", "")


def test_what_must_be_decided_comes_with_its_cases_and_its_remedy(page: Callable[..., Page]):
    problem = Problem(
        "Unknown tier codes",
        ("Code", "Models", "Nearest"),
        [("trial", 1102, ("byok", "managed")), ("", 3, ())],
        "--tier-map trial=byok",
    )
    record = replace(RECORD, outcome="needs_decision", counts=Counts(), problems=(problem,))
    text = page(record).text
    assert "A person must decide" in text
    assert "Unknown tier codes 2" in text
    assert "trial 1 102 byok, managed" in text
    assert "(empty)" in text
    assert "--tier-map trial=byok" in text


def test_a_tier_that_differs_from_its_source_is_marked(page: Callable[..., Page]):
    tiers = (Tier("byok", None, 5, 5), Tier("managed", None, 4, 6), Tier("vip", None, 7, 6))
    text = page(replace(RECORD, tiers=tiers)).text
    assert "✓ equal" in text and "✗ 2 fewer" in text and "✗ 1 more" in text


def test_the_data_docs_are_linked_relative_to_the_report(tmp_path: Path):
    folder = tmp_path / "reports"
    record = replace(RECORD, data_docs=tmp_path / "data docs" / "index.html")
    assert 'href="../data%20docs/index.html"' in render_report(record, folder)


def test_status_is_said_in_words_and_not_by_colour_alone(page: Callable[..., Page]):
    checks = (Check(1, "one", True, "", ""), Check(2, "two", False, "", ""))
    text = page(replace(RECORD, checks=checks)).text
    assert "✓ passed" in text and "✗ failed" in text


@pytest.mark.parametrize(
    ("seconds", "expected"),
    [
        (0, "< 1 ms"),
        (0.0123, "12 ms"),
        (0.9996, "1.0 s"),
        (4.23, "4.2 s"),
        (59.96, "1 min 0 s"),
        (75, "1 min 15 s"),
        (3723, "1 h 2 min"),
    ],
)
def test_durations_read_as_a_person_says_them(seconds: float, expected: str):
    assert format_seconds(seconds).replace("\u202f", " ") == expected


@pytest.mark.parametrize(
    ("share", "expected"),
    [(1.0, "100 %"), (0.99999, "99.9 %"), (0.8, "80 %"), (0.921, "92.1 %"), (0, "0 %")],
)
def test_only_all_of_it_is_a_hundred_per_cent(share: float, expected: str):
    assert format_share(share).replace("\u202f", " ") == expected


@pytest.mark.parametrize(
    ("given", "expected"),
    [("", "(empty)"), ("  ", "(2 blanks)"), (True, "true"), (None, "\u2013"), (["a", "b"], "a, b")],
)
def test_values_that_would_be_invisible_are_said(given: object, expected: str):
    assert format_value(given) == expected


def test_an_endless_value_is_cut():
    assert len(format_value("x" * 100_000)) == 201
