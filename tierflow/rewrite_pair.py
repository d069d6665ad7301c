"""Write changed grants back into one model's two JSON values, touching nothing else of them."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from tierflow.errors import ConfigurationError
from tierflow.read_pair import Rules, as_json, parse_json, read_pair


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
    mean nothing to us stay. Raises ConfigurationError when the old shape cannot say it.
    """
    elements = _as_list(parse_json(access))
    prices = _as_object(parse_json(markups))
    wanted = dict(read_pair(access, markups, rules).grants)
    wanted.update({tier: markup for tier, markup in changes.items() if markup is not None})
    for tier in (tier for tier, markup in changes.items() if markup is None):
        wanted.pop(tier, None)
    kept: list[Any] = []
    covered: set[str] = set()
    for element in elements:
        tiers = rules.tiers_of.get(element, ()) if isinstance(element, str) else ()
        if set(tiers).isdisjoint(changes):
            kept.append(element)
            covered.update(tiers)
            continue
        levels = {wanted.get(tier) for tier in tiers}
        if len(levels) == 1 and None not in levels:
            kept.append(element)
            covered.update(tiers)
            _set_price(prices, element, levels.pop())
    for tier in wanted:
        if tier not in covered:
            kept.append(write_codes[tier])
            _set_price(prices, write_codes[tier], wanted[tier])
    if kept == elements and prices == _as_object(parse_json(markups)):
        return access, markups
    return as_json(kept), as_json(prices) if prices or markups is not None else None


def _as_list(access: Any) -> list[Any]:
    if access is None:
        return []
    if isinstance(access, list):
        return list(access)  # pyright: ignore[reportUnknownVariableType, reportUnknownArgumentType]
    if isinstance(access, str):
        return [access]
    raise _inexpressible("tier_access is neither an array nor a code")


def _as_object(markups: Any) -> dict[str, Any]:
    if markups is None:
        return {}
    if isinstance(markups, dict):
        return dict(markups)  # pyright: ignore[reportUnknownVariableType, reportUnknownArgumentType]
    raise _inexpressible("tier_markup is not an object")


def _inexpressible(why: str) -> ConfigurationError:
    return ConfigurationError(
        f"The changes cannot be written back without loss: {why}.",
        next_step="correct that model's JSONB, or roll back with --restore-snapshot",
    )


def _set_price(prices: dict[str, Any], code: str, markup: Decimal | None) -> None:
    """Write a markup unless the code has it already; 1.00 is what a missing one means."""
    current = prices.get(code, Decimal(1))
    if current != markup:
        prices[code] = markup
