"""The plan: what a run would do and what a person must decide first, from figures already read."""

from __future__ import annotations

import dataclasses
import difflib
import json
import shlex
from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any

from tierflow.decisions import Decisions
from tierflow.errors import ConfigurationError, DecisionNeeded
from tierflow.explode import Counts
from tierflow.read_pair import Rules

_LONGEST_VALUE_SHOWN = 200
_LONGEST_CODE_SHOWN = 80


@dataclasses.dataclass(frozen=True)
class Plan:
    """What `tierflow plan` prints; nothing here was written to the database."""

    state: str
    will_create: tuple[str, ...]
    counts: Counts
    write_codes: Mapping[str, str]
    unknown_tiers: tuple[dict[str, Any], ...] = ()
    malformed: tuple[dict[str, Any], ...] = ()
    markup_conflicts: tuple[dict[str, Any], ...] = ()
    inexact_markups: tuple[dict[str, Any], ...] = ()
    obstacles: tuple[str, ...] = ()
    missing_privileges: tuple[dict[str, str], ...] = ()
    unused_markups: int = 0
    markups_as_strings: int = 0
    expected_share: float = 1.0
    estimated_bytes: int = 0
    source_bytes: int = 0
    jsonb_bytes: int = 0
    undecided: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    ways_back: tuple[dict[str, Any], ...] = ()
    adds_columns: bool = False

    @property
    def needs_decision(self) -> bool:
        """Whether a run would stop in the preflight."""
        return bool(self.undecided or self.obstacles or self.missing_privileges)

    def as_dict(self) -> dict[str, Any]:
        """Return the object that `plan --json` prints."""
        fields = {f.name: getattr(self, f.name) for f in dataclasses.fields(self)}
        counts: Counts = fields.pop("counts")
        fields.pop("undecided")
        return {
            "needs_decision": self.needs_decision,
            "undecided": list(self.undecided),
            **{k: list(v) if isinstance(v, tuple) else v for k, v in fields.items()},  # pyright: ignore
            **{k: v for k, v in dataclasses.asdict(counts).items() if k != "grants"},
            "expected_grants": counts.grants,
        }

    def require_decided(self) -> None:
        """Raise DecisionNeeded or ConfigurationError when a run may not go on."""
        if not self.needs_decision:
            return
        lines = [*self.undecided, *self.obstacles]
        lines += [
            f"missing privilege: {p['privilege']}; {p['remedy']}" for p in self.missing_privileges
        ]
        raise DecisionNeeded(
            "The preflight stopped, nothing was changed: " + "; ".join(lines) + ".",
            next_step=self.suggest_command(),
        )

    def suggest_command(self) -> str:
        """Return the options that would decide every open case, for a person to judge."""
        codes = [str(unknown["code"]) for unknown in self.unknown_tiers]
        options = [f"--tier-map {shlex.quote(code)}=TIER" for code in codes if _can_be_typed(code)]
        if len(options) < len(codes):
            options.append("--config tierflow.toml (with a [tier_map] for the other codes)")
        if self.malformed:
            options.append("--malformed quarantine")
        if self.markup_conflicts:
            options.append("--markup-conflict lowest|highest|quarantine")
        if self.inexact_markups:
            options.append("--inexact-markup round|quarantine")
        if not self.undecided:
            return "give the privileges or move what stands in the way, then `tierflow plan`"
        return "decide each case, for example: tierflow plan " + " ".join(options)


def _can_be_typed(code: str) -> bool:
    return code.isprintable() and len(code) <= _LONGEST_CODE_SHOWN


def resolve_rules(decisions: Decisions, tiers: Sequence[Mapping[str, Any]]) -> Rules:
    """Check the tier map against the tiers and return the rules.

    `tiers` are rows of list_tiers.sql. Raises ConfigurationError for a tier that does not exist,
    or a mapped code that is itself a tier: a tier's own code always means that tier.
    """
    ids = {str(tier["tier_code"]): int(tier["id"]) for tier in tiers}
    known = ", ".join(sorted(ids)) or "(none)"
    for code, names in decisions.tier_map.items():
        if missing := [name for name in names if name not in ids]:
            raise ConfigurationError(
                f"The tier map sends {code!r} to {', '.join(map(repr, missing))}, no tier.",
                next_step=f"use one of the tiers: {known}",
            )
        if code in ids and names != (code,):
            raise ConfigurationError(
                f"The tier map maps {code!r}, itself a tier, whose own code always means it.",
                next_step=f"leave {code!r} out of the tier map",
            )
    own = {code: (code,) for code in ids if code}
    return Rules(decisions, ids, {**own, **decisions.tier_map})


def list_write_codes(rules: Rules) -> dict[str, str]:
    """Return tier -> the code that a later grant of it gets in the JSONB."""
    alone: dict[str, str] = {}
    for code, tiers in rules.decisions.tier_map.items():
        if len(tiers) == 1:
            alone.setdefault(tiers[0], code)
    return {tier: alone.get(tier, tier) for tier in rules.tier_ids}


def nearest_codes(code: str, rules: Rules) -> list[str]:
    """Return up to three known codes, the most alike first."""
    known = [code for code in rules.tiers_of if len(code) <= _LONGEST_CODE_SHOWN]
    return difflib.get_close_matches(code[:_LONGEST_CODE_SHOWN], known, n=3, cutoff=0.0)


def show_value(text: str | None) -> Any:
    """Return a JSON text as a value for printing; what is long, or no exact float, as text."""
    if text is None:
        return None
    if len(text) > _LONGEST_VALUE_SHOWN:
        return shorten(text)
    return json.loads(text, parse_float=_show_fraction)


def shorten(text: str) -> str:
    """Return the text, or its first characters and an ellipsis."""
    return text if len(text) <= _LONGEST_VALUE_SHOWN else text[:_LONGEST_VALUE_SHOWN] + "…"


def _show_fraction(text: str) -> float | str:
    """Never show 99.99 for 99.990000000000000001, which is too high."""
    number = float(text)
    return number if Decimal(repr(number)) == Decimal(text) else text
