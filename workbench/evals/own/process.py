"""The parent's side of scorers of one's own: one process a file, killed when it takes too long, then replaced."""

from __future__ import annotations

import atexit
import json
import os
import subprocess
import sys
import tempfile
import threading
from typing import Any

from workbench.evals.scorers.registry import ScoringError
from workbench.files import sha256_text

MEMORY_BYTES = 1_000_000_000
START_S = 30.0
MAX_ANSWER = 100_000
MAX_PROCESSES = 4
_PASSED_ON = ("PATH", "SYSTEMROOT", "TEMP", "TMP", "LANG", "LC_ALL", "LD_LIBRARY_PATH", "DYLD_LIBRARY_PATH")


class OwnProcess:
    """Runs the scorers of one file. Safe to share between threads: cells wait for one another."""

    def __init__(self, source: str, file: str, *, memory_bytes: int = MEMORY_BYTES) -> None:
        self.source, self.file, self.memory_bytes = source, file, memory_bytes
        self._lock = threading.Lock()
        self._process: subprocess.Popen[bytes] | None = None
        self._owner = os.getpid()

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
            self._end()

    def _ensure_started(self) -> None:
        if self._owner != os.getpid():
            # After a fork, the pipes belong to the other process.
            self._process, self._owner = None, os.getpid()
        if self._process is not None and self._process.poll() is None:
            return
        self._end()
        self._process = subprocess.Popen(
            [sys.executable, "-P", "-m", "workbench.evals.own.worker", str(self.memory_bytes)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env=_environment(),
            cwd=tempfile.gettempdir(),
            start_new_session=True,
        )
        answer = self._exchange({"source": self.source, "file": self.file}, START_S)
        if "error" in answer:
            self._end()
            raise ScoringError(f"{self.file} cannot be loaded ({answer['error']})")

    def _exchange(self, request: dict[str, Any], timeout_s: float) -> dict[str, Any]:
        process = self._process
        assert process is not None and process.stdin is not None and process.stdout is not None
        late = threading.Event()

        def kill() -> None:
            late.set()
            process.kill()

        timer = threading.Timer(timeout_s, kill)
        timer.daemon = True
        timer.start()
        try:
            process.stdin.write(json.dumps(request).encode() + b"\n")
            process.stdin.flush()
            line = process.stdout.readline(MAX_ANSWER)
        except OSError:
            line = b""
        finally:
            timer.cancel()
        try:
            if line.endswith(b"\n"):
                answer = json.loads(line)
                if isinstance(answer, dict):
                    return answer
        except ValueError:
            line = b"?"
        self._end()
        if late.is_set():
            raise ScoringError(f"it did not finish within {timeout_s:g} seconds")
        raise ScoringError("its process crashed" if not line else "it answered something that is no score")

    def _end(self) -> None:
        process, self._process = self._process, None
        if process is None:
            return
        process.kill()
        for pipe in (process.stdin, process.stdout):
            try:
                pipe.close()
            except OSError:
                continue  # what was still to be flushed has no reader
        process.wait()


def _environment() -> dict[str, str]:
    """Return what the code may know: where Python's packages are, and no keys."""
    known = {name: os.environ[name] for name in _PASSED_ON if name in os.environ}
    paths = os.pathsep.join(p for p in sys.path if p)
    return {**known, "PYTHONPATH": paths, "PYTHONUTF8": "1", "PYTHONDONTWRITEBYTECODE": "1"}


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
