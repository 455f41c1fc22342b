"""The prompt file's shape: one description that validates files and is published as a JSON Schema."""

from __future__ import annotations

from difflib import get_close_matches
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import (
    BaseModel,
    ConfigDict,
    Discriminator,
    Field,
    StrictBool,
    StrictInt,
    StrictStr,
    Tag,
    ValidationError,
    field_validator,
    model_validator,
)

from workbench.credentials import credential_in
from workbench.errors import PromptError
from workbench.files import YamlDocument
from workbench.prompts.content import BLOCK, SCHEMA_VERSION

VARIABLE_NAME = r"^[^\W\d][\w.\-]*$"
VARIABLE_TYPES = ("string", "number", "integer", "boolean", "array", "object")
SCHEMA_ID = "urn:workbench:prompt-file:1"


class _Part(BaseModel):
    """A part of the file; a key without a value counts as absent."""

    model_config = ConfigDict(extra="forbid", populate_by_name=False)

    @model_validator(mode="before")
    @classmethod
    def _drop_empty(cls, data: Any) -> Any:
        if not isinstance(data, dict):
            return data
        known = {info.alias or name for name, info in cls.model_fields.items()}
        return {key: value for key, value in data.items() if value is not None or key not in known}


class FileImage(_Part):
    """Where an image is: an https or ``data:`` address, which may hold placeholders."""

    url: Annotated[StrictStr, Field(min_length=1)]
    detail: StrictStr | None = None


class FilePart(_Part):
    """A part of a message's content: its text, or an image."""

    type: Literal["text", "image_url"]
    text: StrictStr | None = None
    image_url: FileImage | None = None

    @model_validator(mode="after")
    def _filled(self) -> FilePart:
        if getattr(self, self.type) is None or (self.text is not None and self.image_url is not None):
            raise ValueError(f"A part of type {self.type} needs {self.type} and nothing else")
        return self


class FileMessage(_Part):
    """One chat message; ``content`` may hold placeholders. An empty one, which other tools write, is not sent.

    A user's may be a list of parts: one text, and images. An assistant's may be left out beside ``tool_calls``, and
    a tool's answers the ``tool_call_id`` of a call.
    """

    model_config = ConfigDict(extra="allow")

    role: Literal["system", "user", "assistant", "tool"]
    content: Annotated[
        Annotated[StrictStr, Tag("[text]")] | Annotated[list[FilePart], Tag("[parts]")],
        Discriminator(lambda value: "[parts]" if isinstance(value, list) else "[text]"),
    ]

    @model_validator(mode="before")
    @classmethod
    def _only_calls(cls, data: Any) -> Any:
        if isinstance(data, dict) and data.get("tool_calls") and data.get("content") is None:
            return {**data, "content": ""}
        return data

    @model_validator(mode="after")
    def _one_text(self) -> FileMessage:
        if isinstance(self.content, list):
            if self.role != "user" and any(part.type == "image_url" for part in self.content):
                raise ValueError("Only a user message can hold images")
            if sum(part.type == "text" for part in self.content) > 1:
                raise ValueError("It should have one text: join the texts of its parts")
            if not self.content:
                raise ValueError("It has no parts: write its text")
        calls = (self.model_extra or {}).get("tool_calls")
        if calls is not None and not (
            isinstance(calls, list)
            and all(isinstance(c, dict) and isinstance(c.get("function"), dict) for c in calls)
        ):
            raise ValueError(
                "tool_calls should be a list of {id, type: function, function: {name, arguments}}"
            )
        if self.role == "tool" and not isinstance((self.model_extra or {}).get("tool_call_id"), str):
            raise ValueError("A tool message needs tool_call_id: the id of the call that it answers")
        return self


class FileVariable(_Part):
    """What a variable must be."""

    type: Literal["string", "number", "integer", "boolean", "array", "object"] = "string"
    required: StrictBool = True
    default: Any = None
    description: StrictStr = ""


class FileLineage(_Part):
    """Where this version comes from. Written by Workbench."""

    version: Annotated[StrictInt, Field(ge=1)]
    sha256: Annotated[StrictStr, Field(pattern=r"^[0-9a-f]{64}$")]
    parent: StrictInt | None = None
    author: StrictStr = ""
    message: StrictStr = ""
    created_at: Annotated[StrictStr, Field(description="ISO-8601, UTC")]


class FileBlock(_Part):
    """What Workbench adds; other tools ignore it."""

    model_config = ConfigDict(extra="allow")

    schema_version: Annotated[StrictInt, Field(alias="schemaVersion", ge=1, le=SCHEMA_VERSION)] = 1
    template: Literal["literal", "jinja2"] = "literal"
    variables: dict[Annotated[str, Field(pattern=VARIABLE_NAME)], FileVariable] = {}
    tags: list[StrictStr] = []
    lineage: FileLineage | None = None

    @model_validator(mode="before")
    @classmethod
    def _bare_variables(cls, data: Any) -> Any:
        # ``ticket:`` alone declares a required string.
        if isinstance(data, dict) and isinstance(data.get("variables"), dict):
            filled = {key: {} if spec is None else spec for key, spec in data["variables"].items()}
            return {**data, "variables": filled}
        return data


class PromptFile(_Part):
    """A prompt: chat messages with a model and its parameters."""

    model_config = ConfigDict(extra="allow", protected_namespaces=())

    name: StrictStr = ""
    description: StrictStr = ""
    model: StrictStr | None = None
    parameters: Annotated[dict[str, Any], Field(alias="modelParameters")] = {}
    response_format: Annotated[StrictStr | None, Field(alias="responseFormat")] = None
    json_schema: Annotated[
        Any, Field(alias="jsonSchema", description="A JSON string with name and schema")
    ] = None
    messages: Annotated[list[FileMessage], Field(min_length=1)]
    block: Annotated[FileBlock, Field(alias=BLOCK)] = FileBlock()

    @field_validator("parameters")
    @classmethod
    def _no_credentials(cls, value: dict[str, Any]) -> dict[str, Any]:
        name = credential_in(value)
        if name is not None:
            raise ValueError(
                f"a key does not belong in a prompt ({name}); put it in an environment variable that the model's "
                "provider reads"
            )
        return value


def prompt_file_schema() -> dict[str, Any]:
    """Return the JSON Schema (draft 2020-12) of ``<name>.prompt.yml``."""
    schema = PromptFile.model_json_schema(by_alias=True)
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "$id": SCHEMA_ID,
        **schema,
        "title": "Workbench prompt file",
    }


def validate_prompt_file(document: YamlDocument, file: str | Path | None) -> PromptFile:
    """Check a document against the shape.

    Raises:
        PromptError: The first fault, with file, line and field.
    """
    if not isinstance(document.data, dict):
        what = "is empty" if document.data is None else "is not a mapping"
        raise PromptError(
            f"The prompt file {what}", file=file, line=1, hint="write at least messages: with one message"
        )
    try:
        return PromptFile.model_validate(document.data)
    except ValidationError as problem:
        raise _as_sentence(problem.errors()[0], document, file) from None


def _as_sentence(fault: Any, document: YamlDocument, file: str | Path | None) -> PromptError:
    """Turn pydantic's first fault into one sentence about the file."""
    path = tuple(part for part in fault["loc"] if part not in ("[key]", "[text]", "[parts]"))
    kind, hint = fault["type"], None
    last = str(path[-1]) if path else ""
    message = fault["msg"].replace("Input should", "It should", 1).replace("Value should", "It should", 1)
    if kind == "missing":
        message = f'"{last}" is missing'
    elif kind == "extra_forbidden":
        message, hint = f'"{last[:60]}" is not known here', _suggestion(path)
    elif kind == "string_type":
        message, hint = "It should be text", "put it in quotes"
    elif kind == "too_short":
        message, hint = "There should be at least one message", "add one with role: user and content:"
    elif kind == "string_pattern_mismatch" and "variables" in path:
        message, hint = f'"{last[:60]}" cannot be a variable', "use letters, digits, _, - and ."
    elif last == "role":
        hint = {"developer": "write system", "model": "write assistant"}.get(str(fault["input"]))
    return PromptError(
        message, file=file, line=document.line(*path), field=".".join(map(str, path)), hint=hint
    )


def _suggestion(path: tuple[Any, ...]) -> str:
    part = FileVariable if "variables" in path else FileLineage
    near = get_close_matches(str(path[-1]), part.model_fields, n=1)
    return f'did you mean "{near[0]}"' if near else f"use {', '.join(part.model_fields)}"
