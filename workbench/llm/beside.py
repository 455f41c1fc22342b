"""What comes beside the text of an answer: the tools that the model wants called, and log probabilities."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

#: A stream that numbers its calls higher makes no sense.
_MOST_CALLS = 1_000


@dataclass
class Beside:
    """Gathers it, from a whole answer or from the pieces of a stream, both in OpenAI's words."""

    calls: dict[int, dict[str, Any]] = field(default_factory=dict)
    tokens: list[dict[str, Any]] = field(default_factory=list)

    def take(self, message: Any, logprobs: Any) -> None:
        """Take the message of a whole answer, or the next piece (``delta``) of one, and its log probabilities."""
        found = message.get("tool_calls") if isinstance(message, Mapping) else None
        for place, call in enumerate(found if isinstance(found, list) else ()):
            if isinstance(call, Mapping):
                self._add(call, place)
        content = logprobs.get("content") if isinstance(logprobs, Mapping) else None
        for token in content if isinstance(content, list) else ():
            if isinstance(token, Mapping):
                self.tokens.append(_known(token))

    def _add(self, piece: Mapping[str, Any], place: int) -> None:
        index = piece.get("index")
        if not isinstance(index, int):
            index = place
        if not 0 <= index < _MOST_CALLS:
            return
        call = self.calls.setdefault(
            index, {"id": "", "type": "function", "function": {"name": "", "arguments": ""}}
        )
        call["id"] = str(piece.get("id") or call["id"])
        call["type"] = str(piece.get("type") or call["type"])
        named = piece.get("function")
        if isinstance(named, Mapping):
            for name in ("name", "arguments"):
                call["function"][name] += str(named.get(name) or "")

    @property
    def tool_calls(self) -> tuple[dict[str, Any], ...]:
        """The calls in their order: ``{"id", "type", "function": {"name", "arguments"}}``, arguments as JSON text."""
        return tuple(self.calls[index] for index in sorted(self.calls))

    @property
    def logprobs(self) -> list[dict[str, Any]] | None:
        """One entry a token: ``{"token", "logprob", "top_logprobs": […]}``; None where none came."""
        return self.tokens or None

    @property
    def written(self) -> str:
        """What the model wrote beside the text, to be counted in tokens."""
        return "".join(f"{c['function']['name']}{c['function']['arguments']}" for c in self.tool_calls)


def _known(token: Mapping[str, Any]) -> dict[str, Any]:
    """Return the entry without what the server left empty."""
    kept = {key: value for key, value in token.items() if value is not None}
    if isinstance(kept.get("top_logprobs"), list):
        others = [other for other in kept["top_logprobs"] if isinstance(other, Mapping)]
        kept["top_logprobs"] = [{k: v for k, v in other.items() if v is not None} for other in others]
    return kept
