"""The decisions that only a person may take, from `tierflow.toml` and the command line."""

from __future__ import annotations

import hashlib
import json
import tomllib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator, model_validator

from tierflow.errors import ConfigurationError


class Decisions(BaseModel):
    """How a run reads what the data leaves open; all default to `fail`.

    `markup_conflict` and `inexact_markup` follow `malformed` where nothing is said of them: a
    price that cannot be read exactly is malformed, until somebody decides how to read it.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    tier_map: dict[str, tuple[str, ...]] = Field(
        default_factory=dict, description="Code in the JSONB -> the tiers it grants."
    )
    unknown_tiers: Literal["fail", "quarantine"] = Field(
        default="fail", description="A code that is neither mapped nor a tier."
    )
    malformed: Literal["fail", "quarantine"] = Field(
        default="fail", description="A value that cannot be read."
    )
    markup_conflict: Literal["fail", "quarantine", "lowest", "highest"] | None = Field(
        default=None,
        description="Codes of one model that map to one tier with different markups; unset: as"
        " `malformed`.",
    )
    inexact_markup: Literal["fail", "quarantine", "round"] | None = Field(
        default=None, description="A markup with more than two decimals; unset: as `malformed`."
    )
    min_coverage: float = Field(
        default=0.8, ge=0, le=1, description="Share of all enabled models that must have a grant."
    )
    backup_columns: bool = Field(
        default=False,
        description="Whether the captured values, which the ledger has, are shown in two columns of"
        " the models as well. Adding columns to a live table can break what names them by `*`.",
    )

    @model_validator(mode="before")
    @classmethod
    def _put_the_tier_map_in_order(cls, values: Any) -> Any:
        """Undo what jsonb does to the order of keys: a tier is written as its first code."""
        if not isinstance(values, Mapping) or "tier_map_order" not in values:
            return values  # pyright: ignore[reportUnknownVariableType]
        rest: dict[str, Any] = dict(values)  # pyright: ignore[reportUnknownArgumentType]
        tier_map, order = rest.get("tier_map"), rest.pop("tier_map_order")
        if isinstance(tier_map, Mapping) and isinstance(order, list):
            first = {code: tier_map[code] for code in order if code in tier_map}  # pyright: ignore
            rest["tier_map"] = {**first, **tier_map}
        return rest

    @field_validator("tier_map", mode="before")
    @classmethod
    def _accept_a_single_tier(cls, value: Any) -> Any:
        if not isinstance(value, Mapping):
            return value
        return {
            code: (tiers,) if isinstance(tiers, str) else tiers
            for code, tiers in value.items()  # pyright: ignore[reportUnknownVariableType]
        }

    @field_validator("tier_map")
    @classmethod
    def _refuse_an_empty_entry(
        cls, value: dict[str, tuple[str, ...]]
    ) -> dict[str, tuple[str, ...]]:
        for code, tiers in value.items():
            if not code or not tiers or not all(tiers):
                raise ValueError(f"the entry for code {code!r} needs a code and at least one tier")
            if len(set(tiers)) < len(tiers):
                raise ValueError(f"the entry for code {code!r} names a tier twice")
        return value

    @property
    def conflict_policy(self) -> Literal["fail", "quarantine", "lowest", "highest"]:
        """What happens to a grant whose codes carry different markups."""
        return self.markup_conflict or self.malformed

    @property
    def inexact_policy(self) -> Literal["fail", "quarantine", "round"]:
        """What happens to a markup with more than two decimals."""
        return self.inexact_markup or self.malformed

    def as_recorded(self) -> dict[str, Any]:
        """Return the decisions as the ledger stores them, policies resolved."""
        return {
            **self.model_dump(mode="json"),
            "tier_map_order": list(self.tier_map),
            "markup_conflict": self.conflict_policy,
            "inexact_markup": self.inexact_policy,
        }

    def fingerprint(self, tiers: Sequence[tuple[int, str]]) -> str:
        """Return a digest of all that shapes the grants: builds that share it may be joined."""
        recorded = {**self.as_recorded(), "tier_map_order": None, "backup_columns": None}
        shape = [recorded, sorted(tiers)]
        return hashlib.sha256(json.dumps(shape, sort_keys=True).encode()).hexdigest()


def read_decisions(config: str | None, options: Mapping[str, Any]) -> dict[str, Any]:
    """Return the decisions that are given: those of `config` (TOML), the options laid over them.

    `options` has the field names of `Decisions`; None and {} mean "not given". Raises
    ConfigurationError when the file cannot be read.
    """
    return lay_over(_read_toml(Path(config)) if config else {}, options)


def lay_over(below: Mapping[str, Any], above: Mapping[str, Any]) -> dict[str, Any]:
    """Return the decisions of both, those of `above` first; tier maps are joined."""
    values = dict(below)
    for name, value in above.items():
        if value is None or value == {}:
            continue
        if isinstance(value, Mapping):
            under = values.get(name, {})
            # what is no map below stays, to be refused
            values[name] = {**under, **value} if isinstance(under, Mapping) else under
        else:
            values[name] = value
    return values


def settle_decisions(given: Mapping[str, Any], stored: Mapping[str, Any]) -> Decisions:
    """Return the decisions of a run: those given, over those stored by the run before.

    Raises ConfigurationError when a value is not one of the valid ones.
    """
    # what followed `malformed` in the run before follows the new one too
    follows = ("markup_conflict", "inexact_markup")
    kept = {k: v for k, v in stored.items() if k not in follows or v != stored.get("malformed")}
    values = lay_over(kept, given)
    try:
        return Decisions.model_validate(values)
    except ValidationError as error:
        what = "; ".join(
            f"{'.'.join(str(part) for part in item['loc'])}: {item['msg']}"
            for item in error.errors()
        )
        raise ConfigurationError(
            f"The decisions cannot be used: {what}.",
            next_step="correct the option or the file; valid keys are "
            + ", ".join(Decisions.model_fields),
        ) from error


def _read_toml(config: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(config.read_text(encoding="utf-8"))
    except OSError as error:
        raise ConfigurationError(
            f"The configuration file {config} cannot be read: {error.strerror}.",
            next_step="give the right path with --config",
        ) from error
    except (ValueError, RecursionError) as error:  # not TOML, not UTF-8, too long or too deep
        raise ConfigurationError(
            f"The configuration file {config} is not valid TOML: {error}.",
            next_step='correct the file; [tier_map] holds lines such as trial = "byok"',
        ) from error


def parse_tier_map(options: Sequence[str]) -> dict[str, tuple[str, ...]]:
    """Parse `CODE=TIER[,TIER]` options. Raises ConfigurationError for anything else."""
    result: dict[str, tuple[str, ...]] = {}
    for option in options:
        code, equals, tiers = option.rpartition("=")
        names = tuple(tier.strip() for tier in tiers.split(","))
        if not equals or not code or not all(names):
            raise ConfigurationError(
                f"--tier-map {option!r} is not of the form CODE=TIER[,TIER].",
                next_step="write for example --tier-map trial=byok",
            )
        if code in result and result[code] != names:
            raise ConfigurationError(
                f"--tier-map maps {code!r} twice,"
                f" to {', '.join(result[code])} and {', '.join(names)}.",
                next_step=f"give it once: --tier-map {code}={','.join((*result[code], *names))}",
            )
        result[code] = names
    return result
