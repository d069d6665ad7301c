"""The one sentence with which a run's summary begins: is my data safe, and can I go back?"""

from __future__ import annotations

from tierflow.plan import Plan
from tierflow.report_record import RunReport

UNTOUCHED = ("dry_run", "needs_decision", "planned", "ready", "refused", "rehearsed")
READING = ("dry run", "plan", "rehearse")
LIVE = ("published", "reconciled", "unchanged", "verified")
NOTHING_STAYS = (
    "**Your data is safe:** this run changed nothing that stays, so there is nothing to go back"
    " from."
)
ARCHIVED = "the old columns are in the archive, and only `tierflow restore ARCHIVE` puts them back."
LOOK = "**Look before you go on:** what is published is not proven right;"


def say_whether_safe(record: RunReport, plan: Plan | None, *, finalized: bool = False) -> str:
    """Return one sentence as Markdown: what became of the data, and which way back is open."""
    passed = record.outcome not in ("failed", "interrupted", "checks_failed")
    if record.outcome in UNTOUCHED or record.mode in READING:
        return NOTHING_STAYS
    if finalized or record.outcome == "finalized":
        return (
            f"**Your data is safe, the way back longer:** {ARCHIVED}"
            if passed
            else (f"{LOOK} {ARCHIVED}")
        )
    if record.mode == "rollback":
        return _say_of_rollback(record.outcome)
    if record.mode == "finalize":
        return (
            "**Your data is safe:** the old columns go in one transaction, after their archive is"
            " whole on disk; while they are there, you can go back with **rollback** as before."
        )
    if record.mode == "restore":
        return (
            "**Your data is as the file has it:** the old columns are the truth again."
            if passed
            else "**Your data is safe:** a restore is done as a whole, in one transaction, or not."
        )
    return _say_of_migration(record, plan)


def _say_of_migration(record: RunReport, plan: Plan | None) -> str:
    back = f"you can go back with **rollback**{_name_closed_way(plan)}"
    if record.outcome in LIVE:
        proof = f"all {len(record.checks)} checks passed" if record.checks else "both sides agree"
        return (
            f"**Your data is safe:** {proof}, the old columns are in place and kept in sync, and"
            f" {back}, later edits kept."
        )
    if record.outcome == "checks_failed" and record.checks:
        return f"{LOOK} the old columns are in place, and {back}."
    if record.mode == "verify" or plan is None:  # the preflight only reads
        return NOTHING_STAYS
    if plan.state == "not_migrated" and "publish" not in {step.name for step in record.steps}:
        return (
            "**Your data is safe:** nothing was published and the old columns hold what they held;"
            " **rollback** removes what was begun."
        )
    return (
        "**Your data is safe, this run unfinished:** each step happens as a whole or not at all,"
        f" the old columns are in place, and {back}."
    )


def _name_closed_way(plan: Plan | None) -> str:
    shut = [way["command"] for way in plan.ways_back if not way["open"]] if plan else []
    return " (not to the snapshot)" if any("--restore-snapshot" in way for way in shut) else ""


def _say_of_rollback(outcome: str) -> str:
    if outcome in ("rolled_back", "unchanged"):
        return (
            "**Your data is safe:** the old columns are the truth, and you can go forward again"
            " with **migrate**."
        )
    if outcome == "checks_failed":
        return "**Look before you go on:** the rollback is done, and something was left."
    return (
        "**Your data is safe:** a rollback is done as a whole, in one transaction, or not; it can"
        " be run again."
    )
