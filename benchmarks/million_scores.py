"""A run of a million scores: how long its results and a comparison take at the first look and after it.

Usage: million_scores.py [CASES]. Each look is a process of its own, so nothing is held in memory between them.
"""

from __future__ import annotations

import json
import random
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any
from unittest import mock

SCORERS, BLOCK = 10, 2_000
SUITE = """\
prompts: [a, b]
models: [{{id: recorded/model, outputs: outputs.jsonl}}]
scorers:
{scorers}
slices: [topic]
cases: cases.jsonl
"""


def make(root: Path, cases: int) -> str:
    """Store a complete run of two versions on so many cases, scored by ten scorers and `overall`."""
    from workbench.evals.types import Cell, Score
    from workbench.jobs import process
    from workbench.llm.types import Completion, Usage
    from workbench.store.answers import Answer
    from workbench.store.tables import runs
    from workbench.workspace import Workspace

    (root / "prompts").mkdir()
    folder = root / "evals" / "large"
    folder.mkdir(parents=True)
    for name in "ab":
        text = f'messages: [{{role: user, content: "As {name}: {{{{q}}}}"}}]\n'
        (root / "prompts" / f"{name}.prompt.yml").write_text(text)
    scorers = [f"  - {{type: exact, name: s{n}}}" for n in range(SCORERS)]
    (folder / "suite.yaml").write_text(SUITE.format(scorers="\n".join(scorers)))
    with (folder / "cases.jsonl").open("w") as rows:
        for n in range(cases):
            row = {
                "id": f"c{n}",
                "vars": {"q": f"{n}"},
                "expected": "yes",
                "metadata": {"topic": f"t{n % 12}"},
            }
            rows.write(json.dumps(row) + "\n")
    (folder / "outputs.jsonl").write_text("")
    ws, pick = Workspace.open(root), random.Random(1)
    with mock.patch.object(process, "launch"):
        record = ws.runs.start("large")
    specs = [spec.to_dict() for spec in ws.runs.plan_of(record.id).scorers]
    scoring = ws.store.results.begin_scoring(record.id, record.suite_sha256, specs)
    names = [spec["name"] for spec in specs]
    for start in range(0, cases, BLOCK):
        answers, scored = [], []
        for n in range(start, min(start + BLOCK, cases)):
            ease = pick.random()
            for prompt in (0, 1):
                said = Completion(
                    text="yes", usage=Usage(input=100, output=5), cost_usd=0.001, latency_s=0.5 + ease
                )
                answers.append(Answer(Cell(prompt, 0, f"c{n}", 0), said, 0.0))
                values = [float(ease + pick.random() * 0.3 < 0.7 + 0.01 * prompt) for _ in names]
                scores = [Score(name, v, v == 1) for name, v in zip(names, values, strict=True)]
                scored.append([*scores, Score("overall", sum(values) / len(values), None)])
        rows = ws.store.results.add_completions(record.id, answers)
        ws.store.results.add_scores(scoring, zip(rows, scored, strict=True))
    ws.store.results.finish_scoring(scoring)
    with ws.store.engine.begin() as connection:
        connection.execute(runs.update().where(runs.c.id == record.id).values(status="complete"))
    return record.id


def look(root: Path, run: str) -> None:
    """Print what one process waits for, as JSON."""
    import workbench.analysis.compare
    import workbench.reports.charts  # noqa: F401 - to import is not to look
    from workbench.ui.comparing import load
    from workbench.ui.run_results import run_results
    from workbench.workspace import Workspace

    ws = Workspace.open(root)
    taken: dict[str, Any] = {}

    def timed(name: str, work: Callable[[], Any]) -> None:
        begun = time.perf_counter()
        work()
        taken[name] = round(time.perf_counter() - begun, 2)

    a, b = f"{run}:a", f"{run}:b"
    timed("what the run page shows", lambda: run_results(ws, ws.runs.progress(run)))
    timed("a page of cells", lambda: ws.store.results.page(run, 1))
    timed("`workbench compare`", lambda: ws.runs.compare(a, b))
    timed("what the Compare page shows", lambda: load(ws, a, b, metric=None, margin=None))
    timed("ranking", lambda: ws.runs.ranking(run))
    taken["peak MB"] = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
    print(json.dumps(taken))


def main() -> None:
    """Make the run, look at it twice, and print both."""
    if sys.argv[1:2] == ["look"]:
        look(Path(sys.argv[2]), sys.argv[3])
        return
    cases = int(sys.argv[1]) if len(sys.argv) > 1 else 50_000
    with tempfile.TemporaryDirectory() as folder:
        run = make(Path(folder), cases)
        print(f"{cases * 2:,} cells, {cases * 2 * (SCORERS + 1):,} scores; seconds:")
        command = [sys.executable, __file__, "look", folder, run]
        looks = [
            json.loads(
                subprocess.run(command, capture_output=True, check=True, text=True).stdout.splitlines()[-1]
            )
            for _ in range(2)
        ]
        for name in looks[0]:
            print(f"  {name:32} first look {looks[0][name]:>8}   after it {looks[1][name]:>8}")


if __name__ == "__main__":
    main()
