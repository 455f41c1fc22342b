"""What tokens cost, from the table that LiteLLM ships, read without importing LiteLLM."""

from __future__ import annotations

import importlib.metadata
import importlib.util
import json
import re
from functools import lru_cache
from pathlib import Path
from typing import Any

from workbench.llm.types import Usage

_TABLE = "model_prices_and_context_window_backup.json"
_TIER = re.compile(r"_above_(\d+)k_tokens$")
_INPUT, _OUTPUT = "input_cost_per_token", "output_cost_per_token"
_READ, _WRITE = "cache_read_input_token_cost", "cache_creation_input_token_cost"
_REASONING = "output_cost_per_reasoning_token"


@lru_cache(maxsize=1)
def price_table() -> dict[str, dict[str, Any]]:
    """Return LiteLLM's bundled table: model → what is known of it. Empty where LiteLLM is not installed."""
    found = importlib.util.find_spec("litellm")
    if found is None or found.origin is None:
        return {}
    try:
        table = json.loads((Path(found.origin).parent / _TABLE).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    table.pop("sample_spec", None)
    return {name: entry for name, entry in table.items() if isinstance(entry, dict)}


@lru_cache(maxsize=1)
def price_source() -> dict[str, str]:
    """Return where prices come from and of which version, to be stored with each run."""
    try:
        version = importlib.metadata.version("litellm")
    except importlib.metadata.PackageNotFoundError:
        version = "none"
    return {"source": "litellm", "version": version}


def model_entry(model_id: str) -> dict[str, Any] | None:
    """Return what the table knows of ``provider/model``, or None."""
    table = price_table()
    if model_id in table:
        return table[model_id]
    provider, _, name = model_id.partition("/")
    entry = table.get(name)
    if entry is not None and str(entry.get("litellm_provider", "")).removesuffix("_chat") == provider:
        return entry
    return None


def price_per_million(model_id: str) -> tuple[float | None, float | None]:
    """Return the USD per million tokens in and out; None is unknown."""
    entry = model_entry(model_id) or {}
    asked, told = _rate(entry, _INPUT), _rate(entry, _OUTPUT)
    return (
        None if asked is None else round(asked * 1e6, 6),
        None if told is None else round(told * 1e6, 6),
    )


def estimate_cost(model_id: str, usage: Usage) -> float | None:
    """Return the USD of one call with this usage; None where the price or a count is unknown.

    A tier is a cliff: where the input (cached part included) passes its bound, the whole call is billed at
    its rates. Cached tokens without a rate of their own are billed as input; reasoning is a part of output.
    """
    if model_id.startswith("offline/"):
        return 0.0
    entry = model_entry(model_id)
    if entry is None or usage.input is None or usage.output is None:
        return None
    read, write = usage.cache_read or 0, usage.cache_write or 0
    rates = _rates(entry, usage.input + read + write)
    asked, told = rates.get(_INPUT), rates.get(_OUTPUT)
    if asked is None or told is None:
        return None
    reasoning = usage.reasoning or 0 if _REASONING in rates else 0
    return (
        usage.input * asked
        + read * rates.get(_READ, asked)
        + write * rates.get(_WRITE, asked)
        + (usage.output - reasoning) * told
        + reasoning * rates.get(_REASONING, told)
    )


def _rates(entry: dict[str, Any], total_input: int) -> dict[str, float]:
    """Return the rates that hold for a call with so many input tokens."""
    for tier in entry.get("tiered_pricing") or ():
        low, high = tier.get("range", (0, float("inf")))
        if low <= total_input <= high:
            entry = {**entry, **tier}
            break
    rates: dict[str, float] = {}
    for meter in (_INPUT, _OUTPUT, _READ, _WRITE, _REASONING):
        rate = _rate(entry, meter)
        passed = 0
        for name in entry:
            tier_found = _TIER.fullmatch(name.removeprefix(meter)) if name.startswith(meter) else None
            if tier_found and passed < (bound := int(tier_found.group(1)) * 1000) < total_input:
                rate, passed = _rate(entry, name), bound
        if rate is not None:
            rates[meter] = rate
    return rates


def _rate(entry: dict[str, Any], meter: str) -> float | None:
    value = entry.get(meter)
    return float(value) if isinstance(value, int | float) and not isinstance(value, bool) else None
