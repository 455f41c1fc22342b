"""Identical calls that are under way at the same time, or were made just before, are made once."""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from collections.abc import Awaitable, Callable
from dataclasses import replace

from workbench.llm.types import Completion


class Sharing:
    """Who asks what is being asked already waits for that answer. Use it on one event loop.

    Args:
        remember: How many of the last answers are given again to who asks the same; faults never are.
    """

    def __init__(self, remember: int = 0) -> None:
        self._calls: dict[str, asyncio.Future[Completion]] = {}
        self._remember = remember
        self._last: OrderedDict[str, Completion] = OrderedDict()

    async def once(self, key: str, make: Callable[[], Awaitable[Completion]]) -> Completion:
        """Return the answer to ``key``: of an earlier call (then marked as cached), or by making it.

        Where the call under way is cancelled, one of those who waited makes it.
        """
        if key in self._last:
            return replace(self._last[key], cached=True)
        while (running := self._calls.get(key)) is not None:
            try:
                shared = await asyncio.shield(running)
            except asyncio.CancelledError:
                if not running.cancelled() or _cancelled_ourselves():
                    raise
                continue
            return replace(shared, cached=True) if shared.ok else shared
        future: asyncio.Future[Completion] = asyncio.get_running_loop().create_future()
        self._calls[key] = future
        try:
            completion = await make()
        except BaseException:
            future.cancel()
            raise
        else:
            future.set_result(completion)
            self._keep(key, completion)
        finally:
            del self._calls[key]
        return completion

    def _keep(self, key: str, completion: Completion) -> None:
        if self._remember and completion.ok:
            self._last[key] = completion
            if len(self._last) > self._remember:
                self._last.popitem(last=False)


def _cancelled_ourselves() -> bool:
    task = asyncio.current_task()
    return task is not None and task.cancelling() > 0
