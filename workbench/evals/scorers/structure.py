"""The scorer of structured output: is it JSON, of the right shape, with the right values."""

from __future__ import annotations

import json
from dataclasses import dataclass
from itertools import islice
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field

from workbench.evals.extract import parse_json
from workbench.evals.scorers.blocks import Fences, Inside, json_values
from workbench.evals.scorers.json_schema import check_schema, first_fault
from workbench.evals.scorers.registry import Outcome, ScoringError, scorer
from workbench.evals.scorers.texts import IgnoreCase, normal, shown
from workbench.evals.types import Case, ScoringInput

_MISSING = object()
#: How many JSON values inside an output are looked at.
MAX_VALUES = 100


def _listed(value: Any) -> Any:
    return [value] if isinstance(value, str) and value != "all" else value


@scorer("json", file_params=("schema",))
@dataclass(frozen=True)
class Json:
    """The output is JSON; on demand it also fits a JSON Schema and holds the expected values.

    Alone, it passes where the output parses: strictly, with nothing around it, or with ``fences`` also as a
    Markdown code block; with ``inside`` any object or list somewhere in the output counts, and of several the best.
    With ``schema`` it must fit that too. With ``fields`` the named fields must equal those of
    the case's ``expected``. Further fields of the output are no fault unless the schema forbids them. It passes when
    all is right; the value is then 1, else 0, or with ``partial`` the share of fields that are right (0 where it
    does not parse or fit the schema).
    """

    fences: Fences = False
    inside: Inside = False
    schema: Annotated[
        dict[str, Any] | None,
        Field(description="A JSON Schema that it must fit: in place, or the path of a JSON or YAML file"),
    ] = None
    fields: Annotated[
        Literal["all"] | list[str] | None,
        BeforeValidator(_listed, json_schema_input_type=str | list[str] | None),
        Field(
            description="Fields to compare with expected: all of expected's, or paths such as total, buyer.city or "
            "items.0.name"
        ),
    ] = None
    partial: Annotated[bool, Field(description="Give credit for the share of fields that are right")] = False
    ignore_case: IgnoreCase = False
    tolerance: Annotated[
        float, Field(ge=0, description="Largest difference of two numbers that still counts as equal")
    ] = 0.0

    def __post_init__(self) -> None:
        if self.schema is not None:
            check_schema(self.schema)
        if self.partial and self.fields is None:
            raise ValueError("partial credit needs fields")
        if self.fields == []:
            raise ValueError("fields is empty; name some, or write all")

    def score(self, cell: ScoringInput) -> Outcome:
        """Parse, check the shape, compare the fields; of several candidates the best counts."""
        wanted = self._wanted(cell.case) if self.fields is not None else {}
        try:
            found = self._found(cell.output)
        except ValueError as problem:
            return Outcome(0.0, False, f"it is not JSON ({problem})")
        if not found:
            return Outcome(0.0, False, "there is no JSON object or list in it")
        best = self._judge(found[0], wanted)
        for data in found[1:]:
            if best.passed:
                break
            best = max(best, self._judge(data, wanted), key=lambda outcome: (outcome.passed, outcome.value))
        return best

    def _found(self, text: str) -> list[Any]:
        if not self.inside:
            return [parse_json(text, fences=self.fences)]
        return list(islice(json_values(text), MAX_VALUES))

    def _judge(self, data: Any, wanted: dict[str, Any]) -> Outcome:
        fault = first_fault(self.schema, data) if self.schema is not None else None
        if fault:
            return Outcome(0.0, False, f"it does not fit the schema: {fault}")
        wrong = [path for path, value in wanted.items() if not self._same(_at(data, path), value)]
        if not wrong:
            return Outcome(1.0, True)
        value = 1 - len(wrong) / len(wanted) if self.partial else 0.0
        return Outcome(value, False, "; ".join(_difference(data, path, wanted[path]) for path in wrong[:5]))

    def _wanted(self, case: Case) -> dict[str, Any]:
        """Return the expected value of each field; the path "" is the whole."""
        if case.expected is None:
            raise ScoringError("the case has nothing expected")
        try:
            expected = parse_json(case.expected) if isinstance(case.expected, str) else case.expected
        except ValueError:
            raise ScoringError("what the case expects is not JSON") from None
        if self.fields == "all":
            return _fields_of(expected) if isinstance(expected, dict) and expected else {"": expected}
        wanted = {path: _at(expected, path) for path in self.fields or ()}
        for path, value in wanted.items():
            if value is _MISSING:
                raise ScoringError(f"what the case expects has no field {path}")
        return wanted

    def _same(self, found: Any, expected: Any) -> bool:
        if isinstance(found, bool) or isinstance(expected, bool):
            return found is expected
        if isinstance(found, int | float) and isinstance(expected, int | float):
            return found == expected or abs(found - expected) <= self.tolerance * (1 + 1e-12)
        if isinstance(found, str) and isinstance(expected, str):
            texts = (normal(text, ignore_case=self.ignore_case, strip=True) for text in (found, expected))
            return len(set(texts)) == 1
        if isinstance(found, list) and isinstance(expected, list):
            return len(found) == len(expected) and all(map(self._same, found, expected))
        if isinstance(found, dict) and isinstance(expected, dict):
            return found.keys() == expected.keys() and all(self._same(found[k], expected[k]) for k in found)
        return found is expected


@scorer("json_schema", file_params=("schema",))
@dataclass(frozen=True)
class JsonSchema:
    """The output is JSON that fits a JSON Schema: ``json`` with nothing but its ``schema``."""

    schema: Annotated[
        dict[str, Any],
        Field(description="The JSON Schema that it must fit: in place, or the path of a JSON or YAML file"),
    ]
    fences: Fences = False
    inside: Inside = False

    def __post_init__(self) -> None:
        check_schema(self.schema)

    def score(self, cell: ScoringInput) -> Outcome:
        """Parse and hold it against the schema."""
        return Json(fences=self.fences, inside=self.inside, schema=self.schema).score(cell)


def _fields_of(expected: dict[str, Any]) -> dict[str, Any]:
    return {f"/{key}": value for key, value in expected.items()}


def _at(data: Any, path: str) -> Any:
    """Return what stands at a path. A leading slash makes the rest one key, dots and all."""
    if path == "":
        return data
    keys = [path[1:]] if path.startswith("/") else path.split(".")
    for key in keys:
        if isinstance(data, dict) and key in data:
            data = data[key]
        elif isinstance(data, list) and key.isdecimal() and int(key[:9]) < len(data):
            data = data[int(key[:9])]
        else:
            return _MISSING
    return data


def _difference(data: Any, path: str, expected: Any) -> str:
    found, name = _at(data, path), path.removeprefix("/") or "it"
    if found is _MISSING:
        return f"{name} is missing"
    return f"{name} is {_shown(found)}, not {_shown(expected)}"


def _shown(value: Any) -> str:
    return (
        shown(value, 60) if isinstance(value, str) else shown(json.dumps(value, ensure_ascii=False), 60)[1:-1]
    )
