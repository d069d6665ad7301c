"""What the commands show on a terminal: tables by rich, one function a command."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from rich.console import Console
from rich.markup import escape
from rich.text import Text

from flows.printing_back import print_finalized, print_restored, print_rollback, say_finalized
from flows.printing_tables import print_checks, print_files, print_rows
from flows.printing_trust import print_forgotten, print_grants
from tierflow.measures import describe_locks
from tierflow.plan_notes import list_costs
from tierflow.show_code import show_code, show_markups
from tierflow.write_codes import CODE_COLUMNS, list_code_rows


def print_result(command: str, result: Any, *, stderr: bool = False) -> None:
    """Print what a command returns, as a person reads it."""
    console = Console(highlight=False, stderr=stderr)
    printers = {
        "plan": _print_plan,
        "verify": _print_verify,
        "rollback": print_rollback,
        "runs": _print_runs,
        "rehearse": _print_rehearsal,
        "reconcile": _print_reconciled,
        "report": _print_packed,
        "finalize": print_finalized,
        "restore": print_restored,
        "grants": print_grants,
        "forget": print_forgotten,
    }
    printers.get(command, _print_migrate)(console, result)


def _print_plan(console: Console, plan: Mapping[str, Any]) -> None:
    if plan.get("state") == "finalized":
        console.print("State: finalized. " + say_finalized(plan))
        return
    if "state" not in plan:
        return
    console.print(
        f"State: {plan['state'].replace('_', ' ')}. {plan['source_models']:,} models with"
        f" {plan['source_elements']:,} source elements make {plan['expected_grants']:,} grants"
        f" (about {plan['estimated_bytes'] / 1e6:,.1f} MB)."
    )
    _print_conservation(console, plan)
    for note in (*plan["notes"], *list_costs(plan)):
        console.print(f"Note: {note}.")
    print_rows(console, "Will create", ("object",), [(name,) for name in plan["will_create"]])
    print_rows(
        console,
        "Codes that later grants are written back with: --write-code TIER=CODE",
        CODE_COLUMNS,
        list_code_rows(plan["write_codes"], plan["codes_held"]),
    )
    print_rows(
        console,
        "Ways back",
        ("way", "command", "open", "what to know"),
        [
            (w["way"], w["command"], "yes" if w["open"] else "NO", w["why"])
            for w in plan["ways_back"]
        ],
    )
    _print_cases(console, plan)
    if plan["needs_decision"]:
        console.print("\n[bold]A person must decide; nothing was changed.[/bold]")
    else:
        console.print("\nNothing is open. Next: tierflow migrate --dry-run, then tierflow migrate")
    print_files(console, plan)


def _print_cases(console: Console, plan: Mapping[str, Any]) -> None:
    totals = plan["cases_in_all"]
    print_rows(
        console,
        "Unknown tier codes: --tier-map CODE=TIER, or --unknown-tiers quarantine",
        ("code", "models", "nearest known codes"),
        [
            (show_code(u["code"]), u["models"], _show_codes(u["nearest"]))
            for u in plan["unknown_tiers"]
        ],
        totals["unknown_tiers"],
    )
    print_rows(
        console,
        "Codes of the tier map that no model holds",
        ("code", "tiers", "nearest codes that one holds"),
        [
            (show_code(u["code"]), _show_codes(u["tiers"]), _show_codes(u["nearest"]))
            for u in plan["unheld_codes"]
        ],
        totals["unheld_codes"],
    )
    print_rows(
        console,
        "JSON encoded twice: --double-encoded parse|quarantine",
        ("column", "models", "example"),
        [(d["column"], d["models"], d["example"]) for d in plan["double_encoded"]],
    )
    print_rows(
        console,
        "Malformed values: --malformed quarantine",
        ("model", "position", "reason", "value"),
        [(m["model_id"], m["position"], m["reason"], m["value"]) for m in plan["malformed"]],
        totals["malformed"],
    )
    print_rows(
        console,
        "Markup conflicts: --markup-conflict lowest|highest|quarantine",
        ("model", "tier", "markups"),
        [
            (c["model_id"], show_code(c["tier"]), show_markups(c["markups"]))
            for c in plan["markup_conflicts"]
        ],
        totals["markup_conflicts"],
    )
    print_rows(
        console,
        "Inexact markups: --inexact-markup round|quarantine",
        ("model", "code", "markup"),
        [(i["model_id"], show_code(i["code"]), i["value"]) for i in plan["inexact_markups"]],
        totals["inexact_markups"],
    )
    print_rows(console, "In the way", ("what",), [(text,) for text in plan["obstacles"]])
    print_rows(
        console,
        "Missing privileges",
        ("privilege", "give it with"),
        [(p["privilege"], p["remedy"]) for p in plan["missing_privileges"]],
    )


def _show_codes(codes: Sequence[str]) -> str:
    return ", ".join(map(show_code, codes))


def _print_conservation(console: Console, result: Mapping[str, Any]) -> None:
    fates = ("migrated", "merged", "duplicates", "quarantined")
    total = sum(result[fate] for fate in fates)
    parts = " + ".join(f"{result[fate]:,} {fate}" for fate in fates)
    mark = (
        "[green]adds up[/green]"
        if total == result["source_elements"]
        else "[red]DOES NOT ADD UP[/red]"
    )
    console.print(f"Source elements: {result['source_elements']:,} = {parts} ({mark})")
    if caught_up := result.get("caught_up"):
        console.print(
            f"{caught_up:,} models changed during the run and are counted as they are now"
        )
    if recaptured := result.get("recaptured"):
        console.print(
            f"The captured values of {recaptured:,} models were missing, and are those of now"
        )


def _print_migrate(console: Console, result: Mapping[str, Any]) -> None:
    if result["outcome"] == "needs_decision" and result.get("plan"):
        _print_cases(console, result["plan"])
        console.print()
        print_files(console, result)
        return
    console.print(
        f"[bold]{result['outcome'].replace('_', ' ')}[/bold] in {result['seconds']:.1f} s"
    )
    if result["outcome"] == "failed":
        _print_steps(console, result["steps"])
        print_files(console, result)
        return
    _print_conservation(console, result)
    console.print(
        f"Grants: {result['grants']:,} ({result['inserted']:,} inserted, {result['updated']:,}"
        f" updated, {result['deleted']:,} deleted); {result['defaulted_markups']:,} billed at 1.00"
        " for want of a markup"
    )
    if result["coverage"] is not None:
        console.print(
            f"Coverage: {result['coverage']:.1%} of the enabled models that should have a grant,"
            f" {result['coverage_of_all']:.1%} of all enabled models"
        )
    _print_notices(console, result)
    if locks := result.get("locks"):
        console.print(describe_locks(locks))
    if forecast := result.get("forecast"):
        console.print(
            f"Forecast of {forecast['made'][:10]}: {forecast['seconds']:.1f} s of work; this run's"
            f" took {forecast['actual_seconds']:.1f} s, {forecast['ratio']} times that (the other"
            f" {result['seconds'] - forecast['actual_seconds']:.1f} s are the wait for Great"
            " Expectations to be imported, which a rehearsal has behind it)"
        )
    if result.get("regression"):
        console.print(f"[yellow]Slower than usual: {result['regression']}[/yellow]")
    print_rows(
        console,
        "Changes",
        ("model", "tier", "change", "found", "wanted"),
        [
            (c["model"], show_code(c["tier"]), c["change"], c["found"], c["wanted"])
            for c in result["changes"]
        ],
    )
    _print_steps(console, result["steps"])
    print_files(console, result)


def _print_steps(console: Console, steps: Sequence[Mapping[str, Any]]) -> None:
    print_rows(
        console,
        "Steps",
        ("step", "seconds", "rows", "outcome"),
        [
            (s["name"], f"{s['seconds']:.2f}", "" if s["rows"] is None else s["rows"], s["outcome"])
            for s in steps
        ],
    )


def _print_verify(console: Console, result: Mapping[str, Any]) -> None:
    checks = result["checks"]
    print_checks(console, "Verification", checks)
    if result.get("finalization"):
        console.print(f"\n{say_finalized(result)}")
    passed = sum(check["ok"] for check in checks)
    console.print(f"\n{passed} of {len(checks)} checks passed in {result['seconds']:.1f} s")
    _print_notices(console, result)
    print_rows(
        console,
        "By provider",
        ("tier", "provider", "models", "mean markup"),
        [
            (p["tier_code"], p["provider"], p["models"], f"{p['mean_markup']:.2f}")
            for p in result.get("providers", ())
        ],
    )
    print_files(console, result)


def _print_notices(console: Console, result: Mapping[str, Any]) -> None:
    for notice in result.get("notices", ()):
        console.print(Text.assemble(("ATTENTION: ", "bold yellow"), f"{notice}."), soft_wrap=True)


def _print_reconciled(console: Console, result: Mapping[str, Any]) -> None:
    counts = ", ".join(f"{result[kind]:,} {kind}" for kind in ("inserted", "updated", "deleted"))
    console.print(f"[bold]{result['outcome'].replace('_', ' ')}[/bold]: {counts}")
    print_rows(
        console,
        "Grants on which the sides differ",
        ("model", "tier", "change", "from", "to"),
        [
            (
                c["model"],
                show_code(c["tier"]),
                c["change"],
                *(_say_markup(c[k]) for k in ("found", "wanted")),
            )
            for c in result["changes"]
        ],
    )
    print_files(console, result)


def _say_markup(markup: float | None) -> str:
    return "no grant" if markup is None else f"{markup:.2f}"


def _print_rehearsal(console: Console, result: Mapping[str, Any]) -> None:
    outcome = result["outcome"].replace("_", " ")
    console.print(f"[bold]{outcome}[/bold] in {result['seconds']:.1f} s")
    _print_steps(console, result["steps"])
    if forecast := result["forecast"]:
        console.print(
            f"\nForecast: a migration of {forecast['models']:,} models makes"
            f" {forecast['grants']:,} grants in {forecast['seconds']:.1f} s, holds no lock on a"
            f" live table for longer than {forecast['lock_seconds']:.2f} s, and adds"
            f" {forecast['bytes'] / 1e6:,.1f} MB of table and indexes, and the backup columns."
        )
    print_files(console, result)


def _print_runs(console: Console, runs: Sequence[Mapping[str, Any]]) -> None:
    if not runs:
        console.print("The ledger holds no run yet. Next: tierflow plan")
    for run in runs:
        seconds = "" if run["seconds"] is None else f", {run['seconds']:.1f} s"
        console.print(
            f"\n[bold]{run['started']:%Y-%m-%d %H:%M:%S} {run['mode']}: {run['outcome']}[/bold]"
            f"{seconds} ({run['run_id']})"
        )
        if run["regression"]:
            console.print(f"[yellow]slower than usual: {run['regression']}[/yellow]")
        if run["error"]:
            console.print(escape(run["error"]))
        _print_steps(console, run["steps"])


def _print_packed(console: Console, result: Mapping[str, Any]) -> None:
    console.print(
        f"Evidence of run {result['run_id']}: {result['file']} ({result['files']} files,"
        f" {result['bytes']:,} bytes)",
        soft_wrap=True,
    )
    console.print(f"SHA-256: {result['sha256']}", soft_wrap=True)
    missing = [(row["what"], row["reason"]) for row in result["missing"]]
    print_rows(console, "Not in it", ("what", "why"), missing)
