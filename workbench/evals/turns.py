"""Whose turn it is: which cell is asked next, so that no model of a run waits for another one."""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Iterable, Sequence
from typing import Protocol

from workbench.evals.types import Cell
from workbench.llm.types import ModelSpec


class Pacing(Protocol):
    """What is known of how fast each model may be asked."""

    def key(self, model: ModelSpec) -> str:
        """Return what models that share one limit have in common."""

    def wanted(self, model: ModelSpec) -> int | None:
        """Return how many calls of a model are of use now; None where nothing limits it."""


class Turns:
    """Deals out cells, the models in turn.

    A model may have as many calls as are of use to it, and may take over the places that others have no use for;
    but of the places to which each has a right, an equal share, nothing is taken. So a model that hangs or is
    limited holds no more than its share, and one that is alone, or whose others are done, has all.
    """

    def __init__(
        self,
        cells: Iterable[Cell],
        models: Sequence[ModelSpec],
        concurrency: int,
        pacing: Pacing | None,
    ) -> None:
        self._source, self._pacing = iter(cells), pacing
        #: How many calls may be under way in all; it may be changed at any time.
        self.concurrency = concurrency
        keys = [pacing.key(model) if pacing else str(index) for index, model in enumerate(models)]
        names = list(dict.fromkeys(keys))
        self._lane_of = [names.index(key) for key in keys]
        self._models = [models[keys.index(name)] for name in names]
        self._waiting: list[deque[Cell]] = [deque() for _ in names]
        self._order = deque(range(len(names)))
        self._flying: Counter[int] = Counter()
        self._dry = False

    def next(self) -> Cell | None:
        """Return the cell to ask now, or None while none may go; it counts as under way until `landed`."""
        if self._flying.total() >= self.concurrency:
            return None
        open_ = [lane for lane in range(len(self._models)) if self._flying[lane] or self._has(lane)]
        share = max(1, self.concurrency // max(1, len(open_)))
        free = self.concurrency - self._flying.total()
        wanted = {lane: self._wanted(lane) for lane in open_ if self._has(lane)}
        owed = {lane: max(0, min(share, most) - self._flying[lane]) for lane, most in wanted.items()}
        for lane in tuple(self._order):
            if lane not in wanted or self._flying[lane] >= wanted[lane]:
                continue
            if self._flying[lane] < share or free > sum(owed.values()) - owed[lane]:
                self._order.remove(lane)
                self._order.append(lane)
                self._flying[lane] += 1
                return self._waiting[lane].popleft()
        return None

    def landed(self, cell: Cell) -> None:
        """Count a cell as answered."""
        self._flying[self._lane_of[cell.model_index]] -= 1

    def _wanted(self, lane: int) -> int:
        wanted = self._pacing.wanted(self._models[lane]) if self._pacing else None
        return self.concurrency if wanted is None else wanted

    def _has(self, lane: int) -> bool:
        """Whether cells of a lane are left; those of others that come first are kept for later."""
        while not self._waiting[lane] and not self._dry:
            cell = next(self._source, None)
            if cell is None:
                self._dry = True
            else:
                self._waiting[self._lane_of[cell.model_index]].append(cell)
        return bool(self._waiting[lane])
