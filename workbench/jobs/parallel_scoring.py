"""Scores batches of answers in their order, in helper processes where that is measured to pay.

A helper is this module run as a program. It gets its scorers once and then batches of answers through its pipes, and
ends when they close. Nothing of the caller's own program is run again in it, as `multiprocessing` would.
"""

from __future__ import annotations

import os
import pickle
import subprocess
import sys
import threading
import time
from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress
from queue import SimpleQueue
from typing import TYPE_CHECKING, Any

from workbench.evals.own.allowed import sources_of
from workbench.evals.types import Case, Score
from workbench.jobs.case_scorers import CaseScorers, SuiteScorers
from workbench.llm.types import Completion

if TYPE_CHECKING:
    from workbench.store import CellRecord

#: What a helper costs before its first score, in seconds of CPU, beside what the scorers themselves must load.
START_S = 1.0
#: Helpers must save at least so many seconds.
WORTH_S = 2.0
MAX_HELPERS = 4
#: Batches that wait for each helper, so that it never waits for us.
AHEAD = 2

Scored = tuple[Sequence["CellRecord"], list[list[Score]]]


def scored(
    scorers: CaseScorers, batches: Iterable[Sequence[CellRecord]], total: int, *, helpers: int | None = None
) -> Iterator[Scored]:
    """Yield every batch with the scores of its answers, in the order in which the batches come.

    The first batches are scored here; what they took says whether helpers pay for the rest. A helper that ends
    unasked is done without: its batch is scored here.

    Args:
        total: How many answers there are in all batches.
        helpers: So many from the start, in place of deciding.
    """
    rest, pace, done = iter(batches), Pace(), 0
    alone = any(sources_of(specs) for specs in _all_specs(scorers))
    while True:
        count = 0 if alone else pace.helpers(total - done) if helpers is None else helpers
        if count:
            yield from _scored_by_helpers(scorers, rest, count)
            return
        records = next(rest, None)
        if records is None:
            return
        begun = time.thread_time()
        found = _scores(scorers, _questions(scorers, records))
        pace.saw(len(records), time.thread_time() - begun)
        yield records, found
        done += len(records)


class Pace:
    """How long scoring takes, as seen so far: the first batch loads what the scorers need."""

    def __init__(self) -> None:
        self._first: tuple[int, float] | None = None
        self._count, self._seconds = 0, 0.0

    def saw(self, answers: int, seconds: float) -> None:
        """Note the CPU time of a batch."""
        if self._first is None:
            self._first = (answers, seconds)
        else:
            self._count, self._seconds = self._count + answers, self._seconds + seconds

    def helpers(self, left: int) -> int:
        """Return how many helpers pay for so many answers more; 0 where none do."""
        count = min(_processors(), MAX_HELPERS)
        if self._first is None or not self._count or count < 2:
            return 0
        each = self._seconds / self._count
        loading = max(0.0, self._first[1] - self._first[0] * each)
        saved = left * each * (1 - 1 / count)
        return count if saved > loading + START_S + WORTH_S else 0


def _processors() -> int:
    """Return how many processors this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def _all_specs(scorers: CaseScorers) -> Iterator[Sequence[Any]]:
    yield scorers.specs
    yield from (case.scorers for case in scorers.cases.values() if case.scorers)


def _questions(scorers: CaseScorers, records: Sequence[CellRecord]) -> list[tuple[Case, Completion]]:
    return [(scorers.cases[record.cell.case_id], record.completion) for record in records]


def _scores(scorers: SuiteScorers, answers: Sequence[tuple[Case, Completion]]) -> list[list[Score]]:
    return [scorers.score_case(case, completion) for case, completion in answers]


def _scored_by_helpers(
    scorers: CaseScorers, batches: Iterator[Sequence[CellRecord]], count: int
) -> Iterator[Scored]:
    waiting: deque[tuple[Sequence[CellRecord], Future[list[list[Score]]]]] = deque()
    with _Helpers(scorers, count) as team, ThreadPoolExecutor(count, thread_name_prefix="helper") as threads:
        try:
            for records in batches:
                waiting.append((records, threads.submit(team.score, _questions(scorers, records))))
                if len(waiting) >= count * AHEAD:
                    first, scores = waiting.popleft()
                    yield first, scores.result()
            while waiting:
                first, scores = waiting.popleft()
                yield first, scores.result()
        finally:
            for _, scores in waiting:
                scores.cancel()
            team.close()


class _Helpers:
    """Helper processes; each scores one batch at a time."""

    def __init__(self, scorers: SuiteScorers, count: int) -> None:
        self._scorers, self._closed = scorers, threading.Event()
        setting = pickle.dumps((scorers.specs, scorers.setting, scorers.with_overall))
        self._all = [_started(setting) for _ in range(count)]
        self._free: SimpleQueue[subprocess.Popen[bytes] | None] = SimpleQueue()
        for process in self._all:
            self._free.put(process)

    def __enter__(self) -> _Helpers:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()
        for process in self._all:
            for pipe in (process.stdin, process.stdout):
                with suppress(OSError):  # what was still to be sent has no reader
                    pipe.close()  # type: ignore[union-attr]

    def score(self, answers: list[tuple[Case, Completion]]) -> list[list[Score]]:
        """Score a batch in a free helper; here, where that one is gone."""
        process = self._free.get()
        found = None if process is None else _exchange(process, answers)
        self._free.put(process if found is not None else None)
        if found is not None:
            return found
        return [] if self._closed.is_set() else _scores(self._scorers, answers)

    def close(self) -> None:
        """End all helpers, whatever they are doing."""
        self._closed.set()
        for process in self._all:
            process.kill()
            process.wait()


def _started(setting: bytes) -> subprocess.Popen[bytes]:
    process = subprocess.Popen(
        [sys.executable, "-P", "-m", "workbench.jobs.parallel_scoring"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(path for path in sys.path if path)},
        start_new_session=True,  # a Ctrl-C is the caller's to handle
    )
    assert process.stdin is not None
    try:
        process.stdin.write(setting)
    except OSError:
        process.kill()  # it is done without
    return process


def _exchange(process: subprocess.Popen[bytes], answers: Any) -> list[list[Score]] | None:
    """Return a helper's scores, None where it is gone."""
    assert process.stdin is not None and process.stdout is not None
    try:
        pickle.dump(answers, process.stdin)
        process.stdin.flush()
        return pickle.load(process.stdout)
    except (OSError, EOFError, ValueError, pickle.UnpicklingError):
        process.kill()
        return None


def main() -> None:
    """Be a helper: read the scorers, then answer each batch with its scores."""
    source, target = os.fdopen(os.dup(0), "rb"), os.fdopen(os.dup(1), "wb")
    # Whatever a library prints or reads must not come between.
    os.dup2(os.open(os.devnull, os.O_RDWR), 0)
    os.dup2(2, 1)
    specs, setting, with_overall = pickle.load(source)
    scorers = SuiteScorers(specs, setting, with_overall=with_overall)
    while True:
        try:
            answers = pickle.load(source)
        except EOFError:
            return
        pickle.dump(_scores(scorers, answers), target)
        target.flush()


if __name__ == "__main__":
    main()
