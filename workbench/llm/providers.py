"""Who can be asked: providers, the variables that hold their keys, and whose key may go where."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import urlsplit

from workbench.errors import CompletionError
from workbench.llm.types import ModelSpec

#: Sent where a key is required by form and none is meant.
DUMMY_KEY = "no-key"


@dataclass(frozen=True)
class Provider:
    """A hosted provider. ``key_envs`` are the variables that may hold its key, the usual one first."""

    id: str
    title: str
    key_envs: tuple[str, ...]
    base_envs: tuple[str, ...] = ()
    base_required: bool = False

    def key(self, env: Mapping[str, str]) -> str | None:
        """Return the key that the environment holds for it."""
        return _first(env, self.key_envs)

    def key_env(self, env: Mapping[str, str]) -> str | None:
        """Return the variable that holds its key."""
        return next((name for name in self.key_envs if env.get(name, "").strip()), None)

    def base(self, env: Mapping[str, str]) -> str | None:
        """Return the address that the environment holds for it."""
        return _first(env, self.base_envs)


PROVIDERS: dict[str, Provider] = {
    provider.id: provider
    for provider in (
        Provider("openai", "OpenAI", ("OPENAI_API_KEY",), ("OPENAI_BASE_URL", "OPENAI_API_BASE")),
        Provider(
            "anthropic", "Anthropic", ("ANTHROPIC_API_KEY",), ("ANTHROPIC_API_BASE", "ANTHROPIC_BASE_URL")
        ),
        Provider("gemini", "Google Gemini", ("GEMINI_API_KEY", "GOOGLE_API_KEY"), ("GEMINI_API_BASE",)),
        Provider("mistral", "Mistral", ("MISTRAL_API_KEY",), ("MISTRAL_API_BASE",)),
        Provider("groq", "Groq", ("GROQ_API_KEY",), ("GROQ_API_BASE",)),
        Provider("openrouter", "OpenRouter", ("OPENROUTER_API_KEY", "OR_API_KEY"), ("OPENROUTER_API_BASE",)),
        Provider("xai", "xAI", ("XAI_API_KEY",), ("XAI_API_BASE",)),
        Provider("deepseek", "DeepSeek", ("DEEPSEEK_API_KEY",), ("DEEPSEEK_API_BASE",)),
        Provider("together_ai", "Together AI", ("TOGETHERAI_API_KEY", "TOGETHER_API_KEY")),
        Provider("cohere", "Cohere", ("COHERE_API_KEY", "CO_API_KEY"), ("COHERE_API_BASE",)),
        Provider("huggingface", "Hugging Face", ("HF_TOKEN", "HUGGINGFACE_API_KEY"), ("HF_API_BASE",)),
        Provider("azure", "Azure OpenAI", ("AZURE_API_KEY",), ("AZURE_API_BASE",), base_required=True),
    )
}
_ALIASES = {"cohere_chat": "cohere"}

#: Where the adapters of LiteLLM look for a local server: provider, variable, and default address.
LOCAL_BASES: dict[str, tuple[str, str]] = {
    "ollama": ("OLLAMA_API_BASE", "http://127.0.0.1:11434"),
    "ollama_chat": ("OLLAMA_API_BASE", "http://127.0.0.1:11434"),
    "lm_studio": ("LM_STUDIO_API_BASE", "http://127.0.0.1:1234/v1"),
    "hosted_vllm": ("HOSTED_VLLM_API_BASE", "http://127.0.0.1:8000/v1"),
    "llamafile": ("LLAMAFILE_API_BASE", "http://127.0.0.1:8080/v1"),
    "docker_model_runner": ("DOCKER_MODEL_RUNNER_API_BASE", "http://127.0.0.1:12434/engines/v1"),
}

# Those whose adapter sends the key it is given and no other credential found on this machine. A test
# plants keys everywhere and watches what reaches the server.
MAY_TAKE_A_BASE = frozenset({*PROVIDERS, *_ALIASES, *LOCAL_BASES, "custom_openai", "triton", "fireworks_ai"})


@dataclass(frozen=True)
class Route:
    """Where one model is reached, and with which key.

    ``trusted`` is False for an address that a suite or a person named: nothing of the account goes there.
    """

    model: str
    provider: str
    api_base: str | None
    api_key: str | None
    trusted: bool = True

    def __repr__(self) -> str:
        return f"Route({self.model!r}, api_base={self.api_base!r})"


def provider_of(model_id: str) -> str:
    """Return the provider part of a model's id, as LiteLLM spells it.

    Raises:
        CompletionError: Of kind not_found: the id names no provider.
    """
    if "/" in model_id:
        prefix = model_id.split("/", 1)[0]
        return _ALIASES.get(prefix, prefix)
    from workbench.llm.prices import price_table

    provider = price_table().get(model_id, {}).get("litellm_provider")
    if not provider:
        raise CompletionError(
            f'"{model_id}" does not name its provider',
            kind="not_found",
            hint="write provider/model, such as openai/gpt-4o-mini, or ollama/llama3.2 for a local one",
        )
    return _ALIASES.get(provider, provider)


def route(spec: ModelSpec, env: Mapping[str, str]) -> Route:
    """Decide where a model is asked and with which key.

    A configured key goes only to the provider that it was configured for: where the model names its own
    ``api_base``, no key is sent unless it names the key's variable too.

    Raises:
        CompletionError: Of kind auth, naming the missing variable; of kind bad_request, for an address
            that cannot be used; of kind not_found, for an id without provider.
    """
    provider = provider_of(spec.id)
    base = _checked_base(spec, provider)
    key = _named_key(spec, env)
    if provider in LOCAL_BASES:
        variable, default = LOCAL_BASES[provider]
        base = base or env.get(variable) or default
        # Ollama's chat adapter keeps the roles; the other one pastes the messages together.
        model = spec.id.replace("ollama/", "ollama_chat/", 1) if provider == "ollama" else spec.id
        return Route(model, provider, base, key or DUMMY_KEY, trusted=False)
    known = PROVIDERS.get(provider)
    if known is not None:
        own = known.base(env)
        if base is None or (own is not None and base.rstrip("/") == own.rstrip("/")):
            key = key or known.key(env) or _missing_key(spec, known)
            if known.base_required and not (base or own):
                raise CompletionError(
                    f"{known.title} needs an address", kind="auth", hint=f"set {known.base_envs[0]}"
                )
            return Route(spec.id, provider, base or own, key)
    if base is not None:
        return Route(spec.id, provider, base, key or DUMMY_KEY, trusted=False)
    return Route(spec.id, provider, None, key)


def _checked_base(spec: ModelSpec, provider: str) -> str | None:
    if not spec.api_base:
        return None
    parts = urlsplit(spec.api_base)
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise CompletionError(
            f"The api_base of {spec.name} is not an http address",
            kind="bad_request",
            hint="write it like http://127.0.0.1:8000/v1",
        )
    if provider not in MAY_TAKE_A_BASE:
        raise CompletionError(
            f"{provider} cannot be used with an api_base, because its credentials could leak there",
            kind="bad_request",
            hint="use openai/<model> for a server that speaks the OpenAI protocol",
        )
    return spec.api_base


def _named_key(spec: ModelSpec, env: Mapping[str, str]) -> str | None:
    if not spec.api_key_env:
        return None
    key = env.get(spec.api_key_env, "").strip()
    if not key:
        raise CompletionError(
            f"The environment variable {spec.api_key_env}, which should hold the key of {spec.name}, is not set",
            kind="auth",
            hint=f"set {spec.api_key_env} and start again",
        )
    return key


def _missing_key(spec: ModelSpec, provider: Provider) -> str:
    raise CompletionError(
        f"There is no key for {provider.title}: the environment variable {provider.key_envs[0]} is not set",
        kind="auth",
        hint=f"set it, or give {spec.name} an api_base or api_key_env",
    )


def _first(env: Mapping[str, str], names: tuple[str, ...]) -> str | None:
    return next((env[name].strip() for name in names if env.get(name, "").strip()), None)
