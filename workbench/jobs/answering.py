"""Asks what a run lacks: commits each answer, then has it scored, judged, or looked at."""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncGenerator
from contextlib import aclosing, suppress

from workbench.evals.load import Load
from workbench.evals.runner import CostCap, answer_batches, spent
from workbench.evals.types import Cell
from workbench.jobs.beside import Batch, ScoresBeside, ScoringThread
from workbench.jobs.caps import daily_caps, paid
from workbench.jobs.heart import Heart
from workbench.jobs.held_cache import HeldCache
from workbench.jobs.job import Job
from workbench.jobs.judges_beside import JudgesBeside
from workbench.jobs.judging import JudgingDesk
from workbench.jobs.scoring import judge_missing, score_missing
from workbench.jobs.until_decided import InOrder, Looks
from workbench.llm.gateway import Gateway
from workbench.llm.limit_history import THIS_MACHINE
from workbench.llm.pricebook import PriceBook
from workbench.llm.types import Usage
from workbench.store.answers import Answer
from workbench.store.spending import Reached

#: Without the cache, what two versions of a case ask alike is asked once: so many answers are remembered for that.
ALIKE = 256


class Answering:
    """One process's work on the cells that have no answer yet.

    Args:
        job: The run.
        heart: Beats meanwhile, and says whether to go on.
        thread: Scores answers.
    """

    def __init__(self, job: Job, heart: Heart, thread: ScoringThread) -> None:
        self._job, self._heart, self._thread = job, heart, thread
        self._prices = PriceBook.from_pinned(job.record.plan.get("prices"))
        self._cap = CostCap(job.record.max_cost_usd, spent_usd=paid(job.record))
        self._cap.first_usd = job.record.plan.get("call_usd") or 0.0
        self.load = Load(lambda limit, reason: heart.history.note(THIS_MACHINE, limit, reason))
        #: The cap of the day that was met, what a run until decided has seen, and answers no judge has spoken of.
        self.reached: Reached | None = None
        self.looks: Looks | None = None
        self.unjudged = 0

    async def work(self) -> None:
        """Ask until nothing is left, or until the run is to stop."""
        job = self._job
        self._heart.heed_signals()
        self._heed_daily_caps()
        done = job.store.results.answered(job.run_id)
        # Between two looks, and while judges are asked, an answer may wait: then the cache has it at once.
        hold_back = job.record.use_cache and job.record.sequential is None and not job.scorers.asks
        held = HeldCache(job.store.cache) if hold_back else None
        cache = held or (job.store.cache if job.record.use_cache else None)
        gateway = Gateway(
            cache=cache, root=job.folder, workspace=job.root, prices=self._prices, remember=ALIKE
        )
        gateway.lanes.history = self._heart.history
        desk = self._desk(gateway)
        self.looks = await self._begin_looks(done, desk)
        judges = JudgesBeside(job, desk, self._cap, self._thread, self._heart)
        beside = ScoresBeside(self._thread)
        beating = asyncio.create_task(self._heart.beat())
        try:
            await self._take(self._batches(gateway, done), held, judges, beside)
            if job.scorers.asks and not self._heart.lost:
                self.unjudged = await judges.finish()
        finally:
            await judges.cancel()
            beating.cancel()
            with suppress(asyncio.CancelledError):
                await beating
            if held:
                held.flush()
            self._heart.keep_history()
            await gateway.aclose()
        beside.finish()

    def _heed_daily_caps(self) -> None:
        """Ask the store for room under the caps of the day, where some call may cost something."""
        job, caps, one = self._job, daily_caps(os.environ), Usage(input=1, output=1)
        models = [*job.plan.models, *job.scorers.models]
        if not caps or all(model.recorded or self._prices.cost(model.id, one) == 0 for model in models):
            return

        def hold(usd: float) -> bool:
            self.reached = job.store.spending.hold(caps, job.record.author, usd, run_id=job.run_id)
            return self.reached is None

        self._cap.hold = hold

    def _desk(self, gateway: Gateway) -> JudgingDesk:
        return JudgingDesk(
            self._job.store,
            gateway,
            run_id=self._job.run_id,
            scoring_id=self._job.scoring_id,
            cap=self._cap,
            prices=self._prices,
            everywhere=self._job.record.use_cache,
            stopping=lambda: not self._heart.goes_on,
        )

    async def _begin_looks(self, done: set[Cell], desk: JudgingDesk) -> Looks | None:
        """Begin to look at a run until decided, with what an earlier process of it has answered; else None."""
        job = self._job
        if job.record.sequential is None:
            return None
        looks = Looks(job.plan, job.record.sequential)
        # A run that was decided before and is resumed plans for all cells again.
        job.store.runs.set_sequential(job.run_id, looks.settings, planned=len(job.plan))
        of_this = (job.store, job.run_id, job.scoring_id)
        if job.scorers.asks:
            await judge_missing(*of_this, job.scorers, desk, concurrency=8)
        else:
            score_missing(*of_this, job.scorers)
        looks.load(job.store.results.frames(job.run_id, job.scoring_id)[0], done)
        return looks

    def _batches(self, gateway: Gateway, done: set[Cell]) -> AsyncGenerator[Batch]:
        everything = self.looks.cells() if self.looks else self._job.plan.cells()
        return answer_batches(
            self._job.plan,
            (cell for cell in everything if cell not in done),
            gateway,
            concurrency=self._job.record.concurrency,
            cap=self._cap,
            stopping=lambda: not self._heart.goes_on or (self.looks is not None and self.looks.decided),
            pacing=InOrder() if self.looks else gateway.lanes,
            load=self.load,
        )

    async def _take(
        self,
        batches: AsyncGenerator[Batch],
        held: HeldCache | None,
        judges: JudgesBeside,
        beside: ScoresBeside,
    ) -> None:
        """Commit answers as they arrive, and hand them on."""
        job = self._job
        async with self.load, aclosing(batches):
            async for batch in batches:
                if self._heart.lost:
                    return
                answers = [Answer(*arrived, spent(job.plan, *arrived)) for arrived in batch]
                rows = job.store.results.add_completions(
                    job.run_id, answers, kept=held.take() if held else ()
                )
                if self.looks:
                    await self._look(self.looks, rows, batch, judges)
                elif job.scorers.asks:
                    for row, (cell, completion) in zip(rows, batch, strict=True):
                        await judges.add(row, cell, completion)
                else:
                    beside.add(rows, batch)

    async def _look(self, looks: Looks, rows: list[int], batch: Batch, judges: JudgesBeside) -> None:
        """Score answers and look: nothing new is asked until they have been looked at."""
        if not self._job.scorers.asks:
            scored = await asyncio.wrap_future(self._thread.submit(rows, batch))
            for (cell, _), scores in zip(batch, scored, strict=True):
                looks.add(cell, scores)
            return
        for row, (cell, completion) in zip(rows, batch, strict=True):
            judged = await judges.judge(row, cell, completion)
            if judged is not None:
                looks.add(cell, judged)
