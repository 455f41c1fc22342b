"""The cases that a suite names, without reading the suite's other parts or all of its cases."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from workbench.errors import SuiteError
from workbench.evals.cases_entry import CasesEntry
from workbench.evals.datasets import CaseSource, CaseStream, open_cases
from workbench.evals.datasets.readers import list_rows
from workbench.evals.scorers.registry import readable
from workbench.files import load_yaml, read_text


@dataclass(frozen=True)
class SuiteCases:
    """Where a suite's cases stand. ``source`` is None for cases in place, which are ``rows`` then."""

    file: Path
    source: CaseSource | None
    rows: list[Any]
    line_of: Callable[..., int | None]

    def open(self, *, whole: bool = False) -> CaseStream:
        """Open the cases; ``whole`` without the suite's own limit and split."""
        if self.source is None:
            rows = list_rows(self.rows, "cases", self.line_of)
            return open_cases(CaseSource("cases in place"), rows=rows)
        return open_cases(self.source.whole() if whole else self.source, base=self.file.parent)


def suite_cases(file: Path, *, root: Path) -> SuiteCases:
    """Return what a suite file says of its cases.

    Raises:
        SuiteError: It says nothing that can be used, or a path leads out of the workspace.
    """
    document = load_yaml(read_text(file, what="suite", error=SuiteError), file=file, error=SuiteError)
    data = document.data.get("cases") if isinstance(document.data, dict) else None

    def error(message: str, hint: str | None = None) -> SuiteError:
        return SuiteError(message, file=file, line=document.line("cases"), field="cases", hint=hint)

    if isinstance(data, list):
        return SuiteCases(file, None, data, document.line)
    if isinstance(data, str) and data:
        source = CaseSource(data)
    elif isinstance(data, dict):
        try:
            source = CaseSource(**CasesEntry.model_validate(data).model_dump())
        except ValidationError as problem:
            raise error(readable(problem.errors(include_url=False, include_input=False)[0])) from None
    else:
        raise error("The suite names no cases", "name a file, or list them")
    path = source.path(file.parent)
    if path is not None and not path.resolve().is_relative_to(root.resolve()):
        raise error("The path leads out of the workspace", "use a path inside it")
    return SuiteCases(file, source, [], document.line)
