"""The messages that a playground session sent, column by column."""

from __future__ import annotations

import streamlit as st

from workbench.errors import TemplateError
from workbench.prompts.templates import render
from workbench.prompts.turns import message_text
from workbench.ui.trying import LETTERS
from workbench.ui.views.common import plain
from workbench.workspace.playground import Session


def sent_messages(session: Session) -> None:
    """Draw the messages and parameters of every column, as they were sent."""
    for letter, column, place in zip(
        LETTERS, session.columns, st.columns(len(session.columns), gap="small"), strict=False
    ):
        with place:
            st.markdown(f"**{letter}** {plain(column.title)}")
            try:
                messages = render(column.prompt, session.variables)
            except TemplateError as problem:
                st.caption(plain(str(problem)))
                continue
            for message in messages:
                st.caption(message["role"])
                st.code(message_text(message), language=None, wrap_lines=True)
            if column.prompt.parameters:
                pairs = [f"{name} {value}" for name, value in column.prompt.parameters.items()]
                st.caption(plain("Parameters: " + ", ".join(pairs)))
