"""The fields of a suite file, and the JSON Schema that lets editors complete them."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field, field_validator

from workbench.evals.cases_entry import CasesEntry
from workbench.evals.model_entry import ModelEntry, Strict, model_entry
from workbench.evals.reducers import MAX_K, WITH_K
from workbench.evals.scorers.groups import GROUPS
from workbench.evals.scorers.registry import SCORERS, params_schema
from workbench.evals.swapping import SHIPPED, SwapEntry, swap_entry
from workbench.evals.transform import MAX_STEPS, WITH_VALUE, WORDS


def _listed(value: Any) -> Any:
    return [value] if isinstance(value, str) else value


def _model_entries(value: Any) -> Any:
    return [value] if isinstance(value, str | dict) else value


class MetricEntry(Strict):
    """One more metric that may not get worse."""

    metric: str = Field(description="The name of a scorer, or overall")
    margin: float = Field(ge=0, description="How much worse still counts as equal, in the metric's unit")


class SliceEntry(Strict):
    """A metadata field in none of whose slices the candidate may lose the margin."""

    field: str = Field(description="One of the suite's slices")
    margin: float | None = Field(None, ge=0, description="How much worse still counts as equal, in any slice")


def _slice_entry(value: Any) -> Any:
    return {"field": value} if isinstance(value, str) else value


class LimitsEntry(Strict):
    """What a whole run may come to, over all of its answers."""

    cost_usd: float | None = Field(None, ge=0, description="US dollars that all answers together may cost")
    total_tokens: int | None = Field(None, ge=0, description="Tokens of all calls and answers together")
    p95_latency_s: float | None = Field(
        None, ge=0, description="Seconds within which 95 of 100 answers must be there"
    )
    p95_ttft_s: float | None = Field(
        None, ge=0, description="Seconds within which 95 of 100 answers must have begun"
    )
    errors: int | None = Field(None, ge=0, description="Answers that may fail")


class GateEntry(Strict):
    """The rules that pass or fail a run."""

    baseline: str = Field(
        "file", description="The prompt or model to hold against, or file: the approved run in baseline.json"
    )
    candidate: str = Field(
        "", description="The prompt or model that wants to ship; may be left out with baseline: file"
    )
    metric: str | None = Field(None, description="The name of a scorer, or overall")
    margin: float = Field(0.0, ge=0, description="How much worse still counts as equal, in the metric's unit")
    metrics: list[MetricEntry] = Field(
        [], max_length=50, description="Metrics that may not get worse, each with its margin"
    )
    floors: dict[str, float] = Field(
        {}, max_length=50, description="What the candidate must reach by itself, by metric"
    )
    slices: Annotated[
        list[Annotated[SliceEntry, BeforeValidator(_slice_entry, json_schema_input_type=str | SliceEntry)]],
        BeforeValidator(_model_entries, json_schema_input_type=str | list[str | SliceEntry]),
    ] = Field([], description="Fields in whose slices the candidate may not fall")
    must_pass: Annotated[
        list[Annotated[str, Field(min_length=1, max_length=300)]],
        BeforeValidator(_listed, json_schema_input_type=str | list[str]),
    ] = Field([], description="Cases that must pass: ids, field=value of the metadata, or tags")
    max_new_failures: int | None = Field(
        None, ge=0, description="How many cases that passed at the baseline may fail now"
    )
    limits: LimitsEntry = Field(LimitsEntry(), description="What the whole run may cost, use, take and fail")
    max_cost_ratio: float | None = Field(None, gt=0, description="Candidate's cost over baseline's, at most")
    max_latency_ratio: float | None = Field(
        None, gt=0, description="Candidate's latency over baseline's, at most"
    )


Name = Annotated[str, Field(min_length=1, max_length=300)]


class SuiteFile(Strict):
    """Prompts × models × cases × repeats, scorers and gate."""

    description: str = Field("", description="One sentence about what it measures")
    prompts: Annotated[list[Name], BeforeValidator(_listed, json_schema_input_type=str | list[Name])] = Field(
        [], description="Selectors (name, name@3, name@label) or paths of prompt files"
    )
    models: Annotated[
        list[Annotated[ModelEntry, BeforeValidator(model_entry, json_schema_input_type=str | ModelEntry)]],
        BeforeValidator(_model_entries),
    ] = Field([], description="What answers")
    cases: Any = Field(
        description="A file of cases (JSONL, JSON, CSV, TSV, YAML, Parquet, Excel), how to read it, or a list of them"
    )
    scorers: list[Any] = Field([], max_length=200, description="What turns an answer into a score")
    include: Annotated[list[Name], BeforeValidator(_listed, json_schema_input_type=str | list[Name])] = Field(
        [], max_length=20, description="Files with scorers that several suites share"
    )
    env: Annotated[list[Name], BeforeValidator(_listed, json_schema_input_type=str | list[Name])] = Field(
        [], max_length=50, description="Environment variables that ${NAME} may stand for, none of them secret"
    )
    transform: Any = Field(None, description="Steps that change every answer before it is scored")
    reducer: Any = Field(None, description="How several answers to a case become one value")
    derived: dict[str, Any] = Field(
        {}, max_length=50, description="Metrics by formula over the scorers' names: {f1: 2*p*r/(p+r)}"
    )
    swap: (
        Annotated[
            SwapEntry, BeforeValidator(swap_entry, json_schema_input_type=Literal[*SHIPPED] | SwapEntry)
        ]
        | None
    ) = Field(
        None, description="Words by which each case is also asked with an attribute swapped, such as gender"
    )
    limits: LimitsEntry = Field(
        LimitsEntry(), description="What any run may cost, use, take and fail, with a gate and without"
    )
    slices: Annotated[list[Name], BeforeValidator(_listed, json_schema_input_type=str | list[Name])] = Field(
        [], description="Metadata fields to look at apart"
    )
    cluster: Name | None = Field(
        None, description="The metadata field that marks cases which belong together, such as one document's"
    )
    case_schema: Any = Field(
        None,
        alias="schema",
        description="JSON Schema that every case must fit: of its variables, or by part; or a file",
    )
    repeats: int = Field(1, ge=1, le=1000, description="Answers a cell")
    concurrency: int | None = Field(None, ge=1, le=1000, description="Calls at the same time")
    gate: GateEntry | None = Field(None, description="The rule that passes or fails a run")
    judge: (
        Annotated[ModelEntry, BeforeValidator(model_entry, json_schema_input_type=str | ModelEntry)] | None
    ) = Field(None, description="The model that judges, where a scorer names none")

    @field_validator("cases")
    @classmethod
    def _file_or_list(cls, value: Any) -> Any:
        if not (isinstance(value, list | dict) or (isinstance(value, str) and value)):
            raise ValueError("cases are a list, the path of a file, or a mapping with `file`")
        return value

    @field_validator("slices")
    @classmethod
    def _once(cls, value: list[str]) -> list[str]:
        return list(dict.fromkeys(value))


#: The fields that may stand at the top and inside each part, for suggestions.
FIELDS: dict[str | int, list[str]] = {
    "": [field.alias or name for name, field in SuiteFile.model_fields.items()],
    "models": list(ModelEntry.model_fields),
    "gate": list(GateEntry.model_fields),
    "gate.limits": list(LimitsEntry.model_fields),
    "limits": list(LimitsEntry.model_fields),
    "cases": list(CasesEntry.model_fields),
    "swap": list(SwapEntry.model_fields),
}


def suite_schema() -> dict[str, Any]:
    """Return the JSON Schema of a suite file, every scorer's parameters included."""
    schema = SuiteFile.model_json_schema()
    schema["$schema"] = "https://json-schema.org/draft/2020-12/schema"
    schema["title"] = "Workbench suite"
    schema["properties"]["cases"] = {
        "description": schema["properties"]["cases"]["description"],
        "anyOf": [
            {"type": "string", "minLength": 1},
            {"type": "array", "items": {"type": "object"}},
            CasesEntry.model_json_schema(),
        ],
    }
    schema["$defs"]["extract"] = _extract_schema()
    schema["$defs"]["transform"] = _transform_schema()
    schema["properties"]["transform"] = {"$ref": "#/$defs/transform"}
    schema["$defs"]["reducer"] = _reducer_schema()
    schema["properties"]["reducer"] = {"$ref": "#/$defs/reducer"}
    schema["properties"]["derived"]["additionalProperties"] = _formula_schema()
    negated = [f"not_{name}" for name in SCORERS if f"not_{name}" not in SCORERS]
    schema["$defs"]["scorer"] = {
        "anyOf": [
            {"type": "string", "enum": sorted([*SCORERS, *negated])},
            *(_scorer_schema(name) for name in sorted(SCORERS)),
            *(_group_schema(name) for name in GROUPS),
        ]
    }
    schema["properties"]["scorers"]["items"] = {"$ref": "#/$defs/scorer"}
    return schema


_TEXT = {"type": "string", "minLength": 1}


def _extract_schema() -> dict[str, Any]:
    forms = {
        "regex": _TEXT,
        "json_path": _TEXT,
        "last_number": {"const": True},
        "first_line": {"const": True},
    }
    mappings = [
        {"type": "object", "properties": {form: value}, "required": [form], "additionalProperties": False}
        for form, value in forms.items()
    ]
    return {
        "description": "The part of the output to score: a regular expression (its last match), or a mapping",
        "anyOf": [_TEXT, *mappings],
    }


def _transform_schema() -> dict[str, Any]:
    values = {**dict.fromkeys(WITH_VALUE, _TEXT), "replace": {"type": "object"}}
    steps = [
        {"type": "string", "enum": sorted(WORDS)},
        *(
            {"type": "object", "properties": {n: v}, "required": [n], "additionalProperties": False}
            for n, v in values.items()
        ),
    ]
    return {
        "description": "Steps that change the output before it is scored",
        "anyOf": [*steps, {"type": "array", "maxItems": MAX_STEPS, "items": {"anyOf": steps}}],
    }


def _reducer_schema() -> dict[str, Any]:
    number = {"type": "integer", "minimum": 1, "maximum": MAX_K}
    forms = [
        {"type": "object", "properties": {kind: number}, "required": [kind], "additionalProperties": False}
        for kind in WITH_K
    ]
    return {
        "description": "How several answers to a case become one value",
        "anyOf": [{"type": "string", "enum": ["mean", "majority"]}, *forms],
    }


def _formula_schema() -> dict[str, Any]:
    return {"anyOf": [_TEXT, {"type": "object", "properties": {"formula": _TEXT}, "required": ["formula"]}]}


def _group_schema(name: str) -> dict[str, Any]:
    """The short form of a group: its kind is the key of its scorers, or of their number."""
    long = _scorer_schema(name)
    properties = {key: value for key, value in long["properties"].items() if key != "type"}
    properties[name] = properties.pop("n" if name == "at_least" else "of")
    required = [name, "of"] if name == "at_least" else [name]
    return {**long, "properties": properties, "required": required}


def _scorer_schema(name: str) -> dict[str, Any]:
    entry = SCORERS[name]
    own = params_schema(entry)
    properties = dict(own.get("properties", {}))
    for param in entry.file_params:
        properties[param] = {"anyOf": [properties[param], {"type": "string"}]}
    if name in GROUPS:
        properties["of"] = {**properties["of"], "items": {"$ref": "#/$defs/scorer"}}
    kinds = [name] if f"not_{name}" in SCORERS else [name, f"not_{name}"]
    return {
        "type": "object",
        "description": (entry.impl.__doc__ or "").split("\n\n")[0],
        "properties": {
            "type": {"enum": kinds},
            "name": {**_TEXT, "maxLength": 100, "description": "What tables call it; the type by default"},
            "negate": {"type": "boolean", "description": "Pass where it would fail, and count 1 - value"},
            "weight": {"type": "number", "minimum": 0, "description": "What it counts for in overall"},
            "threshold": {"type": "number", "minimum": 0, "description": "The value from which it passes"},
            "extract": {"$ref": "#/$defs/extract"},
            "transform": {"$ref": "#/$defs/transform"},
            "reducer": {"$ref": "#/$defs/reducer"},
            **properties,
        },
        "required": ["type", *own.get("required", [])],
        "additionalProperties": False,
        **({"$defs": own["$defs"]} if "$defs" in own else {}),
    }
