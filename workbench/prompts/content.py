"""What a prompt is: messages, model, parameters, variables; its canonical content and identity."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, field
from functools import cached_property
from typing import Any, Literal

from workbench.errors import PromptError
from workbench.files import canonical_json, sha256_text

Role = Literal["system", "user", "assistant", "tool"]
TemplateEngine = Literal["literal", "jinja2"]

#: Keys of a message that go to the model as they stand.
SENT_KEYS = ("name", "tool_calls", "tool_call_id", "cache_control")
SCHEMA_VERSION = 1
BLOCK = "x-workbench"


@dataclass(frozen=True)
class PromptMessage:
    """One message of the template, not yet rendered.

    ``images`` are addresses (https or ``data:``, placeholders allowed) with an optional ``detail``; ``text_at`` of
    them stand before the text. ``extra`` holds the file's other keys: of these `SENT_KEYS` are sent as they stand.
    """

    role: Role
    content: str
    extra: dict[str, Any] = field(default_factory=dict, hash=False)
    images: tuple[dict[str, Any], ...] = field(default=(), hash=False)
    text_at: int = 0

    @property
    def sent(self) -> bool:
        """Whether there is anything to send: an empty message of other tools' files is left out."""
        return bool(self.content or self.images or self.extra.get("tool_calls") or self.role == "tool")

    def __post_init__(self) -> None:
        object.__setattr__(self, "images", tuple(self.images))
        # A browser or an editor on Windows must not change what is sent, nor its identity.
        object.__setattr__(self, "content", unix_lines(self.content))


@dataclass(frozen=True)
class Variable:
    """What a variable must be. ``type`` is one of string, number, integer, boolean, array, object."""

    name: str
    type: str = "string"
    required: bool = True
    default: Any = None
    description: str = ""


@dataclass(frozen=True)
class Lineage:
    """Where a version comes from. ``created_at`` is ISO-8601 in UTC; ``parent`` is a version number or None."""

    version: int
    sha256: str
    parent: int | None
    author: str
    message: str
    created_at: str

    def to_dict(self) -> dict[str, Any]:
        """Return it as plain data, in the file's key order."""
        return asdict(self)


@dataclass(frozen=True)
class Prompt:
    """The content of one version. Identity is `sha256`, over everything but ``name``.

    ``extra`` holds the file's other keys (``testData``, ``evaluators``, …) as they stand there; a display
    name that differs from the file's own name is in ``extra["name"]`` and is not part of the identity.
    """

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

    def __post_init__(self) -> None:
        for name in ("messages", "variables", "tags"):
            object.__setattr__(self, name, tuple(getattr(self, name)))
        object.__setattr__(self, "description", unix_lines(self.description))

    def canonical(self) -> dict[str, Any]:
        """Return everything but the name as plain data, without what is at its default.

        The JSON schema is a string there, because the order of its properties shapes what a model answers.
        `from_canonical` is the inverse.
        """
        data = {
            "messages": [_sparse(message, PromptMessage("user", "-")) for message in self.messages],
            "description": self.description,
            "model": self.model,
            "parameters": self.parameters,
            "response_format": self.response_format,
            "json_schema": None if self.json_schema is None else _schema_text(self.json_schema),
            "template": None if self.template == "literal" else self.template,
            "variables": [_sparse(variable, Variable("")) for variable in self.variables],
            "tags": list(self.tags),
            "extra": {key: value for key, value in self.extra.items() if key != "name"},
        }
        return {key: _plain(value) for key, value in data.items() if value not in (None, "", [], {})}

    @classmethod
    def from_canonical(cls, name: str, data: dict[str, Any]) -> Prompt:
        """Rebuild a prompt from what `canonical` returned."""
        data = dict(data)
        data["messages"] = tuple(PromptMessage(**message) for message in data["messages"])
        data["variables"] = tuple(Variable(**variable) for variable in data.get("variables", ()))
        if "json_schema" in data:
            data["json_schema"] = json.loads(data["json_schema"])
        return cls(name=name, **data)

    @cached_property
    def sha256(self) -> str:
        """SHA-256 (hex) of the canonical content.

        Raises:
            PromptError: It holds a value that has no JSON form, such as ``.nan``.
        """
        try:
            text = canonical_json(self.canonical())
            text.encode()
        except (ValueError, TypeError, RecursionError):
            raise PromptError(
                f'The prompt "{self.name}" holds a value that JSON cannot express',
                hint="remove .nan, .inf and broken characters",
            ) from None
        return sha256_text(text)

    @property
    def sha8(self) -> str:
        """The first eight characters of `sha256`, for file and branch names."""
        return self.sha256[:8]


def unix_lines(text: str) -> str:
    """Return the text with line ends as Unix has them."""
    return text.replace("\r\n", "\n").replace("\r", "\n")


def _schema_text(schema: dict[str, Any]) -> str:
    return json.dumps(schema, ensure_ascii=False, separators=(",", ":"), allow_nan=False)


def _sparse(value: Any, default: Any) -> dict[str, Any]:
    """Return a dataclass as plain data without what equals the default; role, content and name always stay."""
    plain = asdict(default)
    keep = ("role", "content", "name")
    return {
        k: v for k, v in asdict(value).items() if k in keep or v != plain[k] or type(v) is not type(plain[k])
    }


def _plain(value: Any) -> Any:
    """Return the value with one form for what means the same: line ends, and 1.0 for 1."""
    if isinstance(value, str):
        return unix_lines(value)
    if isinstance(value, float) and value.is_integer() and abs(value) < 2**53:
        return int(value)
    if isinstance(value, dict):
        return {str(key): _plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(item) for item in value]
    return value
