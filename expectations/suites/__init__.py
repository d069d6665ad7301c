"""One module per suite; each turns the limits into expectations with plain-word descriptions."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Limits:
    """What a suite may be told from outside."""

    min_coverage: float
    tier_ids: tuple[int, ...] | None = None
    """The tiers that exist; None leaves the tiers of extracted grants unjudged."""
