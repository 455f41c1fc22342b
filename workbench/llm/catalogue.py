"""Which models can be used here and now, and why the others cannot."""

from __future__ import annotations

import datetime
import os
from collections.abc import Mapping
from dataclasses import dataclass

from workbench.llm.discovery import LOCAL_SERVERS, find_local_servers
from workbench.llm.prices import model_entry, price_per_million
from workbench.llm.providers import PROVIDERS, Provider

__all__ = ["LOCAL_SERVERS", "ModelStatus", "list_models"]


@dataclass(frozen=True)
class ModelStatus:
    """One model as a list shows it. Prices in USD per million tokens; None is unknown.

    ``usable`` is None where it cannot be told. ``api_base`` goes into the model's spec with the id.
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


def list_models(*, check: bool = False, env: Mapping[str, str] | None = None) -> list[ModelStatus]:
    """Return what can be asked: usable local and hosted models, the offline stand-in, then what lacks a key.

    Without ``check`` no connection is made. With it, this machine is searched for local servers, which
    takes a second at most.

    Args:
        check: Whether to look for local servers.
        env: Where keys and addresses are looked up; the process's environment by default.
    """
    env = os.environ if env is None else env
    usable: list[ModelStatus] = []
    missing: list[ModelStatus] = []
    for provider in PROVIDERS.values():
        lacking = _lacking(provider, env)
        if lacking is None:
            usable.extend(_hosted(provider, env))
        else:
            missing.append(_without_key(provider, lacking))
    local = _local(env) if check else []
    return [*usable, *local, _offline(), *missing]


def _lacking(provider: Provider, env: Mapping[str, str]) -> str | None:
    """Return the environment variables that keep a provider from being used, or None."""
    names = [] if provider.key(env) else [provider.key_envs[0]]
    if provider.base_required and not provider.base(env):
        names.append(provider.base_envs[0])
    return " and ".join(names) or None


def _hosted(provider: Provider, env: Mapping[str, str]) -> list[ModelStatus]:
    name = next(name for name in provider.key_envs if env.get(name, "").strip())
    reason = f"{name} is set"
    if provider.id in _ANY_MODEL:
        model_id, note = _ANY_MODEL[provider.id]
        return [ModelStatus(model_id, provider.id, None, reason, local=False, note=note)]
    today = datetime.date.today().isoformat()
    rows = []
    for model_id in _OFFERED[provider.id]:
        entry = model_entry(model_id)
        if entry is None or str(entry.get("deprecation_date") or "9999") <= today:
            continue
        asked, told = price_per_million(model_id)
        window = entry.get("max_input_tokens")
        rows.append(
            ModelStatus(
                model_id,
                provider.id,
                True,
                reason,
                local=False,
                context_window=window if isinstance(window, int) else None,
                input_usd_per_million=asked,
                output_usd_per_million=told,
            )
        )
    return rows


def _without_key(provider: Provider, lacking: str) -> ModelStatus:
    reason = f"set {lacking} to use it"
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
