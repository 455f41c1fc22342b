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
from datetime import UTC, datetime
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
    return entry if entry is not None and _family(entry) == provider else None


def _family(entry: Mapping[str, Any]) -> str:
    """Return the provider by which models are asked; the table tells a provider's several ways apart."""
    name = str(entry.get("litellm_provider", ""))
    if name.startswith("vertex_ai"):
        return "vertex_ai"
    return name.removeprefix("text-completion-").removesuffix("_chat").removesuffix("_converse")


def price_per_million(model_id: str) -> tuple[float | None, float | None]:
    """Return the USD per million tokens in and out; None is unknown."""
    return entry_per_million(model_entry(model_id) or {})


def entry_per_million(entry: Mapping[str, Any]) -> tuple[float | None, float | None]:
    """Return the USD per million tokens in and out that an entry of the table says; None is unknown."""
    rates = rates_of(entry, 0)
    asked, told = rates.get(_INPUT), rates.get(_OUTPUT)
    return (
        None if asked is None else round(asked * 1e6, 6),
        None if told is None else round(told * 1e6, 6),
    )


def estimate_cost(
    model_id: str, usage: Usage, *, service: str | None = None, at: datetime | None = None
) -> float | None:
    """Return the USD of one call with this usage by the table; None where a price or a count is unknown.

    Args:
        model_id: ``provider/model``.
        usage: The tokens. What it says of the class of service wins over ``service``.
        service: The class that was asked for (``service_tier``).
        at: The moment of the call, for prices that go by the hour; by default now.
    """
    if model_id.startswith(("offline/", "local/")):
        return 0.0
    entry = model_entry(model_id)
    return None if entry is None else cost_of(entry, usage, service=service, at=at)


def cost_of(
    entry: Mapping[str, Any], usage: Usage, *, service: str | None = None, at: datetime | None = None
) -> float | None:
    """Return the USD of one call at this price; None where a rate or a count is unknown.

    A tier is a cliff: where the input (cached part included) passes its bound, the whole call is billed at
    its rates. Cached tokens without a rate of their own are billed as input; reasoning is a part of output.
    Where a price goes by the hour, it is that of ``at`` (by default now). Tokens kept for an hour have an
    unknown price where only that for the usual minutes is known.
    """
    total, output = usage.total_input, usage.output
    if total is None or usage.input is None or output is None:
        return None
    rates = rates_of(entry, total, service=usage.service or service, at=at)
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


def rates_of(
    entry: Mapping[str, Any], total_input: int, *, service: str | None = None, at: datetime | None = None
) -> dict[str, float]:
    """Return the USD a token, by meter, that hold for a call with so many input tokens.

    Empty where they are unknown: the class of service has no rates here, there is a fee beside the tokens, or
    the table says nothing but zero for a hosted model, which stands for a price that nobody entered.
    """
    suffix = "" if (service or "").lower() in _STANDARD else _SERVICES.get((service or "").lower())
    if suffix is None or _has_fee(entry) or _not_entered(entry):
        return {}
    for tier in entry.get("tiered_pricing") or ():
        low, high = tier.get("range", (0, float("inf")))
        if low <= total_input <= high:
            entry = {**entry, **tier}
            break
    quiet = entry.get("off_peak_pricing")
    if quiet and not suffix and _off_peak(quiet, at or datetime.now(UTC)):
        entry = {**entry, **quiet}
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
        # A write for nothing means that it costs no more than reading: the tokens are still read.
        if rate is not None and not (rate == 0 and meter in (_WRITE, _WRITE_1H)):
            rates[meter] = rate
    return rates


def _off_peak(quiet: Mapping[str, Any], at: datetime) -> bool:
    """Whether a moment lies in one of the windows ``{hours_utc: ["10:00-00:00"], weekdays: [1, …, 7]}``."""
    moment = at.astimezone(UTC)
    minute = moment.hour * 60 + moment.minute
    for window in quiet.get("windows") or ():
        if moment.isoweekday() not in window.get("weekdays", range(1, 8)):
            continue
        spans = window.get("hours_utc") or ()
        for span in [spans] if isinstance(spans, str) else spans:
            begin, end = (int(text[:2]) * 60 + int(text[3:5]) for text in span.split("-"))
            end = end or 24 * 60
            if begin <= minute < end if begin < end else (minute >= begin or minute < end):
                return True
    return False


def _has_fee(entry: Mapping[str, Any]) -> bool:
    """Whether a call costs more than its tokens: Perplexity bills each for a search, by its size."""
    searches = entry.get("litellm_provider") == "perplexity" and "search_context_cost_per_query" in entry
    return searches or bool(_rate(entry, "input_cost_per_request"))


def _not_entered(entry: Mapping[str, Any]) -> bool:
    free = _rate(entry, _INPUT) == 0 == _rate(entry, _OUTPUT) and not entry.get("tiered_pricing")
    return free and "litellm_provider" in entry and entry["litellm_provider"] not in _OWN_SERVERS


def _rate(entry: Mapping[str, Any], meter: str) -> float | None:
    value = entry.get(meter)
    return float(value) if isinstance(value, int | float) and not isinstance(value, bool) else None
