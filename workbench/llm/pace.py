"""How a lane of calls adapts, and how so many a minute are kept."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Pace:
    """How a lane adapts. The figures are those that Inspect AI settled on, times are in seconds.

    The limit doubles each clean round until the first refusal, then grows by ``growth``, each time only if at
    least ``saturation`` of it was in use. A refusal (429, 529) multiplies it by ``cut``, at most once in
    ``debounce_s``; ``pause_after`` of them in a row make all calls wait as long as the server asks.

    After ``silent_calls`` failures in a row with no answer between them one call at a time goes out, and once
    that has lasted ``give_up_s`` (``give_up_refused_s`` where the server does answer, with refusals) the others
    end unasked, but for one every ``probe_every_s``.
    """

    start: int = 20
    most: int = 1000
    cut: float = 0.8
    growth: float = 0.05
    saturation: float = 0.8
    debounce_s: float = 15.0
    pause_after: int = 2
    silent_calls: int = 10
    give_up_s: float = 60.0
    give_up_refused_s: float = 300.0
    probe_every_s: float = 30.0
    patience_s: float = 90.0


class Bucket:
    """So much a minute: never more than ``per_minute`` within any 60 seconds, and a twentieth of it at once."""

    def __init__(self, per_minute: int, now: float) -> None:
        self.burst = max(1.0, per_minute / 20)
        self._per_s = (per_minute - self.burst + 1) / 60
        self._free, self._at = self.burst, now

    def delay(self, amount: float, now: float) -> float:
        """Return the seconds until ``amount`` may be taken; more than the burst may go when the bucket is full."""
        self._refill(now)
        missing = min(amount, self.burst) - self._free
        return missing / self._per_s if missing > 1e-9 else 0.0

    def take(self, amount: float, now: float) -> None:
        """Take, or with a negative amount give back; what was taken too much is waited for later."""
        self._refill(now)
        self._free = min(self.burst, self._free - amount)

    def _refill(self, now: float) -> None:
        self._free = min(self.burst, self._free + (now - self._at) * self._per_s)
        self._at = now
