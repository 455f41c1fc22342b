"""Anthropic's messages protocol."""

from __future__ import annotations

from itertools import takewhile
from typing import Any

from workbench.llm.faults import UNREADABLE
from workbench.llm.native.protocol import Answer, Asked, Nonsense, fault
from workbench.llm.prices import model_entry

_BASE = "https://api.anthropic.com"
_SAMPLING = frozenset({"temperature", "top_p", "top_k"})
_LIMITS = frozenset({"max_tokens", "max_completion_tokens"})
#: Words of the protocol in those of OpenAI's, as LiteLLM translates them.
_FINISH = {
    "end_turn": "stop",
    "stop_sequence": "stop",
    "max_tokens": "length",
    "tool_use": "tool_calls",
    "refusal": "content_filter",
}
_STATUS = {
    "invalid_request_error": 400,
    "authentication_error": 401,
    "permission_error": 403,
    "not_found_error": 404,
    "rate_limit_error": 429,
    "overloaded_error": 529,
}


class AnthropicMessages:
    """The protocol. Without state."""

    def accepts(self, asked: Asked) -> bool:
        """Tell whether LiteLLM would send this request in the same words."""
        entry = model_entry(asked.model)
        if asked.provider != "anthropic" or entry is None or not _most_tokens(entry):
            return False
        if not asked.api_key or asked.api_key.startswith("sk-ant-oat"):
            return False
        names = set(asked.params) - {"stream"}
        if names - _SAMPLING - _LIMITS - {"stop"} or len(names & _LIMITS) > 1:
            return False
        if entry.get("supports_sampling_params") is False and names & _SAMPLING:
            return False
        if not all(isinstance(asked.params[name], int) for name in names & _LIMITS):
            return False
        return all(isinstance(s, str) and s.strip() for s in _stops(asked)) and _plain_turns(asked)

    def url(self, asked: Asked) -> str:
        """Return where the request is sent."""
        base = asked.api_base or _BASE
        return base if base.endswith("/v1/messages") else f"{base.rstrip('/')}/v1/messages"

    def headers(self, asked: Asked) -> dict[str, str]:
        """Return the headers."""
        return {"x-api-key": asked.api_key or "", "anthropic-version": "2023-06-01"}

    def body(self, asked: Asked, *, stream: bool) -> dict[str, Any]:
        """Return the body. Where nothing limits the answer, the model's own longest one does."""
        system = _system(asked)
        turns = asked.messages[len(system) :]
        limit = next((asked.params[name] for name in _LIMITS if name in asked.params), None)
        body: dict[str, Any] = {
            "model": asked.name,
            "messages": [
                {"role": turn["role"], "content": [{"type": "text", "text": turn["content"]}]}
                for turn in turns
            ],
            "max_tokens": limit or _most_tokens(model_entry(asked.model) or {}),
        }
        if system:
            body["system"] = [{"type": "text", "text": text} for text in system]
        if stops := _stops(asked):
            body["stop_sequences"] = stops
        body |= {name: asked.params[name] for name in _SAMPLING if name in asked.params}
        return body | {"stream": True} if stream else body

    def read(self, data: Any) -> Answer:
        """Read a whole answer.

        Raises:
            Nonsense: It is none.
            Fault: It holds an error in spite of its status.
        """
        if not isinstance(data, dict):
            raise Nonsense(UNREADABLE)
        if data.get("error"):
            raise fault(_status(data), data, {})
        content = data.get("content")
        if not isinstance(content, list):
            raise Nonsense(UNREADABLE)
        texts = [block.get("text") for block in content if isinstance(block, dict)]
        answer = Answer(
            text="".join(text for text in texts if isinstance(text, str)),
            resolved=data.get("model"),
            began=True,
        )
        _take(answer, data.get("stop_reason"), data.get("usage"))
        return answer

    def feed(self, answer: Answer, event: dict[str, Any]) -> str:
        """Take one event of a stream into the answer and return the text that it brought.

        Raises:
            Fault: The event is an error.
        """
        kind = event.get("type")
        if kind == "error":
            raise fault(_status(event), event, {})
        answer.began, answer.counts_end = True, False
        if kind == "message_start":
            message = event.get("message") or {}
            answer.resolved = message.get("model") or answer.resolved
            _take(answer, None, message.get("usage"))
        elif kind == "message_delta":
            _take(answer, (event.get("delta") or {}).get("stop_reason"), event.get("usage"))
        elif kind == "content_block_delta":
            text = (event.get("delta") or {}).get("text")
            return text if isinstance(text, str) else ""
        elif kind == "content_block_start":
            text = (event.get("content_block") or {}).get("text")
            return text if isinstance(text, str) else ""
        return ""


def _take(answer: Answer, reason: Any, usage: Any) -> None:
    if isinstance(reason, str):
        answer.finish_reason = _FINISH.get(reason, "stop")
    if isinstance(usage, dict):  # the last event brings the output, and the rest again or not at all
        answer.reported |= {name: value for name, value in usage.items() if value is not None}


def _most_tokens(entry: dict[str, Any]) -> int | None:
    return entry.get("max_output_tokens") or entry.get("max_tokens")


def _stops(asked: Asked) -> list[Any]:
    stop = asked.params.get("stop", [])
    return stop if isinstance(stop, list) else [stop]


def _system(asked: Asked) -> list[str]:
    return [m["content"] for m in takewhile(lambda m: m["role"] == "system", asked.messages)]


def _plain_turns(asked: Asked) -> bool:
    """Tell whether there is text alone, and after the system's words user and assistant in turn, user last."""
    for message in asked.messages:
        text = message["content"]
        if set(message) != {"role", "content"} or not isinstance(text, str) or not text.strip():
            return False
    turns = asked.messages[len(_system(asked)) :]
    expected = ("user", "assistant")
    alternate = all(turn["role"] == expected[index % 2] for index, turn in enumerate(turns))
    return alternate and len(turns) % 2 == 1


def _status(data: dict[str, Any]) -> int:
    error = data.get("error")
    return _STATUS.get(str(error.get("type")), 500) if isinstance(error, dict) else 500
