"""A server in trouble: what it does to a call depends on the call and on how often it was asked, nothing else."""

from __future__ import annotations

import json
import random
from collections import Counter
from collections.abc import Callable
from typing import Any

from support.openai_server import Reply, broken_stream, empty, failure, hang, malformed, rate_limited

#: What befalls a call, and how often.
RATES: dict[str, float] = {
    "refused": 0.20,
    "failed": 0.10,
    "hung": 0.05,
    "cut": 0.05,
    "malformed": 0.02,
    "empty": 0.01,
}
_REPLIES: dict[str, Callable[[], Reply]] = {
    "failed": failure,
    "hung": hang,
    "cut": broken_stream,
    "malformed": malformed,
    "empty": empty,
}


class FaultStorm:
    """The ``answer`` of an `OpenAIServer`.

    Args:
        answer: The text of a call that goes well.
        retry_after_s: What a refusal asks for.
        delay_s: How long an answer takes, in seconds.
        seed: Another seed is another storm.
    """

    def __init__(
        self,
        answer: Callable[[dict[str, Any]], str],
        *,
        retry_after_s: float = 0.1,
        delay_s: float = 0.02,
        seed: int = 1,
    ) -> None:
        self._answer, self._retry_after_s, self._delay_s, self._seed = answer, retry_after_s, delay_s, seed
        self._asked: Counter[str] = Counter()
        self.dealt: Counter[str] = Counter()

    def __call__(self, body: dict[str, Any]) -> Reply:
        key = json.dumps(body, sort_keys=True)
        fault = self.fault(key, self._asked[key])
        self._asked[key] += 1
        self.dealt[fault or "answered"] += 1
        if fault == "refused":
            return rate_limited(self._retry_after_s)
        return _REPLIES[fault]() if fault else Reply(text=self._answer(body), delay_s=self._delay_s)

    def fault(self, key: str, attempt: int) -> str | None:
        """Return what befalls this attempt at a call, counted from 0; None where it is answered."""
        drawn = random.Random(f"{self._seed} {attempt} {key}").random()
        for fault, rate in RATES.items():
            drawn -= rate
            if drawn < 0:
                return fault
        return None

    def least_calls(self) -> int:
        """Return how many calls answering everything asked so far takes, if none is made in vain."""
        return sum(self._least(key) for key in self._asked)

    def _least(self, key: str) -> int:
        attempt = 0
        while self.fault(key, attempt) is not None:
            attempt += 1
        return attempt + 1
