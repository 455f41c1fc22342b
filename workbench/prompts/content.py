"""What a prompt is: messages, model, parameters, variables; its canonical content and identity."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Literal

Role = Literal["system", "user", "assistant"]
TemplateEngine = Literal["literal", "jinja2"]


@dataclass(frozen=True)
class PromptMessage:
    """One message of the template, not yet rendered."""

    role: Role
    content: str


@dataclass(frozen=True)
class Variable:
    """What a variable must be. ``type`` is one of string, number, integer, boolean, array, object."""

    name: str
    type: str = "string"
    required: bool = True
    default: Any = None
    description: str = ""


@dataclass(frozen=True)
class Prompt:
    """The content of one version. Identity is `sha256`, over everything but ``name``."""

    name: str
    messages: tuple[PromptMessage, ...]
    description: str = ""
    model: str | None = None
    parameters: dict[str, Any] = field(default_factory=dict)
    response_format: str | None = None
    json_schema: dict[str, Any] | None = None
    template: TemplateEngine = "literal"
    variables: tuple[Variable, ...] = ()
    tags: tuple[str, ...] = ()
    extra: dict[str, Any] = field(default_factory=dict)
