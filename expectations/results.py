"""What the judge says, in plain values: no Great Expectations type leaves this package."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Judgement:
    """One expectation, judged: whether it holds, what was seen, and which rows break it."""

    suite: str
    name: str
    ok: bool
    observed: str
    failing: tuple[str, ...] = ()
    """Ids of the rows that break it, at most 20; `id: sample` where the row names a sample."""


@dataclass(frozen=True)
class Verdict:
    """Everything that was judged in one go, in the order of the suites."""

    results: tuple[Judgement, ...]

    @property
    def ok(self) -> bool:
        """True when every expectation holds."""
        return all(result.ok for result in self.results)

    @property
    def failures(self) -> tuple[Judgement, ...]:
        """The judgements that do not hold, in order."""
        return tuple(result for result in self.results if not result.ok)
