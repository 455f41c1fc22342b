"""The history of a prompt, and one version of it: who, why, from which, with which labels, and its text."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence

import streamlit as st

from workbench.prompts.content import Prompt
from workbench.store import LabelRecord
from workbench.ui.views.common import labels_text, model_text, plain
from workbench.ui.views.compare_html import draw, esc, esc_line
from workbench.ui.views.numbers import ago, when
from workbench.workspace import PromptVersion

COMMON_LABELS = ("production", "staging")


def history(versions: Sequence[PromptVersion], chosen: int, *, on_choose: Callable[[int], None]) -> None:
    """Draw one entry a version; a click chooses it."""
    for version in versions:
        here = version.number == chosen
        with st.container(key=f"prompt_version_{version.number}", border=True, gap=None):
            with st.container(horizontal=True, gap="small", vertical_alignment="center"):
                st.button(
                    f"**Version {version.number}**" if here else f"Version {version.number}",
                    key=f"prompt_open_version_{version.number}",
                    type="tertiary",
                    icon=":material/arrow_right:" if here else None,
                    icon_position="right",
                    on_click=on_choose,
                    args=(version.number,),
                )
                if version.labels:
                    st.markdown(labels_text(version.labels), width="content")
            st.markdown(plain(version.message or "No message"))
            branched = version.parent is not None and version.parent != version.number - 1
            parent = f" · from version {version.parent}" if branched else ""
            st.caption(plain(f"{version.author} · {ago(version.created_at)}{parent}"))


def origin(version: PromptVersion) -> None:
    """Say who saved a version, when and why, and what identifies it."""
    parent = f"from version {version.parent}" if version.parent else "the first of its line"
    facts = [version.author, when(version.created_at), parent, f"sha256 {version.prompt.sha8}"]
    st.markdown(plain(version.message or "No message"))
    st.caption(plain(" · ".join(facts)))


def whole(prompt: Prompt) -> None:
    """Draw a version's messages and settings as they stand."""
    parts = []
    for message in prompt.messages:
        parts.append(f'<p class="label" style="margin-top:.7rem">{esc_line(message.role)}</p>')
        parts.append(
            f'<div class="text" style="max-height:none" tabindex="0" dir="auto">{esc(message.content)}</div>'
        )
    draw("".join(parts), label="Messages")
    rows = "".join(
        f'<tr><th scope="row" style="width:11rem">{esc_line(name)}</th>'
        f'<td style="white-space:pre-wrap">{esc(value)}</td></tr>'
        for name, value in _facts(prompt)
    )
    if rows:
        draw(
            f'<p class="label" style="margin-top:.7rem">Settings</p><table><tbody>{rows}</tbody></table>',
            label="Settings",
        )


def _facts(prompt: Prompt) -> list[tuple[str, str]]:
    facts = [
        ("What it does", prompt.description),
        ("Model", model_text(prompt.model) if prompt.model else ""),
        *((name, json.dumps(value, ensure_ascii=False)) for name, value in prompt.parameters.items()),
        ("Answer format", prompt.response_format or ""),
        ("Template", "Jinja2" if prompt.template == "jinja2" else ""),
        *((f"Variable {v.name}", _variable(v)) for v in prompt.variables),
        ("Tags", ", ".join(prompt.tags)),
        (
            "JSON schema",
            json.dumps(prompt.json_schema, indent=2, ensure_ascii=False) if prompt.json_schema else "",
        ),
    ]
    return [(name, value) for name, value in facts if value]


def _variable(variable: object) -> str:
    parts = [variable.type, "required" if variable.required else "optional"]  # type: ignore[attr-defined]
    if variable.default is not None:  # type: ignore[attr-defined]
        parts.append(f"default {json.dumps(variable.default, ensure_ascii=False)}")  # type: ignore[attr-defined]
    if variable.description:  # type: ignore[attr-defined]
        parts.append(variable.description)  # type: ignore[attr-defined]
    return ", ".join(parts)


def label_controls(
    version: PromptVersion, known: Sequence[str], *, on_set: Callable[[str, int | None], None]
) -> None:
    """Draw the labels of a version with what moves and removes them.

    Args:
        version: The version.
        known: The prompt's labels, wherever they point.
        on_set: Called with a label and the version's number, or None to remove it.
    """
    key = f"prompt_label_{version.name}_{version.number}"

    def point() -> None:
        label = (st.session_state.get(key) or "").strip()
        if label:
            on_set(label, version.number)
            st.session_state[key] = None

    with st.container(horizontal=True, gap="small", vertical_alignment="bottom", key="prompt_labels"):
        options = [label for label in dict.fromkeys([*known, *COMMON_LABELS]) if label not in version.labels]
        st.selectbox(
            "Label",
            options,
            index=None,
            key=key,
            accept_new_options=True,
            placeholder="production, or a new one",
            width=230,
        )
        st.button("Point it here", key="prompt_label_set", on_click=point)
        for label in version.labels:
            st.button(
                plain(label),
                icon=":material/close:",
                icon_position="right",
                help=f"Remove the label {plain(label)}",
                type="tertiary",
                key=f"prompt_label_remove_{label}",
                on_click=on_set,
                args=(label, None),
            )


def label_history(records: Sequence[LabelRecord]) -> None:
    """Draw every move of every label, newest first."""
    if not records:
        return
    with st.expander("Every move of the labels", key="prompt_label_history"):
        rows = "".join(
            f"<tr><td>{esc_line(r.label)}</td>"
            f"<td>{f'to version {r.number}' if r.number else 'removed'}</td>"
            f"<td>{esc_line(r.author)}</td><td>{esc_line(when(r.created_at))}</td>"
            f"<td>{esc_line(r.message)}</td></tr>"
            for r in records
        )
        draw(f"<table><tbody>{rows}</tbody></table>", label="Moves of the labels")
