"""What a model can do besides answering in text, as LiteLLM's table and local servers tell it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

#: The words for it, in the order in which they are shown. What nobody tells is left out, never guessed.
ABILITIES = ("tools", "json schema", "images", "reasoning", "streaming", "embeddings")

_FLAGS = {
    "tools": ("supports_function_calling",),
    "json schema": ("supports_response_schema", "supports_native_structured_output"),
    "images": ("supports_vision", "supports_image_input"),
    "reasoning": ("supports_reasoning",),
}
# How Ollama and LM Studio call them.
_SERVER_WORDS = {
    "tools": "tools",
    "tool_use": "tools",
    "vision": "images",
    "thinking": "reasoning",
    "reasoning": "reasoning",
    "embedding": "embeddings",
}


def abilities_of(entry: Mapping[str, Any]) -> tuple[str, ...]:
    """Return what a row of LiteLLM's table says that the model can do.

    Streaming is what every chat model does, unless the table says otherwise.
    """
    mode = entry.get("mode")
    found = {word for word, flags in _FLAGS.items() if any(entry.get(flag) is True for flag in flags)}
    if mode in ("chat", "completion", "responses") and entry.get("supports_native_streaming") is not False:
        found.add("streaming")
    if mode == "embedding":
        found.add("embeddings")
    return _ordered(found)


def told_abilities(words: Any) -> tuple[str, ...]:
    """Return what a local server's own list of capabilities means; nothing where it is no list."""
    if not isinstance(words, list):
        return ()
    return _ordered(
        {_SERVER_WORDS[word] for word in words if isinstance(word, str) and word in _SERVER_WORDS}
    )


def _ordered(found: Iterable[str]) -> tuple[str, ...]:
    known = set(found)
    return tuple(word for word in ABILITIES if word in known)
