"""The parent's side of the Jinja2 worker: start it, ask it, kill it when it takes too long."""

from __future__ import annotations

import json
import threading
from typing import Any

from workbench.child_process import ChildProcess, TookTooLong
from workbench.errors import TemplateError

TIMEOUT_S = 2.0
STARTUP_S = 60.0
MEMORY_BYTES = 256_000_000
MAX_OUTPUT = 1_000_000
_MAX_ANSWER_BYTES = 16_000_000


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
        self._child = ChildProcess(
            "workbench.prompts.jinja_worker", str(memory_bytes), str(timeout_s), max_answer=_MAX_ANSWER_BYTES
        )

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
            self._child.end()

    def _ensure_started(self) -> bool:
        """Return whether a worker had to be started."""
        if not self._child.start():
            return False
        if self._exchange(b"", timeout_s=STARTUP_S) is None:
            raise TemplateError("The process that renders Jinja2 templates could not be started")
        return True

    def _exchange(self, line: bytes, timeout_s: float | None = None) -> dict[str, Any] | None:
        """Write one line and read one; None if the worker died.

        Raises:
            TemplateError: It took too long; the worker is gone.
        """
        seconds = timeout_s or self.timeout_s
        try:
            answer = self._child.ask(line, timeout_s=seconds)
        except TookTooLong:
            raise TemplateError(
                f"The template did not finish within {seconds:g} seconds",
                hint="use smaller loops and numbers",
            ) from None
        return json.loads(answer) if answer.endswith(b"\n") else None
