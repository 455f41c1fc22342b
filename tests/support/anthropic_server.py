"""A real HTTP server on loopback that speaks Anthropic's messages protocol, strictly, and misbehaves on request.

It is scripted as `support.openai_server.OpenAIServer` is, with the same replies; errors take Anthropic's shape.
"""

from __future__ import annotations

import asyncio
import json
from typing import Any

from aiohttp import web

from support.openai_server import OpenAIServer, Reply

_TYPES = {400: "invalid_request_error", 401: "authentication_error", 403: "permission_error", 404: "not_found_error",
          413: "request_too_large", 429: "rate_limit_error", 529: "overloaded_error"}  # fmt: skip
_REASONS = {"stop": "end_turn", "tool_calls": "tool_use", "length": "max_tokens", "content_filter": "refusal"}


def said(body: dict[str, Any]) -> str:
    """Return the text of the last turn."""
    content = body["messages"][-1]["content"]
    return content if isinstance(content, str) else "".join(block["text"] for block in content)


def echo(body: dict[str, Any]) -> str:
    """Answer with the last turn's text."""
    return f"You said: {said(body)}"


class AnthropicServer(OpenAIServer):
    """The server. ``base_url`` is what a client takes as ``api_base``."""

    def __init__(self, answer: Any = echo, **options: Any) -> None:
        super().__init__(answer, **options)

    @property
    def base_url(self) -> str:
        """What a client takes as ``api_base``."""
        return f"http://127.0.0.1:{self.port}"

    async def _start(self) -> None:
        app = web.Application(client_max_size=20_000_000)
        app.router.add_post("/v1/messages", self._complete)
        self._runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1, handler_cancellation=True)
        await self._runner.setup()
        await web.TCPSite(self._runner, "127.0.0.1", 0, backlog=512).start()
        self.port = self._runner.addresses[0][1]

    async def _reply(self, request: web.Request, body: dict[str, Any]) -> web.StreamResponse | None:
        wrong = _wrong(request, body)
        if wrong:
            return _failure(Reply(status=400, error={"message": wrong}))
        reply = self._script.popleft() if self._script else Reply()
        text = reply.text if reply.text is not None else self.answer(body)
        assert isinstance(text, str)
        if reply.hang:
            await asyncio.Event().wait()
        await asyncio.sleep(reply.delay_s or self.delay_s)
        if reply.error is not None:
            return _failure(reply)
        if reply.raw is not None:
            return web.Response(body=reply.raw, status=reply.status, content_type="application/json")
        if body.get("stream"):
            return await self._stream(request, body, reply, text)
        if reply.cut_after is not None:
            return None
        message = _message(body, reply, text)
        return web.json_response(message, headers=reply.headers)

    async def _stream(
        self, request: web.Request, body: dict[str, Any], reply: Reply, text: str
    ) -> web.StreamResponse | None:
        response = web.StreamResponse(headers={"Content-Type": "text/event-stream", **reply.headers})
        await response.prepare(request)

        async def send(kind: str, **data: Any) -> None:
            event = json.dumps({"type": kind, **data})
            await response.write(f"event: {kind}\ndata: {event}\n\n".encode())

        whole = _message(body, reply, text)
        begun = {**whole, "content": [], "stop_reason": None, "usage": {**whole["usage"], "output_tokens": 1}}
        await send("message_start", message=begun)
        await send("content_block_start", index=0, content_block={"type": "text", "text": ""})
        await send("ping")
        words = text.split(" ")
        for index, word in enumerate(words):
            if reply.cut_after is not None and index >= reply.cut_after:
                return None
            piece = word if index == 0 else f" {word}"
            await send("content_block_delta", index=0, delta={"type": "text_delta", "text": piece})
            await asyncio.sleep(reply.chunk_delay_s)
        if reply.stream_error is not None:
            await send("error", error=reply.stream_error)
            return response
        await send("content_block_stop", index=0)
        for index, block in enumerate(whole["content"][1:], 1):
            await send("content_block_start", index=index, content_block={**block, "input": {}})
            text = json.dumps(block["input"])
            for half in (text[: len(text) // 2], text[len(text) // 2 :]):
                delta = {"type": "input_json_delta", "partial_json": half}
                await send("content_block_delta", index=index, delta=delta)
            await send("content_block_stop", index=index)
        if reply.finish_reason is not None:
            delta = {"stop_reason": whole["stop_reason"], "stop_sequence": None}
            told = {"output_tokens": whole["usage"]["output_tokens"]}
            await send("message_delta", delta=delta, usage=told)
            await send("message_stop")
        await response.write_eof()
        return response


def _wrong(request: web.Request, body: dict[str, Any]) -> str | None:
    """Return what Anthropic would refuse in this request."""
    if not request.headers.get("x-api-key") or not request.headers.get("anthropic-version"):
        return "x-api-key and anthropic-version are required"
    if not isinstance(body.get("max_tokens"), int):
        return "max_tokens: field required"
    known = {"model", "messages", "max_tokens", "system", "stop_sequences", "stream", "temperature", "top_p", "top_k",
             "metadata", "tools", "tool_choice", "thinking"}  # fmt: skip
    extra = set(body) - known
    if extra:
        return f"{sorted(extra)[0]}: Extra inputs are not permitted"
    roles = [message["role"] for message in body["messages"]]
    if not roles or roles[0] != "user" or not set(roles) <= {"user", "assistant"}:
        return "messages: the first role must be user"
    return None


def _failure(reply: Reply) -> web.Response:
    error = {"type": _TYPES.get(reply.status, "api_error"), "message": (reply.error or {})["message"]}
    data = {"type": "error", "error": error, "request_id": "req_test"}
    return web.json_response(data, status=reply.status, headers=reply.headers)


def _tools_used(reply: Reply) -> list[dict[str, Any]]:
    return [
        {"type": "tool_use", "id": call["id"], "name": call["function"]["name"],
         "input": json.loads(call["function"]["arguments"])}
        for call in reply.tool_calls or ()
    ]  # fmt: skip


def _message(body: dict[str, Any], reply: Reply, text: str) -> dict[str, Any]:
    usage = reply.usage if isinstance(reply.usage, dict) else {
        "input_tokens": sum(len(str(turn["content"]).split()) for turn in body["messages"]),
        "cache_read_input_tokens": 0,
        "cache_creation_input_tokens": 0,
        "output_tokens": len(text.split()),
    }  # fmt: skip
    return {
        "id": "msg_test",
        "type": "message",
        "role": "assistant",
        "model": f"{body['model']}-20260101",
        "content": [{"type": "text", "text": text}, *_tools_used(reply)],
        "stop_reason": _REASONS.get(reply.finish_reason or "", "end_turn"),
        "stop_sequence": None,
        "usage": usage,
    }
