"""What tokens cost, from the table that LiteLLM ships, read without importing LiteLLM.

A price is a mapping of meters to USD a token, with LiteLLM's names: ``input_cost_per_token``, and after it
``_above_200k_tokens`` for a tier and ``_batches``, ``_priority`` or ``_flex`` for a class of service.
"""

from __future__ import annotations

import importlib.metadata
import importlib.util
import json
import re
from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path
from typing import Any

from workbench.llm.types import Usage

_TABLE = "model_prices_and_context_window_backup.json"
#: The day on which the table of a version was made, as its archive says.
_TABLE_DATES = {"1.106.2": "2026-10-21"}
_TIER = re.compile(r"_above_(\d+)k_tokens")
_INPUT, _OUTPUT = "input_cost_per_token", "output_cost_per_token"
_READ, _WRITE = "cache_read_input_token_cost", "cache_creation_input_token_cost"
_WRITE_1H = "cache_creation_input_token_cost_above_1hr"
_REASONING = "output_cost_per_reasoning_token"
METERS = (_INPUT, _OUTPUT, _READ, _WRITE, _WRITE_1H, _REASONING)
#: What a provider charges besides tokens; a price that has one of them cannot be told from tokens alone.
_BESIDES = ("input_cost_per_request",)
#: Servers of one's own: a price of nothing is true for them, and for others it stands for "not entered".
_OWN_SERVERS = frozenset({"ollama", "ollama_chat", "lemonade", "hosted_vllm", "lm_studio", "llamafile"})
#: Classes of service that are billed at the usual rates, and those that have rates of their own.
_STANDARD = frozenset({"", "auto", "default", "standard", "standard_only", "on_demand"})
_SERVICES = {"priority": "_priority", "flex": "_flex", "batch": "_batches", "batches": "_batches"}


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
def price_source() -> dict[str, str | None]:
    """Return where prices come from, of which version, and of which day (None is unknown)."""
    try:
        version = importlib.metadata.version("litellm")
    except importlib.metadata.PackageNotFoundError:
        version = "none"
    return {"source": "litellm", "version": version, "date": _TABLE_DATES.get(version)}


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
    rates = rates_of(model_entry(model_id) or {}, 0)
    asked, told = rates.get(_INPUT), rates.get(_OUTPUT)
    return (
        None if asked is None else round(asked * 1e6, 6),
        None if told is None else round(told * 1e6, 6),
    )


def estimate_cost(model_id: str, usage: Usage, *, service: str | None = None) -> float | None:
    """Return the USD of one call with this usage by the table; None where a price or a count is unknown.

    Args:
        model_id: ``provider/model``.
        usage: The tokens. What it says of the class of service wins over ``service``.
        service: The class that was asked for (``service_tier``).
    """
    if model_id.startswith("offline/"):
        return 0.0
    entry = model_entry(model_id)
    return None if entry is None else cost_of(entry, usage, service=service)


def cost_of(entry: Mapping[str, Any], usage: Usage, *, service: str | None = None) -> float | None:
    """Return the USD of one call at this price; None where a rate or a count is unknown.

    A tier is a cliff: where the input (cached part included) passes its bound, the whole call is billed at
    its rates. Cached tokens without a rate of their own are billed as input; reasoning is a part of output.
    Tokens kept for an hour have an unknown price where only that for the usual minutes is known.
    """
    total, output = usage.total_input, usage.output
    if total is None or usage.input is None or output is None:
        return None
    rates = rates_of(entry, total, service=usage.service or service)
    asked, told = rates.get(_INPUT), rates.get(_OUTPUT)
    if asked is None or told is None:
        return None
    hour, hour_rate = usage.cache_write_1h or 0, rates.get(_WRITE_1H)
    if hour and hour_rate is None and _WRITE in rates:
        return None
    reasoning = min(usage.reasoning or 0, output) if _REASONING in rates else 0
    return (
        usage.input * asked
        + (usage.cache_read or 0) * rates.get(_READ, asked)
        + (usage.cache_write or 0) * rates.get(_WRITE, asked)
        + hour * (asked if hour_rate is None else hour_rate)
        + (output - reasoning) * told
        + reasoning * rates.get(_REASONING, told)
    )


def rates_of(entry: Mapping[str, Any], total_input: int, *, service: str | None = None) -> dict[str, float]:
    """Return the USD a token, by meter, that hold for a call with so many input tokens.

    Empty where they are unknown: the class of service has no rates here, or the table says nothing but zero
    for a hosted model, which stands for a price that nobody entered.
    """
    suffix = "" if (service or "").lower() in _STANDARD else _SERVICES.get((service or "").lower())
    if suffix is None or any(_rate(entry, name) for name in _BESIDES) or _not_entered(entry):
        return {}
    for tier in entry.get("tiered_pricing") or ():
        low, high = tier.get("range", (0, float("inf")))
        if low <= total_input <= high:
            entry = {**entry, **tier}
            break
    rates: dict[str, float] = {}
    for meter in METERS:
        rate = _rate(entry, meter + suffix)
        passed = 0
        for name in entry:
            if not name.startswith(meter) or not name.endswith(suffix):
                continue
            found = _TIER.fullmatch(name[len(meter) : len(name) - len(suffix)])
            if found and passed < (bound := int(found.group(1)) * 1000) < total_input:
                rate, passed = _rate(entry, name), bound
        if rate is not None:
            rates[meter] = rate
    return rates


def _not_entered(entry: Mapping[str, Any]) -> bool:
    free = _rate(entry, _INPUT) == 0 == _rate(entry, _OUTPUT) and not entry.get("tiered_pricing")
    return free and "litellm_provider" in entry and entry["litellm_provider"] not in _OWN_SERVERS


def _rate(entry: Mapping[str, Any], meter: str) -> float | None:
    value = entry.get(meter)
    return float(value) if isinstance(value, int | float) and not isinstance(value, bool) else None
