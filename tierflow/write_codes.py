"""The code by which the old application knows each tier: what a later grant is written back as.

`sql/schema/create_write_code_in_force_view.sql` states the choice a second time in SQL, without the
counts: these are taken once, by the run that settles the codes.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence

from tierflow.errors import ConfigurationError
from tierflow.read_pair import Rules
from tierflow.show_code import NAMED, name_codes, quote_code, show_code

CODE_COLUMNS = ("tier", "code in the JSONB", "models that hold it", "other codes of it alone")


def list_candidates(rules: Rules) -> dict[str, list[str]]:
    """Return tier -> the codes that mean it alone: its own, then those of the map in its order."""
    candidates: dict[str, list[str]] = {tier: [] for tier in rules.tier_ids}
    for code, tiers in rules.tiers_of.items():  # the tiers' own codes come first
        if len(tiers) == 1:
            candidates[tiers[0]].append(code)
    return candidates


def list_write_codes(rules: Rules, held: Mapping[str, int] | None = None) -> dict[str, str]:
    """Return tier -> the code that a later grant of it gets in the JSONB (docs/design.md, *Sync*).

    The decided one while it means that tier alone; else the candidate that most models hold (`held`
    counts them by code), of several the first. A tier without any candidate has none.
    """
    decided, counts = rules.decisions.write_codes, held or {}
    return {
        tier: decided[tier]
        if decided.get(tier) in codes
        else max(codes, key=lambda code: counts.get(code, 0))
        for tier, codes in list_candidates(rules).items()
        if codes
    }


def keep_valid_codes(codes: Mapping[str, str], rules: Rules) -> dict[str, str]:
    """Return the codes that still mean their tier alone: of those that were settled before."""
    candidates = list_candidates(rules)
    return {tier: code for tier, code in codes.items() if code in candidates.get(tier, ())}


def settle_write_codes(rules: Rules, held: Mapping[str, int]) -> Rules:
    """Return the rules with a code decided for each tier, so that no later count changes it."""
    codes = list_write_codes(rules, held)
    decisions = rules.decisions.model_copy(update={"write_codes": codes})
    return dataclasses.replace(rules, decisions=decisions)


def count_candidates(rules: Rules, held: Mapping[str, int]) -> dict[str, dict[str, int]]:
    """Return tier -> code -> how many models hold it, for the codes that mean the tier alone."""
    return {
        tier: {code: held.get(code, 0) for code in codes}
        for tier, codes in list_candidates(rules).items()
    }


def require_write_codes(given: Mapping[str, str], rules: Rules) -> None:
    """Raise ConfigurationError when a code that is given does not mean its tier alone.

    One that was settled before and means something else now is settled anew, without an error.
    """
    candidates = list_candidates(rules)
    for tier, code in given.items():
        if tier not in candidates:
            raise ConfigurationError(
                f"The write code {quote_code(code)} is given for {quote_code(tier)}, no tier.",
                next_step=f"use one of the tiers: {name_codes(sorted(candidates)) or '(none)'}",
            )
        if code not in candidates[tier]:
            raise ConfigurationError(
                f"{quote_code(code)} cannot be the write code of {quote_code(tier)}: it"
                f" {_say_meaning(rules.tiers_of.get(code, ()))}.",
                next_step="use a code that means that tier alone"
                f" ({name_codes(candidates[tier]) or 'there is none'}), or map this one to it with"
                " --tier-map CODE=TIER",
            )


def _say_meaning(tiers: Sequence[str]) -> str:
    return f"means {name_codes(tiers)}" if tiers else "means no tier"


def list_code_rows(
    write_codes: Mapping[str, str], held: Mapping[str, Mapping[str, int]]
) -> list[tuple[str, str, int, str]]:
    """Return for each tier what a person is shown: tier, code, the models that hold it, the rest.

    The rest are the other codes that mean the tier alone, with the models that hold each.
    """
    return [
        (
            show_code(tier),
            show_code(write_codes[tier]) if tier in write_codes else "none: it cannot be written",
            counts.get(write_codes.get(tier, ""), 0),
            _list_others({c: n for c, n in counts.items() if c != write_codes.get(tier)}),
        )
        for tier, counts in held.items()
    ]


def _list_others(counts: Mapping[str, int]) -> str:
    codes = sorted(counts, key=lambda code: -counts[code])
    more = f" and {len(codes) - NAMED:,} more" if len(codes) > NAMED else ""
    return ", ".join(f"{show_code(code)} {counts[code]:,}" for code in codes[:NAMED]) + more
