"""A small workspace for tests of commands: two prompts, recorded answers, and a suite for each outcome of a gate."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

CASES = 40

_PROMPT = """\
name: {name}
description: {description}
messages:
  - role: system
    content: Answer with one word.
  - role: user
    content: "{{{{question}}}}"
"""


def write_prompt(root: Path, name: str, description: str = "Answers a question") -> None:
    """Write a prompt with one required variable, ``question``."""
    folder = root / "prompts"
    folder.mkdir(parents=True, exist_ok=True)
    (folder / f"{name}.prompt.yml").write_text(
        _PROMPT.format(name=name, description=description), encoding="utf-8"
    )


def write_suite(
    root: Path,
    name: str,
    right: dict[str, set[int]],
    *,
    cases: int = CASES,
    gate: tuple[str, str] | None = None,
    missing: int = 0,
) -> None:
    """Write a suite over recorded answers.

    Args:
        root: The workspace.
        name: The suite's.
        right: Prompt → the numbers of the cases that it answers rightly; all others are wrong.
        cases: How many cases there are.
        gate: ``(baseline, candidate)``.
        missing: How many of the last cases no prompt has an answer for.
    """
    folder = root / "evals" / name
    folder.mkdir(parents=True, exist_ok=True)
    rows = [
        {
            "id": f"c{n}",
            "vars": {"question": f"What is {n}?"},
            "expected": f"a{n}",
            "metadata": {"kind": "even" if n % 2 == 0 else "odd"},
        }
        for n in range(cases)
    ]
    _write_rows(folder / "cases.jsonl", rows)
    for prompt, numbers in right.items():
        answers = [
            {
                "id": f"c{n}",
                "output": f"a{n}" if n in numbers else "wrong",
                "latency_s": 0.5,
                "cost_usd": 0.001,
            }
            for n in range(cases - missing)
        ]
        _write_rows(folder / f"outputs_{prompt}.jsonl", answers)
    suite: dict[str, Any] = {
        "description": f"The suite {name}",
        "prompts": list(right),
        "models": [{"id": "recorded/m", "outputs": "outputs_{prompt}.jsonl"}],
        "cases": "cases.jsonl",
        "scorers": [{"type": "exact", "name": "accuracy"}],
        "slices": ["kind"],
    }
    if gate is not None:
        suite["gate"] = {"baseline": gate[0], "candidate": gate[1], "metric": "accuracy", "margin": 0.02}
    # JSON is YAML, too.
    (folder / "suite.yaml").write_text(json.dumps(suite, indent=2), encoding="utf-8")


def make_workspace(root: Path) -> Path:
    """Write suites ``passes``, ``fails``, ``close`` (undecided) and ``holes`` (two cells without an answer)."""
    write_prompt(root, "weak")
    write_prompt(root, "strong")
    every, half = set(range(CASES)), set(range(0, CASES, 2))
    write_suite(root, "passes", {"weak": half, "strong": every}, gate=("weak", "strong"))
    write_suite(root, "fails", {"strong": every, "weak": half}, gate=("strong", "weak"))
    write_suite(root, "close", {"weak": {0, 1, 2}, "strong": {1, 2, 3}}, cases=6, gate=("weak", "strong"))
    write_suite(root, "holes", {"weak": half}, cases=8, missing=2)
    return root


def _write_rows(path: Path, rows: list[dict[str, Any]]) -> None:
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
