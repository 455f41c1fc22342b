"""What was changed between two versions: messages word by word, and settings."""

from __future__ import annotations

import json
from typing import Any

import streamlit as st

from workbench.prompts.diff import MessageDiff, PromptDiff
from workbench.ui.views.common import plain
from workbench.ui.views.compare_html import (
    Column,
    draw,
    esc,
    esc_line,
    legend_html,
    segments_html,
    table,
    text_box,
)


def draw_prompt_diff(diff: PromptDiff, names: tuple[str, str]) -> None:
    """Draw what differs between two versions of a prompt."""
    if not diff.changed:
        st.write(f"{plain(names[0])} and {plain(names[1])} have the same content.")
        return
    draw(legend_html(names))
    for message in diff.messages:
        draw(text_box(segments_html(message.segments) or "&nbsp;", label=_role(message)))
    if diff.settings:
        rows = [[esc_line(change.field), _value(change.old), _value(change.new)] for change in diff.settings]
        draw(table([Column("Setting"), Column("A"), Column("B")], rows), label="Settings that differ")


def _role(message: MessageDiff) -> str:
    if message.role_a is None:
        return f"{esc_line(message.role_b)}, only in B"
    if message.role_b is None:
        return f"{esc_line(message.role_a)}, only in A"
    role = message.role_a if message.role_a == message.role_b else f"{message.role_a} → {message.role_b}"
    return esc_line(role) if message.changed else f"{esc_line(role)}, unchanged"


def _value(value: Any) -> str:
    if value is None:
        return '<span class="quiet">not set</span>'
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
    return f'<span style="white-space:pre-wrap">{esc(text[:2000])}</span>'
