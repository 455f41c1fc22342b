"""The field ``schema`` of a suite: what every case must look like, as JSON Schema."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

from workbench.errors import DatasetError, SuiteError
from workbench.evals.scorers.json_schema import check_schema, first_fault
from workbench.files import load_yaml, read_text

if TYPE_CHECKING:
    from workbench.evals.suite_source import Source
    from workbench.evals.types import Suite

PARTS = ("vars", "expected", "metadata")
#: Cases that the sentence about a broken schema names.
_NAMED = 5


def by_part(schema: Any) -> dict[str, dict[str, Any]]:
    """Return JSON Schemas by the part of a case: a mapping of parts, or else one schema of the variables.

    Raises:
        ValueError: One of them cannot be used.
    """
    if not isinstance(schema, dict) or not schema:
        raise ValueError(
            "the schema must be a mapping: a JSON Schema of the variables, or one for each of vars, "
            "expected and metadata"
        )
    parts = dict(schema) if set(schema) <= set(PARTS) else {"vars": schema}
    for part in parts.values():
        if not isinstance(part, dict):
            raise ValueError("a JSON Schema is a mapping")
        check_schema(json.loads(json.dumps(part)))
    return parts


def read_schema(
    path: Path, *, error: type[SuiteError | DatasetError] = DatasetError
) -> dict[str, dict[str, Any]]:
    """Return the schemas in a JSON or YAML file.

    Raises:
        DatasetError: (or ``error``) The file cannot be used.
    """
    data = load_yaml(read_text(path, what="schema", error=error), file=path, error=error).data
    try:
        return by_part(data)
    except ValueError as problem:
        raise error(f"{str(problem)[:1].upper()}{str(problem)[1:]}", file=path) from None


def suite_case_schema(value: Any, source: Source) -> dict[str, dict[str, Any]]:
    """Return what a suite's field ``schema`` says: in place, or the path of a file.

    Raises:
        SuiteError: It cannot be used.
    """
    if value is None:
        return {}
    if isinstance(value, str) and value:
        return read_schema(source.inside(value, "schema"), error=SuiteError)
    try:
        return by_part(value)
    except ValueError as problem:
        raise source.error(str(problem), "schema") from None


def refuse_broken_cases(suite: Suite) -> None:
    """Refuse a suite some of whose cases do not fit its schema, before anything is asked.

    Raises:
        DatasetError: Naming the first ones.
    """
    if not suite.schema:
        return
    faults = []
    for case in suite.dataset.cases:
        for part, schema in suite.schema.items():
            fault = first_fault(schema, getattr(case, part))
            if fault is not None:
                faults.append(f"{case.id} ({part}: {fault})")
                break
    if faults:
        more = f" and {len(faults) - _NAMED:,} more" if len(faults) > _NAMED else ""
        raise DatasetError(
            f"{len(faults):,} of {len(suite.dataset.cases):,} cases of {suite.name} do not fit its schema: "
            f"{'; '.join(faults[:_NAMED])}{more}",
            hint=f"`workbench dataset check {suite.name}` lists them by row",
        )
