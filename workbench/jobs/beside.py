"""Scores answers beside the asking, in a thread of its own, so that one transaction holds the scores of many."""

from __future__ import annotations

import time
from collections import deque
from concurrent.futures import Future, ThreadPoolExecutor

from workbench.evals.scorers.answers import Answers
from workbench.evals.types import Cell, Score
from workbench.jobs.job import Job
from workbench.llm.types import Completion

#: Scores are sent off when so many answers wait for theirs, or the first of them has waited so many seconds.
MANY, LONG_S = 100, 0.25

Batch = list[tuple[Cell, Completion]]


class ScoringThread:
    """One thread that scores committed answers and stores their scores."""

    def __init__(self, job: Job) -> None:
        self._job = job
        self._pool = ThreadPoolExecutor(1, thread_name_prefix="scoring")

    def submit(
        self, rows: list[int], batch: Batch, answers: Answers | None = None
    ) -> Future[list[list[Score]]]:
        """Score answers that have these rows, by what was gathered for them; the scores come in the same order."""
        return self._pool.submit(self._score, rows, batch, answers)

    def _score(self, rows: list[int], batch: Batch, answers: Answers | None) -> list[list[Score]]:
        job = self._job
        scores = [job.scorers.score(cell.case_id, completion, answers) for cell, completion in batch]
        job.store.results.add_scores(job.scoring_id, zip(rows, scores, strict=True))
        return scores

    def close(self) -> None:
        """Wait for what was submitted and end the thread."""
        self._pool.shutdown(wait=True)


class ScoresBeside:
    """Gathers committed answers and has them scored. A fault in the scoring is raised at the next call."""

    def __init__(self, thread: ScoringThread) -> None:
        self._thread = thread
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
            self._sent.append(self._thread.submit(self._rows, self._batch))
            self._rows, self._batch = [], []

    def finish(self) -> None:
        """Wait until everything is scored."""
        self._send()
        while self._sent:
            self._sent.popleft().result()
