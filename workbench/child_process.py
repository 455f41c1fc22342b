"""A process of ours that answers line by line: held to a time for each answer, without a key in its environment."""

from __future__ import annotations

import os
import subprocess
import sys
import threading

_PASSED_ON = ("PATH", "SYSTEMROOT", "TEMP", "TMP", "LANG", "LC_ALL", "LD_LIBRARY_PATH", "DYLD_LIBRARY_PATH")


class TookTooLong(Exception):
    """An answer did not come in time; the process is gone."""


class ChildProcess:
    """One process that is started when it is needed, killed when it takes too long, and then replaced.

    Not safe to share between threads: whoever holds it lets one ask at a time.

    Args:
        module: The module that it runs.
        arguments: What follows on its command line.
        max_answer: Bytes that a line of its answer may have.
        folder: Where it runs; by default here.
    """

    def __init__(self, module: str, *arguments: str, max_answer: int, folder: str | None = None) -> None:
        # -P: no file of the folder that it is started in takes a module's place.
        self._command = [sys.executable, "-P", "-m", module, *arguments]
        self._max_answer, self._folder = max_answer, folder
        self._process: subprocess.Popen[bytes] | None = None
        self._owner = os.getpid()

    def start(self) -> bool:
        """Start it where it does not run, and return whether that had to be."""
        if self._owner != os.getpid():
            # After a fork, the pipes belong to the other process.
            self._process, self._owner = None, os.getpid()
        if self._process is not None and self._process.poll() is None:
            return False
        self.end()
        self._process = subprocess.Popen(
            self._command,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env=lean_environment(),
            cwd=self._folder,
            start_new_session=True,
        )
        return True

    def ask(self, line: bytes, *, timeout_s: float) -> bytes:
        """Write a line, if it is not empty, and return the line that answers it.

        Returns:
            The whole line; anything that does not end a line where it died or said too much, and it is ended then.

        Raises:
            TookTooLong: It was killed after so many seconds.
        """
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
            if line:
                process.stdin.write(line)
                process.stdin.flush()
            answer = process.stdout.readline(self._max_answer)
        except OSError:
            answer = b""
        finally:
            timer.cancel()
        if answer.endswith(b"\n"):
            return answer
        self.end()
        if late.is_set():
            raise TookTooLong
        return answer

    def end(self) -> None:
        """Kill it."""
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


def lean_environment() -> dict[str, str]:
    """Return what such a process may know: where code is found, and no keys. It leaves no compiled files behind."""
    known = {name: os.environ[name] for name in _PASSED_ON if name in os.environ}
    paths = os.pathsep.join(path for path in sys.path if path)
    return {**known, "PYTHONPATH": paths, "PYTHONUTF8": "1", "PYTHONDONTWRITEBYTECODE": "1"}
