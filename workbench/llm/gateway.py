"""The one door to every model: recorded answers, the offline stand-in, models on disk, and all LiteLLM reaches."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
import re
import time
from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from workbench.errors import CompletionError, StoreError
from workbench.llm import attempt
from workbench.llm.echo import ECHO_ID, echo
from workbench.llm.limits import Lanes, Pace, Unasked
from workbench.llm.local.models import LocalModels, on_disk
from workbench.llm.native.route import ModelRoute
from workbench.llm.pricebook import PriceBook
from workbench.llm.recorded import Recordings
from workbench.llm.retry import RetryPolicy, Tries
from workbench.llm.sharing import Sharing
from workbench.llm.types import Completion, ModelSpec, Request

if TYPE_CHECKING:
    from workbench.llm.embeddings import Embedder, Embeddings

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
        cache: Answers that need not be bought again. Recorded and offline models, and those on disk, never touch it.
        timeout_s: Seconds that one attempt may take in all, where the model says nothing else.
        connect_timeout_s: Seconds that connecting may take.
        max_retries: How often to ask again after a fault that may pass.
        root: The folder from which relative ``outputs`` paths are taken.
        env: Where keys are looked up at each call; the process's environment by default.
        retry: The whole policy, in place of ``max_retries``.
        pace: How the concurrency of each model adapts.
        workspace: The folder from which the paths of models on disk are taken; ``root`` by default.
        prices: What calls cost; by default what LiteLLM's table says.
        remember: How many of the last answers are given again to the same request where there is no cache.
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
        pace: Pace | None = None,
        workspace: Path | None = None,
        prices: PriceBook | None = None,
        remember: int = 0,
    ) -> None:
        self._cache = cache
        self._prices = prices or PriceBook()
        self._retry = retry or RetryPolicy(max_retries=max_retries)
        self._recordings = Recordings(root)
        self._timeout_s, self._connect_timeout_s = timeout_s, connect_timeout_s
        self._env = os.environ if env is None else env
        self._routes: dict[float, ModelRoute] = {}
        self._sharing = Sharing(remember if cache is None else 0)
        self._disk = LocalModels(workspace or root, timeout_s)
        self._embedder: Embedder | None = None
        self.lanes = Lanes(pace or Pace(patience_s=self._retry.longest_wait_s))

    async def complete(self, request: Request) -> Completion:
        """Return the answer, or the typed error that came instead. Faults of a provider never raise.

        Latency is that of the attempt that succeeded, without our own waiting. The first token's time is
        measured where the model's parameters hold ``stream: true``.
        """
        if on_disk(request.model):
            return await self._disk.complete(request)
        if not _remote(request):
            return self._local(request)
        key = request.cache_key()
        kept = self._kept(key)
        if kept is not None:
            return kept
        return await self._sharing.once(key, lambda: self._asked(request, key))

    async def _asked(self, request: Request, key: str) -> Completion:
        lane, tries = self.lanes.of(request.model), Tries(self._retry)
        async with lane.visit():
            while True:
                try:
                    async with lane.turn(request) as ended:
                        completion = self._priced(request, await attempt.call(self._route(request), request))
                        ended.append(completion)
                    error = None if completion.ok else _error_of(completion)
                except CompletionError as problem:
                    completion, error = failed(problem), problem
                if error is None:
                    self._keep(key, request, completion)
                    return completion
                wait = tries.wait(error)
                if wait is None:
                    return failed(tries.made) if tries.made and isinstance(error, Unasked) else completion
                await asyncio.sleep(wait)

    async def stream(self, request: Request) -> AsyncIterator[str | Completion]:
        """Yield pieces of text as they come; the last item is the completion, with the whole text.

        Where the stream breaks, the completion keeps what had come and says what happened. It is asked
        again only as long as no text was shown.
        """
        if on_disk(request.model):
            async with contextlib.aclosing(self._disk.stream(request)) as items:
                async for item in items:
                    yield item
            return
        key = request.cache_key() if _remote(request) else ""
        whole = self._kept(key) if key else self._local(request)
        if whole is not None:
            for piece in _pieces(whole.text):
                yield piece
            yield whole
            return
        lane, tries = self.lanes.of(request.model), Tries(self._retry)
        async with lane.visit():
            while True:
                try:
                    async with (
                        lane.turn(request) as ended,
                        contextlib.aclosing(attempt.stream(self._route(request), request)) as items,
                    ):
                        async for item in items:
                            if isinstance(item, Completion):
                                item = self._priced(request, item)
                                ended.append(item)
                                if item.ok:
                                    self._keep(key, request, item)
                            yield item
                    return
                except CompletionError as problem:
                    wait = tries.wait(problem)
                    if wait is None:
                        yield failed(tries.made if tries.made and isinstance(problem, Unasked) else problem)
                        return
                await asyncio.sleep(wait)

    def _route(self, request: Request) -> attempt.Route:
        """Choose the way to a model: one for each total timeout, over the same connections."""
        timeout_s = request.model.timeout_s or self._timeout_s
        if timeout_s not in self._routes:
            self._routes[timeout_s] = ModelRoute(
                timeout_s=timeout_s, connect_timeout_s=min(timeout_s, self._connect_timeout_s), env=self._env
            )
        return self._routes[timeout_s]

    def _priced(self, request: Request, completion: Completion) -> Completion:
        """Every way to a model is billed here, by one arithmetic."""
        cost = self._prices.cost_of_call(request, completion.usage, completion.resolved_model)
        return replace(completion, cost_usd=cost)

    async def embed(self, texts: Sequence[str], model: ModelSpec) -> Embeddings:
        """Return a vector for each text, or the typed error that came instead. Faults of a provider never raise.

        A vector that is kept is not bought again: the cache knows each by its text, model and parameters.
        """
        from workbench.llm.embeddings import Embedder

        if on_disk(model):
            return await self._disk.embed(texts, model)
        if self._embedder is None:
            self._embedder = Embedder(
                lanes=self.lanes,
                prices=self._prices,
                retry=self._retry,
                cache=self._cache,
                timeout_s=self._timeout_s,
                connect_timeout_s=self._connect_timeout_s,
                env=self._env,
            )
        return await self._embedder.embed(texts, model)

    @property
    def caches(self) -> bool:
        """Whether answers that are kept are used."""
        return self._cache is not None

    async def aclose(self) -> None:
        """Close connections and files."""
        self._recordings.close()
        if self._embedder is not None:
            await self._embedder.aclose()
        for route in self._routes.values():
            await route.aclose()

    def _local(self, request: Request) -> Completion:
        """Answer without a network: from a record, or by the offline rules."""
        try:
            if request.model.recorded:
                return self._recordings.answer(request)
            return _offline(request)
        except CompletionError as problem:
            return failed(problem)

    def _kept(self, key: str) -> Completion | None:
        if self._cache is None:
            return None
        kept = self._cache.get(key)
        return replace(kept, cached=True) if kept is not None else None

    def _keep(self, key: str, request: Request, completion: Completion) -> None:
        if self._cache is None:
            return
        try:
            self._cache.put(key, request.model.id, completion)
        except StoreError as problem:  # the answer is paid for: it must reach the caller all the same
            _LOG.warning("An answer could not be kept in the cache: %s", problem)


def failed(problem: CompletionError) -> Completion:
    """Return the completion that stands for a call without an answer."""
    return Completion(error=problem.kind, error_message=str(problem))


def _remote(request: Request) -> bool:
    return not (request.model.recorded or request.model.id.startswith("offline/"))


def _offline(request: Request) -> Completion:
    from workbench.llm.offline import OFFLINE_ID, answer
    from workbench.llm.params import call_params, refuse_all_but_text

    if request.model.id == ECHO_ID:
        return echo(request)
    if request.model.id != OFFLINE_ID:
        raise CompletionError(
            f'There is no offline model "{request.model.id}"',
            kind="not_found",
            hint=f"use {OFFLINE_ID} or {ECHO_ID}",
        )
    params = call_params(request)
    refuse_all_but_text(request, "The offline model")
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
