"""The report's words: what each outcome means, and how figures are written for people."""

from decimal import ROUND_FLOOR, Decimal
from typing import NamedTuple, cast

from tierflow.report_record import RunReport

TEXT_LIMIT = 200  # characters of one value
THIN_SPACE = "\u202f"  # between thousands, and before a unit: never broken over two lines


class Outcome(NamedTuple):
    """How an outcome reads. finished: the run accounts for every source element it counts."""

    tone: str
    icon: str
    title: str
    sentence: str
    finished: bool = True


OUTCOMES: dict[str, Outcome] = {
    "published": Outcome(
        "good", "✓", "Published", "The access of {models} is now {grants}, live in {database}."
    ),
    "unchanged": Outcome(
        "good",
        "✓",
        "Nothing to change",
        "{database} was migrated before and is up to date: no row was written.",
    ),
    "reconciled": Outcome(
        "good",
        "✓",
        "Reconciled",
        "The junction table in {database} had drifted from the source, and was repaired: "
        "{changes}.",
    ),
    "dry_run": Outcome(
        "info",
        "i",
        "Dry run passed",
        "The access of {models} became {grants} in the build, which was audited and then thrown "
        "away. Nothing in {database} has changed.",
    ),
    "needs_decision": Outcome(
        "warn",
        "?",
        "A person must decide",
        "The preflight found what tierflow does not guess, and stopped. Nothing in {database} "
        "has changed.",
        finished=False,
    ),
    "checks_failed": Outcome(
        "bad", "✗", "Checks failed", "What {database} holds is not what it should hold."
    ),
    "verified": Outcome(
        "good", "✓", "Verified", "{database} holds what its source says, and answers as it did."
    ),
    "rolled_back": Outcome(
        "info",
        "↶",
        "Rolled back",
        "{database} has its old shape again, without the junction table.",
        finished=False,
    ),
    "finalized": Outcome(
        "info",
        "■",
        "Finalized",
        "The old columns of {database} are gone; the junction table is the only truth. What they "
        "held is in the archive.",
        finished=False,
    ),
    "ready": Outcome(
        "good",
        "✓",
        "Ready to finalize",
        "Every guard holds. Nothing in {database} has changed.",
        finished=False,
    ),
    "restored": Outcome(
        "info",
        "↶",
        "Restored",
        "The old columns of {database} hold what the file says of them.",
        finished=False,
    ),
    "rehearsed": Outcome(
        "good",
        "✓",
        "Rehearsed",
        "The whole life of a migration passed on a copy, and the copy is gone. {database} was only "
        "read.",
    ),
    "planned": Outcome(
        "info",
        "i",
        "Planned",
        "Nothing is open: a migration of {models} may run. Nothing in {database} has changed.",
    ),
    "refused": Outcome(
        "warn",
        "!",
        "Refused",
        "It could not be done without loss. Nothing in {database} has changed.",
        finished=False,
    ),
    "interrupted": Outcome(
        "warn",
        "!",
        "Interrupted",
        "The run was stopped before its end. The next run resumes it.",
        finished=False,
    ),
    "failed": Outcome(
        "bad", "✗", "Failed", "The run stopped before its end, in error.", finished=False
    ),
}


def format_count(value: float) -> str:
    """Write a whole number with thousands apart: 1234567 is `1 234 567`."""
    return f"{value:,.0f}".replace(",", THIN_SPACE)


def format_seconds(seconds: float) -> str:
    """Write a duration as a person says it: `340 ms`, `4.2 s`, `2 min 5 s`, `1 h 3 min`."""
    if seconds < 0.0005:
        return f"<{THIN_SPACE}1{THIN_SPACE}ms"
    if seconds < 0.9995:
        return f"{seconds * 1000:.0f}{THIN_SPACE}ms"
    if seconds < 59.95:
        return f"{seconds:.1f}{THIN_SPACE}s"
    whole = round(seconds)
    if whole < 3600:
        return f"{whole // 60}{THIN_SPACE}min {whole % 60}{THIN_SPACE}s"
    return f"{format_count(whole // 3600)}{THIN_SPACE}h {whole % 3600 // 60}{THIN_SPACE}min"


def format_share(share: float) -> str:
    """Write a share of 1 in per cent, rounded down: only all of it is `100 %`."""
    percent = (Decimal(str(share)) * 100).quantize(Decimal("0.1"), ROUND_FLOOR)
    return f"{percent:f}".removesuffix(".0") + f"{THIN_SPACE}%"


def format_value(value: object) -> str:
    """Write any value of the database as short text; the empty string is said, not shown."""
    if value is None:
        return "\u2013"
    if isinstance(value, bool | str):
        text = str(value).lower() if isinstance(value, bool) else value
    elif isinstance(value, int):
        text = format_count(value)
    elif isinstance(value, list | tuple):
        text = ", ".join(format_value(part) for part in cast("list[object]", value))
    else:
        text = str(value)
    if not text.strip():
        return "(empty)" if not text else f"({len(text)} blanks)"
    return text if len(text) <= TEXT_LIMIT else text[:TEXT_LIMIT] + "…"


def count_of(value: int | None, noun: str) -> str:
    """Write a count with its noun in the right number: `1 grant`, `2 grants`."""
    return f"{format_count(value or 0)} {noun}{'' if value == 1 else 's'}"


def describe_run(record: RunReport) -> tuple[Outcome, str]:
    """Return the words for the run's outcome, and what happened in one or two sentences."""
    words = OUTCOMES.get(
        record.outcome,
        Outcome("info", "i", format_value(record.outcome), "The run ended.", finished=False),
    )
    counts = record.counts
    parts = [
        f"{format_count(value)} {verb}"
        for value, verb in (
            (counts.inserted, "added"),
            (counts.updated, "updated"),
            (counts.deleted, "deleted"),
        )
        if value
    ]
    sentence = words.sentence.format(
        models=count_of(counts.source_models, "model"),
        grants=count_of(counts.grants, "grant"),
        database=record.database,
        changes=", ".join(parts) or "no grant differed",
    )
    if failed := sum(not check.ok for check in record.checks):
        sentence += f" {failed} of {len(record.checks)} checks failed."
    elif record.checks:
        sentence += f" All {len(record.checks)} checks passed."
    return words, sentence
