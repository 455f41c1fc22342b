"""CI as it is: a fresh git clone with nothing but files, and `workbench run --gate` decides."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import time
from pathlib import Path

import pytest
from support.small_workspace import write_prompt, write_suite

CASES = 300
pytestmark = pytest.mark.skipif(shutil.which("git") is None, reason="git is not installed")


def workbench(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    env = {k: v for k, v in os.environ.items() if not k.startswith("WORKBENCH_")} | {
        "WORKBENCH_AUTHOR": "Ada"
    }
    command = [sys.executable, "-m", "workbench", *arguments]
    return subprocess.run(command, cwd=folder, env=env, capture_output=True, text=True, timeout=120)


def git(folder: Path, *arguments: str) -> None:
    who = ["-c", "user.name=Ada", "-c", "user.email=ada@example.org"]
    subprocess.run(["git", *who, *arguments], cwd=folder, check=True, capture_output=True)


def clone(origin: Path, target: Path) -> Path:
    git(origin.parent, "clone", "--quiet", str(origin), str(target))
    return target


@pytest.fixture(scope="module")
def origin(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A repository whose suite was run and approved on somebody's machine."""
    root = tmp_path_factory.mktemp("origin") / "project"
    root.mkdir()
    write_prompt(root, "answer")
    write_suite(root, "held", {"answer": set(range(280))}, cases=CASES)
    suite = root / "evals" / "held" / "suite.yaml"
    rules = {"metric": "accuracy", "margin": 0.05, "max_new_failures": 5, "max_cost_ratio": 1.5}
    suite.write_text(json.dumps({**json.loads(suite.read_text()), "gate": rules}))
    git(root, "init", "--quiet")
    first = workbench(root, "run", "held", "--json", "-")
    assert first.returncode == 0, first.stderr
    run = json.loads(first.stdout)["run"]
    approved = workbench(root, "baseline", "set", run, "--why", "reviewed by hand")
    assert approved.returncode == 0 and "reviewed by hand" in approved.stdout
    git(root, "add", ".")
    git(root, "commit", "--quiet", "-m", "Approve a baseline")
    tracked = subprocess.run(["git", "ls-files"], cwd=root, check=True, capture_output=True, text=True).stdout
    assert "evals/held/baseline.json" in tracked and ".workbench/workbench.db" not in tracked
    return root


def answer(folder: Path, right: int) -> None:
    path = folder / "evals" / "held" / "outputs_answer.jsonl"
    rows = [json.loads(line) for line in path.read_text().splitlines()]
    for number, row in enumerate(rows):
        row["output"] = f"a{number}" if number < right else "wrong"
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))


@pytest.mark.parametrize(
    ("right", "code", "word"), [(280, 0, "passed"), (275, 0, "passed"), (200, 1, "failed")]
)
def test_a_clone_is_judged_by_the_baseline_file_alone(origin, tmp_path, right, code, word):
    here = clone(origin, tmp_path / "clone")
    assert not list((here / ".workbench").glob("*.db")) if (here / ".workbench").exists() else True
    answer(here, right)
    begun = time.perf_counter()
    judged = workbench(here, "run", "held", "--gate", "--json", "-")

    assert judged.returncode == code, judged.stderr
    gate = json.loads(judged.stdout)["gate"]
    assert gate["status"] == word
    assert {rule["name"] for rule in gate["rules"]} == {"quality", "new_failures", "cost"}
    assert gate["baseline"]["approved"]["by"] == "Ada"
    assert time.perf_counter() - begun < 60


def test_a_tampered_or_unfitting_baseline_is_refused_before_anything_is_asked(origin, tmp_path):
    here = clone(origin, tmp_path / "clone")
    path = here / "evals" / "held" / "baseline.json"
    kept = path.read_text()
    path.write_text(kept.replace('{"accuracy": [1]}', '{"accuracy": [0]}', 1))
    tampered = workbench(here, "run", "held", "--gate")
    assert (tampered.returncode, tampered.stdout) == (2, "")
    assert "changed since it was approved" in tampered.stderr
    path.write_text(kept)
    cases = here / "evals" / "held" / "cases.jsonl"
    cases.write_text(cases.read_text().replace('"a299"', '"b299"'))
    other = workbench(here, "run", "held", "--gate")
    assert other.returncode == 2 and "approved on other cases" in other.stderr
    assert json.loads(workbench(here, "runs", "--json", "-").stdout) == []
    path.unlink()
    without = workbench(here, "run", "held", "--gate")
    assert without.returncode == 2 and "has no baseline yet" in without.stderr
