"""What a run will do, pinned: prompts × models × cases × repeats, with every content that shapes an answer."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from workbench.errors import BadInput, DatasetError, TemplateError
from workbench.evals.asked_cells import AskedCells
from workbench.evals.case_schema import refuse_broken_cases
from workbench.evals.judge_setting import JudgeSetting
from workbench.evals.scorers.registry import WRAPPER_KEYS
from workbench.evals.types import Case, Cell, Gate, ScorerSpec, Suite
from workbench.llm.recorded import recorded_files
from workbench.llm.types import ModelSpec, Request
from workbench.prompts.content import Prompt
from workbench.prompts.prompt_file import parse_prompt, prompt_to_yaml
from workbench.prompts.templates import Renderer, check_variables


@dataclass(frozen=True)
class PinnedPrompt:
    """A prompt version as a run holds it. ``number`` is 0 for a file outside the library."""

    selector: str
    name: str
    number: int
    prompt: Prompt

    @property
    def title(self) -> str:
        """What people call it: ``name@3``, or the name alone for a file."""
        return f"{self.name}@{self.number}" if self.number else self.name


@dataclass(frozen=True)
class Plan:
    """Everything a run refers to. Nothing in it can change under the run."""

    suite: str
    suite_sha256: str
    dataset_sha256: str
    prompts: tuple[PinnedPrompt, ...]
    models: tuple[ModelSpec, ...]
    cases: tuple[Case, ...]
    scorers: tuple[ScorerSpec, ...]
    slices: tuple[str, ...]
    repeats: int
    gate: Gate | None
    recordings: dict[str, str]  # path of a file of recorded outputs → SHA-256 of its bytes
    folder: str | None  # relative to the workspace; recorded outputs are looked up there
    cluster: str | None = None
    limits: dict[str, float] = field(default_factory=dict)  # what the whole run may come to
    baseline: dict[str, Any] | None = None  # an approved run, for a gate that holds against a file
    judging: JudgeSetting | None = None  # the judge's model and prompts, where a scorer asks a model
    asked: AskedCells = field(default_factory=AskedCells)  # which cells are asked

    def cells(self) -> Iterator[Cell]:
        """Yield every cell, both sides of a comparison close together, so that a partial run is balanced."""
        for case in self.cases:
            for repeat in range(self.repeats):
                for model_index in range(len(self.models)):
                    for prompt_index in range(len(self.prompts)):
                        if self.asks(case, prompt_index, model_index):
                            yield Cell(prompt_index, model_index, case.id, repeat)

    def cases_of(self, prompt_index: int, model_index: int) -> tuple[Case, ...]:
        """Return the cases that a model is asked with a prompt."""
        if not self.asked:
            return self.cases
        return tuple(case for case in self.cases if self.asks(case, prompt_index, model_index))

    def asks(self, case: Case, prompt_index: int, model_index: int) -> bool:
        """Return whether a model is asked with a prompt for a case."""
        if not self.asked:
            return True
        prompt, model = self.prompts[prompt_index].selector, self.models[model_index].name
        return self.asked.allows(case.id, prompt, model)

    def __len__(self) -> int:
        if self.asked:
            return sum(1 for _ in self.cells())
        return len(self.prompts) * len(self.models) * len(self.cases) * self.repeats

    def request(self, cell: Cell, case: Case, renderer: Renderer) -> Request:
        """Return the call that answers ``cell``.

        Raises:
            TemplateError: The prompt cannot be rendered with the case's variables.
        """
        pinned, model = self.prompts[cell.prompt_index], self.models[cell.model_index]
        prompt = pinned.prompt
        return Request(
            model=model,
            messages=() if model.recorded else renderer.render(prompt, case.vars),
            params=dict(prompt.parameters),
            response_format=response_format(prompt),
            prompt_name=pinned.name,
            case_id=case.id,
            repeat=cell.repeat,
        )

    def to_dict(self) -> dict[str, Any]:
        """Return it as plain data without the cases, which are stored once by their hash."""
        return {
            "suite": self.suite,
            "suite_sha256": self.suite_sha256,
            "dataset_sha256": self.dataset_sha256,
            "prompts": [
                {
                    "selector": p.selector,
                    "name": p.name,
                    "number": p.number,
                    "sha256": p.prompt.sha256,
                    "content": prompt_to_yaml(p.prompt),
                }
                for p in self.prompts
            ],
            "models": [model.to_dict() for model in self.models],
            "scorers": [scorer.to_dict() for scorer in self.scorers],
            "slices": list(self.slices),
            "repeats": self.repeats,
            "gate": self.gate.to_dict() if self.gate else None,
            "recordings": self.recordings,
            "folder": self.folder,
            "cluster": self.cluster,
            **({"limits": self.limits} if self.limits else {}),
            **({"baseline": self.baseline} if self.baseline else {}),
            **({"judging": self.judging.to_dict()} if self.judging else {}),
            **({"asked": self.asked.to_dict()} if self.asked else {}),
        }

    @classmethod
    def from_dict(cls, data: dict[str, Any], cases: list[dict[str, Any]]) -> Plan:
        """The inverse of `to_dict`, given the stored cases."""
        return cls(
            suite=data["suite"],
            suite_sha256=data["suite_sha256"],
            dataset_sha256=data["dataset_sha256"],
            prompts=tuple(
                PinnedPrompt(
                    p["selector"], p["name"], p["number"], parse_prompt(p["content"], name=p["name"])[0]
                )
                for p in data["prompts"]
            ),
            models=tuple(ModelSpec.from_dict(model) for model in data["models"]),
            cases=tuple(case_from_dict(case) for case in cases),
            scorers=tuple(spec_from_dict(scorer) for scorer in data["scorers"]),
            slices=tuple(data["slices"]),
            repeats=data["repeats"],
            gate=Gate.from_dict(data["gate"]) if data["gate"] else None,
            recordings=data["recordings"],
            folder=data["folder"],
            cluster=data.get("cluster"),
            limits=data.get("limits", {}),
            baseline=data.get("baseline"),
            judging=JudgeSetting.from_dict(data["judging"]) if data.get("judging") else None,
            asked=AskedCells.from_dict(data.get("asked")),
        )

    def slice_values(self) -> dict[str, dict[str, Any]]:
        """Return ``{field: {case id: value}}`` for the fields that the suite slices by."""
        return {field: {case.id: case.metadata.get(field) for case in self.cases} for field in self.slices}


def case_to_dict(case: Case) -> dict[str, Any]:
    """Return a case as plain data."""
    return {
        "id": case.id,
        "vars": case.vars,
        "expected": case.expected,
        "metadata": case.metadata,
        "scorers": [scorer.to_dict() for scorer in case.scorers],
    }


def case_from_dict(data: dict[str, Any]) -> Case:
    """The inverse of `case_to_dict`."""
    return Case(**{**data, "scorers": tuple(spec_from_dict(scorer) for scorer in data["scorers"])})


def spec_from_dict(data: dict[str, Any]) -> ScorerSpec:
    """The inverse of `ScorerSpec.to_dict`."""
    own = {k: data[k] for k in WRAPPER_KEYS if k in data}
    params = {k: v for k, v in data.items() if k not in own}
    return ScorerSpec(**{**own, "transform": tuple(own.get("transform", ()))}, params=params)


def response_format(prompt: Prompt) -> dict[str, Any] | None:
    """Return what the OpenAI protocol calls ``response_format``, or None for plain text."""
    if prompt.json_schema is not None:
        return {"type": "json_schema", "json_schema": prompt.json_schema}
    if prompt.response_format in (None, "text"):
        return None
    return {"type": prompt.response_format}


def build_plan(suite: Suite, prompts: tuple[PinnedPrompt, ...], *, root: Path) -> Plan:
    """Pin a suite, and refuse what could not be answered before anything is paid for.

    Raises:
        BadInput: There is no prompt or no model, or two of them cannot be told apart.
        TemplateError: Some case lacks a variable that a prompt needs.
        DatasetError: A file of recorded outputs is missing, or a case does not fit the suite's schema.
    """
    if not prompts:
        raise BadInput(
            f"The suite {suite.name} names no prompt", hint="list some under `prompts:` or pass --prompt"
        )
    if not suite.models:
        raise BadInput(
            f"The suite {suite.name} names no model", hint="list some under `models:` or pass --model"
        )
    _refuse_twins("model", [model.name for model in suite.models], hint="give one of them a `label`")
    _refuse_twins("prompt", [pinned.title for pinned in prompts], hint="name each version once")
    if any(not model.recorded for model in suite.models):
        _check_variables(suite, prompts)
    refuse_broken_cases(suite)
    folder = suite.folder or root
    return Plan(
        suite=suite.name,
        suite_sha256=suite.sha256,
        dataset_sha256=suite.dataset.sha256,
        prompts=prompts,
        models=suite.models,
        cases=suite.dataset.cases,
        scorers=suite.scorers,
        slices=suite.slices,
        repeats=suite.repeats,
        gate=suite.gate,
        limits=suite.limits,
        recordings=pin_recordings(suite.models, [p.name for p in prompts], folder),
        folder=str(folder.relative_to(root)) if folder.is_relative_to(root) else str(folder),
        cluster=suite.cluster,
        asked=suite.asked,
    )


def pin_recordings(models: tuple[ModelSpec, ...], names: list[str], folder: Path) -> dict[str, str]:
    """Return the SHA-256 of every file of recorded outputs, by its path.

    Raises:
        DatasetError: One of them is missing or cannot be read.
    """
    pinned: dict[str, str] = {}
    for model in models:
        for path in recorded_files(model, names, folder) if model.recorded else ():
            try:
                with path.open("rb") as stream:
                    pinned[str(path)] = hashlib.file_digest(stream, "sha256").hexdigest()
            except OSError as problem:
                reason = problem.strerror or type(problem).__name__
                raise DatasetError(
                    f"The recorded outputs of {model.name} cannot be read ({reason})",
                    file=path,
                    hint="check `outputs:` in the suite",
                ) from None
    return pinned


def _refuse_twins(what: str, names: list[str], *, hint: str) -> None:
    for name in names:
        if names.count(name) > 1:
            raise BadInput(f"The {what} {name} is given twice", hint=hint)


def _check_variables(suite: Suite, prompts: tuple[PinnedPrompt, ...]) -> None:
    """Refuse a dataset that does not fit a prompt: better now than after half of the calls."""
    for pinned in prompts:
        faults: list[tuple[Case, TemplateError]] = []
        for case in suite.dataset.cases:
            try:
                check_variables(pinned.prompt, case.vars)
            except TemplateError as problem:
                faults.append((case, problem))
        if faults:
            case, problem = faults[0]
            others = f" (and in {len(faults) - 1} more)" if len(faults) > 1 else ""
            raise TemplateError(
                f"Case {case.id} of {suite.name} does not fit {pinned.title}{others}: {problem.message}",
                hint="add it to the cases, or give the variable a default in the prompt; "
                f"`workbench dataset check {suite.name}` lists them by row",
            )
