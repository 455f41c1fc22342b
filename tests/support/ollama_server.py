"""A real HTTP server on loopback that speaks Ollama's protocol (``/api/chat``), strictly, and misbehaves on request."""

from __future__ import annotations

import json
from collections import deque
from typing import Any

from support.loopback import JsonHandler, served

_FIELDS = {"model", "messages", "stream", "options", "tools", "format", "keep_alive", "think"}
_MESSAGE = {"role", "content", "images", "tool_calls", "tool_name", "thinking", "tool_call_id"}
_OPTIONS = {"temperature", "top_p", "top_k", "min_p", "num_predict", "num_ctx", "seed", "stop", "repeat_penalty",
            "frequency_penalty", "presence_penalty"}  # fmt: skip
AT = "2026-01-01T00:00:00Z"


class OllamaServer:
    """The server; ``base_url`` is what a client takes as ``api_base``.

    A reply is a mapping: ``words`` (sent one by one in a stream), ``calls`` (``[{name, arguments}]``), ``counts``
    False for no token counts, ``reason``, ``status`` with ``error``, and ``broken`` for an error within the stream.
    """

    def __init__(self) -> None:
        self.calls: list[dict[str, Any]] = []
        self.replies: deque[dict[str, Any]] = deque()
        self._served = served(_handler(self))
        self.base_url = ""

    def __enter__(self) -> OllamaServer:
        self.base_url = self._served.__enter__()
        return self

    def __exit__(self, *exc_info: object) -> None:
        self._served.__exit__(None, None, None)


def _wrong(body: dict[str, Any]) -> str | None:
    """Return what Ollama would not understand in a request."""
    if set(body) - _FIELDS:
        return f"unknown field {sorted(set(body) - _FIELDS)[0]}"
    if set(body.get("options") or {}) - _OPTIONS:
        return f"unknown option {sorted(set(body['options']) - _OPTIONS)[0]}"
    for message in body["messages"]:
        if set(message) - _MESSAGE or not isinstance(message.get("content", ""), str):
            return f"message {sorted(message)} cannot be read"
        if any("," in image for image in message.get("images") or ()):
            return "images are base64 alone"
        for call in message.get("tool_calls") or ():
            if not isinstance(call["function"]["arguments"], dict):
                return "arguments are a mapping"
    return None


def _parts(body: dict[str, Any], reply: dict[str, Any]) -> list[dict[str, Any]]:
    """Return an answer as the lines of a stream; the whole answer is made of them, too."""
    words = reply.get("words", ["Grüße", " from", " Ollama"])
    lines = [{"message": {"role": "assistant", "content": word}, "done": False} for word in words]
    if reply.get("calls"):
        calls = [{"function": call} for call in reply["calls"]]
        lines.append({"message": {"role": "assistant", "content": "", "tool_calls": calls}, "done": False})
    counts = {"prompt_eval_count": 7, "eval_count": 4} if reply.get("counts", True) else {}
    last = {
        "message": {"role": "assistant", "content": ""},
        "done": True,
        "done_reason": reply.get("reason", "stop"),
    }
    return [{"model": body["model"], "created_at": AT, **line} for line in (*lines, {**last, **counts})]


def _handler(owner: OllamaServer) -> type[JsonHandler]:
    class Handler(JsonHandler):
        def do_POST(self) -> None:
            body = self.body()
            if self.path == "/api/show":  # asked by LiteLLM for what the model is
                return self.send_json(
                    200, {"template": "{{ .Tools }}", "model_info": {}, "capabilities": ["tools"]}
                )
            owner.calls.append(body)
            wrong = "no such path" if self.path != "/api/chat" else _wrong(body)
            if wrong:
                return self.send_json(400, {"error": wrong})
            reply = owner.replies.popleft() if owner.replies else {}
            if "error" in reply:
                return self.send_json(reply["status"], {"error": reply["error"]})
            lines = _parts(body, reply)
            if body.get("stream"):
                return self._stream(lines, reply.get("broken"))
            message = {"role": "assistant", "content": "".join(line["message"]["content"] for line in lines)}
            calls = [call for line in lines for call in line["message"].get("tool_calls", ())]
            if calls:
                message["tool_calls"] = calls
            return self.send_json(200, {**lines[-1], "message": message})

        def _stream(self, lines: list[dict[str, Any]], broken: str | None) -> None:
            self.send_response(200)
            self.send_header("Content-Type", "application/x-ndjson")
            self.end_headers()
            for line in [lines[0], {"error": broken}] if broken else lines:
                self.wfile.write(json.dumps(line).encode() + b"\n")
                self.wfile.flush()

    return Handler
