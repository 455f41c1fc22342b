"""Reads what LiteLLM returns: texts, counts, what comes beside the text, and streams that just stop."""

from __future__ import annotations

from typing import Any

from workbench.errors import CompletionError
from workbench.llm.beside import Beside
from workbench.llm.providers import Route
from workbench.llm.types import Usage
from workbench.llm.usage import usage_from

BLOCKED = "The provider's content filter stopped the answer: change the messages, or drop the case."


def resolved_name(chunk: Any) -> str | None:
    """Return the name under which the provider answered, where a chunk of its stream has it."""
    return (getattr(chunk, "_hidden_params", None) or {}).get("provider_response_model")


def plain_usage(usage: Any, service: Any = None) -> Usage:
    """Return the counts of an answer; ``service`` is its tier where the counts do not say."""
    if usage is None:
        return Usage()
    data = usage.model_dump()
    return usage_from({**data, "service_tier": data.get("service_tier") or service})


def take_beside(beside: Beside, message: Any, choice: Any) -> None:
    """Gather what came beside the text, from LiteLLM's own objects."""
    calls = getattr(message, "tool_calls", None)
    logprobs = getattr(choice, "logprobs", None)
    if calls or logprobs:
        plain = [call if isinstance(call, dict) else call.model_dump() for call in calls or ()]
        beside.take(
            {"tool_calls": plain}, logprobs.model_dump() if hasattr(logprobs, "model_dump") else logprobs
        )


def text_of_message(message: Any) -> str:
    """Return the text of an answer, or the refusal that came in its place."""
    content = message.content
    if content is None:
        content = (getattr(message, "provider_specific_fields", None) or {}).get("refusal") or ""
    return content if isinstance(content, str) else str(content)


def nonsense(target: Route, what: str) -> CompletionError:
    """Return the error for an answer that is none."""
    where = f"The server at {target.api_base}" if target.api_base else f"{target.provider}"
    return CompletionError(f"{where} sent {what}", kind="provider", hint="try again later")


def check_ended(response: Any, target: Route) -> None:
    """Tell a whole stream from one that just stopped: LiteLLM says "stop" for both."""
    if response.received_finish_reason or response.intermittent_finish_reason:
        return
    counted = any(getattr(chunk, "usage", None) is not None for chunk in response.chunks)
    if counted and target.provider != "anthropic":  # whose first event counts the input already
        return
    if response.chunks:
        raise broken_off(target)
    raise nonsense(target, "a stream without an answer")


def broken_off(target: Route) -> CompletionError:
    """Return the error for a stream that just stopped."""
    where = target.api_base or target.provider
    return CompletionError(
        f"The stream from {where} ended before the answer was complete", kind="connection", hint="try again"
    )


async def close_stream(response: Any) -> None:
    """Hang up, where the stream can be hung up."""
    close = getattr(response, "aclose", None)
    if close is not None:
        await close()
