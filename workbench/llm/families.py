"""Which maker's models a model belongs to, as far as its name tells."""

from __future__ import annotations

import re

#: Beginnings of the words of a model's name, by maker.
_WORDS = {
    "OpenAI": ("gpt", "chatgpt", "o1", "o3", "o4", "davinci"),
    "Anthropic": ("claude",),
    "Google": ("gemini", "gemma", "palm"),
    "Meta": ("llama", "codellama"),
    "Mistral": ("mistral", "mixtral", "ministral", "codestral", "magistral", "pixtral"),
    "Alibaba": ("qwen", "qwq"),
    "DeepSeek": ("deepseek",),
    "Cohere": ("command", "aya"),
    "xAI": ("grok",),
    "Microsoft": ("phi", "wizardlm"),
    "Amazon": ("nova", "titan"),
}


def family_of(model_id: str) -> str | None:
    """Return the maker of a model, or None where its name does not tell.

    The name counts before the provider: Llama at Groq is of Meta's family. A distilled model is of the first family
    that its name has.
    """
    name = model_id.rpartition("/")[2].lower()
    for word in re.split(r"[^a-z0-9]+", name):
        for maker, beginnings in _WORDS.items():
            if any(re.fullmatch(rf"{start}(?:\d.*)?", word) for start in beginnings):
                return maker
    return None
