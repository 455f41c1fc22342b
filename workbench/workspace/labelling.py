"""Answers for people to label: a random part of a run's cases, so that nobody can tell whose they are."""

from __future__ import annotations

import csv
import io
import json
import random
from collections.abc import Mapping, Sequence
from itertools import combinations
from pathlib import Path
from typing import TYPE_CHECKING, Any

from workbench.errors import BadInput
from workbench.files import write_atomic
from workbench.reports.text import safe_cell
from workbench.store.human_labels import LabelledAnswer

if TYPE_CHECKING:
    from workbench.evals.types import Case
    from workbench.jobs.outcome import Outcome
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
    order = _begun(path, ws, run_id, seed)
    outcome = ws.runs.outcome(run_id)
    names = [known_scorer(name, outcome.units) for name in scorers] or judges_of(outcome.units, outcome.specs)
    labels: dict[str, Any] = {f"{PREFIX}{name}": None for name in names}
    rows: list[dict[str, Any]] = []
    drawn = _drawn(ws, outcome, cases, order)
    for case, group in drawn:
        rows += [{"cell": a.id, **_asked(case), "output": a.text, **labels, "rater": None} for a in group]
    _write(path, rows)
    return len(drawn), len(rows)


def write_pairs(ws: Workspace, run_id: str, path: Path, *, cases: int, seed: int = 0) -> tuple[int, int]:
    """Write pairs of answers to randomly drawn cases for people to choose from; return how many cases and pairs.

    Every two answers to a case are a pair, in random order and without saying whose they are.

    Args:
        ws: The workspace.
        run_id: The run.
        path: A ``.csv`` or ``.jsonl`` file, which must not be there yet.
        cases: How many cases to draw.
        seed: Another one draws other cases.

    Raises:
        BadInput: The file is there already or of another format, or the run has one version and model only.
    """
    order = _begun(path, ws, run_id, seed)
    outcome = ws.runs.outcome(run_id)
    if len(outcome.plan.prompts) * len(outcome.plan.models) < 2:
        raise BadInput("This run has one version and one model, so there is nothing to choose from")
    rows: list[dict[str, Any]] = []
    drawn = _drawn(ws, outcome, cases, order)
    for case, group in drawn:
        for one, other in combinations(group, 2):
            if one.cell.repeat == other.cell.repeat:
                outputs = {"first": one.id, "second": other.id, "output_1": one.text, "output_2": other.text}
                rows.append({**_asked(case), **outputs, "winner": None, "rater": None})
    _write(path, rows)
    return len(drawn), len(rows)


def _begun(path: Path, ws: Workspace, run_id: str, seed: int) -> random.Random:
    if path.suffix.lower() not in (".csv", ".jsonl"):
        raise BadInput(f"Labels are written as .csv or .jsonl, and {path.name} is neither")
    if path.exists():
        raise BadInput(f"{path} is there already", hint="name another file, so that no label is lost")
    return random.Random(f"{ws.runs.get(run_id).id} {seed}")


def _drawn(
    ws: Workspace, outcome: Outcome, cases: int, order: random.Random
) -> list[tuple[Case, list[LabelledAnswer]]]:
    """Draw cases, and the answers to each in random order; failed ones are left out."""
    chosen = list(outcome.plan.cases)
    order.shuffle(chosen)
    found: dict[str, list[LabelledAnswer]] = {case.id: [] for case in chosen[:cases]}
    for answer in ws.store.human_labels.answers(outcome.run_id, list(found)):
        if answer.error is None:
            found[answer.cell.case_id].append(answer)
    drawn = []
    for case in chosen[:cases]:
        group = sorted(found[case.id], key=lambda answer: answer.id)
        order.shuffle(group)
        if group:
            drawn.append((case, group))
    return drawn


def _asked(case: Case) -> dict[str, Any]:
    return {"case": case.id, "input": case.vars, "expected": case.expected}


def _write(path: Path, rows: Sequence[Mapping[str, Any]]) -> None:
    write_atomic(path, _table(rows) if path.suffix.lower() == ".csv" else _lines(rows))


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
