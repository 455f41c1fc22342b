"""Runs of the whole path, measured: each in a process of its own, as everybody's runs are."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from statistics import median

from workbench.workspace import Workspace

TEXT = "The quick brown fox jumps over the lazy dog. " * 27  # 1.2 KB
_PROMPT = """\
name: p
messages:
  - role: system
    content: Answer in six words.
  - role: user
    content: "Question {{n}}: {{text}}"
"""
_SUITE = """\
prompts: [p]
models: [{{id: openai/m, api_base: "{base}", params: {params}}}]
cases: cases.jsonl
repeats: {repeats}
concurrency: 50
scorers:
  - exact
  - {{type: contains, value: six}}
  - {{type: length, max: 100}}
"""


@dataclass(frozen=True)
class Measured:
    """What some cells took: wall seconds, CPU in milliseconds a cell, peak megabytes, and what the run says."""

    cells: int
    wall_s: float
    cpu_s: float
    memory_mb: float
    message: str | None = None

    @property
    def cpu_ms(self) -> float:
        """CPU in milliseconds a cell, the start of the process included."""
        return self.cpu_s / self.cells * 1000

    def more_than(self, small: Measured) -> float:
        """What one more cell adds, in milliseconds of CPU."""
        return (self.cpu_s - small.cpu_s) / (self.cells - small.cells) * 1000


def watch(process: subprocess.Popen[bytes]) -> tuple[float, float]:
    """Wait for a process; return its CPU seconds and its peak in megabytes.

    The peak is read from ``/proc`` while it lives: what ``wait4`` tells includes what we held when it was forked.
    """
    status, peak_kb = Path(f"/proc/{process.pid}/status"), 0
    while True:
        with suppress(OSError, IndexError):
            peak_kb = max(peak_kb, int(status.read_text().split("VmHWM:")[1].split()[0]))
        ended, process.returncode, used = os.wait4(process.pid, os.WNOHANG)
        if ended:
            return used.ru_utime + used.ru_stime, (peak_kb or used.ru_maxrss) / 1024
        time.sleep(0.05)


class Bench:
    """A workspace whose runs are measured."""

    def __init__(self, root: Path) -> None:
        self.root = root / "workspace"
        (self.root / "prompts").mkdir(parents=True)
        (self.root / "prompts" / "p.prompt.yml").write_text(_PROMPT)
        self._ws = Workspace.open(self.root)
        self._ws.runs._launch = lambda run_id: None  # type: ignore[method-assign]  # started here, to be measured
        self._last: dict[str, str] = {}

    def run(
        self,
        name: str,
        base: str,
        cells: int,
        *,
        params: str = "{}",
        repeats: int = 1,
        env: dict[str, str] | None = None,
    ) -> Measured:
        """Measure one run; the same name again asks the same, so that the cache answers."""
        begun = self._begin(name, base, cells, params, repeats, env)
        return self._end(name, begun)

    def run_together(self, names: list[str], base: str, cells: int) -> Measured:
        """Measure runs that go on at the same time, as one."""
        begun = [self._begin(name, base, cells, "{}", 1, None) for name in names]
        found = [self._end(name, process) for name, process in zip(names, begun, strict=True)]
        return Measured(
            sum(m.cells for m in found),
            max(m.wall_s for m in found),
            sum(m.cpu_s for m in found),
            max(m.memory_mb for m in found),
        )

    def latency_p50(self, name: str) -> float:
        """Return the median latency that the last run of a name recorded, in seconds."""
        return median(self._ws.runs.outcome(self._last[name]).cells["latency_s"])

    def _begin(
        self, name: str, base: str, cells: int, params: str, repeats: int, env: dict[str, str] | None
    ) -> subprocess.Popen[bytes]:
        folder = self.root / "evals" / name.replace(" ", "-")
        folder.mkdir(parents=True, exist_ok=True)
        rows = (
            {
                "id": f"c{n}",
                "vars": {"n": f"{name} {n}", "text": TEXT},
                "expected": "one two three four five six",
            }
            for n in range(cells)
        )
        (folder / "cases.jsonl").write_text("\n".join(json.dumps(row) for row in rows))
        (folder / "suite.yaml").write_text(_SUITE.format(base=base, params=params, repeats=repeats))
        run_id = self._last[name] = self._ws.runs.start(folder.name).id
        command = [sys.executable, "-m", "workbench.jobs.worker", str(self.root), run_id]
        return subprocess.Popen(command, env={**os.environ, **(env or {})})

    def _end(self, name: str, process: subprocess.Popen[bytes]) -> Measured:
        cpu_s, memory_mb = watch(process)
        record = self._ws.runs.get(self._last[name])
        if record.status != "complete" or record.errors:
            raise SystemExit(
                f"The run {name} ended as {record.status} with {record.errors} errors: {record.message}"
            )
        return Measured(record.done, record.active_s, cpu_s, memory_mb, record.message)
