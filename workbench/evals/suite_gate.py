"""The gate of a suite file, held against what the suite has: every name in it must stand for something."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from typing import Protocol

from workbench.errors import SuiteError
from workbench.evals.gates import MAX_SLICES, NoSuchCase, must_pass_cases, value_text
from workbench.evals.schema import GateEntry, SuiteFile
from workbench.evals.scorers.registry import suggest
from workbench.evals.types import BASELINE_FILE, Dataset, Gate
from workbench.llm.types import ModelSpec
from workbench.prompts.selectors import Selector


class FieldError(Protocol):
    """Makes an error at a field of the file; see `workbench.evals.suite`."""

    def __call__(self, message: str, *path: str | int, hint: str | None = None) -> SuiteError: ...


def read_gate(
    content: SuiteFile,
    prompts: list[Selector],
    models: tuple[ModelSpec, ...],
    metrics: list[str],
    dataset: Dataset,
    error: FieldError,
    *,
    of_means: Collection[str] = (),
) -> Gate | None:
    """Return the suite's gate, or None where it has none; ``of_means`` are metrics that no case has a value of.

    Raises:
        SuiteError: Something that it names is not there.
    """
    entry = content.gate
    if entry is None:
        return None
    _refuse_means(entry, of_means, error)
    first, margin, others = _metrics(entry, metrics, error)
    for name in entry.floors:
        _check_metric(name, metrics, error, "floors", name)
    _check_slices(entry, content, dataset, error)
    _check_must_pass(entry.must_pass, dataset, error)
    if entry.baseline == entry.candidate:
        raise error("baseline and candidate are the same", "gate", "candidate", hint="name two versions")
    from_file = entry.baseline == BASELINE_FILE
    if not entry.candidate and not from_file:
        raise error("the gate names no candidate", "gate", hint="add `candidate:`, a prompt or model")
    for side in (
        ("candidate",) if from_file and entry.candidate else () if from_file else ("baseline", "candidate")
    ):
        _check_side(getattr(entry, side), side, content.prompts, prompts, models, error)
    return Gate(
        baseline=entry.baseline,
        candidate=entry.candidate,
        metric=first,
        margin=margin,
        max_cost_ratio=entry.max_cost_ratio,
        max_latency_ratio=entry.max_latency_ratio,
        metrics=others,
        floors=dict(entry.floors),
        slices={item.field: item.margin for item in entry.slices},
        must_pass=tuple(entry.must_pass),
        max_new_failures=entry.max_new_failures,
        limits=read_limits(content),
    )


def read_limits(content: SuiteFile) -> dict[str, float]:
    """Return what a whole run may come to: the suite's limits, and in their place those of its gate."""
    gate = content.gate.limits.model_dump(exclude_none=True) if content.gate else {}
    return {**content.limits.model_dump(exclude_none=True), **gate}


def _refuse_means(entry: GateEntry, of_means: Collection[str], error: FieldError) -> None:
    named: list[tuple[str | None, tuple[str | int, ...]]] = [(entry.metric, ("metric",))]
    named += [(item.metric, ("metrics", index, "metric")) for index, item in enumerate(entry.metrics)]
    named += [(name, ("floors", name)) for name in entry.floors]
    for name, path in named:
        if name in of_means:
            raise error(
                f'"{name}" is computed of the means, so no case has a value of it to compare by',
                *("gate", *path),
                hint="name the scorers that it is made of, or compute it `over: cells`",
            )


def _metrics(entry: GateEntry, known: list[str], error: FieldError) -> tuple[str, float, dict[str, float]]:
    """Return the metric decided by with its margin, and the others with theirs."""
    margins: dict[str, float] = {}
    if entry.metric is not None:
        _check_metric(entry.metric, known, error, "metric")
        margins[entry.metric] = entry.margin
    elif not entry.metrics:
        raise error("the gate names no metric", "gate", hint="add `metric:`, the name of a scorer")
    elif "margin" in entry.model_fields_set:
        raise error("this margin has no metric", "gate", "margin", hint="give each of `metrics:` its margin")
    for index, item in enumerate(entry.metrics):
        _check_metric(item.metric, known, error, "metrics", index, "metric")
        if item.metric in margins:
            raise error(f"{item.metric} is named twice", "gate", "metrics", index, hint="remove one")
        margins[item.metric] = item.margin
    first = next(iter(margins))
    return first, margins.pop(first), margins


def _check_metric(name: str, known: list[str], error: FieldError, *path: str | int) -> None:
    if name not in known:
        raise error(f'no scorer is called "{name}"', "gate", *path, hint=suggest(name, known))


def _check_slices(entry: GateEntry, content: SuiteFile, dataset: Dataset, error: FieldError) -> None:
    for index, item in enumerate(entry.slices):
        path = ("gate", "slices", index)
        if item.field not in content.slices:
            near = suggest(item.field, content.slices) if content.slices else None
            raise error(f'"{item.field}" is none of the suite\'s slices', *path, hint=near or "list it there")
        values = {value_text(case.metadata.get(item.field)) for case in dataset.cases}
        if len(values) > MAX_SLICES:
            raise error(
                f'"{item.field}" has {len(values):,} values, and {MAX_SLICES} slices are compared at most',
                *path,
                hint="name a field with fewer",
            )


def _check_must_pass(entries: Iterable[str], dataset: Dataset, error: FieldError) -> None:
    for index, entry in enumerate(entries):
        try:
            must_pass_cases([entry], dataset.cases)
        except NoSuchCase:
            raise error(
                f'"{entry[:60]}" is no case\'s id, field=value or tag',
                *("gate", "must_pass", index),
                hint=suggest(entry, [case.id for case in dataset.cases]),
            ) from None


def _check_side(
    name: str,
    side: str,
    texts: list[str],
    prompts: list[Selector],
    models: tuple[ModelSpec, ...],
    error: FieldError,
) -> None:
    known = [*texts, *(model.name for model in models)]
    # Without prompts or models here they are named on the command line, and the run checks the gate.
    if name in known or not texts or not models:
        return
    versions = [selector for selector in prompts if selector.name == name]
    if len(versions) > 1:
        hint = f"use one of {', '.join(str(selector) for selector in versions)}"
        raise error(f'"{name}" is {len(versions)} versions here', "gate", side, hint=hint)
    if not versions and name not in [model.id for model in models]:
        raise error(f'no prompt or model here is "{name}"', "gate", side, hint=suggest(name, known))
