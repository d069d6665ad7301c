"""Write changed grants back into one model's two JSON values, touching nothing else of them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal
from typing import Any

from tierflow.errors import ConfigurationError
from tierflow.json_text import as_json, parse_json
from tierflow.read_pair import MarkupReader, Rules, read_pair


class InexpressibleError(ConfigurationError):
    """One model's JSON values cannot say a change; `why` is the reason."""

    def __init__(self, why: str) -> None:
        super().__init__(
            f"The changes cannot be written back without loss: {why}.",
            next_step="correct that model's JSONB, or roll back with --restore-snapshot",
        )
        self.why = why


def has_place_for_grants(access: str | None, markups: str | None) -> bool:
    """Return whether these JSON texts have a shape that a later grant can be written into."""
    return (access or "null").lstrip()[0] in '["n' and (markups or "null").lstrip()[0] in "{n"


def rewrite_pair(
    access: str | None,
    markups: str | None,
    changes: Mapping[str, Decimal | None],
    rules: Rules,
    write_codes: Mapping[str, str],
) -> tuple[str | None, str | None]:
    """Return both JSON texts with the changed tiers granted at their markup, or revoked (None).

    The order of the array stays; a code whose tiers are all still granted at one markup stays, a
    new grant is appended under its tier's write code; markups of revoked codes and elements that
    mean nothing to us stay. Raises InexpressibleError when the old shape cannot say it.
    """
    elements = _as_list(parse_json(access))
    prices = _as_object(parse_json(markups))
    before = read_pair(access, markups, rules).grants
    wanted = {**before, **changes}
    changed = [tier for tier, markup in changes.items() if markup != before.get(tier)]
    touched = _spread(changed, elements, rules)
    kept: list[Any] = []
    covered: set[str] = set()
    written: dict[str, Decimal] = {}
    for element in elements:
        tiers = _tiers_of(element, rules)
        levels = [wanted.get(tier) for tier in tiers]
        level = levels[0] if levels and levels.count(levels[0]) == len(levels) else None
        if touched.isdisjoint(tiers) or level is not None:
            kept.append(element)
            covered.update(tiers)
            if level is not None and not touched.isdisjoint(tiers):
                written[element] = level
        elif lost := [tier for tier in tiers if tier not in wanted]:
            raise InexpressibleError(
                f"{element!r} is quarantined for {', '.join(lost)} and would go"
            )
    for tier, markup in wanted.items():
        if markup is not None and tier not in covered:
            kept.append(write_codes[tier])
            written[write_codes[tier]] = markup
    reader = MarkupReader(prices, rules.decisions)
    new_prices = {code: to for code, to in written.items() if reader.read(code).number != to}
    return (
        access if kept == elements else as_json(kept),
        as_json({**prices, **new_prices}) if new_prices else markups,
    )


def _spread(changes: Iterable[str], elements: Sequence[Any], rules: Rules) -> set[str]:
    """Return the tiers that are changed, and all that share a code with one of them."""
    touched, before = set(changes), 0
    while len(touched) > before:
        before = len(touched)
        for element in elements:
            tiers = _tiers_of(element, rules)
            if not touched.isdisjoint(tiers):
                touched.update(tiers)
    return touched


def _tiers_of(element: Any, rules: Rules) -> tuple[str, ...]:
    return rules.tiers_of.get(element, ()) if isinstance(element, str) else ()


def _as_list(access: Any) -> list[Any]:
    if access is None:
        return []
    if isinstance(access, list):
        return list(access)  # pyright: ignore[reportUnknownVariableType, reportUnknownArgumentType]
    if isinstance(access, str):
        return [access]
    raise InexpressibleError("tier_access is neither an array nor a code")


def _as_object(markups: Any) -> dict[str, Any]:
    if markups is None:
        return {}
    if isinstance(markups, dict):
        return dict(markups)  # pyright: ignore[reportUnknownVariableType, reportUnknownArgumentType]
    raise InexpressibleError("tier_markup is not an object")
