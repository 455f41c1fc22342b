"""Whether cases fit what will be asked: the prompts' variables, the suite's schema, and the models' windows."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

from workbench.errors import TemplateError
from workbench.evals.scorers.json_schema import first_fault
from workbench.evals.types import Case
from workbench.llm.tokens import count_messages
from workbench.llm.types import ModelSpec
from workbench.prompts.content import Prompt
from workbench.prompts.templates import Renderer, placeholders, type_problem

Kind = Literal["missing", "type", "extra", "schema", "window"]
#: Faults that a report lists; it counts all.
LISTED = 50


@dataclass(frozen=True)
class Misfit:
    """One fault of one case. ``row`` counts from 1; only an ``error`` keeps a run from starting."""

    case_id: str
    row: int
    kind: Kind
    field: str
    message: str
    error: bool = True

    def to_dict(self) -> dict[str, Any]:
        """Return it as plain data."""
        return dict(vars(self))


@dataclass
class Fit:
    """What was found: the first faults of each kind, and how many there are of each."""

    rows: int = 0
    bad_rows: int = 0
    counts: dict[str, int] = field(default_factory=dict)
    misfits: list[Misfit] = field(default_factory=list)

    @property
    def ok(self) -> bool:
        """Whether every case can be asked."""
        return self.bad_rows == 0

    def add(self, misfits: Iterable[Misfit]) -> None:
        """Count one more row with its faults."""
        self.rows += 1
        bad = False
        for misfit in misfits:
            bad = bad or misfit.error
            key = misfit.kind if misfit.error else f"{misfit.kind} (warning)"
            self.counts[key] = self.counts.get(key, 0) + 1
            if self.counts[key] <= LISTED:
                self.misfits.append(misfit)
        self.bad_rows += bad

    def to_dict(self) -> dict[str, Any]:
        """Return it as plain data."""
        return {
            "ok": self.ok,
            "rows": self.rows,
            "bad_rows": self.bad_rows,
            "counts": dict(self.counts),
            "misfits": [misfit.to_dict() for misfit in self.misfits],
        }


class Asked:
    """What the cases are for: prompts by their titles, and the schemas of the suite by part.

    Args:
        prompts: The versions that will be rendered.
        schema: JSON Schemas under ``vars``, ``expected`` and ``metadata``, each of them optional.

    Raises:
        TemplateError: A prompt's template is broken.
    """

    def __init__(
        self, prompts: Mapping[str, Prompt], schema: Mapping[str, dict[str, Any]] | None = None
    ) -> None:
        self.prompts, self.schema = prompts, schema or {}
        self._used = {title: placeholders(prompt) for title, prompt in prompts.items()}
        self._known = {name for used in self._used.values() for name in used}
        self._known |= {variable.name for prompt in prompts.values() for variable in prompt.variables}

    def misfits(self, case: Case, row: int) -> Iterator[Misfit]:
        """Yield what is missing, of another type, or used by no prompt, and where the schema is broken."""
        for title, prompt in self.prompts.items():
            yield from self._of_prompt(case, row, title, prompt)
        if self.prompts:
            for name in case.vars:
                if name not in self._known:
                    told = f'the variable "{name}" is used by no prompt'
                    yield Misfit(case.id, row, "extra", f"vars.{name}", told, error=False)
        for part, schema in self.schema.items():
            fault = first_fault(schema, getattr(case, part))
            if fault is not None:
                yield Misfit(case.id, row, "schema", part, f"{part} does not fit the schema: {fault}")

    def _of_prompt(self, case: Case, row: int, title: str, prompt: Prompt) -> Iterator[Misfit]:
        declared = {variable.name for variable in prompt.variables}
        for variable in prompt.variables:
            name, value = variable.name, case.vars.get(variable.name)
            if value is None:
                if variable.default is None and variable.required:
                    yield Misfit(case.id, row, "missing", f"vars.{name}", f'"{name}" is missing for {title}')
            elif (problem := type_problem(variable, value)) is not None:
                yield Misfit(case.id, row, "type", f"vars.{name}", f"{title}: {problem}")
        # A Jinja2 template may use a name only where it is defined.
        certain = prompt.template == "literal"
        for name in self._used[title]:
            if name not in declared and name not in case.vars:
                told = f'"{name}" is missing for {title}'
                yield Misfit(case.id, row, "missing", f"vars.{name}", told, error=certain)


class Windows:
    """Counts the tokens of cases and holds them against the models' windows, each case by its longest message."""

    def __init__(self, prompts: Mapping[str, Prompt], models: Sequence[tuple[ModelSpec, int]]) -> None:
        self.prompts, self.models = prompts, models
        self._frames = {
            title: sum(len(message.content.encode()) + 16 for message in prompt.messages) + 64
            for title, prompt in prompts.items()
        }
        self._uses = {t: sum(m.content.count("{{") for m in p.messages) for t, p in prompts.items()}
        self._least = min((window for _, window in models), default=0)

    def misfits(self, case: Case, row: int, renderer: Renderer) -> Iterator[Misfit]:
        """Yield an error where a request certainly has more tokens than the model reads, a warning where it may."""
        if not self.models:
            return
        # A token has at least one byte, so most cases need no counting at all.
        size = sum(len(str(value).encode("utf-8", "replace")) for value in case.vars.values())
        for title, prompt in self.prompts.items():
            bound = self._frames[title] + size * self._uses[title]
            if prompt.template == "literal" and bound <= self._least:
                continue
            try:
                messages = renderer.render(prompt, case.vars)
            except TemplateError:
                continue
            for model, window in self.models:
                count = count_messages(messages, model)
                if count.high <= window:
                    continue
                about = "" if count.exact else "about "
                told = f"{title} has {about}{count.expected:,.0f} tokens and {model.name} reads {window:,}"
                yield Misfit(case.id, row, "window", "vars", told, error=count.low > window)


def check_cases(
    cases: Iterable[Case], asked: Asked, windows: Windows | None = None, *, first_row: int = 1
) -> Fit:
    """Check every case, of any number, and list the faults by row.

    Args:
        cases: The cases in their order.
        asked: What they must fit.
        windows: The models whose windows they must fit into, if any.
        first_row: The number of the first case.
    """
    fit = Fit()
    with Renderer() as renderer:
        for row, case in enumerate(cases, start=first_row):
            found = list(asked.misfits(case, row))
            if windows is not None and not any(misfit.kind == "missing" for misfit in found):
                found += windows.misfits(case, row, renderer)
            fit.add(found)
    return fit
