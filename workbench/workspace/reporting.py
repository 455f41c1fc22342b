"""What a report of a run is made of, read from the workspace."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from workbench.errors import NotFound, WorkbenchError
from workbench.files import load_yaml, read_text
from workbench.jobs import outcome as outcomes
from workbench.jobs.comparison import compare_selections
from workbench.jobs.corpus import corpus_rows
from workbench.reports.content import Answer, Content, Held

if TYPE_CHECKING:
    from workbench.analysis.gate import GateResult
    from workbench.evals.plan import PinnedPrompt, Plan
    from workbench.workspace import Workspace

#: How many failed cells a run's JSON lists at most.
LISTED_ERRORS = 1000
#: Answers are read in groups of cases, so that a large run need not fit into memory at once.
_CASES_AT_ONCE = 200
_ALL = 1_000_000


def report_of(ws: Workspace, run_id: str) -> dict[str, Any]:
    """Return a run as plain data, with its failed cells under ``error_cells``, and what is to be told of its judges."""
    report = ws.runs.report(run_id)
    report |= judges_of(ws, report["run"])
    report["run_limits"] = run_limits(ws, report["run"])
    report["error_cells"] = _error_cells(ws, report["run"]) if report["cells"]["errors"] else []
    return report


def run_limits(ws: Workspace, run_id: str) -> list[dict[str, Any]]:
    """Return each limit that a run's suite states, and how the run is held to it; with a gate they are its rules."""
    from workbench.jobs.gating import limits_of

    record = ws.runs.progress(run_id)
    if record.gate or not record.done:
        return []
    outcome = ws.runs.outcome(run_id)
    # A run that stopped when it was decided is complete with fewer cells than were planned.
    missing = 0 if record.status == "complete" else record.planned - record.done
    return [asdict(rule) for rule in limits_of(outcome, missing=missing)]


def judges_of(ws: Workspace, run_id: str) -> dict[str, Any]:
    """Return what a run's judges prefer, what people's labels say, and a sentence for each that may favour its own."""
    from workbench.jobs.preferences import preferences_of
    from workbench.jobs.self_preference import self_preference

    plan = ws.runs.plan_of(run_id)
    return {
        "preferences": [found.to_dict() for found in preferences_of(ws.store, run_id, plan)],
        "labels": labels_told(ws, run_id),
        "self_preference": list(self_preference(plan.models, plan.scorers)),
    }


def labels_told(ws: Workspace, run_id: str) -> list[dict[str, Any]]:
    """Return how a run's labelled scorers agree with people, and what these would say of each version."""
    from workbench.jobs.labelled import labels_report

    if ws.store.human_labels.mark(run_id) is None:
        return []
    return labels_report(ws.runs.outcome(run_id))


def content_of(
    ws: Workspace,
    run: str,
    against: Sequence[str] = (),
    *,
    metric: str | None = None,
    margin: float | None = None,
) -> Content:
    """Return what a report of a run shows.

    Args:
        ws: The workspace.
        run: A run, or ``RUN:SIDE`` with the version or model that is held against the baselines.
        against: The baselines: each a version or model of this run, another run, or ``RUN:SIDE``. Without any, the
            sides of the gate are compared, else the first and last version, else the first two models.
        metric: The scorer that the verdict rests on; by default the gate's, else ``overall``, else the first.
        margin: Differences smaller than this count as none; by default the gate's, else 0.

    Raises:
        NotFound: A run, version or model is not there.
        BadInput: A side leaves a choice open, or both sides are the same.
    """
    asked, _, candidate = run.partition(":")
    record = ws.runs.get(asked)
    outcome = ws.runs.outcome(record.id)
    gate = _gate(record.gate)
    held: list[Held] = []
    usual = usual_sides(record.plan, record.gate)
    if against:
        for baseline in against:
            sides = _sides(ws, outcome, baseline, candidate or None, usual)
            held.append(_held(ws, *sides, metric=metric, margin=margin, gate=None))
    elif usual and not candidate:
        # Nobody asked for it: a run whose sides cannot be compared (yet) is reported without.
        with suppress(WorkbenchError):
            chosen = [outcomes.select(outcome, name) for name in usual]
            held.append(_held(ws, chosen[0], chosen[1], metric=metric, margin=margin, gate=gate))
    file, lines = _suite_file(ws, outcome.plan)
    together = corpus_rows(outcome)
    return Content(
        run={**report_of(ws, record.id), "corpus": [row.to_dict() for row in together]},
        plan=outcome.plan,
        summaries=tuple(outcome.summaries()),
        cells=outcome.cells,
        units=outcome.units,
        gate=gate,
        comparisons=tuple(held),
        answers=lambda: answers(ws, outcome),
        suite_file=file,
        suite_lines=lines,
        corpus=tuple(together),
    )


def usual_sides(plan: Mapping[str, Any], gate: Mapping[str, Any] | None) -> tuple[str, str] | None:
    """Return a run's baseline and candidate: its gate's, else the first and last version, else two models.

    Args:
        plan: The run's plan as stored.
        gate: The gate's result as stored.
    """
    titles = [f"{p['name']}@{p['number']}" if p["number"] else p["name"] for p in plan["prompts"]]
    models = [m.get("label") or m["id"] for m in plan["models"]]
    rule = (gate or {}).get("rule") or {}
    # Against an approved run in a file there is no such side in this run.
    if rule.get("baseline") not in (None, "", "file") and rule.get("candidate"):
        called = {p["name"]: title for p, title in zip(plan["prompts"], titles, strict=True)}
        called |= {p["selector"]: title for p, title in zip(plan["prompts"], titles, strict=True)}
        a, b = (called.get(rule[side], rule[side]) for side in ("baseline", "candidate"))
        return a, b
    if len(titles) > 1:
        return titles[0], titles[-1]
    return (models[0], models[1]) if len(models) > 1 else None


def answers(
    ws: Workspace,
    outcome: outcomes.Outcome,
    *,
    cases: Sequence[str] | None = None,
    selection: outcomes.Selection | None = None,
    side: Literal["", "a", "b"] = "",
) -> Iterator[Answer]:
    """Yield answers with their scores: by case in the order of the plan, then version, model and repeat.

    Args:
        ws: The workspace.
        outcome: The run.
        cases: Only those to these cases.
        selection: Only those of this side of a comparison.
        side: What the answers are marked with.
    """
    plan = outcome.plan
    scoring = outcome.scoring.id if outcome.scoring else None
    wanted = None if cases is None else set(cases)
    chosen = [case for case in plan.cases if wanted is None or case.id in wanted]
    for start in range(0, len(chosen), _CASES_AT_ONCE):
        group = {case.id: (place, case) for place, case in enumerate(chosen[start : start + _CASES_AT_ONCE])}
        _total, found = ws.store.results.page(outcome.run_id, scoring, case_ids=list(group), limit=_ALL)
        found.sort(
            key=lambda r: (group[r.cell.case_id][0], r.cell.prompt_index, r.cell.model_index, r.cell.repeat)
        )
        for row in found:
            cell = row.cell
            if selection is not None and (
                cell.prompt_index not in selection.prompts or cell.model_index not in selection.models
            ):
                continue
            yield Answer(
                prompt=plan.prompts[cell.prompt_index],
                model=plan.models[cell.model_index].name,
                case=group[cell.case_id][1],
                repeat=cell.repeat,
                completion=row.completion,
                scores=row.scores,
                side=side,
            )


def _sides(
    ws: Workspace,
    outcome: outcomes.Outcome,
    baseline: str,
    candidate: str | None,
    usual: tuple[str, str] | None,
) -> tuple[outcomes.Selection, outcomes.Selection]:
    try:
        a = outcomes.select(outcome, baseline)
    except NotFound:
        run_id, _, selector = baseline.partition(":")
        try:
            other = ws.runs.outcome(ws.runs.get(run_id).id)
        except NotFound:
            raise NotFound(
                f'"{baseline}" is no version or model of run {outcome.run_id}, and no other run',
                hint="give one of its versions, RUN, or RUN:VERSION",
            ) from None
        a = outcomes.select(other, selector or None)
    if candidate is not None:
        return a, outcomes.select(outcome, candidate)
    if usual is None or (a.outcome.run_id != outcome.run_id and len(outcome.plan.prompts) == 1):
        return a, outcomes.select(outcome, None)
    # The usual candidate, or where that is the baseline now, the other side.
    chosen = [outcomes.select(outcome, name) for name in reversed(usual)]
    taken = (a.outcome.run_id, a.prompts, a.models)
    return a, next(c for c in chosen if (c.outcome.run_id, c.prompts, c.models) != taken)


def _held(
    ws: Workspace,
    a: outcomes.Selection,
    b: outcomes.Selection,
    *,
    metric: str | None,
    margin: float | None,
    gate: GateResult | None,
) -> Held:
    from workbench.analysis.summary import summarise

    comparison = compare_selections(a, b, metric=metric, margin=margin)
    pairs = ((comparison.a, a), (comparison.b, b))
    cases = {case.id: case for selection in (b, a) for case in selection.outcome.plan.cases}
    summaries = [
        summary
        for _, side in pairs
        for summary in summarise(_part(side, side.outcome.scores), units=side.outcome.units)
    ]

    def read(ids: list[str]) -> Iterator[Answer]:
        yield from answers(ws, a.outcome, cases=ids, selection=a, side="a")
        yield from answers(ws, b.outcome, cases=ids, selection=b, side="b")

    return Held(
        comparison=comparison,
        gate=gate,
        prompts=(_only_prompt(a), _only_prompt(b)),
        summaries=tuple(summaries),
        cells={name: _part(side, side.outcome.cells) for name, side in pairs},
        cases=tuple(cases.values()),
        answers=read,
    )


def _part(side: outcomes.Selection, frame):
    return frame[frame["prompt_index"].isin(side.prompts) & frame["model_index"].isin(side.models)]


def _only_prompt(side: outcomes.Selection) -> PinnedPrompt | None:
    return side.outcome.plan.prompts[side.prompts[0]] if len(side.prompts) == 1 else None


def _gate(stored: Mapping[str, Any] | None) -> GateResult | None:
    if not stored:
        return None
    from workbench.analysis.gate import GateResult, Rule

    rules = [Rule(rule["name"], rule["status"], rule["reason"]) for rule in stored.get("rules") or ()]
    return GateResult(
        stored["status"],
        list(stored["reasons"]),
        stored["sentence"],
        metric=stored.get("metric") or "",
        rules=rules,
    )


def _suite_file(ws: Workspace, plan: Plan) -> tuple[Path | None, dict[str, int]]:
    """Return where the suite stands now and the lines of its parts; nothing where it is gone."""
    with suppress(WorkbenchError, OSError):
        folder = ws.root / plan.folder if plan.folder else ws.suites.folder / plan.suite
        names = ("suite.yaml", "suite.yml", f"{plan.suite}.yaml", f"{plan.suite}.yml")
        file = next((folder / name for name in names if (folder / name).is_file()), None)
        if file is None:
            return None, {}
        document = load_yaml(read_text(file, what="suite"), file=file)
        lines = {key: document.line(key) for key in ("gate", "limits", "scorers", "cases")}
        return file, {key: line for key, line in lines.items() if line}
    return None, {}


def _error_cells(ws: Workspace, run_id: str) -> list[dict[str, Any]]:
    plan = ws.runs.plan_of(run_id)
    scoring = ws.store.results.current_scoring(run_id)
    _total, found = ws.store.results.page(
        run_id, scoring.id if scoring else None, only="errors", limit=LISTED_ERRORS
    )
    return [
        {
            "prompt": plan.prompts[row.cell.prompt_index].title,
            "model": plan.models[row.cell.model_index].name,
            "case": row.cell.case_id,
            "repeat": row.cell.repeat,
            "error": row.completion.error,
            "message": row.completion.error_message,
        }
        for row in found
    ]
