"""Answers for people to label: a random part of a run's cases, so that nobody can tell whose they are."""

from __future__ import annotations

import csv
import io
import json
import random
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from workbench.errors import BadInput
from workbench.files import write_atomic
from workbench.reports.text import safe_cell
from workbench.store.human_labels import LabelledAnswer

if TYPE_CHECKING:
    from workbench.workspace import Workspace

#: What stands before a scorer's name in the column of its labels.
PREFIX = "label:"


def write_sample(
    ws: Workspace, run_id: str, path: Path, *, cases: int, scorers: Sequence[str] = (), seed: int = 0
) -> tuple[int, int]:
    """Write the answers to randomly drawn cases for people to label, and return how many cases and answers.

    Versions, models and scores do not stand in it, and the answers to a case are in random order, so that nobody can
    tell whose they are. Cases are in random order, too: whoever stops early has still labelled a random part.

    Args:
        ws: The workspace.
        run_id: The run.
        path: A ``.csv`` or ``.jsonl`` file, which must not be there yet.
        cases: How many cases to draw.
        scorers: Whose question people answer; by default the run's judges, else its first scorer.
        seed: Another one draws other cases.

    Raises:
        BadInput: The file is there already or of another format, or there is no such scorer.
    """
    if path.suffix.lower() not in (".csv", ".jsonl"):
        raise BadInput(f"Labels are written as .csv or .jsonl, and {path.name} is neither")
    if path.exists():
        raise BadInput(f"{path} is there already", hint="name another file, so that no label is lost")
    outcome = ws.runs.outcome(run_id)
    names = [known_scorer(name, outcome.units) for name in scorers] or judges_of(outcome.units, outcome.specs)
    chosen = list(outcome.plan.cases)
    order = random.Random(f"{outcome.run_id} {seed}")
    order.shuffle(chosen)
    chosen = chosen[:cases]
    found: dict[str, list[LabelledAnswer]] = {case.id: [] for case in chosen}
    for answer in ws.store.human_labels.answers(outcome.run_id, list(found)):
        if answer.error is None:
            found[answer.cell.case_id].append(answer)
    rows: list[dict[str, Any]] = []
    for case in chosen:
        group = sorted(found[case.id], key=lambda answer: answer.id)
        order.shuffle(group)
        asked = {"case": case.id, "input": case.vars, "expected": case.expected}
        labels = {f"{PREFIX}{name}": None for name in names}
        rows += [{"cell": a.id, **asked, "output": a.text, **labels, "rater": None} for a in group]
    write_atomic(path, _table(rows) if path.suffix.lower() == ".csv" else _lines(rows))
    return sum(bool(group) for group in found.values()), len(rows)


def judges_of(units: Mapping[str, str], specs: Sequence[Any]) -> list[str]:
    """Return whose question people answer where nobody says: the judges of a run, else its first scorer.

    Raises:
        BadInput: The run has no scorer of 0 to 1.
    """
    from workbench.evals.judge_setting import judge_models

    scored = [spec for spec in specs if units.get(spec.name) == "score"]
    found = [spec.name for spec in scored if list(judge_models([spec]))] or [s.name for s in scored[:1]]
    if not found:
        raise BadInput("This run has no scorer of 0 to 1 that labels could be held against")
    return found


def _table(rows: Sequence[Mapping[str, Any]]) -> str:
    stream = io.StringIO(newline="")
    writer = csv.writer(stream, lineterminator="\r\n")
    writer.writerow(rows[0] if rows else ["cell", "case"])
    for row in rows:
        writer.writerow([safe_cell(_text(value)) for value in row.values()])
    # The mark lets spreadsheets read it as UTF-8.
    return "\ufeff" + stream.getvalue()


def _text(value: Any) -> Any:
    if value is None or isinstance(value, str | int | float):
        return "" if value is None else value
    return json.dumps(value, ensure_ascii=False, default=str)


def _lines(rows: Sequence[Mapping[str, Any]]) -> str:
    return "".join(json.dumps(row, ensure_ascii=False, default=str) + "\n" for row in rows)


def known_scorer(name: str, units: Mapping[str, str]) -> str:
    """Return the name of a scorer that can be labelled.

    Raises:
        BadInput: There is none of this name that gives 0 to 1.
    """
    known = [name for name, unit in units.items() if unit == "score"]
    if name not in known:
        raise BadInput(
            f'There is no scorer "{name}" of 0 to 1 in this run', hint=f"it has {', '.join(known)}"
        )
    return name
