"""The playground's form: variables, columns, cases to fill from, and past sessions. Draws what it is given."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Sequence
from typing import Any, Literal

import streamlit as st

from workbench.evals.types import Case
from workbench.llm.catalogue import ModelStatus
from workbench.prompts.content import Variable
from workbench.ui.components.text_editor import text_editor
from workbench.ui.state import page_link
from workbench.ui.trying import LETTERS, Choice, Tried
from workbench.ui.views.common import OFFLINE_MODEL, matches, pick, pick_model, plain, search_box
from workbench.ui.views.numbers import ago
from workbench.workspace.playground import Session

#: More options than these make a select box slow.
MAX_CASES = 2000
SHOWN_SESSIONS = 30
_ONE_LINE = ("number", "integer")
_UNSAFE = re.compile(r"[^A-Za-z0-9_-]")


def variable_field(
    variable: Variable,
    text: str,
    *,
    users: str,
    lines: int,
    epoch: str,
    slot: str,
    on_text: Callable[[str], None],
    on_run: Callable[[str], None],
) -> None:
    """Draw the field of one variable, sized by its type.

    Args:
        variable: What is declared of it.
        text: What stands in it.
        users: The letters of the columns that use it; "" when all do.
        lines: How many lines a text has at least.
        epoch: Changes when the field is filled from elsewhere.
        slot: Where the browser keeps what has not arrived yet.
        on_text: Called with what was typed.
        on_run: Called with the text when Ctrl+Enter is pressed.
    """
    key = f"playground_var_{_UNSAFE.sub('_', variable.name)}"
    with st.container(key=key, gap="xxsmall"):
        st.markdown(_label(variable, users))
        if variable.type == "boolean":
            _choose_boolean(variable, text, key=f"{key}_{epoch}", on_text=on_text)
            return
        text_editor(
            variable.name,
            text,
            key=f"{key}_{epoch}",
            on_text=on_text,
            on_run=on_run,
            placeholder=_placeholder(variable),
            lines=1 if variable.type in _ONE_LINE else lines,
            tallest=36,
            slot=slot,
        )


def _label(variable: Variable, users: str) -> str:
    parts = [f"**{plain(variable.name)}**"]
    if variable.description:
        parts.append(f":small[:gray[{plain(variable.description)}]]")
    notes = [] if variable.type == "string" else [variable.type]
    if not variable.required or variable.default is not None:
        notes.append("optional")
    if users:
        notes.append(f"only {' and '.join(users)}")
    if notes:
        parts.append(f":small[:gray[({', '.join(notes)})]]")
    return " ".join(parts)


def _placeholder(variable: Variable) -> str:
    if variable.default is not None:
        default = variable.default if isinstance(variable.default, str) else json.dumps(variable.default)
        return f"{default[:200]} (used when empty)"
    return {
        "array": '["one", "two"]',
        "object": '{"name": "value"}',
        "integer": "A whole number",
        "number": "A number",
    }.get(variable.type, "")


def _choose_boolean(variable: Variable, text: str, *, key: str, on_text: Callable[[str], None]) -> None:
    if key not in st.session_state and text in ("true", "false"):
        st.session_state[key] = text
    st.segmented_control(
        variable.name,
        ["true", "false"],
        key=key,
        label_visibility="collapsed",
        on_change=lambda: on_text(st.session_state.get(key) or ""),
    )


def version_key(choice: Choice) -> str:
    """Return the key of a column's version box."""
    return f"playground_version_{choice.id}"


def model_key(choice: Choice) -> str:
    """Return the key of a column's model box."""
    return f"playground_model_{choice.id}"


def column_head(
    index: int,
    choice: Choice,
    tried: Tried,
    offered: Sequence[str],
    *,
    note: str,
    on_remove: Callable[[], None] | None,
) -> None:
    """Draw a column's version and model boxes. What is chosen stands under `version_key` and `model_key`.

    ``note`` says in a line below what the model is or costs: in a narrow column its name is cut off.
    """
    letter = LETTERS[index]
    with st.container(horizontal=True, vertical_alignment="center", gap="xsmall"):
        st.markdown(f"**{letter}**", width="content")
        key = version_key(choice)
        if key not in st.session_state:
            st.session_state[key] = choice.version
        by_number = {version.number: version for version in tried.versions}

        def show(number: int | None) -> str:
            if number is None:
                return "Draft (unsaved edits)"
            version = by_number[number]
            marks = f" · {', '.join(version.labels)}" if version.labels else ""
            return f"Version {number}{marks}{f' · {version.message[:60]}' if version.message else ''}"

        pick(f"Version of {letter}", tried.options, key=key, show=show, label_visibility="collapsed")
        if on_remove is not None:
            st.button(
                "",
                key=f"playground_remove_{LETTERS[index].lower()}",
                icon=":material/close:",
                type="tertiary",
                help=f"Remove column {letter}",
                on_click=on_remove,
            )
    key = model_key(choice)
    if key not in st.session_state:
        st.session_state[key] = choice.model
    ids = [*offered, *([choice.model] if choice.model and choice.model not in offered else [])]
    pick_model(f"Model of {letter}", ids, key=key, label_visibility="collapsed")
    st.caption(plain(note))


def model_note(model_id: str, known: ModelStatus | None) -> str:
    """Return one line on a model: what it costs, or what is to be known about it."""
    if model_id == OFFLINE_MODEL:
        return "A rule-based stand-in, not a language model"
    if not model_id:
        return "Choose a model, or type provider/model"
    if known is None or known.input_usd_per_million is None or known.output_usd_per_million is None:
        return "Runs on this machine" if known is not None and known.local else "Price unknown"
    asked, told = known.input_usd_per_million, known.output_usd_per_million
    return f"{_price(asked)} in, {_price(told)} out per million tokens"


def _price(usd: float) -> str:
    """Return a price with two decimals, or with as many more as it has."""
    return f"${usd:.2f}" if round(usd, 2) == usd else f"${usd:.4f}".rstrip("0")


def case_choice(suites: Sequence[str], cases: Sequence[Case], *, suite_key: str, case_key: str) -> None:
    """Draw the boxes to choose a suite and one of its cases. The choice stands under the keys."""
    pick("Suite", list(suites), key=suite_key)
    shown = {case.id: case for case in cases[:MAX_CASES]}

    def show(case_id: str) -> str:
        return f"{case_id} · {_first_words(shown[case_id].vars, 70)}"

    pick("Case", list(shown), key=case_key, show=show, index=0 if shown else None)
    if len(cases) > MAX_CASES:
        st.caption(f"The first {MAX_CASES:,} of {len(cases):,} cases.")


def history(sessions: Sequence[Session], current: str) -> None:
    """Draw past sessions, newest first, each as a link; a search box narrows them."""
    query = search_box("playground_history_search", placeholder="Search prompts, models, inputs")
    found = [session for session in sessions if matches(query, *_searched(session))]
    if not sessions:
        st.caption("Nothing was tried yet. Each run is kept here, with its outputs.")
    elif not found:
        st.caption("No past session has these words.")
    high: int | Literal["content"] = "content" if len(found) <= 5 else 400
    with st.container(height=high, border=False, gap="small"):
        for session in found[:SHOWN_SESSIONS]:
            with st.container(gap=None, key=f"playground_past_{session.id}"):
                here = " (shown)" if session.id == current else ""
                page_link("playground", f"{_titles(session)}{here}", session=session.id)
                models = dict.fromkeys(column.model.name for column in session.columns)
                words = _first_words(session.variables, 80)
                st.caption(plain(" · ".join([ago(session.created_at), ", ".join(models), words])))
    if len(found) > SHOWN_SESSIONS:
        st.caption(f"The newest {SHOWN_SESSIONS} of {len(found)}; search for older ones.")


def _titles(session: Session) -> str:
    """Return ``triage@4, @3``."""
    titles = list(dict.fromkeys(column.title for column in session.columns))
    name = session.prompt
    rest = [title.removeprefix(name) if title.startswith(f"{name}@") else title for title in titles[1:]]
    return ", ".join([titles[0], *rest])


def _searched(session: Session) -> list[object]:
    columns = [field for column in session.columns for field in (column.title, column.model.name)]
    return [*columns, *session.variables.values()]


def _first_words(values: dict[str, Any], length: int) -> str:
    text = " ".join(str(next(iter(values.values()), "")).split())
    return text if len(text) <= length else text[: length - 1] + "…"
