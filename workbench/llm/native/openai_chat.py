"""OpenAI's chat completions, which most hosted and all local servers speak."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from typing import Any

from workbench.llm.faults import UNREADABLE
from workbench.llm.native.protocol import Answer, Asked, Nonsense, fault
from workbench.llm.params import KNOWN_PARAMS
from workbench.llm.prices import model_entry

#: Providers that speak it, and where; None where the address is always given. A test holds what is sent
#: to each against what LiteLLM sends.
BASES: dict[str, str | None] = {
    "openai": "https://api.openai.com/v1",
    "groq": "https://api.groq.com/openai/v1",
    "xai": "https://api.x.ai/v1",
    "together_ai": "https://api.together.xyz/v1",
    "hosted_vllm": None,
    "lm_studio": None,
    "llamafile": None,
    "docker_model_runner": None,
}
#: Sent on as they are to every one of them.
_PLAIN = frozenset({"temperature", "top_p", "max_tokens", "stop"})
_OPENAI = _PLAIN | frozenset(
    {
        "max_completion_tokens", "seed", "presence_penalty", "frequency_penalty", "logit_bias", "logprobs",
        "top_logprobs", "tools", "tool_choice", "parallel_tool_calls", "response_format", "top_k", "min_p",
        "repetition_penalty", "extra_headers",
    }
)  # fmt: skip
#: The series that takes no sampling parameters and another name for the limit.
_REASONING = frozenset({"max_tokens", "max_completion_tokens", "seed"})
_O_SERIES = re.compile(r"o\d")
_ACCOUNT_HEADERS = {
    "OpenAI-Organization": ("OPENAI_ORGANIZATION", "OPENAI_ORG_ID"),
    "OpenAI-Project": ("OPENAI_PROJECT_ID",),
}
_THOUGHT = re.compile(
    r"<(?:think|thinking|budget:thinking)>.*?</(?:think|thinking|budget:thinking)>(.*)", re.DOTALL
)


class OpenAIChat:
    """The protocol. Without state."""

    def accepts(self, asked: Asked) -> bool:
        """Tell whether LiteLLM would send this request in the same words."""
        if asked.provider not in BASES or not (asked.api_base or BASES[asked.provider]):
            return False
        names = set(asked.params) - {"stream"}
        if asked.provider != "openai":
            return names <= _PLAIN and _plain_messages(asked)
        last = asked.name.rsplit("/", 1)[-1]
        mode = (model_entry(asked.model) or {}).get("mode", "chat")
        if mode != "chat" or asked.name.startswith("responses/") or _O_SERIES.match(last):
            return False
        if "audio" in last or "search" in last or not all(map(_known_message, asked.messages)):
            return False
        if _reasoning_series(asked.name):
            return names <= _REASONING and len(names & {"max_tokens", "max_completion_tokens"}) < 2
        if "response_format" in names and (last == "gpt-4" or last.startswith("gpt-3.5-turbo-16k")):
            return False
        return not (names & KNOWN_PARAMS) - _OPENAI

    def url(self, asked: Asked) -> str:
        """Return where the request is sent."""
        base = asked.api_base or BASES[asked.provider] or ""
        return f"{base.rstrip('/')}/chat/completions"

    def headers(self, asked: Asked) -> dict[str, str]:
        """Return the headers: the key, and whose account it is where the server is the account's own."""
        headers = {"Authorization": f"Bearer {asked.api_key}"} if asked.api_key else {}
        if asked.provider == "openai" and asked.trusted:
            for header, names in _ACCOUNT_HEADERS.items():
                value = next((os.environ[name] for name in names if os.environ.get(name)), None)
                if value:
                    headers[header] = value
        return headers | {str(k): str(v) for k, v in (asked.params.get("extra_headers") or {}).items()}

    def body(self, asked: Asked, *, stream: bool) -> dict[str, Any]:
        """Return the body."""
        params = {k: v for k, v in asked.params.items() if k not in ("stream", "extra_headers")}
        if asked.provider == "openai" and _reasoning_series(asked.name) and "max_tokens" in params:
            params["max_completion_tokens"] = params.pop("max_tokens")
        body = {"model": asked.name, "messages": [_sent(m) for m in asked.messages], **params}
        if stream:
            body |= {"stream": True, "stream_options": {"include_usage": True}}
        return body

    def read(self, data: Any) -> Answer:
        """Read a whole answer.

        Raises:
            Nonsense: It is none.
            Fault: It holds an error in spite of its status.
        """
        if not isinstance(data, dict):
            raise Nonsense(UNREADABLE)
        if data.get("error"):
            raise fault(500, data, {})
        choice = _first_choice(data)
        message = choice.get("message")
        if not isinstance(message, dict):
            raise Nonsense(UNREADABLE)
        text = _text(message)
        thought = _THOUGHT.match(text)
        answer = Answer(
            text=thought.group(1) if thought and not message.get("reasoning_content") else text,
            reported=_reported(data),
            finish_reason=choice.get("finish_reason") or "stop",
            resolved=data.get("model"),
            began=True,
        )
        answer.beside.take(message, choice.get("logprobs"))
        return answer

    def feed(self, answer: Answer, event: dict[str, Any]) -> str:
        """Take one event of a stream into the answer and return the text that it brought.

        Raises:
            Fault: The event is an error.
        """
        if event.get("error"):
            code = event["error"].get("code") if isinstance(event["error"], dict) else None
            raise fault(code if isinstance(code, int) else 500, event, {})
        answer.began = True
        answer.resolved = event.get("model") or answer.resolved
        answer.reported = _reported(event) or answer.reported
        choices = event.get("choices")
        choice = choices[0] if isinstance(choices, list) and choices else {}
        answer.finish_reason = choice.get("finish_reason") or answer.finish_reason
        delta = _mapping(choice.get("delta"))
        answer.beside.take(delta, choice.get("logprobs"))
        content = delta.get("content")
        return content if isinstance(content, str) else ""


def _reasoning_series(name: str) -> bool:
    return ("gpt-5" in name or "gpt-6" in name) and "gpt-5-chat" not in name


def _plain_messages(asked: Asked) -> bool:
    return all(set(message) == {"role", "content"} and isinstance(message["content"], str)
               for message in asked.messages)  # fmt: skip


def _known_message(message: Mapping[str, Any]) -> bool:
    """Tell whether a message has only what OpenAI itself knows, images as parts of the text included."""
    content = message["content"]
    if not set(message) <= {"role", "content", "tool_calls", "tool_call_id"}:
        return False
    if content is None:
        return bool(message.get("tool_calls"))
    return isinstance(content, str) or all(
        part.get("type") == "text"
        or (part.get("type") == "image_url" and isinstance(part["image_url"], dict))
        for part in content
    )


def _sent(message: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in message.items() if name != "content" or value is not None}


def _first_choice(data: dict[str, Any]) -> dict[str, Any]:
    choices = data.get("choices")
    if not isinstance(choices, list) or not choices or not isinstance(choices[0], dict):
        raise Nonsense(UNREADABLE)
    return choices[0]


def _text(message: dict[str, Any]) -> str:
    content = message.get("content")
    if content is None:
        content = message.get("refusal") or ""
    return content if isinstance(content, str) else str(content)


def _reported(data: dict[str, Any]) -> dict[str, Any]:
    """Return the token counts, with the tier of service that they are billed at."""
    counts = _mapping(data.get("usage"))
    return {"service_tier": data.get("service_tier"), **counts} if counts else {}


def _mapping(value: Any) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}
