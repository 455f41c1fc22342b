"""What changed between two prompts: their messages word by word, and their settings."""

from __future__ import annotations

import difflib
import json
import re
from dataclasses import dataclass
from typing import Any, Literal, NamedTuple

from workbench.prompts.content import Prompt, PromptMessage, Variable
from workbench.prompts.prompt_file import prompt_to_yaml

Op = Literal["equal", "insert", "delete"]
_TOKEN = re.compile(r"\w+|\s+|[^\w\s]")
_LINE = re.compile(r"[^\n]*\n|[^\n]+")
#: Above this many token pairs, whole lines are compared; above it again, whole texts.
MAX_PAIRS = 400_000_000


class Segment(NamedTuple):
    """A piece of text that both sides have (``equal``), only the second (``insert``) or only the first (``delete``)."""

    op: Op
    text: str


class SettingChange(NamedTuple):
    """A setting that differs; None where a side does not have it."""

    field: str
    old: Any
    new: Any


@dataclass(frozen=True)
class MessageDiff:
    """A message on both sides, or on one (the other's role is then None)."""

    role_a: str | None
    role_b: str | None
    segments: list[Segment]

    @property
    def changed(self) -> bool:
        """Whether the message differs in role or text."""
        return self.role_a != self.role_b or any(segment.op != "equal" for segment in self.segments)


@dataclass(frozen=True)
class PromptDiff:
    """All that differs in two prompts' content; names are not content."""

    messages: list[MessageDiff]
    settings: list[SettingChange]
    changed: bool


def diff_prompts(a: Prompt, b: Prompt) -> PromptDiff:
    """Compare two prompts, ``a`` being the older."""
    return PromptDiff(
        messages=[_message_diff(left, right) for left, right in _pair_messages(a.messages, b.messages)],
        settings=_setting_changes(a, b),
        changed=a.sha256 != b.sha256,
    )


def word_diff(a: str, b: str) -> list[Segment]:
    """Compare two texts by words; the equal and deleted pieces join to ``a``, the equal and inserted to ``b``.

    Very long texts are compared by lines.
    """
    if a == b:
        return [Segment("equal", a)] if a else []
    for pattern in (_TOKEN, _LINE):
        left, right = pattern.findall(a), pattern.findall(b)
        # What both begin and end with needs no comparing, so that a long text with one edit stays cheap.
        start = _common(left, right)
        end = _common(left[start:][::-1], right[start:][::-1])
        middle_a, middle_b = left[start : len(left) - end], right[start : len(right) - end]
        if len(middle_a) * len(middle_b) <= MAX_PAIRS:
            head = [Segment("equal", "".join(left[:start]))] if start else []
            tail = [Segment("equal", "".join(left[len(left) - end :]))] if end else []
            return _tidy([*head, *_segments(middle_a, middle_b), *tail])
    return [Segment(op, text) for op, text in (("delete", a), ("insert", b)) if text]


def unified(a: Prompt, b: Prompt, *, label_a: str = "a", label_b: str = "b") -> str:
    """Return a unified diff of the two prompts' files, for terminals; empty if nothing differs."""
    left, right = prompt_to_yaml(a).splitlines(), prompt_to_yaml(b).splitlines()
    lines = difflib.unified_diff(left, right, f"{a.name} ({label_a})", f"{b.name} ({label_b})", lineterm="")
    return "".join(f"{line}\n" for line in lines)


def _common(left: list[str], right: list[str]) -> int:
    """Return how many items both lists begin with."""
    pairs = enumerate(zip(left, right, strict=False))
    return next((index for index, (a, b) in pairs if a != b), min(len(left), len(right)))


def _segments(left: list[str], right: list[str]) -> list[Segment]:
    from rapidfuzz.distance import Indel

    # Numbers instead of words: RapidFuzz compares hashes, and small numbers are their own.
    codes: dict[str, int] = {}
    coded_left = [codes.setdefault(token, len(codes)) for token in left]
    coded_right = [codes.setdefault(token, len(codes)) for token in right]
    segments = []
    for tag, a_from, a_to, b_from, b_to in Indel.opcodes(coded_left, coded_right):
        text = "".join(right[b_from:b_to] if tag == "insert" else left[a_from:a_to])
        segments.append(Segment(tag, text))
    return segments


def _tidy(segments: list[Segment]) -> list[Segment]:
    """Join neighbours, deletions before insertions, and do not let lone blanks chop a rewritten passage."""
    result: list[Segment] = []
    deleted = inserted = ""

    def flush() -> None:
        nonlocal deleted, inserted
        result.extend(Segment(op, text) for op, text in (("delete", deleted), ("insert", inserted)) if text)
        deleted = inserted = ""

    for index, segment in enumerate(segments):
        follows = index + 1 < len(segments)
        if segment.op == "delete":
            deleted += segment.text
        elif segment.op == "insert":
            inserted += segment.text
        elif segment.text.strip() == "" and "\n" not in segment.text and deleted and inserted and follows:
            deleted += segment.text
            inserted += segment.text
        else:
            flush()
            if result and result[-1].op == "equal":
                segment = Segment("equal", result.pop().text + segment.text)
            result.append(segment)
    flush()
    return result


def _message_diff(a: PromptMessage | None, b: PromptMessage | None) -> MessageDiff:
    return MessageDiff(
        role_a=a.role if a else None,
        role_b=b.role if b else None,
        segments=word_diff(a.content if a else "", b.content if b else ""),
    )


def _pair_messages(
    a: tuple[PromptMessage, ...], b: tuple[PromptMessage, ...]
) -> list[tuple[PromptMessage | None, PromptMessage | None]]:
    """Pair messages that are the same, then those of one role between them, in order."""
    matcher = difflib.SequenceMatcher(
        a=[(m.role, m.content) for m in a], b=[(m.role, m.content) for m in b], autojunk=False
    )
    pairs: list[tuple[PromptMessage | None, PromptMessage | None]] = []
    for tag, a_from, a_to, b_from, b_to in matcher.get_opcodes():
        left, right = a[a_from:a_to], b[b_from:b_to]
        pairs.extend(zip(left, right, strict=True) if tag == "equal" else _pair_by_role(left, right))
    return pairs


def _pair_by_role(
    left: tuple[PromptMessage, ...], right: tuple[PromptMessage, ...]
) -> list[tuple[PromptMessage | None, PromptMessage | None]]:
    matcher = difflib.SequenceMatcher(a=[m.role for m in left], b=[m.role for m in right], autojunk=False)
    pairs: list[tuple[PromptMessage | None, PromptMessage | None]] = []
    for tag, a_from, a_to, b_from, b_to in matcher.get_opcodes():
        if tag == "equal":
            pairs.extend(zip(left[a_from:a_to], right[b_from:b_to], strict=True))
        else:
            pairs.extend((message, None) for message in left[a_from:a_to])
            pairs.extend((None, message) for message in right[b_from:b_to])
    return pairs


def _setting_changes(a: Prompt, b: Prompt) -> list[SettingChange]:
    left, right = _settings(a), _settings(b)
    fields = dict.fromkeys([*left, *right])
    return [
        SettingChange(field, left.get(field), right.get(field))
        for field in fields
        if json.dumps(left.get(field), sort_keys=True) != json.dumps(right.get(field), sort_keys=True)
    ]


def _settings(prompt: Prompt) -> dict[str, Any]:
    """Return everything but the messages' texts under the names that the file uses."""
    settings: dict[str, Any] = {
        "model": prompt.model,
        **{f"modelParameters.{name}": value for name, value in prompt.parameters.items()},
        "responseFormat": prompt.response_format,
        "jsonSchema": None if prompt.json_schema is None else json.dumps(prompt.json_schema, indent=2),
        "template": prompt.template,
        **{f"variables.{variable.name}": _variable_text(variable) for variable in prompt.variables},
        "tags": ", ".join(prompt.tags) or None,
        "description": prompt.description or None,
        **{name: value for name, value in prompt.extra.items() if name != "name"},
    }
    for index, message in enumerate(prompt.messages):
        settings.update({f"messages.{index}.{name}": value for name, value in message.extra.items()})
        if message.images:
            settings[f"messages.{index}.images"] = list(message.images)
            settings[f"messages.{index}.text_at"] = message.text_at
    return settings


def _variable_text(variable: Variable) -> str:
    parts = [variable.type, "required" if variable.required else "optional"]
    if variable.default is not None:
        parts.append(f"default {json.dumps(variable.default, ensure_ascii=False)}")
    if variable.description:
        parts.append(variable.description)
    return ", ".join(parts)
