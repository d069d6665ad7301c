"""The demo's source tables, before any migration: real models and prices, access by a written rule.

The rule goes by band of price, where a model's price is three parts input and one part output (the
usual blend of a chat), in USD per 1,000 tokens:

| band     | blended price | open to, at markup                                                 |
|----------|---------------|--------------------------------------------------------------------|
| economy  | up to 0.0005  | trial 1.50, starter 1.50, professional 1.25, enterprise 1.10       |
| standard | up to 0.002   | starter 1.40, professional 1.20, enterprise 1.08                   |
| advanced | up to 0.005   | professional 1.15, enterprise 1.05                                 |
| premium  | above         | enterprise 1.02                                                    |

Two exceptions. A deprecated model is disabled; makers took the access of their own ones away (SQL
NULL), the hosts left the list as it was. A preview or a beta is enabled, but open to nobody yet
(`[]`). A few rows are odd in the ways real rows are, and all of them valid: see ODD_ROWS.
"""

import json
import uuid
from collections import Counter
from collections.abc import Callable, Iterator
from decimal import Decimal
from pathlib import Path
from typing import NamedTuple, cast

import pandas as pd

CATALOGUE_CSV = Path(__file__).with_name("catalogue.csv")
MODEL_NAMESPACE = uuid.uuid5(uuid.NAMESPACE_DNS, "tierflow.demo")
LAST_UPDATE = pd.Timestamp("2026-01-05 09:00:00")

LEGACY_CODES = ("trial", "starter", "professional", "enterprise")

# trial and starter become one tier. Their markups agree wherever a model has both, so that the demo
# shows the merge of two legacy codes without a markup conflict.
DEMO_TIER_MAP: dict[str, tuple[str, ...]] = {
    "trial": ("byok",),
    "starter": ("byok",),
    "professional": ("managed",),
    "enterprise": ("vip_founder",),
}

# Rows of subscription_tiers: id, tier_code, tier_name, is_active, sort_order.
DEMO_TIERS: tuple[tuple[int, str, str, bool, int], ...] = (
    (1, "byok", "Bring Your Own Key", True, 1),
    (2, "managed", "Managed", True, 2),
    (3, "vip_founder", "VIP Founder", True, 3),
)

# tier_access and tier_markup, as JSON text
JsonPair = tuple[str, str]

HOSTS = frozenset({"Cerebras", "Groq", "Perplexity", "Together AI"})


class Band(NamedTuple):
    """A band of price: its name, its upper limit (None: no limit), and code -> markup."""

    name: str
    limit: Decimal | None
    markups: dict[str, str]


BANDS = (
    Band(
        "economy",
        Decimal("0.0005"),
        {"trial": "1.50", "starter": "1.50", "professional": "1.25", "enterprise": "1.10"},
    ),
    Band(
        "standard",
        Decimal("0.002"),
        {"starter": "1.40", "professional": "1.20", "enterprise": "1.08"},
    ),
    Band("advanced", Decimal("0.005"), {"professional": "1.15", "enterprise": "1.05"}),
    Band("premium", None, {"enterprise": "1.02"}),
)


def load_catalogue() -> pd.DataFrame:
    """Read the catalogue that ships with the demo.

    Returns a frame of 300 to 600 rows in order of model_id: model_id (str, unique), provider and
    display_name (str), input_per_1k and output_per_1k (str: exact decimals, USD), deprecated
    (bool).
    """
    frame = pd.read_csv(CATALOGUE_CSV, dtype="str", keep_default_na=False)
    frame["deprecated"] = frame["deprecated"] == "true"
    return frame


def band_of(input_per_1k: str, output_per_1k: str) -> Band:
    """Return the band of a model by its prices in USD per 1,000 tokens."""
    blended = (3 * Decimal(input_per_1k) + Decimal(output_per_1k)) / 4
    return next(band for band in BANDS if band.limit is None or blended <= band.limit)


def _markup_text(markups: dict[str, str]) -> str:
    """Write code -> markup as JSON with the decimals as they are: 1.50 stays 1.50."""
    pairs = (f"{json.dumps(code)}: {markup}" for code, markup in markups.items())
    return "{" + ", ".join(pairs) + "}"


def _as_ruled(band: Band) -> JsonPair:
    return json.dumps(list(band.markups)), _markup_text(band.markups)


def _bare_string(band: Band) -> JsonPair:
    return json.dumps("enterprise"), _markup_text(band.markups)


def _markup_in_quotes(band: Band) -> JsonPair:
    quoted = band.markups | {"professional": json.dumps(band.markups["professional"])}
    return json.dumps(list(band.markups)), _markup_text(quoted)


def _repeated_code(band: Band) -> JsonPair:
    return json.dumps([*band.markups, "enterprise"]), _markup_text(band.markups)


def _missing_markup(band: Band) -> JsonPair:
    known = {code: markup for code, markup in band.markups.items() if code != "enterprise"}
    return json.dumps(list(band.markups)), _markup_text(known)


# (band, which of its open models in order of model_id) -> how its two JSON texts are written
ODD_ROWS: dict[tuple[str, int], Callable[[Band], JsonPair]] = {
    ("premium", 0): _bare_string,
    ("advanced", 0): _markup_in_quotes,
    ("standard", 0): _missing_markup,
    ("standard", 1): _repeated_code,
    ("economy", 0): _missing_markup,
    ("economy", 1): _repeated_code,
}


def _price_rows(catalogue: pd.DataFrame) -> Iterator[tuple[str, str, str, str, bool]]:
    """Yield model_id, provider, input_per_1k, output_per_1k and deprecated of each model."""
    columns = ["model_id", "provider", "input_per_1k", "output_per_1k", "deprecated"]
    for row in catalogue[columns].itertuples(index=False, name=None):
        yield cast("tuple[str, str, str, str, bool]", row)


def _write_access(catalogue: pd.DataFrame) -> Iterator[JsonPair | tuple[None, None]]:
    """Yield tier_access and tier_markup of each model, as JSON text or None."""
    nth_of_band: Counter[str] = Counter()
    for model_id, provider, input_per_1k, output_per_1k, deprecated in _price_rows(catalogue):
        band = band_of(input_per_1k, output_per_1k)
        if deprecated and provider not in HOSTS:
            yield None, None
        elif deprecated:
            yield _as_ruled(band)
        elif "preview" in model_id or "beta" in model_id:
            yield "[]", "{}"
        else:
            write = ODD_ROWS.get((band.name, nth_of_band[band.name]), _as_ruled)
            nth_of_band[band.name] += 1
            yield write(band)


def derive_access(catalogue: pd.DataFrame) -> pd.DataFrame:
    """Apply the rule above to the frame of load_catalogue, which it does not change.

    Returns a frame with the columns of model_access_control, ready for COPY, a row per model in the
    same order: id (str: uuid5 of model_id), model_id, provider, display_name (str), enabled,
    deprecated (bool), tier_access and tier_markup (object: JSON text, or None for SQL NULL),
    pricing (str: JSON text with exact decimals), updated_at (datetime64, no zone).
    """
    access, markup = zip(*_write_access(catalogue), strict=True)
    prices = [
        f'{{"input_per_1k": {input_per_1k}, "output_per_1k": {output_per_1k}, "currency": "USD"}}'
        for _, _, input_per_1k, output_per_1k, _ in _price_rows(catalogue)
    ]
    return pd.DataFrame(
        {
            "id": [str(uuid.uuid5(MODEL_NAMESPACE, str(key))) for key in catalogue["model_id"]],
            "model_id": catalogue["model_id"],
            "provider": catalogue["provider"],
            "display_name": catalogue["display_name"],
            "enabled": ~catalogue["deprecated"],
            "deprecated": catalogue["deprecated"],
            "tier_access": pd.Series(access, dtype="object"),
            "tier_markup": pd.Series(markup, dtype="object"),
            "pricing": prices,
            "updated_at": LAST_UPDATE + pd.to_timedelta(range(len(catalogue)), unit="h"),
        }
    )
