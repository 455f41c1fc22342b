"""The process of one run: claims it, asks what is missing, commits each answer, scores it, beats its heart.

Started as ``python -m workbench.jobs.worker WORKSPACE RUN``. It may be killed at any moment.
"""

from __future__ import annotations

import asyncio
import os
import signal
import socket
import sys
import time
from collections.abc import Coroutine
from concurrent.futures import ThreadPoolExecutor
from contextlib import aclosing, suppress
from functools import partial
from pathlib import Path
from typing import Any

from filelock import Timeout

from workbench.errors import BadInput, WorkbenchError
from workbench.evals.load import Load
from workbench.evals.own.allowed import admit_run
from workbench.evals.plan import Plan, pin_recordings
from workbench.evals.runner import GRACE_S, CostCap, answer_batches, spent
from workbench.evals.scorers.answers import Answers, Withheld
from workbench.evals.types import Cell, Score
from workbench.jobs.beside import ScoresBeside
from workbench.jobs.caps import cap_sentence, daily_caps
from workbench.jobs.comparing_cases import compare_groups
from workbench.jobs.comparing_judges import compare_missing
from workbench.jobs.gating import judge_run
from workbench.jobs.held_cache import HeldCache
from workbench.jobs.judging import JudgingDesk
from workbench.jobs.process import alive, lock_of, worker_name
from workbench.jobs.scoring import CaseScorers, judge_missing, pin_recorded_judges, score_missing
from workbench.jobs.until_decided import InOrder, Looks
from workbench.llm.gateway import Gateway
from workbench.llm.limit_history import THIS_MACHINE, LimitHistory
from workbench.llm.pricebook import PriceBook
from workbench.llm.types import Completion, Usage
from workbench.store import RunRecord, Store, database_url
from workbench.store.answers import Answer
from workbench.store.runs import Status
from workbench.store.spending import Caps, Reached

HEARTBEAT_S = 1.0
#: Without the cache, what two versions of a case ask alike is asked once: so many answers are remembered for that.
ALIKE = 256


def main(arguments: list[str]) -> int:
    """Work on the run until it has ended; 0 also when another process has it."""
    root, run_id = Path(arguments[0]), arguments[1]
    state = root / ".workbench"
    store = Store(database_url(state))
    try:
        with lock_of(state, run_id).acquire(timeout=0):
            record = store.runs.get(run_id)
            worker = worker_name()
            if store.runs.claim(run_id, worker, evict=not _held_elsewhere(state, record)):
                Worker(root, store, record, worker).work()
    except Timeout:
        return 0
    finally:
        store.close()
    return 0


def _held_elsewhere(state: Path, record: RunRecord) -> bool:
    """Whether a living process on another machine has the run; on this one we hold its lock."""
    here = record.worker is None or record.worker.split(":")[0] == socket.gethostname()
    return not here and alive(state, record)


class Worker:
    """Holds what the run needs while it runs."""

    def __init__(self, root: Path, store: Store, record: RunRecord, worker: str) -> None:
        self.root, self.store, self.record, self.worker = root, store, record, worker
        self.begun = time.monotonic()
        self.signal: str = "go"  # go, cancel, or lost
        self.reached: Reached | None = None
        self.looks: Looks | None = None
        self.judging: set[asyncio.Task[list[Score] | None]] = set()
        self.unjudged = 0
        self.unscored = False
        self.beaten = 0.0
        self.history = LimitHistory()
        self.load = Load(lambda limit, reason: self.history.note(THIS_MACHINE, limit, reason))
        self.scoring = ThreadPoolExecutor(1, thread_name_prefix="scoring")

    def active_s(self) -> float:
        """Seconds that processes have worked on this run, this one included."""
        return self.record.active_s + time.monotonic() - self.begun

    def work(self) -> None:
        """Run to the end and close the row; a fault becomes the run's message."""
        try:
            plan = Plan.from_dict(self.record.plan, self.store.runs.cases(self.record.plan["dataset_sha256"]))
            self._check_recordings(plan)
            admit_run(plan.scorers, self.root)
            scorers = CaseScorers(plan, plan.scorers)
            asyncio.run(self._answer(plan, scorers))
            if self.signal == "lost":
                return
            self.unscored = not scorers.asks and not score_missing(
                self.store, self.record.id, self.scoring_id, scorers, stopping=self._is_to_stop
            )
            if self.signal == "lost":
                return
            status, message = self._outcome(plan)
            message = ". ".join(said for said in (message, self.load.sentence) if said) or None
            if status == "complete":
                compare_groups(self.store, self.record.id, self.scoring_id, plan, scorers)
                # Else the scoring stays open, and a resumed run adds to it.
                self.store.results.finish_scoring(self.scoring_id)
            gate = judge_run(self.store, self.record.id, plan) if status == "complete" else None
        except WorkbenchError as problem:
            status, message, gate = "failed", str(problem), None
        except Exception as problem:
            # The log keeps the trace; the row keeps one sentence. Neither may quote what a provider sent.
            status, gate = "failed", None
            message = f"The run met a fault of ours ({type(problem).__name__}); what was answered is kept. Resume it."
            self._log(problem)
        finally:
            self.scoring.shutdown(wait=True)
        self.store.runs.finish(
            self.record.id, self.worker, status, active_s=self.active_s(), message=message, gate=gate
        )

    def _check_recordings(self, plan: Plan) -> None:
        folder = self.root / (plan.folder or ".")
        now = pin_recordings(plan.models, [p.name for p in plan.prompts], folder)
        now |= pin_recorded_judges(plan, self.root)
        for path, sha256 in plan.recordings.items():
            if now.get(path) != sha256:
                raise BadInput(
                    "The recorded outputs changed since this run was started",
                    file=path,
                    hint="restore the file, or start a new run",
                )

    async def _answer(self, plan: Plan, scorers: CaseScorers) -> None:
        """Ask what is missing; commit each answer, then score it in a thread of its own."""
        store, run_id = self.store, self.record.id
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, lambda: setattr(self, "signal", "cancel"))
        self.scoring_id = self._open_scoring(plan)
        done = store.results.answered(run_id)
        # Between two looks, and while judges are asked, an answer may wait: then the cache has it at once.
        hold_back = self.record.use_cache and self.record.sequential is None and not scorers.asks
        held = HeldCache(store.cache) if hold_back else None
        cache = held or (store.cache if self.record.use_cache else None)
        prices = PriceBook.from_pinned(self.record.plan.get("prices"))
        gateway = Gateway(
            cache=cache,
            root=self._folder(plan),
            workspace=self.root,
            prices=prices,
            remember=ALIKE,
        )
        gateway.lanes.history = self.history
        paid = self.record.spent_usd + self.record.judging_usd
        self.cap = CostCap(self.record.max_cost_usd, spent_usd=paid)
        self.cap.first_usd = self.record.plan.get("call_usd") or 0.0
        caps = daily_caps(os.environ)
        one = Usage(input=1, output=1)
        models = [*plan.models, *scorers.models]
        if caps and any(not m.recorded and prices.cost(m.id, one) != 0 for m in models):
            self.cap.hold = lambda usd: self._hold(caps, usd)
        desk = self._desk(gateway, prices)
        self.looks = await self._begin_looks(plan, scorers, done, desk)
        everything = self.looks.cells() if self.looks else plan.cells()
        cells = (cell for cell in everything if cell not in done)
        heart = asyncio.create_task(self._beat())
        beside = ScoresBeside(self.scoring, partial(self._score, scorers))
        try:
            batches = answer_batches(
                plan,
                cells,
                gateway,
                concurrency=self.record.concurrency,
                cap=self.cap,
                stopping=lambda: self.signal != "go" or self._is_decided(),
                pacing=InOrder() if self.looks else gateway.lanes,
                load=self.load,
            )
            async with self.load, aclosing(batches):
                async for batch in batches:
                    if self.signal == "lost":
                        break
                    answers = [Answer(*arrived, spent(plan, *arrived)) for arrived in batch]
                    rows = store.results.add_completions(run_id, answers, kept=held.take() if held else ())
                    if scorers.asks:
                        for row, (cell, completion) in zip(rows, batch, strict=True):
                            judged = self._judged(scorers, row, cell, completion, desk)
                            await self._judge_beside(judged, cell)
                        continue
                    if self.looks:
                        # Nothing new is asked until these answers have been looked at.
                        scored = self.scoring.submit(self._score, scorers, rows, batch)
                        for (cell, _), scores in zip(batch, await asyncio.wrap_future(scored), strict=True):
                            self.looks.add(cell, scores)
                        continue
                    beside.add(rows, batch)
            if scorers.asks and self.signal != "lost":
                await self._finish_judging(plan, scorers, desk)
        finally:
            for task in self.judging:
                task.cancel()
            await asyncio.gather(*self.judging, return_exceptions=True)
            heart.cancel()
            with suppress(asyncio.CancelledError):
                await heart
            if held:
                held.flush()
            self.store.limits.add(self.record.id, self.history.take())
            await gateway.aclose()
        beside.finish()

    def _open_scoring(self, plan: Plan) -> int:
        """Go on with the scoring that an earlier process of this run left open, else begin one."""
        specs = [spec.to_dict() for spec in plan.scorers]
        earlier = self.store.results.scorings(self.record.id)
        # A scoring with other scorers that was left open, or was made after ours, is not to be mixed with it.
        if earlier and not earlier[-1].complete and earlier[-1].scorers == specs:
            return earlier[-1].id
        return self.store.results.begin_scoring(self.record.id, plan.suite_sha256, specs)

    def _desk(self, gateway: Gateway, prices: PriceBook) -> JudgingDesk:
        return JudgingDesk(
            self.store,
            gateway,
            run_id=self.record.id,
            scoring_id=self.scoring_id,
            cap=self.cap,
            prices=prices,
            everywhere=self.record.use_cache,
            stopping=lambda: self.signal != "go",
        )

    async def _judged(
        self, scorers: CaseScorers, row: int, cell: Cell, completion: Completion, desk: JudgingDesk
    ) -> list[Score] | None:
        """Ask what the scorers of an answer need to know and score it; None where that was withheld."""
        try:
            answers = await scorers.answers_for(cell.case_id, completion, desk)
        except Withheld:
            return None
        scored = self.scoring.submit(self._score, scorers, [row], [(cell, completion)], answers)
        return (await asyncio.wrap_future(scored))[0]

    async def _judge_beside(self, judged: Coroutine[Any, Any, list[Score] | None], cell: Cell) -> None:
        """Judge while the next answers come; a run until decided looks first, and judges never lag far behind."""
        if self.looks:
            scores = await judged
            if scores is not None:
                self.looks.add(cell, scores)
            return
        self.judging.add(asyncio.create_task(judged))
        # Under a cap judges wait for answers to land, so answers must not wait for judges there.
        most = 2 * self.record.concurrency
        while len(self.judging) > most and self.signal == "go" and not self.cap.limited:
            await self._some_judged()

    async def _some_judged(self) -> None:
        landed, self.judging = await asyncio.wait(
            self.judging, timeout=0.2, return_when=asyncio.FIRST_COMPLETED
        )
        for task in landed:
            task.result()

    async def _finish_judging(self, plan: Plan, scorers: CaseScorers, desk: JudgingDesk) -> None:
        """Wait for the judges in flight, judge what an earlier process of this run left, then compare answers."""
        deadline: float | None = None
        while self.judging and (deadline is None or time.monotonic() < deadline):
            await self._some_judged()
            if self.signal != "go" and deadline is None:
                deadline = time.monotonic() + GRACE_S
        if not self.judging:
            self.unjudged = await judge_missing(
                self.store,
                self.record.id,
                self.scoring_id,
                scorers,
                desk,
                concurrency=self.record.concurrency,
            )
            self.unjudged += await compare_missing(
                self.store,
                self.record.id,
                self.scoring_id,
                plan,
                scorers,
                desk,
                concurrency=self.record.concurrency,
            )

    def _score(
        self,
        scorers: CaseScorers,
        rows: list[int],
        batch: list[tuple[Cell, Completion]],
        answers: Answers | None = None,
    ) -> list[list[Score]]:
        scores = [scorers.score(cell.case_id, completion, answers) for cell, completion in batch]
        self.store.results.add_scores(self.scoring_id, zip(rows, scores, strict=True))
        return scores

    async def _begin_looks(
        self, plan: Plan, scorers: CaseScorers, done: set[Cell], desk: JudgingDesk
    ) -> Looks | None:
        """Begin to look at a run until decided, with what an earlier process of it has answered; else None."""
        remembered = self.record.sequential
        if remembered is None:
            return None
        looks = Looks(plan, remembered)
        # A run that was decided before and is resumed plans for all cells again.
        self.store.runs.set_sequential(self.record.id, looks.settings, planned=len(plan))
        if scorers.asks:
            await judge_missing(self.store, self.record.id, self.scoring_id, scorers, desk, concurrency=8)
        else:
            score_missing(self.store, self.record.id, self.scoring_id, scorers)
        looks.load(self.store.results.frames(self.record.id, self.scoring_id)[0], done)
        return looks

    def _is_decided(self) -> bool:
        return self.looks is not None and self.looks.decided

    def _folder(self, plan: Plan) -> Path:
        return self.root / (plan.folder or ".")

    async def _beat(self) -> None:
        while True:
            self.store.limits.add(self.record.id, self.history.take())
            state = self.store.runs.beat(self.record.id, self.worker, active_s=self.active_s())
            if state != "go":
                self.signal = state
            await asyncio.sleep(HEARTBEAT_S)

    def _is_to_stop(self) -> bool:
        """Beat the heart where no loop does, and say whether the run goes on no longer."""
        if self.signal == "go" and time.monotonic() - self.beaten >= HEARTBEAT_S:
            self.signal = self.store.runs.beat(self.record.id, self.worker, active_s=self.active_s())
            self.beaten = time.monotonic()
        return self.signal != "go"

    def _hold(self, caps: Caps, usd: float) -> bool:
        self.reached = self.store.spending.hold(caps, self.record.author, usd, run_id=self.record.id)
        return self.reached is None

    def _outcome(self, plan: Plan) -> tuple[Status, str | None]:
        record = self.store.runs.progress(self.record.id)
        left = record.planned - record.done
        if self.unscored and left == 0:
            return "cancelled", "Cancelled with answers left to score; resume scores only those"
        if self.unjudged and left == 0:
            return self._unjudged(record)
        if self.looks and (self.looks.decided or left == 0):
            self.store.runs.set_sequential(record.id, self.looks.settings, planned=record.done)
            return "complete", self.looks.message(record)
        if left == 0:
            return "complete", None
        if self.signal == "cancel":
            return "cancelled", f"Cancelled with {left} cells left; resume asks only for those"
        if self.reached is not None:
            return (
                "stopped",
                f"{cap_sentence(self.reached)} with {left} cells left; everything is kept, resume it then",
            )
        return "stopped", (
            f"The cost cap of ${record.max_cost_usd:g} was met after ${record.spent_usd + record.judging_usd:.4g} "
            f"with {left} cells left; resume with a higher --max-cost"
        )

    def _unjudged(self, record: RunRecord) -> tuple[Status, str]:
        """Say why answers were left without the word of a judge."""
        left = f"{self.unjudged} answers left to judge"
        if self.signal == "cancel":
            return "cancelled", f"Cancelled with {left}; resume judges only those"
        if self.reached is not None:
            return "stopped", f"{cap_sentence(self.reached)} with {left}; everything is kept, resume it then"
        return "stopped", (
            f"The cost cap of ${record.max_cost_usd:g} was met after ${record.spent_usd + record.judging_usd:.4g} "
            f"with {left}; resume with a higher --max-cost"
        )

    def _log(self, problem: Exception) -> None:
        import traceback

        for frame in traceback.extract_tb(problem.__traceback__):
            print(f'  File "{frame.filename}", line {frame.lineno}, in {frame.name}', file=sys.stderr)
        print(type(problem).__name__, file=sys.stderr)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
