"""The one door to every model: recorded answers, the offline stand-in, and all that LiteLLM reaches."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
import re
import time
from collections.abc import AsyncIterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Protocol

from workbench.errors import CompletionError, StoreError
from workbench.llm.litellm_route import LiteLLMRoute
from workbench.llm.recorded import Recordings
from workbench.llm.retry import RetryPolicy
from workbench.llm.types import Completion, Request

_LOG = logging.getLogger(__name__)


class CompletionCache(Protocol):
    """Where answers are kept by everything that shaped them (`Request.cache_key`)."""

    def get(self, key: str) -> Completion | None:
        """Return the answer kept under this key."""

    def put(self, key: str, model: str, completion: Completion) -> None:
        """Keep an answer."""


class Gateway:
    """Asks models. Use one gateway on one event loop, and close it there.

    Args:
        cache: Answers that need not be bought again. Recorded and offline models never touch it.
        timeout_s: Seconds that one attempt may take in all.
        connect_timeout_s: Seconds that connecting may take.
        max_retries: How often to ask again after a fault that may pass.
        root: The folder from which relative ``outputs`` paths are taken.
        env: Where keys are looked up at each call; the process's environment by default.
        retry: The whole policy, in place of ``max_retries``.
    """

    def __init__(
        self,
        *,
        cache: CompletionCache | None = None,
        timeout_s: float = 120,
        connect_timeout_s: float = 10,
        max_retries: int = 4,
        root: Path | None = None,
        env: Mapping[str, str] | None = None,
        retry: RetryPolicy | None = None,
    ) -> None:
        self._cache = cache
        self._retry = retry or RetryPolicy(max_retries=max_retries)
        self._recordings = Recordings(root)
        self._litellm = LiteLLMRoute(
            timeout_s=timeout_s,
            connect_timeout_s=connect_timeout_s,
            env=os.environ if env is None else env,
        )

    async def complete(self, request: Request) -> Completion:
        """Return the answer, or the typed error that came instead. Faults of a provider never raise.

        Latency is that of the attempt that succeeded, without our own waiting. The first token's time is
        measured where the model's parameters hold ``stream: true``.
        """
        kept = self._kept(request)
        if kept is not None:
            return kept
        if not _remote(request):
            return self._local(request)
        failures = timeouts = 0
        while True:
            try:
                completion = await self._litellm.call(request)
            except CompletionError as problem:
                completion, error = failed(problem), problem
            else:
                if completion.ok:
                    self._keep(request, completion)
                    return completion
                error = _error_of(completion)
            failures += 1
            timeouts += error.kind == "timeout"
            wait = self._retry.wait(error, failures, timeouts)
            if wait is None:
                return completion
            await asyncio.sleep(wait)

    async def stream(self, request: Request) -> AsyncIterator[str | Completion]:
        """Yield pieces of text as they come; the last item is the completion, with the whole text.

        Where the stream breaks, the completion keeps what had come and says what happened. It is asked
        again only as long as no text was shown.
        """
        whole = self._kept(request) or (None if _remote(request) else self._local(request))
        if whole is not None:
            for piece in _pieces(whole.text):
                yield piece
            yield whole
            return
        failures = timeouts = 0
        while True:
            try:
                async with contextlib.aclosing(self._litellm.stream(request)) as items:
                    async for item in items:
                        if isinstance(item, Completion) and item.ok:
                            self._keep(request, item)
                        yield item
                return
            except CompletionError as problem:
                failures += 1
                timeouts += problem.kind == "timeout"
                wait = self._retry.wait(problem, failures, timeouts)
                if wait is None:
                    yield failed(problem)
                    return
            await asyncio.sleep(wait)

    async def aclose(self) -> None:
        """Close connections and files."""
        self._recordings.close()
        await self._litellm.aclose()

    def _local(self, request: Request) -> Completion:
        """Answer without a network: from a record, or by the offline rules."""
        try:
            if request.model.recorded:
                return self._recordings.answer(request)
            return _offline(request)
        except CompletionError as problem:
            return failed(problem)

    def _kept(self, request: Request) -> Completion | None:
        if self._cache is None or not _remote(request):
            return None
        kept = self._cache.get(request.cache_key())
        return replace(kept, cached=True) if kept is not None else None

    def _keep(self, request: Request, completion: Completion) -> None:
        if self._cache is None:
            return
        try:
            self._cache.put(request.cache_key(), request.model.id, completion)
        except StoreError as problem:  # the answer is paid for: it must reach the caller all the same
            _LOG.warning("An answer could not be kept in the cache: %s", problem)


def failed(problem: CompletionError) -> Completion:
    """Return the completion that stands for a call without an answer."""
    return Completion(error=problem.kind, error_message=str(problem))


def _remote(request: Request) -> bool:
    return not (request.model.recorded or request.model.id.startswith("offline/"))


def _offline(request: Request) -> Completion:
    from workbench.llm.offline import OFFLINE_ID, answer
    from workbench.llm.params import call_params

    if request.model.id != OFFLINE_ID:
        raise CompletionError(
            f'There is no offline model "{request.model.id}"', kind="not_found", hint=f"use {OFFLINE_ID}"
        )
    params = call_params(request)
    begun = time.perf_counter()
    completion = answer(request.messages, params)
    latency = time.perf_counter() - begun
    return completion if completion.latency_s is not None else replace(completion, latency_s=latency)


def _error_of(completion: Completion) -> CompletionError:
    assert completion.error is not None
    return CompletionError(completion.error_message or completion.error, kind=completion.error)


def _pieces(text: str) -> list[str]:
    """Cut a whole text into words with their spaces, so that every model streams alike."""
    return re.findall(r"\s*\S+\s*$|\s*\S+", text) or ([text] if text else [])
