"""When to ask again, and after how long."""

from __future__ import annotations

import random
from collections.abc import Mapping
from dataclasses import dataclass
from email.utils import parsedate_to_datetime
from time import time

from workbench.errors import CompletionError


@dataclass(frozen=True)
class RetryPolicy:
    """Exponential backoff with jitter that honours Retry-After. All times in seconds.

    A call that ran into its timeout is asked once more only, so that a hang never holds a run. A server that
    asks for a longer pause than ``longest_wait_s`` gets it: the call ends, and says so.
    """

    max_retries: int = 4
    first_wait_s: float = 0.5
    widest_wait_s: float = 30.0
    longest_wait_s: float = 90.0
    timeout_retries: int = 1

    def wait(self, error: CompletionError, attempt: int, timeouts: int) -> float | None:
        """Return the seconds to wait before the next attempt, or None to give up.

        Args:
            error: What the last attempt ended in.
            attempt: How many attempts have failed, from 1.
            timeouts: How many of them by timeout.
        """
        if not error.retryable or attempt > self.max_retries:
            return None
        if error.kind == "timeout" and timeouts > self.timeout_retries:
            return None
        asked = error.retry_after_s
        if asked is not None and asked > self.longest_wait_s:
            return None
        backoff = min(self.widest_wait_s, self.first_wait_s * 2 ** (attempt - 1)) * random.uniform(0.5, 1.0)
        if asked is None:
            return backoff
        # Everyone was told the same moment; a little jitter keeps them from arriving together.
        return asked + random.uniform(0.0, min(1.0, 0.1 * asked + 0.05))


class Tries:
    """What the attempts of one call came to so far."""

    def __init__(self, policy: RetryPolicy) -> None:
        self._policy = policy
        self._failures = self._timeouts = 0
        #: The last failure, which the next one may say less than.
        self.made: CompletionError | None = None
        self._last: CompletionError | None = None

    def wait(self, error: CompletionError) -> float | None:
        """Count a failed attempt; return the seconds to wait before the next one, or None to give up."""
        self.made, self._last = self._last, error
        self._failures += 1
        self._timeouts += error.kind == "timeout"
        return self._policy.wait(error, self._failures, self._timeouts)


def retry_after(headers: Mapping[str, str]) -> float | None:
    """Read Retry-After (seconds or a date) or ``retry-after-ms``; None where absent or senseless."""
    lowered = {str(name).lower(): str(value).strip() for name, value in headers.items()}
    try:
        if "retry-after-ms" in lowered:
            return _sensible(float(lowered["retry-after-ms"]) / 1000)
        text = lowered.get("retry-after")
        if not text:
            return None
        if text[0].isdigit():
            return _sensible(float(text))
        return _sensible(parsedate_to_datetime(text).timestamp() - time())
    except (ValueError, TypeError, OverflowError):
        return None


def _sensible(seconds: float) -> float | None:
    return max(0.0, seconds) if seconds < 1e7 else None
