"""What a run's page in the Prefect UI says, as Markdown and table rows."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from flows.compose_safety import say_whether_safe
from tasks.verify import Verification
from tierflow.plan import Plan
from tierflow.report_record import RunReport, Tier
from tierflow.report_words import describe_run, format_seconds, format_share, format_value
from tierflow.show_code import show_code, show_invisible
from tierflow.write_codes import CODE_COLUMNS

ROWS_SHOWN = 50
FATES = ("migrated", "merged", "duplicates", "quarantined")
CHOOSE = "CHOOSE-A-TIER"
FORM_FIELDS = {
    "Malformed values": "correct them, or choose `quarantine` in the field **Malformed**",
    "JSON encoded twice": (
        "choose `parse` in the field **Double encoded**, which reads the array or object that the"
        " string holds, or `quarantine`"
    ),
    "Codes of one tier with different markups": (
        "choose `lowest`, `highest` or `quarantine` in the field **Markup conflict**"
    ),
    "Markups with more than two decimals": (
        "choose `round` or `quarantine` in the field **Inexact markup**"
    ),
}
NEXT = {
    "dry_run": "Run the deployment **migrate** with the same decisions.",
    "published": "Run the deployment **verify** whenever you want proof; it also runs daily.",
    "reconciled": "Run the deployment **verify**; it also runs daily.",
    "unchanged": "Nothing is left to do.",
    "verified": "Nothing is left to do.",
    "rolled_back": "The old columns are the truth again. Run **dry run**, then **migrate**.",
    "finalized": "Nothing is left to do. Keep the archive: a restore puts the old columns back.",
    "ready": "Run the deployment **finalize** with the name of the database typed into `confirm`.",
    "restored": "Run the deployment **verify**, if the junction table is still there.",
    "planned": "Run the deployment **dry run**, then **migrate**.",
    "interrupted": "Run the same deployment again: it goes on where it stopped.",
}


def compose_summary(
    record: RunReport,
    plan: Plan | None,
    links: Mapping[str, str],
    files: Sequence[Path],
    *,
    finalized: bool = False,
) -> str:
    """Return the summary of a run as Markdown: is it safe, outcome, what next, figures, tables."""
    words, sentence = describe_run(record)
    parts = [
        say_whether_safe(record, plan, finalized=finalized),
        f"# {words.icon} {words.title}",
        escape(sentence),
    ]
    if record.message:
        parts.append(f"**Why:** {escape(record.message)}")
    if plan is not None and record.outcome == "needs_decision":
        parts += [*_decide(record, plan)]
    elif after := NEXT.get(record.outcome) or escape(record.next_command):
        parts.append(f"**Next:** {after}")
    if links:
        parts.append(" · ".join(f"[{label}]({url})" for label, url in links.items()))
    else:
        parts += [f"- {escape(str(path))}" for path in files]
    if record.outcome != "needs_decision":  # its figures say what would be set aside undecided
        parts += [*_count(record), *_tabulate(record)]
    decided = ", ".join(
        f"{k}: {show_invisible(json.dumps(v, ensure_ascii=False))}"
        for k, v in record.decisions.items()
        if k != "tier_map_order"
    )
    parts.append(
        f"*Database {escape(record.database)}, run {record.run_id}, tierflow"
        f" {record.tierflow_version}. Decisions in force: {escape(decided) or 'none'}.*"
    )
    return "\n\n".join(parts)


def list_checks(verification: Verification | None) -> list[dict[str, Any]]:
    """Return a row for each of the eight checks."""
    checks = verification.checks if verification else ()
    return [
        {
            "no.": number,
            "check": check.name,
            "result": "passed" if check.ok else "FAILED",
            "figure": check.figure,
            "expected": check.expected,
        }
        for number, check in enumerate(checks, start=1)
    ]


def escape(text: str) -> str:
    """Return text from a database as Markdown that shows it and does nothing else."""
    plain = re.sub(r"([\\`*_\[\]#|~!])", r"\\\1", " ".join(text.split()))
    return plain.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def _decide(record: RunReport, plan: Plan) -> Iterable[str]:
    yield "## Decide, then run the deployment again"
    tiers = ", ".join(f"**{escape(show_code(tier))}**" for tier in plan.write_codes)
    if plan.unknown_tiers:
        decided = record.decisions.get("tier_map")
        known: dict[str, Any] = dict(decided) if isinstance(decided, Mapping) else {}  # pyright: ignore
        named = [str(unknown["code"]) for unknown in plan.unknown_tiers[:ROWS_SHOWN]]
        tier_map = known | {code: [CHOOSE] for code in named}
        yield (
            f"Paste this into the field **Tier map**, each `{CHOOSE}` replaced by one or more of"
            f" the tiers {tiers}. tierflow does not guess what a code is worth."
        )
        text = json.dumps(tier_map, indent=2, ensure_ascii=False)
        yield "```json\n" + show_invisible(text) + "\n```"
        if (more := plan.cases_in_all.get("unknown_tiers", 0) - len(named)) > 0:
            yield (
                f"{more:,} more codes are unknown: choose `quarantine` in the field **Unknown"
                " tiers**, or write the map into a file and run `tierflow migrate --config`."
            )
    for problem in record.problems:
        yield f"### {problem.title} ({problem.cases:,})"
        if problem.title in FORM_FIELDS:
            yield f"To decide: {FORM_FIELDS[problem.title]}."
        yield _table(problem.columns, problem.rows, problem.cases)
    yield "Empty fields keep what the last run of this database decided."


def _count(record: RunReport) -> Iterable[str]:
    counts = record.counts
    if counts.source_elements is None:
        return
    figures = [getattr(counts, fate) or 0 for fate in FATES]
    sum_ = " + ".join(f"{n:,} {fate}" for n, fate in zip(figures, FATES, strict=True))
    adds_up = "it adds up" if sum(figures) == counts.source_elements else "IT DOES NOT ADD UP"
    yield "## Counts"
    yield f"{counts.source_elements:,} source elements = {sum_}: **{adds_up}**."
    rows: list[tuple[str, object]] = [
        ("models", counts.source_models),
        ("grants", counts.grants),
        ("billed at 1.00 for want of a markup", counts.defaulted_markups),
        ("inserted / updated / deleted",
         f"{counts.inserted or 0:,} / {counts.updated or 0:,} / {counts.deleted or 0:,}"),
    ]  # fmt: skip
    if counts.caught_up:
        rows.append(("models that changed during the run, counted as they are now",
                     counts.caught_up))  # fmt: skip
    if counts.recaptured:
        rows.append(("models whose captured values were missing, and are those of now",
                     counts.recaptured))  # fmt: skip
    if counts.coverage is not None:
        rows.append(
            ("coverage of the models that should have a grant", format_share(counts.coverage))
        )
    if counts.coverage_of_all is not None:
        rows.append(("coverage of all enabled models", format_share(counts.coverage_of_all)))
    yield _table(("what", "figure"), rows)


def _tabulate(record: RunReport) -> Iterable[str]:
    """Yield the tables that this run has rows for."""
    tiers = [
        (show_code(t.tier_code), t.models, t.source_models, *_markups(t)) for t in record.tiers
    ]
    columns = ("tier", "models", "in the JSONB", "lowest", "mean", "highest markup")
    yield from _section("Tiers", columns, tiers)
    yield from _section("Codes of later grants", CODE_COLUMNS, record.write_codes)
    checks = [
        (c.number, c.name, "passed" if c.ok else "FAILED", c.figure, c.expected)
        for c in record.checks
    ]
    yield from _section("Checks", ("no.", "check", "result", "figure", "expected"), checks)
    changes = [(c.model_id, c.tier_code, c.change) for c in record.changes]
    yield from _section("Changes", ("model", "tier", "change"), changes)
    quarantine = [(q.model_id, q.position, q.value, q.reason) for q in record.quarantine]
    yield from _section("Quarantine", ("model", "position", "value", "reason"), quarantine)
    steps = [(s.name, format_seconds(s.seconds), s.rows, s.outcome) for s in record.steps]
    yield from _section("Steps", ("step", "time", "rows", "outcome"), steps)


def _markups(tier: Tier) -> Iterable[str | None]:
    for value in (tier.min_markup, tier.mean_markup, tier.max_markup):
        yield None if value is None else f"{value:.2f}"


def _section(title: str, columns: Sequence[str], rows: Sequence[Sequence[object]]) -> Iterable[str]:
    if rows:
        yield f"## {title}"
        yield _table(columns, rows)


def _table(columns: Sequence[str], rows: Sequence[Sequence[object]], total: int = 0) -> str:
    lines = [columns, ["---"] * len(columns)]
    lines += [[escape(format_value(cell)) for cell in row] for row in rows[:ROWS_SHOWN]]
    text = "\n".join("| " + " | ".join(line) + " |" for line in lines)
    left = max(total, len(rows)) - ROWS_SHOWN
    return text + (f"\n\nand {left:,} more: see the report" if left > 0 else "")
