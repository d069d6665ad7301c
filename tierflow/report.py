"""The report of a run: one HTML page that needs nothing but itself.

Names and values in it come from a database that anybody may have written to. Autoescape is on, the
charts escape their own text, and the page forbids scripts and loads by its own policy.
"""

import functools
import json
import os
import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any
from urllib.parse import quote

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from tierflow.report_record import (
    Change,
    Check,
    Counts,
    Judgement,
    Problem,
    Quarantined,
    RunReport,
    Step,
    Tier,
    WayBack,
)
from tierflow.report_words import (
    describe_run,
    format_count,
    format_seconds,
    format_share,
    format_value,
)
from tierflow.show_code import show_code, show_invisible

__all__ = [
    "LIST_LIMIT",
    "Change",
    "Check",
    "Counts",
    "Judgement",
    "Problem",
    "Quarantined",
    "RunReport",
    "Step",
    "Tier",
    "WayBack",
    "page_environment",
    "render_report",
    "write_report",
]

TEMPLATES = Path(__file__).with_name("templates")
LIST_LIMIT = 100  # rows of one list: a page of 100,000 quarantined elements would not open
CHART_LIMIT = 24  # bars that stay readable in one chart


def label_bar(order: int, name: str) -> str:
    """Return a bar's key: three digits that keep two bars of one name apart, then the label.

    What cannot be seen is escaped: the library that draws ends the process at a character that XML
    does not have.
    """
    name = show_invisible(name)
    return f"{order:03}{name if len(name) <= 20 else name[:10] + '…' + name[-9:]}"


def draw_chart(name: str, rows: Sequence[Mapping[str, object]]) -> Markup:
    """Draw templates/<name>.vl.json with these rows; returns an SVG element that loads nothing.

    The colours in the specs are names for the page's own: its style sheet replaces them, by light
    and dark.
    """
    import vl_convert  # starts a JavaScript engine: 0.5 s that no other command should pay

    spec: dict[str, Any] = json.loads((TEMPLATES / f"{name}.vl.json").read_text(encoding="utf-8"))
    spec["data"] = {"values": list(rows)}
    svg = vl_convert.vegalite_to_svg(spec, allowed_base_urls=[])
    svg = re.sub(r' xmlns(:xlink)?="[^"]*"', "", svg, count=2)  # HTML knows what svg is
    return Markup(svg.replace("<svg ", '<svg aria-hidden="true" focusable="false" ', 1))


def draw_tiers(tiers: Sequence[Tier]) -> Markup:
    """Draw models and markups of each tier, in the order given."""
    markups = [(tier.min_markup, tier.mean_markup, tier.max_markup) for tier in tiers]
    return draw_chart(
        "tiers",
        [
            {
                "bar": label_bar(order, tier.tier_code),
                "models": tier.models,
                "models_text": format_count(tier.models),
                "lowest": None if low is None else float(low),
                "mean": None if mean is None else float(mean),
                "highest": None if high is None else float(high),
            }
            for order, (tier, (low, mean, high)) in enumerate(zip(tiers, markups, strict=True))
        ],
    )


def draw_steps(steps: Sequence[Step]) -> Markup:
    """Draw the seconds of each step, in the order run."""
    return draw_chart(
        "steps",
        [
            {
                "bar": label_bar(order, step.name),
                "seconds": step.seconds,
                "seconds_text": format_seconds(step.seconds),
                "ok": step.outcome not in {"failed", "checks_failed", "error"},
            }
            for order, step in enumerate(steps)
        ],
    )


def draw_trend(history: Sequence[tuple[str, float]], *, slow: bool) -> Markup:
    """Draw the seconds of each run, the oldest first; the last one in red when it was slow."""
    last = len(history) - 1
    return draw_chart(
        "trend",
        [
            {"run": number, "seconds": seconds, "slow": slow and number == last}
            for number, (_, seconds) in enumerate(history)
        ],
    )


def link_from(folder: Path, target: str | Path) -> str:
    """Return a URL of target that works from a page in folder, relative where there is a way."""
    try:
        relative = os.path.relpath(target, folder)
    except ValueError:  # another drive
        return Path(target).resolve().as_uri()
    return quote(Path(relative).as_posix())


@functools.cache  # to compile the report's template takes 0.1 s
def page_environment() -> Environment:
    """Return what renders our pages: autoescape, and filters for figures and values."""
    environment = Environment(
        loader=FileSystemLoader(TEMPLATES),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters |= {  # pyright: ignore[reportAttributeAccessIssue]
        "count": format_count,
        "seconds": format_seconds,
        "share": format_share,
        "value": format_value,
        "code": show_code,
    }
    return environment


def render_report(record: RunReport, folder: Path) -> str:
    """Return the page's HTML; folder is where it will lie, for its one link. Writes nothing."""
    words, sentence = describe_run(record)
    page = (
        page_environment()
        .get_template("report.html.j2")
        .render(
            record=record,
            counts=record.counts,
            words=words,
            sentence=sentence,
            tiers_chart=draw_tiers(record.tiers[:CHART_LIMIT]) if record.tiers else None,
            # two bars tell no more than the table, and the first chart of a process takes 0.6 s
            steps_chart=draw_steps(record.steps[:CHART_LIMIT]) if len(record.steps) > 2 else None,
            trend_chart=draw_trend(record.history, slow=bool(record.regression))
            if len(record.history) > 2
            else None,
            data_docs=record.data_docs and link_from(folder, record.data_docs),
            list_limit=LIST_LIMIT,
            chart_limit=CHART_LIMIT,
        )
    )
    return page.strip() + "\n"


def write_report(record: RunReport, folder: Path) -> Path:
    """Write `<folder>/<run_id>.html`, making the folder; returns the path. Replaces it at once."""
    if not re.fullmatch(r"[\w-][\w.-]*", record.run_id):
        raise ValueError(f"run id {record.run_id!r} cannot be a file name")
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{record.run_id}.html"
    draft = path.with_suffix(".html.draft")
    draft.write_text(render_report(record, folder), encoding="utf-8", errors="backslashreplace")
    return draft.replace(path)
