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
        return Usage(
            input=_count(data, "input_tokens"),
            cache_read=_count(data, "cache_read_input_tokens"),
            cache_write=_count(data, "cache_creation_input_tokens"),
            output=_count(data, "output_tokens"),
        )
    return Usage(
        input=_count(data, "input"),
        cache_read=_count(data, "cache_read"),
        cache_write=_count(data, "cache_write"),
        output=_count(data, "output"),
        reasoning=_count(data, "reasoning"),
        estimated=data.get("estimated") is True,
    )


def _inclusive(data: Mapping[str, Any], asked: str, told: str, details_name: str) -> Usage:
    """OpenAI's shape, which LiteLLM gives for every provider: cached tokens are a part of the input."""
    details = _mapping(data.get(details_name))
    output_details = _mapping(data.get(told.replace("tokens", "tokens_details")))
    total_in, output = _count(data, asked), _count(data, told)
    if not total_in and not output:
        return Usage()
    read = _count(details, "cached_tokens")
    write = _count(details, "cache_write_tokens", "cache_creation_tokens")
    if write is None:
        write = _count(data, "cache_creation_input_tokens")
    uncached = None if total_in is None else max(0, total_in - (read or 0) - (write or 0))
    return Usage(
        input=uncached,
        cache_read=read,
        cache_write=write,
        output=output,
        reasoning=_count(output_details, "reasoning_tokens"),
    )


def _mapping(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}


def _count(data: Mapping[str, Any], *names: str) -> int | None:
    for name in names:
        value = data.get(name)
        if isinstance(value, int | float) and not isinstance(value, bool) and 0 <= value < 1e15:
            return int(value)
    return None
