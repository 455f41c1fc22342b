"""How long a gate takes in a fresh clone that has only ``baseline.json`` and no database.

    python benchmarks/gate_speed.py [--cells N] [--rounds N]

A version is approved on N stored cells. Then each round copies what a repository would hold (prompts, suite, cases,
recorded answers, baseline.json) into a new folder and runs ``workbench run graded --gate`` there, as CI does. Beside
it, in turn, stands Python importing pandas, SciPy and SQLAlchemy and no more, so that a busy machine meets both.
The target for 2,000 cells is ten seconds. Exits with 1 where it is missed.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import resource
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from unittest import mock

TARGET_S = 10.0
IMPORTS = "import pandas, scipy.special, sqlalchemy"
SUITE = """\
prompts: [triage]
models: [{id: recorded/model, outputs: outputs.jsonl}]
scorers: [{type: exact, name: accuracy}, {type: icontains, name: polite, value: please}]
slices: [topic]
cases: cases.jsonl
"""
GATE = """\
gate:
  {baseline: file, metric: accuracy, margin: 0.05, metrics: [{metric: polite, margin: 0.05}]}
"""


def make(root: Path, cells: int) -> None:
    """Write a suite with so many cells, run it, and approve the run as its baseline."""
    from workbench.jobs import process, worker
    from workbench.workspace import Workspace

    folder, pick = root / "evals" / "graded", random.Random(1)
    folder.mkdir(parents=True)
    (root / "prompts").mkdir()
    (root / "prompts" / "triage.prompt.yml").write_text(
        'messages: [{role: user, content: "Grade {{text}}"}]\n'
    )
    with (folder / "cases.jsonl").open("w") as cases, (folder / "outputs.jsonl").open("w") as outputs:
        for n in range(cells):
            case = {"id": f"c{n}", "vars": {"text": f"Complaint {n}. " * 20}, "expected": "yes, please"}
            answer = {"id": f"c{n}", "output": "yes, please" if pick.random() < 0.8 else "no"}
            cases.write(json.dumps(case | {"metadata": {"topic": f"t{n % 8}"}}) + "\n")
            outputs.write(json.dumps(answer | {"latency_s": 0.5, "cost_usd": 0.001}) + "\n")
    (folder / "suite.yaml").write_text(SUITE)
    ws = Workspace.open(root)
    with mock.patch.object(process, "launch", lambda root, state, run_id: worker.main([str(root), run_id])):
        run = ws.runs.start("graded")
    ws.baselines.set(run.id, why="the benchmark's")
    ws.close()
    (folder / "suite.yaml").write_text(SUITE + GATE)


def clone(source: Path, target: Path) -> None:
    """Copy what is in a repository: everything but the database."""
    shutil.copytree(source, target, ignore=shutil.ignore_patterns(".workbench"))


def measured(command: list[str], folder: Path) -> tuple[float, float]:
    """Return the wall and CPU seconds of a command and the processes that it starts.

    Raises:
        SystemExit: The command did not end with 0.
    """
    before, begun = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter()
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True)
    wall, after = time.perf_counter() - begun, resource.getrusage(resource.RUSAGE_CHILDREN)
    if done.returncode:
        raise SystemExit(f"{' '.join(command)} ended with {done.returncode}\n{done.stdout}{done.stderr}")
    return wall, after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def main() -> int:
    """Measure, print, and say whether the target is met."""
    parser = argparse.ArgumentParser(description="Measure a gate in a fresh clone with only baseline.json.")
    parser.add_argument("--cells", type=int, default=2000, help="stored cells, and answers of the run (2000)")
    parser.add_argument("--rounds", type=int, default=5, help="fresh clones (5)")
    parser.add_argument("--keep", type=Path, help="leave one clone in this folder, to look into")
    options = parser.parse_args()
    gate = [sys.executable, "-m", "workbench", "run", "graded", "--gate"]
    gates, starts = [], []
    with tempfile.TemporaryDirectory() as folder:
        make(Path(folder) / "source", options.cells)
        for n in range(options.rounds):
            clone(Path(folder) / "source", Path(folder) / f"clone{n}")
            starts.append(measured([sys.executable, "-c", IMPORTS], Path(folder)))
            gates.append(measured(gate, Path(folder) / f"clone{n}"))
        if options.keep:
            clone(Path(folder) / "source", options.keep)
    load = os.getloadavg()[0]
    print(
        f"Python {sys.version.split()[0]}, {os.cpu_count()} CPUs, load {load:.1f}, {options.rounds} rounds, medians"
    )
    (wall, cpu), (start_wall, start_cpu) = (
        [statistics.median(part) for part in zip(*found, strict=True)] for found in (gates, starts)
    )
    print(f"imports alone            {start_wall:6.2f} s wall  {start_cpu:6.2f} s CPU")
    print(f"gate, {options.cells:,} cells        {wall:6.2f} s wall  {cpu:6.2f} s CPU")
    print(f"ratio                    {wall / start_wall:6.1f}         {cpu / start_cpu:6.1f}")
    print(
        f"target                   under {TARGET_S:g} s wall; the slowest round took {max(w for w, _ in gates):.2f} s"
    )
    return 0 if wall < TARGET_S else 1


if __name__ == "__main__":
    sys.exit(main())
