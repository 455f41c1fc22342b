"""Which models can be used here and now, and why the others cannot."""

from __future__ import annotations

import datetime
import os
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from workbench.llm.abilities import abilities_of
from workbench.llm.discovery import LOCAL_SERVERS, find_local_servers
from workbench.llm.keycheck import KeyCheck, check_keys
from workbench.llm.pricebook import PriceBook
from workbench.llm.prices import model_entry, price_per_million, price_table
from workbench.llm.providers import PROVIDERS, Provider

__all__ = ["LOCAL_SERVERS", "ModelStatus", "find_models", "list_models", "with_own_prices"]


@dataclass(frozen=True)
class ModelStatus:
    """One model as a list shows it. Prices in USD per million tokens; None is unknown.

    ``usable`` is None where it cannot be told. ``api_base`` goes into the model's spec with the id.
    ``abilities`` are words of `workbench.llm.abilities.ABILITIES`; one that is missing is unknown or absent.
    ``price_source`` says where the price is from, and of which day.
    """

    id: str
    provider: str
    usable: bool | None
    reason: str
    local: bool
    context_window: int | None = None
    input_usd_per_million: float | None = None
    output_usd_per_million: float | None = None
    note: str = ""
    api_base: str | None = None
    abilities: tuple[str, ...] = ()
    price_source: str = ""


def with_own_prices(rows: Iterable[ModelStatus], prices: PriceBook) -> list[ModelStatus]:
    """Return models with the workspace's own prices where it has some, and where and of which day each price is.

    A local model's list price is nobody's bill, so it gets only a price of the workspace's own.
    """
    priced: list[ModelStatus] = []
    for row in rows:
        if prices.is_own(row.id):
            asked, told = prices.per_million(row.id)
            row = replace(
                row,
                input_usd_per_million=asked,
                output_usd_per_million=told,
                price_source=_dated(prices.own_source.get("source") or "prices.yaml", prices.own_source),
            )
        elif row.input_usd_per_million is not None and row.provider != "offline":
            row = replace(row, price_source=_dated(prices.source.get("source") or "", prices.source))
        priced.append(row)
    return priced


def _dated(name: str, source: Mapping[str, Any]) -> str:
    return f"{name}, {source['date']}" if source.get("date") else f"{name}, of an unknown day"


# What to offer first of each provider, the usual choice before the cheap and the strong one. Names that
# the table does not hold, or that are past their end, are left out.
_OFFERED: dict[str, tuple[str, ...]] = {
    "openai": ("openai/gpt-5.4-mini", "openai/gpt-5.6", "openai/gpt-4.1-mini", "openai/gpt-4o-mini"),
    "anthropic": (
        "anthropic/claude-sonnet-5",
        "anthropic/claude-haiku-4-5",
        "anthropic/claude-opus-5",
        "anthropic/claude-sonnet-4-6",
    ),
    "gemini": ("gemini/gemini-3.5-flash", "gemini/gemini-3.1-pro-preview", "gemini/gemini-2.5-flash"),
    "mistral": (
        "mistral/mistral-medium-latest",
        "mistral/mistral-small-latest",
        "mistral/mistral-large-latest",
    ),
    "groq": ("groq/openai/gpt-oss-120b", "groq/openai/gpt-oss-20b"),
    "xai": ("xai/grok-4.5", "xai/grok-4.3"),
    "deepseek": ("deepseek/deepseek-v4-flash", "deepseek/deepseek-v4-pro", "deepseek/deepseek-v3.2"),
    "together_ai": (
        "together_ai/openai/gpt-oss-120b",
        "together_ai/meta-llama/Llama-3.3-70B-Instruct-Turbo",
    ),
    "cohere": ("cohere/command-a-03-2025", "cohere/command-r7b-12-2024"),
}
# Providers that pass every model on: the table cannot list what they hold.
_ANY_MODEL = {
    "openrouter": ("openrouter/auto", "any model of openrouter.ai: openrouter/<maker>/<model>"),
    "huggingface": (
        "huggingface/openai/gpt-oss-120b",
        "any model of its inference providers: huggingface/<maker>/<model>",
    ),
    "azure": ("azure/<deployment>", "name your own deployment: azure/<deployment>"),
}


# How the table names a provider where its models are addressed otherwise.
_ADDRESSED = {
    "bedrock_converse": "bedrock",
    "azure_text": "azure",
    "cohere_chat": "cohere",
    "fireworks_ai-embedding-models": "fireworks_ai",
}
_MODES = ("chat", "completion", "responses", "embedding")


def list_models(
    *, check: bool = False, keys: bool = False, env: Mapping[str, str] | None = None
) -> list[ModelStatus]:
    """Return what can be asked: usable local and hosted models, the offline stand-in, then what lacks a key.

    Without ``check`` and ``keys`` no connection is made.

    Args:
        check: Whether to look for local servers on this machine, which takes a second at most.
        keys: Whether to ask each provider if its key works, which takes some seconds at most. A provider
            whose key is refused, or that cannot be reached, is then one row that says so.
        env: Where keys and addresses are looked up; the process's environment by default.
    """
    env = os.environ if env is None else env
    ready = [provider for provider in PROVIDERS.values() if _lacking(provider, env) is None]
    checked = check_keys(ready, env) if keys and ready else {}
    usable: list[ModelStatus] = []
    missing: list[ModelStatus] = []
    for provider in PROVIDERS.values():
        lacking, answer = _lacking(provider, env), checked.get(provider.id)
        if lacking is not None:
            missing.append(_without_key(provider, f"set {lacking} to use it"))
        elif answer is not None and answer.verdict in ("refused", "unreachable"):
            missing.append(_without_key(provider, answer.reason))
        else:
            usable.extend(_hosted(provider, env, answer))
    local = _local(env) if check else []
    return [*usable, *local, _offline(), *missing]


def find_models(text: str, *, env: Mapping[str, str] | None = None) -> list[ModelStatus]:
    """Return the models of LiteLLM's bundled table whose ``provider/model`` holds every word of ``text``.

    Any part of a name will do, in any case. No connection is made; usable ones come first.

    Args:
        text: Words, separated by spaces; without any, nothing is found.
        env: Where keys are looked up; the process's environment by default.
    """
    env = os.environ if env is None else env
    words = text.casefold().split()
    found: dict[str, ModelStatus] = {}
    for name, entry in price_table().items() if words else ():
        model_id = _model_id(name, entry)
        if model_id and model_id not in found and all(word in model_id.casefold() for word in words):
            found[model_id] = _known(model_id, entry, env)
    rank = {True: 0, None: 1, False: 2}
    return sorted(found.values(), key=lambda row: (rank[row.usable], row.id))


def _model_id(name: str, entry: Mapping[str, Any]) -> str | None:
    """Return how a model of the table is addressed; None for one that neither answers nor embeds."""
    provider = entry.get("litellm_provider")
    if entry.get("mode") not in _MODES or not isinstance(provider, str):
        return None
    if provider.startswith("vertex_ai-"):
        provider = "vertex_ai"
    provider = _ADDRESSED.get(provider, provider)
    return name if name.startswith(f"{provider}/") else f"{provider}/{name}"


def _known(model_id: str, entry: Mapping[str, Any], env: Mapping[str, str]) -> ModelStatus:
    """Return a row of the table, with what this environment lacks for it."""
    provider = PROVIDERS.get(model_id.split("/", 1)[0])
    ended = entry.get("deprecation_date")
    usable: bool | None
    if ended and str(ended) <= _today():
        usable, reason = False, f"its provider ended it on {ended}"
    elif provider is None:
        usable, reason = None, "through LiteLLM, with its provider's usual variables"
    elif (lacking := _lacking(provider, env)) is not None:
        usable, reason = False, f"set {lacking} to use it"
    else:
        usable, reason = True, f"{provider.key_env(env)} is set"
    row = ModelStatus(model_id, model_id.split("/", 1)[0], usable, reason, local=False)
    return _with_facts(row, entry)


def _with_facts(row: ModelStatus, entry: Mapping[str, Any]) -> ModelStatus:
    """Add what the table knows of a model."""
    window = entry.get("max_input_tokens")
    asked, told = price_per_million(row.id)
    return replace(
        row,
        context_window=window if isinstance(window, int) else None,
        input_usd_per_million=asked,
        output_usd_per_million=told,
        abilities=abilities_of(entry),
    )


def _today() -> str:
    return datetime.date.today().isoformat()


def _lacking(provider: Provider, env: Mapping[str, str]) -> str | None:
    """Return the environment variables that keep a provider from being used, or None."""
    names = [] if provider.key(env) else [provider.key_envs[0]]
    if provider.base_required and not provider.base(env):
        names.append(provider.base_envs[0])
    return " and ".join(names) or None


def _hosted(provider: Provider, env: Mapping[str, str], checked: KeyCheck | None) -> list[ModelStatus]:
    reason = checked.reason if checked else f"{provider.key_env(env)} is set"
    if provider.id in _ANY_MODEL:
        model_id, note = _ANY_MODEL[provider.id]
        return [ModelStatus(model_id, provider.id, None, reason, local=False, note=note)]
    rows = []
    for model_id in _OFFERED[provider.id]:
        entry = model_entry(model_id)
        if entry is None or str(entry.get("deprecation_date") or "9999") <= _today():
            continue
        usable = None if checked and checked.verdict == "unknown" else True
        rows.append(_with_facts(ModelStatus(model_id, provider.id, usable, reason, local=False), entry))
    return rows


def _without_key(provider: Provider, reason: str) -> ModelStatus:
    return ModelStatus(f"{provider.id}/…", provider.id, False, reason, local=False, note=provider.title)


def _local(env: Mapping[str, str]) -> list[ModelStatus]:
    rows = []
    for server in find_local_servers(env):
        reason = f"{server.title} answers at {server.base}"
        for model in server.models:
            provider = model.id.split("/", 1)[0]
            rows.append(
                ModelStatus(
                    model.id,
                    provider,
                    True,
                    reason,
                    local=True,
                    context_window=model.context_window,
                    note=server.title,
                    api_base=model.api_base,
                    abilities=model.abilities,
                )
            )
        if not server.models:
            rows.append(
                ModelStatus(
                    f"{server.title}/…", server.title, False, f"{reason} and holds no model", local=True
                )
            )
    return rows


def _offline() -> ModelStatus:
    from workbench.llm.offline import OFFLINE_ID, OFFLINE_NOTE

    return ModelStatus(
        OFFLINE_ID,
        "offline",
        True,
        "always there, needs no key and no network",
        local=True,
        input_usd_per_million=0.0,
        output_usd_per_million=0.0,
        note=OFFLINE_NOTE,
    )
