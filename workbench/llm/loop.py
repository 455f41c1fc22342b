"""One event loop in a background thread, for callers that have none: the app's own threads."""

from __future__ import annotations

import asyncio
import atexit
import concurrent.futures
import queue
import threading
from collections.abc import AsyncIterator, Coroutine, Iterator
from typing import Any, TypeVar

T = TypeVar("T")

_LOCK = threading.Lock()
_loop: asyncio.AbstractEventLoop | None = None


def background_loop() -> asyncio.AbstractEventLoop:
    """Return the process's background loop, started at first use. Its thread never holds the process."""
    global _loop
    with _LOCK:
        if _loop is None or _loop.is_closed():
            _loop = asyncio.new_event_loop()
            thread = threading.Thread(target=_loop.run_forever, name="workbench-loop", daemon=True)
            thread.start()
            atexit.register(_stop, _loop, thread)
        return _loop


def submit(coroutine: Coroutine[Any, Any, T]) -> concurrent.futures.Future[T]:
    """Run a coroutine on the background loop. Cancelling the future cancels the coroutine."""
    return asyncio.run_coroutine_threadsafe(coroutine, background_loop())


def run_in_loop(coroutine: Coroutine[Any, Any, T], timeout_s: float | None = None) -> T:
    """Run a coroutine on the background loop and return its result.

    Raises:
        TimeoutError: It took longer than ``timeout_s`` seconds; it is cancelled then.
    """
    future = submit(coroutine)
    try:
        return future.result(timeout_s)
    except BaseException:
        future.cancel()
        raise


def iterate(items: AsyncIterator[T]) -> Iterator[T]:
    """Walk an async iterator from a plain thread. Leaving the loop early cancels it."""
    arrived: queue.SimpleQueue[tuple[str, Any]] = queue.SimpleQueue()

    async def pump() -> None:
        try:
            async for item in items:
                arrived.put(("item", item))
        except BaseException as problem:
            arrived.put(("error", problem))
            raise
        else:
            arrived.put(("end", None))
        finally:
            close = getattr(items, "aclose", None)
            if close is not None:
                await close()

    future = submit(pump())
    try:
        while True:
            kind, value = arrived.get()
            if kind == "end":
                return
            if kind == "error":
                raise value
            yield value
    finally:
        future.cancel()


def _stop(loop: asyncio.AbstractEventLoop, thread: threading.Thread) -> None:
    def cancel_all() -> None:
        for task in asyncio.all_tasks(loop):
            task.cancel()
        loop.call_later(0.05, loop.stop)

    if loop.is_running():
        loop.call_soon_threadsafe(cancel_all)
        thread.join(2)
    if not loop.is_running() and not loop.is_closed():
        loop.close()
