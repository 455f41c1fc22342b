"""What the Compare page reads: which sides there are, and a comparison with its cases, kept until results change.

What is kept is shared by all tabs and only read: nothing here may be changed after it was made.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING, Any

import streamlit as st

from workbench.analysis.frames import slice_label
from workbench.jobs.comparison import case_means, compare_selections
from workbench.jobs.outcome import Selection, part_of

if TYPE_CHECKING:
    import pandas as pd

    from workbench.analysis.compare import Comparison
    from workbench.analysis.summary import Summary
    from workbench.evals.types import Case
    from workbench.store import RunRecord
    from workbench.store.results import CellRecord
    from workbench.workspace import Workspace

#: How many of a suite's newest runs the baseline may come from.
OTHER_RUNS = 30
#: A case's variables are searched up to this many characters.
SEARCHED_CHARS = 20_000
WORSE, BETTER, SAME, MISSING = "worse", "better", "same", "missing"


@dataclass(frozen=True)
class Choice:
    """One side that may be picked: a prompt version or a model in a run."""

    run_id: str
    name: str

    @property
    def key(self) -> str:
        """How the address and the command line name it: ``RUN:NAME``."""
        return f"{self.run_id}:{self.name}"


@dataclass(frozen=True)
class Compared:
    """A comparison with what the page draws of it.

    ``cases`` has one row a case: ``case``, ``a`` and ``b`` (the primary metric's mean over repeats and models),
    ``gain`` (B over A, the good direction positive), ``outcome`` (worse, better, same, missing), ``slices``
    (labels such as ``task=snarks``) and ``text`` (what a search looks at).
    """

    comparison: Comparison
    a: Selection
    b: Selection
    cases: pd.DataFrame
    summaries: list[Summary]

    @cached_property
    def cells(self) -> dict[str, pd.DataFrame]:
        """The cells of each side by its title, read when a chart wants them."""
        sides = ((self.a, self.comparison.a), (self.b, self.comparison.b))
        return {title: _named(part_of(side.outcome.cells, side), side, title) for side, title in sides}


def runs_with_answers(ws: Workspace) -> list[RunRecord]:
    """Return the newest runs that have answers, newest first."""
    return [record for record in ws.runs.list(limit=200) if record.done]


@st.cache_resource(max_entries=500, show_spinner=False)
def _choices(root: str, run_id: str, _ws: Workspace) -> tuple[tuple[Choice, ...], tuple[Choice, ...]]:
    # A run's plan never changes, so this is read once.
    plan = _ws.runs.get(run_id).plan
    titles = [f"{p['name']}@{p['number']}" if p["number"] else p["name"] for p in plan["prompts"]]
    models = [model.get("label") or model["id"] for model in plan["models"]]
    names = titles + (models if len(models) > 1 else [])
    own = tuple(Choice(run_id, name) for name in names)
    # A gate may name a version by the selector that the suite has, such as triage@production.
    called: dict[str, str] = {name: name for name in names}
    called |= {p["selector"]: title for p, title in zip(plan["prompts"], titles, strict=True)}
    gate: dict[str, Any] = plan["gate"] or {}
    pair = [called.get(gate.get(side, "")) for side in ("baseline", "candidate")]
    if None in pair or pair[0] == pair[1]:
        pair = [titles[0], titles[-1]] if len(titles) > 1 else names[-2:] if len(models) > 1 else []
    return own, tuple(Choice(run_id, name) for name in pair if name)


def choices(ws: Workspace, run_id: str) -> tuple[Choice, ...]:
    """Return the sides that a run holds: its prompts, and its models where it has several."""
    return _choices(str(ws.root), run_id, ws)[0]


def baselines(ws: Workspace, run: RunRecord, runs: list[RunRecord]) -> list[Choice]:
    """Return what may be the baseline of a side of ``run``: its own sides, then those of the suite's other runs."""
    others = [r for r in runs if r.suite == run.suite and r.id != run.id][:OTHER_RUNS]
    return [choice for record in (run, *others) for choice in choices(ws, record.id)]


def first_pair(ws: Workspace, run: RunRecord, runs: list[RunRecord]) -> tuple[Choice | None, Choice]:
    """Return baseline and candidate to begin with: the gate's, else the run's first and last version."""
    own, pair = _choices(str(ws.root), run.id, ws)
    if pair:
        return pair[0], pair[1]
    others = [choice for choice in baselines(ws, run, runs) if choice.run_id != run.id]
    others.sort(key=lambda choice: choice.name == own[0].name)
    return (others[0] if others else None), own[0]


def gate_about(record: RunRecord, *, candidate: str, baseline: str | None = None) -> dict[str, Any] | None:
    """Return what a run's gate said, if it was about this candidate (and this baseline); else None."""
    if not record.gate or not record.gate.get("rule"):
        return None
    called: dict[str, str] = {}
    for prompt in record.plan["prompts"]:
        title = f"{prompt['name']}@{prompt['number']}" if prompt["number"] else prompt["name"]
        called |= {title: title, prompt["selector"]: title}
    rule = record.gate["rule"]
    held, against = (called.get(rule[side], rule[side]) for side in ("candidate", "baseline"))
    return record.gate if held == candidate and baseline in (None, against) else None


def load(ws: Workspace, a: str, b: str, *, metric: str | None, margin: float | None) -> Compared:
    """Return the comparison of two sides, read anew only where a run's results changed.

    Raises:
        NotFound: A run, or what is named in it, is not there.
        BadInput: The sides cannot be compared.
    """
    fingerprints = tuple(ws.runs.fingerprint(side.partition(":")[0]) for side in (a, b))
    return _load(str(ws.root), a, b, metric, margin, fingerprints, ws)


@st.cache_resource(max_entries=12, show_spinner="Comparing…")
def _load(
    root: str,
    a: str,
    b: str,
    metric: str | None,
    margin: float | None,
    fingerprints: tuple[tuple[str | int | None, ...], ...],
    _ws: Workspace,
) -> Compared:
    one, two = _ws.runs.sides(a, b)
    comparison = compare_selections(one, two, metric=metric, margin=margin)
    summaries = [
        summary
        for side, title in ((one, comparison.a), (two, comparison.b))
        for summary in _summaries(side, title, comparison)
    ]
    return Compared(comparison, one, two, _case_table(comparison, one, two), summaries)


def _named(frame: pd.DataFrame, side: Selection, title: str) -> pd.DataFrame:
    """Call the version of a frame as the comparison does, where its own name would not tell the sides apart."""
    if title == side.title or len(side.prompts) > 1:
        return frame
    return frame.assign(prompt=title, version=0)


def _summaries(side: Selection, title: str, comparison: Comparison) -> list[Summary]:
    plan, metric = side.outcome.plan, comparison.primary.scorer
    versions = {(plan.prompts[index].name, plan.prompts[index].number) for index in side.prompts}
    models = {plan.models[index].name for index in side.models}
    found = [
        summary
        for summary in side.outcome.summaries()
        if summary.slice is None
        and summary.scorer == metric
        and summary.model in models
        and (summary.prompt, summary.version) in versions
    ]
    if title == side.title or len(side.prompts) > 1:
        return found
    return [replace(summary, prompt=title, version=0) for summary in found]


def _case_table(comparison: Comparison, a: Selection, b: Selection) -> pd.DataFrame:
    import pandas as pd

    means = case_means(a, b, comparison.primary.scorer)
    cases = {case.id: case for side in (a, b) for case in side.outcome.plan.cases}
    here = [case for case in cases if case in means]
    sign = -1.0 if comparison.primary.lower_is_better else 1.0
    gains = [comparison.case_differences.get(case) for case in here]
    fields = dict.fromkeys([*a.outcome.plan.slices, *b.outcome.plan.slices])
    return pd.DataFrame(
        {
            "case": here,
            "a": pd.array([means[case][0] for case in here], dtype="Float64").to_numpy(
                float, na_value=float("nan")
            ),
            "b": pd.array([means[case][1] for case in here], dtype="Float64").to_numpy(
                float, na_value=float("nan")
            ),
            "gain": [None if gain is None else gain * sign for gain in gains],
            "outcome": [_outcome(gain, sign) for gain in gains],
            "slices": [tuple(slice_label(f, cases[case].metadata.get(f)) for f in fields) for case in here],
            "text": [_searched(cases[case]) for case in here],
        }
    )


def _outcome(gain: float | None, sign: float) -> str:
    if gain is None:
        return MISSING
    if abs(gain) < 1e-12:
        return SAME
    return BETTER if gain * sign > 0 else WORSE


def _searched(case: Case) -> str:
    parts = (case.id, case.vars, case.expected, case.metadata)
    return json.dumps(parts, ensure_ascii=False, default=str)[:SEARCHED_CHARS].casefold()


@dataclass(frozen=True)
class AnswerPair:
    """What both sides answered to one case, once for each model and repeat; None where there is no cell."""

    label: str
    a: CellRecord | None
    b: CellRecord | None


def answers(ws: Workspace, compared: Compared, case_id: str) -> list[AnswerPair]:
    """Return both sides' answers to a case, matched by model (or version) and repeat."""
    sides = compared.a, compared.b
    found = [{_arm(side, sides, record): record for record in _records(ws, side, case_id)} for side in sides]
    keys = dict.fromkeys([*found[0], *found[1]])
    return [
        AnswerPair(" · ".join(part for part in (arm, f"repeat {n + 1}" if _repeats(sides) else "") if part),
                   found[0].get((arm, n)), found[1].get((arm, n)))
        for arm, n in keys
    ]  # fmt: skip


def _repeats(sides: tuple[Selection, Selection]) -> bool:
    return any(side.outcome.plan.repeats > 1 for side in sides)


def _records(ws: Workspace, side: Selection, case_id: str) -> list[CellRecord]:
    scoring = side.outcome.scoring
    _, records = ws.store.results.page(
        side.outcome.run_id, scoring.id if scoring else None, case_ids=[case_id], limit=1000
    )
    return [r for r in records if r.cell.prompt_index in side.prompts and r.cell.model_index in side.models]


def _arm(side: Selection, sides: tuple[Selection, Selection], record: CellRecord) -> tuple[str, int]:
    """Name what must be the same on both sides of a pair, as the comparison matches them."""
    plan, cell = side.outcome.plan, record.cell
    if any(len(s.prompts) > 1 for s in sides):
        name = plan.prompts[cell.prompt_index].title
    elif any(len(s.models) > 1 for s in sides):
        name = plan.models[cell.model_index].name
    else:
        name = ""
    return name, cell.repeat
