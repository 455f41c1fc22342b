"""Asks the cells of a plan, so many at a time, and yields each answer the moment it is there.

It never sees the store: whoever runs it commits each answer before the next one is taken.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Iterable
from contextlib import aclosing
from dataclasses import dataclass
from typing import Protocol

from workbench.errors import TemplateError
from workbench.evals.arrivals import Arrivals
from workbench.evals.load import Load
from workbench.evals.plan import Plan
from workbench.evals.turns import Pacing, Turns
from workbench.evals.types import Case, Cell
from workbench.llm.types import Completion, ModelSpec, Request
from workbench.prompts.templates import Renderer

#: Seconds that calls in flight get to finish after a stop: they are paid for already.
GRACE_S = 15.0


class Answering(Protocol):
    """What the runner needs of the gateway."""

    async def complete(self, request: Request) -> Completion:
        """Answer one request; faults come back as typed errors in the completion."""


@dataclass
class CostCap:
    """Stops before the call that could pass the cap.

    The dearest call so far stands for each one in flight; until a first price is seen, one call goes at a time.
    ``first_usd`` is what the first call is expected to cost.

    ``hold`` is asked, where it is given, with the USD that all calls in flight and the next one may cost: it keeps
    the caps that several runs share, and says whether the call may be made.
    """

    max_usd: float | None
    spent_usd: float = 0.0
    dearest_usd: float | None = None
    hold: Callable[[float], bool] | None = None
    first_usd: float = 0.0
    in_flight: int = 0
    beside_usd: float = 0.0
    beside: int = 0

    def allows(self, in_flight: int) -> bool:
        """Whether one more call may start beside ``in_flight`` others."""
        self.in_flight = in_flight
        if not self._run_allows(in_flight):
            return False
        if self.hold is not None:
            if self.dearest_usd is None and in_flight:
                return False
            if not self.hold((in_flight + 1) * self._answer_usd + self.beside_usd):
                return False
        self.in_flight += 1
        return True

    @property
    def _answer_usd(self) -> float:
        return self.first_usd if self.dearest_usd is None else self.dearest_usd

    @property
    def limited(self) -> bool:
        """Whether there is any cap to keep."""
        return self.max_usd is not None or self.hold is not None

    @property
    def busy(self) -> bool:
        """Whether something is in flight whose end may leave room."""
        return self.in_flight > 0 or self.beside > 0

    def allows_beside(self, usd: float) -> bool:
        """Whether a call of another kind, such as a judge's, that may cost ``usd`` may start beside all others."""
        ahead = self.in_flight * self._answer_usd + self.beside_usd + usd
        if self.max_usd is not None and (
            self.spent_usd >= self.max_usd or self.spent_usd + ahead > self.max_usd
        ):
            return False
        return self.hold is None or self.hold(ahead)

    def begin_beside(self, usd: float) -> None:
        """Set aside what a call of another kind may cost."""
        self.beside, self.beside_usd = self.beside + 1, self.beside_usd + usd

    def end_beside(self, usd: float, spent_usd: float) -> None:
        """Count what it has cost in place of that."""
        self.beside, self.beside_usd = self.beside - 1, max(0.0, self.beside_usd - usd)
        self.spent_usd += spent_usd

    def _run_allows(self, in_flight: int) -> bool:
        if self.max_usd is None:
            return True
        if self.spent_usd >= self.max_usd:
            return False
        spent_usd = self.spent_usd + self.beside_usd
        if self.dearest_usd is None:
            return in_flight == 0 and spent_usd + self.first_usd <= self.max_usd
        return spent_usd + (in_flight + 1) * self.dearest_usd <= self.max_usd

    def add(self, spent_usd: float) -> None:
        """Count one answer's new money."""
        self.in_flight = max(0, self.in_flight - 1)
        self.spent_usd += spent_usd
        self.dearest_usd = max(self.dearest_usd or 0.0, spent_usd)


def spent(plan: Plan, cell: Cell, completion: Completion) -> float:
    """Return the new money in USD that an answer cost; cached and recorded answers cost none."""
    if completion.cached or plan.models[cell.model_index].recorded:
        return 0.0
    return completion.cost_usd or 0.0


async def answer_cells(
    plan: Plan,
    cells: Iterable[Cell],
    gateway: Answering,
    *,
    concurrency: int,
    cap: CostCap,
    stopping: Callable[[], bool] = lambda: False,
    pacing: Pacing | None = None,
) -> AsyncIterator[tuple[Cell, Completion]]:
    """Yield ``(cell, completion)`` in the order of arrival; see `answer_batches`."""
    batches = answer_batches(
        plan, cells, gateway, concurrency=concurrency, cap=cap, stopping=stopping, pacing=pacing
    )
    async with aclosing(batches):
        async for batch in batches:
            for arrived in batch:
                yield arrived


async def answer_batches(
    plan: Plan,
    cells: Iterable[Cell],
    gateway: Answering,
    *,
    concurrency: int,
    cap: CostCap,
    stopping: Callable[[], bool] = lambda: False,
    pacing: Pacing | None = None,
    load: Load | None = None,
) -> AsyncGenerator[list[tuple[Cell, Completion]]]:
    """Yield the answers that are there, the moment that there is one: those that came together, together.

    The models take turns, and ``pacing`` says how many calls of each are of use; so none holds up the others.
    ``load`` watches whether this process keeps up, and says how many calls it can take. It ends when all cells
    are answered, when ``stopping`` turns true (calls in flight get `GRACE_S` to finish), or when the next call
    could pass the cost cap and none is in flight.
    """
    turns = Turns(cells, plan.models, concurrency, pacing)
    cases = {case.id: case for case in plan.cases}
    flying = Arrivals(stopping, GRACE_S)
    with Renderer() as renderer:

        async def ask(cell: Cell) -> Completion:
            try:
                request = await _request(plan, cell, cases[cell.case_id], renderer)
            except TemplateError as problem:
                return Completion(error="template", error_message=str(problem))
            return await gateway.complete(request)

        try:
            while True:
                if load is not None:
                    turns.concurrency = load.allowed(concurrency)
                while not stopping() and cap.allows(len(flying)):
                    cell = turns.next()
                    if cell is None:
                        break
                    flying.start(cell, ask(cell))
                cap.in_flight = len(flying)
                if not flying:
                    return
                arrived = await flying.take()
                if not arrived:
                    return
                for cell, completion in arrived:
                    turns.landed(cell)
                    cap.add(spent(plan, cell, completion))
                    if load is not None and _waited_for(plan.models[cell.model_index]):
                        load.saw(completion)
                yield arrived
        finally:
            await flying.cancel()
            cap.in_flight = 0


async def _request(plan: Plan, cell: Cell, case: Case, renderer: Renderer) -> Request:
    """Render the call; a Jinja2 template waits for a process of its own, which must not hold up the other calls."""
    jinja = plan.prompts[cell.prompt_index].prompt.template == "jinja2"
    if jinja and not plan.models[cell.model_index].recorded:
        return await asyncio.to_thread(plan.request, cell, case, renderer)
    return plan.request(cell, case, renderer)


def _waited_for(model: ModelSpec) -> bool:
    """Whether a model's latency is one of the wire: not recorded, and not our own computing."""
    return not model.recorded and not model.id.startswith(("offline/", "local/"))
