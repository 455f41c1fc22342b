"""What a prompt is: messages, model, parameters, variables; its canonical content, identity and file.

The file is the ``.prompt.yml`` shape that other tools read, plus one ``x-workbench`` block that they ignore.
Reading and writing it again loses no key: what we have no field for is kept in ``extra``.
"""

from __future__ import annotations

import json
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from datetime import datetime
from functools import cached_property
from pathlib import Path
from typing import Any, Literal

from workbench.errors import PromptError
from workbench.files import YamlDocument, canonical_json, dump_yaml, load_yaml, read_text, sha256_text

Role = Literal["system", "user", "assistant", "tool"]
TemplateEngine = Literal["literal", "jinja2"]

#: Keys of a message that go to the model as they stand.
SENT_KEYS = ("name", "tool_calls", "tool_call_id", "cache_control")
SCHEMA_VERSION = 1
BLOCK = "x-workbench"
SUFFIXES = (".prompt.yml", ".prompt.yaml")
MAX_PROMPT_BYTES = 5_000_000


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
        object.__setattr__(self, "content", _unix_lines(self.content))


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
        object.__setattr__(self, "description", _unix_lines(self.description))

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


def prompt_name(path: Path) -> str:
    """Return the name that a file gives its prompt: the file's name without its suffix, in Unicode NFC."""
    name = unicodedata.normalize("NFC", path.name)
    for suffix in (*SUFFIXES, ".yml", ".yaml"):
        if name.lower().endswith(suffix) and len(name) > len(suffix):
            return name[: -len(suffix)]
    return name


def load_prompt(path: str | Path) -> Prompt:
    """Read one prompt file.

    Raises:
        PromptError: It cannot be read, with file, line and field.
    """
    return load_prompt_file(Path(path))[0]


def load_prompt_file(path: Path, *, name: str | None = None) -> tuple[Prompt, Lineage | None]:
    """Read one prompt file with its lineage; the file's name gives the prompt's, unless ``name`` does.

    Raises:
        PromptError: It cannot be read, with file, line and field.
    """
    text = read_text(path, what="prompt file", max_bytes=MAX_PROMPT_BYTES, error=PromptError)
    return parse_prompt(text, name=name or prompt_name(path), file=path)


def parse_prompt(text: str, *, name: str, file: str | Path | None = None) -> tuple[Prompt, Lineage | None]:
    """Read a prompt from the text of its file.

    Args:
        text: YAML, as `prompt_to_yaml` or any tool of the GitHub Models family writes it.
        name: The prompt's name, whatever the file says in ``name``.
        file: What errors call the file.

    Raises:
        PromptError: With file, line and field.
    """
    from workbench.prompts.schema import validate_prompt_file

    document = load_yaml(_unix_lines(text).removeprefix("\ufeff"), file=file, error=PromptError)
    _check_schema_version(document, file)
    parsed = validate_prompt_file(document, file)
    block = parsed.block
    extra = dict(parsed.model_extra or {})
    if parsed.name and parsed.name != name:
        extra["name"] = parsed.name
    if block.model_extra:
        extra[BLOCK] = dict(block.model_extra)
    prompt = Prompt(
        name=name,
        messages=tuple(_read_message(m) for m in parsed.messages),
        description=parsed.description,
        model=parsed.model,
        parameters=parsed.parameters,
        response_format=parsed.response_format,
        json_schema=_read_schema(parsed.json_schema, document, file),
        template=block.template,
        variables=tuple(Variable(key, **spec.model_dump()) for key, spec in block.variables.items()),
        tags=tuple(block.tags),
        extra=extra,
    )
    try:
        _ = prompt.sha256
    except PromptError as problem:
        raise PromptError(problem.message, file=file, hint=problem.hint) from None
    return prompt, _read_lineage(block.lineage, document, file)


def prompt_to_yaml(prompt: Prompt, lineage: Lineage | None = None) -> str:
    """Return the text of the prompt's file; `parse_prompt` reads it back the same."""
    data: dict[str, Any] = {"name": prompt.extra.get("name", prompt.name)}
    if prompt.description:
        data["description"] = prompt.description
    if prompt.model is not None:
        data["model"] = prompt.model
    if prompt.parameters:
        data["modelParameters"] = prompt.parameters
    if prompt.response_format is not None:
        data["responseFormat"] = prompt.response_format
    if prompt.json_schema is not None:
        data["jsonSchema"] = json.dumps(prompt.json_schema, indent=2, ensure_ascii=False)
    data["messages"] = [{"role": m.role, "content": _written(m), **m.extra} for m in prompt.messages]
    data.update({key: value for key, value in prompt.extra.items() if key not in ("name", BLOCK)})
    block: dict[str, Any] = {"schemaVersion": SCHEMA_VERSION}
    if prompt.template != "literal":
        block["template"] = prompt.template
    if prompt.variables:
        block["variables"] = {v.name: _variable_spec(v) for v in prompt.variables}
    if prompt.tags:
        block["tags"] = list(prompt.tags)
    block.update(prompt.extra.get(BLOCK, {}))
    if lineage is not None:
        block["lineage"] = lineage.to_dict()
    if len(block) > 1:
        data[BLOCK] = block
    return dump_yaml(data)


def _read_message(parsed: Any) -> PromptMessage:
    """Take the parts of a message apart: one text, and images before and after it."""
    extra = dict(parsed.model_extra or {})
    if not isinstance(parsed.content, list):
        return PromptMessage(parsed.role, parsed.content or "", extra)
    texts = [part.text for part in parsed.content if part.type == "text"]
    images = tuple(
        part.image_url.model_dump(exclude_none=True) for part in parsed.content if part.type == "image_url"
    )
    at = next((place for place, part in enumerate(parsed.content) if part.type == "text"), 0)
    return PromptMessage(parsed.role, texts[0] if texts else "", extra, images, at)


def message_content(message: PromptMessage, text: str, addresses: Sequence[str]) -> Any:
    """Return what the protocols call ``content``: text, or parts where there are images.

    Args:
        message: Which images there are, and where the text stands.
        text: The text.
        addresses: Those of the images.
    """
    if not message.images:
        return text
    parts: list[dict[str, Any]] = [
        {"type": "image_url", "image_url": {**image, "url": address}}
        for image, address in zip(message.images, addresses, strict=True)
    ]
    if text:
        parts.insert(message.text_at, {"type": "text", "text": text})
    return parts


def message_text(message: Mapping[str, Any]) -> str:
    """Return a rendered message as people read it: its text, with its images and calls of tools named."""
    content = message.get("content")
    lines = [content] if isinstance(content, str) and content else []
    for part in content if isinstance(content, list) else ():
        address = str((part.get("image_url") or {}).get("url", ""))
        short = address if len(address) <= 200 else f"{address[:60]}… ({len(address):,} characters)"
        lines.append(part["text"] if part.get("type") == "text" else f"[image {short}]")
    if message.get("tool_call_id"):
        lines.insert(0, f"[answer to {message['tool_call_id']}]")
    lines += [call_text(call) for call in message.get("tool_calls") or ()]
    return "\n".join(lines)


def call_text(call: Mapping[str, Any]) -> str:
    """Return the call of a tool on one line: ``[call_1: look({"id": 7})]``."""
    named = call.get("function") or {}
    return f"[{call.get('id') or 'call'}: {named.get('name', '')}({named.get('arguments', '')})]"


def _written(message: PromptMessage) -> Any:
    return message_content(message, message.content, [image["url"] for image in message.images])


def _variable_spec(variable: Variable) -> dict[str, Any]:
    spec: dict[str, Any] = {"type": variable.type, "required": variable.required}
    if variable.default is not None:
        spec["default"] = variable.default
    if variable.description:
        spec["description"] = variable.description
    return spec


def _check_schema_version(document: YamlDocument, file: str | Path | None) -> None:
    """Speak of a newer file as such, before its unknown fields are called wrong."""
    block = document.data.get(BLOCK) if isinstance(document.data, dict) else None
    version = block.get("schemaVersion") if isinstance(block, dict) else None
    if isinstance(version, int) and not isinstance(version, bool) and version > SCHEMA_VERSION:
        raise PromptError(
            f"This prompt was saved by a newer Workbench (schemaVersion {version}, this one reads "
            f"{SCHEMA_VERSION})",
            file=file,
            line=document.line(BLOCK, "schemaVersion"),
            hint="update Workbench",
        )


def _read_schema(value: Any, document: YamlDocument, file: str | Path | None) -> dict[str, Any] | None:
    """Read ``jsonSchema``, which the family writes as a JSON string."""
    if value is None or isinstance(value, dict):
        return value
    try:
        schema = json.loads(value) if isinstance(value, str) else None
    except (ValueError, RecursionError):
        schema = None
    if not isinstance(schema, dict):
        raise PromptError(
            "It is not a JSON object",
            file=file,
            line=document.line("jsonSchema"),
            field="jsonSchema",
            hint='write a JSON string such as {"name": "answer", "schema": {"type": "object"}}',
        )
    return schema


def _read_lineage(value: Any, document: YamlDocument, file: str | Path | None) -> Lineage | None:
    if value is None:
        return None
    lineage = Lineage(**value.model_dump())
    try:
        datetime.fromisoformat(lineage.created_at)
    except ValueError:
        raise PromptError(
            f'"{lineage.created_at[:40]}" is not a time',
            file=file,
            line=document.line(BLOCK, "lineage", "created_at"),
            field=f"{BLOCK}.lineage.created_at",
            hint="write it like 2026-11-21T07:25:00Z",
        ) from None
    return lineage


def _unix_lines(text: str) -> str:
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
        return _unix_lines(value)
    if isinstance(value, float) and value.is_integer() and abs(value) < 2**53:
        return int(value)
    if isinstance(value, dict):
        return {str(key): _plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(item) for item in value]
    return value
