"""Whether this process keeps up with its calls: a client that is too busy measures itself, not the model.

A timer shows how late the event loop comes to what is ready. Every answer that arrives is read that late, and where
the connection cannot tell when it arrived, the recorded latency is too long by it. Where that is more than the
tolerated share, fewer calls go out at once, if it is this process that computes so much; where other programs keep
the machine busy, fewer calls would not help.
"""

from __future__ import annotations

import asyncio
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from statistics import median

from workbench.llm.types import Completion


@dataclass(frozen=True)
class Tolerance:
    """How much lateness is too much. Times in seconds.

    An answer may be read late by ``share`` of the typical latency, and always by ``least_s``. Each ``window_s``
    is judged by itself: one that is too late multiplies the number of calls by ``cut``, and one with less than
    half of the tolerated lateness raises it by ``growth``. Lateness is our own doing where this process computes
    for ``own_share`` of the time or more.
    """

    share: float = 0.05
    least_s: float = 0.01
    window_s: float = 1.0
    probe_s: float = 0.05
    cut: float = 0.8
    growth: float = 0.1
    fewest: int = 4
    own_share: float = 0.5


class Load:
    """Watches the event loop that it is started on, and says how many calls this process can take.

    Args:
        note: Told of each change: how many calls may go out now, and why.
    """

    def __init__(
        self,
        note: Callable[[int, str], None] = lambda limit, reason: None,
        tolerance: Tolerance | None = None,
    ) -> None:
        self._note, self._tolerance = note, tolerance or Tolerance()
        self._limit: float | None = None  # None: nothing was too much yet
        self._wanted = self._busiest = 1
        self._latencies: deque[float] = deque(maxlen=200)
        self._task: asyncio.Task[None] | None = None
        #: The worst window so far: how late answers were read, and the typical latency then, in seconds.
        self.worst: tuple[float, float] | None = None
        #: The fewest calls that it went down to; None where it never did.
        self.lowest: int | None = None

    def allowed(self, wanted: int) -> int:
        """Return how many calls may be under way, of so many wanted."""
        self._wanted = wanted
        return wanted if self._limit is None else max(1, min(wanted, int(self._limit)))

    def saw(self, completion: Completion) -> None:
        """Take note of an answer that was really waited for."""
        if completion.latency_s is not None and not completion.cached and completion.ok:
            self._latencies.append(completion.latency_s)

    def judge(self, lateness_s: float, computing: float = 1.0) -> None:
        """Decide by the last window: how late the loop was, in seconds, and for what share of it we computed."""
        if not self._latencies:
            return
        typical = median(self._latencies)
        tolerated = max(self._tolerance.least_s, self._tolerance.share * typical)
        self._latencies.clear()
        if lateness_s > tolerated:
            self.worst = max(self.worst or (0.0, 0.0), (lateness_s, typical))
            if computing >= self._tolerance.own_share:
                self._lower(lateness_s, typical)
        elif self._limit is not None and lateness_s < tolerated / 2:
            self._raise()

    def _lower(self, lateness_s: float, typical_s: float) -> None:
        before = self.allowed(self._wanted)
        lowered = max(min(self._tolerance.fewest, before), int(before * self._tolerance.cut))
        self.lowest = lowered if self.lowest is None else min(self.lowest, lowered)
        if lowered < before:
            self._limit = lowered
            self._note(
                lowered,
                f"too busy here: answers were read {lateness_s * 1000:.0f} ms late, "
                f"at {typical_s * 1000:.0f} ms a call",
            )

    def _raise(self) -> None:
        assert self._limit is not None
        before = int(self._limit)
        self._limit = max(before + 1, self._limit * (1 + self._tolerance.growth))
        if self._limit >= self._wanted:
            self._limit = None
        self._note(self.allowed(self._wanted), "keeping up again")

    async def __aenter__(self) -> Load:
        self._task = asyncio.create_task(self._watch())
        return self

    async def __aexit__(self, *exc_info: object) -> None:
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)

    async def _watch(self) -> None:
        loop, probe_s = asyncio.get_running_loop(), self._tolerance.probe_s
        late: list[float] = []
        begun, computed = loop.time(), time.process_time()
        while True:
            due = loop.time() + probe_s
            await asyncio.sleep(probe_s)
            late.append(loop.time() - due)
            if (passed := loop.time() - begun) >= self._tolerance.window_s:
                self.judge(sum(late) / len(late), (time.process_time() - computed) / passed)
                late, begun, computed = [], loop.time(), time.process_time()

    @property
    def sentence(self) -> str | None:
        """What a person should know of it, or None where it always kept up."""
        if self.worst is None:
            return None
        late, typical = self.worst
        did = "other programs kept it so" if self.lowest is None else f"it went down to {self.lowest} at once"
        return (
            f"This machine was too busy for {self._wanted} calls at once: at worst answers were read "
            f"{late * 1000:.0f} ms late, at {typical * 1000:.0f} ms a call, and {did}; "
            "latencies recorded then may be too long"
        )
