"""Write changed grants back into one model's two JSON values, touching nothing else of them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal
from typing import Any

from tierflow.double_encoding import Unreadable, Values
from tierflow.errors import ConfigurationError
from tierflow.json_text import as_json
from tierflow.read_pair import MarkupReader, Rules, read_pair
from tierflow.show_code import quote_code

_NOTHING = (None, "null")


class InexpressibleError(ConfigurationError):
    """One model's JSON values cannot say a change; `why` is the reason."""

    def __init__(self, why: str) -> None:
        super().__init__(
            f"The changes cannot be written back without loss: {why}.",
            next_step="correct that model's JSONB, or roll back with --restore-snapshot",
        )
        self.why = why


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
    mean nothing to us stay, and what was encoded twice is so again. Raises InexpressibleError when
    the old shape cannot say it.
    """
    values = rules.read_values(access, markups)
    elements, prices = _require_shapes(values)
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
            if (code := write_codes.get(tier)) is None:
                raise InexpressibleError(f"no code means the tier {quote_code(tier)} alone")
            kept.append(code)
            written[code] = markup
    reader = MarkupReader(values, rules.decisions)
    new_prices = {code: to for code, to in written.items() if reader.read(code).number != to}
    # a column that held nothing takes the shape of the other one
    access_twice = values.access_encoded or (values.markups_encoded and access in _NOTHING)
    markups_twice = values.markups_encoded or (values.access_encoded and markups in _NOTHING)
    if kept != elements:
        access = _encode(kept, twice=access_twice)
        if access_twice and as_json(kept) in rules.tiers_of:
            raise InexpressibleError("what would be written is the name of a code")
    if new_prices:
        markups = _encode({**prices, **new_prices}, twice=markups_twice)
    return access, markups


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


def _require_shapes(values: Values) -> tuple[list[Any], dict[str, Any]]:
    if isinstance(values.access, Unreadable):
        raise InexpressibleError(
            "tier_access is JSON encoded twice, which is not to be parsed"
            if values.access_encoded
            else "tier_access is neither an array nor a code"
        )
    prices: Any = {} if values.markups is None else values.markups
    if not isinstance(prices, dict):
        raise InexpressibleError(
            "tier_markup is JSON encoded twice, which is not to be parsed"
            if values.markups_encoded
            else "tier_markup is not an object"
        )
    return list(values.access), dict(prices)  # pyright: ignore[reportUnknownArgumentType]


def _encode(value: Any, *, twice: bool) -> str:
    """Return the JSON text of a value, in the shape that the application reads."""
    return as_json(as_json(value)) if twice else as_json(value)
