"""The parent's side of the Jinja2 worker: start it, ask it, kill it when it takes too long."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
from typing import Any

from workbench.errors import TemplateError

TIMEOUT_S = 2.0
STARTUP_S = 60.0
MEMORY_BYTES = 256_000_000
MAX_OUTPUT = 1_000_000
_MAX_ANSWER_BYTES = 16_000_000
_PASSED_ON = ("PATH", "SYSTEMROOT", "TEMP", "TMP", "LANG", "LC_ALL", "LD_LIBRARY_PATH", "DYLD_LIBRARY_PATH")


class JinjaProcess:
    """One worker process, started when it is first needed and reused for thousands of requests.

    Safe to share between threads: requests wait for one another. A worker that takes too long or dies is
    replaced at the next request.

    Args:
        timeout_s: Seconds that one request may take.
        memory_bytes: Address space of the worker, where the platform can limit it.
    """

    def __init__(self, *, timeout_s: float = TIMEOUT_S, memory_bytes: int = MEMORY_BYTES) -> None:
        self.timeout_s = timeout_s
        self.memory_bytes = memory_bytes
        self._lock = threading.Lock()
        self._process: subprocess.Popen[bytes] | None = None
        self._owner = os.getpid()

    def ask(self, request: dict[str, Any]) -> dict[str, Any]:
        """Send a request and return the answer.

        Raises:
            TemplateError: It took too long, or the worker died of it.
            TypeError: The request is not JSON.
            ValueError: The request is not JSON.
        """
        line = json.dumps(request).encode() + b"\n"
        with self._lock:
            fresh = self._ensure_started()
            result = self._exchange(line)
            if result is None and not fresh:
                # It may have died between two requests, through no fault of this one.
                self._ensure_started()
                result = self._exchange(line)
        if result is None:
            raise TemplateError(
                "The template made its renderer run out of memory or crash",
                hint="build less text in the template",
            )
        return result

    def close(self) -> None:
        """End the worker. The next request would start another."""
        with self._lock:
            self._end()

    def _ensure_started(self) -> bool:
        """Return whether a worker had to be started."""
        if self._owner != os.getpid():
            # After a fork, the pipes belong to the other process.
            self._process, self._owner = None, os.getpid()
        if self._process is not None and self._process.poll() is None:
            return False
        self._end()
        self._process = subprocess.Popen(
            [
                sys.executable,
                "-P",
                "-m",
                "workbench.prompts.jinja_worker",
                str(self.memory_bytes),
                str(self.timeout_s),
            ],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env=_environment(),
            start_new_session=True,
        )
        if self._exchange(b"", timeout_s=STARTUP_S) is None:
            raise TemplateError("The process that renders Jinja2 templates could not be started")
        return True

    def _exchange(self, line: bytes, timeout_s: float | None = None) -> dict[str, Any] | None:
        """Write one line and read one; None if the worker died.

        Raises:
            TemplateError: It took too long; the worker is gone.
        """
        process = self._process
        assert process is not None and process.stdin is not None and process.stdout is not None
        late = threading.Event()

        def kill() -> None:
            late.set()
            process.kill()

        timer = threading.Timer(timeout_s or self.timeout_s, kill)
        timer.daemon = True
        timer.start()
        try:
            if line:
                process.stdin.write(line)
                process.stdin.flush()
            answer = process.stdout.readline(_MAX_ANSWER_BYTES)
        except (BrokenPipeError, ConnectionResetError, OSError):
            answer = b""
        finally:
            timer.cancel()
        if answer.endswith(b"\n"):
            return json.loads(answer)
        self._end()
        if late.is_set():
            raise TemplateError(
                f"The template did not finish within {timeout_s or self.timeout_s:g} seconds",
                hint="use smaller loops and numbers",
            )
        return None

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
    """Return what the worker may know: where code is found, and no keys."""
    known = {name: os.environ[name] for name in _PASSED_ON if name in os.environ}
    return {**known, "PYTHONPATH": os.pathsep.join(p for p in sys.path if p), "PYTHONUTF8": "1"}
