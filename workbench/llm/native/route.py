"""One attempt at a model by the short way, or through LiteLLM where only that knows the way."""

from __future__ import annotations

import asyncio
import contextlib
import os
from collections.abc import AsyncIterator, Mapping
from typing import Any

from workbench.errors import CompletionError
from workbench.llm import clock
from workbench.llm.litellm_answers import BLOCKED, broken_off, nonsense
from workbench.llm.litellm_loading import count_tokens, load_litellm, refuse_owned
from workbench.llm.litellm_route import LiteLLMRoute
from workbench.llm.native import wire
from workbench.llm.native.anthropic_messages import AnthropicMessages
from workbench.llm.native.openai_chat import OpenAIChat
from workbench.llm.native.protocol import Answer, Asked, Dialect, Nonsense
from workbench.llm.params import KNOWN_PARAMS, call_params
from workbench.llm.providers import Route, route
from workbench.llm.types import Completion, Request

#: The environment variable that sends every call through LiteLLM.
SETTING = "WORKBENCH_LLM_ROUTE"
_DIALECTS: tuple[Dialect, ...] = (OpenAIChat(), AnthropicMessages())


class ModelRoute:
    """Calls models, each by the shortest way that changes nothing about the answer. Use it on one event loop."""

    def __init__(self, *, timeout_s: float, connect_timeout_s: float, env: Mapping[str, str]) -> None:
        self._timeout_s, self._connect_timeout_s, self._env = timeout_s, connect_timeout_s, env
        self._litellm = LiteLLMRoute(timeout_s=timeout_s, connect_timeout_s=connect_timeout_s, env=env)
        self._session: Any = None

    async def call(self, request: Request) -> Completion:
        """Make one call.

        Raises:
            CompletionError: It brought no answer.
        """
        target, asked, dialect = self._plan(request)
        if dialect is None:
            return await self._litellm.call(request)
        if asked.params.get("stream"):
            return await _last(self.stream(request))
        await _check_names(asked)
        stamps = clock.start()
        try:
            async with asyncio.timeout(self._timeout_s):
                async with await self._post(dialect, asked, stream=False) as response:
                    data = await wire.whole(response)
            latency = stamps.latency()
            answer = dialect.read(data)
        except Exception as problem:  # the client, the server and the JSON each raise their own
            raise self._error(problem, target) from None
        return await _completion(request, answer, latency, None)

    async def stream(self, request: Request) -> AsyncIterator[str | Completion]:
        """Yield the text as it comes, then the completion; a broken stream's completion keeps what came.

        Raises:
            CompletionError: It broke before any text came.
        """
        target, asked, dialect = self._plan(request)
        if dialect is None:
            async with contextlib.aclosing(self._litellm.stream(request)) as items:
                async for item in items:
                    yield item
            return
        await _check_names(asked)
        stamps = clock.start()
        deadline = asyncio.get_running_loop().time() + self._timeout_s
        answer, pieces = Answer(), []
        first_at: float | None = None
        response: Any = None
        try:
            async with asyncio.timeout_at(deadline):
                response = await self._post(dialect, asked, stream=True)
            async with contextlib.aclosing(wire.events(response)) as events:
                while True:
                    async with asyncio.timeout_at(deadline):
                        event = await anext(events, None)
                    if event is None:
                        break
                    piece = dialect.feed(answer, event)
                    if piece:
                        first_at = first_at or stamps.arrived()
                        pieces.append(piece)
                        yield piece
            ended_at = stamps.arrived()
            await wire.drain(response)
            if not answer.ended:
                raise broken_off(target) if answer.began else Nonsense("a stream without an answer")
        except Exception as problem:  # as in call
            error = self._error(problem, target)
            if not pieces:
                raise error from None
            ttft = stamps.since_sent(first_at) if first_at else None
            yield Completion(text="".join(pieces), ttft_s=ttft, error=error.kind, error_message=str(error))
            return
        finally:
            if response is not None:
                response.close()
        latency = stamps.latency(ended_at)
        answer.text = "".join(pieces)
        # A whole answer in one packet is read a moment after it was received.
        ttft = min(latency, stamps.since_sent(first_at)) if first_at else None
        yield await _completion(request, answer, latency, ttft)

    def _plan(self, request: Request) -> tuple[Route, Asked, Dialect | None]:
        """Decide the way of a request: the dialect that it is put in, or None for LiteLLM."""
        params = call_params(request)
        target = route(request.model, self._env)
        asked = Asked(
            model=target.model,
            provider=target.provider,
            api_base=target.api_base,
            api_key=target.api_key,
            trusted=target.trusted,
            messages=tuple(request.messages),  # type: ignore[arg-type]
            params=params,
        )
        if forced():
            return target, asked, None
        return target, asked, next((dialect for dialect in _DIALECTS if dialect.accepts(asked)), None)

    async def _post(self, dialect: Dialect, asked: Asked, *, stream: bool) -> Any:
        if self._session is None:
            self._session = wire.SESSIONS.acquire()
        return await wire.post(
            self._session,
            dialect.url(asked),
            dialect.headers(asked),
            dialect.body(asked, stream=stream),
            self._connect_timeout_s,
        )

    def _error(self, problem: BaseException, target: Route) -> CompletionError:
        if isinstance(problem, Nonsense):
            return nonsense(target, str(problem))
        return self._litellm.error(problem, target)

    async def aclose(self) -> None:
        """Close the connections, if this was the loop's last user of them."""
        if self._session is not None:
            self._session = None
            await wire.SESSIONS.release()
        await self._litellm.aclose()


def forced() -> bool:
    """Tell whether the environment sends every call through LiteLLM.

    Raises:
        CompletionError: Of kind bad_request: the setting says something else.
    """
    said = os.environ.get(SETTING, "").strip().lower()
    if said not in ("", "litellm"):
        raise CompletionError(
            f'{SETTING} is "{said}"', kind="bad_request", hint='set it to "litellm", or not at all'
        )
    return said == "litellm"


async def _last(items: AsyncIterator[str | Completion]) -> Completion:
    async with contextlib.aclosing(items):  # type: ignore[type-var]
        async for item in items:
            if isinstance(item, Completion):
                return item
    raise AssertionError("a stream ends with its completion")


async def _check_names(asked: Asked) -> None:
    """Refuse the names that LiteLLM keeps for itself, so that no parameter depends on the way it goes.

    Raises:
        CompletionError: Of kind bad_request, naming the parameter.
    """
    others = set(asked.params) - KNOWN_PARAMS - {"stream"}
    if others:
        await asyncio.to_thread(load_litellm)
        refuse_owned(others)


async def _completion(request: Request, answer: Answer, latency: float, ttft: float | None) -> Completion:
    usage = answer.usage
    if usage.input is None and usage.output is None:
        usage = await asyncio.to_thread(count_tokens, request, answer.text + answer.beside.written)
    blocked = answer.finish_reason == "content_filter"
    return Completion(
        text=answer.text,
        usage=usage,
        latency_s=latency,
        ttft_s=ttft,
        finish_reason=answer.finish_reason,
        resolved_model=answer.resolved or None,
        error="content_filter" if blocked else None,
        error_message=BLOCKED if blocked else None,
        tool_calls=answer.beside.tool_calls,
        logprobs=answer.beside.logprobs,
    )
