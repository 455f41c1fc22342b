"""Small runs whose answers are written down beforehand, so that a test knows what must come out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any
from unittest import mock

from support.real_data import write_prompt, write_rows, write_suite
from workbench.jobs import process, worker
from workbench.workspace import Workspace

COLOURS = ("red", "green", "blue", "white")


def colours_workspace(
    root: Path,
    answers: Mapping[str, Sequence[str | None]],
    *,
    priced: Mapping[str, float] | None = None,
    gate: Mapping[str, Any] | None = None,
) -> Workspace:
    """Make the suite ``colours``: a case for each answer of a prompt, sliced by the colour that is right.

    Args:
        root: An empty folder.
        answers: Prompt → its answers in the order of the cases; ``None`` is an error of the model.
        priced: Prompt → what one of its answers costs, in USD; unknown where it is not given.
        gate: The suite's gate.
    """
    number = len(next(iter(answers.values())))
    for name in answers:
        write_prompt(root, name, f"As {name}: which colour has {{{{thing}}}}?")
    cases = [
        {
            "id": f"case-{n:03}",
            "vars": {"thing": f"thing number {n}"},
            "expected": COLOURS[n % len(COLOURS)],
            "metadata": {"colour": COLOURS[n % len(COLOURS)]},
        }
        for n in range(number)
    ]
    suite: dict[str, Any] = {
        "prompts": list(answers),
        "models": [{"id": "recorded/painter", "outputs": "outputs_{prompt}.jsonl"}],
        "scorers": [{"type": "exact", "name": "accuracy"}],
        "slices": ["colour"],
    }
    if gate:
        suite["gate"] = dict(gate)
    folder = write_suite(root, "colours", suite, cases)
    for name, texts in answers.items():
        rows = [_row(f"case-{n:03}", text, (priced or {}).get(name)) for n, text in enumerate(texts)]
        write_rows(folder / f"outputs_{name}.jsonl", rows)
    return Workspace.open(root)


def _row(case: str, text: str | None, cost: float | None) -> dict[str, Any]:
    row: dict[str, Any] = {"id": case, "output": text or ""}
    if text is None:
        row["error"] = "the painter was away"
    if cost is not None:
        row |= {"cost_usd": cost, "latency_s": cost * 100}
    return row


def right(number: int, *, wrong: Sequence[int] = (), says: str = "grey") -> list[str]:
    """Return the right answers to ``number`` cases, with ``says`` in place of some."""
    return [says if n in wrong else COLOURS[n % len(COLOURS)] for n in range(number)]


def run_colours(ws: Workspace, **options: Any) -> str:
    """Run the suite in this process, which is quicker than one of its own, and return the run's id."""
    with mock.patch.object(process, "launch", lambda root, state, run_id: worker.main([str(root), run_id])):
        started = ws.runs.start("colours", **options)
    record = ws.runs.get(started.id)
    assert record.status == "complete", record.message
    return record.id
