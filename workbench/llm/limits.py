"""How fast one model may be asked: what a suite allows, what the server said, and what it has just shown.

Every provider, endpoint and model together have one `Lane`. Its limit climbs while calls go well, falls when the
server says that it is too much, and nothing enters while the server has asked for a pause.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager, suppress
from math import ceil, inf
from time import monotonic

from workbench.errors import CompletionError, ErrorKind
from workbench.llm import clock
from workbench.llm.limit_history import LimitHistory
from workbench.llm.pace import Bucket, Pace
from workbench.llm.ratelimit_headers import spent_until
from workbench.llm.types import Completion, ModelSpec, Request, text_of

#: Faults after which nobody knows whether the model is there at all, or takes anything.
_SILENT_KINDS = frozenset({"timeout", "connection", "rate_limit"})


class Unasked(CompletionError):
    """The call was not made, because the lane has been given up for now. Asking again at once is senseless."""

    @property
    def retryable(self) -> bool:
        """Never: the lane decides when to look again."""
        return False


class Lane:
    """One model at one endpoint with one key. Use it on one event loop."""

    def __init__(
        self,
        name: str,
        pace: Pace,
        now: Callable[[], float] = monotonic,
        note: Callable[[str, int, str], None] = lambda lane, limit, reason: None,
    ) -> None:
        self._name, self._pace, self._now, self._note = name, pace, now, note
        self._noted: int | None = None
        self._limit = float(pace.start)
        self._max: float = pace.most
        self._buckets: dict[str, tuple[int, Bucket]] = {}
        self._turn, self._changed = asyncio.Lock(), asyncio.Event()
        self._paused_until = self._last_cut = -inf
        self._silent_since = self._probed_at = now()
        self._climbing_fast, self._clean, self._peak = True, 0, 0
        self._silent, self._last_kind = 0, "connection"
        self._mean_output = 256.0
        self.in_flight = self.queued = self.present = 0
        self._refusals = 0

    @property
    def limit(self) -> int:
        """How many calls may be under way now."""
        if self._silent >= self._pace.silent_calls:
            return 1
        return max(1, int(min(self._limit, self._max)))

    @property
    def wanted(self) -> int:
        """How many calls are of use now, waiting ones included: more would only queue here."""
        if self.queued:
            return max(1, self.present)
        # A call that waits to be asked again takes no place, but not endlessly many may do so.
        return self.limit + min(self.limit, self.present - self.in_flight)

    def restrict(self, model: ModelSpec) -> None:
        """Take over what the suite allows; of two entries for one model the stricter counts."""
        if model.max_concurrency is not None:
            self._max = min(self._max, model.max_concurrency)
        for unit, allowed in (("requests", model.requests_per_minute), ("tokens", model.tokens_per_minute)):
            known = self._buckets.get(unit)
            if allowed is not None and (known is None or allowed < known[0]):
                self._buckets[unit] = (allowed, Bucket(allowed, self._now()))

    @asynccontextmanager
    async def visit(self) -> AsyncIterator[None]:
        """Be counted as present, over all attempts of one call and the waits between them."""
        self.present += 1
        try:
            yield
        finally:
            self.present -= 1

    @asynccontextmanager
    async def turn(self, request: Request) -> AsyncIterator[list[Completion]]:
        """Hold one attempt: wait for its turn, and learn from what it raises or from what is put into the list.

        Raises:
            Unasked: The lane has been given up for now.
        """
        tokens = await self._enter(request)
        ended: list[Completion] = []
        try:
            yield ended
            if ended:
                self.learn(ended[-1], tokens, clock.headers_seen())
        except CompletionError as problem:
            self.learn(problem, tokens, clock.headers_seen())
            raise
        finally:
            self.in_flight -= 1
            self._changed.set()

    async def _enter(self, request: Request) -> float:
        """Wait, first come, first served; return the tokens set aside."""
        tokens = self._guess(request) if "tokens" in self._buckets else 0.0
        self.queued += 1
        try:
            async with self._turn:
                while (delay := self._delay(tokens)) > 0:
                    self._changed.clear()
                    with suppress(TimeoutError):
                        await asyncio.wait_for(self._changed.wait(), None if delay == inf else delay)
                self.in_flight += 1
        finally:
            self.queued -= 1
        now = self._now()
        for unit, (_, bucket) in self._buckets.items():
            bucket.take(tokens if unit == "tokens" else 1.0, now)
        self._peak = max(self._peak, self.in_flight)
        if self._noted is None:
            self._note_limit("the start")
        clock.start()
        return tokens

    def _note_limit(self, reason: str) -> None:
        if self.limit != self._noted:
            self._noted = self.limit
            self._note(self._name, self._noted, reason)

    def learn(
        self, result: Completion | CompletionError, tokens: float, headers: Mapping[str, str] | None = None
    ) -> None:
        """Adapt to how an attempt ended."""
        kind = result.kind if isinstance(result, CompletionError) else result.error
        now = self._now()
        if kind in _SILENT_KINDS:
            self._silent_since = self._silent_since if self._silent else now
            self._silent, self._last_kind = self._silent + 1, kind
        else:
            self._silent = 0
        if kind != "rate_limit":
            self._refusals = 0
        if kind == "rate_limit":
            asked = result.retry_after_s if isinstance(result, CompletionError) else None
            self._refused(now, asked)
        elif kind not in ("timeout", "connection", "provider"):  # these say nothing about too many calls
            self._answered()
        if isinstance(result, Completion):
            self._settle(result, tokens, now)
        elif tokens:
            self._buckets["tokens"][1].take(-tokens, now)
        self._note_limit(self._why(kind))
        if headers:
            self.pause(spent_until(headers))
        self._changed.set()

    def _why(self, kind: str | None) -> str:
        if self._silent >= self._pace.silent_calls:
            return f"{self._silent} calls in a row without an answer ({self._last_kind})"
        return "the server refused: too many calls" if kind == "rate_limit" else "calls are answered"

    def pause(self, seconds: float) -> None:
        """Let nothing enter for so long."""
        until = self._now() + seconds
        if until > max(self._paused_until, self._now() + 1.0):
            self._note(self._name, self.limit, f"the server asked for a pause of {_span(seconds)}")
        self._paused_until = max(self._paused_until, until)

    def _delay(self, tokens: float) -> float:
        """Return the seconds until an attempt may enter; infinity until another one has left."""
        now = self._now()
        self._check_given_up(now)
        if self.in_flight >= self.limit:
            return inf
        delays = [
            bucket.delay(tokens if unit == "tokens" else 1.0, now)
            for unit, (_, bucket) in self._buckets.items()
        ]
        return max(0.0, self._paused_until - now, *delays)

    def _check_given_up(self, now: float) -> None:
        pause = self._paused_until - now
        if pause > self._pace.patience_s:
            raise Unasked(
                f"{self._name} wants no more calls for {_span(pause)}, so this one was not made",
                kind="rate_limit",
                hint="resume the run then",
                retry_after_s=pause,
            )
        refused = self._last_kind == "rate_limit"
        patience = self._pace.give_up_refused_s if refused else self._pace.give_up_s
        if self._silent < self._pace.silent_calls or now - self._silent_since < patience:
            return
        if now - self._probed_at >= self._pace.probe_every_s and self.in_flight == 0:
            self._probed_at = now
            return
        kind: ErrorKind = self._last_kind  # type: ignore[assignment]
        did = "refused" if refused else "left without an answer"
        raise Unasked(
            f"{self._name} {did} the last {self._silent} calls, so this one was not made",
            kind=kind,
            hint="resume the run when it answers again",
        )

    def _refused(self, now: float, asked: float | None) -> None:
        self._refusals += 1
        if now - self._last_cut >= self._pace.debounce_s:
            # What was really under way is what was too much, not a limit that nobody reached.
            self._limit = max(1.0, self._pace.cut * min(self._limit, max(self._peak, 1)))
            self._last_cut = now
        self._climbing_fast, self._clean, self._peak = False, 0, self.in_flight
        if asked is not None and (self._refusals >= self._pace.pause_after or asked > self._pace.patience_s):
            self.pause(asked)

    def _answered(self) -> None:
        self._clean += 1
        if self._clean < self.limit:
            return
        if self._peak >= self._pace.saturation * self.limit:
            grown = (
                self._limit * 2
                if self._climbing_fast
                else self._limit + ceil(self._limit * self._pace.growth)
            )
            self._limit = min(grown, self._max, self._pace.most)
        self._clean, self._peak = 0, self.in_flight

    def _guess(self, request: Request) -> float:
        """Guess the tokens of a call before it is made: four characters each, and the mean answer so far."""
        letters = sum(len(text_of(message)) for message in request.messages)
        return letters / 4 + self._mean_output

    def _settle(self, completion: Completion, tokens: float, now: float) -> None:
        usage = completion.usage
        if usage.output is not None:
            self._mean_output += 0.1 * (usage.output - self._mean_output)
        if "tokens" in self._buckets and usage.input is not None and usage.output is not None:
            true = usage.input + (usage.cache_write or 0) + (usage.cache_write_1h or 0) + usage.output
            self._buckets["tokens"][1].take(true - tokens, now)


class Lanes:
    """The lanes of one gateway, made as models are first asked."""

    def __init__(self, pace: Pace | None = None) -> None:
        self._pace = pace or Pace()
        self._lanes: dict[str, Lane] = {}
        #: What the limits did, for whoever keeps it.
        self.history = LimitHistory()

    def of(self, model: ModelSpec) -> Lane:
        """Return the lane of a model, with the limits of its entry taken over."""
        key = self.key(model)
        if key not in self._lanes:
            self._lanes[key] = Lane(model.name, self._pace, note=self._note)
        lane = self._lanes[key]
        lane.restrict(model)
        return lane

    def _note(self, lane: str, limit: int, reason: str) -> None:
        self.history.note(lane, limit, reason)

    def key(self, model: ModelSpec) -> str:
        """Return what models with one lane have in common."""
        return "\n".join(
            (model.id, (model.api_base or "").rstrip("/"), model.api_key_env or "", model.outputs or "")
        )

    def wanted(self, model: ModelSpec) -> int | None:
        """Return how many calls of a model are of use now; None where nothing limits it."""
        if model.recorded or model.id.startswith("offline/"):
            return None
        return self.of(model).wanted


def _span(seconds: float) -> str:
    return f"{seconds:.0f} s" if seconds < 120 else f"{seconds / 60:.0f} minutes"
