"""The fields of a suite file, and the JSON Schema that lets editors complete them."""

from __future__ import annotations

import re
from typing import Annotated, Any
from urllib.parse import urlsplit

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, field_validator, model_validator

from workbench.evals.scorers.registry import SCORERS, params_schema

_SECRET = re.compile(r"(api[-_ ]?key|apikey|authorization|secret|password|access[-_ ]?token)$", re.IGNORECASE)


def _listed(value: Any) -> Any:
    return [value] if isinstance(value, str) else value


def _model_entry(value: Any) -> Any:
    return {"id": value} if isinstance(value, str) else value


def _model_entries(value: Any) -> Any:
    return [value] if isinstance(value, str | dict) else value


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True, allow_inf_nan=False, hide_input_in_errors=True)


class ModelEntry(_Strict):
    """What answers: ``provider/model`` and how to reach it."""

    id: str = Field(min_length=1, max_length=300, description="provider/model, such as openai/gpt-5-mini")
    params: dict[str, Any] = Field({}, description="Parameters of the call, such as temperature")
    api_base: str | None = Field(None, description="The URL of a server that speaks the provider's protocol")
    api_key_env: str | None = Field(
        None, description="The name of the environment variable that holds the key"
    )
    label: str | None = Field(None, min_length=1, max_length=100, description="What tables call it")
    outputs: str | None = Field(
        None,
        min_length=1,
        description="A JSONL file of recorded answers instead of a model; {prompt} is the prompt's name",
    )
    max_concurrency: int | None = Field(
        None, ge=1, le=1000, description="Calls of this model at the same time"
    )
    requests_per_minute: int | None = Field(
        None, ge=1, le=10_000_000, description="Calls in any minute, at most"
    )
    tokens_per_minute: int | None = Field(
        None, ge=1, le=10_000_000_000, description="Tokens in and out in any minute, at most"
    )
    timeout_s: float | None = Field(None, gt=0, le=86_400, description="Seconds that one attempt may take")
    first_token_timeout_s: float | None = Field(
        None, gt=0, le=86_400, description="Seconds to the first token, which is then streamed"
    )

    @model_validator(mode="before")
    @classmethod
    def _no_secrets(cls, data: Any) -> Any:
        params = data.get("params") if isinstance(data, dict) else None
        for holder in (data, params):
            for key in holder if isinstance(holder, dict) else ():
                if isinstance(key, str) and _SECRET.search(key):
                    raise ValueError(
                        f"a key does not belong in a suite ({key[:30]}); put it in an environment variable and its "
                        "name in api_key_env"
                    )
        return data

    @field_validator("api_key_env")
    @classmethod
    def _variable_name(cls, value: str | None) -> str | None:
        if value is not None and not re.fullmatch(r"[A-Za-z_][A-Za-z0-9_]{0,99}", value):
            raise ValueError(
                "api_key_env is the name of an environment variable, such as OPENAI_API_KEY, never a key"
            )
        return value

    @field_validator("api_base")
    @classmethod
    def _web_address(cls, value: str | None) -> str | None:
        if value is None:
            return None
        try:
            url = urlsplit(value)
            good = url.scheme in ("http", "https") and bool(url.hostname) and url.username is None
        except ValueError:
            good = False
        if not good:
            raise ValueError(
                "api_base is a URL with http:// or https://, without a user name or password in it"
            )
        return value


class MetricEntry(_Strict):
    """One more metric that may not get worse."""

    metric: str = Field(description="The name of a scorer, or overall")
    margin: float = Field(ge=0, description="How much worse still counts as equal, in the metric's unit")


class SliceEntry(_Strict):
    """A metadata field in none of whose slices the candidate may lose the margin."""

    field: str = Field(description="One of the suite's slices")
    margin: float | None = Field(None, ge=0, description="How much worse still counts as equal, in any slice")


def _slice_entry(value: Any) -> Any:
    return {"field": value} if isinstance(value, str) else value


class GateEntry(_Strict):
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
    max_cost_ratio: float | None = Field(None, gt=0, description="Candidate's cost over baseline's, at most")
    max_latency_ratio: float | None = Field(
        None, gt=0, description="Candidate's latency over baseline's, at most"
    )


Name = Annotated[str, Field(min_length=1, max_length=300)]


class SuiteFile(_Strict):
    """Prompts × models × cases × repeats, scorers and gate."""

    description: str = Field("", description="One sentence about what it measures")
    prompts: Annotated[list[Name], BeforeValidator(_listed, json_schema_input_type=str | list[Name])] = Field(
        [], description="Selectors (name, name@3, name@label) or paths of prompt files"
    )
    models: Annotated[
        list[Annotated[ModelEntry, BeforeValidator(_model_entry, json_schema_input_type=str | ModelEntry)]],
        BeforeValidator(_model_entries),
    ] = Field([], description="What answers")
    cases: Any = Field(description="A file of cases (JSONL, JSON, CSV, TSV, YAML) or a list of them")
    scorers: list[Any] = Field(min_length=1, max_length=200, description="What turns an answer into a score")
    slices: Annotated[list[Name], BeforeValidator(_listed, json_schema_input_type=str | list[Name])] = Field(
        [], description="Metadata fields to look at apart"
    )
    cluster: Name | None = Field(
        None, description="The metadata field that marks cases which belong together, such as one document's"
    )
    repeats: int = Field(1, ge=1, le=1000, description="Answers a cell")
    concurrency: int | None = Field(None, ge=1, le=1000, description="Calls at the same time")
    gate: GateEntry | None = Field(None, description="The rule that passes or fails a run")

    @field_validator("cases")
    @classmethod
    def _file_or_list(cls, value: Any) -> Any:
        if not (isinstance(value, list) or (isinstance(value, str) and value)):
            raise ValueError("cases are a list, or the path of a file")
        return value

    @field_validator("slices")
    @classmethod
    def _once(cls, value: list[str]) -> list[str]:
        return list(dict.fromkeys(value))


#: The fields that may stand at the top and inside each part, for suggestions.
FIELDS: dict[str | int, list[str]] = {
    "": list(SuiteFile.model_fields),
    "models": list(ModelEntry.model_fields),
    "gate": list(GateEntry.model_fields),
}


def suite_schema() -> dict[str, Any]:
    """Return the JSON Schema of a suite file, every scorer's parameters included."""
    schema = SuiteFile.model_json_schema()
    schema["$schema"] = "https://json-schema.org/draft/2020-12/schema"
    schema["title"] = "Workbench suite"
    schema["properties"]["cases"] = {
        "description": schema["properties"]["cases"]["description"],
        "anyOf": [{"type": "string", "minLength": 1}, {"type": "array", "items": {"type": "object"}}],
    }
    schema["$defs"]["extract"] = _extract_schema()
    schema["$defs"]["scorer"] = {
        "anyOf": [
            {"type": "string", "enum": sorted(SCORERS)},
            *(_scorer_schema(name) for name in sorted(SCORERS)),
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


def _scorer_schema(name: str) -> dict[str, Any]:
    entry = SCORERS[name]
    own = params_schema(entry)
    properties = dict(own.get("properties", {}))
    for param in entry.file_params:
        properties[param] = {"anyOf": [properties[param], {"type": "string"}]}
    return {
        "type": "object",
        "description": (entry.impl.__doc__ or "").split("\n\n")[0],
        "properties": {
            "type": {"const": name},
            "name": {**_TEXT, "maxLength": 100, "description": "What tables call it; the type by default"},
            "negate": {"type": "boolean", "description": "Pass where it would fail, and count 1 - value"},
            "weight": {"type": "number", "minimum": 0, "description": "What it counts for in overall"},
            "threshold": {"type": "number", "minimum": 0, "description": "The value from which it passes"},
            "extract": {"$ref": "#/$defs/extract"},
            **properties,
        },
        "required": ["type", *own.get("required", [])],
        "additionalProperties": False,
        **({"$defs": own["$defs"]} if "$defs" in own else {}),
    }
