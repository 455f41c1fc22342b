"""Texts as vectors, from whatever a model's name reaches: paid for once a text, with honest counts and errors."""

from __future__ import annotations

import array
import asyncio
import base64
import hashlib
import json
import logging
import math
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Protocol

from workbench.errors import CompletionError, ErrorKind, StoreError
from workbench.llm import clock
from workbench.llm.limits import Lanes
from workbench.llm.litellm_route import LiteLLMRoute
from workbench.llm.params import call_params
from workbench.llm.pricebook import PriceBook
from workbench.llm.prices import cost_of
from workbench.llm.providers import Route, route
from workbench.llm.retry import RetryPolicy, Tries
from workbench.llm.types import Completion, ModelSpec, Request, Usage
from workbench.llm.usage import usage_from

_LOG = logging.getLogger(__name__)
#: How many texts go into one call: no provider takes fewer.
BATCH = 96
_OUTPUT = "output_cost_per_token"
MAX_TEXTS = 1_000_000

Vector = array.array


class Cache(Protocol):
    """Where vectors are kept: among the answers, by everything that shapes them."""

    def get(self, key: str) -> Completion | None:
        """Return what is kept under this key."""

    def put(self, key: str, model: str, completion: Completion) -> None:
        """Keep it."""


@dataclass(frozen=True)
class Embeddings:
    """The vectors of texts, in their order, as 32-bit floats; None where the error kept one from coming.

    Usage, cost (USD) and latency (the sum of the calls, in seconds) are of the calls made now: ``cached`` texts,
    whose vectors were kept, are not spent again. None is unknown.
    """

    vectors: tuple[Vector[float] | None, ...]
    usage: Usage = field(default_factory=Usage)
    cost_usd: float | None = None
    latency_s: float | None = None
    cached: int = 0
    error: ErrorKind | None = None
    error_message: str | None = None

    @property
    def ok(self) -> bool:
        """Whether every text has its vector."""
        return self.error is None


class EmbeddingRoute(LiteLLMRoute):
    """One attempt at vectors through LiteLLM. Use it on one event loop."""

    async def embed(self, spec: ModelSpec, texts: Sequence[str]) -> tuple[list[Vector[float]], Usage, float]:
        """Return the vectors in the order of the texts, the tokens, and the seconds it took.

        Raises:
            CompletionError: It brought no vectors.
        """
        request = Request(spec, ())
        params = call_params(request)
        params.pop("stream", None)
        target = _addressed(route(spec, self._env))
        arguments = await self._arguments(request, target, params)
        del arguments["messages"]
        stamps = clock.start()
        try:
            async with asyncio.timeout(self._timeout_s):
                response = await self._litellm.aembedding(**arguments, input=list(texts))
        except Exception as problem:  # every provider's adapter raises its own; all become a CompletionError
            raise self.error(problem, target) from None
        latency = stamps.latency()
        usage = getattr(response, "usage", None)
        return (
            _vectors(response.data, len(texts), spec),
            usage_from(usage.model_dump()) if usage is not None else Usage(),
            latency,
        )


class Embedder:
    """Turns texts into vectors. Use it on one event loop, and close it there.

    Args:
        lanes: How fast each model may be asked.
        prices: What tokens cost.
        retry: When to ask again.
        cache: Vectors that need not be bought again.
        timeout_s: Seconds that one call may take in all, where the model says nothing else.
        connect_timeout_s: Seconds that connecting may take.
        env: Where keys are looked up.
    """

    def __init__(
        self,
        *,
        lanes: Lanes,
        prices: PriceBook,
        retry: RetryPolicy,
        cache: Cache | None,
        timeout_s: float,
        connect_timeout_s: float,
        env: Mapping[str, str],
    ) -> None:
        self._lanes, self._prices, self._retry = lanes, prices, retry
        self._cache, self._env = cache, env
        self._timeout_s, self._connect_timeout_s = timeout_s, connect_timeout_s
        self._routes: dict[float, EmbeddingRoute] = {}

    async def embed(self, texts: Sequence[str], model: ModelSpec) -> Embeddings:
        """Return the vectors of the texts. Faults of a provider never raise; what came before one is kept."""
        problem = unfit(texts, model)
        if problem is not None:
            return nothing(texts, problem)
        keys = {text: vector_key(text, model) for text in texts}
        known = {text: vector for text, key in keys.items() if (vector := self._kept(key)) is not None}
        missing = [text for text in keys if text not in known]
        cached = sum(text in known for text in texts)
        total, seconds = Usage(input=0, output=0), 0.0
        cost: float | None = 0.0
        error: CompletionError | None = None
        for start in range(0, len(missing), BATCH):
            batch = missing[start : start + BATCH]
            try:
                vectors, usage, latency = await self._asked(batch, model)
            except CompletionError as caught:
                error = caught
                break
            total, seconds = _sum(total, usage), seconds + latency
            price = vectors_usd(self._prices, model, usage)
            cost = None if cost is None or price is None else cost + price
            for text, vector in zip(batch, vectors, strict=True):
                known[text] = vector
                self._keep(keys[text], model, vector)
        return Embeddings(
            tuple(known.get(text) for text in texts),
            usage=total,
            cost_usd=cost,
            latency_s=seconds if missing and not error else None,
            cached=cached,
            error=error.kind if error else None,
            error_message=str(error) if error else None,
        )

    async def _asked(
        self, texts: Sequence[str], model: ModelSpec
    ) -> tuple[list[Vector[float]], Usage, float]:
        lane, tries = self._lanes.of(model), Tries(self._retry)
        asked = Request(model, tuple({"role": "user", "content": text} for text in texts))
        async with lane.visit():
            while True:
                try:
                    async with lane.turn(asked) as ended:
                        vectors, usage, latency = await self._route(model).embed(model, texts)
                        ended.append(Completion(usage=replace(usage, output=0), latency_s=latency))
                    return vectors, usage, latency
                except CompletionError as problem:
                    wait = tries.wait(problem)
                    if wait is None:
                        raise
                await asyncio.sleep(wait)

    def _route(self, model: ModelSpec) -> EmbeddingRoute:
        timeout_s = model.timeout_s or self._timeout_s
        if timeout_s not in self._routes:
            self._routes[timeout_s] = EmbeddingRoute(
                timeout_s=timeout_s, connect_timeout_s=min(timeout_s, self._connect_timeout_s), env=self._env
            )
        return self._routes[timeout_s]

    def _kept(self, key: str) -> Vector[float] | None:
        kept = self._cache.get(key) if self._cache is not None else None
        return _unpacked(kept.text) if kept is not None else None

    def _keep(self, key: str, model: ModelSpec, vector: Vector[float]) -> None:
        if self._cache is None:
            return
        try:
            self._cache.put(key, model.id, Completion(text=_packed(vector)))
        except StoreError as problem:  # the vector is paid for: it must reach the caller all the same
            _LOG.warning("A vector could not be kept in the cache: %s", problem)

    async def aclose(self) -> None:
        """Close the connections."""
        for each in self._routes.values():
            await each.aclose()


def unfit(texts: Sequence[str], model: ModelSpec) -> CompletionError | None:
    """Return why these texts cannot be asked about, or this model cannot be asked."""
    if model.recorded or model.id.startswith("offline/"):
        return CompletionError(
            f"{model.name} makes no vectors",
            kind="bad_request",
            hint="name an embedding model, such as openai/text-embedding-3-small or ollama/nomic-embed-text",
        )
    if len(texts) > MAX_TEXTS:
        return CompletionError(
            f"{len(texts):,} texts are too many at once",
            kind="bad_request",
            hint=f"ask for {MAX_TEXTS:,} at most",
        )
    for number, text in enumerate(texts, 1):
        if not text.strip():
            return CompletionError(
                f"Text {number} is empty, and an empty text has no vector",
                kind="bad_request",
                hint="leave it out",
            )
    return None


def nothing(texts: Sequence[str], problem: CompletionError | None) -> Embeddings:
    """Return what stands for no vectors: none were asked for, or an error came instead."""
    if problem is None:
        return Embeddings((), Usage(input=0, output=0), 0.0)
    return Embeddings((None,) * len(texts), error=problem.kind, error_message=str(problem))


# Asked as what they are, servers of the OpenAI protocol: with their own adapters the OpenAI client would tell
# them whose OpenAI account this is, or the adapter does not exist. With the address where none is named.
_AS_OPENAI = {"docker_model_runner": None, "fireworks_ai": None, "mistral": "https://api.mistral.ai/v1"}


def _addressed(target: Route) -> Route:
    """Return the route as the adapters for vectors spell it."""
    base = target.api_base or _AS_OPENAI.get(target.provider)
    if target.provider in _AS_OPENAI and base and target.api_key:
        model = "openai/" + target.model.removeprefix(f"{target.provider}/")
        return replace(target, model=model, api_base=base, trusted=False)
    return replace(target, model=target.model.replace("ollama_chat/", "ollama/", 1))


def _vectors(data: Any, count: int, spec: ModelSpec) -> list[Vector[float]]:
    """Read as many vectors of one length as there were texts.

    Raises:
        CompletionError: Of kind provider: something else came.
    """
    rows = data if isinstance(data, list) else []
    found: dict[int, Vector[float]] = {}
    for place, row in enumerate(rows):
        entry = row if isinstance(row, Mapping) else row.model_dump()
        index, values = entry.get("index"), entry.get("embedding")
        try:
            vector = array.array("f", values)
        except (TypeError, OverflowError):
            continue
        if len(vector) and all(map(math.isfinite, vector)):
            found[index if isinstance(index, int) else place] = vector
    if sorted(found) != list(range(count)) or len({len(vector) for vector in found.values()}) != 1:
        raise CompletionError(
            f"{spec.name} did not send one vector of one length for each of the {count} texts",
            kind="provider",
            hint="check that it is an embedding model",
        )
    return [found[index] for index in range(count)]


def vectors_usd(prices: PriceBook, model: ModelSpec, usage: Usage) -> float | None:
    """Return the USD of vectors. They are no output tokens, whose rate the table often leaves out."""
    entry = prices.entry(model.id)
    return None if entry is None else cost_of({_OUTPUT: 0.0, **entry}, replace(usage, output=0))


def vector_key(text: str, model: ModelSpec) -> str:
    """Return the cache's key of a vector: SHA-256 (hex) of everything that shapes a vector."""
    shaped = {"embed": text, "model": model.id, "api_base": model.api_base, "params": model.params}
    return hashlib.sha256(json.dumps(shaped, sort_keys=True, ensure_ascii=False).encode()).hexdigest()


def _packed(vector: Vector[float]) -> str:
    """Write little-endian 32-bit floats as text, so that a database moved to another machine reads alike."""
    if sys.byteorder == "big":
        vector = array.array("f", vector)
        vector.byteswap()
    return base64.b64encode(vector.tobytes()).decode()


def _unpacked(text: str) -> Vector[float]:
    vector = array.array("f", base64.b64decode(text))
    if sys.byteorder == "big":
        vector.byteswap()
    return vector


def _sum(a: Usage, b: Usage) -> Usage:
    """Add the tokens of two calls; what one of them does not tell is unknown."""
    known = a.input is not None and b.input is not None
    return Usage(input=a.input + b.input if known else None, output=0)  # type: ignore[operator]
