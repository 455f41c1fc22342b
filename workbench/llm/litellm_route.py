"""One attempt at a model through LiteLLM: no retries, no cache, honest clocks and counts."""

from __future__ import annotations

import asyncio
import contextlib
import os
from collections.abc import AsyncIterator, Mapping
from dataclasses import replace
from typing import Any

from workbench.errors import CompletionError
from workbench.llm import clock
from workbench.llm.beside import Beside
from workbench.llm.faults import UNREADABLE, completion_error
from workbench.llm.litellm_answers import (
    BLOCKED,
    check_ended,
    close_stream,
    nonsense,
    plain_usage,
    resolved_name,
    take_beside,
    text_of_message,
)
from workbench.llm.litellm_loading import count_tokens, refuse_owned, warm_litellm
from workbench.llm.params import call_params
from workbench.llm.providers import Route, route
from workbench.llm.redact import secret_values
from workbench.llm.types import Completion, Request, Usage

_SESSIONS = clock.Sessions()


class LiteLLMRoute:
    """Calls models through LiteLLM. Use it on one event loop."""

    def __init__(self, *, timeout_s: float, connect_timeout_s: float, env: Mapping[str, str]) -> None:
        self._timeout_s, self._connect_timeout_s, self._env = timeout_s, connect_timeout_s, env
        self._litellm: Any = None
        self._session: Any = None

    async def call(self, request: Request) -> Completion:
        """Make one call.

        Raises:
            CompletionError: It brought no answer.
        """
        params = call_params(request)
        target = route(request.model, self._env)
        if params.pop("stream", False) or target.provider in _STREAMED:
            return await self._call_streaming(request)
        arguments = await self._arguments(request, target, params)
        stamps = clock.start()
        try:
            async with asyncio.timeout(self._timeout_s):
                response = await self._litellm.acompletion(**arguments)
        except Exception as problem:  # every provider's adapter raises its own; all become a CompletionError
            raise self.error(problem, target) from None
        latency = stamps.latency()
        if not response.choices:
            raise nonsense(target, UNREADABLE)
        choice = response.choices[0]
        beside = Beside()
        take_beside(beside, choice.message, choice)
        return self._completion(
            request,
            target,
            text=text_of_message(choice.message),
            usage=plain_usage(getattr(response, "usage", None), getattr(response, "service_tier", None)),
            finish_reason=choice.finish_reason,
            resolved=response.model,
            latency=latency,
            beside=beside,
        )

    async def _call_streaming(self, request: Request) -> Completion:
        async with contextlib.aclosing(self.stream(request)) as items:
            async for item in items:
                if isinstance(item, Completion):
                    return item
        raise AssertionError("a stream ends with its completion")

    async def stream(self, request: Request) -> AsyncIterator[str | Completion]:
        """Yield the text as it comes, then the completion; a broken stream's completion keeps what came.

        Raises:
            CompletionError: It broke before any text came.
        """
        params = call_params(request)
        params.pop("stream", None)
        target = route(request.model, self._env)
        if target.provider in _WHOLE_ONLY:
            model = replace(request.model, params={**request.model.params, "stream": False})
            completion = await self.call(replace(request, model=model))
            yield completion.text
            yield completion
            return
        arguments = await self._arguments(request, target, params)
        arguments |= {"stream": True, "stream_options": {"include_usage": True}}
        stamps = clock.start()
        deadline = asyncio.get_running_loop().time() + self._timeout_s
        pieces: list[str] = []
        beside = Beside()
        first_at: float | None = None
        response: Any = None
        last: Any = None
        try:
            async with asyncio.timeout_at(deadline):
                response = await self._litellm.acompletion(**arguments)
            while True:
                async with asyncio.timeout_at(deadline):
                    chunk = await anext(response, None)
                if chunk is None:
                    break
                last = chunk
                if chunk.choices:
                    take_beside(beside, chunk.choices[0].delta, chunk.choices[0])
                piece = (chunk.choices[0].delta.content or "") if chunk.choices else ""
                if piece:
                    first_at = first_at or stamps.arrived()
                    pieces.append(piece)
                    yield piece
            check_ended(response, target)
        except Exception as problem:  # as in call
            error = self.error(problem, target)
            if not pieces:
                raise error from None
            ttft = stamps.since_sent(first_at) if first_at else None
            yield Completion(text="".join(pieces), ttft_s=ttft, error=error.kind, error_message=str(error))
            return
        finally:
            if response is not None:
                await close_stream(response)
        yield self._streamed(request, target, response, last, pieces, beside, stamps, first_at)

    def _streamed(
        self,
        request: Request,
        target: Route,
        response: Any,
        last: Any,
        pieces: list[str],
        beside: Beside,
        stamps: clock.Stamps,
        first_at: float | None,
    ) -> Completion:
        # LiteLLM's own sum fills in what is missing; only what a chunk carried was reported.
        carried = [chunk.usage for chunk in response.chunks if getattr(chunk, "usage", None) is not None]
        usage = carried[-1] if carried else None
        resolved = next(
            (name for chunk in reversed(response.chunks) if (name := resolved_name(chunk))),
            getattr(last, "model", None),
        )
        latency = stamps.latency()
        return self._completion(
            request,
            target,
            text="".join(pieces),
            usage=plain_usage(usage, getattr(last, "service_tier", None)),
            finish_reason=response.received_finish_reason or response.intermittent_finish_reason,
            resolved=resolved,
            latency=latency,
            beside=beside,
            # A whole answer in one packet is read a moment after it was received.
            ttft=min(latency, stamps.since_sent(first_at)) if first_at else None,
        )

    def _completion(
        self,
        request: Request,
        target: Route,
        *,
        text: str,
        usage: Usage,
        finish_reason: str | None,
        resolved: str | None,
        latency: float,
        beside: Beside,
        ttft: float | None = None,
    ) -> Completion:
        if usage.input is None and usage.output is None:
            usage = count_tokens(request, text + beside.written)
        if target.provider == "anthropic":  # which does not say; LiteLLM counts by a tokenizer of its own
            usage = replace(usage, reasoning=None)
        blocked = finish_reason == "content_filter"
        return Completion(
            text=text,
            usage=usage,
            latency_s=latency,
            ttft_s=ttft,
            finish_reason=finish_reason,
            resolved_model=(resolved or "").removeprefix(f"{target.provider}/") or None,
            error="content_filter" if blocked else None,
            error_message=BLOCKED if blocked else None,
            tool_calls=beside.tool_calls,
            logprobs=beside.logprobs,
        )

    async def _arguments(self, request: Request, target: Route, params: dict[str, Any]) -> dict[str, Any]:
        if self._litellm is None:
            self._litellm = await asyncio.to_thread(warm_litellm)
        if self._session is None:
            self._session = _SESSIONS.acquire()
        import httpx

        refuse_owned(params)
        arguments = {
            **params,
            "model": target.model,
            "messages": [dict(message) for message in request.messages],
            "timeout": httpx.Timeout(self._timeout_s, connect=self._connect_timeout_s),
            "num_retries": 0,
            "max_retries": 0,
            "shared_session": self._session,
        }
        if not target.trusted:
            # The OpenAI client adds these from the environment; they say whose account this is.
            set_here = [h for h, names in _ACCOUNT_HEADERS.items() if any(map(os.environ.get, names))]
            if set_here:
                arguments["extra_headers"] = dict.fromkeys(set_here, "") | (params.get("extra_headers") or {})
        if target.provider == "huggingface":
            del arguments["max_retries"], arguments["num_retries"]  # its adapter would send them on
        if target.api_base:
            arguments["api_base"] = target.api_base
        if target.api_key:
            arguments["api_key"] = target.api_key
        return arguments

    def error(self, problem: BaseException, target: Route) -> CompletionError:
        """Return what a failed call raised as our own kind of error, without secrets."""
        if isinstance(problem, CompletionError):
            return problem
        secrets = [*([target.api_key] if target.api_key else []), *secret_values(self._env)]
        return completion_error(
            problem,
            target,
            secrets,
            timeout_s=self._timeout_s,
            connect_timeout_s=self._connect_timeout_s,
        )

    async def aclose(self) -> None:
        """Close the connections, if this was the loop's last gateway."""
        if self._session is None:
            return
        self._session = None
        if await _SESSIONS.release():
            await self._litellm.close_litellm_async_clients()
            # Streams of some providers go over a session of its module, which opens again when it is needed.
            await self._litellm.module_level_aclient.client._transport.aclose()
            self._litellm.in_memory_llm_clients_cache.flush_cache()


# LiteLLM 1.106 cannot read Cohere's stream of events: its answers come whole.
_WHOLE_ONLY = frozenset({"cohere"})
# Of a whole answer of Ollama's LiteLLM counts the tokens itself, where Ollama did not, and does not tell.
_STREAMED = frozenset({"ollama", "ollama_chat"})
_ACCOUNT_HEADERS = {
    "OpenAI-Organization": ("OPENAI_ORGANIZATION", "OPENAI_ORG_ID"),
    "OpenAI-Project": ("OPENAI_PROJECT_ID",),
}
