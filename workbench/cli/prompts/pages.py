"""What the prompts commands print."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from rich.console import RenderableType
from rich.table import Table
from rich.text import Text

from workbench.cli.tables import columns, moment, verbatim
from workbench.prompts.turns import message_text
from workbench.reports.terminal import plain

if TYPE_CHECKING:
    from workbench.prompts.content import Variable
    from workbench.prompts.diff import MessageDiff, PromptDiff
    from workbench.store import LabelRecord
    from workbench.workspace import PromptVersion

__all__ = [
    "diff_page",
    "findings_page",
    "label_moves",
    "messages_page",
    "plain",
    "version_list",
    "version_page",
]

_SEVERITIES = {"error": "red", "warning": "yellow"}


def version_page(version: PromptVersion) -> list[RenderableType]:
    """Return a version with where it comes from, its settings and its messages."""
    prompt = version.prompt
    labels = f" ({', '.join(version.labels)})" if version.labels else ""
    parts: list[RenderableType] = [plain(f"{version.title}{labels}", "bold"), plain(prompt.description)]
    facts = {
        "Saved": f"{moment(version.created_at)} by {version.author}"
        if version.number
        else "not in the library",
        "Parent": f"{version.name}@{version.parent}" if version.parent else "",
        "Message": version.message,
        "SHA-256": version.sha256,
        "Model": prompt.model or "",
        "Parameters": ", ".join(f"{name} {_value(value)}" for name, value in prompt.parameters.items()),
        "Answer": prompt.response_format or "",
        "Template": prompt.template,
        "Tags": ", ".join(prompt.tags),
        "Variables": "\n".join(_variable(variable) for variable in prompt.variables),
    }
    table = columns("", "")
    table.show_header = False
    for name, value in facts.items():
        if value:
            table.add_row(Text(name, style="bold"), plain(value))
    parts.append(table)
    return [*parts, Text(), *messages_page([{"role": m.role, "content": m.content} for m in prompt.messages])]


def _variable(variable: Variable) -> str:
    need = "required" if variable.required else "optional"
    default = "" if variable.default is None else f", by default {_value(variable.default)}"
    about = f": {variable.description}" if variable.description else ""
    return f"{variable.name} ({variable.type}, {need}{default}){about}"


def _value(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def messages_page(messages: Sequence[Mapping[str, str]]) -> list[RenderableType]:
    """Return messages as they are sent, each under its role."""
    parts: list[RenderableType] = []
    for number, message in enumerate(messages):
        if number:
            parts.append(Text())
        parts += [Text(f"[{message['role']}]", style="bold"), verbatim(message_text(message))]
    return parts


def version_list(versions: Sequence[PromptVersion]) -> Table:
    """Return the versions of a prompt as a table."""
    table = columns("Version", "Saved", "By", "Labels", "Message", right=("Version",))
    for version in versions:
        parent = "" if version.parent in (None, version.number - 1) else f" (from {version.parent})"
        table.add_row(
            str(version.number),
            Text(moment(version.created_at), no_wrap=True),
            plain(version.author, limit=40),
            plain(", ".join(version.labels)),
            plain(version.message + parent, limit=200),
        )
    return table


def label_moves(moves: Sequence[LabelRecord]) -> Table:
    """Return the moves of labels as a table."""
    table = columns("Label", "Version", "When", "By", "Message", right=("Version",))
    for move in moves:
        table.add_row(
            plain(move.label),
            "removed" if move.number is None else str(move.number),
            Text(moment(move.created_at), no_wrap=True),
            plain(move.author, limit=40),
            plain(move.message, limit=200),
        )
    return table


def diff_page(a: str, b: str, changes: PromptDiff) -> list[RenderableType]:
    """Return what changed, word by word."""
    parts: list[RenderableType] = [
        Text.assemble(("− ", "red"), plain(a)),
        Text.assemble(("+ ", "green"), plain(b)),
    ]
    for setting in changes.settings:
        old, new = (None if v is None else _value(v) for v in (setting.old, setting.new))
        line = Text(no_wrap=True, overflow="ignore").append_text(plain(f"{setting.field}: "))
        if old is not None:
            line.append_text(_removed(old))
        if new is not None:
            line.append_text(_added(new))
        parts += [Text(), line]
    for message in changes.messages:
        if message.changed:
            parts += [Text(), *_message_diff(message)]
    unchanged = sum(not message.changed for message in changes.messages)
    if unchanged:
        said = "1 message is" if unchanged == 1 else f"{unchanged} messages are"
        parts += [Text(), Text(f"{said} the same in both.", style="dim")]
    return parts


def _message_diff(message: MessageDiff) -> list[RenderableType]:
    role = message.role_b or message.role_a
    if message.role_a is None:
        role = f"{role}, added"
    elif message.role_b is None:
        role = f"{role}, removed"
    elif message.role_a != message.role_b:
        role = f"{message.role_a}, now {message.role_b}"
    body = Text(no_wrap=True, overflow="ignore")
    for segment in message.segments:
        if segment.op == "equal":
            body.append_text(plain(segment.text))
        else:
            body.append_text(_removed(segment.text) if segment.op == "delete" else _added(segment.text))
    return [Text(f"[{role}]", style="bold"), body]


def _removed(text: str) -> Text:
    return plain(f"[-{text}-]", "red")


def _added(text: str) -> Text:
    return plain(f"{{+{text}+}}", "green")


def findings_page(title: str, findings: Sequence[Mapping[str, str]]) -> list[RenderableType]:
    """Return a line for each finding of a prompt."""
    return [
        Text.assemble(
            plain(f"{title}, {finding['field']}: "),
            (finding["severity"], _SEVERITIES[finding["severity"]]),
            plain(f": {finding['message']}."),
        )
        for finding in findings
    ]
