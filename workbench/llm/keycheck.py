"""Whether keys work: each provider is asked, with its own key only, for something that costs nothing."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Literal

from workbench.llm.providers import Provider

Verdict = Literal["works", "refused", "unreachable", "unknown"]

#: Seconds within which a provider answers such a question, or counts as silent.
WITHIN_S = 4.0
# Provider → usual address, and the path that wants a valid key.
_QUESTIONS = {
    "openai": ("https://api.openai.com/v1", "/models"),
    "anthropic": ("https://api.anthropic.com", "/v1/models"),
    "gemini": ("https://generativelanguage.googleapis.com", "/v1beta/models?pageSize=1"),
    "mistral": ("https://api.mistral.ai/v1", "/models"),
    "groq": ("https://api.groq.com/openai/v1", "/models"),
    "openrouter": ("https://openrouter.ai/api/v1", "/key"),
    "xai": ("https://api.x.ai/v1", "/models"),
    "deepseek": ("https://api.deepseek.com", "/models"),
    "together_ai": ("https://api.together.xyz/v1", "/models"),
    "cohere": ("https://api.cohere.com", "/v1/models"),
    "huggingface": ("https://huggingface.co", "/api/whoami-v2"),
    "azure": ("", "/openai/models?api-version=2024-10-21"),
}


@dataclass(frozen=True)
class KeyCheck:
    """How a provider took its key, and a sentence about it in which the key does not appear."""

    verdict: Verdict
    reason: str


def check_keys(providers: Iterable[Provider], env: Mapping[str, str]) -> dict[str, KeyCheck]:
    """Ask each of these providers at once whether its key works; provider → what it said.

    A key is sent to its provider's own address, or to the one that the environment names for it, and is not
    carried along by a redirect. Takes `WITHIN_S` seconds at most. Do not call it on an event loop.
    """

    async def main() -> dict[str, KeyCheck]:
        asked = list(providers)
        answers = await asyncio.gather(*(_ask(provider, env) for provider in asked))
        return {provider.id: answer for provider, answer in zip(asked, answers, strict=True)}

    return asyncio.run(main())


async def _ask(provider: Provider, env: Mapping[str, str]) -> KeyCheck:
    import aiohttp

    variable = provider.key_env(env) or provider.key_envs[0]
    usual, path = _QUESTIONS[provider.id]
    base = (usual if provider.id == "huggingface" else provider.base(env) or usual).rstrip("/")
    if base.endswith("/v1") and path.startswith("/v1/"):
        base = base.removesuffix("/v1")
    where = provider.title if base == usual.rstrip("/") else f"{provider.title} (at {_host(base)})"
    timeout = aiohttp.ClientTimeout(total=WITHIN_S)
    try:
        async with (
            aiohttp.ClientSession(timeout=timeout, trust_env=True) as session,
            session.get(
                base + path,
                headers=_headers(provider.id, env.get(variable, "").strip()),
                allow_redirects=False,
            ) as response,
        ):
            status = response.status
    except TimeoutError:
        return KeyCheck("unreachable", f"{where} did not answer within {WITHIN_S:g} s: check the network")
    except (aiohttp.ClientError, ValueError, OSError):
        return KeyCheck("unreachable", f"{where} cannot be reached: check the network or the address")
    if status == 200:
        return KeyCheck("works", f"{where} accepts {variable}")
    # Gemini answers 400 to a key that it does not know.
    if status in (401, 403) or (provider.id == "gemini" and status == 400):
        return KeyCheck("refused", f"{where} refuses the key in {variable}: check it")
    return KeyCheck("unknown", f"{variable} is set; whether it works {where} did not say (status {status})")


def _headers(provider_id: str, key: str) -> dict[str, str]:
    if provider_id == "anthropic":
        return {"x-api-key": key, "anthropic-version": "2023-06-01"}
    if provider_id == "gemini":
        return {"x-goog-api-key": key}
    if provider_id == "azure":
        return {"api-key": key}
    return {"Authorization": f"Bearer {key}"}


def _host(base: str) -> str:
    from urllib.parse import urlsplit

    parts = urlsplit(base)
    return f"{parts.hostname}:{parts.port}" if parts.port else parts.hostname or "its address"
