"""How many tokens messages will have, before they are sent: by the model's own tokenizer where it is at hand.

OpenAI's tokenizers lie in the installation (LiteLLM brings them); nothing is fetched. For every other model the
characters are counted: four of an alphabet's make a token, two of another script's, and a Chinese, Japanese or Korean
one makes one. Over English, code and mixed texts that is within a third of the true count, which is the interval.
"""

from __future__ import annotations

import importlib.util
import os
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

from workbench.llm.types import Message, ModelSpec, text_of

#: Tokens that a chat adds to each message and to the whole (OpenAI's own account of it).
_PER_MESSAGE, _PER_CHAT = 3, 3
_LOW, _HIGH = 0.75, 1.35
#: Names of OpenAI's tokenizers and of the files in which tiktoken keeps them.
_FILES = {
    "o200k_base": "fb374d419588a4632f3f557e76b4b70aebbca790",
    "cl100k_base": "9b5ad71b2ce5302211f9c61530b329a4922fc6a4",
}


#: What an image is counted as, from OpenAI's low detail to a full page at Anthropic's; its size is not looked at.
_PER_IMAGE = (85, 800, 1600)


@dataclass(frozen=True)
class TokenCount:
    """Tokens of a request with an interval; ``exact`` where a tokenizer counted, and the interval is none."""

    low: float
    expected: float
    high: float
    exact: bool


def count_messages(messages: Sequence[Message], model: ModelSpec) -> TokenCount:
    """Return the tokens that these messages have for a model."""
    frame = _PER_CHAT + _PER_MESSAGE * len(messages)
    encoder = _encoder_of(model)
    images = _images(messages)
    if encoder is not None and not images:
        tokens = frame + sum(len(encoder.encode_ordinary(text_of(m))) for m in messages)
        return TokenCount(tokens, tokens, tokens, exact=True)
    tokens = frame + sum(estimate_tokens(text_of(message)) for message in messages)
    low, expected, high = (each * images for each in _PER_IMAGE)
    return TokenCount(tokens * _LOW + low, tokens + expected, tokens * _HIGH + high, exact=False)


def _images(messages: Sequence[Message]) -> int:
    parts = (part for m in messages if isinstance(m["content"], list) for part in m["content"])
    return sum(part.get("type") == "image_url" for part in parts)


def estimate_tokens(text: str) -> float:
    """Return about how many tokens a text has, by its characters."""
    ascii_letters = len(text.encode("ascii", "ignore"))
    wide = (
        sum("\u3040" <= c <= "\u9fff" or "\uac00" <= c <= "\ud7a3" for c in text)
        if ascii_letters < len(text)
        else 0
    )
    return ascii_letters / 4 + (len(text) - ascii_letters - wide) / 2 + 0.85 * wide


def _encoder_of(model: ModelSpec) -> Any:
    if model.api_base is not None or not model.id.startswith(("openai/", "gpt-")):
        return None
    name = model.id.removeprefix("openai/")
    return _encoder(
        "cl100k_base" if name.startswith(("gpt-3.5", "gpt-4-", "gpt-4 ")) or name == "gpt-4" else "o200k_base"
    )


@lru_cache(maxsize=2)
def _encoder(name: str) -> Any:
    """Return OpenAI's tokenizer from the installation, or None where it is not there."""
    found = importlib.util.find_spec("litellm")
    if found is None or found.origin is None or importlib.util.find_spec("tiktoken") is None:
        return None
    folder = Path(found.origin).parent / "litellm_core_utils" / "tokenizers"
    if not (folder / _FILES[name]).is_file():
        return None
    import tiktoken

    before = os.environ.get("TIKTOKEN_CACHE_DIR")
    os.environ["TIKTOKEN_CACHE_DIR"] = str(folder)
    try:
        return tiktoken.get_encoding(name)
    except (OSError, ValueError):  # a file that is not what its name says
        return None
    finally:
        if before is None:
            del os.environ["TIKTOKEN_CACHE_DIR"]
        else:
            os.environ["TIKTOKEN_CACHE_DIR"] = before
