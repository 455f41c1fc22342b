"""Token counts as the providers report them, turned into disjoint buckets."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from workbench.llm.types import Usage


def usage_from(data: Mapping[str, Any] | None) -> Usage:
    """Read token counts in our own names, OpenAI's (cached inside input), or Anthropic's (cached beside it).

    Zero tokens in and out means that nothing was reported: every count is then None.
    """
    if not data:
        return Usage()
    if "prompt_tokens" in data or "completion_tokens" in data:
        return _inclusive(data, "prompt_tokens", "completion_tokens", "prompt_tokens_details")
    if "input_tokens_details" in data:
        return _inclusive(data, "input_tokens", "output_tokens", "input_tokens_details")
    if "input_tokens" in data or "output_tokens" in data:
        write, write_1h = _writes(data, _count(data, "cache_creation_input_tokens"), "cache_creation")
        return Usage(
            input=_count(data, "input_tokens"),
            cache_read=_count(data, "cache_read_input_tokens"),
            cache_write=write,
            cache_write_1h=write_1h,
            output=_count(data, "output_tokens"),
            service=_service(data),
        )
    return Usage(
        input=_count(data, "input"),
        cache_read=_count(data, "cache_read"),
        cache_write=_count(data, "cache_write", "cache_write_5m"),
        cache_write_1h=_count(data, "cache_write_1h"),
        output=_count(data, "output"),
        reasoning=_count(data, "reasoning"),
        estimated=data.get("estimated") is True,
        service=_service(data, "service"),
    )


def _inclusive(data: Mapping[str, Any], asked: str, told: str, details_name: str) -> Usage:
    """OpenAI's shape, which LiteLLM gives for every provider: cached tokens are a part of the input."""
    details = _mapping(data.get(details_name))
    output_details = _mapping(data.get(told.replace("tokens", "tokens_details")))
    total_in, output = _count(data, asked), _count(data, told)
    if not total_in and not output:
        return Usage()
    read = _count(details, "cached_tokens")
    if read is None:
        read = _count(data, "prompt_cache_hit_tokens", "cache_read_input_tokens")
    total_write = _count(details, "cache_write_tokens", "cache_creation_tokens")
    if total_write is None:
        total_write = _count(data, "cache_creation_input_tokens")
    write, write_1h = _writes(details, total_write, "cache_creation_token_details")
    cached = (read or 0) + (write or 0) + (write_1h or 0)
    reasoning = _count(output_details, "reasoning_tokens")
    return Usage(
        input=None if total_in is None else max(0, total_in - cached),
        cache_read=read,
        cache_write=write,
        cache_write_1h=write_1h,
        output=_with_reasoning(output, reasoning, total_in, _count(data, "total_tokens")),
        reasoning=reasoning,
        service=_service(data),
    )


def _with_reasoning(
    output: int | None, reasoning: int | None, total_in: int | None, total: int | None
) -> int | None:
    """Some servers (xAI's) count reasoning beside the output; their total gives it away."""
    if not reasoning or output is None or total_in is None:
        return output
    beside = reasoning > output or (total == total_in + output + reasoning)
    return output + reasoning if beside else output


def _writes(data: Mapping[str, Any], total: int | None, name: str) -> tuple[int | None, int | None]:
    """Split what was written to the cache by its lifetime; where nothing tells, it is the usual short one."""
    lifetimes = _mapping(data.get(name))
    hour = _count(lifetimes, "ephemeral_1h_input_tokens")
    short = _count(lifetimes, "ephemeral_5m_input_tokens")
    if not hour:
        return (short if total is None else total), hour
    return (max(0, total - hour) if total is not None else short), hour


def _service(data: Mapping[str, Any], name: str = "service_tier") -> str | None:
    value = data.get(name)
    return value if isinstance(value, str) and 0 < len(value) <= 40 else None


def _mapping(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}


def _count(data: Mapping[str, Any], *names: str) -> int | None:
    for name in names:
        value = data.get(name)
        if isinstance(value, int | float) and not isinstance(value, bool) and 0 <= value < 1e15:
            return int(value)
    return None
