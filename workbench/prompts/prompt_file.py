"""The file of a prompt: reading it, with what is wrong told by line and field, and writing it.

It is the ``.prompt.yml`` shape that other tools read, plus one ``x-workbench`` block that they ignore. Reading and
writing it again loses no key: what we have no field for is kept in ``extra``.
"""

from __future__ import annotations

import json
import unicodedata
from datetime import datetime
from pathlib import Path
from typing import Any

from workbench.errors import PromptError
from workbench.files import YamlDocument, dump_yaml, load_yaml, read_text
from workbench.prompts.content import (
    BLOCK,
    SCHEMA_VERSION,
    Lineage,
    Prompt,
    PromptMessage,
    Variable,
    unix_lines,
)
from workbench.prompts.turns import message_content

SUFFIXES = (".prompt.yml", ".prompt.yaml")
MAX_PROMPT_BYTES = 5_000_000


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

    document = load_yaml(unix_lines(text).removeprefix("\ufeff"), file=file, error=PromptError)
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
