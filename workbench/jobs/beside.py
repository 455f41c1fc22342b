"""Scores answers beside the asking, in a thread of its own, so that one transaction holds the scores of many."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable
from concurrent.futures import Executor, Future

from workbench.evals.types import Cell, Score
from workbench.llm.types import Completion

#: Scores are sent off when so many answers wait for theirs, or the first of them has waited so many seconds.
MANY, LONG_S = 100, 0.25

Batch = list[tuple[Cell, Completion]]


class ScoresBeside:
    """Gathers committed answers and has them scored. A fault in the scoring is raised at the next call.

    Args:
        pool: Of one thread.
        score: Scores answers and stores that, given their rows.
    """

    def __init__(self, pool: Executor, score: Callable[[list[int], Batch], list[list[Score]]]) -> None:
        self._pool, self._score = pool, score
        self._rows: list[int] = []
        self._batch: Batch = []
        self._since = 0.0
        self._sent: deque[Future[list[list[Score]]]] = deque()

    def add(self, rows: list[int], batch: Batch) -> None:
        """Have these answers scored soon."""
        if not self._rows:
            self._since = time.monotonic()
        self._rows += rows
        self._batch += batch
        if len(self._rows) >= MANY or time.monotonic() - self._since >= LONG_S:
            self._send()
        while self._sent and self._sent[0].done():
            self._sent.popleft().result()

    def _send(self) -> None:
        if self._rows:
            self._sent.append(self._pool.submit(self._score, self._rows, self._batch))
            self._rows, self._batch = [], []

    def finish(self) -> None:
        """Wait until everything is scored."""
        self._send()
        while self._sent:
            self._sent.popleft().result()
