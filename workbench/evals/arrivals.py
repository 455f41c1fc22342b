"""The calls of a run that are under way, and those that have just come back."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from contextlib import suppress
from typing import Any

from workbench.evals.types import Cell
from workbench.llm.types import Completion

#: Seconds within which a stop is noticed.
NOTICE_S = 0.2


class Arrivals:
    """Calls in flight. Whatever their number, one more that lands costs the same. Use it on one event loop.

    Args:
        stopping: Whether nothing new is asked.
        grace_s: Seconds that calls in flight get to finish after a stop.
    """

    def __init__(self, stopping: Callable[[], bool], grace_s: float) -> None:
        self._stopping, self._grace_s = stopping, grace_s
        self._flying: dict[asyncio.Task[Completion], Cell] = {}
        self._landed: list[asyncio.Task[Completion]] = []
        self._bell = asyncio.Event()

    def __len__(self) -> int:
        """How many calls are in flight, those included that have come back and were not taken yet."""
        return len(self._flying)

    def start(self, cell: Cell, call: Coroutine[Any, Any, Completion]) -> None:
        """Send a call off."""
        task = asyncio.create_task(call)
        self._flying[task] = cell
        task.add_done_callback(self._land)

    def _land(self, task: asyncio.Task[Completion]) -> None:
        self._landed.append(task)
        self._bell.set()

    async def take(self) -> list[tuple[Cell, Completion]]:
        """Wait for an answer and return all that are there; none where a stop's grace has run out."""
        loop = asyncio.get_running_loop()
        deadline: float | None = None
        while not self._landed:
            if deadline is None and self._stopping():
                deadline = loop.time() + self._grace_s
            if deadline is not None and loop.time() > deadline:
                return []
            with suppress(TimeoutError):
                async with asyncio.timeout(NOTICE_S):
                    await self._bell.wait()
        self._bell.clear()
        landed, self._landed = self._landed, []
        return [(self._flying.pop(task), task.result()) for task in landed]

    async def cancel(self) -> None:
        """End what is in flight."""
        flying = list(self._flying)
        self._flying.clear()
        for task in flying:
            task.cancel()
        await asyncio.gather(*flying, return_exceptions=True)
