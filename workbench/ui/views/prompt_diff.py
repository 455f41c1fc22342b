"""What changed between two versions: words underlined or struck through, settings old and new."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from typing import Any

import streamlit as st

from workbench.prompts.diff import MessageDiff, PromptDiff, Segment, SettingChange, word_diff
from workbench.ui.views.common import plain
from workbench.ui.views.compare_html import draw, esc, esc_line, segments_html

#: Of a longer unchanged stretch only so many lines at its ends are open.
CONTEXT_LINES = 3
FOLD_LINES = 10
LINE_END = "↵"


def prompt_diff(diff: PromptDiff) -> None:
    """Draw a difference, or say that there is none."""
    if not diff.changed:
        st.caption("Nothing differs.")
        return
    changed = [message for message in diff.messages if message.changed]
    st.caption(plain(_summary(diff, changed)))
    draw("".join(_message(message) for message in diff.messages), label="Messages")
    if diff.settings:
        draw(_settings(diff.settings), label="Settings")


def _summary(diff: PromptDiff, changed: Sequence[MessageDiff]) -> str:
    words = dict.fromkeys(("insert", "delete"), 0)
    for message in changed:
        for segment in message.segments:
            if segment.op in words:
                words[segment.op] += len(segment.text.split())
    parts = [f"+ {_count(words['insert'], 'word')}", f"− {_count(words['delete'], 'word')}"]
    if diff.settings:
        parts.append(_count(len(diff.settings), "setting"))
    return " · ".join(parts) + " · added is underlined, removed is struck through"


def _count(number: int, noun: str) -> str:
    return f"{number:,} {noun}" if number == 1 else f"{number:,} {noun}s"


def _message(message: MessageDiff) -> str:
    if message.role_a is None:
        title = f'<span class="good">+ {esc_line(message.role_b)} message added</span>'
    elif message.role_b is None:
        title = f'<span class="bad">− {esc_line(message.role_a)} message removed</span>'
    elif message.role_a != message.role_b:
        title = f"<del>{esc_line(message.role_a)}</del> <ins>{esc_line(message.role_b)}</ins>"
    else:
        title = esc_line(message.role_a) + ("" if message.changed else " · unchanged")
    body = "".join(_folded(message.segments))
    return (
        f'<p class="label" style="margin-top:.7rem">{title}</p>'
        f'<div class="text" style="max-height:none" tabindex="0" dir="auto">{body}</div>'
    )


def _folded(segments: Sequence[Segment]) -> Iterable[str]:
    """Return the segments as HTML, the middle of long unchanged stretches folded away."""
    last = len(segments) - 1
    for index, segment in enumerate(_with_line_ends(segments)):
        lines = segment.text.splitlines(keepends=True)
        head = CONTEXT_LINES if index else 0
        tail = CONTEXT_LINES if index != last else 0
        if segment.op != "equal" or len(lines) - head - tail <= FOLD_LINES or (index == last == 0):
            yield segments_html([segment])
            continue
        middle = lines[head : len(lines) - tail]
        yield esc("".join(lines[:head]))
        yield (
            f'<details><summary class="quiet">… {len(middle)} unchanged lines</summary>'
            f"{esc(''.join(middle))}</details>"
        )
        yield esc("".join(lines[len(lines) - tail :]))


def _with_line_ends(segments: Sequence[Segment]) -> Iterable[Segment]:
    """Return the segments with a sign for each line end that changed, which would be invisible otherwise."""
    for index, segment in enumerate(segments):
        text = segment.text
        after = segments[index + 1] if index + 1 < len(segments) else None
        if segment.op == "delete" and text.endswith("\n") and after is not None and after.op == "insert":
            # What replaces it goes on in the same line.
            bare = text.rstrip("\n")
            text = bare + LINE_END * (len(text) - len(bare))
        elif segment.op != "equal" and not text.strip():
            text = text.replace("\n", f"{LINE_END}\n")
        yield Segment(segment.op, text)


def _settings(changes: Sequence[SettingChange]) -> str:
    rows = "".join(
        f'<tr><th scope="row" style="width:14rem">{esc_line(change.field)}</th><td>{_values(change)}</td></tr>'
        for change in changes
    )
    title = '<p class="label" style="margin-top:.7rem">Settings</p>'
    return f'{title}<div class="wb-scroll"><table><tbody>{rows}</tbody></table></div>'


def _values(change: SettingChange) -> str:
    old, new = _text(change.old), _text(change.new)
    if old and new and ("\n" in old or "\n" in new or max(len(old), len(new)) > 60):
        return f'<div class="text">{segments_html(word_diff(old, new))}</div>'
    shown = [f"<del>{esc(old)}</del>" if old else "", f"<ins>{esc(new)}</ins>" if new else ""]
    return " ".join(part for part in shown if part) or "–"


def _text(value: Any) -> str:
    if value is None:
        return ""
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, indent=1)
