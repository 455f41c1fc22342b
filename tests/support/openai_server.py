"""A real HTTP server on loopback that speaks OpenAI's chat completions, keeps count, and misbehaves on request.

    with OpenAIServer(answer=lambda body: "hello") as server:
        server.script(rate_limited(retry_after=0.01), failure(500))   # the next two requests
        ... point a client at server.base_url ...
        assert server.received == 3 and server.answered_whole == 1

It runs on an event loop in a thread of its own, keeps connections alive, and takes any number at once.
"""

from __future__ import annotations

import asyncio
import json
import threading
import time
from collections import Counter, deque
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from aiohttp import web

#: On an answer that is none, and on one that was counted as whole already.
_NONSENSE, _COUNTED = web.ResponseKey("nonsense", bool), web.ResponseKey("counted", bool)


@dataclass(frozen=True)
class Reply:
    """What the server does with one request. The default is a whole, correct answer.

    ``text`` None asks the server's ``answer`` callback. ``tool_calls`` and ``logprobs`` come beside the text; a
    stream sends one token with each word, and cuts the arguments of each call in two. ``cut_after`` sends that
    many words of a stream (or half of a plain answer) and breaks the connection. ``usage`` False leaves the token
    counts out.
    """

    text: str | None = None
    status: int = 200
    error: dict[str, Any] | None = None
    headers: dict[str, str] = field(default_factory=dict)
    delay_s: float = 0.0
    chunk_delay_s: float = 0.0
    hang: bool = False
    raw: bytes | None = None
    cut_after: int | None = None
    usage: bool | dict[str, Any] = True
    finish_reason: str | None = "stop"
    stream_error: dict[str, Any] | None = None
    tool_calls: list[dict[str, Any]] | None = None
    logprobs: list[dict[str, Any]] | None = None


def rate_limited(retry_after: float | str | None = None) -> Reply:
    """429, with Retry-After in seconds where given."""
    headers = {} if retry_after is None else {"Retry-After": str(retry_after)}
    return _error(429, "Rate limit reached for requests", "rate_limit_exceeded", headers)


def failure(status: int = 500) -> Reply:
    """A failure of the server's own."""
    return _error(status, "The server had an error while processing your request", "server_error")


def unauthorised(key_shown: str = "sk-…") -> Reply:
    """401, quoting the key as real providers do."""
    return _error(401, f"Incorrect API key provided: {key_shown}.", "invalid_api_key")


def too_long() -> Reply:
    """400, as OpenAI words it when the messages do not fit."""
    message = (
        "This model's maximum context length is 4097 tokens. However, your messages resulted in 5000 tokens."
    )
    return _error(400, message, "context_length_exceeded")


def filtered() -> Reply:
    """400, as Azure and OpenAI word a content filter."""
    message = "The response was filtered due to the prompt triggering our content management policy."
    return _error(400, message, "content_filter")


def hang() -> Reply:
    """Take the request and never answer."""
    return Reply(hang=True)


def malformed() -> Reply:
    """200 with half a JSON document."""
    return Reply(raw=b'{"id": "x", "choices": [{"message": ')


def empty() -> Reply:
    """200 with no text and no token."""
    return Reply(text="", usage={"prompt_tokens": 5, "completion_tokens": 0, "total_tokens": 5})


def broken_stream(after: int = 2) -> Reply:
    """Break the connection in the middle of the answer."""
    return Reply(cut_after=after)


def _error(status: int, message: str, code: str, headers: dict[str, str] | None = None) -> Reply:
    error = {"message": message, "type": code, "code": code, "param": None}
    return Reply(status=status, error=error, headers=headers or {})


@dataclass(frozen=True)
class Call:
    """One request as it arrived."""

    path: str
    headers: dict[str, str]
    body: dict[str, Any]
    at: float

    @property
    def key(self) -> str:
        """The body as one string, the same for the same question."""
        return json.dumps(self.body, sort_keys=True)

    @property
    def last(self) -> str:
        """The text of the last message."""
        return str(self.body["messages"][-1]["content"])


def echo(body: dict[str, Any]) -> str:
    """Answer with the last message's text."""
    return f"You said: {body['messages'][-1]['content']}"


class OpenAIServer:
    """The server. Safe to ask and script from any thread.

    Args:
        answer: Gives the text (or a whole `Reply`) for a request body; it runs on the server's loop.
        delay_s: How long every answer takes, in seconds.
        models: What ``/v1/models`` lists.
        keep_calls: Whether to keep each request; counters alone are cheaper.
    """

    def __init__(
        self,
        answer: Callable[[dict[str, Any]], str | Reply] = echo,
        *,
        delay_s: float = 0.0,
        models: tuple[str, ...] = ("test-model",),
        keep_calls: bool = True,
    ) -> None:
        self.answer, self.delay_s, self.models, self.keep_calls = answer, delay_s, models, keep_calls
        self.calls: list[Call] = []
        self.asked_by_text: Counter[str] = Counter()
        self.received_by_body: Counter[str] = Counter()
        self.answered_by_body: Counter[str] = Counter()
        self.in_flight = self.most_in_flight = 0
        self.asked_after_answered = 0
        self._script: deque[Reply] = deque()
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="openai-server", daemon=True)
        self._runner: web.AppRunner | None = None
        self.port = 0

    def script(self, *replies: Reply) -> None:
        """Let the next requests meet these replies, one each, in this order."""
        self._script.extend(replies)

    def reset(self) -> None:
        """Forget calls, counts and script."""
        self._script.clear()
        self.calls.clear()
        self.asked_by_text.clear()
        self.received_by_body.clear()
        self.answered_by_body.clear()
        self.most_in_flight = self.asked_after_answered = 0

    @property
    def base_url(self) -> str:
        """What a client takes as ``api_base``."""
        return f"http://127.0.0.1:{self.port}/v1"

    @property
    def received(self) -> int:
        """How many completions were asked for."""
        return sum(self.received_by_body.values())

    @property
    def answered_whole(self) -> int:
        """How many were answered whole: status 200, to the last byte, and with sense."""
        return sum(self.answered_by_body.values())

    def __enter__(self) -> OpenAIServer:
        self._thread.start()
        asyncio.run_coroutine_threadsafe(self._start(), self._loop).result(10)
        return self

    def __exit__(self, *exc_info: object) -> None:
        asyncio.run_coroutine_threadsafe(self._stop(), self._loop).result(10)
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(10)
        self._loop.close()

    async def _start(self) -> None:
        app = web.Application(client_max_size=20_000_000)
        app.router.add_get("/v1/models", self._list_models)
        app.router.add_post("/v1/chat/completions", self._complete)
        # A client that went away ends its request here too, so that in_flight counts the living only.
        self._runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1, handler_cancellation=True)
        await self._runner.setup()
        site = web.TCPSite(self._runner, "127.0.0.1", 0, backlog=512)
        await site.start()
        self.port = self._runner.addresses[0][1]

    async def _stop(self) -> None:
        assert self._runner is not None
        await self._runner.cleanup()
        others = [task for task in asyncio.all_tasks() if task is not asyncio.current_task()]
        for task in others:
            task.cancel()
        await asyncio.gather(*others, return_exceptions=True)

    async def _list_models(self, request: web.Request) -> web.Response:
        data = [{"id": name, "object": "model", "owned_by": "tests"} for name in self.models]
        return web.json_response({"object": "list", "data": data})

    async def _complete(self, request: web.Request) -> web.StreamResponse:
        body = await request.json()
        call = Call(request.path, dict(request.headers), body, time.monotonic())
        if self.keep_calls:
            self.calls.append(call)
        self.asked_after_answered += call.key in self.answered_by_body
        self.received_by_body[call.key] += 1
        self.asked_by_text[call.last] += 1
        self.in_flight += 1
        self.most_in_flight = max(self.most_in_flight, self.in_flight)
        try:
            response = await self._reply(request, body)
        finally:
            self.in_flight -= 1
        if response is None:  # cut on purpose: the answer never became whole
            assert request.transport is not None
            request.transport.abort()
            return web.Response()
        alive = request.transport is not None and not request.transport.is_closing()
        if response.status == 200 and alive and _NONSENSE not in response and _COUNTED not in response:
            self.answered_by_body[call.key] += 1
        return response

    async def _reply(self, request: web.Request, body: dict[str, Any]) -> web.StreamResponse | None:
        reply = self._script.popleft() if self._script else Reply()
        text: str | Reply = reply.text if reply.text is not None else self.answer(body)
        if isinstance(text, Reply):
            reply, text = text, text.text if text.text is not None else echo(body)
        if reply.hang:
            await asyncio.Event().wait()
        await asyncio.sleep(reply.delay_s or self.delay_s)
        if reply.error is not None:
            error = {"error": reply.error}
            return web.json_response(error, status=reply.status, headers=reply.headers)
        if reply.raw is not None:
            response = web.Response(body=reply.raw, status=reply.status, content_type="application/json")
            response[_NONSENSE] = True
            return response
        if body.get("stream"):
            return await self._stream(request, body, reply, text)
        if reply.cut_after is not None:
            return None
        response = web.json_response(_whole(body, reply, text), headers=reply.headers)
        if not text:
            response[_NONSENSE] = True
        return response

    async def _stream(
        self, request: web.Request, body: dict[str, Any], reply: Reply, text: str
    ) -> web.StreamResponse | None:
        response = web.StreamResponse(headers={"Content-Type": "text/event-stream", **reply.headers})
        await response.prepare(request)

        async def send(event: dict[str, Any] | str) -> None:
            data = event if isinstance(event, str) else json.dumps(event)
            await response.write(f"data: {data}\n\n".encode())

        for index, word in enumerate(_words(text)):
            if reply.cut_after is not None and index >= reply.cut_after:
                return None
            delta = {"role": "assistant", "content": word} if index == 0 else {"content": word}
            token = {"logprobs": {"content": reply.logprobs[index : index + 1]}} if reply.logprobs else {}
            await send(_chunk(body, [{"index": 0, "delta": delta, "finish_reason": None, **token}]))
            await asyncio.sleep(reply.chunk_delay_s)
        if reply.stream_error is not None:
            await send({"error": reply.stream_error})
            return response
        for part in _calls_in_pieces(reply):
            choice = {"index": 0, "delta": {"tool_calls": [part]}, "finish_reason": None}
            await send(_chunk(body, [choice]))
        if reply.finish_reason is not None:
            await send(_chunk(body, [{"index": 0, "delta": {}, "finish_reason": reply.finish_reason}]))
        if reply.usage and (body.get("stream_options") or {}).get("include_usage"):
            await send({**_chunk(body, []), "usage": _usage(body, reply, text)})
        if text or reply.tool_calls:
            # Whoever reads the end may look at the count at once.
            self.answered_by_body[Call(request.path, {}, body, 0.0).key] += 1
            response[_COUNTED] = True
        await send("[DONE]")
        await response.write_eof()
        if not text:
            response[_NONSENSE] = True
        return response


def _calls_in_pieces(reply: Reply) -> list[dict[str, Any]]:
    pieces: list[dict[str, Any]] = []
    for index, call in enumerate(reply.tool_calls or ()):
        named = call["function"]
        half = len(named["arguments"]) // 2
        begun = {"name": named["name"], "arguments": named["arguments"][:half]}
        pieces.append({"index": index, "id": call["id"], "type": "function", "function": begun})
        pieces.append({"index": index, "function": {"arguments": named["arguments"][half:]}})
    return pieces


def _words(text: str) -> list[str]:
    """Cut into pieces that put together give the text again."""
    pieces = text.split(" ")
    return [piece if index == 0 else f" {piece}" for index, piece in enumerate(pieces)] if text else []


def _usage(body: dict[str, Any], reply: Reply, text: str) -> dict[str, Any]:
    if isinstance(reply.usage, dict):
        return reply.usage
    asked = sum(len(str(message.get("content")).split()) for message in body["messages"])
    told = len(text.split())
    return {"prompt_tokens": asked, "completion_tokens": told, "total_tokens": asked + told}


def _whole(body: dict[str, Any], reply: Reply, text: str) -> dict[str, Any]:
    choice = {
        "index": 0,
        "message": {"role": "assistant", "content": text},
        "finish_reason": reply.finish_reason,
    }
    if reply.tool_calls:
        choice["message"] |= {"content": text or None, "tool_calls": reply.tool_calls}
    if reply.logprobs:
        choice["logprobs"] = {"content": reply.logprobs, "refusal": None}
    whole = {
        "id": "chatcmpl-test",
        "object": "chat.completion",
        "created": 1_700_000_000,
        "model": f"{body.get('model', '')}-2026-01-01",
        "choices": [choice],
    }
    return {**whole, "usage": _usage(body, reply, text)} if reply.usage else whole


def _chunk(body: dict[str, Any], choices: list[dict[str, Any]]) -> dict[str, Any]:
    return {
        "id": "chatcmpl-test",
        "object": "chat.completion.chunk",
        "created": 1_700_000_000,
        "model": f"{body.get('model', '')}-2026-01-01",
        "choices": choices,
    }
