"""One attempt at a model through LiteLLM: no retries, no cache, honest clocks and counts."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
import threading
from collections.abc import AsyncIterator, Iterable, Mapping
from dataclasses import replace
from typing import Any

from workbench.errors import CompletionError
from workbench.llm import clock
from workbench.llm.beside import Beside
from workbench.llm.faults import UNREADABLE, completion_error
from workbench.llm.params import call_params
from workbench.llm.providers import Route, route
from workbench.llm.redact import secret_values
from workbench.llm.types import Completion, Request, Usage
from workbench.llm.usage import usage_from

_LOCK = threading.Lock()
_WARM: list[bool] = []
_SESSIONS = clock.Sessions()


def load_litellm() -> Any:
    """Import LiteLLM so that it fetches nothing, reads no ``.env``, and keeps quiet. Takes seconds, once."""
    with _LOCK:
        os.environ["LITELLM_LOCAL_MODEL_COST_MAP"] = "True"
        os.environ["LITELLM_MODE"] = "PRODUCTION"
        import litellm

        litellm.telemetry = False
        litellm.suppress_debug_info = True
        litellm.drop_params = False
        litellm.modify_params = False
        # What goes wrong is told through completions; its own log could hold messages and addresses.
        logging.getLogger("LiteLLM").setLevel(logging.CRITICAL)
        # Its tokenizer loads at the first stream, on the event loop: better now than inside a latency.
        litellm.token_counter(model="gpt-4o", text="warm")
        return litellm


def _warm_litellm() -> Any:
    """Import LiteLLM with all that it would import at its first call, which must not count into that call's time."""
    litellm = load_litellm()
    with _LOCK:
        if not _WARM:
            import anyio._backends._asyncio  # noqa: F401
            import openai

            client = openai.AsyncOpenAI(api_key="warm")
            _ = client.chat.completions, client.embeddings
            turn = [{"role": "user", "content": "warm"}]
            for stream in (False, True):
                list(
                    litellm.completion(
                        "openai/warm", turn, mock_response="warm", stream=stream, max_retries=0
                    )
                )
            _WARM.append(True)
    return litellm


def refuse_owned(names: Iterable[str]) -> None:
    """Refuse the parameters that LiteLLM keeps for itself.

    Raises:
        CompletionError: Of kind bad_request, naming the parameter.
    """
    from litellm.types.utils import is_litellm_owned_kwarg

    for name in names:
        if is_litellm_owned_kwarg(name) and name not in ("api_version", "metadata"):
            raise CompletionError(
                f'The parameter "{name}" cannot be set on a call', kind="bad_request", hint="remove it"
            )


def count_tokens(request: Request, text: str) -> Usage:
    """Count the tokens ourselves, where the server did not."""
    litellm = load_litellm()
    try:
        asked = litellm.token_counter(
            model=request.model.id,
            messages=list(request.messages),
            use_default_image_token_count=True,  # else it would fetch the images
        )
        told = litellm.token_counter(model=request.model.id, text=text) if text else 0
    except Exception:  # a tokenizer that cannot be loaded leaves the count unknown
        return Usage()
    return Usage(input=int(asked), output=int(told), estimated=True)


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
        _take(beside, choice.message, choice)
        return self._completion(
            request,
            target,
            text=_text(choice.message),
            usage=_plain_usage(getattr(response, "usage", None), getattr(response, "service_tier", None)),
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
                    _take(beside, chunk.choices[0].delta, chunk.choices[0])
                piece = (chunk.choices[0].delta.content or "") if chunk.choices else ""
                if piece:
                    first_at = first_at or stamps.arrived()
                    pieces.append(piece)
                    yield piece
            _check_ended(response, target)
        except Exception as problem:  # as in call
            error = self.error(problem, target)
            if not pieces:
                raise error from None
            ttft = stamps.since_sent(first_at) if first_at else None
            yield Completion(text="".join(pieces), ttft_s=ttft, error=error.kind, error_message=str(error))
            return
        finally:
            if response is not None:
                await _close(response)
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
            (name for chunk in reversed(response.chunks) if (name := _resolved(chunk))),
            getattr(last, "model", None),
        )
        latency = stamps.latency()
        return self._completion(
            request,
            target,
            text="".join(pieces),
            usage=_plain_usage(usage, getattr(last, "service_tier", None)),
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
            self._litellm = await asyncio.to_thread(_warm_litellm)
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
BLOCKED = "The provider's content filter stopped the answer: change the messages, or drop the case."


def _resolved(chunk: Any) -> str | None:
    return (getattr(chunk, "_hidden_params", None) or {}).get("provider_response_model")


def _plain_usage(usage: Any, service: Any = None) -> Usage:
    if usage is None:
        return Usage()
    data = usage.model_dump()
    return usage_from({**data, "service_tier": data.get("service_tier") or service})


def _take(beside: Beside, message: Any, choice: Any) -> None:
    """Gather what came beside the text, from LiteLLM's own objects."""
    calls = getattr(message, "tool_calls", None)
    logprobs = getattr(choice, "logprobs", None)
    if calls or logprobs:
        plain = [call if isinstance(call, dict) else call.model_dump() for call in calls or ()]
        beside.take(
            {"tool_calls": plain}, logprobs.model_dump() if hasattr(logprobs, "model_dump") else logprobs
        )


def _text(message: Any) -> str:
    content = message.content
    if content is None:
        content = (getattr(message, "provider_specific_fields", None) or {}).get("refusal") or ""
    return content if isinstance(content, str) else str(content)


def nonsense(target: Route, what: str) -> CompletionError:
    """Return the error for an answer that is none."""
    where = f"The server at {target.api_base}" if target.api_base else f"{target.provider}"
    return CompletionError(f"{where} sent {what}", kind="provider", hint="try again later")


def _check_ended(response: Any, target: Route) -> None:
    """Tell a whole stream from one that just stopped: LiteLLM says "stop" for both."""
    if response.received_finish_reason or response.intermittent_finish_reason:
        return
    counted = any(getattr(chunk, "usage", None) is not None for chunk in response.chunks)
    if counted and target.provider != "anthropic":  # whose first event counts the input already
        return
    if response.chunks:
        raise broken_off(target)
    raise nonsense(target, "a stream without an answer")


def broken_off(target: Route) -> CompletionError:
    """Return the error for a stream that just stopped."""
    where = target.api_base or target.provider
    return CompletionError(
        f"The stream from {where} ended before the answer was complete", kind="connection", hint="try again"
    )


async def _close(response: Any) -> None:
    close = getattr(response, "aclose", None)
    if close is not None:
        await close()
