"""The budgets of docs/design.md for the load, judged on the figures of one comparison."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

# what is judged: the most it may be
BUDGETS = {
    "tierflow/classic": 0.30,
    "tierflow/hand_optimised": 0.70,
    "tierflow/limit": 1.35,
    "parity/load_and_index": 0.30,
    "rerun/first_run": 0.25,
    "snapshot/back_up": 0.05,
    "peak_mb": 500.0,
}
REFERENCE_MODELS = 1_000_000


def judge_budgets(
    contenders: Mapping[str, Mapping[str, Any]], tierflow: Mapping[str, Any]
) -> dict[str, dict[str, Any]]:
    """Return figure, budget and ok of each budget whose figures were measured."""
    own = contenders["tierflow"]
    figures = {
        f"tierflow/{name}": own["seconds"] / contenders[name]["seconds"]
        for name in ("classic", "hand_optimised", "limit")
        if name in contenders
    }
    if load := tierflow["load_and_index_seconds"]:
        figures["parity/load_and_index"] = tierflow["parity_seconds"] / load
    if back_up := tierflow["back_up_seconds"]:
        figures["snapshot/back_up"] = tierflow["snapshot_seconds"] / back_up
    figures["rerun/first_run"] = tierflow["rerun_seconds"] / own["seconds"]
    figures["peak_mb"] = own["peak_mb"]
    return {
        name: {"figure": figure, "budget": BUDGETS[name], "ok": figure <= BUDGETS[name]}
        for name, figure in figures.items()
    }


def is_over_budget(result: Mapping[str, Any]) -> bool:
    """Return whether a budget is broken at a size for which it is meant."""
    budgets: Mapping[str, Mapping[str, Any]] = result.get("budgets", {})
    large = result["models"] >= REFERENCE_MODELS
    return large and not all(budget["ok"] for budget in budgets.values())
