"""A server in trouble: what it does to a call depends on the call and on how often it was asked, nothing else."""

from __future__ import annotations

import contextlib
import json
import os
import random
import threading
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from support.openai_server import (
    OpenAIServer,
    Reply,
    broken_stream,
    empty,
    failure,
    hang,
    malformed,
    rate_limited,
)
from support.real_data import write_prompt, write_suite
from workbench.store import RunRecord
from workbench.store.results import CellRecord
from workbench.workspace import Workspace

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


@dataclass(frozen=True)
class Weathered:
    """What came of a run in a storm. ``memory`` holds (cells done, megabytes of the run's process)."""

    ended: RunRecord
    cells: list[CellRecord]
    received: int
    least_calls: int
    answered_whole: int
    asked_after_answered: int
    dealt: dict[str, int]
    memory: list[tuple[int, float]]
    seconds: float

    @property
    def growth_mb(self) -> float:
        """How much the process grew after a third of the cells: all is loaded and in use by then."""
        then = next(megabytes for done, megabytes in self.memory if done >= len(self.cells) / 3)
        return max(megabytes for _, megabytes in self.memory) - then

    def __str__(self) -> str:
        return (
            f"{len(self.cells)} cells in {self.seconds:.0f} s, {self.ended.errors} errors; {self.received} calls "
            f"where {self.least_calls} would answer all; {self.asked_after_answered} repeated after an answer; "
            f"{self.memory[-1][1]:.0f} MB at the end, {self.growth_mb:.1f} more than after a third; {self.dealt}"
        )


def weather(root: Path, *, cases: int, concurrency: int = 50, timeout_s: float = 3) -> Weathered:
    """Run so many cases, each by a whole answer and by a streamed one, against a server in a storm."""
    write_prompt(root, "echo", "Say {{word}}")
    rows = [
        {"id": f"c{n}", "vars": {"word": f"word-{n}"}, "expected": f"word-{n} it is"} for n in range(cases)
    ]
    storm = FaultStorm(lambda body: f"{body['messages'][-1]['content'][4:]} it is")
    with OpenAIServer(storm, keep_calls=False) as server:
        model = {"id": "openai/test-model", "api_base": server.base_url, "timeout_s": timeout_s}
        suite = {
            "prompts": ["echo"],
            "models": [
                {**model, "label": "whole"},
                {**model, "label": "streamed", "params": {"stream": True}},
            ],
            "scorers": ["exact"],
            "concurrency": concurrency,
        }
        write_suite(root, "storm", suite, rows)
        workspace = Workspace.open(root)
        begun = time.monotonic()
        run = workspace.runs.start("storm", use_cache=False)
        memory, watcher = _memory(workspace, run.id)
        ended = workspace.runs.follow(run.id)
        watcher.join()
        seconds = time.monotonic() - begun
        _, found = workspace.store.results.page(run.id, None, limit=2 * cases)
        workspace.close()
        return Weathered(
            ended,
            found,
            server.received,
            storm.least_calls(),
            server.answered_whole,
            server.asked_after_answered,
            dict(storm.dealt),
            memory,
            seconds,
        )


def _memory(workspace: Workspace, run_id: str) -> tuple[list[tuple[int, float]], threading.Thread]:
    """Note the memory of the run's process twice a second until the run ends."""
    noted: list[tuple[int, float]] = []

    def watch() -> None:
        while (record := workspace.store.runs.progress(run_id)).active:
            if record.worker is not None:
                with contextlib.suppress(OSError):
                    noted.append((record.done, _megabytes(record.worker)))
            time.sleep(0.5)

    watcher = threading.Thread(target=watch, daemon=True)
    watcher.start()
    return noted, watcher


def _megabytes(worker: str) -> float:
    pages = Path(f"/proc/{worker.split(':')[1]}/statm").read_text(encoding="ascii").split()[1]
    return int(pages) * os.sysconf("SC_PAGE_SIZE") / 1e6
