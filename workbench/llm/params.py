"""What may be set on a call, under one spelling."""

from __future__ import annotations

import re
from typing import Any

from workbench.errors import CompletionError
from workbench.llm.types import Request

#: Parameters of the OpenAI protocol, by which every provider is asked; camelCase is accepted too.
KNOWN_PARAMS = frozenset(
    {
        "temperature", "top_p", "top_k", "min_p", "max_tokens", "max_completion_tokens", "stop", "seed",
        "presence_penalty", "frequency_penalty", "repetition_penalty", "logit_bias", "logprobs",
        "top_logprobs", "user", "response_format", "tools", "tool_choice", "parallel_tool_calls",
        "reasoning_effort", "verbosity", "thinking", "service_tier", "prompt_cache_key", "modalities",
        "extra_headers", "api_version", "num_ctx",
    }
)  # fmt: skip

# Names with which a parameter would steer the client, the bill or a credential instead of the model.
_REFUSED = frozenset(
    {
        "model", "messages", "api_key", "api_base", "base_url", "custom_llm_provider", "organization",
        "deployment_id", "timeout", "stream_options", "num_retries", "max_retries", "drop_params",
        "additional_drop_params", "allowed_openai_params", "callbacks", "shared_session", "extra_body",
        "default_headers", "functions", "function_call", "fallbacks", "mock_response", "headers", "client",
    }
)  # fmt: skip
_REFUSED_START = ("aws_", "vertex_", "azure_", "litellm_", "_", "mock_", "s3_", "gcs_", "langfuse_")
_HOP = re.compile(r"(?<=[a-z0-9])([A-Z])")


def call_params(request: Request) -> dict[str, Any]:
    """Return the parameters of a call: the prompt's, overridden by the model's, in snake_case.

    ``extra`` (a mapping of parameters that only this provider knows) is laid beside the others. What
    cannot be sent is refused, never dropped.

    Raises:
        CompletionError: Of kind bad_request, naming the parameter.
    """
    merged = {**_spelled(request.params), **_spelled(request.model.params)}
    if request.response_format is not None:
        merged.setdefault("response_format", request.response_format)
    for name, value in merged.items():
        if name in _REFUSED or name.startswith(_REFUSED_START):
            raise _refused(f'The parameter "{name}" cannot be set on a call', "remove it from the parameters")
        if name == "n" and value != 1:
            raise _refused(
                'The parameter "n" would buy answers that nobody reads', "set the suite's repeats instead"
            )
        if name == "stream" and not isinstance(value, bool):
            raise _refused('The parameter "stream" must be true or false', "true measures the first token")
    return {name: value for name, value in merged.items() if value is not None and name != "n"}


def refuse_all_but_text(request: Request, who: str) -> None:
    """Refuse images and tools, for a model that reads and writes text alone.

    Raises:
        CompletionError: Of kind bad_request, naming what it cannot take.
    """
    if any(not isinstance(message["content"], str) for message in request.messages):
        raise _refused(f"{who} reads text alone", "leave images and calls of tools out of the messages")
    for name in ("tools", "tool_choice"):
        if call_params(request).get(name):
            raise _refused(f'{who} calls no tools, and "{name}" is set', "remove it, or choose another model")


def _spelled(params: dict[str, Any]) -> dict[str, Any]:
    result: dict[str, Any] = {}
    for name, value in params.items():
        if name == "extra":
            if not isinstance(value, dict):
                raise _refused('The parameter "extra" must be a mapping', "write name: value pairs under it")
            result.update(value)
            continue
        snake = _HOP.sub(r"_\1", name).lower()
        result[snake if snake in KNOWN_PARAMS else name] = value
    return result


def _refused(message: str, hint: str) -> CompletionError:
    return CompletionError(message, kind="bad_request", hint=hint)
