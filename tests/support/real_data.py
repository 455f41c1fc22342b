"""Turns recorded answers of real models into suites. The data lies beside the checkout and is never copied into it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from workbench.files import dump_yaml

DATA = Path(__file__).resolve().parents[3] / "shared" / "data"


def data_folder(name: str) -> Path:
    """Return a folder of recorded data, or skip the test where it is absent."""
    folder = DATA / name
    if not folder.is_dir():
        pytest.skip(f"the recorded data {name} is not beside this checkout")
    return folder


def rows(path: Path) -> list[dict[str, Any]]:
    """Read a JSONL file."""
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


def write_rows(path: Path, items: list[dict[str, Any]]) -> None:
    """Write a JSONL file."""
    path.write_text("".join(json.dumps(item, ensure_ascii=False) + "\n" for item in items), encoding="utf-8")


def write_prompt(root: Path, name: str, content: str) -> None:
    """Write a prompt file with one user message."""
    (root / "prompts").mkdir(parents=True, exist_ok=True)
    text = dump_yaml({"name": name, "messages": [{"role": "user", "content": content}]})
    (root / "prompts" / f"{name}.prompt.yml").write_text(text, encoding="utf-8")


def write_suite(root: Path, name: str, suite: dict[str, Any], cases: list[dict[str, Any]]) -> Path:
    """Write a suite with its cases and return its folder."""
    folder = root / "evals" / name
    folder.mkdir(parents=True, exist_ok=True)
    write_rows(folder / "cases.jsonl", cases)
    (folder / "suite.yaml").write_text(dump_yaml({**suite, "cases": "cases.jsonl"}), encoding="utf-8")
    return folder


def bbh_workspace(root: Path) -> dict[tuple[str, str], float]:
    """Make the suite `bbh` from code-davinci-002's answers and return the published accuracies in percent."""
    source = data_folder("bbh")
    write_prompt(root, "bbh-direct", "{{direct_examples}}\n\nQ: {{question}}\nA:")
    write_prompt(root, "bbh-cot", "{{cot_examples}}\n\nQ: {{question}}\nA: Let's think step by step.\n")
    direct = rows(source / "outputs_direct.jsonl")
    cases = [
        {
            "id": f"{row['task']}-{row['i']}",
            "vars": {"question": row["question"]},
            "expected": row["target"],
            "metadata": {"task": row["task"]},
        }
        for row in direct
    ]
    suite = {
        "description": "Few-shot answers against chain of thought",
        "prompts": ["bbh-direct", "bbh-cot"],
        "models": [{"id": "recorded/code-davinci-002", "outputs": "outputs_{prompt}.jsonl"}],
        "scorers": [{"type": "exact", "name": "accuracy", "extract": r"the answer is (.*?)\.?$"}],
        "slices": ["task"],
        "gate": {"baseline": "bbh-direct", "candidate": "bbh-cot", "metric": "accuracy", "margin": 0.01},
    }
    folder = write_suite(root, "bbh", suite, cases)
    for variant in ("direct", "cot"):
        answers = [
            {"id": f"{row['task']}-{row['i']}", "output": row["prediction"]}
            for row in rows(source / f"outputs_{variant}.jsonl")
        ]
        write_rows(folder / f"outputs_bbh-{variant}.jsonl", answers)
    published = json.loads((source / "published_accuracy.json").read_text())
    return {(row["variant"], row["task"]): row["published"] for row in published}


GSM8K_SYSTEMS = ("6b_finetuning", "6b_verification", "175b_finetuning", "175b_verification")


def gsm8k_workspace(root: Path) -> dict[tuple[str, str], bool]:
    """Make the suite `gsm8k` from four systems' solutions and return the published flags by system and case."""
    source = rows(data_folder("gsm8k") / "model_solutions.jsonl")
    write_prompt(root, "gsm8k", "{{question}}")
    cases = [
        {"id": str(row["id"]), "vars": {"question": row["question"]}, "expected": row["target"]}
        for row in source
    ]
    suite = {
        "prompts": ["gsm8k"],
        "models": [
            {"id": f"recorded/{name}", "label": name, "outputs": f"{name}.jsonl"} for name in GSM8K_SYSTEMS
        ],
        "scorers": [{"type": "numeric", "name": "solved", "extract": r"A: (.*)"}],
    }
    folder = write_suite(root, "gsm8k", suite, cases)
    for name in GSM8K_SYSTEMS:
        write_rows(folder / f"{name}.jsonl", [{"id": str(row["id"]), "output": row[name]} for row in source])
    return {
        (name, str(row["id"])): bool(row[f"{name}_is_correct"]) for row in source for name in GSM8K_SYSTEMS
    }
