"""The heart of a run's process: it says that the run lives, and hears whether it shall go on."""

from __future__ import annotations

import asyncio
import signal
import time
from typing import Literal

from workbench.llm.limit_history import LimitHistory
from workbench.store import RunRecord, Store

HEARTBEAT_S = 1.0


class Heart:
    """Beats once a second while a process works on a run, and keeps what the limits did meanwhile.

    ``signal`` is ``go``, ``cancel`` for a run that was told to stop, or ``lost`` for one that another process has now.
    """

    def __init__(self, store: Store, record: RunRecord, worker: str) -> None:
        self._store, self._record, self._worker = store, record, worker
        self._begun = time.monotonic()
        self._beaten = 0.0
        self.signal: Literal["go", "cancel", "lost"] = "go"
        self.history = LimitHistory()

    @property
    def goes_on(self) -> bool:
        """Whether more is to be asked."""
        return self.signal == "go"

    @property
    def lost(self) -> bool:
        """Whether another process has the run now, so that nothing more may be written."""
        return self.signal == "lost"

    def active_s(self) -> float:
        """Seconds that processes have worked on this run, this one included."""
        return self._record.active_s + time.monotonic() - self._begun

    def heed_signals(self) -> None:
        """Take SIGTERM and Ctrl-C as the wish to stop, on the running event loop."""
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, self._cancel)

    def _cancel(self) -> None:
        self.signal = "cancel"

    async def beat(self) -> None:
        """Beat until cancelled."""
        while True:
            self.keep_history()
            state = self._state()
            if state != "go":
                self.signal = state
            await asyncio.sleep(HEARTBEAT_S)

    def is_to_stop(self) -> bool:
        """Beat where no loop does, and say whether the run goes on no longer."""
        if self.goes_on and time.monotonic() - self._beaten >= HEARTBEAT_S:
            self.signal = self._state()
            self._beaten = time.monotonic()
        return not self.goes_on

    def keep_history(self) -> None:
        """Store what the limits did since it was last stored."""
        self._store.limits.add(self._record.id, self.history.take())

    def _state(self) -> Literal["go", "cancel", "lost"]:
        return self._store.runs.beat(self._record.id, self._worker, active_s=self.active_s())
