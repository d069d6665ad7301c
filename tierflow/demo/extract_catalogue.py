"""Make catalogue.csv from the litellm wheel.

python -m tierflow.demo.extract_catalogue WHEEL > catalogue.csv

SOURCE.md beside this file states the rule in words, the version used and its licence.
"""

import csv
import io
import json
import re
import sys
import zipfile
from collections.abc import Iterator
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

CATALOGUE = "litellm/model_prices_and_context_window_backup.json"
AS_OF = date(2026, 11, 1)
MODES = {"chat", "completion", "responses"}
COLUMNS = (
    "model_id",
    "provider",
    "display_name",
    "input_per_1k",
    "output_per_1k",
    "deprecated",
)

# provider in the catalogue -> (first part of our model_id, name shown)
PROVIDERS = {
    "ai21": ("ai21", "AI21"),
    "amazon_nova": ("amazon", "Amazon"),
    "anthropic": ("anthropic", "Anthropic"),
    "cerebras": ("cerebras", "Cerebras"),
    "cohere_chat": ("cohere", "Cohere"),
    "dashscope": ("alibaba", "Alibaba Cloud"),
    "deepseek": ("deepseek", "DeepSeek"),
    "gemini": ("google", "Google"),
    "groq": ("groq", "Groq"),
    "meta": ("meta", "Meta"),
    "minimax": ("minimax", "MiniMax"),
    "mistral": ("mistral", "Mistral AI"),
    "moonshot": ("moonshot", "Moonshot AI"),
    "openai": ("openai", "OpenAI"),
    "perplexity": ("perplexity", "Perplexity"),
    "together_ai": ("together", "Together AI"),
    "xai": ("xai", "xAI"),
    "zai": ("zai", "Z.ai"),
}

# How the catalogue spells each provider's own prefix, where it is not "<provider>/".
KEY_PREFIXES = {"amazon_nova": "amazon-nova/"}

# Fine-tuned variants, and Together AI's price classes by size, are not models one can call.
NOT_MODELS = ("ft:", "together-ai-")

SPELLINGS = {
    "ai": "AI",
    "api": "API",
    "deepseek": "DeepSeek",
    "fim": "FIM",
    "glm": "GLM",
    "gpt": "GPT",
    "it": "IT",
    "oss": "OSS",
    "qwq": "QwQ",
    "tts": "TTS",
    "vl": "VL",
}


def per_1k(per_token: Decimal) -> str:
    """Write a price per token as a plain decimal per 1,000 tokens, every digit kept."""
    text = f"{per_token * 1000:f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


def name_of(key: str, provider: str) -> str:
    """Return the catalogue's key without the provider's own prefix."""
    return key.removeprefix(KEY_PREFIXES.get(provider, f"{provider}/"))


def display_name(name: str) -> str:
    """Return a name for people: `claude-opus-4-5-20251101` is `Claude Opus 4.5 (2025-11-01)`."""
    last = name.rsplit("/", 1)[-1]
    dated = re.fullmatch(r"(.+?)[-@](20\d\d)-?([01]\d)-?([0-3]\d)(.*)", last)
    stamp = ""
    if dated:
        last = dated[1] + dated[5]
        stamp = f" ({dated[2]}-{dated[3]}-{dated[4]})"
    last = re.sub(r"(?<=-)(\d)-(\d)(?=-|$)", r"\1.\2", last)
    words = [SPELLINGS.get(word, word) for word in last.split("-")]
    return " ".join(word[:1].upper() + word[1:] for word in words) + stamp


def is_selected(key: str, entry: dict[str, Any]) -> bool:
    """Apply the rule of SOURCE.md to one entry of the catalogue."""
    provider = str(entry.get("litellm_provider"))
    prices = (entry.get("input_cost_per_token"), entry.get("output_cost_per_token"))
    if provider not in PROVIDERS or entry.get("mode") not in MODES:
        return False
    if any(isinstance(price, bool | str) or not price or price < 0 for price in prices):
        return False
    if key.startswith(NOT_MODELS) or "latest" in key:
        return False
    return not (provider == "perplexity" and "/" in name_of(key, provider))


def select_models(catalogue: dict[str, Any]) -> Iterator[tuple[str, ...]]:
    """Yield the rows of the csv, in order of model_id; of two spellings of one model, the first."""
    chosen: dict[str, tuple[str, ...]] = {}
    for key, entry in sorted(catalogue.items()):
        if not is_selected(key, entry):
            continue
        provider = entry["litellm_provider"]
        prefix, provider_name = PROVIDERS[provider]
        name = name_of(key, provider)
        model_id = f"{prefix}/{name}"
        retired = entry.get("deprecation_date")
        row = (
            model_id,
            provider_name,
            display_name(name),
            per_1k(Decimal(entry["input_cost_per_token"])),
            per_1k(Decimal(entry["output_cost_per_token"])),
            "true" if retired and date.fromisoformat(retired) <= AS_OF else "false",
        )
        chosen.setdefault(model_id, row)
    yield from sorted(chosen.values())


def extract_catalogue(wheel: Path) -> str:
    """Return the text of catalogue.csv made from a litellm wheel; writes nothing."""
    with zipfile.ZipFile(wheel) as archive:
        catalogue = json.loads(archive.read(CATALOGUE), parse_float=Decimal, parse_int=Decimal)
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(COLUMNS)
    writer.writerows(select_models(catalogue))
    return text.getvalue()


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit("usage: python -m tierflow.demo.extract_catalogue WHEEL > catalogue.csv")
    sys.stdout.buffer.write(extract_catalogue(Path(sys.argv[1])).encode())
