"""The providers of a config as models here: ids in LiteLLM's names, labels, parameters, addresses."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Any

from workbench.formats.promptfoo.findings import Findings, Place
from workbench.formats.promptfoo.folder import Folder, Source, Unreadable, shown

ECHO_ID = "offline/echo"
#: promptfoo's provider → LiteLLM's, where what follows is the model's name.
_PROVIDERS = {
    "openai": "openai", "anthropic": "anthropic", "google": "gemini", "gemini": "gemini", "palm": "gemini",
    "vertex": "vertex_ai", "mistral": "mistral", "groq": "groq", "deepseek": "deepseek", "xai": "xai",
    "cohere": "cohere", "openrouter": "openrouter", "togetherai": "together_ai", "perplexity": "perplexity",
    "cerebras": "cerebras", "fireworks": "fireworks_ai", "azure": "azure", "azureopenai": "azure",
    "bedrock": "bedrock", "ollama": "ollama", "huggingface": "huggingface", "replicate": "replicate",
    "databricks": "databricks", "hyperbolic": "hyperbolic", "nscale": "nscale", "voyage": "voyage",
    "github": "github", "litellm": "", "localai": "openai", "vllm": "openai", "llama": "openai",
    "lmstudio": "openai",
}  # fmt: skip
#: Words between provider and model that only say which of its interfaces is meant.
_INTERFACES = {"chat", "messages", "completion", "completions", "embedding", "embeddings", "responses", "converse",
               "text-generation"}  # fmt: skip
_LOCAL_BASES = {
    "localai": "http://localhost:8080/v1",
    "vllm": "http://localhost:8000/v1",
    "llama": "http://localhost:8080/v1",
    "lmstudio": "http://localhost:1234/v1",
}
_PARAMS = {
    "temperature": "temperature", "max_tokens": "max_tokens", "maxTokens": "max_tokens",
    "max_tokens_to_sample": "max_tokens", "maxOutputTokens": "max_tokens", "num_predict": "max_tokens",
    "max_new_tokens": "max_tokens", "max_output_tokens": "max_tokens",
    "max_completion_tokens": "max_completion_tokens", "top_p": "top_p", "topP": "top_p", "top_k": "top_k",
    "topK": "top_k", "min_p": "min_p", "frequency_penalty": "frequency_penalty",
    "presence_penalty": "presence_penalty", "repetition_penalty": "repetition_penalty", "stop": "stop",
    "stopSequences": "stop", "stop_sequences": "stop", "seed": "seed", "response_format": "response_format",
    "tools": "tools", "tool_choice": "tool_choice", "reasoning_effort": "reasoning_effort",
    "verbosity": "verbosity", "logprobs": "logprobs", "top_logprobs": "top_logprobs", "thinking": "thinking",
    "service_tier": "service_tier", "parallel_tool_calls": "parallel_tool_calls", "num_ctx": "num_ctx",
}  # fmt: skip
_BASES = ("apiBaseUrl", "baseUrl", "base_url", "apiBase", "baseURL", "api_base")
#: Settings that change nothing about an answer.
_SILENT = {
    "includeDebugMetrics",
    "appendUsageToOutput",
    "showThinking",
    "organization",
    "cost",
    "inputCost",
    "outputCost",
}
_ENV = re.compile(r"\{\{\s*env\.(\w+)\s*\}\}")


@dataclass(frozen=True)
class ConfigModel:
    """One provider as a model here, in the words of a suite's ``models``."""

    id: str
    params: dict[str, Any] = field(default_factory=dict)
    api_base: str | None = None
    api_key_env: str | None = None
    label: str | None = None
    prompts: tuple[str, ...] | None = None  # what the config calls the only prompts that it is asked
    source: str = ""  # its id in the config
    place: Place | None = field(default=None, compare=False)

    def entry(self) -> dict[str, Any]:
        """Return it as an entry of ``models``."""
        keys = ("id", "params", "api_base", "api_key_env", "label")
        return {key: getattr(self, key) for key in keys if getattr(self, key) not in (None, {})}


class ProviderReader:
    """Reads ``providers`` (or ``targets``), and single providers that judge."""

    def __init__(self, folder: Folder, source: Source, findings: Findings) -> None:
        self.folder, self.source, self.findings = folder, source, findings

    def read(self, value: Any, key: str = "providers") -> tuple[ConfigModel, ...]:
        """Return the models of all providers that can be asked here; each name stands once."""
        items = value if isinstance(value, list) else [] if value is None else [value]
        found: list[ConfigModel] = []
        for index, item in enumerate(items):
            place = self.source.place(key, index) if isinstance(value, list) else self.source.place(key)
            for model in self.one(item, place):
                name = model.label or model.id
                taken = [m.label or m.id for m in found]
                if name in taken:
                    number = next(n for n in range(2, 1000) if f"{name} ({n})" not in taken)
                    model = ConfigModel(**{**vars(model), "label": f"{name} ({number})"[:100]})
                found.append(model)
        return tuple(found)

    def one(self, item: Any, place: Place) -> list[ConfigModel]:
        """Return the models of one entry; none, with a finding, where it cannot be asked here."""
        try:
            if isinstance(item, dict) and "id" not in item and len(item) == 1:
                ((name, settings),) = item.items()
                item = {"id": name, **(settings if isinstance(settings, dict) else {})}
            if isinstance(item, str):
                item = {"id": item}
            if not isinstance(item, dict) or not isinstance(item.get("id"), str):
                raise Unreadable("it has no `id`")
            if item["id"].startswith("file://") and item["id"].endswith((".yaml", ".yml", ".json")):
                return self._from_file(item["id"], place)
            return [self._model(item, place)]
        except Unreadable as problem:
            named = item.get("label") or item.get("id") if isinstance(item, dict) else item
            self.findings.loss(f'the provider "{shown(str(named), 60)}" is left out: {problem}', place)
            return []

    def _from_file(self, reference: str, place: Place) -> list[ConfigModel]:
        found = []
        for path in self.folder.find(reference):
            data = self.folder.data(path).data
            for item in data if isinstance(data, list) else [data]:
                if isinstance(item, dict) and str(item.get("id", "")).startswith("file://"):
                    raise Unreadable("a file of providers names another one")
                found += self.one(item, Place(self.folder.shown(path)))
        return found

    def _model(self, item: dict[str, Any], place: Place) -> ConfigModel:
        config = item.get("config") or {}
        config = config if isinstance(config, dict) else {}
        base = next((str(config[key]) for key in _BASES if config.get(key)), None)
        if base is None and config.get("apiHost"):
            base = f"https://{config['apiHost']}/v1"
        name = str(item["id"])
        if name != "echo" and item.get("transform"):
            self._not_run("transform", place)
        model_id, default_base = self._id(name, bool(base))
        key_env = config.get("apiKeyEnvar")
        secret = config.get("apiKey")
        if isinstance(secret, str):
            match = _ENV.fullmatch(secret.strip())
            key_env = key_env or (match[1] if match else None)
            if not match:
                self.findings.loss(
                    "the key written in the config is not read: put it into an environment variable and name that "
                    "in `apiKeyEnvar`",
                    place,
                )
        env = _ENV.fullmatch(base.strip()) if base else None
        if env:
            raise Unreadable(
                f"its address stands in the environment variable {env[1]}, which is not read here"
            )
        label = item.get("label")
        prompts = item.get("prompts")
        return ConfigModel(
            id=model_id,
            params=self._params(config, place) if model_id != ECHO_ID else {},
            api_base=base or default_base,
            api_key_env=str(key_env) if key_env else None,
            label=str(label)[:100] if label else None,
            prompts=tuple(map(str, prompts)) if isinstance(prompts, list) else None,
            source=name,
            place=place,
        )

    def _id(self, name: str, has_base: bool) -> tuple[str, str | None]:
        if name == "echo":
            return ECHO_ID, None
        kind, _, rest = name.partition(":")
        if kind in (
            "python",
            "exec",
            "package",
            "ruby",
            "golang",
            "webhook",
            "websocket",
            "browser",
            "mcp",
        ) or (name.startswith("file://") or name.endswith((".js", ".mjs", ".cjs", ".ts", ".py"))):
            raise Unreadable("it is code of its own, which is not run")
        if name.startswith(("http://", "https://", "http", "promptfoo:")):
            raise Unreadable("it is a service with a protocol of its own or a remote one of promptfoo")
        if kind not in _PROVIDERS:
            if "/" in name and ":" not in name and has_base:
                return f"openai/{name}", None
            raise Unreadable("no provider of this name is known here")
        parts = rest.split(":")
        if kind == "openai" and parts[0] in (
            "assistant",
            "realtime",
            "image",
            "moderation",
            "agents",
            "transcription",
        ):
            raise Unreadable(f"OpenAI's {parts[0]} interface is not asked here")
        while len(parts) > 1 and parts[0] in _INTERFACES:
            parts = parts[1:]
        model = ":".join(parts)
        if not model or model in _INTERFACES:
            raise Unreadable("it names no model")
        prefix = _PROVIDERS[kind]
        return (f"{prefix}/{model}" if prefix else model), _LOCAL_BASES.get(kind)

    def _params(self, config: dict[str, Any], place: Place) -> dict[str, Any]:
        params: dict[str, Any] = {}
        lost = []
        for key, value in config.items():
            if key in _PARAMS and not (isinstance(value, str) and value.startswith("file://")):
                params[_PARAMS[key]] = value
            elif key in ("apiKey", "apiKeyEnvar", "apiHost", *_BASES) or key in _SILENT:
                continue
            elif key in ("passthrough", "generationConfig") and isinstance(value, dict):
                params.update({_PARAMS[k]: v for k, v in value.items() if k in _PARAMS})
                lost += [f"{key}.{k}" for k in value if k not in _PARAMS]
            else:
                lost.append(key)
        if lost:
            listed = ", ".join(f"`{shown(key, 40)}`" for key in lost[:8])
            self.findings.loss(f"settings of a provider that are not sent: {listed}", place)
        return params

    def _not_run(self, what: str, place: Place) -> None:
        self.findings.loss(f"`{what}` is code, which is not run", place)
