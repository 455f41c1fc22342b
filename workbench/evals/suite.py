"""Suite files: read, validated with the line of every fault, and identified by content."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, TypeVar

from pydantic import BaseModel, ValidationError

from workbench.errors import BadInput, SuiteError, WorkbenchError
from workbench.evals.case_schema import suite_case_schema
from workbench.evals.combine import OVERALL
from workbench.evals.datasets import CaseSource, load_cases
from workbench.evals.schema import FIELDS, CasesEntry, SuiteFile, suite_schema
from workbench.evals.scorers import SCORERS, has_overall, scorer_units
from workbench.evals.scorers.registry import readable, suggest
from workbench.evals.suite_environment import with_environment
from workbench.evals.suite_gate import read_gate, read_limits
from workbench.evals.suite_scorers import read_scorers, with_suite_fields
from workbench.evals.suite_source import Source, read_source
from workbench.evals.swapping import GROUP, swapped
from workbench.evals.types import Case, Dataset, ScorerSpec, Suite
from workbench.files import canonical_json, sha256_text
from workbench.llm.types import ModelSpec
from workbench.prompts.selectors import Selector, parse_selector

__all__ = ["SuiteEntry", "find_suites", "load_suite", "suite_schema", "suite_to_dict"]
M = TypeVar("M", bound=BaseModel)
FILE_NAMES = ("suite.yaml", "suite.yml")
#: Words of other tools for our fields, for the hint.
_OTHER_WORDS = {
    "tests": "cases",
    "dataset": "cases",
    "data": "cases",
    "providers": "models",
    "assert": "scorers",
    "metrics": "scorers",
}


@dataclass(frozen=True)
class SuiteEntry:
    """A suite found in a folder, not yet loaded. ``path`` is its file."""

    name: str
    path: Path
    description: str


def find_suites(evals_dir: Path) -> tuple[list[SuiteEntry], list[WorkbenchError]]:
    """Return the suites below ``evals_dir`` by name, and the files that are broken. Reads no cases."""
    entries: list[SuiteEntry] = []
    problems: list[WorkbenchError] = []
    folders = sorted(p for p in evals_dir.iterdir() if p.is_dir()) if evals_dir.is_dir() else []
    for folder in folders:
        path = next((folder / name for name in FILE_NAMES if (folder / name).is_file()), None)
        if path is None or folder.name.startswith("."):
            continue
        try:
            data = _read(path, evals_dir).data
            entries.append(SuiteEntry(folder.name, path, str(data.get("description") or "").strip()))
        except WorkbenchError as problem:
            problems.append(problem)
    return entries, problems


def load_suite(path: Path, *, root: Path) -> Suite:
    """Load a suite and its cases.

    Args:
        path: The suite's file, or the folder that holds ``suite.yaml``.
        root: The workspace folder; no path in the suite may leave it.

    Raises:
        SuiteError: The file is missing or not a suite; with line, field, and what was probably meant.
        DatasetError: Its cases cannot be used.
    """
    file = _suite_file(Path(path))
    reader = _Reader(with_environment(_read(file, Path(root))))
    name = file.parent.name if file.name in FILE_NAMES else file.name.split(".")[0]
    return reader.suite(name)


def _suite_file(path: Path) -> Path:
    if not path.is_dir():
        return path
    found = next((path / name for name in FILE_NAMES if (path / name).is_file()), None)
    if found is None:
        raise SuiteError("The folder holds no suite", file=path, hint="write a suite.yaml in it")
    return found


def _read(file: Path, root: Path) -> Source:
    source = read_source(file, root)
    if not isinstance(source.data, dict):
        raise SuiteError(
            "The file is not a suite", file=file, hint="write prompts, models, cases and scorers"
        )
    return source


class _Reader:
    """One suite file on its way to a suite; every error it raises knows its line."""

    def __init__(self, source: Source) -> None:
        self.source, self.file, self.folder = source, source.file, source.file.parent
        self.document, self.error, self._inside = source.document, source.error, source.inside

    def suite(self, name: str) -> Suite:
        content = self._validated()
        prompts = self._prompts(content.prompts)
        models = self._models(content)
        scorers = read_scorers(content, self.source)
        dataset = self._swapped(content, self._dataset(content.cases, scorers))
        dataset = _with_cases(dataset, with_suite_fields(dataset.cases, content, self.source, scorers))
        if not scorers and not any(case.scorers for case in dataset.cases):
            raise self.error(
                "there is no scorer", "scorers", hint="write at least one, or include a file of them"
            )
        self._check_expected(scorers, dataset)
        self._check_slices(content.slices, dataset)
        self._check_groups(scorers, dataset)
        self._check_cluster(content.cluster, dataset)
        metrics = [name for name in scorer_units(scorers) if name != OVERALL]
        if has_overall(scorers, dataset.cases):
            metrics.append(OVERALL)
        of_means = [spec.name for spec in scorers if spec.params.get("over") == "means"]
        gate = read_gate(content, prompts, models, metrics, dataset, self.error, of_means=of_means)
        suite = Suite(
            name=name,
            description=content.description.strip(),
            prompts=tuple(content.prompts),
            models=models,
            dataset=dataset,
            scorers=scorers,
            slices=tuple(content.slices),
            # The swapped cases are one text in several versions, which are not independent of each other.
            cluster=content.cluster or (GROUP if content.swap else None),
            repeats=content.repeats,
            concurrency=content.concurrency,
            gate=gate,
            limits=read_limits(content),
            folder=self.folder,
            schema=suite_case_schema(content.case_schema, self.source),
            judge=content.judge.spec() if content.judge else None,
        )
        identity = sha256_text(canonical_json(suite_to_dict(suite)) + dataset.sha256)
        return Suite(**{**vars(suite), "sha256": identity})

    def _validated(self) -> SuiteFile:
        return self._valid(SuiteFile, self.document.data)

    def _valid(self, model: type[M], data: Any, *prefix: str) -> M:
        try:
            return model.model_validate(data)
        except ValidationError as problem:
            faults = problem.errors(include_url=False, include_input=False)
            # A misspelt field is also a missing one; the spelling is what helps.
            first = min(faults, key=lambda fault: fault["type"] != "extra_forbidden")
        path, hint = (*prefix, *first["loc"]), None
        if first["type"] == "extra_forbidden":
            known = FIELDS.get(path[0] if len(path) > 1 else "", ())
            known = FIELDS.get(".".join(map(str, path[:-1])), known)
            key = str(path[-1])
            hint = suggest(_OTHER_WORDS.get(key, key) if len(path) == 1 else key, known)
            raise self.error(f'there is no field "{key[:60]}"', *path, hint=hint)
        raise self.error(readable(first), *path, hint=hint)

    def _prompts(self, texts: list[str]) -> list[Selector]:
        selectors = []
        for index, text in enumerate(texts):
            try:
                selector = parse_selector(text)
            except BadInput as problem:
                raise self.error(problem.message, "prompts", index, hint=problem.hint) from None
            if selector.kind == "path":
                self._inside(str(selector.value), "prompts", index)
            if text in texts[:index]:
                raise self.error(f'the prompt "{text}" is listed twice', "prompts", index, hint="remove one")
            selectors.append(selector)
        return selectors

    def _models(self, content: SuiteFile) -> tuple[ModelSpec, ...]:
        models = []
        for index, entry in enumerate(content.models):
            model = ModelSpec(**entry.model_dump())
            if model.outputs:
                self._inside(model.outputs.replace("{prompt}", "prompt"), "models", index, "outputs")
            elif model.id.startswith("recorded/"):
                raise self.error(
                    f"{model.id} has no file of recorded outputs",
                    *("models", index),
                    hint="add `outputs:` with the path of a JSONL file",
                )
            if model.name in [m.name for m in models]:
                raise self.error(
                    f"two models are called {model.name}", "models", index, hint="give one of them a `label`"
                )
            models.append(model)
        return tuple(models)

    def _dataset(self, cases: Any, scorers: tuple[ScorerSpec, ...]) -> Dataset:
        names = [spec.name for spec in scorers]
        if isinstance(cases, list):
            return load_cases(
                cases, base=self.folder, reserved=names, file=self.file, line_of=self.document.line
            )
        if isinstance(cases, str):
            self._inside(cases, "cases")
            return load_cases(cases, base=self.folder, reserved=names)
        return load_cases(self._source(cases), base=self.folder, reserved=names)

    def _source(self, cases: dict[str, Any]) -> CaseSource:
        entry = self._valid(CasesEntry, cases, "cases")
        if entry.file is not None:
            self._inside(entry.file, "cases", "file")
        return CaseSource(**entry.model_dump())

    def _swapped(self, content: SuiteFile, dataset: Dataset) -> Dataset:
        if content.swap is None:
            return dataset
        try:
            return swapped(dataset, content.swap)
        except (ValueError, TimeoutError) as problem:
            raise self.error(str(problem) or "swapping takes too long", "swap") from None

    def _check_groups(self, scorers: tuple[ScorerSpec, ...], dataset: Dataset) -> None:
        for spec in scorers:
            if SCORERS[spec.type].across:
                field = str(spec.params.get("group", GROUP))
                self._check_metadata(field, dataset, *self._place_of(spec.name), "group")

    def _check_expected(self, scorers: tuple[ScorerSpec, ...], dataset: Dataset) -> None:
        if any(case.expected is not None for case in dataset.cases):
            return
        for spec in scorers:
            given = any(spec.params.get(key) is not None for key in ("value", "values"))
            needed = SCORERS[spec.type].needs_expected or spec.params.get("fields") is not None
            if needed and not given:
                raise self.error(
                    f"{spec.name} compares with what is expected, and no case has `expected`",
                    *self._place_of(spec.name),
                    hint="add it to the cases, or give the scorer a value",
                )

    def _place_of(self, scorer: str) -> tuple[str | int, ...]:
        """Return where a scorer stands in this file; those of included files stand under ``include``."""
        entries = self.document.data.get("scorers") or []
        for index, entry in enumerate(entries):
            if scorer in ((entry.get("name"), entry.get("type")) if isinstance(entry, dict) else (entry,)):
                return ("scorers", index)
        return ("include",) if "include" in self.document.data else ("scorers",)

    def _check_slices(self, slices: list[str], dataset: Dataset) -> None:
        for index, field in enumerate(slices):
            self._check_metadata(field, dataset, "slices", index)

    def _check_cluster(self, field: str | None, dataset: Dataset) -> None:
        if field is None:
            return
        self._check_metadata(field, dataset, "cluster")
        values = [case.metadata.get(field) for case in dataset.cases]
        if values[0] is not None and all(value == values[0] for value in values):
            raise self.error(
                f'all cases have the same "{field}", so nothing is known about other ones',
                "cluster",
                hint="name a field with at least two values, better ten",
            )

    def _check_metadata(self, field: str, dataset: Dataset, *where: str | int) -> None:
        known = sorted({key for case in dataset.cases for key in case.metadata})
        if field not in known:
            hint = suggest(field, known) if known else "add it to the cases' metadata"
            raise self.error(f'no case has "{field}" in its metadata', *where, hint=hint)


def _with_cases(dataset: Dataset, cases: tuple[Case, ...]) -> Dataset:
    """Return the dataset with what the suite makes of its cases; other scorers in them are another dataset."""
    if cases == dataset.cases:
        return dataset
    own = {case.id: [spec.to_dict() for spec in case.scorers] for case in cases if case.scorers}
    return replace(dataset, cases=cases, sha256=sha256_text(dataset.sha256 + canonical_json(own)))


def suite_to_dict(suite: Suite) -> dict[str, Any]:
    """Return all that a suite asks for as plain data, except its cases and where it stands."""
    data = {
        "description": suite.description,
        "prompts": list(suite.prompts),
        "models": [model.to_dict() for model in suite.models],
        "scorers": [spec.to_dict() for spec in suite.scorers],
        "slices": list(suite.slices),
        "repeats": suite.repeats,
        "concurrency": suite.concurrency,
        "gate": suite.gate.to_dict() if suite.gate else None,
    }
    # Left out where it is not used, so that suites keep the identity that earlier runs were pinned to.
    if suite.schema:
        data["schema"] = suite.schema
    if suite.limits and suite.limits != (suite.gate.limits if suite.gate else {}):
        data["limits"] = suite.limits
    if suite.judge:
        data["judge"] = suite.judge.to_dict()
    return {**data, "cluster": suite.cluster} if suite.cluster else data
