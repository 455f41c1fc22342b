"""What scoring stored outputs takes: `workbench rescore` with ten deterministic scorers, and promptfoo on the same.

    python benchmarks/scoring_speed.py [--outputs N] [--large N] [--promptfoo PATH]

Outputs of about 60 words are stored as those of a run; then ``workbench rescore`` scores them in processes of its
own, its start included. The same outputs go through promptfoo's ``echo`` provider with the ten assertions that
promptfoo has for them, on one tenth of the outputs and on all, its start included as well. CPU and peak memory are
those of all processes together. ``--large`` is the size at which memory is looked at again: the same cases, more
repeats. promptfoo is measured where it is found, on the path or where ``--promptfoo`` says, and said to be absent
else.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import shutil
import subprocess
import sys
import tempfile
import time
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from workbench.evals.plan import case_to_dict
from workbench.evals.types import Cell
from workbench.llm.types import Completion
from workbench.store import RunRecord
from workbench.store.answers import Answer
from workbench.store.base import now
from workbench.workspace import Workspace

SCORERS = [
    {"type": "exact"},
    {"type": "icontains", "value": "Paris"},
    {"type": "contains_all", "value": ["answer", "because"]},
    {"type": "regex", "pattern": r"\banswer:\s+\w+"},
    {"type": "starts_with", "value": "The"},
    {"type": "json", "inside": True},
    {"type": "levenshtein"},
    {"type": "word_count", "max": 80},
    {"type": "rouge", "variant": "rouge1"},
    {"type": "bleu"},
]
ASSERTIONS = [
    {"type": "equals", "value": "{{expected}}"},
    {"type": "icontains", "value": "Paris"},
    {"type": "contains-all", "value": ["answer", "because"]},
    {"type": "regex", "value": r"\banswer:\s+\w+"},
    {"type": "starts-with", "value": "The"},
    {"type": "contains-json"},
    {"type": "levenshtein", "value": "{{expected}}", "threshold": 400},
    {"type": "word-count", "value": {"max": 80}},
    {"type": "rouge-n", "value": "{{expected}}"},
    {"type": "bleu", "value": "{{expected}}"},
]
WORDS = (
    "the a river city of stone light answer because often never paris berlin lima under over walks seven open long"
    " green evening market bridge winter glass paper small train"
)


@dataclass(frozen=True)
class Took:
    """Wall and CPU seconds, and peak megabytes, of a command and all its children."""

    wall_s: float
    cpu_s: float
    memory_mb: float


def texts(number: int) -> tuple[str, str]:
    """Return an output and what was expected, the same ones for a number every time."""
    draw, known = random.Random(number), WORDS.split()
    expected = "The " + " ".join(draw.choices(known, k=55)) + f" answer: {draw.choice(known)}"
    words = expected.split()
    for place in draw.sample(range(len(words)), 12):
        words[place] = draw.choice(known)
    return " ".join(words) + json.dumps({"label": draw.choice(known), "score": number % 10}), expected


def took(command: list[str], folder: Path, env: dict[str, str] | None = None) -> Took:
    """Run a command and measure it with its children."""
    begun, peak_kb = time.perf_counter(), 0
    with (folder / "log").open("wb") as log:
        process = subprocess.Popen(
            command,
            cwd=folder,
            env={**os.environ, **(env or {})},
            stdout=log,
            stderr=log,
            stdin=subprocess.DEVNULL,
        )
        while True:
            peak_kb = max(peak_kb, resident_kb(process.pid))
            ended, status, used = os.wait4(process.pid, os.WNOHANG)
            if ended:
                break
            time.sleep(0.05)
    process.returncode = os.waitstatus_to_exitcode(status)
    said = (folder / "log").read_text(errors="replace")
    # promptfoo ends with 100 where an assertion failed, and some versions fall over their log after the last line.
    if process.returncode and "Eval complete" not in said:
        raise ChildProcessError(f"{Path(command[0]).name} gave no results: {said.strip()[-300:]}")
    return Took(time.perf_counter() - begun, used.ru_utime + used.ru_stime, peak_kb / 1024)


def resident_kb(pid: int) -> int:
    """Return what a process and its children hold now; what they share is counted in each."""
    total = 0
    with suppress(OSError, IndexError):
        total = int(Path(f"/proc/{pid}/status").read_text().split("VmRSS:")[1].split()[0])
        for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split():
            total += resident_kb(int(child))
    return total


def stored(folder: Path, cases: int, repeats: int) -> list[str]:
    """Make a workspace with a run of so many outputs, and return the command that scores them."""
    root = folder / f"workspace-{cases * repeats}"
    (root / "prompts").mkdir(parents=True)
    (root / "prompts" / "p.prompt.yml").write_text(
        "name: p\nmessages:\n  - {role: user, content: '{{question}}'}\n"
    )
    suite = root / "evals" / "s"
    suite.mkdir(parents=True)
    rows = ({"id": f"c{n}", "vars": {"question": str(n)}, "expected": texts(n)[1]} for n in range(cases))
    (suite / "cases.jsonl").write_text("\n".join(json.dumps(row) for row in rows))
    settings = {
        "prompts": ["p"],
        "models": ["offline/rules"],
        "cases": "cases.jsonl",
        "repeats": repeats,
        "scorers": SCORERS,
    }
    (suite / "suite.yaml").write_text(json.dumps(settings))
    ws = Workspace.open(root)
    plan = ws.runs.plan(ws.suites.load("s"))
    record = RunRecord(
        "stored", "s", plan.suite_sha256, "complete", plan.to_dict(), len(plan), 8, False, "me", now()
    )
    ws.store.runs.add(
        record, dataset_sha256=plan.dataset_sha256, cases=[case_to_dict(case) for case in plan.cases]
    )
    for repeat in range(repeats):
        for start in range(0, cases, 1000):
            numbers = range(start, min(start + 1000, cases))
            answers = [
                Answer(Cell(0, 0, f"c{n}", repeat), Completion(texts(n)[0], latency_s=0.1), 0.0)
                for n in numbers
            ]
            ws.store.results.add_completions(record.id, answers)
    return [sys.executable, "-m", "workbench", "rescore", record.id, "--workspace", str(root)]


def promptfoo(folder: Path, program: str, outputs: int) -> Took:
    """Send the same outputs through promptfoo's echo provider and ten assertions."""
    work = folder / f"promptfoo-{outputs}"
    work.mkdir()
    made = (texts(n) for n in range(outputs))
    config = {
        "prompts": ["{{output}}"],
        "providers": ["echo"],
        "tests": [{"vars": {"output": output, "expected": expected}} for output, expected in made],
        "defaultTest": {"assert": ASSERTIONS},
    }
    (work / "promptfooconfig.json").write_text(json.dumps(config))
    env = {
        "PROMPTFOO_CONFIG_DIR": str(work / "state"),
        "PROMPTFOO_DISABLE_TELEMETRY": "1",
        "PROMPTFOO_DISABLE_UPDATE": "1",
        "PROMPTFOO_DISABLE_REMOTE_GENERATION": "true",
        "NODE_OPTIONS": "--max-old-space-size=6000",
    }
    options = ["--no-cache", "--no-table", "--no-progress-bar", "-j", "8"]
    return took([program, "eval", "-c", "promptfooconfig.json", *options], work, env)


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--outputs", type=int, default=10_000)
    parser.add_argument("--large", type=int, default=50_000)
    parser.add_argument("--promptfoo", help="the program, where it is not on the path")
    given = parser.parse_args()
    print(f"Python {sys.version.split()[0]}, {os.cpu_count()} CPUs, load {os.getloadavg()[0]:.1f}")
    print(f"{'':34}{'outputs':>8}{'wall s':>9}{'CPU s':>8}{'peak MB':>9}")

    def row(name: str, outputs: int, found: Took) -> None:
        print(
            f"{name:34}{outputs:>8,}{found.wall_s:>9.1f}{found.cpu_s:>8.1f}{found.memory_mb:>9.0f}",
            flush=True,
        )

    with tempfile.TemporaryDirectory() as folder:
        for outputs in (given.outputs, given.large):
            if outputs:
                command = stored(Path(folder), given.outputs, max(1, outputs // given.outputs))
                row("workbench rescore", outputs, took(command, Path(folder)))
        program = given.promptfoo or shutil.which("promptfoo")
        if program is None:
            print("promptfoo is not installed here (npm install promptfoo, then --promptfoo PATH)")
            return
        for outputs in (given.outputs // 10, given.outputs):
            try:
                row("promptfoo eval, echo", outputs, promptfoo(Path(folder), program, outputs))
            except ChildProcessError as problem:
                print(f"promptfoo eval, echo: {outputs:,} outputs: {problem}")


if __name__ == "__main__":
    main()
