"""Judges answers beside the asking: the next answers come in meanwhile."""

from __future__ import annotations

import asyncio
import time

from workbench.evals.runner import GRACE_S, CostCap
from workbench.evals.scorers.answers import Withheld
from workbench.evals.types import Cell, Score
from workbench.jobs.beside import ScoringThread
from workbench.jobs.comparing_judges import compare_missing
from workbench.jobs.heart import Heart
from workbench.jobs.job import Job
from workbench.jobs.judging import JudgingDesk
from workbench.jobs.scoring import judge_missing
from workbench.llm.types import Completion


class JudgesBeside:
    """Asks judges about committed answers. Use it on one event loop.

    Args:
        job: The run.
        desk: Asks and keeps replies.
        cap: The run's cost cap: under one, answers do not wait for judges.
        thread: Scores what judges were asked about.
        heart: Says whether the run goes on.
    """

    def __init__(
        self, job: Job, desk: JudgingDesk, cap: CostCap, thread: ScoringThread, heart: Heart
    ) -> None:
        self._job, self._desk, self._cap, self._thread, self._heart = job, desk, cap, thread, heart
        self._under_way: set[asyncio.Task[list[Score] | None]] = set()

    async def judge(self, row: int, cell: Cell, completion: Completion) -> list[Score] | None:
        """Ask what the scorers of an answer need to know and score it; None where that was withheld."""
        try:
            answers = await self._job.scorers.answers_for(cell.case_id, completion, self._desk)
        except Withheld:
            return None
        scored = self._thread.submit([row], [(cell, completion)], answers)
        return (await asyncio.wrap_future(scored))[0]

    async def add(self, row: int, cell: Cell, completion: Completion) -> None:
        """Have an answer judged; judges never lag far behind."""
        self._under_way.add(asyncio.create_task(self.judge(row, cell, completion)))
        # Under a cap judges wait for answers to land, so answers must not wait for judges there.
        most = 2 * self._job.record.concurrency
        while len(self._under_way) > most and self._heart.goes_on and not self._cap.limited:
            await self._some()

    async def _some(self) -> None:
        landed, self._under_way = await asyncio.wait(
            self._under_way, timeout=0.2, return_when=asyncio.FIRST_COMPLETED
        )
        for task in landed:
            task.result()

    async def finish(self) -> int:
        """Wait for the judges in flight, judge what an earlier process of this run left, then compare answers.

        Returns:
            How many answers are left without the word of a judge.
        """
        deadline: float | None = None
        while self._under_way and (deadline is None or time.monotonic() < deadline):
            await self._some()
            if not self._heart.goes_on and deadline is None:
                deadline = time.monotonic() + GRACE_S
        if self._under_way:
            return 0
        job, at_once = self._job, self._job.record.concurrency
        of_this = (job.store, job.run_id, job.scoring_id)
        left = await judge_missing(*of_this, job.scorers, self._desk, concurrency=at_once)
        return left + await compare_missing(*of_this, job.plan, job.scorers, self._desk, concurrency=at_once)

    async def cancel(self) -> None:
        """End what is under way."""
        for task in self._under_way:
            task.cancel()
        await asyncio.gather(*self._under_way, return_exceptions=True)
