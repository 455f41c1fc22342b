"""What the model would be sent, with the values given here, and what is likely to go wrong."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial

import streamlit as st

from workbench.prompts.content import Variable
from workbench.prompts.lint import Finding
from workbench.prompts.turns import message_text
from workbench.ui.components.text_editor import text_editor
from workbench.ui.views.common import plain


def values(
    variables: Sequence[Variable],
    given: dict[str, str],
    *,
    slot: str,
    key: Callable[[str], str],
    on_value: Callable[[str, str], None],
) -> None:
    """Draw a field for each variable's value.

    Args:
        variables: Declared and used.
        given: What was typed, by name.
        slot: Under which name the browser keeps the values.
        key: Returns the key of a variable's field.
        on_value: Called with a name and what was typed.
    """
    for index, variable in enumerate(variables):
        kind = "" if variable.type == "string" else f" · {variable.type}, as JSON"
        default = "" if variable.default is None else f"default: {variable.default}"
        st.caption(f"**{plain(variable.name)}**{plain(kind)}")
        with st.container(key=f"prompt_value_{index}"):
            text_editor(
                f"Value of {variable.name}",
                given.get(variable.name, ""),
                key=key(variable.name),
                on_text=partial(on_value, variable.name),
                placeholder=default or variable.description or "a value to try",
                lines=1,
                tallest=25,
                slot=f"{slot}:{variable.name}",
                keep=True,
            )


def rendered(messages: Sequence[dict[str, str]]) -> None:
    """Draw the messages as they would be sent."""
    for index, message in enumerate(messages):
        with st.container(key=f"prompt_rendered_{index}", gap="xsmall"):
            st.caption(plain(message["role"]))
            st.code(message_text(message) or " ", language=None, wrap_lines=True)


def findings(found: Sequence[Finding]) -> None:
    """Draw what is likely to go wrong, errors first."""
    with st.container(key="prompt_findings", gap="xsmall"):
        if not found:
            st.caption(":green[:material/check:] Nothing to remark")
        for finding in found:
            wrong = finding.severity == "error"
            sign = ":red[:material/error:]" if wrong else ":orange[:material/warning:]"
            st.markdown(f"{sign} {plain(finding.message)} :gray[· {plain(finding.field)}]")
