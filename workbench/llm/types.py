"""What goes to a model and what comes back: the words that every other room uses for it."""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict, dataclass, field
from typing import Any, Literal, NotRequired, TypedDict

from workbench.errors import ErrorKind


class Message(TypedDict):
    """One chat message, rendered: plain data in the words of OpenAI's protocol, ready to send.

    ``content`` is text, or a list of parts (``text`` and ``image_url``) where images come with it; None where the
    assistant only called tools.
    """

    role: Literal["system", "user", "assistant", "tool"]
    content: str | list[dict[str, Any]] | None
    name: NotRequired[str]
    tool_calls: NotRequired[list[dict[str, Any]]]
    tool_call_id: NotRequired[str]
    cache_control: NotRequired[dict[str, Any]]


def text_of(message: Message) -> str:
    """Return all that a model reads of a message but its images, to be counted."""
    content = message["content"]
    if isinstance(content, list):
        content = "".join(str(part.get("text") or "") for part in content)
    calls = message.get("tool_calls")
    return (content or "") + (json.dumps(calls, ensure_ascii=False) if calls else "")


@dataclass(frozen=True)
class ModelSpec:
    """What answers, as a suite or a person names it.

    ``outputs`` makes it a recorded model: a path to a JSONL file whose rows are
    ``{id, output, usage?, latency_s?, ttft_s?, cost_usd?, error?}``, with ``{prompt}`` standing for the
    prompt's name. ``api_key_env`` is the *name* of an environment variable, never a key. The limits and the
    timeouts (in seconds) say how it may be asked; they shape no answer.
    """

    id: str
    params: dict[str, Any] = field(default_factory=dict)
    api_base: str | None = None
    api_key_env: str | None = None
    label: str | None = None
    outputs: str | None = None
    max_concurrency: int | None = None
    requests_per_minute: int | None = None
    tokens_per_minute: int | None = None
    timeout_s: float | None = None
    first_token_timeout_s: float | None = None

    @property
    def name(self) -> str:
        """What tables and selectors call it: the label, else the id."""
        return self.label or self.id

    @property
    def recorded(self) -> bool:
        """Whether its answers come from a file."""
        return self.outputs is not None

    def to_dict(self) -> dict[str, Any]:
        """Return it as plain data, leaving out what was not set."""
        return {k: v for k, v in asdict(self).items() if v not in (None, {})}

    @classmethod
    def from_dict(cls, data: dict[str, Any]) -> ModelSpec:
        """The inverse of `to_dict`."""
        return cls(**data)


@dataclass(frozen=True)
class Usage:
    """Tokens of one call in disjoint buckets: ``input`` excludes cached ones, ``output`` includes ``reasoning``.

    ``cache_write`` were written for the provider's usual few minutes, ``cache_write_1h`` for an hour. None is
    unknown, never zero. ``estimated`` says that we counted, not the provider. ``service`` is the tier at which
    the provider says that it served the call (``priority``, ``flex``, ``batch``, …), for it sets the price.
    """

    input: int | None = None
    cache_read: int | None = None
    cache_write: int | None = None
    output: int | None = None
    reasoning: int | None = None
    estimated: bool = False
    cache_write_1h: int | None = None
    service: str | None = None

    @property
    def total_input(self) -> int | None:
        """All that was read, cached or not; None where the input is unknown."""
        if self.input is None:
            return None
        return self.input + (self.cache_read or 0) + (self.cache_write or 0) + (self.cache_write_1h or 0)

    def to_dict(self) -> dict[str, Any]:
        """Return it as plain data, leaving out what is unknown."""
        return {k: v for k, v in vars(self).items() if v is not None}


def whole_text(text: str) -> str:
    """Return text without halves of characters, which JSON can carry and nothing can store.

    Two halves that belong together, as a stream may bring them, become their character; a lone one becomes U+FFFD.
    """
    if text.isascii():
        return text
    try:
        text.encode()
    except UnicodeEncodeError:
        return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    return text


@dataclass(frozen=True)
class Completion:
    """One answer, or the typed error that came instead (then ``text`` is what had arrived, maybe empty).

    Cost in USD, times in seconds; None is unknown. ``cached`` says that the answer was read from our own
    cache: cost and latency are then those of the first time and are not spent again.

    ``tool_calls`` are the tools that the model wants called, each ``{"id", "type", "function": {"name",
    "arguments"}}`` with the arguments as the JSON text that it wrote; ``logprobs`` has one entry a token,
    ``{"token", "logprob", "top_logprobs"}``, where they were asked for.
    """

    text: str = ""
    usage: Usage = Usage()
    cost_usd: float | None = None
    latency_s: float | None = None
    ttft_s: float | None = None
    finish_reason: str | None = None
    resolved_model: str | None = None
    error: ErrorKind | None = None
    error_message: str | None = None
    cached: bool = False
    tool_calls: tuple[dict[str, Any], ...] = ()
    logprobs: list[dict[str, Any]] | None = None

    def __post_init__(self) -> None:
        object.__setattr__(self, "tool_calls", tuple(self.tool_calls or ()))
        object.__setattr__(self, "text", whole_text(self.text))

    @property
    def ok(self) -> bool:
        """Whether it is an answer that may be scored."""
        return self.error is None


@dataclass(frozen=True)
class Request:
    """One call: everything that shapes the answer.

    ``prompt_name`` and ``case_id`` are what a recorded model looks up; other models never see them.
    ``repeat`` counts from 0 and is part of the cache key, so that repeats are real samples.
    """

    model: ModelSpec
    messages: tuple[Message, ...]
    params: dict[str, Any] = field(default_factory=dict)
    response_format: dict[str, Any] | None = None
    prompt_name: str | None = None
    case_id: str | None = None
    repeat: int = 0

    def cache_key(self) -> str:
        """SHA-256 (hex) of everything that shapes the answer, and of nothing else."""
        content = {
            "model": self.model.id,
            "api_base": self.model.api_base,
            "params": {**self.params, **self.model.params},
            "messages": list(self.messages),
            "response_format": self.response_format,
            "repeat": self.repeat,
        }
        text = json.dumps(content, sort_keys=True, ensure_ascii=False, separators=(",", ":"))
        return hashlib.sha256(text.encode()).hexdigest()
