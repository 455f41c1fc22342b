"""Lint: what is likely to go wrong with a prompt, before anything is sent."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from difflib import get_close_matches
from typing import Any, Literal

from workbench.errors import TemplateError
from workbench.prompts.content import BLOCK, SENT_KEYS, Prompt
from workbench.prompts.templates import PLACEHOLDER, placeholders, type_problem

_PARAMETERS = (
    "temperature",
    "topP",
    "maxTokens",
    "maxCompletionTokens",
    "stop",
    "seed",
    "frequencyPenalty",
    "presencePenalty",
    "reasoningEffort",
)
_BOUNDS = {"temperature": (0, 2), "topP": (0, 1), "frequencyPenalty": (-2, 2), "presencePenalty": (-2, 2)}
_BLOCK_KEYS = ("schemaVersion", "template", "variables", "tags", "lineage")
_FORMATS = ("text", "json_object", "json_schema")
_JINJA_TAG = re.compile(r"\{[%#]")
_STRAY = re.compile(r"\{+[^\n{}]{0,40}\}*|\}{2,}")
_SECRET = re.compile(r"\b(?:sk-[A-Za-z0-9_-]{20,200}|ghp_[A-Za-z0-9]{30,60}|AKIA[A-Z0-9]{16})\b")


@dataclass(frozen=True)
class Finding:
    """One remark. ``error`` will fail or mislead a run; ``field`` is the dotted field of the file."""

    severity: Literal["error", "warning"]
    message: str
    field: str


def lint(prompt: Prompt) -> list[Finding]:
    """Return what is likely to go wrong, errors first, in the order of the file."""
    rules: tuple[Callable[[Prompt], Iterator[Finding]], ...] = (
        _messages,
        _braces,
        _variables,
        _parameters,
        _answer_format,
        _unknown_keys,
    )
    findings = [finding for rule in rules for finding in rule(prompt)]
    return sorted(findings, key=lambda finding: finding.severity != "error")


def _messages(prompt: Prompt) -> Iterator[Finding]:
    if not any(message.content.strip() or message.images for message in prompt.messages):
        yield Finding("error", "No message has any text", "messages")
        return
    if all(message.role != "user" for message in prompt.messages):
        yield Finding("warning", "There is no user message, and many models ask for one", "messages")
    for index, message in enumerate(prompt.messages):
        field = f"messages.{index}.content"
        for key in message.extra:
            if key not in SENT_KEYS:
                yield Finding("warning", f'"{key}" is kept, and not sent', f"messages.{index}.{key}")
        if message.role == "tool" and not _called(prompt, index):
            yield Finding(
                "error",
                "No assistant message before it calls this tool_call_id",
                f"messages.{index}.tool_call_id",
            )
        if not message.sent:
            yield Finding("warning", "The message is empty and will not be sent", field)
        elif not message.content.strip() and message.content:
            yield Finding("error", "The message is only blanks, which providers refuse", field)
        if message.role == "system" and index > 0 and prompt.messages[index - 1].role != "system":
            yield Finding("warning", "A system message stands after other messages", f"messages.{index}.role")
        if _SECRET.search(message.content):
            yield Finding("error", "It holds what looks like a secret key", field)


def _called(prompt: Prompt, index: int) -> bool:
    """Whether the call that a tool's message answers stands before it."""
    calls = [call for m in prompt.messages[:index] for call in m.extra.get("tool_calls") or ()]
    return any(call.get("id") == prompt.messages[index].extra.get("tool_call_id") for call in calls)


def _braces(prompt: Prompt) -> Iterator[Finding]:
    """Braces that look as if they should do something, and will be sent as they are."""
    if prompt.template != "literal":
        return
    for index, message in enumerate(prompt.messages):
        field = f"messages.{index}.content"
        rest = PLACEHOLDER.sub("", message.content)
        tag = _JINJA_TAG.search(rest)
        if tag:
            yield Finding(
                "warning",
                f"{tag[0]} is sent as it is, for the template is literal: choose jinja2 if it should act",
                field,
            )
        strays = [s for s in _STRAY.findall(rest) if not _JINJA_TAG.match(s)]
        if strays:
            first = strays[0].strip()
            count = "Braces that are" if len(strays) == 1 else f"{len(strays)} pieces in braces that are"
            yield Finding(
                "warning",
                f"{count} no placeholder will be sent as written, first {first[:40]}: a placeholder "
                "is {{name}}",
                field,
            )


def _variables(prompt: Prompt) -> Iterator[Finding]:
    try:
        used = placeholders(prompt)
    except TemplateError as problem:
        yield Finding("error", problem.message, problem.field or "messages")
        return
    names = [variable.name for variable in prompt.variables]
    for variable in prompt.variables:
        field = f"{BLOCK}.variables.{variable.name}"
        if names.count(variable.name) > 1:
            yield Finding("error", f'The variable "{variable.name}" is declared twice', field)
        if variable.name not in used:
            yield Finding("warning", f'The variable "{variable.name}" is declared but not used', field)
        problem = None if variable.default is None else type_problem(variable, variable.default)
        if problem:
            yield Finding("error", f"Its default does not fit: {problem}", f"{field}.default")
    for name in used if names else ():
        if name not in names:
            near = get_close_matches(name, names, n=1)
            hint = f', did you mean "{near[0]}"' if near else ""
            yield Finding("warning", f'The variable "{name}" is used but not declared{hint}', "messages")


def _parameters(prompt: Prompt) -> Iterator[Finding]:
    for name, value in prompt.parameters.items():
        field = f"modelParameters.{name}"
        known = _camel(name)
        number = isinstance(value, int | float) and not isinstance(value, bool)
        if known in _BOUNDS:
            low, high = _BOUNDS[known]
            if not number or not low <= value <= high:
                yield Finding("error", f"It should be a number from {low} to {high}", field)
        elif known in ("maxTokens", "maxCompletionTokens"):
            if not number or value != int(value) or value < 1:
                yield Finding("error", "It should be a whole number of at least 1", field)
        elif known not in _PARAMETERS:
            near = get_close_matches(known, _PARAMETERS, n=1, cutoff=0.8)
            if near:
                yield Finding("warning", f'"{name}" is no common parameter: did you mean "{near[0]}"?', field)


def _answer_format(prompt: Prompt) -> Iterator[Finding]:
    kind, schema = prompt.response_format, prompt.json_schema
    if kind is not None and kind not in _FORMATS:
        yield Finding("warning", f'"{kind[:40]}" is none of {", ".join(_FORMATS)}', "responseFormat")
    if kind == "json_schema" and schema is None:
        yield Finding("error", "responseFormat json_schema needs a jsonSchema", "jsonSchema")
    if kind == "json_object" and not any("json" in message.content.lower() for message in prompt.messages):
        yield Finding("warning", "No message speaks of JSON, and OpenAI then refuses json_object", "messages")
    if schema is None:
        return
    if kind != "json_schema":
        yield Finding("warning", "It is not used unless responseFormat is json_schema", "jsonSchema")
    yield from _schema_faults(schema)


def _schema_faults(schema: dict[str, Any]) -> Iterator[Finding]:
    from jsonschema import Draft202012Validator
    from jsonschema.exceptions import SchemaError

    if not isinstance(schema.get("name"), str) or not isinstance(schema.get("schema"), dict):
        yield Finding("error", "It needs a name and, under schema, the JSON Schema itself", "jsonSchema")
        return
    try:
        Draft202012Validator.check_schema(schema["schema"])
    except (SchemaError, RecursionError) as problem:
        reason = getattr(problem, "message", "nested too deeply")[:120]
        yield Finding("error", f"Its schema is no valid JSON Schema ({reason})", "jsonSchema")


def _unknown_keys(prompt: Prompt) -> Iterator[Finding]:
    for key in prompt.extra.get(BLOCK, {}):
        if key == "tools":
            yield Finding("warning", "They are not sent: write them under modelParameters", f"{BLOCK}.tools")
            continue
        near = get_close_matches(key, _BLOCK_KEYS, n=1, cutoff=0.7)
        if near and key not in _BLOCK_KEYS:
            yield Finding("warning", f'"{key}" is not known: did you mean "{near[0]}"?', f"{BLOCK}.{key}")


def _camel(name: str) -> str:
    """``max_tokens`` and ``maxTokens`` are the same parameter."""
    head, *tail = name.split("_")
    return head + "".join(part[:1].upper() + part[1:] for part in tail)
