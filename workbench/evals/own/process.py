"""The parent's side of scorers of one's own: one process a file, killed when it takes too long, then replaced."""

from __future__ import annotations

import atexit
import json
import tempfile
import threading
from typing import Any

from workbench.child_process import ChildProcess, TookTooLong
from workbench.evals.scorers.registry import ScoringError
from workbench.files import sha256_text

MEMORY_BYTES = 1_000_000_000
START_S = 30.0
MAX_ANSWER = 100_000
MAX_PROCESSES = 4


class OwnProcess:
    """Runs the scorers of one file. Safe to share between threads: cells wait for one another."""

    def __init__(self, source: str, file: str, *, memory_bytes: int = MEMORY_BYTES) -> None:
        self.source, self.file, self.memory_bytes = source, file, memory_bytes
        self._lock = threading.Lock()
        self._child = ChildProcess(
            "workbench.evals.own.worker",
            str(memory_bytes),
            max_answer=MAX_ANSWER,
            folder=tempfile.gettempdir(),
        )

    def ask(self, request: dict[str, Any], *, timeout_s: float) -> dict[str, Any]:
        """Score one cell.

        Raises:
            ScoringError: It took too long, crashed its process, or answered too much.
        """
        with self._lock:
            self._ensure_started()
            answer = self._exchange(request, timeout_s)
        if "error" in answer:
            raise ScoringError(answer["error"])
        return answer

    def close(self) -> None:
        """End the process; the next cell would start another."""
        with self._lock:
            self._child.end()

    def _ensure_started(self) -> None:
        if not self._child.start():
            return
        answer = self._exchange({"source": self.source, "file": self.file}, START_S)
        if "error" in answer:
            self._child.end()
            raise ScoringError(f"{self.file} cannot be loaded ({answer['error']})")

    def _exchange(self, request: dict[str, Any], timeout_s: float) -> dict[str, Any]:
        try:
            line = self._child.ask(json.dumps(request).encode() + b"\n", timeout_s=timeout_s)
        except TookTooLong:
            raise ScoringError(f"it did not finish within {timeout_s:g} seconds") from None
        try:
            answer = json.loads(line) if line.endswith(b"\n") else None
        except ValueError:
            answer = "?"
        if isinstance(answer, dict):
            return answer
        self._child.end()
        raise ScoringError("its process crashed" if not line else "it answered something that is no score")


_PROCESSES: dict[str, OwnProcess] = {}
_GUARD = threading.Lock()


def process_for(source: str, file: str, *, memory_bytes: int = MEMORY_BYTES) -> OwnProcess:
    """Return the process of a source; another content of the same file is another process."""
    key = sha256_text(source)
    with _GUARD:
        if key not in _PROCESSES:
            if len(_PROCESSES) >= MAX_PROCESSES:
                _PROCESSES.pop(next(iter(_PROCESSES))).close()
            _PROCESSES[key] = OwnProcess(source, file, memory_bytes=memory_bytes)
        return _PROCESSES[key]


@atexit.register
def close_all() -> None:
    """End all processes."""
    with _GUARD:
        for process in _PROCESSES.values():
            process.close()
        _PROCESSES.clear()
